"""Every mark stands where its number says: published lines, error bars, cases, percent axes."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from credit.show import figures


@pytest.fixture
def ax():
    with mpl.rc_context():
        figures.style()
        yield Figure().subplots()


def beside(**columns):
    """A table of two settings by two methods, as verdicts give it."""
    places = [(s, m) for s in ("2x8 tanh", "3x8 tanh") for m in ("backprop", "shallow")]
    table = pd.DataFrame(places, columns=["setting", "method"])
    table = table.assign(metric="test error", unit="%", n=5, published=[1.5, 9.0, 1.2, 8.0],
                         mean=[1.7, 9.5, 1.1, 8.5], half_width=[0.1, 0.4, 0.2, 0.3],
                         spread=[0.05, 0.6, float("nan"), 0.7], read="seen")  # fmt: skip
    return table.assign(**columns)


def bars(container):
    """[from, to, from, to, ...] of the horizontal error bars of one series."""
    (segments,) = container.lines[2]
    return [float(end) for segment in segments.get_segments() for end in segment[:, 0]]


def test_ours_has_the_confidence_interval_and_theirs_the_published_spread(ax):
    figures.plot_beside(ax, beside())
    bp, bp_published, shallow, shallow_published = ax.containers
    assert bars(bp) == pytest.approx([1.6, 1.8, 0.9, 1.3])
    assert bars(shallow) == pytest.approx([9.1, 9.9, 8.2, 8.8])
    assert bars(bp_published) == pytest.approx([1.45, 1.55, 1.2, 1.2])  # none was published
    assert bars(shallow_published) == pytest.approx([8.4, 9.6, 7.3, 8.7])


def test_ours_and_theirs_of_a_method_stand_in_one_row_and_methods_in_rows_of_their_own(ax):
    figures.plot_beside(ax, beside())
    places = [container.lines[0].get_ydata().tolist() for container in ax.containers]
    assert places[0] == places[1] == pytest.approx([-0.11, 0.89])
    assert places[2] == places[3] == pytest.approx([0.11, 1.11])
    assert [c.lines[0].get_xdata().tolist() for c in ax.containers] == [
        [1.7, 1.1], [1.5, 1.2], [9.5, 8.5], [9.0, 8.0],
    ]  # fmt: skip
    assert ax.get_xlabel() == "test error (%)" and ax.get_xlim()[0] == 0
    assert ax.yaxis_inverted()


def test_the_fewest_runs_of_a_method_are_its_n(ax):
    figures.plot_beside(ax, beside(n=[5, 5, 3, 4]))
    labels = [container.get_label() for container in ax.containers]
    assert labels[::2] == ["BP, here (n = 3)", "shallow, here (n = 4)"]


def test_recalled_values_are_called_so_and_look_otherwise(ax):
    figures.plot_beside(ax, beside(read=["memory", "seen", "seen", "seen"]))
    by = {container.get_label(): container for container in ax.containers}
    assert set(by) == {
        *("BP, here (n = 5)", "BP, published", "BP, recalled"),
        *("shallow, here (n = 5)", "shallow, published"),
    }
    recalled, read = by["BP, recalled"], by["BP, published"]
    assert recalled.lines[0].get_xdata().tolist() == [1.5]
    assert read.lines[0].get_xdata().tolist() == [1.2]
    assert recalled.lines[0].get_alpha() < read.lines[0].get_alpha()
    (dashed,), (solid,) = recalled.lines[2], read.lines[2]
    assert dashed.get_linestyle() != solid.get_linestyle()


@pytest.mark.parametrize(("below", "side"), [(False, "bottom"), (True, "top")])
def test_a_published_value_is_a_dashed_line_at_that_value_with_its_source(ax, below, side):
    ax.set_xlim(0, 10)
    figures.plot_published(ax, 2.13, "Nøkland 2016", below)
    (line,), (text,) = ax.lines, ax.texts
    assert set(line.get_ydata()) == {2.13}
    assert line.get_linestyle() == "--" and line.get_color() == "0.4"
    assert text.get_text() == "published: Nøkland 2016"
    assert text.xy[1] == 2.13 and text.get_va() == side
    assert (text.xyann[1] < 0) == below


def cases(**columns):
    rows = [("long", 1, s, 10.0 + s) for s in (0, 1, 2)] + [("long", 4, s, 20.0) for s in (0, 1, 2)]
    rows += [("short", 1, s, 5.0 - s) for s in (0, 1, 2)]
    frame = pd.DataFrame(rows, columns=["method", "depth", "seed", "value"])
    return frame.assign(metric="steps", unit="1").assign(**columns)


def test_a_case_is_the_mean_of_its_seeds_with_their_range_under_its_own_name(ax):
    other = cases(metric="other", value=99.0)
    figures.plot_cases(ax, pd.concat([cases(), other]), "steps", "depth")
    long, short = ax.lines
    assert (long.get_label(), short.get_label()) == ("long", "short")
    assert long.get_xdata().tolist() == [1, 4] and long.get_ydata().tolist() == [11, 20]
    assert short.get_ydata().tolist() == [4]
    bands = [band.get_paths()[0].vertices[:, 1] for band in ax.collections]
    assert [(band.min(), band.max()) for band in bands] == [(10, 20), (3, 5)]
    assert long.get_color() != short.get_color()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("depth", "steps")


@pytest.mark.parametrize(("unit", "label"), [("%", "steps (%)"), ("1", "steps")])
def test_a_unit_stands_behind_its_metric_unless_there_is_none(ax, unit, label):
    figures.plot_cases(ax, cases(unit=unit), "steps", "depth")
    assert ax.get_ylabel() == label


def test_a_percent_axis_counts_one_two_five_and_leaves_room_below(ax):
    ax.plot([0, 1], [1.3, 80.0])
    figures.percent_axis(ax)
    assert ax.get_yscale() == "log"
    ax.figure.draw_without_rendering()
    low, high = ax.get_ylim()
    assert low < 1.3 and high > 80
    marked = [place for place in ax.yaxis.get_majorticklocs() if low <= place <= high]
    assert marked == pytest.approx([place for place in (1, 2, 5, 10, 20, 50, 100)
                                    if low <= place <= high])  # fmt: skip
    assert {1.0, 2.0, 5.0} & set(np.round(marked, 6)) >= {2.0, 5.0}
    texts = [label.get_text() for label in ax.yaxis.get_majorticklabels()]
    assert {"2", "5", "10", "20", "50"} <= set(texts)
    assert not any(label.get_text() for label in ax.yaxis.get_minorticklabels())


def test_a_percent_axis_of_one_decade_reaches_down_to_half_its_top(ax):
    ax.plot([0, 1], [7.0, 8.0])
    figures.percent_axis(ax)
    low, high = ax.get_ylim()
    assert low == pytest.approx(0.45 * high)
