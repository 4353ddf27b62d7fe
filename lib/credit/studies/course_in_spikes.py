"""How near spikes are to the same rule in rates, in the course of learning."""

from collections.abc import Iterator

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import below_90, greater, less, mostly
from credit.evidence.methods import METHODS
from credit.experiments.common import COURSE
from credit.studies.errors_in_spikes import ALONE, REFERENCES

ANGLES = {
    "own": "angle to the rule in rates",
    "other": "angle to it for other labels",
    "backprop": "angle to backprop in rates",
}
WRONG = "angle to it on wrong answers"  # measured where errors are spikes
SPIKES_TOO, WRONG_TOO = f"errors in spikes: {ANGLES['own']}", f"errors in spikes: {WRONG}"


def angles(alone: bool = False) -> pd.DataFrame:
    """Of the change of hidden synapses by spikes, with one hidden layer, over half of the images.

    alone    where errors are spikes of two populations; Kickback's network has two hidden layers
             then, and its angles are their mean
    Returns  columns method, rule, seed, images (learned so far), own, other, backprop (degrees, see
             ANGLES; nan where it was not measured), with errors in spikes wrong (see WRONG), a row
             for every seed and time
    """
    kind = "-spiking-populations-course" if alone else "-spiking-course"
    there = [name for name in results.available() if name.endswith(kind)]
    runs = pd.concat([results.load(name) for name in there], ignore_index=True)
    runs["setting"] = runs["setting"].str.removesuffix(ALONE).str.replace("200-100 ", "200 ")
    wide = runs.pivot_table(index=["setting", "seed", "epoch"], columns="metric", values="value")
    wide = wide.rename(columns={metric: what for what, metric in ANGLES.items()}).reset_index()
    known = REFERENCES | {"200 direct": ("direct feedback alignment", "direct_feedback_alignment")}
    for method in METHODS:
        if method.spiking:
            label = method.spiking.label.removesuffix(ALONE).replace("200-100 ", "200 ")
            known.setdefault(label, (method.name, method.rule))
    found = wide[wide["setting"].isin(known)].copy()
    found["method"] = [known[label][0] for label in found["setting"]]
    found["rule"] = [known[label][1] for label in found["setting"]]
    found["images"] = (COURSE["paper"] * found["epoch"]).round().astype(int)
    found = found.rename(columns={WRONG: "wrong"})
    return found[["method", "rule", "seed", "images", *ANGLES, *["wrong"] * alone]]


def table(rows: pd.DataFrame, alone: pd.DataFrame) -> pd.DataFrame:
    """First and last, in degrees, the mean of the seeds: "9 to 46", a pathway or rule in a row.

    rows, alone  of `angles`: with signed events, and where errors are spikes
    """

    def ends(part, what):
        """From the first time to the last, where it was measured."""
        means = part.groupby("images")[what].mean().dropna()
        return " to ".join(f"{mean:.0f}" for mean in [*means[:1], *means[1:][-1:]])

    found = []
    for name, part in rows.groupby("method"):
        row = {"pathway or rule": name, "first after images": f"{part['images'].min():,}"}
        row |= {metric: ends(part, what) or "–" for what, metric in ANGLES.items()}
        both = alone[alone["method"] == name]
        row |= {SPIKES_TOO: ends(both, "own") or "–", WRONG_TOO: ends(both, "wrong") or "–"}
        found.append(row | {"n": str(part["seed"].nunique())})
    return pd.DataFrame(found)


def errors_too(rows: pd.DataFrame, alone: pd.DataFrame) -> Iterator[Claim]:
    """How near the change is where errors are spikes, and to what wrong answers alone ask for.

    rows, alone  of `angles`: with signed events, and where errors are spikes
    """
    last = alone["images"].max()
    both, events = (
        {name: at.set_index("seed") for name, at in part[part["images"] == last].groupby("method")}
        for part in (alone, rows)
    )
    own = pd.Series({k: part["own"].mean() for k, part in both.items()})
    wrong = pd.Series({k: part["wrong"].mean() for k, part in both.items()})
    first = alone[alone["images"] == alone["images"].min()].groupby("method")["own"].mean()
    farther = [k for k, part in both.items() if greater(part["own"], events[k]["own"])]
    nearer = [k for k, part in both.items() if (part["wrong"] < part["own"]).all()]
    open_ = [k for k, part in both.items() if not less(part["own"], part["other"])]
    yield claim(
        "Where errors are spikes, the angle to the same rule is {begin:.0f} to {begin_most:.0f}° "
        "at the first weights, but {low:.0f} ({nearest}) to {high:.0f}° ({farthest}) after "
        "{images:,} images, larger than with signed events for {k} of {n}; for {open_} of the {n} "
        "the seeds cannot tell it from that to the rule for other labels.",
        bool(own.min() > first.max()),
        begin=first.min(), begin_most=first.max(), low=own.min(), nearest=own.idxmin(),
        high=own.max(), farthest=own.idxmax(), images=last, k=len(farther), n=len(both),
        open_=len(open_),
    )  # fmt: skip
    yield claim(
        "In rates right answers, too, keep asking for small changes, of which error neurons say "
        "little: the angle to what wrong answers alone ask for is {wrong:.0f} to "
        "{wrong_most:.0f}°, less than to the whole rule in every seed of {m} of {n}.",
        mostly(len(nearer), len(both)),
        wrong=wrong.min(), wrong_most=wrong.max(), m=len(nearer), n=len(both),
    )  # fmt: skip


def sentences(rows: pd.DataFrame) -> Iterator[Claim]:
    """How near the change by spikes is to those in rates, first and last.

    rows  of `angles`
    """
    each = {name: part.set_index("seed") for name, part in rows.groupby("method")}
    last = rows["images"].max()
    begin = {name: part["images"].min() for name, part in each.items()}

    def at(name, images, what):
        return each[name].loc[each[name]["images"] == images, what].dropna()

    first = pd.Series({k: at(k, begin[k], "own").mean() for k in each if begin[k] == 0})
    end = pd.Series({k: at(k, last, "own").mean() for k in each})
    grown = [k for k in each if greater(at(k, last, "own"), at(k, begin[k], "own"))]
    other = {k: at(k, last, "other") for k in each}
    open_ = [k for k in each if not less(at(k, last, "own"), other[k])]
    yield claim(
        "The change by spikes lies {low:.0f} to {high:.0f}° from that of the same rule in rates at "
        "the first weights, and after {images:,} images {low_last:.0f} ({nearest_last}) to "
        "{high_last:.0f}° ({farthest_last}); the angle has grown beyond noise for {k} of {n}. To "
        "the same rule for other labels it is then at least {other:.0f}° on average, and beyond "
        "noise larger than to the rule itself for {larger} of {n}.",
        2 * len(open_) < len(each) and 2 * len(grown) > len(each),
        low=first.min(), high=first.max(), images=last, low_last=end.min(),
        nearest_last=end.idxmin(), high_last=end.max(), farthest_last=end.idxmax(), k=len(grown),
        n=len(each), other=min(runs.mean() for runs in other.values()),
        larger=len(each) - len(open_),
    )  # fmt: skip
    known = {k: at(k, last, "backprop") for k in each}
    # with one hidden layer some are backprop's own way
    known = {k: v for k, v in known.items() if len(v) and not (v == at(k, last, "own")).all()}
    by = pd.Series({k: v.mean() for k, v in known.items()})
    open_ = [k for k, v in known.items() if not below_90(v)]
    nearer = [k for k in known if less(known[k], at(k, begin[k], "backprop"))]

    def nearest(name):
        means = each[name].groupby("images")["backprop"].mean()
        when = f" (nearest after {means.idxmin():,} images, {means.min():.0f}°)"
        return name + when * bool(means.idxmin() < last)

    yield claim(
        "Among pathways and rules that are not backprop's own way the change is {low:.0f} "
        "({nearest}) to {high:.0f}° ({farthest}) from that of transposed weights in rates after "
        "{images:,} images{turned}{open_}. That of transposed weights in spikes is {back:.0f}° "
        "away itself.",
        2 * len(open_) < len(known),
        low=by.min(), nearest=by.idxmin(), high=by.max(), farthest=by.idxmax(), images=last,
        back=end[REFERENCES["200 symmetric"][0]],
        turned=f"; nearer than at first: {listed(nearest(k) for k in nearer)}" if nearer else "",
        open_=f"; for {listed(open_)} it cannot be told from a right angle" if open_ else "",
    )  # fmt: skip
