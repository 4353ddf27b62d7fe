"""The verdict on a measured value, and the join of results with published rows."""

import math
from dataclasses import FrozenInstanceError

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.evidence import verdicts
from credit.evidence.verdicts import (
    COLUMNS,
    format_table,
    interval,
    out_of_reach,
    published,
    tolerance,
    verdict,
    verdict_table,
)

SEVERITY = {
    "reproduced": 0,
    "near": 1,
    "too scattered": 1,
    "differs: better": 2,
    "differs: worse": 2,
}
SWAPPED = {"differs: better": "differs: worse", "differs: worse": "differs: better"}
T2 = 0.95 / math.sqrt(2 * 0.975 * 0.025)  # the 97.5 % point of t with 2 degrees of freedom
hundredths = st.integers(-500, 500).map(lambda i: i / 100)
runs = st.lists(hundredths, min_size=3, max_size=8)
ROW = dict.fromkeys(COLUMNS, "") | {
    "id": "a",
    "experiment": "99-toy",
    "method": "backprop",
    "setting": "2x8 tanh",
    "metric": "test error",
    "value": "1.70",
    "unit": "%",
    "read": "seen",
    "confidence": "high",
}


def use(tmp_path, monkeypatch, *rows, columns=COLUMNS):
    """Make these rows the published ones; a row changes what it names in ROW."""
    path = tmp_path / "published.csv"
    pd.DataFrame([ROW | row for row in rows], columns=columns).to_csv(path, index=False)
    monkeypatch.setattr(verdicts, "PUBLISHED", path)
    return path


def result(value, seed=0, epoch=10, **other):
    """One row of measured results."""
    row = {"experiment": "99-toy", "method": "backprop", "setting": "2x8 tanh", "seed": seed}
    row |= {"epoch": epoch, "metric": "test error", "value": value, "unit": "%", "depth": 2}
    return row | other


def three(*values, **other):
    return [result(value, seed, **other) for seed, value in enumerate(values)]


# --- the interval ---------------------------------------------------------------------


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


# --- the word ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "word"),
    [
        (0.0, "reproduced"),
        (0.3, "reproduced"),
        (-0.3, "reproduced"),
        (0.301, "near"),
        (-0.301, "near"),
        (0.9, "near"),
        (0.901, "differs: worse"),
        (-0.901, "differs: better"),
    ],
)
def test_without_scatter_the_word_changes_at_one_and_three_tolerances(gap, word):
    got = verdict([1.7 + gap] * 3, published=1.7, tolerance=0.3)
    assert got.word == word
    assert got.gap == pytest.approx(gap, abs=1e-12)
    assert (got.n, got.half_width, got.published) == (3, pytest.approx(0, abs=1e-12), 1.7)


def test_more_error_is_worse_and_more_accuracy_is_better():
    assert verdict([5.0] * 3, 2.0, 0.3).word == "differs: worse"
    assert verdict([5.0] * 3, 2.0, 0.3, lower_is_better=False).word == "differs: better"


def test_scatter_of_the_runs_widens_what_counts_as_reproduced():
    d = 0.2 * math.sqrt(3) / T2  # half width 0.2
    assert verdict([2.15 - d, 2.15, 2.15 + d], 1.7, tolerance=0.3).word == "reproduced"
    assert verdict([2.15] * 3, 1.7, tolerance=0.3).word == "near"


@pytest.mark.parametrize(("gap", "word"), [(0.599, "reproduced"), (0.601, "near")])
def test_half_width_and_published_spread_add_as_squares(gap, word):
    d = 0.3 * math.sqrt(3) / T2  # half width 0.3; with a spread of 0.4 the chance is 0.5
    ours = [gap - d, gap, gap + d]
    assert verdict(ours, 0.0, tolerance=0.1, spread=0.4).word == word


def test_without_the_published_spread_the_same_runs_are_only_near():
    """Guards the test above: it would also pass if the half width alone were large enough."""
    d = 0.3 * math.sqrt(3) / T2
    ours = [0.599 - d, 0.599, 0.599 + d]
    assert verdict(ours, 0.0, tolerance=0.1).word == "near"
    assert verdict(ours, 0.0, tolerance=0.1, spread=math.nan).word == "near"


@pytest.mark.parametrize(("half_width", "word"), [(0.89, "reproduced"), (0.91, "too scattered")])
def test_scatter_beyond_what_is_near_agrees_with_nothing(half_width, word):
    d = half_width * math.sqrt(3) / T2
    assert verdict([1.7 - d, 1.7, 1.7 + d], 1.7, tolerance=0.3).word == word


def test_a_seed_that_fails_does_not_earn_a_good_word_and_scatter_does_not_hide_a_difference():
    assert verdict([2.5, 2.5, 80.0], 2.5, tolerance=0.3).word == "too scattered"
    assert verdict([49.0, 50.0, 51.0], 2.5, tolerance=0.3).word == "differs: worse"


@given(ours=runs, near=st.integers(0, 400), further=st.integers(0, 400), spread=st.floats(0, 2))
def test_moving_the_published_value_away_never_improves_the_word(ours, near, further, spread):
    mean, _ = interval(ours)
    words = [
        verdict(ours, mean + offset / 100, 0.3, spread).word for offset in (near, near + further)
    ]
    assert SEVERITY[words[0]] <= SEVERITY[words[1]]


@given(ours=runs, centre=hundredths)
def test_mirrored_runs_get_the_mirrored_word(ours, centre):
    word = verdict(ours, centre, 0.3).word
    mirrored = verdict([2 * centre - x for x in ours], centre, 0.3).word
    assert mirrored == SWAPPED.get(word, word)


@given(ours=runs)
def test_runs_far_away_always_differ(ours):
    """Guards the two tests above: they would also pass if the word never changed."""
    assert verdict(ours, 1000.0, 0.3).word == "differs: better"


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_runs_are_too_few_even_on_the_published_value(n):
    got = verdict([1.7] * n, 1.7, 0.3)
    assert (got.word, got.n) == ("too few runs", n)
    assert verdict([1.7] * 3, 1.7, 0.3).word == "reproduced"


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_value_nobody_read_gives_no_verdict_but_keeps_the_measurement(value):
    got = verdict([1.0, 2.0, 3.0], value, 0.3)
    assert got.word == "no published value"
    assert got.mean == pytest.approx(2.0) and math.isnan(got.gap)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_run_without_a_finite_value_is_refused_and_not_dropped(bad):
    with pytest.raises(ValueError, match="diverged"):
        verdict([1.7, 1.7, 1.7, bad], 1.7, 0.3)


@pytest.mark.parametrize("margins", [{"tolerance": -0.1}, {"tolerance": 0.3, "spread": -1.0}])
def test_a_negative_tolerance_or_spread_is_refused(margins):
    with pytest.raises(ValueError, match="must not be negative"):
        verdict([1.7] * 3, 1.7, **margins)


def test_out_of_reach_states_its_cost():
    got = out_of_reach(3.92, "estimated 8 h per seed")
    assert (got.word, got.n, got.cost) == ("out of reach here", 0, "estimated 8 h per seed")
    assert got.published == 3.92 and math.isnan(got.mean)
    with pytest.raises(ValueError, match="cost"):
        out_of_reach(3.92, " ")


def test_a_verdict_cannot_be_edited():
    with pytest.raises(FrozenInstanceError):
        verdict([1.7] * 3, 1.7, 0.3).word = "reproduced"


def test_tolerances_depend_on_the_metric_and_on_the_data():
    assert tolerance("test error", "2x800 tanh") == 0.3
    assert tolerance("test accuracy at epoch 100", "1x500 logistic") == 0.3
    assert tolerance("test error", "MNIST locally connected") == 0.2
    assert tolerance("test error", "CIFAR-10 3x1024 tanh") == 2.0
    assert tolerance("delta angle at start", "CIFAR-10 1x1000 logistic") == 10.0
    with pytest.raises(ValueError, match="'perplexity'"):
        tolerance("perplexity")


# --- reading the published rows -----------------------------------------------------------


def test_published_rows_are_filtered_and_an_empty_value_is_nan(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "method": "kickback", "value": "", "spread": "0.1"})
    rows = published(method="kickback")
    assert list(rows["id"]) == ["b"]
    assert math.isnan(rows["value"][0]) and rows["spread"][0] == 0.1
    assert len(published()) == 2
    assert len(published(experiment="99-toy", setting="2x8 tanh")) == 2
    assert published(experiment="98-toy").empty


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"read": "heard"}, "read"),
        ({"confidence": ""}, "confidence"),
        ({"value": "about 2"}, "value"),
        ({"value": "nan"}, "value"),
        ({"spread": "inf"}, "spread"),
        ({"id": "a"}, "id"),
    ],
)
def test_a_bad_cell_is_named_by_file_row_and_column(tmp_path, monkeypatch, change, column):
    bad = {"id": "b"} | change
    path = use(tmp_path, monkeypatch, {}, bad)
    with pytest.raises(ValueError, match=f"row '{bad['id']}', column {column}") as caught:
        published()
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_unknown_columns_are_both_named(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"colour": "red"}, columns=[*COLUMNS[:-1], "colour"])
    with pytest.raises(ValueError, match=r"missing \['note'\], unknown \['colour'\]"):
        published()


@pytest.mark.parametrize("line", ["b,99-toy,backprop", "b" + "," * len(COLUMNS)])
def test_a_line_with_too_few_or_too_many_fields_is_refused(tmp_path, monkeypatch, line):
    path = use(tmp_path, monkeypatch, {})
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ValueError, match="row 'b', column count"):
        published()


# --- the join ------------------------------------------------------------------------------


def test_each_published_row_gets_one_verdict_from_the_runs_of_its_own_cell(tmp_path, monkeypatch):
    use(
        tmp_path,
        monkeypatch,
        {"spread": "0.05"},
        {"id": "b", "method": "feedback_alignment"},
        {"id": "c", "setting": "3x8 tanh"},
        {"id": "d", "metric": "test accuracy", "value": "90"},
        {"id": "e", "experiment": "98-toy"},
    )
    rows = three(1.7, 1.8, 1.9) + three(5.0, 5.0, 5.0, method="feedback_alignment")
    rows += three(95, 95, 95, metric="test accuracy") + three(9, 9, 9, experiment="98-toy")
    table = verdict_table(pd.DataFrame(rows), "99-toy").set_index("id")
    assert dict(table["verdict"]) == {
        "a": "reproduced",
        "b": "differs: worse",
        "c": "not yet measured",
        "d": "differs: better",
    }
    assert dict(table["n"]) == {"a": 3, "b": 3, "c": 0, "d": 3}
    assert table["mean"]["a"] == pytest.approx(1.8, abs=1e-12)
    assert table["half_width"]["a"] == pytest.approx(T2 * 0.1 / math.sqrt(3), abs=1e-9)


def test_the_last_epoch_of_each_run_counts_and_no_earlier_one(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {})
    rows = three(1.7, 1.7, 1.7, epoch=20) + three(9.0, 9.0, 9.0, epoch=10)
    rows += [result(1.7, seed=3, epoch=7), result(9.0, seed=3, epoch=6)]  # stopped early
    table = verdict_table(pd.DataFrame(rows), "99-toy")
    assert (table["n"][0], table["mean"][0]) == (4, pytest.approx(1.7))


def test_a_value_published_for_an_epoch_is_answered_by_that_epoch(tmp_path, monkeypatch):
    at = "test error at epoch "
    use(tmp_path, monkeypatch, {"metric": at + "10"}, {"id": "b", "metric": at + "400"})
    rows = three(1.7, 1.7, 1.7, epoch=10) + three(0.1, 0.1, 0.1, epoch=20)
    table = verdict_table(pd.DataFrame(rows), "99-toy")
    assert list(table["verdict"]) == ["reproduced", "not yet measured"]


def test_a_value_reported_under_both_names_counts_once(tmp_path, monkeypatch):
    name = "test error at epoch 10"
    use(tmp_path, monkeypatch, {"metric": name})
    rows = three(1.7, 1.8, 1.9, epoch=10) + three(1.7, 1.8, 1.9, epoch=10, metric=name)
    assert verdict_table(pd.DataFrame(rows), "99-toy")["n"][0] == 3
    rows[-1]["value"] = 2.0
    with pytest.raises(ValueError, match="seed twice"):
        verdict_table(pd.DataFrame(rows), "99-toy")


def test_the_published_spread_enters_the_verdict_of_its_row(tmp_path, monkeypatch):
    results = pd.DataFrame(three(2.1, 2.1, 2.1))
    use(tmp_path, monkeypatch, {"spread": "0.15"})
    assert verdict_table(results, "99-toy")["verdict"][0] == "reproduced"
    use(tmp_path, monkeypatch, {"spread": "0.05"})
    assert verdict_table(results, "99-toy")["verdict"][0] == "near"


def test_a_row_without_a_value_still_shows_what_was_measured(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"value": "", "metric": "perplexity"})
    rows = pd.DataFrame(three(88, 89, 90, metric="perplexity"))
    table = verdict_table(rows, "99-toy")
    assert (table["verdict"][0], table["mean"][0]) == ("no published value", pytest.approx(89))


def test_a_cost_is_shown_only_where_nothing_was_measured(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "setting": "100x8 tanh"})
    results = pd.DataFrame(three(1.7, 1.7, 1.7))
    table = verdict_table(results, "99-toy", costs={"a": "1 h", "b": "8 h"}).set_index("id")
    assert dict(table["verdict"]) == {"a": "reproduced", "b": "out of reach here: 8 h"}
    with pytest.raises(ValueError, match=r"\['z'\]"):
        verdict_table(results, "99-toy", costs={"z": "8 h"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*three(1.7, 1.7, 1.7), result(9.9, seed=0)], "seed twice"),
        (three(0.017, 0.017, 0.017, unit="fraction"), "fraction"),
        (three(1.7, 1.7, math.nan), "diverged"),
    ],
)
def test_results_that_would_falsify_the_verdict_are_refused(tmp_path, monkeypatch, rows, message):
    use(tmp_path, monkeypatch, {})
    with pytest.raises(ValueError, match=message):
        verdict_table(pd.DataFrame(rows), "99-toy")


def test_missing_result_columns_and_unknown_experiments_are_named(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {})
    results = pd.DataFrame(three(1.7, 1.7, 1.7))
    with pytest.raises(ValueError, match=r"\['seed'\]"):
        verdict_table(results.drop(columns="seed"), "99-toy")
    with pytest.raises(ValueError, match=r"'97-toy'.*99-toy"):
        verdict_table(results, "97-toy")


def test_the_formatted_table_shows_value_spread_mark_and_number_of_runs(tmp_path, monkeypatch):
    mark = {"read": "memory", "confidence": "low"}
    use(
        tmp_path,
        monkeypatch,
        {"spread": "0.04"},
        {"id": "b", "setting": "3x8 tanh", "value": "45.1", "spread": "0.3"} | mark,
        {"id": "c", "setting": "4x8 tanh", "value": ""},
        {"id": "d", "setting": "5x8 tanh", "value": "2"},
    )
    rows = [*three(1.7, 1.8, 1.9), result(2.0, setting="5x8 tanh")]
    short = format_table(verdict_table(pd.DataFrame(rows), "99-toy"))
    assert list(short["published"]) == [
        "1.70 ± 0.04 (seen, high)",
        "45.1 ± 0.3 (memory, low)",
        "no value (seen, high)",
        "2 (seen, high)",
    ]
    assert list(short["ours"]) == ["1.80 ± 0.25 (n = 3)", "–", "–", "2.00 (n = 1)"]
    assert short["verdict"].iloc[-1] == "too few runs"
