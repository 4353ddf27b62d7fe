"""A plot of a published table that is ordered by the number of layers, beside two sets of runs."""

import pandas as pd

from credit.show import figures

OTHER = ", label unseen"  # of a setting: the variant that is dashed
NAMES = {"backprop": "backprop", "shallow": "shallow", "decoupled_neural_interfaces": "cDNI"}


def plot_by_layers(ax, judged: pd.DataFrame, nearer: pd.DataFrame):
    """Test error against layers, the output among them: the runs as lines, a nearer reproduction of
    some of them as large marks, published values hollow.

    judged, nearer   of evidence.verdicts.verdict_table
    """
    both = pd.concat([judged.assign(near=False), nearer.assign(near=True)])
    unseen = both["setting"].str.contains(OTHER)
    layers = both["setting"].str.extract(r"^(\d)")[0].astype(int) + 1
    for (method, other), part in both.assign(layers=layers).groupby(["method", unseen], sort=False):
        part, kind = part.sort_values("layers"), figures.look(method)
        kind |= {"ls": "--"} if other else {}
        name = "DNI, label unseen" if other else NAMES[method]
        short = part[~part["near"]]
        ax.errorbar(short["layers"], short["mean"], short["half_width"], label=name, lw=1.8, **kind)
        hollow = kind | {"ls": "none", "mfc": "none", "ms": 8, "alpha": 0.8}
        ax.plot(part["layers"], part["published"], **hollow)
        large = part[part["near"]]
        ax.errorbar(
            large["layers"] + 0.15,
            large["mean"],
            large["half_width"],
            **kind | {"ls": "none", "ms": 9},
        )
    ax.set(xlabel="layers, the output among them", ylabel="test error (%)", xticks=[3, 4, 5, 6])
    return figures.percent_axis(ax)


def name_cdni(ax):
    """Say cDNI in a legend where the catalogue's short name is DNI, and draw it."""
    for line in ax.get_lines():
        if (label := str(line.get_label())).startswith("DNI ("):
            line.set_label(f"c{label}")
    return ax.legend(fontsize=8)
