"""Spikes against rates: the second figure of notebook 00 and of README.md."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from credit.evidence.agreement import interval
from credit.show.figures import look

TICKS = (2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12)
DIAGONALS = {1: "as in rates", 2: "twice"}
GAP = 0.056  # between labels, of the height of the axes
AREA = 0.03  # of a mark, square points for a spike


def plot_spikes_and_rates(ax, rows: pd.DataFrame):
    """A mark per rule: its test error in rates and, upwards, in spikes, with 95 % intervals. The
    larger a mark the more spikes a test image elicits; behind the names at the right stands how
    many. Lines: backprop in rates, fixed hidden synapses in spikes, and errors that are equal.

    rows  of studies.spikes_and_rates.pairs
    """
    means = rows.groupby(["method", "rule"], as_index=False, sort=False).mean()
    marks, fixed = means[means["rule"] != "shallow"], means[means["rule"] == "shallow"]
    left, right = marks["rates"].min() / 1.08, marks["rates"].max() * 1.2
    low, high = marks["spikes"].min() / 1.3, fixed["spikes"].max() * 1.12
    ax.set(xscale="log", yscale="log", xlim=(left, right), ylim=(low, high))
    _lines(ax, marks[marks["rule"] == "backprop"]["rates"].iloc[0], fixed["spikes"])
    for row in marks.sort_values("sent", ascending=False).itertuples():  # small ones in front
        part, how = rows[rows["method"] == row.method], look(row.rule)
        (_, wide), (_, tall) = (interval(part[x].dropna()) for x in ("rates", "spikes"))
        ax.errorbar(row.rates, row.spikes, tall, wide, fmt="none", ecolor="0.6", lw=0.8, zorder=1)
        ax.plot(row.rates, row.spikes, how["marker"], color=how["color"], mec="w", mew=0.5,
                ms=(AREA * row.sent) ** 0.5, zorder=2)  # fmt: skip
    _names(ax, pd.concat([marks, fixed.assign(rates=right)]))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(FixedLocator(TICKS))
        axis.set_major_formatter(FormatStrFormatter("%g"))
        axis.set_minor_locator(NullLocator())
    ax.set(xlabel="test error in rates (%)", ylabel="test error in spikes (%)")
    return ax


def _lines(ax, backprop: float, fixed: pd.Series):
    left, right = ax.get_xlim()
    for times, words in DIAGONALS.items():
        ax.plot([left, right], [times * left, times * right], color="0.85", lw=1.2, zorder=0)
        ax.text(right / 1.01, times * right / 1.01, words, fontsize=8, color="0.45", ha="right",
                va="bottom", rotation=np.degrees(np.arctan(times)), rotation_mode="anchor",
                transform_rotates_text=True)  # fmt: skip
    ax.axvline(backprop, color=look("backprop")["color"], lw=0.8, zorder=0)
    ax.annotate("backprop in rates, short search", (backprop, fixed.min()), (-3, -6), rotation=90,
                textcoords="offset points", ha="right", va="top", fontsize=8)  # fmt: skip
    for error in fixed:
        ax.axhline(error, color=look("shallow")["color"], ls="--", lw=0.8, zorder=0)


def _names(ax, means: pd.DataFrame):
    """Names and spikes in a column at the right, in the order of the marks from top to bottom."""
    means = means.sort_values("spikes", ascending=False)
    bottom, top = np.log(ax.get_ylim())
    wanted = (np.log(means["spikes"]) - bottom) / (top - bottom)
    line = {"arrowstyle": "-", "color": "0.75", "lw": 0.6, "shrinkB": 4, "relpos": (0, 0.5)}
    ax.annotate("rule, spikes per test image", (1.05, 1.02), xycoords="axes fraction", fontsize=8.5,
                color="0.45")  # fmt: skip
    for row, y in zip(means.itertuples(), apart(list(wanted), GAP), strict=True):
        ax.annotate(
            f"{row.method}, {row.sent:,.0f}", (row.rates, row.spikes), (1.05, y), fontsize=8.5,
            textcoords="axes fraction", va="center", arrowprops=line,
        )  # fmt: skip


def apart(places: list[float], gap: float) -> list[float]:
    """Falling places moved until neighbours are a gap apart: those too close to each other spread
    about the mean of where they want to be."""
    groups: list[list[float]] = []  # of wanted places
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _end(groups[-2], gap, -1) - _end(groups[-1], gap, 1) < gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [
        float(np.mean(group) + ((len(group) - 1) / 2 - k) * gap)
        for group in groups
        for k in range(len(group))
    ]


def _end(group: list[float], gap: float, side: int) -> float:
    return float(np.mean(group)) + side * (len(group) - 1) / 2 * gap
