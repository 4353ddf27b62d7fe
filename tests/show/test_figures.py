"""Plots draw what they are given, and saving them twice gives the same bytes."""

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from credit import paths
from credit.rules import catalogue
from credit.show import figures


@pytest.fixture
def ax():
    with mpl.rc_context():
        figures.style()
        yield Figure().subplots()


def rows(method, metric="test error", unit="%", layer=0, epochs=(1, 2), seeds=(0, 1), depth=1):
    return pd.DataFrame(
        [
            {"method": method, "setting": "2x8 tanh", "metric": metric, "unit": unit,
             "layer": layer, "depth": depth, "seed": s, "epoch": e, "value": 10.0 / e + s}
            for e in epochs for s in seeds
        ]
    )  # fmt: skip


def test_a_curve_is_the_mean_of_the_seeds_and_its_band_their_range(ax):
    figures.plot_curves(ax, rows("backprop"), "test error")
    assert ax.lines[0].get_ydata().tolist() == [10.5, 5.5]
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (5.0, 11.0)
    assert ax.lines[0].get_label() == "BP (n = 2)"
    assert ax.get_ylabel() == "test error (%)"


def test_only_the_metric_that_was_asked_for_is_drawn(ax):
    both = pd.concat([rows("backprop"), rows("shallow", metric="other")])
    figures.plot_curves(ax, both, "test error")
    assert len(ax.lines) == 1


def test_angles_have_a_line_for_each_layer_and_one_at_ninety(ax):
    parts = [rows("feedback_alignment", "delta angle", "deg", layer) for layer in (1, 2, 3)]
    figures.plot_angles(ax, pd.concat(parts))
    assert [line.get_label() for line in ax.lines[:3]] == ["layer 1", "layer 2", "layer 3"]
    assert set(ax.lines[3].get_ydata()) == {90}


def test_the_depth_plot_shows_every_seed_beside_the_mean(ax):
    deep = pd.concat([rows("backprop", depth=d, epochs=(2,)) for d in (1, 4)])
    figures.plot_depth(ax, deep)
    mean, dots = ax.lines
    assert mean.get_ydata().tolist() == [5.5, 5.5]
    assert len(dots.get_xdata()) == 4


def test_variants_of_a_rule_are_hollow_lines_of_its_colour(ax):
    deep = pd.concat([rows("backprop", depth=d, epochs=(2,)) for d in (1, 4)])
    figures.plot_depth(ax, pd.concat([deep, deep.assign(setting="1x8 tanh, tied")]))
    plain, _, variant, _ = ax.lines
    assert (plain.get_label(), variant.get_label()) == ("BP (n = 2)", "BP (n = 2), tied")
    assert plain.get_color() == variant.get_color()
    assert variant.get_markerfacecolor() == "none" != plain.get_markerfacecolor()


def test_published_values_are_open_marks_beside_ours(ax):
    table = pd.DataFrame(
        [
            {"setting": "2x8 tanh", "method": "backprop", "metric": "test error", "unit": "%",
             "published": 1.5, "spread": float("nan"), "mean": 1.7, "half_width": 0.1, "n": 5},
            {"setting": "3x8 tanh", "method": "backprop", "metric": "test error", "unit": "%",
             "published": float("nan"), "spread": 0.1, "mean": 1.7, "half_width": 0.1, "n": 5},
        ]
    )  # fmt: skip
    figures.plot_beside(ax, table)
    labels = [container.get_label() for container in ax.containers]
    assert labels == ["BP, here (n = 5)", "BP, published"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["2x8 tanh"]
    ours, theirs = (container.lines[0] for container in ax.containers)
    assert (ours.get_xdata()[0], theirs.get_xdata()[0]) == (1.7, 1.5)
    assert theirs.get_markerfacecolor() == "none" != ours.get_markerfacecolor()


def test_every_rule_has_a_look_of_its_own():
    looks = [tuple(figures.look(name).values()) for name in figures.LOOKS]
    assert len(set(looks)) == len(looks)
    assert set(figures.LOOKS) <= set(catalogue())


def test_saving_a_figure_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "FIGURES", tmp_path / "figures")
    saved = []
    with mpl.rc_context():
        figures.style()
        for _ in range(2):
            figure = Figure()
            figures.plot_curves(figure.subplots(), rows("backprop"), "test error").legend()
            figures.save(figure, "curve")
            saved.append([(tmp_path / f"figures/curve.{e}").read_bytes() for e in ("svg", "pdf")])
    assert saved[0] == saved[1]


def test_a_figure_that_could_not_be_written_leaves_the_old_one_whole(ax, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "FIGURES", tmp_path / "own/figures")  # not there yet
    figures.save(ax.figure, "90-a")
    before = {file.name: file.read_bytes() for file in paths.FIGURES.iterdir()}
    assert sorted(before) == ["90-a.pdf", "90-a.svg"]
    ax.plot([0, 1])

    def full(figure, file, **_):
        file.write_text("half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Figure, "savefig", full)
        with pytest.raises(OSError, match="No space"):
            figures.save(ax.figure, "90-a")
    assert {file.name: file.read_bytes() for file in paths.FIGURES.iterdir()} == before
    figures.save(ax.figure, "90-a")
    assert all(file.read_bytes() != before[file.name] for file in paths.FIGURES.iterdir())
