"""The figure of the answer: every mark at its value, methods in an order that can be read."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from credit.evidence.answer import DEEP, IMAGENET, MNIST, SPIKES
from credit.show.standing import LIMITS, order, plot_standing

NAN = float("nan")
NOTHING = {"half_width": NAN, "floor": NAN, "read": NAN, "lost": NAN}


def mark(method, question, times, rule="", **more):
    return {
        "method": method,
        "rule": rule,
        "notebook": "01",
        "question": question,
        "times": times,
    } | (NOTHING | more)


ROWS = pd.DataFrame(
    [
        mark("slow", DEEP, 3.0, "kickback", half_width=0.5, floor=9.0),
        mark("slow", MNIST, 1.1, "kickback", half_width=0.1, floor=4.0),
        mark("good", DEEP, 1.0, "gait_prop", half_width=0.1, floor=8.0),
        mark("good", IMAGENET, NAN, "gait_prop", read="memory", lost=15.0),
        mark("seen", MNIST, 1.2, "gait_prop", half_width=0.1, floor=4.0),
        mark("seen", IMAGENET, NAN, "gait_prop", read="seen", lost=14.0),
        mark("spikes", SPIKES, 2.0, half_width=1.9, floor=3.0),
    ]
)


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 4, sharey=True)
    yield plot_standing(axes, ROWS)
    plt.close(fig)


def marks(ax, marker):
    """{(x, y)} of the marks of a kind, with their filling."""
    lines = [line for line in ax.lines if line.get_marker() == marker and len(line.get_xdata())]
    return {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_markerfacecolor()
        for line in lines
    }


def test_methods_in_spikes_come_first_then_those_that_go_deep_well():
    assert order(ROWS) == ["spikes", "good", "seen", "slow"]


def test_every_ratio_is_a_disc_in_its_panel_and_line(axes):
    spikes, deep, mnist, imagenet = (set(marks(ax, "o")) for ax in axes)
    assert spikes == {(2.0, 0.0)}
    assert deep == {(1.0, 1.0), (3.0, 3.0)}
    assert mnist == {(1.2, 2.0), (1.1, 3.0)} and imagenet == set()


def test_what_learns_nothing_is_a_triangle_joined_to_its_method(axes):
    assert set(marks(axes[1], "v")) == {(8.0, 1.0), (9.0, 3.0)}
    ends = {tuple(line.get_xdata()) for line in axes[1].lines if len(line.get_xdata()) == 2}
    assert {(1.0, 8.0), (3.0, 9.0)} <= ends


def test_published_values_are_squares_hollow_where_they_are_recalled(axes):
    squares = marks(axes[3], "s")
    assert set(squares) == {(15.0, 1.0), (14.0, 2.0)}
    assert squares[15.0, 1.0] == "none" and squares[14.0, 2.0] != "none"


def test_an_interval_is_drawn_as_wide_as_it_is_within_the_axis(axes):
    (bar,) = [c.get_segments()[0] for c in axes[0].collections if len(c.get_segments()) == 1]
    assert bar[:, 0] == pytest.approx([LIMITS[0], 3.9])
    assert axes[0].get_xlim() == LIMITS


def test_lines_carry_names_and_notebooks(axes):
    labels = [label.get_text() for label in axes[0].get_yticklabels()]
    assert labels == ["spikes  01", "good  01", "seen  01", "slow  01"]
