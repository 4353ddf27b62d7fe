"""How near spikes are to the same rule in rates, in the course of learning."""

from collections.abc import Iterator

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import below_90, difference, greater, less
from credit.evidence.methods import METHODS
from credit.experiments.common import COURSE
from credit.studies.errors_in_spikes import ALONE, REFERENCES

ANGLES = {
    "own": "angle to the rule in rates",
    "other": "angle to it for other labels",
    "backprop": "angle to backprop in rates",
}
SPIKES_TOO = "errors in spikes: angle to the rule in rates"


def angles(alone: bool = False) -> pd.DataFrame:
    """Of the change of hidden synapses by spikes, with one hidden layer, over half of the images.

    alone    where errors are spikes of two populations; Kickback's network has two hidden layers
             then, and its angles are their mean
    Returns  columns method, rule, seed, images (learned so far), own, other, backprop (degrees, see
             ANGLES; nan where it was not measured), a row for every seed and time
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
    return found[["method", "rule", "seed", "images", *ANGLES]]


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
        too = ends(alone[alone["method"] == name], "own")
        found.append(row | {SPIKES_TOO: too or "–", "n": str(part["seed"].nunique())})
    return pd.DataFrame(found)


def errors_too(rows: pd.DataFrame, alone: pd.DataFrame) -> Claim:
    """How near the change is where errors are spikes, compared with signed events.

    rows, alone  of `angles`: with signed events, and where errors are spikes
    """
    last = alone["images"].max()
    both, events = (
        {name: at.set_index("seed") for name, at in part[part["images"] == last].groupby("method")}
        for part in (alone, rows)
    )
    own = pd.Series({k: part["own"].mean() for k, part in both.items()})
    change = [difference(part["own"], events[k]["own"])[0] for k, part in both.items()]
    farther = [k for k, part in both.items() if greater(part["own"], events[k]["own"])]
    nearer = [k for k, part in both.items() if less(part["own"], events[k]["own"])]
    open_ = [k for k, part in both.items() if not less(part["own"], part["other"])]
    return claim(
        "Where errors are spikes, too, the change by spikes is {low:.0f} ({nearest}) to "
        "{high:.0f}° ({farthest}) from that of the rule in rates after {images:,} images: "
        "{least:+.0f} to {most:+.0f}° compared with signed events, at rates of their own"
        "{farther}{nearer}. From that of the same rule for other labels it is then at least "
        "{other:.0f}°{open_}.",
        2 * len(open_) < len(both),
        low=own.min(), nearest=own.idxmin(), high=own.max(), farthest=own.idxmax(), images=last,
        least=min(change), most=max(change),
        farther=f"; farther for {listed(farther)}" if farther else "",
        nearer=f"; nearer for {listed(nearer)}" if nearer else "",
        other=min(part["other"].mean() for part in both.values()),
        open_=f"; for {listed(open_)} the seeds cannot tell which is larger" if open_ else "",
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
    mean = [k for k in each if at(k, last, "own").mean() > at(k, begin[k], "own").mean()]
    grown = [k for k in each if greater(at(k, last, "own"), at(k, begin[k], "own"))]
    other = {k: at(k, last, "other") for k in each}
    open_ = [k for k in each if not less(at(k, last, "own"), other[k])]
    every = [k for k in open_ if (other[k] > at(k, last, "own")).all()]
    rest = [k for k in open_ if k not in every]
    same = f"; for {listed(every)} it is larger in every seed, but the interval holds zero"
    same *= bool(every)
    same += f"; for {listed(rest)} the seeds cannot tell which is larger" * bool(rest)
    yield claim(
        "The change by spikes lies {low:.0f} ({nearest}) to {high:.0f}° ({farthest}) from that of "
        "the same rule in rates at the first weights, and after {images:,} images {low_last:.0f} "
        "({nearest_last}) to {high_last:.0f}° ({farthest_last}); the mean angle has grown for "
        "{mean} of {n}, beyond noise for {k}. From that of the same rule for other labels it is "
        "then on average at least {other:.0f}°{same}.",
        2 * len(open_) < len(each) and 2 * len(grown) > len(each),
        low=first.min(), nearest=first.idxmin(), high=first.max(), farthest=first.idxmax(),
        images=last, low_last=end.min(), nearest_last=end.idxmin(), high_last=end.max(),
        farthest_last=end.idxmax(), mean=len(mean), k=len(grown), n=len(each),
        other=min(runs.mean() for runs in other.values()), same=same,
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
