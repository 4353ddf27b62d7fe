"""The figure of what carries the error: two marks a pathway, the best at the top."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from credit.show.errors_in_spikes import plot_errors_in_spikes
from credit.show.figures import look

MEANS = {"worse": ("weight_mirror", 4.6, 4.0), "best": ("sign_symmetry", 4.5, 3.0)}
ROWS = pd.DataFrame(
    [
        {"method": name, "rule": rule, "seed": s, "events": e + s / 10, "alone": a + s / 10}
        for name, (rule, e, a) in MEANS.items()
        for s in (-1, 0, 1)
    ]
)


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield plot_errors_in_spikes(ax, ROWS, 2.5)
    plt.close(fig)


def test_hollow_marks_are_signed_events_and_filled_ones_spikes_from_the_best_down(ax):
    marks = [line for line in ax.lines if line.get_marker() not in (None, "None", "", "|")]
    found = [
        (m.get_xdata()[0], m.get_ydata()[0], m.get_markerfacecolor() != "w", m.get_marker())
        for m in marks
    ]
    best, worse = look("sign_symmetry"), look("weight_mirror")
    assert found == [
        (pytest.approx(4.5), 0, False, best["marker"]),
        (pytest.approx(3.0), 0, True, best["marker"]),
        (pytest.approx(4.6), 1, False, worse["marker"]),
        (pytest.approx(4.0), 1, True, worse["marker"]),
    ]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["best", "worse"]
    words = {text.get_text(): text.xy for text in ax.texts}
    assert words["spikes"] == (pytest.approx(3.0), 0)
    assert words["signed events"] == (pytest.approx(4.5), 0)
    low, high = ax.get_ylim()
    assert low > high  # the first at the top


def test_intervals_are_drawn_and_backprop_is_a_line(ax):
    lengths = [
        path.vertices[1, 0] - path.vertices[0, 0]
        for bars in ax.collections
        for path in bars.get_paths()
    ]
    assert lengths == pytest.approx([2 * 4.302653 * 0.1 / 3**0.5] * 4)
    (line,) = (line for line in ax.lines if list(line.get_ydata()) == [0, 1] and line.get_lw() > 1)
    assert line.get_xdata()[0] == 2.5


def test_seeds_of_which_some_have_twice_the_error_are_dashes():
    lost = ROWS["method"].eq("worse") & ROWS["seed"].eq(1)
    fig, ax = plt.subplots()
    plot_errors_in_spikes(ax, ROWS.assign(alone=ROWS["alone"].mask(lost, 14.0)), 2.5)
    (dashes,) = (line for line in ax.lines if line.get_marker() == "|")
    assert sorted(dashes.get_xdata()) == pytest.approx([3.9, 4.0, 14.0])
    marks = [line for line in ax.lines if line.get_marker() not in (None, "None", "", "|")]
    assert len(marks) == 3
    plt.close(fig)
