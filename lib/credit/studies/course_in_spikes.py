"""How near spikes are to the same rule in rates, in the course of learning."""

from collections.abc import Iterator

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import below_90, greater, less
from credit.evidence.methods import METHODS
from credit.experiments.common import COURSE
from credit.studies.errors_in_spikes import ALONE, REFERENCES

ANGLES = {
    "own": "angle to the rule in rates",
    "other": "angle to it for other labels",
    "backprop": "angle to backprop in rates",
}


def angles() -> pd.DataFrame:
    """Of the change of hidden synapses by spikes, with one hidden layer, over half of the images.

    Returns  columns method, rule, seed, images (learned so far), own, other, backprop (degrees, see
             ANGLES; nan where it was not measured), a row for every seed and time
    """
    there = [name for name in results.available() if name.endswith("-spiking-course")]
    runs = pd.concat([results.load(name) for name in there], ignore_index=True)
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


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """First and last, in degrees, the mean of the seeds: "9 to 46", a pathway or rule in a row.

    rows  of `angles`
    """
    found = []
    for name, part in rows.groupby("method"):
        first, last = (part[part["images"] == at] for at in part["images"].agg(["min", "max"]))
        row = {"pathway or rule": name, "first after images": f"{first['images'].iloc[0]:,}"}
        for what, metric in ANGLES.items():
            ends = [
                f"{when[what].mean():.0f}" for when in (first, last) if when[what].notna().any()
            ]
            row[metric] = " to ".join(ends) or "–"
        found.append(row | {"n": str(part["seed"].nunique())})
    return pd.DataFrame(found)


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
    yield claim(
        "Among pathways and rules that are not backprop's own way the change is {low:.0f} "
        "({nearest}) to {high:.0f}° ({farthest}) from that of transposed weights in rates after "
        "{images:,} images{turned}{open_}. That of transposed weights in spikes is {back:.0f}° "
        "away itself.",
        2 * len(open_) < len(known),
        low=by.min(), nearest=by.idxmin(), high=by.max(), farthest=by.idxmax(), images=last,
        back=end[REFERENCES["200 symmetric"][0]],
        turned=f"; nearer than at first: {listed(nearer)}" if nearer else "",
        open_=f"; for {listed(open_)} it cannot be told from a right angle" if open_ else "",
    )  # fmt: skip
