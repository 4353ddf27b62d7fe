"""Signed events or spikes: every pathway whose errors were carried in both ways."""

from collections.abc import Iterator

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim
from credit.evidence.glossary import difference, greater, less, undecided, values
from credit.evidence.methods import METHODS
from credit.experiments.event_driven import ARMS

ALONE = ", errors in spikes"
REFERENCES = {"200 symmetric": ("backprop (transposed weights)", "backprop")}


def known() -> dict[str, tuple[str, str]]:
    """{label of a pathway with signed events: its method and the rule in rates}."""
    return REFERENCES | {
        m.spiking.label.removesuffix(ALONE): (m.name, m.rule) for m in METHODS if m.spiking
    }


def pairs(metric: str = "test error") -> pd.DataFrame:
    """MNIST in spiking networks with 200 hidden neurons, Kickback's with 100 more.

    Returns  columns method, rule, seed, events and alone (of the metric, %: errors as signed
             events, as spikes of two populations), a row for every seed
    """
    there = [name for name in ARMS if name in results.available()]
    runs = pd.concat([results.load(name) for name in there], ignore_index=True)
    ends = results.final(runs, metric)
    parts = []
    for label, (name, rule) in known().items():
        if (ends["setting"] == label + ALONE).any():
            both = {"events": label, "alone": label + ALONE}
            found = {way: values(ends, metric, setting=net) for way, net in both.items()}
            parts.append(pd.DataFrame(found).reset_index().assign(method=name, rule=rule))
    return pd.concat(parts, ignore_index=True)


def fewer(rows: pd.DataFrame) -> list[str]:
    """Methods that make fewer errors when those of the output are spikes.

    rows  of `pairs`
    """
    each = {name: part.set_index("seed") for name, part in rows.groupby("method")}
    return [name for name, part in each.items() if less(part["alone"], part["events"])]


def sentences(rows: pd.DataFrame, backprop: pd.Series) -> Iterator[Claim]:
    """How many pathways lose or gain, and how near the best comes to backprop in rates.

    rows      of `pairs`
    backprop  test error of every seed in a rate network of the same size, %
    """
    each = {name: part.set_index("seed") for name, part in rows.groupby("method")}
    gain = pd.Series({k: difference(v["events"], v["alone"])[0] for k, v in each.items()})
    lower = fewer(rows)
    by = gain[lower].sort_values() if lower else pd.Series({"–": 0.0})
    more = [k for k, v in each.items() if greater(v["alone"], v["events"])]
    other = [f"; {k} ends higher, by {-gain[k]:.2f}" for k in more]
    open_ = [k for k in each if k not in (*lower, *more)]
    every = [k for k in open_ if (each[k]["alone"] > each[k]["events"]).all()]
    other += [f"; {k} ends higher in every seed, but the interval holds zero" for k in every]
    other += [f"; the seeds cannot tell for {k}" for k in open_ if k not in every]
    yield claim(
        "Of {n} pathways {k} end lower with errors in spikes than with signed events, by "
        "{low:.2f} ({first}) to {high:.2f} points ({last}){other}.",
        2 * len(lower) > len(each),
        n=len(each), k=len(lower), low=by.iloc[0], first=by.index[0],
        high=by.iloc[-1], last=by.index[-1], other="".join(other),
    )  # fmt: skip
    best = min(each, key=lambda name: each[name]["alone"].mean())
    alone = each[best]["alone"]
    _, low, high = difference(alone, backprop)
    same = [k for k, v in each.items() if k != best and undecided(v["alone"], alone)]
    yield claim(
        "Of all {n} {best} has the lowest mean, {e:.2f} %{same}; backprop in rates has {bp:.2f} % "
        "(difference between {low:+.2f} and {high:+.2f} points).",
        not less(alone, backprop),
        same=f" (not to be told from that of {' and '.join(same)})" if same else "",
        n=len(each), best=best, e=alone.mean(), bp=backprop.mean(), low=low, high=high,
    )  # fmt: skip
