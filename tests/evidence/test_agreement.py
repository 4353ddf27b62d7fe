"""The rule of the verdict: what counts as agreement, and that noise never helps."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.evidence import agreement
from credit.evidence.agreement import (
    badness,
    compare,
    difference,
    interval,
    out_of_reach,
    tolerance,
    verdict,
)

T2 = 0.95 / math.sqrt(2 * 0.975 * 0.025)  # the 97.5 % point of t with 2 degrees of freedom
SWAPPED = {
    f"{word}, {side}": f"{word}, {other}"
    for word in ("near", "differs")
    for side, other in (("better", "worse"), ("worse", "better"))
}
# agreement is reproduced, or at least near; neither a difference nor scatter is
GOOD = {"reproduced": 2, "near, better": 1, "near, worse": 1}
hundredths = st.integers(-500, 500).map(lambda i: i / 100)
runs = st.lists(hundredths, min_size=3, max_size=8)
spreads = st.floats(0, 2)


def scattered(mean, half_width):
    """Three runs with this 95 % interval."""
    d = half_width * math.sqrt(3) / T2
    return [mean - d, mean, mean + d]


def good(word):
    return GOOD.get(word, 0)


# --- the interval -----------------------------------------------------------------------


def test_the_interval_of_two_runs_is_the_cauchy_quantile_times_half_their_distance():
    mean, half_width = interval([1.0, 3.0])
    assert mean == 2.0
    assert half_width == pytest.approx(math.tan(0.475 * math.pi), abs=1e-9)


def test_the_interval_of_three_runs_is_the_closed_form_quantile_times_their_standard_error():
    mean, half_width = interval([1.0, 2.0, 3.0])
    assert mean == pytest.approx(2.0, abs=1e-12)
    assert half_width == pytest.approx(T2 / math.sqrt(3), abs=1e-9)


def test_a_single_run_has_a_mean_and_no_half_width_and_no_run_has_neither():
    mean, half_width = interval([1.5])
    assert mean == 1.5 and math.isnan(half_width)
    assert all(math.isnan(x) for x in interval([]))


def test_runs_with_the_same_seeds_are_compared_in_pairs():
    """What a seed does to both methods cancels: the scatter of either alone says nothing."""
    theirs = pd.Series([1.0, 5.0, 9.0], index=[0, 1, 2])
    ours = pd.Series([9.1, 1.0, 5.2], index=[2, 0, 1])  # in another order, by seed
    mean, half_width, n = difference(ours, theirs)
    assert (mean, n) == (pytest.approx(0.1, abs=1e-12), 3)
    assert half_width == pytest.approx(interval([0.0, 0.2, 0.1])[1], abs=1e-9)


def test_runs_with_other_seeds_are_compared_without_pairs():
    """Guards the test above: the same values, on seeds of their own, differ by hardly anything."""
    theirs = pd.Series([1.0, 5.0, 9.0], index=[0, 1, 2])
    ours = pd.Series([1.0, 5.2, 9.1], index=[3, 4, 5])
    mean, half_width, n = difference(ours, theirs)
    assert (mean, n) == (pytest.approx(0.1, abs=1e-12), 3)
    pooled = math.sqrt(ours.var() / 3 + theirs.var() / 3)  # Welch, about 4 degrees of freedom
    assert half_width == pytest.approx(2.776 * pooled, rel=1e-3)
    assert math.isnan(difference(ours[:1], theirs)[1])


def test_runs_of_unlike_scatter_are_compared_by_their_own():
    """Runs that are nearly alike add no freedom: what is left is the interval of the others."""
    theirs = pd.Series([1.0, 2.0, 3.0], index=[0, 1, 2])
    ours = pd.Series([1.999, 2.0, 2.0, 2.0, 2.001], index=range(3, 8))
    mean, half_width, n = difference(ours, theirs)
    assert (mean, n) == (pytest.approx(0.0, abs=1e-12), 3)  # as many as the fewer
    assert half_width == pytest.approx(interval(theirs)[1], rel=1e-3)


def test_runs_that_all_gave_the_same_value_add_no_scatter():
    """Where neither scatters, their difference is exact."""
    theirs = pd.Series([1.0, 2.0, 3.0], index=[0, 1, 2])
    ours = pd.Series([0.1] * 5, index=range(3, 8))
    mean, half_width, n = difference(ours, theirs)
    assert (mean, n) == (pytest.approx(-1.9, abs=1e-12), 3)
    assert half_width == pytest.approx(interval(theirs)[1], abs=1e-9)
    mean, half_width, n = difference(ours, pd.Series([0.3] * 4, index=range(-4, 0)))
    assert (mean, n) == (pytest.approx(-0.2, abs=1e-12), 4)
    assert half_width == pytest.approx(0.0, abs=1e-12)


def test_only_the_seeds_that_both_have_are_pairs():
    theirs = pd.Series([1.0, 5.0, 9.0, 70.0], index=[0, 1, 2, 7])
    ours = pd.Series([80.0, 1.0, 5.2, 9.1, 60.0], index=[5, 0, 1, 2, 6])
    mean, half_width, n = difference(ours, theirs)
    assert (mean, n) == (pytest.approx(0.1, abs=1e-12), 3)
    assert half_width == pytest.approx(interval([0.0, 0.2, 0.1])[1], abs=1e-9)


# --- the tolerance ----------------------------------------------------------------------


def test_the_constants_of_the_tolerance_are_pinned():
    """A tolerance ten times as wide makes every word good, and no other test would see it."""
    assert agreement.SHARE == 0.1
    assert agreement.LARGEST == 2.0
    assert agreement.ANGLES == {
        "delta angle": 5.0,
        "weight angle": 5.0,
        "largest gradient angle": 0.1,
    }
    assert agreement.SCORES == {"correlation": 0.05}
    shared = {"test error", "train error", "test accuracy", "epochs to criterion", "loss"}
    assert set(agreement.SHARED) == shared | {"attenuation", "velocity", "amplitude"}


@pytest.mark.parametrize(
    ("metric", "value", "rounding", "expected"),
    [
        ("test error", 2.16, 0.005, 0.216),
        ("test error at epoch 100", 2.16, 0.005, 0.216),
        ("test accuracy", 98.0, 0.05, 0.2),  # of an error of 2 %
        ("test accuracy at epoch 400", 98.5, 0.05, 0.15),
        ("train error", 0.02, 0.005, 0.005),  # not finer than it is printed
        ("train error", 0.0, 0.005, 0.005),
        ("test accuracy", 97.0, 0.5, 0.5),
        ("test error", 45.1, 0.05, 2.0),  # not 4.5
        ("test accuracy", 14.75, 0.005, 2.0),
        ("epochs to criterion", 48.0, 0.5, 4.8),
        ("delta angle at start", 85.0, 0.5, 5.0),
        ("weight angle at epoch 400", 3.6, 0.05, 5.0),
        ("largest gradient angle", 0.0, 0.0, 0.1),
        ("largest gradient angle", 1.0, 0.5, 0.5),  # printed without decimals
    ],
)
def test_the_tolerance_scales_with_the_error_and_not_with_the_accuracy(
    metric, value, rounding, expected
):
    assert tolerance(metric, value, rounding) == pytest.approx(expected, abs=1e-12)


def test_a_metric_without_a_tolerance_is_named():
    with pytest.raises(ValueError, match="'perplexity'"):
        tolerance("perplexity", 30.0)


def test_the_sentence_under_the_tables_tells_the_constants():
    assert "10 % of the published error" in agreement.RULE
    assert "2 points" in agreement.RULE and "5 degrees" in agreement.RULE
    assert agreement.RULE.count(". ") == 0 and agreement.RULE.endswith(".")


# --- the word ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "word"),
    [
        (0.0, "reproduced"),
        (0.3, "reproduced"),
        (-0.3, "reproduced"),
        (0.301, "near, worse"),
        (-0.301, "near, better"),
        (0.6, "near, worse"),
        (0.601, "differs, worse"),
        (-0.601, "differs, better"),
    ],
)
def test_without_scatter_the_word_changes_at_one_and_two_tolerances(gap, word):
    got = verdict([1.7 + gap] * 3, published=1.7, tolerance=0.3)
    assert got.word == word
    assert got.gap == pytest.approx(gap, abs=1e-12)
    assert (got.n, got.half_width, got.published) == (3, pytest.approx(0, abs=1e-12), 1.7)


def test_half_as_many_errors_again_are_not_near():
    """Backprop on Nøkland's 7x240: 3.26 ± 0.15 beside 2.16 ± 0.13."""
    ours = scattered(3.26, 0.15)
    got = verdict(ours, 2.16, tolerance("test error", 2.16), spread=0.13)
    assert got.word == "differs, worse"


def test_more_error_is_worse_and_more_accuracy_is_better():
    assert verdict([5.0] * 3, 2.0, 0.3).word == "differs, worse"
    assert verdict([5.0] * 3, 2.0, 0.3, lower_is_better=False).word == "differs, better"
    assert verdict([2.4] * 3, 2.0, 0.3).word == "near, worse"
    assert verdict([2.4] * 3, 2.0, 0.3, lower_is_better=False).word == "near, better"


def test_reproduced_needs_the_whole_interval_inside_the_tolerance():
    assert verdict(scattered(1.9, 0.09), 1.7, tolerance=0.3).word == "reproduced"
    assert verdict(scattered(1.9, 0.11), 1.7, tolerance=0.3).word == "near, worse"
    assert verdict(scattered(1.9, 0.41), 1.7, tolerance=0.3).word == "too scattered"


def test_differs_needs_the_whole_interval_outside_the_tolerance():
    assert verdict(scattered(2.4, 0.39), 1.7, tolerance=0.3).word == "differs, worse"
    assert verdict(scattered(2.4, 0.41), 1.7, tolerance=0.3).word == "too scattered"


@pytest.mark.parametrize(("gap", "word"), [(0.099, "reproduced"), (0.101, "near, worse")])
def test_half_width_and_published_spread_add_as_squares(gap, word):
    ours = scattered(gap, 0.3)  # with a spread of 0.4 the chance is 0.5
    assert verdict(ours, 0.0, tolerance=0.6, spread=0.4).word == word


def test_without_the_published_spread_the_same_runs_are_reproduced():
    """Guards the test above: the word could come from the half width alone."""
    ours = scattered(0.101, 0.3)
    assert verdict(ours, 0.0, tolerance=0.6).word == "reproduced"
    assert verdict(ours, 0.0, tolerance=0.6, spread=math.nan).word == "reproduced"


@pytest.mark.parametrize(
    ("mean", "half_width", "word"),
    [
        (2.5, 0.49, "reproduced"),
        (2.95, 0.04, "reproduced"),
        (2.95, 0.06, "near, worse"),
        (2.05, 0.06, "near, better"),
        (3.2, 0.04, "near, worse"),
        (3.3, 0.1, "differs, worse"),
        (1.7, 0.1, "differs, better"),
        (2.5, 0.8, "too scattered"),
    ],
)
def test_a_range_in_words_is_a_range_and_no_standard_deviation(mean, half_width, word):
    """'Between 2 and 3 %': all of it is equally good, and scatter does not widen it."""
    assert verdict(scattered(mean, half_width), (2.0, 3.0), tolerance=0.25).word == word


def test_a_seed_that_fails_does_not_earn_a_good_word_and_scatter_does_not_hide_a_difference():
    assert verdict([2.5, 2.5, 80.0], 2.5, tolerance=0.3).word == "too scattered"
    assert verdict([49.0, 50.0, 51.0], 2.5, tolerance=0.3).word == "differs, worse"


@given(ours=runs, offset=hundredths, spread=spreads, factor=st.floats(1, 20))
def test_more_noise_never_earns_a_better_word(ours, offset, spread, factor):
    mean, _ = interval(ours)
    louder = [mean + factor * (x - mean) for x in ours]
    words = [verdict(x, mean + offset / 5, 0.3, spread).word for x in (ours, louder)]
    assert good(words[0]) >= good(words[1])


@given(ours=runs, offset=hundredths, spread=spreads, more=spreads)
def test_more_published_noise_never_earns_a_better_word(ours, offset, spread, more):
    published = interval(ours)[0] + offset / 5
    words = [verdict(ours, published, 0.3, s).word for s in (spread, spread + more)]
    assert good(words[0]) >= good(words[1])


@given(ours=runs, offset=hundredths, times=st.integers(2, 4))
def test_fewer_seeds_that_say_the_same_never_earn_a_better_word(ours, offset, times):
    published = interval(ours)[0] + offset / 5
    assert good(verdict(ours * times, published, 0.3).word) >= good(
        verdict(ours, published, 0.3).word
    )
    assert good(verdict(ours[:2], published, 0.3).word) == 0


def test_noise_and_seeds_can_cost_a_good_word():
    """Guards the three tests above: they would also pass if no word ever changed."""
    expected = ["reproduced", "near, worse", "too scattered"]
    words = [verdict(scattered(1.75, h), 1.7, 0.3).word for h in (0.2, 0.5, 0.9)]
    assert words == expected
    words = [verdict(scattered(1.75, 0.2), 1.7, 0.3, spread).word for spread in (0, 0.4, 0.9)]
    assert words == expected
    assert verdict([1.6, 1.8, 2.0], 1.75, 0.3).word == "near, worse"
    assert verdict([1.6, 1.8, 2.0] * 3, 1.75, 0.3).word == "reproduced"


@given(ours=runs, near=st.integers(0, 400), further=st.integers(0, 400), spread=spreads)
def test_moving_the_published_value_away_never_improves_the_word(ours, near, further, spread):
    mean, _ = interval(ours)
    words = [verdict(ours, mean + x / 100, 0.3, spread).word for x in (near, near + further)]
    assert good(words[0]) >= good(words[1])


@given(ours=runs, centre=hundredths)
def test_mirrored_runs_get_the_mirrored_word(ours, centre):
    found = verdict(ours, centre, 0.3)
    mirrored = verdict([2 * centre - x for x in ours], centre, 0.3)
    if abs(found.gap) > 1e-9:  # on the value itself there is no side
        assert mirrored.word == SWAPPED.get(found.word, found.word)


@given(ours=runs)
def test_runs_far_away_always_differ(ours):
    """Guards the two tests above: they would also pass if the word never changed."""
    assert verdict(ours, 1000.0, 0.3).word == "differs, better"


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_runs_are_too_few_even_on_the_published_value(n):
    got = verdict([1.7] * n, 1.7, 0.3)
    assert (got.word, got.n) == ("too few runs", n)
    assert verdict([1.7] * 3, 1.7, 0.3).word == "reproduced"


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_value_nobody_read_gives_no_verdict_but_keeps_the_measurement(value):
    got = verdict([1.0, 2.0, 3.0], value, 0.3)
    assert got.word == "no value to compare with"
    assert badness(got.word) < 0
    assert got.mean == pytest.approx(2.0) and math.isnan(got.gap)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_run_without_a_finite_value_is_refused_and_not_dropped(bad):
    with pytest.raises(ValueError, match="diverged"):
        verdict([1.7, 1.7, 1.7, bad], 1.7, 0.3)


@pytest.mark.parametrize("margins", [{"tolerance": -0.1}, {"tolerance": 0.3, "spread": -1.0}])
def test_a_negative_tolerance_or_spread_is_refused(margins):
    with pytest.raises(ValueError, match="must not be negative"):
        verdict([1.7] * 3, 1.7, **margins)


def test_a_known_interval_is_judged_like_the_runs_it_came_from():
    ours = np.array([1.8, 1.9, 2.1])
    assert compare(*interval(ours), 3, 1.7, 0.3) == verdict(ours, 1.7, 0.3)


def test_out_of_reach_states_its_cost():
    got = out_of_reach(3.92, "estimated 8 h per seed")
    assert (got.word, got.n, got.cost) == ("out of reach here", 0, "estimated 8 h per seed")
    assert got.published == 3.92 and math.isnan(got.mean)
    with pytest.raises(ValueError, match="cost"):
        out_of_reach(3.92, " ")


def test_a_verdict_cannot_be_edited():
    with pytest.raises(FrozenInstanceError):
        verdict([1.7] * 3, 1.7, 0.3).word = "reproduced"


def test_words_are_sorted_from_good_to_bad():
    assert badness("reproduced") == 0
    assert badness("reproduced") < badness("agrees with a recalled value") < badness("near, worse")
    assert badness("near, worse") < badness("1 of 5 diverged") < badness("differs, better")
    places = [badness(word) for word in (
        "reproduced", "agrees with a public implementation", "near, better", "near, worse",
        "too scattered", "too few runs", "1 of 5 diverged", "1 of 5 without a value",
        "differs, better", "differs, worse",
    )]  # fmt: skip
    assert places == sorted(set(places))
    assert badness("not yet measured") == badness("out of reach here: 8 h") == -1
