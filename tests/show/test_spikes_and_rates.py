"""The figure of spikes against rates: every mark at its errors, as large as its spikes are many."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from credit.show.spikes_and_rates import AREA, GAP, apart, plot_spikes_and_rates

MEANS = [  # name, rule, error in rates and in spikes, spikes
    ("one", "kickback", 3.0, 4.0, 1000),
    ("two", "gait_prop", 3.5, 4.01, 3000),
    ("reference", "backprop", 2.5, 3.8, 1200),
    ("fixed", "shallow", 8.8, 13.0, 900),
]
ROWS = pd.DataFrame(
    [
        {"method": name, "rule": rule, "seed": s, "rates": x + s / 10, "spikes": y, "sent": n}
        for name, rule, x, y, n in MEANS
        for s in (-1, 0, 1)
    ]
)


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield plot_spikes_and_rates(ax, ROWS)
    plt.close(fig)


def test_every_rule_is_a_mark_at_its_mean_errors_with_an_area_like_its_spikes(ax):
    marks = [line for line in ax.lines if line.get_marker() not in (None, "None", "")]
    found = {(m.get_xdata()[0], m.get_ydata()[0]): m.get_markersize() ** 2 for m in marks}
    drawn = sorted(MEANS, key=lambda row: -row[-1])  # the small ones in front
    wanted = {(x, y): AREA * n for _, rule, x, y, n in drawn if rule != "shallow"}
    assert list(found) == [pytest.approx(place) for place in wanted]
    assert list(found.values()) == pytest.approx(list(wanted.values()))


def test_lines_are_the_diagonals_backprop_and_fixed_synapses(ax):
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_zorder() == 0]
    rising = [line for line in lines if np.ptp(line.get_xdata()) and np.ptp(line.get_ydata())]
    ratios = [np.divide(line.get_ydata(), line.get_xdata()) for line in rising]
    assert ratios == [pytest.approx([1, 1]), pytest.approx([2, 2])]
    assert [line.get_xdata()[0] for line in lines if list(line.get_ydata()) == [0, 1]] == (
        pytest.approx([2.5])
    )
    assert [line.get_ydata()[0] for line in lines if list(line.get_xdata()) == [0, 1]] == [13.0]


def test_names_say_the_spikes_and_stand_apart(ax):
    named = {
        text.get_text(): text.xyann[1] for text in ax.texts if getattr(text, "arrow_patch", None)
    }
    assert set(named) == {"one, 1,000", "two, 3,000", "reference, 1,200", "fixed, 900"}
    places = sorted(named.values())
    assert np.diff(places).min() >= GAP - 1e-9
    assert named["fixed, 900"] > named["two, 3,000"] > named["one, 1,000"]


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ([0.9, 0.5, 0.1], [0.9, 0.5, 0.1]),  # nothing to be done
        ([0.5, 0.5], [0.55, 0.45]),
        ([0.65, 0.5, 0.5], [0.65, 0.55, 0.45]),
        ([0.6, 0.5, 0.5], [0.6333333, 0.5333333, 0.4333333]),  # a third one gives way
    ],
)
def test_names_move_no_further_than_they_must(wanted, got):
    assert apart(wanted, 0.1) == pytest.approx(got, abs=1e-6)
