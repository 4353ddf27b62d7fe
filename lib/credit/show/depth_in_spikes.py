"""Error against the number of hidden layers of spiking neurons, a figure of notebook 21."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from credit.evidence.agreement import interval
from credit.show.figures import look
from credit.show.spikes_and_rates import apart

TICKS = (1.5, 2, 3, 4, 6, 8, 12, 20, 40, 80)
GAP = 0.045  # between names, of the height of the axes
ASIDE = 0.05  # hidden layers


def plot_depth_in_spikes(ax, rows: pd.DataFrame, backprop: dict[int, pd.Series], hollow=()):
    """A line per method over its hidden layers, mean test errors and 95 % intervals of the seeds,
    or a dash a seed and no mark where they differ too much; dotted grey where hidden synapses are
    fixed; black: backprop in rates.

    rows      of studies.depth_in_spikes.errors
    backprop  of studies.depth_in_spikes.backprop
    hollow    methods with hollow marks and dashed lines, a little to the right
    """
    layers = sorted(rows["layers"].unique())
    place = {n: k for k, n in enumerate(layers)}
    ends = []
    for (name, rule), part in rows.groupby(["method", "rule"], sort=False):
        means = part.groupby("layers")["error"].mean()
        x, how = [place[n] + ASIDE * (name in hollow) for n in means.index], look(rule)
        how |= {"mfc": "white", "ls": "--"} if name in hollow else {}
        said = means.copy()
        for at, (n, mean) in zip(x, means.items(), strict=True):
            seeds = part.loc[part["layers"] == n, "error"]
            half = interval(seeds)[1]
            if half < min(mean, 100 - mean):
                ax.errorbar(at, mean, half, fmt="none", ecolor=how["color"], lw=0.8)
            else:  # a mean or an interval would say nothing
                ax.plot([at] * len(seeds), seeds, "_", color=how["color"], ms=9)
                said[n], means[n] = np.nan, seeds.median()
        ax.plot(x, said, zorder=1 + (rule != "shallow"), **how | {"ms": 6})
        ends.append((name, x[-1], means.iloc[-1]))
    x = [place[n] for n in backprop if n in place]
    reference = [runs.mean() for n, runs in backprop.items() if n in place]
    ax.plot(x, reference, color="k", lw=2, zorder=3)
    ends.append(("backprop in rates", x[-1], reference[-1]))
    ax.set(yscale="log", xlim=(-0.15, len(layers) - 0.85), xlabel="hidden layers",
           ylim=(reference[0] / 1.5, 1.15 * rows["error"].max()), ylabel="test error (%)",
    )  # fmt: skip
    ax.set_xticks(range(len(layers)), layers)
    ax.yaxis.set_major_locator(FixedLocator(TICKS))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())
    _names(ax, ends)
    return ax


def _names(ax, ends: list[tuple[str, float, float]]):
    """Beside the last mark of every line, in the order of these from top to bottom."""
    ends = sorted(ends, key=lambda end: -end[2])
    bottom, top = np.log(ax.get_ylim())
    wanted = [(np.log(error) - bottom) / (top - bottom) for _, _, error in ends]
    line = {"arrowstyle": "-", "color": "0.75", "lw": 0.6, "shrinkB": 4, "relpos": (0, 0.5)}
    for (name, x, error), y in zip(ends, apart(wanted, GAP), strict=True):
        ax.annotate(name, (x, error), (1.06, y), textcoords="axes fraction", fontsize=8,
                    va="center", arrowprops=line)  # fmt: skip
