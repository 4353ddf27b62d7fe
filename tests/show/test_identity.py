"""GAIT-prop's angles stand where their settings say, and variants have the colour of their rule."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from credit.show import figures
from credit.show.identity import against, plot_identity
from credit.studies.gait_prop import NAMES

SETTINGS = ("4x8 r", "4x8 r, gamma 0.001", "4x8 r, gamma 1", "4x8 r, departure 0.1", "4x8 r, TP")


def rows(*settings, value=0.0):
    return pd.DataFrame(
        {"setting": settings, "method": "gait_prop", "metric": "gradient angle", "unit": "deg",
         "layer": 1, "seed": 0, "value": value}
    )  # fmt: skip


def test_angles_stand_at_the_number_behind_the_word():
    frame = rows(*SETTINGS)
    assert list(against(frame, "gamma")["epoch"]) == [0.001, 1.0]
    assert list(against(frame, "departure")["epoch"]) == [0.0, 0.1]


def test_on_a_logarithmic_axis_no_angle_is_zero_and_larger_ones_stay():
    assert (against(rows(*SETTINGS), "gamma")["value"] > 0).all()
    assert (against(rows(*SETTINGS, value=3.0), "gamma")["value"] == 3).all()


def test_the_published_form_is_drawn_against_gamma_and_the_other_against_departure():
    with mpl.rc_context():
        figures.style()
        left, right = plot_identity(Figure().subplots(1, 2), rows(*SETTINGS, value=3.0))
    assert list(left.lines[0].get_xdata()) == [0.001, 1.0]
    assert list(right.lines[0].get_xdata()) == [0.0, 0.1]
    assert list(left.lines[-1].get_ydata()) == [3.0, 3.0]  # the limit, where p is 0


def test_a_named_variant_has_the_colour_of_its_rule_and_a_look_of_its_own():
    assert set(NAMES.values()) <= set(figures.VARIANTS)
    looks = {name: figures.look(name) for name in figures.VARIANTS}
    for name, (rule, *_) in figures.VARIANTS.items():
        assert looks[name]["color"] == figures.look(rule)["color"]
        assert looks[name]["mfc"] == "none"
    different = {(look["color"], look["ls"], look["marker"]) for look in looks.values()}
    assert len(different) == len(looks)
