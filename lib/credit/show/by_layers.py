"""A plot of a published table that is ordered by the number of layers, beside our runs."""

import pandas as pd

from credit.show import figures

NAMES = {"backprop": "backprop", "shallow": "shallow", "decoupled_neural_interfaces": "cDNI"}


def plot_by_layers(ax, judged: pd.DataFrame):
    """Test error against layers, the output among them: our runs as lines, published values hollow.

    judged   of evidence.verdicts.verdict_table, settings such as "2x256 relu"
    """
    unseen = judged["setting"].str.contains(", label unseen")
    layers = judged["setting"].str.extract(r"^(\d)")[0].astype(int) + 1
    for (method, other), part in judged.assign(layers=layers).groupby(["method", unseen]):
        part, kind = part.sort_values("layers"), figures.look(method)
        kind |= {"ls": "--"} if other else {}
        label = "DNI, label unseen" if other else NAMES[method]
        label = f"{label} (n = {part['n'].min()})"
        ax.errorbar(part["layers"], part["mean"], part["half_width"], label=label, lw=1.8, **kind)
        hollow = kind | {"ls": "none", "mfc": "none", "ms": 8, "alpha": 0.8}
        ax.plot(part["layers"], part["published"], **hollow)
    ax.plot([], [], "o", mfc="none", color="0.4", ms=8, label="published (recalled)")
    ax.set(xlabel="layers, the output among them", ylabel="test error (%)", xticks=[3, 4, 5, 6])
    return figures.percent_axis(ax)


def name_cdni(ax):
    """Say cDNI in a legend where the catalogue's short name is DNI, and draw it."""
    for line in ax.get_lines():
        if (label := str(line.get_label())).startswith("DNI ("):
            line.set_label(f"c{label}")
    return ax.legend(fontsize=8)
