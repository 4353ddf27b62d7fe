"""Spikes beside rates: the error of a rule in spikes and that of the same rule in rates."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from credit.evidence import results
from credit.evidence.agreement import CONFIDENCE
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import greater, values
from credit.evidence.methods import METHODS

# Beside the methods: the experiment and label in spikes, the rule in rates, and its name in words.
REFERENCES = (
    (
        "01-spiking-populations",
        "200 symmetric, errors in spikes",
        "backprop",
        "backprop (transposed weights)",
    ),
    ("02-spiking-floor", "200 none, errors in spikes", "shallow", "hidden synapses fixed"),
    ("09-spiking", "200 untold", "shallow", "hidden synapses fixed, two phases"),
)
RATES = "1x200 relu"  # searched as briefly as all here
ONE_LAYER = {"200 Kickback": ("07-spiking", "200 Kickback")}  # its cell of the answer has two
OTHER = {
    "200 Kickback": " (one hidden layer, signed events)",
    "200 attention": " (signed events)",
}


def pairs() -> pd.DataFrame:
    """The rules of 00-rates, then the references: 784-200-10 on the same images of MNIST.

    Returns columns method, rule, seed, spikes and rates (test errors, %) and sent (spikes of all
    neurons per test image), a row for every seed, nan where it was not run
    """
    in_rates = results.final(results.load("00-rates"))
    beside = results.final(results.load("02-spiking"))
    known = {_in_rates(m.spiking.label): m for m in METHODS if m.spiking}
    parts = []
    for label in in_rates["setting"].unique():
        method = known[label]
        where = ONE_LAYER.get(label, (method.spiking.experiment, method.spiking.label))
        name = method.name + OTHER.get(label, "")
        pair = _pair(*where, values(in_rates, setting=label))
        parts.append(pair.assign(method=name, rule=method.rule))
    for experiment, label, rule, name in REFERENCES:
        rates = values(beside, setting=RATES, method=rule)
        parts.append(_pair(experiment, label, rates).assign(method=name, rule=rule))
    return pd.concat(parts, ignore_index=True)


def _in_rates(label: str) -> str:
    """The label of the same rule in 00-rates."""
    return label.replace("200-100", "200").removesuffix(", errors in spikes")


def _pair(experiment: str, label: str, rates: pd.Series) -> pd.DataFrame:
    frame = results.load(experiment)
    last = frame[(frame["setting"] == label) & (frame["epoch"] == frame["epoch"].max())]
    sent = last[last["metric"] == "spikes, test"].groupby("seed")["value"].sum()
    spikes = values(results.final(frame), setting=label)
    return pd.DataFrame({"spikes": spikes, "rates": rates, "sent": sent}).reset_index()


def sentences(rows: pd.DataFrame) -> Iterator[Claim]:
    """How much larger errors are in spikes, and whether the order of the rules is the same.

    rows  of `pairs`
    """
    methods = rows[~rows["rule"].isin(["backprop", "shallow"])]
    means = methods.groupby("method")[["spikes", "rates"]].mean()
    seeds = methods.groupby("method")[["spikes", "rates"]].count()
    times = (means["spikes"] / means["rates"]).sort_values()
    larger = [
        name
        for name, runs in methods.set_index("seed").groupby("method")
        if greater(runs["spikes"].dropna(), runs["rates"].dropna())
    ]
    by = times[times.index.isin(larger)] if larger else pd.Series({"–": 0.0})
    rest = [name for name in times.index if name not in larger]
    yield claim(
        "Of {n} rules {k} make more errors in spikes than in rates: {low:.1f} ({first}) to "
        "{high:.1f} times as many ({last}){rest} ({seeds:.0f} seeds of each rule in spikes, "
        "{fewer:.0f} in rates).",
        len(larger) > len(times) / 2,
        n=len(times), k=len(larger), low=by.iloc[0], first=by.index[0],
        high=by.iloc[-1], last=by.index[-1],
        rest=f"; {listed(rest)} cannot be said to" if rest else "",
        seeds=seeds["spikes"].min(), fewer=seeds["rates"].min(),
    )  # fmt: skip
    rho, low, high = rank_correlation(means["spikes"], means["rates"])
    yield claim(
        "What errs less in rates tends to err less in spikes: the rank correlation of the two "
        "errors is {rho:.2f} (95 % interval {low:+.1f} to {high:+.1f}).",
        bool(low > 0),
        rho=rho, low=low, high=high,
    )  # fmt: skip


def rank_correlation(a: pd.Series, b: pd.Series) -> tuple[float, float, float]:
    """Spearman's rho and its interval at the confidence of all intervals: Fisher's z with the
    variance of Bonett & Wright 2000."""
    rho = stats.spearmanr(a, b).statistic
    spread = stats.norm.ppf((1 + CONFIDENCE) / 2) * ((1 + rho**2 / 2) / (len(a) - 3)) ** 0.5
    z = np.arctanh(np.clip(rho, -1 + 1e-9, 1 - 1e-9))  # where all ranks agree it has no end
    low, high = np.tanh([z - spread, z + spread])
    return rho, low, high
