"""A rule in several settings keeps its colour, and its start is drawn layer by layer."""

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from credit.show import figures

NAMES = {("kickback", "coherent"): "A", ("backprop", "coherent"): "B", ("kickback", "free"): "C"}


@pytest.fixture
def axes():
    with mpl.rc_context():
        figures.style()
        yield Figure().subplots(1, 3)


def curves():
    return pd.DataFrame(
        [
            {"method": method, "setting": setting, "metric": "test error", "unit": "%",
             "seed": seed, "epoch": epoch, "value": 10.0 / epoch + seed}
            for method, setting in NAMES for seed in (0, 1) for epoch in (1, 2)
        ]
    )  # fmt: skip


def test_colour_is_the_rules_and_dash_the_settings(axes):
    figures.plot_variants(axes[0], curves(), "test error", NAMES)
    first, other, second = axes[0].lines
    assert [line.get_label() for line in axes[0].lines] == ["A", "B", "C"]
    assert first.get_color() == second.get_color() != other.get_color()
    assert first.get_linestyle() == "-" != second.get_linestyle()
    assert second.get_markerfacecolor() == "none" != first.get_markerfacecolor()
    assert first.get_ydata().tolist() == [10.5, 5.5]


def test_runs_that_diverged_are_counted_in_its_name(axes):
    lost = {"method": "kickback", "setting": "free", "metric": "diverged", "seed": 2, "epoch": 1}
    frame = pd.concat([curves(), pd.DataFrame([lost | {"value": 1.0, "unit": "1"}])])
    figures.plot_variants(axes[0], frame, "test error", NAMES)
    assert "C (1 of 3 diverged)" in [line.get_label() for line in axes[0].lines]


def test_the_second_start_is_open_and_each_panel_has_its_line_of_no_relation(axes):
    starts = pd.DataFrame(
        [
            {"net": net, "start": start, "layer": layer, "seed": seed, "same sign": 1.0,
             "angle": 10.0 * layer + seed, "size": 2.0}
            for net in ("small", "large") for start in ("coherent", "free")
            for layer in (1, 2) for seed in (0, 2)
        ]
    )  # fmt: skip
    figures.plot_starts(axes, starts, "kickback")
    assert axes[1].lines[0].get_ydata().tolist() == [11, 21]
    for ax, middle in zip(axes, (0.5, 90, 1), strict=True):
        assert set(ax.lines[-1].get_ydata()) == {middle}
        drawn = {line.get_label(): line.get_markerfacecolor() for line in ax.lines[:-1]}
        assert drawn["small, free"] == drawn["large, free"] == "none"
        assert len(set(drawn.values())) == 3
