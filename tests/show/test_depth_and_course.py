"""The figures of depth and of the course of learning in spikes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from credit.show.course_in_spikes import FIRST, plot_course_in_spikes
from credit.show.depth_in_spikes import GAP, plot_depth_in_spikes
from credit.show.figures import look

MEANS = {
    "sign symmetry": ("sign_symmetry", {1: 4.5, 2: 5.6}),
    "Kickback": ("kickback", {1: 4.1, 2: 3.9, 4: 5.0}),
    "wild": ("weight_mirror", {1: 4.0, 2: 20.0}),
    "hidden synapses fixed": ("shallow", {1: 13.0, 2: 20.0, 4: 38.0}),
}


@pytest.fixture
def depth():
    rows = pd.DataFrame(
        [
            {
                "method": name,
                "rule": rule,
                "layers": n,
                "seed": s,
                "error": mean + s * (15 if (name, n) == ("wild", 2) else 0.1),
            }
            for name, (rule, means) in MEANS.items()
            for n, mean in means.items()
            for s in (-1, 0, 1)
        ]
    )
    rates = {n: pd.Series([2.0, 2.2]) + n / 10 for n in (1, 2, 4)}
    fig, ax = plt.subplots()
    yield plot_depth_in_spikes(ax, rows, rates)
    plt.close(fig)


def test_a_line_a_method_goes_over_the_layers_that_were_run(depth):
    lines = {x.get_color(): x for x in depth.lines if len(set(x.get_xdata())) > 1}
    for rule, means in MEANS.values():
        line = lines[look(rule)["color"]]
        assert list(line.get_xdata()) == [{1: 0, 2: 1, 4: 2}[n] for n in means]
        said = [float("nan") if (rule, n) == ("weight_mirror", 2) else m for n, m in means.items()]
        assert list(line.get_ydata()) == pytest.approx(said, nan_ok=True)
    black = lines["k"]
    assert list(black.get_ydata()) == pytest.approx([2.2, 2.3, 2.5])
    assert [t.get_text() for t in depth.get_xticklabels()] == ["1", "2", "4"]


def test_hollow_marks_are_of_those_that_are_named(depth):
    rows = pd.DataFrame(
        [
            {"method": name, "rule": "kickback", "layers": n, "seed": s, "error": 4.0 + s / 10}
            for name in ("full", "hollow")
            for n in (1, 2)
            for s in range(3)
        ]
    )
    fig, ax = plt.subplots()
    plot_depth_in_spikes(ax, rows, {1: pd.Series([2.0, 2.1])}, hollow=["hollow"])
    full, hollow = (line for line in ax.lines if line.get_color() == look("kickback")["color"])
    assert (hollow.get_markerfacecolor(), hollow.get_linestyle()) == ("white", "--")
    assert full.get_markerfacecolor() != "white"
    assert (hollow.get_xdata() > full.get_xdata()).all()
    plt.close(fig)


def test_seeds_that_differ_too_much_are_marks_and_others_have_an_interval(depth):
    (marks,) = (line for line in depth.lines if line.get_marker() == "_")
    assert list(marks.get_xdata()) == [1, 1, 1] and list(marks.get_ydata()) == [5, 20, 35]
    assert marks.get_color() == look("weight_mirror")["color"]
    bars = [path for bar in depth.collections for path in bar.get_paths()]
    assert len(bars) == sum(len(means) for _, means in MEANS.values()) - 1


def test_names_stand_beside_the_last_marks_from_top_to_bottom(depth):
    names = sorted(depth.texts, key=lambda text: -text.get_position()[1])
    assert [text.get_text() for text in names] == [
        "hidden synapses fixed", "wild", "sign symmetry", "Kickback", "backprop in rates"
    ]  # fmt: skip
    assert names[2].xy == (1, pytest.approx(5.6)) and names[3].xy == (2, pytest.approx(5.0))
    gaps = -np.diff([text.get_position()[1] for text in names])
    assert (gaps > GAP - 0.001).all()


def test_a_second_of_the_same_rule_has_hollow_marks():
    rows = pd.DataFrame(
        [
            {"method": m, "rule": r, "seed": 0, "images": n, "own": 10.0, "backprop": 20.0}
            for m, r in (("a", "kickback"), ("b", "kickback"), ("c", "sign_symmetry"))
            for n in (0, 2500)
        ]
    )
    fig, axes = plt.subplots(1, 2)
    plot_course_in_spikes(axes, rows)
    for ax in axes:
        lines = {line.get_label(): line for line in ax.lines}
        assert {lines[m].get_color() for m in "ab"} == {look("kickback")["color"]}
        hollow = {m for m in "abc" if lines[m].get_markerfacecolor() == "none"}
        assert hollow == {"b"} and lines["b"].get_linestyle() == ":"
    plt.close(fig)


def test_angles_go_over_the_images_learned_in_both_panels():
    rows = pd.DataFrame(
        [
            {"method": m, "rule": r, "seed": s, "images": n, "own": a + s, "backprop": b}
            for m, r, b in (("signs", "sign_symmetry", 40.0), ("EqProp", "x", np.nan))
            for n, a in ((0, 8.0), (2500, 20.0), (50_000, 30.0))
            for s in (-1, 0, 1)
        ]
    )
    fig, axes = plt.subplots(1, 2)
    own, backprop = plot_course_in_spikes(axes, rows)
    assert len(own.lines) == 3 and len(backprop.lines) == 2  # one is at 90 degrees
    line = own.lines[0]
    assert list(line.get_xdata()) == [FIRST, 2500, 50_000]
    assert list(line.get_ydata()) == pytest.approx([8, 20, 30])
    fig.canvas.draw()
    assert [t.get_text() for t in own.get_xticklabels()] == ["0", "2.5k", "50k"]
    plt.close(fig)
