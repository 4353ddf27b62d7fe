"""How near spikes are to the same rule in rates, in the course of learning."""

from collections.abc import Iterator

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim
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
    known = dict(REFERENCES)
    for method in METHODS:
        if method.spiking:
            label = method.spiking.label.removesuffix(ALONE).replace("200-100 ", "200 ")
            known.setdefault(label, (method.name, method.rule))
    found = wide[wide["setting"].isin(known)].copy()
    found["method"] = [known[label][0] for label in found["setting"]]
    found["rule"] = [known[label][1] for label in found["setting"]]
    found["images"] = (COURSE["paper"] * found["epoch"]).round().astype(int)
    return found[["method", "rule", "seed", "images", *ANGLES]]


def sentences(rows: pd.DataFrame) -> Iterator[Claim]:
    """How near the change by spikes is to those in rates, first and last.

    rows  of `angles`
    """
    means = rows.groupby(["method", "images"])[list(ANGLES)].mean().unstack("images")
    first, last = rows["images"].min(), rows["images"].max()
    own, other = means["own"], means["other"]
    yield claim(
        "The change by spikes lies {low:.0f} ({nearest}) to {high:.0f}° ({farthest}) from that of "
        "the same rule in rates at the first weights, and after {images:,} images {low_last:.0f} "
        "({nearest_last}) to {high_last:.0f}° ({farthest_last}): for {k} of {n} the angle has "
        "grown. From that of the same rule for other labels it is then at least {other:.0f}°.",
        bool((own[last] > own[first]).all() and (own[last] < other[last]).all()),
        low=own[first].min(), nearest=own[first].idxmin(), high=own[first].max(),
        farthest=own[first].idxmax(), low_last=own[last].min(), nearest_last=own[last].idxmin(),
        high_last=own[last].max(), farthest_last=own[last].idxmax(),
        k=int((own[last] > own[first]).sum()), n=len(own), other=other[last].min(),
        images=last,
    )  # fmt: skip
    bp = means["backprop"].dropna()
    bp = bp.drop(index=[name for name in bp.index if (bp.loc[name] == own.loc[name]).all()])
    nearer = [name for name in bp.index if bp.loc[name, last] < bp.loc[name, first]]
    yield claim(
        "Among pathways that are not backprop's own way the change is {low:.0f} ({nearest}) to "
        "{high:.0f}° ({farthest}) from that of backprop in rates after {images:,} images{turned}.",
        bool((bp[last] < 90).all()),
        low=bp[last].min(), nearest=bp[last].idxmin(), high=bp[last].max(),
        farthest=bp[last].idxmax(),
        images=last,
        turned=f"; nearer than at the first weights: {', '.join(nearer)}" if nearer else "",
    )  # fmt: skip
