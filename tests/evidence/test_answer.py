"""The answer table is made from data, and says where there is none."""

import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from credit.evidence import answer, results, verdicts
from credit.evidence.answer import BASELINES, METHODS, UNMEASURED
from credit.experiments import EXPERIMENTS, jobs
from credit.rules import catalogue
from credit.rules.backprop import Backprop
from credit.rules.sign_symmetry import SignSymmetry
from credit.show.reading import audit_table, own_rules, table


def test_every_method_of_the_question_has_a_row():
    notebooks = [number for m in METHODS for number in m.notebook.split(", ")]
    assert set(notebooks) == {f"{n:02}" for n in range(1, 19)}


def test_every_rule_with_an_experiment_is_in_the_answer_or_a_baseline():
    """The project's own rules, that is: those of a reader have no experiment."""
    used = {
        type(job.setting.rule).__module__.removeprefix("credit.rules.")
        for experiment in EXPERIMENTS
        for job in jobs(experiment, "quick")
    }
    known = {*BASELINES, *(m.rule for m in METHODS if m.rule and not m.probed)}
    assert {name for name in used if "." not in name} <= known
    assert known <= set(catalogue())


def test_a_rule_of_a_reader_has_its_row_and_leaves_the_readme_alone(monkeypatch):
    class Own(Backprop):
        name, short, source = "of my own", "OWN", ""

    before, known = answer.markdown(), catalogue() | {"own": Own}
    monkeypatch.setattr(answer, "catalogue", lambda: known)
    assert answer.own_rules()["own"] is Own
    assert set(answer.own_rules()) | set(answer.project_rules()) == set(known)
    assert "own" not in answer.project_rules()
    row = answer.own_table().set_index("method").loc["of my own"]
    assert row["nb"] == ""
    assert row["weight transport"] == "depends" and row["MNIST, test error"] == UNMEASURED
    assert answer.markdown() == before
    shown = own_rules().data
    assert "| OWN |" in shown and "of my own" in shown


def test_without_a_rule_of_a_reader_its_tables_say_where_one_goes(monkeypatch):
    monkeypatch.setattr(answer, "own_rules", dict)
    assert own_rules().data == "None so far: README tells how to add a rule."


def test_a_method_without_a_rule_is_not_yet_measured_in_every_cell():
    rows = answer.table().set_index("method")
    assert set(rows.loc["conceptors"].drop("nb")) == {UNMEASURED}


def test_without_results_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(results, "available", list)
    rows = answer.table()
    assert set(rows["MNIST, test error"]) == {UNMEASURED}
    for cell in rows["agreement with published values"]:
        nothing = "no value published for its runs"
        assert cell in (UNMEASURED, nothing) or re.fullmatch(r"reproduced 0; judged 0 of \d+", cell)


@pytest.fixture
def made_up(monkeypatch):
    """Results in which FA ends at 2.0 ± 0.1 and backprop at 1.0."""
    frame = pd.DataFrame(
        [
            {"experiment": "01-mnist", "method": method, "setting": "1x1000 logistic", "seed": seed,
             "epoch": 3, "layer": 0, "depth": 1, "width": 1000, "metric": "test error", "unit": "%",
             "value": value + 0.1 * (seed - 1)}
            for method, value in (("feedback_alignment", 2.0), ("backprop", 1.0), ("shallow", 9.0))
            for seed in range(3)
        ]
    )  # fmt: skip
    monkeypatch.setattr(results, "available", lambda: ["01-mnist"])
    monkeypatch.setattr(results, "load", lambda experiment: frame)
    return frame


def test_the_error_stands_beside_backprop_and_the_shallow_baseline(made_up):
    cell = answer.table().set_index("method").loc["feedback alignment", "MNIST, test error"]
    mean, half_width = verdicts.interval([1.9, 2.0, 2.1])
    assert cell == (
        f"{mean:.2f} ± {half_width:.2f} % (1x1000 logistic, n = 3; BP 1.00, shallow 9.00)"
    )


def in_spikes(made_up):
    """The cell of a method whose rule has 2.0 % beside backprop's 1.0 %, under other names."""
    names = {"feedback_alignment": "spikes", "backprop": "apical off", "shallow": "fixed"}
    frame = made_up.assign(setting=made_up["method"].map(names), method="ensembles")
    results.load = lambda experiment: frame
    where = answer.Spiking("01-mnist", "spikes", "MNIST", {"apical site off": "apical off"})
    return answer._spiking(where)


def test_what_was_trained_in_spikes_stands_beside_its_control(made_up, monkeypatch):
    monkeypatch.setattr(results, "load", results.load)  # put back afterwards
    assert in_spikes(made_up) == "MNIST: 2.00 ± 0.25 % (spikes, n = 3; apical site off 1.00)"
    lost = made_up["seed"].eq(1) & made_up["method"].eq("feedback_alignment")
    some = made_up.assign(metric=made_up["metric"].mask(lost, "diverged"))
    assert in_spikes(some).startswith("MNIST: 1.90, 2.10 % (spikes, n = 2, 1 of 3 diverged;")
    none = made_up.assign(metric="diverged")
    assert in_spikes(none) == ("MNIST: 3 of 3 diverged (spikes; apical site off 3 of 3 diverged)")
    monkeypatch.setattr(results, "available", list)
    assert in_spikes(made_up) == UNMEASURED


def test_what_is_shown_of_spikes_has_five_seeds_and_its_controls():
    shown = [method.spiking for method in METHODS if method.spiking]
    assert shown
    for where in shown:
        runs = results.final(results.load(where.experiment)).groupby("setting")["seed"].nunique()
        assert set(runs[[where.setting, *where.beside.values()]]) == {5} and where.beside


def test_a_fair_shallow_baseline_may_be_in_another_experiment(made_up, monkeypatch):
    fixed = made_up[made_up["method"] == "shallow"].assign(value=4.0, setting="with linear output")
    of = {"90-fixed": fixed}
    monkeypatch.setattr(results, "load", lambda experiment: of.get(experiment, made_up))
    method = replace(METHODS[0], shallow=("90-fixed", "with linear output"))
    assert "; BP 1.00, shallow 4.00)" in answer._mnist(method)


def test_a_fair_backprop_takes_the_place_of_the_one_in_the_same_network(made_up, monkeypatch):
    linear = made_up[made_up["method"] == "backprop"].assign(value=0.5)
    frame = pd.concat([made_up, linear.assign(setting="1x1000 logistic, linear output")])
    monkeypatch.setattr(results, "load", lambda experiment: frame)
    method = replace(METHODS[0], fair="linear output")
    assert "; BP with linear output 0.50, shallow 9.00)" in answer._mnist(method)
    assert "; BP 1.00, shallow 9.00)" in answer._mnist(METHODS[0])
    deep = frame.replace({"1x1000 logistic": "1x9 tanh"}, regex=True).assign(width=9)
    frame = pd.concat([deep, deep.replace({"1x9": "2x9"}, regex=True).assign(depth=2)])
    monkeypatch.setattr(results, "available", lambda: ["02-depth"])
    assert answer._depth(METHODS[0]) == "1 → 2 layers: 2.0 → 2.0 % (BP 1.0 → 1.0)"
    fair = answer._depth(method)
    assert fair == "1 → 2 layers: 2.0 → 2.0 % (BP with linear output 0.5 → 0.5)"


def test_a_diverged_run_is_counted_in_its_cell_and_not_averaged(made_up, monkeypatch):
    fa = made_up["method"] == "feedback_alignment"
    lost = made_up[fa & (made_up["seed"] == 0)].assign(seed=3)
    lost = [lost.assign(value=90.2, epoch=2), lost.assign(metric="diverged", unit="1")]
    monkeypatch.setattr(results, "load", lambda experiment: pd.concat([made_up, *lost]))
    cell = answer._mnist(METHODS[0])
    assert cell.startswith("2.00 ± 0.25 % (1x1000 logistic, n = 3, 1 of 4 diverged; BP 1.00")
    every = made_up.assign(metric=made_up["metric"].where(~fa, "diverged"))
    monkeypatch.setattr(results, "load", lambda experiment: every)
    assert answer._mnist(METHODS[0]) == "3 of 3 diverged (1x1000 logistic)"


@pytest.mark.parametrize("how", ["a row says so", "it left no value"])
def test_a_mean_beside_says_too_that_a_run_of_it_diverged(made_up, monkeypatch, how):
    """Backprop's fourth run, in both cells; at one depth only, of the two that are shown."""
    more = made_up[(made_up["method"] == "backprop") & (made_up["seed"] == 0)].assign(seed=3)
    lost = more.assign(metric="diverged") if how == "a row says so" else more.assign(value=math.nan)
    monkeypatch.setattr(results, "load", lambda experiment: pd.concat([made_up, lost]))
    assert "; BP 1.00 (1 of 4 diverged), shallow 9.00)" in answer._mnist(METHODS[0])
    wide = pd.concat([made_up, lost]).assign(setting="1x9 tanh", width=9)
    deep = made_up.assign(setting="2x9 tanh", width=9, depth=2)
    monkeypatch.setattr(results, "load", lambda experiment: pd.concat([wide, deep]))
    monkeypatch.setattr(results, "available", lambda: ["02-depth"])
    cell = answer._depth(METHODS[0])
    assert cell == "1 → 2 layers: 2.0 → 2.0 % (BP 1.0 (1 of 4 diverged) → 1.0)"


def test_runs_that_scatter_beyond_what_can_be_are_told_one_by_one(made_up, monkeypatch):
    ends = {0: 5.0, 1: 13.0, 2: 79.0}
    fa = made_up["method"] == "feedback_alignment"
    spread = made_up.assign(value=made_up["value"].where(~fa, made_up["seed"].map(ends)))
    monkeypatch.setattr(results, "load", lambda experiment: spread)
    assert answer._mnist(METHODS[0]).startswith("5.00, 13.00, 79.00 % (1x1000 logistic, n = 3;")


def of_rule(rule):
    return next(method for method in METHODS if method.rule == rule)


def test_beside_an_error_on_imagenet_stands_backprop_on_the_same_network():
    cell = answer._imagenet(of_rule("weight_mirror"))
    assert cell == "23.4 % top-1 error (ResNet-50, BP 22.9; Akrout et al. 2019, recalled)"
    labelled = answer._imagenet(of_rule("sign_symmetry"))  # the rule's own label is no network
    assert "(ResNet-18, BP 30.39; " in labelled


@pytest.fixture
def three_values(monkeypatch):
    """One published value recalled, one read in its paper, one without a run; on made-up runs."""
    rows = verdicts.published("01-mnist", "feedback_alignment")[:1]
    made = [("a", "1x1000 logistic", 2.1, "memory"), ("b", "1x9 tanh", 2.0, "seen")]
    made += [("c", "1x9 ReLU", 2.0, "seen")]
    rows = pd.concat([rows.assign(id=i, setting=s, value=v, read=read) for i, s, v, read in made])
    backprop = rows.assign(method="backprop", value=1.0, id=rows["id"] + "-bp")
    everything = pd.concat([rows, backprop], ignore_index=True)

    def published(experiment=None, method=None, setting=None):
        return everything[(everything["method"] == method) | (method is None)].reset_index(
            drop=True
        )

    monkeypatch.setattr(verdicts, "published", published)


def test_the_agreement_counts_computed_verdicts_and_what_was_not_judged(
    made_up, three_values, monkeypatch
):
    frame = made_up[made_up["seed"] == 0].drop(columns=["seed", "value"])
    ends = {"feedback_alignment": 2.1, "backprop": 1.0, "shallow": 9.0}
    runs = pd.concat(
        [frame.assign(seed=seed, value=frame["method"].map(ends)) for seed in range(3)]
    )
    net = runs.assign(setting="1x9 tanh", value=runs["value"] - 0.1)
    monkeypatch.setattr(results, "load", lambda experiment: pd.concat([runs, net]))
    assert answer._agreement(METHODS[0]) == (
        "reproduced 1; agrees with a recalled value 1; judged 2 of 3; "
        "difference to BP agrees in 2 of 2"
    )
    monkeypatch.setattr(results, "load", lambda experiment: runs)
    assert answer._agreement(METHODS[0]) == (
        "reproduced 0; agrees with a recalled value 1; judged 1 of 3; "
        "difference to BP agrees in 1 of 1"
    )
    worse = runs.assign(value=2 * runs["value"])
    monkeypatch.setattr(results, "load", lambda experiment: worse)
    assert answer._agreement(METHODS[0]) == (
        "reproduced 0; differs, worse 1; judged 1 of 3; difference to BP agrees in 0 of 1"
    )


def test_a_method_with_values_and_no_experiment_for_them_says_so():
    assert answer._agreement(of_rule("sign_symmetry")) == "no value published for its runs"


def test_the_published_epochs_of_one_run_count_once():
    """Kolen-Pollack: seven values of one set of runs, four of them answered here."""
    assert "; judged 1 of 1" in answer._agreement(of_rule("kolen_pollack"))
    assert len(verdicts.published("01-akrout", "kolen_pollack")) == 7


def test_the_table_in_the_readme_can_be_replaced_and_found_again():
    readme = f"before\n{answer.BEGIN}old{answer.END}after\n"
    new = answer.with_table(readme)
    assert answer.in_readme(new) == answer.markdown()
    assert new.startswith("before\n") and new.endswith("after\n")


def test_a_readme_without_the_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match=r"README\.md has lost the lines"):
        answer.with_table("no table here")


def test_the_audit_table_has_numbers_and_words():
    rows = audit_table([Backprop(), SignSymmetry()], seeds=3)
    assert list(rows["weight transport"]) == ["depends", "signs only"]
    assert list(rows["TG1, different updates"]) == ["10", "10"]
    assert float(rows["WT2, same signs: s"][0]) > 0.5
    assert rows["WT2, same signs: s"][1] == "< 1e-09"
    assert list(rows["numbers it sends"]) == ["9", "9"]
    assert list(rows["seeds that say so"]) == ["3 of 3", "3 of 3"]


def test_a_markdown_table_has_a_line_per_row():
    shown = table(pd.DataFrame({"a": [1.234, 2.0], "b": ["x", "y"]})).data
    assert shown.splitlines() == ["| a | b |", "| --- | --- |", "| 1.23 | x |", "| 2.00 | y |"]


def test_a_note_stands_below_its_table():
    frame = pd.DataFrame({"a": [1.0]})
    assert table(frame, "why").data == table(frame).data + "\n\nwhy"
