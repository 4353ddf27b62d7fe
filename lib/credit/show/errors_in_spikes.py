"""Signed events against spikes: what carries the error, a figure of notebook 21."""

import pandas as pd
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from credit.evidence.agreement import interval, scattered
from credit.show.figures import look

NAMES = {"events": "signed events", "alone": "spikes"}
TICKS = (2, 2.5, 3, 3.5, 4, 5, 6, 8, 10, 14)


def plot_errors_in_spikes(ax, rows: pd.DataFrame, backprop: float):
    """A line per pathway from its test error with signed events (hollow) to that with errors in
    spikes alone (filled), with 95 % intervals, or with a dash a seed and no mark where some end at
    twice the error of others; the best at the top. Black: backprop in rates.

    rows  of studies.errors_in_spikes.pairs
    """
    means = rows.groupby(["method", "rule"], as_index=False)[list(NAMES)].agg(_middle)
    means = means.sort_values("alone").reset_index(drop=True)
    ax.axvline(backprop, color=look("backprop")["color"], lw=1.2, zorder=0)
    ax.annotate("backprop in rates", (backprop, len(means) - 0.5), (3, 0), fontsize=8,
                textcoords="offset points", rotation=90, va="bottom")  # fmt: skip
    for place, row in means.iterrows():
        part, how = rows[rows["method"] == row["method"]], look(row["rule"])
        ax.plot([row["events"], row["alone"]], [place, place], color="0.8", lw=1.2, zorder=0)
        for way, filled in (("events", False), ("alone", True)):
            seeds = part[way].dropna()
            if scattered(seeds):
                ax.plot(seeds, [place] * len(seeds), "|", color=how["color"], ms=10, mew=2)
                continue
            ax.errorbar(
                row[way], place, xerr=interval(seeds)[1], fmt=how["marker"], color=how["color"],
                ms=7, mfc=how["color"] if filled else "w", elinewidth=1, zorder=1 + filled,
            )  # fmt: skip
    for way, words in NAMES.items():  # above the first line
        ax.annotate(words, (means[way].iloc[0], 0), (0, 9), textcoords="offset points",
                    fontsize=8, ha="center")  # fmt: skip
    ax.set(xscale="log", ylim=(len(means) - 0.4, -0.6), xlabel="test error (%)")
    ax.set_yticks(range(len(means)), means["method"])
    ax.xaxis.set_major_locator(FixedLocator(TICKS))
    ax.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return ax


def _middle(seeds: pd.Series) -> float:
    return seeds.median() if scattered(seeds.dropna()) else seeds.mean()
