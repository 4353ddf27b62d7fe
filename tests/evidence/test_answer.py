"""The answer table is made from data, and says where there is none."""

from dataclasses import replace

import pandas as pd
import pytest

from credit.evidence import answer, results, verdicts
from credit.evidence.answer import METHODS, UNMEASURED
from credit.rules import catalogue
from credit.rules.backprop import Backprop
from credit.rules.sign_symmetry import SignSymmetry
from credit.show.reading import audit_table, table


def test_every_method_of_the_question_has_a_row():
    assert {m.notebook for m in METHODS} == {f"{n:02}" for n in range(1, 19)}


BASELINES = {"backprop", "shallow", "almeida_pineda"}


def test_every_rule_but_the_baselines_is_in_the_answer():
    assert {m.rule for m in METHODS if m.rule} == set(catalogue()) - BASELINES


def test_a_method_without_a_rule_is_not_yet_measured_in_every_cell():
    rows = answer.table().set_index("method")
    assert set(rows.loc["conceptors"].drop("nb")) == {UNMEASURED}


def test_without_results_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(results, "available", list)
    rows = answer.table()
    assert set(rows["MNIST, test error"]) == {UNMEASURED}
    assert set(rows["agreement with its paper"]) == {UNMEASURED}


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


def test_the_agreement_counts_computed_verdicts(made_up):
    cell = answer.table().set_index("method").loc["feedback alignment", "agreement with its paper"]
    assert cell == "1 reproduced"  # 2.1 published for Fig. 2; the sparse net has no partner


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
