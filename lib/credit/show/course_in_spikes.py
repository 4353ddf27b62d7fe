"""Angles between spikes and rates in the course of learning, a figure of notebook 21."""

import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from credit.show.figures import look

PANELS = {"own": "to the same rule in rates", "backprop": "to transposed weights in rates"}
FIRST = 1000  # where no image has been learned yet, on an axis that has no zero


def plot_course_in_spikes(axes, rows: pd.DataFrame):
    """A line per pathway or rule, mean of its seeds: degrees between the change of hidden synapses
    that 2,500 images ask for by spikes, and that in rates, against the images learned. A second of
    the same rule has hollow marks.

    axes  one of every panel of PANELS
    rows  of studies.course_in_spikes.angles
    """
    named = rows[["method", "rule"]].drop_duplicates()
    second = set(named["method"][named.duplicated("rule")])
    for ax, (what, title) in zip(axes, PANELS.items(), strict=True):
        for (name, rule), part in rows.groupby(["method", "rule"], sort=False):
            means = part.groupby("images")[what].mean().dropna()
            how = look(rule) | ({"ls": ":", "mfc": "none"} if name in second else {})
            if len(means):
                ax.plot(means.index.where(means.index > 0, FIRST), means, label=name, **how)
        times = sorted(rows["images"].unique())
        ax.set(xscale="log", ylim=(0, 100), title=title, xlabel="images learned")
        ax.axhline(90, color="0.8", lw=0.8, zorder=0)
        ax.xaxis.set_major_locator(FixedLocator([t or FIRST for t in times]))
        ax.xaxis.set_major_formatter(
            FuncFormatter(lambda x, _: "0" if x == FIRST else f"{x / 1000:g}k")
        )
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].set_ylabel("angle of the change (degrees)")
    axes[0].set_yticks(range(0, 91, 15))
    return axes
