"""The join of runs with published rows: values, differences, orders, and what is counted once."""

import itertools
import math

import pandas as pd
import pytest
from published_rows import use

from credit.evidence import results, verdicts
from credit.evidence.agreement import RULE
from credit.evidence.verdicts import (
    Runs,
    difference,
    format_table,
    judgements,
    mean_in_words,
    order_table,
    published,
    verdict_table,
)

T2 = 0.95 / math.sqrt(2 * 0.975 * 0.025)  # the 97.5 % point of t with 2 degrees of freedom
FA, DFA = {"method": "feedback_alignment"}, {"method": "direct_feedback_alignment"}


def result(value, seed=0, epoch=10, **other):
    """One row of measured results."""
    row = {"experiment": "99-toy", "method": "backprop", "setting": "2x8 tanh", "seed": seed}
    row |= {"epoch": epoch, "metric": "test error", "value": value, "unit": "%", "depth": 2}
    return row | other


def three(*values, **other):
    return [result(value, seed, **other) for seed, value in enumerate(values)]


def diverged(seed, epoch=4, **other):
    return result(epoch, seed, epoch, metric="diverged", unit="1", **other)


def words(rows, **keywords):
    return dict(verdict_table(pd.DataFrame(rows), "99-toy", **keywords).set_index("id")["verdict"])


# --- values --------------------------------------------------------------------------------


def test_each_published_row_gets_one_verdict_from_the_runs_of_its_own_cell(tmp_path, monkeypatch):
    use(
        tmp_path,
        monkeypatch,
        {"spread": "0.05"},
        {"id": "b"} | FA,
        {"id": "c", "setting": "3x8 tanh"},
        {"id": "d", "metric": "test accuracy", "value": "90"},
        {"id": "e", "experiment": "98-toy"},
    )
    rows = three(1.71, 1.72, 1.73) + three(5.0, 5.0, 5.0, **FA)
    rows += three(95, 95, 95, metric="test accuracy") + three(9, 9, 9, experiment="98-toy")
    table = verdict_table(pd.DataFrame(rows), "99-toy").set_index("id")
    assert dict(table["verdict"]) == {
        "a": "reproduced",
        "b": "differs, worse",
        "c": "not yet measured",
        "d": "differs, better",
    }
    assert dict(table["n"]) == {"a": 3, "b": 3, "c": 0, "d": 3}
    assert table["mean"]["a"] == pytest.approx(1.72, abs=1e-12)
    assert table["half_width"]["a"] == pytest.approx(T2 * 0.01 / math.sqrt(3), abs=1e-9)


def test_the_tolerance_of_a_row_is_a_tenth_of_its_error_but_not_finer_than_its_print(
    tmp_path, monkeypatch
):
    use(
        tmp_path,
        monkeypatch,
        {"value": "2.00"},
        {"id": "b", "setting": "3x8 tanh", "value": "0.2"},
        {"id": "c", "setting": "4x8 tanh", "value": "98.00", "metric": "test accuracy"},
    )
    for gap, expected in ((0.19, "reproduced"), (0.21, "near, worse"), (0.41, "differs, worse")):
        rows = three(*[2.0 + gap] * 3)
        rows += three(*[0.2 + gap / 4] * 3, setting="3x8 tanh")  # ± 0.05, not ± 0.02
        rows += three(*[98.0 - gap] * 3, setting="4x8 tanh", metric="test accuracy")
        assert set(words(rows).values()) == {expected}


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
    assert words(rows) == {"a": "reproduced", "b": "not yet measured"}


def test_a_value_reported_under_both_names_counts_once(tmp_path, monkeypatch):
    name = "test error at epoch 10"
    use(tmp_path, monkeypatch, {"metric": name})
    rows = three(1.7, 1.8, 1.9, epoch=10) + three(1.7, 1.8, 1.9, epoch=10, metric=name)
    assert verdict_table(pd.DataFrame(rows), "99-toy")["n"][0] == 3
    rows[-1]["value"] = 2.0
    with pytest.raises(ValueError, match="seed twice"):
        verdict_table(pd.DataFrame(rows), "99-toy")


def test_the_published_spread_enters_the_verdict_of_its_row(tmp_path, monkeypatch):
    rows = three(1.8, 1.8, 1.8)
    use(tmp_path, monkeypatch, {"spread": "0.05"})
    assert words(rows) == {"a": "reproduced"}
    use(tmp_path, monkeypatch, {"spread": "0.15"})
    assert words(rows) == {"a": "near, worse"}


def test_a_row_without_a_value_still_shows_what_was_measured(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"value": "", "metric": "perplexity"})
    table = verdict_table(pd.DataFrame(three(88, 89, 90, metric="perplexity")), "99-toy")
    assert (table["verdict"][0], table["mean"][0]) == (
        "no value to compare with",
        pytest.approx(89),
    )
    assert judgements(table).empty


def test_a_range_is_judged_as_a_range(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"value": "", "low": "2", "high": "3"})
    # the tolerance is a tenth of the middle, 0.25
    judged = {2.1: "reproduced", 3.2: "near, worse", 3.27: "differs, worse", 3.6: "differs, worse"}
    for value, word in judged.items():
        assert words(three(value, value, value)) == {"a": word}
    table = verdict_table(pd.DataFrame(three(2.1, 2.1, 2.1)), "99-toy")
    assert format_table(table)["published"][0] == "between 2 and 3 (read)"


def test_a_cost_is_shown_only_where_nothing_was_measured(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "setting": "100x8 tanh"})
    rows = three(1.7, 1.7, 1.7)
    found = words(rows, costs={"a": "1 h", "b": "8 h"})
    assert found == {"a": "reproduced", "b": "out of reach here: 8 h"}
    with pytest.raises(ValueError, match=r"\['z'\]"):
        words(rows, costs={"z": "8 h"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*three(1.7, 1.7, 1.7), result(9.9, seed=0)], "seed twice"),
        (three(0.017, 0.017, 0.017, unit="fraction"), "fraction"),
        (three(1.7, 1.7, math.nan), "diverged"),
        (three(1.7, 1.7, 1.7, epoch=math.nan), "without an epoch"),
    ],
)
def test_results_that_would_falsify_the_verdict_are_refused(tmp_path, monkeypatch, rows, message):
    use(tmp_path, monkeypatch, {})
    with pytest.raises(ValueError, match=message):
        verdict_table(pd.DataFrame(rows), "99-toy")


def test_missing_result_columns_and_unknown_experiments_are_named(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {})
    rows = pd.DataFrame(three(1.7, 1.7, 1.7))
    with pytest.raises(ValueError, match=r"\['seed'\]"):
        verdict_table(rows.drop(columns="seed"), "99-toy")
    with pytest.raises(ValueError, match=r"'97-toy'.*99-toy"):
        verdict_table(rows, "97-toy")


# --- whose value it is, and how it was read ---------------------------------------------------


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"read": "seen"}, "reproduced"),
        ({"read": "memory"}, "agrees with a recalled value"),
        ({"read": "quoted"}, "agrees with a quoted value"),
        ({"read": "derived"}, "agrees with a derived value"),
        ({"origin": "implementation"}, "agrees with a public implementation"),
    ],
)
def test_only_a_value_read_in_its_paper_can_be_reproduced(tmp_path, monkeypatch, change, word):
    use(tmp_path, monkeypatch, change)
    assert words(three(1.7, 1.7, 1.7)) == {"a": word}
    assert words(three(1.9, 1.9, 1.9)) == {"a": "near, worse"}  # that much is true of any value


# --- runs that diverged -----------------------------------------------------------------------


def test_a_diverged_run_is_counted_and_never_averaged(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {})
    rows = [*three(1.7, 1.7, 1.7), diverged(seed=3)]
    table = verdict_table(pd.DataFrame(rows), "99-toy")
    found = (table["verdict"][0], table["n"][0], table["mean"][0])
    assert found == ("1 of 4 diverged", 3, pytest.approx(1.7))
    assert words(rows[:3]) == {"a": "reproduced"}  # it is the diverged run that costs the word


def test_what_a_run_measured_before_it_diverged_is_no_last_value(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "metric": "test error at epoch 2"})
    rows = [*three(1.7, 1.7, 1.7), *three(1.7, 1.7, 1.7, epoch=2), result(1.7, seed=3, epoch=2)]
    rows.append(diverged(seed=3))
    assert words(rows) == {"a": "1 of 4 diverged", "b": "reproduced"}


def test_runs_that_all_diverged_say_so(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b"} | FA)
    rows = [diverged(seed) for seed in range(3)]
    assert words(rows) == {"a": "3 of 3 diverged", "b": "not yet measured"}


def test_an_epoch_that_no_run_has_reached_is_unmeasured_though_one_diverged(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"metric": "test error at epoch 400"})
    assert words([*three(1.7, 1.7, 1.7), diverged(seed=3)]) == {"a": "not yet measured"}


def test_seeds_without_a_value_are_counted_too(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"metric": "epochs to criterion", "value": "48", "unit": "1"})
    rows = three(48, 48, 48, metric="epochs to criterion", unit="1")
    rows.append(result(0, seed=3, metric="solved", unit="1"))
    assert words(rows) == {"a": "1 of 4 without a value"}


# --- one run, one verdict ------------------------------------------------------------------


def test_epochs_and_angles_of_the_same_runs_are_one_judgement_and_the_worst_counts(
    tmp_path, monkeypatch
):
    at = "test error at epoch "
    use(
        tmp_path,
        monkeypatch,
        {"metric": at + "10", "value": "5.0"},
        {"id": "b", "metric": at + "20"},
        {"id": "c", "metric": at + "400"},
        {"id": "d", "metric": at + "20"} | FA,
    )
    rows = (
        three(6.5, 6.5, 6.5) + three(1.7, 1.7, 1.7, epoch=20) + three(1.7, 1.7, 1.7, epoch=20, **FA)
    )
    table = verdict_table(pd.DataFrame(rows), "99-toy")
    shown = ["differs, worse", "reproduced", "not yet measured", "reproduced"]
    assert list(table["verdict"]) == shown
    assert list(judgements(table)) == ["differs, worse", "reproduced"]


# --- differences to backprop, and the order -----------------------------------------------------


def test_the_difference_to_the_backprop_of_the_same_table_is_judged(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "value": "2.00"} | FA)
    rows = three(2.6, 2.7, 2.8) + three(2.9, 3.0, 3.1, **FA)
    table = verdict_table(pd.DataFrame(rows), "99-toy").set_index("id")
    assert table["verdict"]["b"] == "differs, worse"  # the values are far off ...
    assert table["difference_verdict"]["b"] == "reproduced"  # ... and 0.3 apart, as published
    assert table["difference"]["b"] == pytest.approx(0.3)
    assert table["difference_half_width"]["b"] == pytest.approx(0, abs=1e-9)
    assert table["difference_verdict"]["a"] == ""
    swapped = three(2.9, 3.0, 3.1) + three(2.6, 2.7, 2.8, **FA)
    table = verdict_table(pd.DataFrame(swapped), "99-toy").set_index("id")
    assert table["difference_verdict"]["b"] == "differs, better"


def differing(tmp_path, monkeypatch, bp, fa, ours):
    """The word on a difference of `ours`, without scatter, beside two published rows."""
    use(tmp_path, monkeypatch, bp, {"id": "b"} | fa | FA)
    rows = three(1.0, 2.0, 3.0) + three(1.0 + ours, 2.0 + ours, 3.0 + ours, **FA)
    table = verdict_table(pd.DataFrame(rows), "99-toy").set_index("id")
    return table["difference_verdict"]["b"]


@pytest.mark.parametrize(
    ("bp", "fa", "ours", "word"),
    [
        # a tenth of the larger of the two values, 0.3
        ({"value": "1.00"}, {"value": "3.00"}, 2.29, "reproduced"),
        ({"value": "3.00"}, {"value": "1.00"}, -1.71, "reproduced"),
        ({"value": "1.00"}, {"value": "3.00"}, 2.31, "near, worse"),
        # both were rounded, by 0.05 each
        ({"value": "0.2"}, {"value": "0.2"}, 0.09, "reproduced"),
        ({"value": "0.2"}, {"value": "0.2"}, 0.11, "near, worse"),
        # and both spreads count: 0.2 here, where 0.15 and 0.15 make 0.21
        ({"value": "3.00", "spread": "0.20"}, {"value": "3.00"}, 0.09, "reproduced"),
        ({"value": "3.00", "spread": "0.20"}, {"value": "3.00"}, 0.11, "near, worse"),
        ({"value": "3.00"}, {"value": "3.00", "spread": "0.20"}, 0.11, "near, worse"),
        (
            {"value": "3.00", "spread": "0.15"},
            {"value": "3.00", "spread": "0.15"},
            0.09,
            "near, worse",
        ),
    ],
)
def test_both_published_values_make_the_tolerance_of_their_difference(
    tmp_path, monkeypatch, bp, fa, ours, word
):
    assert differing(tmp_path, monkeypatch, bp, fa, ours) == word


def test_a_difference_of_accuracies_is_one_of_errors(tmp_path, monkeypatch):
    accuracy = {"metric": "test accuracy"}
    use(
        tmp_path,
        monkeypatch,
        {"value": "98.0"} | accuracy,
        {"id": "b", "value": "97.0"} | accuracy | FA,
    )
    rows = three(98, 98, 98, **accuracy) + three(96, 96, 96, **accuracy, **FA)
    table = verdict_table(pd.DataFrame(rows), "99-toy").set_index("id")
    assert table["published_difference"]["b"] == pytest.approx(1.0)
    assert table["difference"]["b"] == pytest.approx(2.0)
    assert table["difference_verdict"]["b"] == "differs, worse"


def test_equal_accuracies_differ_by_plus_zero(tmp_path, monkeypatch):
    accuracy = {"metric": "test accuracy", "value": "98.3"}
    use(tmp_path, monkeypatch, accuracy, {"id": "b"} | accuracy | FA)
    accuracy = {"metric": "test accuracy"}
    rows = three(98, 98, 98, **accuracy) + three(98, 98, 98, **accuracy, **FA)
    short = format_table(verdict_table(pd.DataFrame(rows), "99-toy"))
    assert short["minus backprop: published, here"][1].startswith("+0.0, ")


@pytest.mark.parametrize(
    "other", [{"paper": "lee2015dtp"}, {"setting": "3x8 tanh"}, {"metric": "train error"}]
)
def test_backprop_of_another_paper_network_or_metric_is_not_compared_with(
    tmp_path, monkeypatch, other
):
    use(tmp_path, monkeypatch, other, {"id": "b"} | FA)
    table = verdict_table(pd.DataFrame(three(1.7, 1.7, 1.7, **FA)), "99-toy").set_index("id")
    assert table["difference_verdict"]["b"] == ""


def test_a_rule_with_a_label_of_its_own_names_the_backprop_it_was_printed_beside(
    tmp_path, monkeypatch
):
    parallel = {"setting": "2x8 tanh, parallel"} | FA
    rows = pd.DataFrame(three(1.7, 1.7, 1.7) + three(1.7, 1.7, 1.7, **parallel))
    use(tmp_path, monkeypatch, {}, {"id": "b", "beside": "2x8 tanh"} | parallel)
    table = verdict_table(rows, "99-toy").set_index("id")
    assert table["difference_verdict"]["b"] == "reproduced"
    assert list(order_table(rows, "99-toy")["here"]) == ["BP ≈ FA parallel"]
    use(tmp_path, monkeypatch, {}, {"id": "b"} | parallel)
    table = verdict_table(rows, "99-toy").set_index("id")
    assert table["difference_verdict"]["b"] == ""


def test_a_difference_is_no_better_than_the_worse_known_of_its_two_values(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {"read": "memory"}, {"id": "b"} | FA)
    rows = pd.DataFrame(three(1.7, 1.7, 1.7) + three(1.7, 1.7, 1.7, **FA))
    table = verdict_table(rows, "99-toy").set_index("id")
    assert table["verdict"]["b"] == "reproduced"
    assert table["difference_verdict"]["b"] == "agrees with a recalled value"


def test_a_diverged_run_of_either_leaves_the_difference_open(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b"} | FA)
    rows = [*three(1.7, 1.7, 1.7), *three(1.7, 1.7, 1.7, **FA), diverged(3)]
    table = verdict_table(pd.DataFrame(rows), "99-toy").set_index("id")
    assert (table["verdict"]["b"], table["difference_verdict"]["b"]) == (
        "reproduced",
        "1 of 4 diverged",
    )
    assert list(order_table(pd.DataFrame(rows), "99-toy")["verdict"]) == ["1 of 4 diverged"]


@pytest.mark.parametrize(
    ("fa", "dfa", "here", "word"),
    [
        (2.0, 2.5, "BP < FA < DFA", "same order"),
        (2.5, 2.0, "BP < DFA < FA", "another order"),
        (1.7, 2.0, "BP ≈ FA < DFA", "open"),
    ],
)
def test_the_order_of_the_methods_is_judged(tmp_path, monkeypatch, fa, dfa, here, word):
    use(
        tmp_path,
        monkeypatch,
        {},
        {"id": "b", "value": "1.80"} | FA,
        {"id": "c", "value": "1.90"} | DFA,
    )
    rows = three(1.69, 1.7, 1.71) + three(fa, fa, fa, **FA) + three(dfa, dfa, dfa, **DFA)
    found = order_table(pd.DataFrame(rows), "99-toy").iloc[0]
    assert (found["published"], found["here"], found["verdict"]) == ("BP < FA < DFA", here, word)


def test_published_values_within_their_spread_claim_no_order(tmp_path, monkeypatch):
    spread = {"spread": "0.10"}
    use(tmp_path, monkeypatch, spread, {"id": "b", "value": "1.80"} | spread | FA)
    rows = pd.DataFrame(three(1.7, 1.7, 1.7) + three(1.8, 1.8, 1.8, **FA))
    assert list(order_table(rows, "99-toy")["verdict"]) == ["no order published"]
    use(tmp_path, monkeypatch, {"read": "memory"}, {"id": "b", "value": "1.80"} | FA)
    assert list(order_table(rows, "99-toy")["verdict"]) == ["agrees with a recalled order"]


def test_values_that_rounding_makes_differ_claim_no_order(tmp_path, monkeypatch):
    rows = pd.DataFrame(three(1.7, 1.7, 1.7) + three(1.8, 1.8, 1.8, **FA))
    use(tmp_path, monkeypatch, {"value": "1.7"}, {"id": "b", "value": "1.8"} | FA)
    assert list(order_table(rows, "99-toy")["verdict"]) == ["no order published"]
    use(tmp_path, monkeypatch, {"value": "1.70"}, {"id": "b", "value": "1.80"} | FA)
    assert list(order_table(rows, "99-toy")["verdict"]) == ["same order"]


def test_of_accuracies_the_larger_is_the_better(tmp_path, monkeypatch):
    accuracy = {"metric": "test accuracy"}
    use(tmp_path, monkeypatch, {"value": "98.0"} | accuracy,
        {"id": "b", "value": "97.0"} | accuracy | FA)  # fmt: skip
    for fa, word in ((95.0, "same order"), (99.0, "another order")):
        rows = three(98, 98, 98, **accuracy) + three(fa, fa, fa, **accuracy, **FA)
        found = order_table(pd.DataFrame(rows), "99-toy").iloc[0]
        assert (found["published"], found["verdict"]) == ("BP > FA", word)


def test_fewer_than_three_runs_stand_in_no_order(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b", "value": "1.80"} | FA)
    rows = three(1.7, 1.7, 1.7) + three(2.0, 2.0, 2.0, **FA)
    assert len(order_table(pd.DataFrame(rows), "99-toy")) == 1
    assert order_table(pd.DataFrame(rows[:-1]), "99-toy").empty


SWAPS = ("01-mnist", "01-akrout", "02-table1", "06-mnist", "06-parallel", "14-mnist")
SWAPS += ("14-normalised",)


def judged(frame, experiment):
    table = verdict_table(frame, experiment).set_index("id")
    return table["verdict"] + " | " + table["difference_verdict"]


@pytest.fixture(scope="module")
def swaps():
    """For the project's own results: did giving one method's runs to another change its words?

    Returns   experiment, apart (whether our runs of the two differ by more than noise), changed
    """
    found = []
    for experiment in SWAPS:
        frame = results.with_accuracy(results.load(experiment))
        frame = frame[frame["metric"].isin(["test error", "train error", "test accuracy"])]
        cells = frame["method"] + " @ " + frame["setting"]
        before, runs = judged(frame, experiment), Runs(frame, experiment)
        rows = published(experiment)
        rows = rows[
            [row.value == row.value and len(runs.of(row)[0]) > 2 for row in rows.itertuples()]
        ]
        rows["net"] = rows["beside"].where(rows["beside"] != "", rows["setting"])
        for _, part in rows.groupby(["paper", "net"]):
            networks = part.groupby(["method", "setting"])
            for (one, mine), (other, theirs) in itertools.combinations(networks, 2):
                swapped = frame.copy()
                for here, there in ((one, other), (other, one)):
                    swapped.loc[cells == " @ ".join(here), ["method", "setting"]] = there
                after = judged(swapped, experiment)
                pairs = itertools.product(mine.itertuples(), theirs.itertuples())
                for a, b in ((a, b) for a, b in pairs if a.metric == b.metric):
                    gap, half_width, _ = difference(runs.of(a)[0], runs.of(b)[0])
                    for row in (a, b):
                        changed = after[row.id] != before[row.id]
                        found.append((experiment, abs(gap) > half_width, changed))
    return pd.DataFrame(found, columns=["experiment", "apart", "changed"])


def test_permuting_the_methods_changes_most_words_where_they_differ_by_more_than_noise(swaps):
    apart = swaps[swaps["apart"]]
    assert len(apart) > 50
    assert apart["changed"].mean() > 2 / 3
    assert apart.groupby("experiment")["changed"].any().all()


def test_a_tolerance_as_wide_as_the_errors_would_not_tell_the_methods_apart(monkeypatch):
    """Guards the test above: generous constants leave every word of the same results as it is."""
    frame = results.load("02-table1")
    swapped = frame.replace(
        {"method": {"feedback_alignment": "backprop", "backprop": "feedback_alignment"}}
    )
    strict = judged(frame, "02-table1") != judged(swapped, "02-table1")
    monkeypatch.setattr("credit.evidence.agreement.SHARE", 10.0)
    monkeypatch.setattr("credit.evidence.agreement.LARGEST", 20.0)
    generous = judged(frame, "02-table1") != judged(swapped, "02-table1")
    assert generous.sum() == 0 < strict.sum()


# --- the table to read --------------------------------------------------------------------------


def test_the_formatted_table_shows_names_papers_and_how_a_value_was_read(tmp_path, monkeypatch):
    use(
        tmp_path,
        monkeypatch,
        {"spread": "0.04"},
        {"id": "b", "setting": "3x8 tanh", "value": "45.1", "spread": "0.3", "read": "memory"},
        {"id": "c", "setting": "4x8 tanh", "value": ""} | DFA,
        {"id": "d", "setting": "5x8 tanh", "value": "2", "paper": "someone/code"},
    )
    rows = [*three(1.7, 1.8, 1.9), result(2.0, setting="5x8 tanh")]
    short = format_table(verdict_table(pd.DataFrame(rows), "99-toy"))
    assert list(short["method"]) == ["backprop"] * 2 + ["direct feedback alignment", "backprop"]
    assert list(short["paper"]) == ["Nøkland 2016"] * 3 + ["someone/code"]
    assert set(short["metric"]) == {"test error, %"}
    assert list(short["published"]) == [
        "1.70 ± 0.04 (read)",
        "45.1 ± 0.3 (recalled)",
        "no value read",
        "2 (read)",
    ]
    assert list(short["here"]) == ["1.80 ± 0.25 (n = 3)", "–", "–", "2.00 (n = 1)"]
    assert short["verdict"].iloc[-1] == "too few runs"
    assert list(short) == ["method", "setting", "metric", "paper", "published", "here", "verdict"]


def test_the_formatted_table_shows_the_difference_to_backprop_and_hides_no_row(
    tmp_path, monkeypatch
):
    use(tmp_path, monkeypatch, {}, {"id": "b", "value": "1.80"} | FA, {"id": "c"} | DFA)
    rows = three(1.7, 1.8, 1.9) + three(1.75, 1.85, 1.95, **FA)
    short = format_table(verdict_table(pd.DataFrame(rows), "99-toy"))
    assert len(short) == 3
    column = "minus backprop: published, here"
    assert list(short[column]) == ["–", "+0.10, +0.05 ± 0.00", "+0.00, –"]
    assert list(short["its verdict"]) == ["–", "reproduced", "not yet measured"]


def test_every_published_row_of_an_experiment_is_shown():
    frame = results.load("02-table1")
    assert len(format_table(verdict_table(frame, "02-table1"))) == len(published("02-table1"))


def test_the_rule_stands_where_the_tables_are_made():
    assert verdicts.RULE is RULE


SAID = {
    (1.0, 2.0, 3.0, 2.0, 2.0): "2.00 ± 0.88",
    (5.26, 78.98, 13.38): "5.26, 13.38, 78.98",  # down to -67 %
    (95.0, 99.0, 99.0): "95.00, 99.00, 99.00",  # up to 103 %
    (1.0, 1.1): "1.00, 1.10",  # too few for an interval
    (0.0, 0.0, 0.0): "0.00 ± 0.00",
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.6): "0.10 ± 0.26",  # too many to be told one by one
    (0.00016, 0.00017, 0.00018): "0.0002 ± 0.0000",  # no number is printed as 0.00
    (0.0101, 0.0102, 0.0103): "0.01 ± 0.00",
    (1e-9, 1e-9, 1e-9): "0.00 ± 0.00",  # but what is 0 to rounding
}


@pytest.mark.parametrize("runs", SAID, ids=str)
def test_an_interval_that_says_nothing_is_not_printed(runs):
    assert mean_in_words(runs) == SAID[runs]


def test_beyond_100_there_is_room_for_what_is_no_percentage():
    assert mean_in_words((95.0, 99.0, 99.0), "1") == "97.67 ± 5.74"
    assert mean_in_words((9.0, 99.0, 99.0), "1") == "9.00, 99.00, 99.00"


def test_a_table_to_read_lists_runs_whose_mean_says_nothing(tmp_path, monkeypatch):
    use(tmp_path, monkeypatch, {}, {"id": "b"} | FA)
    short = format_table(verdict_table(pd.DataFrame(three(1.0, 9.0, 80.0)), "99-toy"))
    assert short["here"].tolist() == ["1.00, 9.00, 80.00 (n = 3)", "–"]
    two = [*three(1.7, 1.7, 1.7)[:2], *three(1.7, 1.9, 1.7, **FA)[:2]]
    short = format_table(verdict_table(pd.DataFrame(two), "99-toy"))
    assert short["here"].tolist() == ["1.70, 1.70 (n = 2)", "1.70, 1.90 (n = 2)"]
    assert short["minus backprop: published, here"][1].endswith(", +0.10")
