"""data/published.csv: every published value with where it stands and how it was read."""

import csv
import io
import re

import pandas as pd
import pytest

from credit.evidence.verdicts import COLUMNS, PUBLISHED, published, tolerance

CELL = ["paper", "method", "setting"]
RULES = ["backprop", "feedback_alignment", "direct_feedback_alignment"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return published()


@pytest.fixture(scope="module")
def table1(rows) -> pd.DataFrame:
    """Test errors of Nøkland's Table 1, one row per net and one column per rule."""
    mine = rows[(rows["experiment"] == "02-table1") & (rows["metric"] == "test error")]
    return mine.pivot(index="setting", columns="method", values="value")


def sums_off_100(rows: pd.DataFrame) -> pd.DataFrame:
    """Cells that print both error and accuracy of the same test, not adding up to 100 %."""
    wide = rows[rows["metric"].isin(["test error", "test accuracy"])]
    wide = wide.pivot_table(index=CELL, columns="metric", values="value")
    wide = wide.reindex(columns=["test error", "test accuracy"]).dropna()
    return wide[(wide.sum(axis=1) - 100).abs() > 0.01]


def test_the_file_is_utf8_with_line_feeds_minimal_quotes_and_sorted_by_id():
    raw = PUBLISHED.read_bytes()
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8"))))
    again = io.StringIO()
    csv.writer(again, lineterminator="\n").writerows([lines[0], *sorted(lines[1:])])
    assert raw == again.getvalue().encode("utf-8")
    assert lines[0] == COLUMNS


def test_every_row_says_where_it_stands_and_every_id_is_a_slug(rows):
    for column in ("method", "setting", "paper", "locator", "metric"):
        assert rows[column].str.strip().ne("").all(), column
    assert rows["id"].str.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*").all()
    assert rows["method"].str.fullmatch(r"[a-z]+(_[a-z]+)*").all()
    assert rows["experiment"].str.fullmatch(r"(\d\d(-[a-z0-9]+)+)?").all()


def test_no_experiment_asks_twice_for_the_same_cell(rows):
    asked = rows[rows["experiment"] != ""]
    assert not asked.duplicated(["experiment", "method", "setting", "metric"]).any()
    read = rows[rows["value"].notna()]
    assert not read.duplicated([*CELL, "metric", "locator"]).any()


def test_what_was_seen_is_of_high_confidence_and_what_was_quoted_is_not(rows):
    assert rows.loc[rows["read"] == "seen", "confidence"].eq("high").all()
    assert rows.loc[rows["read"] == "quoted", "confidence"].ne("high").all()
    assert set(rows["read"]) == {"seen", "quoted", "memory"}


def test_a_row_without_a_value_explains_itself(rows):
    empty = rows[rows["value"].isna()]
    assert len(empty) > 0
    assert empty["note"].ne("").all() and empty["spread"].isna().all()


OTHER_METRICS = {
    ("NSE", "1"), ("perplexity", "1"), ("claim", ""), ("slowdown, at least", "1"),
    ("slowdown, at most", "1"), ("epochs", "epochs"), ("time per epoch", "s"),
    ("firing rate", "Hz"), ("test nMSE", "1"), ("test SMSE", "1"), ("test MSE", "(Nm)^2"),
    ("time beside backprop", "1"), ("test bits per character", "bit"),
    ("ratio of longest sequences", "1"), ("epochs to criterion", "1"),
    ("Parzen log-likelihood", "nats"),
}  # fmt: skip


def test_units_fit_the_metrics(rows):
    for metric, unit in zip(rows["metric"], rows["unit"], strict=True):
        if "angle" in metric:
            assert unit == "deg", metric
        elif metric == "test error minus dense test error":
            assert unit == "points"
        elif "error" in metric or "accuracy" in metric:
            assert unit == "%", metric
        else:
            assert (metric, unit) in OTHER_METRICS


def test_values_lie_where_their_unit_allows_and_below_chance_level(rows):
    value = rows["value"].dropna()
    unit = rows.loc[value.index, "unit"]
    assert value[unit == "%"].between(0, 100).all()
    assert value[unit == "deg"].between(0, 180).all()
    assert (rows["spread"].dropna() > 0).all()
    ten_classes = rows["metric"].eq("test error") & ~rows["setting"].str.startswith("CIFAR-100")
    assert rows.loc[ten_classes, "value"].dropna().lt(90).all()


def test_error_and_accuracy_of_one_cell_add_up(rows):
    assert sums_off_100(rows).empty


def test_a_cell_whose_error_and_accuracy_disagree_would_be_found():
    """Guards the test above: it would also pass if no cell printed both."""
    cell = {"paper": "p", "method": "m", "setting": "s"}
    pair = [
        cell | {"metric": "test error", "value": 2.0},
        cell | {"metric": "test accuracy", "value": 98.0},
    ]
    assert sums_off_100(pd.DataFrame(pair)).empty
    pair[1]["value"] = 97.0
    assert len(sums_off_100(pd.DataFrame(pair))) == 1


def test_every_value_an_experiment_answers_has_a_tolerance(rows):
    asked = rows[(rows["experiment"] != "") & rows["value"].notna()]
    assert len(asked) > 60
    for row in asked.itertuples():
        assert tolerance(row.metric, row.setting) > 0


def test_the_table_of_nokland_has_ten_nets_and_three_rules(table1):
    assert table1.shape == (10, 3)
    assert sorted(table1.columns) == sorted(RULES)
    form = r"\d+x\d+ (tanh|logistic|ReLU)( \+ (dropout|adversarial))?"
    assert all(re.fullmatch(form, net) for net in table1.index)


def test_only_direct_feedback_alignment_trains_a_hundred_layers(table1):
    gaps = table1.isna()
    assert gaps.sum().sum() == 2
    assert list(gaps.loc["100x240 tanh", RULES]) == [True, True, False]


def test_with_one_hidden_layer_both_alignments_are_printed_equal(rows):
    """The two rules are the same there, so the paper's cells must agree; deeper ones need not."""
    paper = rows[(rows["paper"] == "nokland2016direct") & (rows["metric"] == "test error")]
    wide = paper.pivot(index="setting", columns="method", values="value").dropna()
    equal = wide["feedback_alignment"] == wide["direct_feedback_alignment"]
    shallow = wide.index.str.contains(r"\b1x\d+ ")
    assert shallow.sum() == 3 and equal[shallow].all()
    assert not equal[~shallow].any()


def test_training_error_is_below_test_error_except_under_dropout_and_too_few_steps(rows):
    both = rows[rows["metric"].isin(["train error", "test error"])]
    wide = both.pivot_table(index=CELL, columns="metric", values="value").dropna()
    above = wide[wide["train error"] >= wide["test error"]]
    assert len(wide) > 20
    # O'Connor's shortest phases stop far from rest, on either set
    known = ("dropout", "20 free and 4 nudged steps")
    settings = above.index.get_level_values("setting")
    assert all(any(part in setting for part in known) for setting in settings)


def test_the_headline_values_are_as_the_papers_print_them(table1, rows):
    value = rows.set_index("id")["value"]
    assert list(table1.loc["2x800 tanh", RULES]) == [1.60, 1.64, 1.74]
    assert list(table1.loc["7x240 tanh", RULES]) == [2.16, 2.20, 2.32]
    assert value["nokland2016direct-t1-2x800-tanh-dropout-dfa"] == 1.45
    assert value["lillicrap2016random-f2-fa"] == 2.1
    assert value["bartunov2018assessing-t1a-fc-fa"] == 1.85
    assert value["akrout2019deep-mnist-fa-epoch-400"] == 97.80


def test_the_adversarial_rows_say_that_they_are_not_free_of_backprop(rows):
    mine = rows[rows["setting"].eq("2x800 tanh + adversarial") & rows["method"].ne("backprop")]
    assert len(mine) >= 2
    assert mine["note"].str.contains("true backprop").all()


def test_rows_chosen_on_the_test_set_say_so(rows):
    for paper, metric in (("akrout2019deep", "best test accuracy"), ("bartunov2018assessing", "")):
        mine = rows[(rows["paper"] == paper) & rows["metric"].isin([metric, "test error"])]
        assert len(mine) >= 4
        assert mine["note"].str.contains("optimistic").all(), paper
