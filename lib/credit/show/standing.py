"""Where every method stands: the figure of notebook 00 and of README.md."""

import itertools

import pandas as pd
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullFormatter, NullLocator

from credit.evidence.answer import IMAGENET, QUESTIONS, SPIKES
from credit.show.figures import look

HEADS = (
    "in spikes, MNIST\n(backprop in rates)",
    "three or more\nhidden layers",
    "MNIST",
    "ImageNet, published:\nshare lost (%)",
)
LIMITS = (0.6, 50)  # times the error of backprop
SHARES = (-8, 108)  # percent of backprop's way down from chance
TICKS = (1, 2, 5, 10, 20)


def order(rows: pd.DataFrame) -> list[str]:
    """Methods from top to bottom: those in spikes first, each group by its error at depth."""
    by = rows.pivot(index="method", columns="question", values="times").reindex(columns=QUESTIONS)
    last = by.drop(columns=SPIKES).bfill(axis=1).iloc[:, 0]
    return list(by.assign(last=last).sort_values([SPIKES, "last"]).index)


def plot_standing(axes, rows: pd.DataFrame):
    """One panel per question, one line per method: its test error over that of backprop in the
    same network, with a 95 % interval, joined to that of a network whose hidden synapses learn
    nothing. Published values are squares, hollow where nobody could check them: the share of
    backprop's way down from chance that is lost in the same network.

    rows  of evidence.answer.ratios
    """
    methods = order(rows)
    numbers = rows.drop_duplicates("method").set_index("method")["notebook"]
    for ax, question, head in zip(axes, QUESTIONS, HEADS, strict=True):
        published = question == IMAGENET
        ax.axvline(0 if published else 1, color="0.15", lw=1.2, zorder=0)
        ends = SHARES if published else LIMITS
        ax.hlines(range(len(methods)), *ends, color="0.93", lw=0.8, zorder=-1)
        part = rows[rows["question"] == question].set_index("method")
        for place, method in enumerate(methods):
            if method in part.index:
                _plot_one(ax, place, part.loc[method], published)
        ax.set_xscale("linear" if published else "log")
        ax.set(xlim=ends, ylim=(len(methods) - 0.4, -0.6))
        ax.set_title(head, fontsize=10)
        ax.xaxis.set_major_locator(FixedLocator((0, 50, 100) if published else TICKS))
        ax.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    labels = [f"{method}  {numbers[method]}" for method in methods]
    axes[0].set_yticks(range(len(methods)), labels, fontsize=9)
    axes[0].annotate("backprop", (1, len(methods) / 2), (4, 0), textcoords="offset points",
                     rotation=90, va="bottom", fontsize=8)  # fmt: skip
    there = set(rows.loc[rows["question"] == IMAGENET, "method"])
    _legend(
        axes[-1],
        [place for place, method in enumerate(methods) if method in there] + [len(methods)],
    )
    return axes


def _legend(ax, taken: list[int]):
    """In the largest gap between the rows that have a mark."""
    _, above = max((low - high, high) for high, low in itertools.pairwise((-1, *taken)))
    grey = {"ls": "", "color": "0.35"}
    shown = [
        ax.plot([], [], "o", label="the method", **grey),
        ax.plot([], [], "v", label="hidden synapses fixed", **grey | {"color": "0.6"}),
        ax.plot([], [], "s", label="published", **grey),
        ax.plot([], [], "s", label="published, recalled", **grey, mfc="none"),
    ]
    handles = [line for (line,) in shown]
    ax.legend(
        handles=handles, loc="upper right", fontsize=8, handletextpad=0.2, borderpad=0,
        bbox_to_anchor=(1, above + 0.4), bbox_transform=ax.get_yaxis_transform(), borderaxespad=0,
    )  # fmt: skip


def _plot_one(ax, place: int, row: pd.Series, published: bool):
    colour = look(row["rule"])["color"] if row["rule"] else "0.35"
    if published:
        hollow = {"mfc": "none"} if row["read"] != "seen" else {}
        ax.plot(row["lost"], place, "s", ms=6, color=colour, **hollow)
        return
    ax.plot([row["times"], row["floor"]], [place, place], color=colour, lw=1.2, alpha=0.35)
    ax.plot(row["floor"], place, "v", ms=5, color="0.6")
    width = min(row["half_width"], row["times"] - LIMITS[0])
    ax.errorbar(
        row["times"], place, xerr=[[width], [row["half_width"]]], fmt="o", ms=6, color=colour
    )
