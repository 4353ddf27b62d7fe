"""data/published.csv: every published value with where it stands and how it was read."""

import csv
import io
import math
import re

import pandas as pd
import pytest
from published_rows import use

from credit.evidence import results
from credit.evidence.agreement import BEST, tolerance
from credit.evidence.published import (
    COLUMNS,
    MARKS,
    PUBLISHED,
    READ,
    citation,
    has_value,
    in_words,
    places,
    plus_minus,
    published,
)
from credit.evidence.verdicts import verdict_table

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
    assert len(asked) > 100
    assert not asked.duplicated(["experiment", "method", "setting", "metric"]).any()
    read = rows[rows["value"].notna()]
    assert not read.duplicated([*CELL, "metric", "locator"]).any()


def test_what_was_seen_is_of_high_confidence_and_what_was_quoted_or_derived_is_not(rows):
    assert rows.loc[rows["read"] == "seen", "confidence"].eq("high").all()
    assert rows.loc[rows["read"].isin(["quoted", "derived"]), "confidence"].ne("high").all()
    assert set(rows["read"]) == {"seen", "quoted", "memory", "derived"}


def test_every_way_of_reading_has_its_word_in_tables_and_its_best_verdict():
    assert set(READ) == set(BEST) == set(MARKS["read"])
    assert [read for read, word in BEST.items() if word == "reproduced"] == ["seen"]


def test_a_claim_in_words_that_was_put_as_a_number_is_derived_and_not_seen(rows):
    mine = rows[rows["id"].str.contains("-identical-")]
    assert len(mine) == 2
    assert mine["read"].eq("derived").all()
    assert mine["note"].str.contains("the paper prints no such number").all()


def test_a_range_in_words_has_two_ends_and_is_no_standard_deviation(rows):
    ranges = rows[rows["low"].notna()]
    assert len(ranges) >= 4
    assert ranges["value"].isna().all() and ranges["spread"].isna().all()
    assert (ranges["low"] < ranges["high"]).all()
    assert not rows["note"].str.contains("half of that range").any()
    scellier = rows[rows["id"].str.fullmatch(r"scellier2017-mnist-.*-test")]
    assert len(scellier) == 4
    assert set(zip(scellier["low"], scellier["high"], strict=True)) == {(2.0, 3.0)}


def test_a_repository_of_somebody_else_is_an_implementation_and_no_paper(rows):
    """A source that is named like a repository, unless it is the authors' own."""
    authors_own = {"QUVA-Lab/spiking-eqprop"}  # of oconnor2019spiking
    named = rows["paper"].str.contains("/") & ~rows["paper"].isin(authors_own)
    named |= rows["paper"] == "westerchl"
    assert named.sum() > 20
    assert (rows["origin"].eq("implementation") == named).all()


def test_a_row_that_names_the_backprop_beside_it_finds_it(rows):
    named = rows[rows["beside"] != ""]
    backprop = rows[rows["method"] == "backprop"]
    there = set(zip(backprop["paper"], backprop["setting"], backprop["metric"], strict=True))
    assert len(named) >= 5
    asked = zip(named["paper"], named["beside"], named["metric"], strict=True)
    assert {one for one in asked if one not in there} == set()


def test_every_experiment_that_is_asked_is_one_that_was_run_or_that_a_notebook_runs(rows):
    live = {"01-linear", "10-streams", "18-cable"}  # measured where they are shown
    assert set(rows["experiment"]) - {""} - live <= set(results.available())


def test_a_row_without_a_value_explains_itself(rows):
    empty = rows[~has_value(rows)]
    assert len(empty) > 0
    assert empty["note"].ne("").all() and empty["spread"].isna().all()


OTHER_METRICS = {
    ("NSE", "1"), ("perplexity", "1"), ("claim", ""), ("slowdown, at least", "1"),
    ("slowdown, at most", "1"), ("epochs", "epochs"), ("time per epoch", "s"),
    ("firing rate", "Hz"), ("test nMSE", "1"), ("test SMSE", "1"), ("test MSE", "(Nm)^2"),
    ("time beside backprop", "1"), ("test bits per character", "bit"),
    ("ratio of longest sequences", "1"), ("epochs to criterion", "1"),
    ("Parzen log-likelihood", "nats"), ("loss", "1"), ("correlation", "1"),
    ("attenuation", "%"), ("velocity", "m/s"), ("amplitude", "mV"),
    ("normalised RMS", "1"),
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
        assert tolerance(row.metric, row.value, row.rounding) > 0


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


# --- reading the file ---------------------------------------------------------------------


def test_published_rows_are_filtered_and_an_empty_value_is_nan(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "method": "kickback", "value": "", "spread": "0.1"})
    rows = published(method="kickback")
    assert list(rows["id"]) == ["b"]
    assert math.isnan(rows["value"][0]) and rows["spread"][0] == 0.1
    assert len(published()) == 2
    assert len(published(experiment="99-toy", setting="2x8 tanh")) == 2
    assert published(experiment="98-toy").empty


@pytest.mark.parametrize(
    ("printed", "rounding"), [("1.70", 0.005), ("1.7", 0.05), ("2", 0.5), ("0.00", 0.005)]
)
def test_the_print_of_a_value_tells_how_it_was_rounded(tmp_path, monkeypatch, printed, rounding):
    use(tmp_path, monkeypatch, {"value": printed})
    assert published()["rounding"][0] == pytest.approx(rounding)
    assert f"{float(printed):.{places(rounding)}f}" == printed


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"read": "heard"}, "read"),
        ({"origin": "blog"}, "origin"),
        ({"confidence": ""}, "confidence"),
        ({"value": "about 2"}, "value"),
        ({"value": "nan"}, "value"),
        ({"value": "1e-2"}, "value"),
        ({"spread": "inf"}, "spread"),
        ({"low": "2", "high": "3"}, "value"),
        ({"value": "", "low": "2", "high": "3", "spread": "0.5"}, "value"),
        ({"value": "", "low": "2"}, "low"),
        ({"value": "", "low": "3", "high": "2"}, "low"),
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


def test_a_file_that_is_no_text_is_named(tmp_path, monkeypatch):
    path = use(tmp_path, monkeypatch, {})
    path.write_bytes(b"\xff\xfe" + path.read_bytes())
    with pytest.raises(ValueError, match=r"is damaged \(Unicode") as caught:
        published()
    assert str(path) in str(caught.value)


# --- in words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("nokland2016direct", "Nøkland 2016"),
        ("scellier2017equilibrium", "Scellier and Bengio 2017"),
        ("akrout2019deep", "Akrout et al. 2019"),
        ("emeraxon", "O'Reilly et al. 2024"),  # 'and others'
        ("meulemans2020tp", "Meulemans et al. 2020"),  # authors on two lines
        ("someone/code", "someone/code"),
    ],
)
def test_a_source_is_named_as_readers_know_it(key, name):
    assert citation(key) == name


def test_no_citation_of_a_published_value_holds_markup(rows):
    assert not any(set("{}\\") & set(citation(key)) for key in rows["paper"])


def test_a_value_in_words_says_how_it_was_read_and_keeps_its_print(tmp_path, monkeypatch):
    use(
        tmp_path,
        monkeypatch,
        {"value": "2.0", "read": "memory"},
        {"id": "b", "setting": "3x8 tanh", "value": "", "low": "2", "high": "3"},
        {"id": "c", "setting": "4x8 tanh", "value": "", "read": "memory"},
        {"id": "d", "setting": "5x8 tanh", "value": "0", "read": "derived"},
    )
    columns = ["experiment", "method", "setting", "seed", "epoch", "metric", "value", "unit"]
    table = verdict_table(pd.DataFrame([], columns=columns).astype({"epoch": float}), "99-toy")
    assert [in_words(row) for row in table.itertuples()] == [
        "2.0 (recalled)",
        "between 2 and 3 (read)",
        "no value read",
        "0 (derived)",
    ]


def test_a_spread_is_not_cut_shorter_than_its_own_digits():
    assert plus_minus(45.1, 0.3, 1) == "45.1 ± 0.3"
    assert plus_minus(2.0, 0.125, 1) == "2.000 ± 0.125"
    assert plus_minus(1.70, math.nan, 2) == "1.70"
    assert plus_minus(0.1, 0.2, 2, sign="+") == "+0.10 ± 0.20"


def test_a_range_is_a_value_to_compare_with_and_a_row_without_either_is_none():
    rows = pd.DataFrame({"value": [1.0, math.nan, math.nan], "low": [math.nan, 2.0, math.nan]})
    assert has_value(rows).tolist() == [True, True, False]
