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
    parts = [rows("feedback_alignment", "gradient angle", "deg", layer) for layer in (1, 2, 3)]
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
             "published": 1.5, "spread": float("nan"), "mean": 1.7, "half_width": 0.1, "n": 5,
             "read": "seen"},
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


# runs that diverged


def diverged(method, seed, epoch=1.5, depth=1):
    row = {"method": method, "setting": "2x8 tanh", "metric": "diverged", "unit": "1", "layer": 0}
    return pd.DataFrame([row | {"depth": depth, "seed": seed, "epoch": epoch, "value": epoch}])


def crosses(ax):
    return [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "x"]


def test_a_run_that_diverged_is_counted_in_the_legend_and_is_a_cross(ax):
    sound = rows("backprop", seeds=(0, 1))
    figures.plot_curves(ax, pd.concat([sound, diverged("backprop", 7)]), "test error")
    assert ax.lines[0].get_label() == "BP (1 of 3 diverged)"
    assert ax.lines[0].get_ydata().tolist() == [10.5, 5.5]  # the mean of the others
    assert crosses(ax) == [[1.5]]


def test_without_one_there_is_no_cross(ax):
    figures.plot_curves(ax, rows("backprop"), "test error")
    figures.plot_depth(ax, rows("backprop", epochs=(2,)))
    figures.plot_cases(ax, rows("backprop"), "test error", "epoch")
    figures.plot_angles(ax, rows("backprop", "gradient angle", "deg", 1))
    assert crosses(ax) == list(ax.texts) == []


@pytest.mark.parametrize("plot", [figures.plot_curves, figures.plot_cases])
def test_a_method_of_which_every_run_diverged_is_in_the_legend(ax, plot):
    gone = pd.concat([diverged("kickback", seed) for seed in (0, 1)])
    plot(ax, pd.concat([rows("backprop"), gone]), "test error", "epoch")
    assert any("2 of 2 diverged" in line.get_label() for line in ax.lines)


def test_cases_say_how_many_diverged_too(ax):
    final = rows("GR-mid, own", epochs=(2,), seeds=(0, 1, 2))
    final.loc[final["seed"] == 1, "value"] = float("nan")  # as results.final gives it
    figures.plot_cases(ax, final, "test error", "depth")
    assert ax.lines[0].get_label() == "GR-mid, own (1 of 3 diverged)"
    assert ax.lines[0].get_ydata().tolist() == [6]
    assert crosses(ax) == [[1]]


def test_the_depth_plot_counts_beside_a_cross(ax):
    deep = pd.concat([rows("backprop", depth=d, epochs=(2,)) for d in (1, 4)], ignore_index=True)
    deep.loc[(deep["depth"] == 4) & (deep["seed"] == 0), "value"] = float("nan")
    figures.plot_depth(ax, deep)
    assert crosses(ax) == [[4]]
    assert [text.get_text() for text in ax.texts] == ["1 of 2 diverged"]
    mean = next(line for line in ax.lines if line.get_label().startswith("BP"))
    assert mean.get_ydata().tolist() == [5.5, 6.0]
    assert mean.get_label() == "BP (n = 2)"


def test_the_depth_plot_takes_costs_as_well(ax):
    figures.plot_depth(ax, rows("backprop").drop(columns=["metric", "unit"]))
    assert len(ax.lines) == 2 and crosses(ax) == []


def test_what_is_drawn_as_an_angle_is_that_of_the_update(ax):
    parts = [rows("kickback", metric, "deg", 1) for metric in ("delta angle", "gradient angle")]
    parts[1]["value"] += 40
    figures.plot_angles(ax, pd.concat([*parts, diverged("kickback", 2)]))
    assert ax.lines[0].get_ydata().tolist() == [50.5, 45.5]
    assert ax.get_ylabel() == "angle of the update to backprop's (deg)"
    assert crosses(ax) == [[1.5]]
    assert ax.get_legend_handles_labels()[1] == ["layer 1", "1 of 3 diverged"]


def test_the_angle_of_the_error_signals_is_drawn_when_asked(ax):
    """Guards the test above."""
    figures.plot_angles(ax, rows("kickback", "delta angle", "deg", 1), "delta angle")
    assert ax.lines[0].get_ydata().tolist() == [10.5, 5.5]
    assert ax.get_ylabel() == "angle of the error signal to backprop's (deg)"


def test_the_depth_plot_says_which_variant_diverged(ax):
    deep = rows("backprop", epochs=(2,)).assign(setting="1x8 tanh, tied")
    deep.loc[deep["seed"] == 0, "value"] = float("nan")
    figures.plot_depth(ax, deep)
    assert [text.get_text() for text in ax.texts] == ["tied: 1 of 2 diverged"]


def test_values_of_no_run_in_particular_are_drawn_as_well(ax):
    noise = rows("backprop", "angle", "deg", 1)[["layer", "metric", "unit", "epoch", "value"]]
    figures.plot_angles(ax, noise, "angle")
    assert ax.get_ylabel() == "angle to backprop's (deg)"
    assert crosses(ax) == []
