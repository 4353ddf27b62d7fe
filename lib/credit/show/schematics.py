"""Schematics of a method's pathway: units, forward arrows grey, the teaching pathway in colour."""

from collections.abc import Iterable

from matplotlib.patches import Circle, FancyArrowPatch

FORWARD = "0.6"
SPACE, RADIUS = 2.4, 0.42  # between layers, of a unit


def plot_pathway(ax, layers: Iterable[str], teaching: Iterable[tuple], colour: str, notes=()):
    """Layers from left to right, and how each is told which way to change.

    layers    their names, input first
    teaching  (from, to) or (from, to, label), layers counted from 0: an arrow above the units;
              from = to is a signal that does not leave the unit;  to = None ends behind the unit,
              at a bar: what is sent back stops there
    colour    of the teaching pathway
    notes     (layer, text) below a unit
    """
    layers = list(layers)
    for l, name in enumerate(layers):
        x = SPACE * l
        ax.add_patch(Circle((x, 0), RADIUS, fc="white", ec="0.2", lw=1.4, zorder=3))
        ax.text(x, 0, name, ha="center", va="center", zorder=4)
        if l:
            _arrow(ax, (x - SPACE + RADIUS, 0), (x - RADIUS, 0), FORWARD, 0.0, lw=2.0)
    for start, end, *label in teaching:
        x = SPACE * start
        if end is None:
            stop = x - SPACE / 2
            _arrow(ax, (x - 0.3, 0.35), (stop, 0.62), colour, 0.2)
            ax.plot([stop, stop], [0.4, 0.85], color=colour, lw=2.5, solid_capstyle="round")
            middle, height = stop, 0.95
        elif start == end:
            _arrow(ax, (x + 0.28, 0.36), (x - 0.28, 0.36), colour, 1.4)
            middle, height = x, 1.0
        else:
            bow = 0.25 + 0.1 * abs(start - end)
            _arrow(ax, (x, RADIUS), (SPACE * end, RADIUS), colour, bow)
            middle = SPACE * (start + end) / 2
            height = RADIUS + bow * SPACE * abs(start - end) / 2 + 0.12
        if label:
            ax.text(middle, height, label[0], color=colour, ha="center", va="bottom", fontsize=9)
    for l, text in notes:
        ax.text(SPACE * l, -RADIUS - 0.15, text, ha="center", va="top", fontsize=9, color="0.3")
    ax.set(xlim=(-0.8, SPACE * (len(layers) - 1) + 0.8), ylim=(-1.2, 1.9), aspect="equal")
    ax.axis("off")
    return ax


def _arrow(ax, start, end, colour, bow, lw=1.8):
    arrow = FancyArrowPatch(
        start, end, connectionstyle=f"arc3,rad={bow}", arrowstyle="-|>", mutation_scale=13,
        color=colour, lw=lw, shrinkA=0, shrinkB=0, zorder=2,
    )  # fmt: skip
    ax.add_patch(arrow)
