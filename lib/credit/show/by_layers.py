"""A plot of a published table that is ordered by the number of layers, beside our runs."""

import pandas as pd

from credit.evidence.agreement import interval
from credit.show import figures

NAMES = {"backprop": "backprop", "shallow": "shallow", "decoupled_neural_interfaces": "cDNI"}
MARKS = {"label unseen": "X", "batch normalised": "D"}  # of variants, which have no line
ASIDE = {"label unseen": 0.08, "batch normalised": 0.16}  # layers, where they would lie on others


def plot_by_layers(ax, final: pd.DataFrame, judged: pd.DataFrame):
    """Test error against layers, the output among them: means of our runs with 95 % intervals,
    published values hollow.

    final    rows of settings such as "2x256 relu" or "2x256 relu, label unseen"
    judged   of evidence.verdicts.verdict_table, the published values of such settings
    """
    final, judged = map(_by_layers, (final, judged))
    for (method, variant), part in final.groupby(["method", "variant"]):
        ends = part.groupby("layers")["value"]
        mean, half = (ends.agg(lambda runs, k=k: interval(runs)[k]) for k in (0, 1))
        label = "DNI, label unseen" if variant == "label unseen" else NAMES[method]
        label += ", normalised" * (variant == "batch normalised")
        label += f" (n = {ends.size().min()})"
        place = mean.index + ASIDE.get(variant, 0)
        ax.errorbar(place, mean, half, label=label, lw=1.8, **_look(method, variant))
    for row in judged.itertuples():
        hollow = _look(row.method, "label unseen" if row.variant == "label unseen" else "")
        hollow |= {"ls": "none", "mfc": "none", "ms": 8, "alpha": 0.8}
        ax.plot(row.layers, row.published, **hollow)
    ax.plot([], [], "o", mfc="none", color="0.4", ms=8, label="published (recalled)")
    ax.set(xlabel="layers, the output among them", ylabel="test error (%)", xticks=[3, 4, 5, 6])
    return figures.percent_axis(ax)


def _by_layers(rows: pd.DataFrame) -> pd.DataFrame:
    layers = rows["setting"].str.extract(r"^(\d)")[0].astype(int) + 1
    return rows.assign(layers=layers, variant=rows["setting"].str.partition(", ")[2])


def _look(method: str, variant: str) -> dict:
    look = figures.look(method)
    return look | {"ls": "none", "marker": MARKS[variant]} if variant else look


def name_cdni(ax):
    """Say cDNI in a legend where the catalogue's short name is DNI, and draw it."""
    for line in ax.get_lines():
        if (label := str(line.get_label())).startswith("DNI ("):
            line.set_label(f"c{label}")
    return ax.legend(fontsize=8)
