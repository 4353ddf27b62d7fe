"""Searches for learning rates of spiking networks: what was tried, and what it said."""

from typing import NamedTuple

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import listed
from credit.experiments import two_phases as two_phases_experiments
from credit.studies.networks_in_spikes import DEEPER


class Search(NamedTuple):
    """What the search for the learning rates of a network said: validation errors in %."""

    experiment: str
    tried: int  # pairs
    outputs: int  # values for the output
    best: float
    after: float  # the next
    own: float  # of the pair that is used
    edge: str  # whether its hidden rate is the lowest or highest, as the end of a sentence


def searched(experiment: str, label: str) -> pd.Series:
    """{setting: validation error after the last epoch, %} of a search, of the settings that begin
    with a label."""
    tried = results.load(experiment)
    tried = tried[tried["metric"] == "validation error"].set_index("setting")["value"]
    return tried[tried.index.str.startswith(label)].groupby(level=0, sort=False).last()


def searched_deep(rule: str) -> pd.Series:
    """The same of a rule of two phases, by its short name, with two hidden layers."""
    experiment = next(
        name
        for name, rules in two_phases_experiments.DEEP.items()
        if rule in [one.short for one in rules]
    )
    return searched(f"{experiment}-tuning", f"{DEEPER['two']} {rule}, ")


TRIED = {
    "rate of the output": r"rates (\S+) and",
    "hidden rate": r"and (\S+) mV",
    "gain": r"gain (\S+)$",
}


def at_edges(tried: pd.Series) -> str:
    """Which numbers of the best setting are at an end of those tried, in brackets behind it.

    tried  of `searched`, labels with rates, some with a gain
    """
    said, best = [], tried.reset_index(drop=True).idxmin()
    for what, pattern in TRIED.items():
        numbers = tried.index.str.extract(pattern)[0].astype(float)
        ends = {numbers.min(): "lowest", numbers.max(): "highest"}
        if len(ends) > 1 and numbers[best] in ends:
            said.append(f"the {ends[numbers[best]]} {what}")
    return f" ({listed(said)} of those tried)" if said else ""
