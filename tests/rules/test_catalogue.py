"""Rules from outside the library, and files that hold none."""

import os
import sys

import pytest

from credit import paths
from credit.rules import catalogue, rule
from credit.rules.base import Rule
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.runs.store import Job, RunStore, sources
from credit.training.setting import Setting

HEAD = "from dataclasses import dataclass\nfrom credit.rules.base import Rule\n"
RULE = (
    HEAD
    + """
@dataclass(frozen=True)
class Outside(Rule):
    name, short, source = "from outside", "OUT", "owner/name"

    def teach(self, ch, trace):
        return {ch.L: ch.error(trace)}
"""
)
LIBRARY = set(catalogue())


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """write(name, text) puts a rule file into a folder that CREDIT_RULES names."""
    monkeypatch.setattr(paths, "RULES", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return tmp_path / f"{name}.py"

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_rule_of_a_folder_outside_is_in_the_catalogue_and_keeps_its_file_in_the_key(outside):
    file = outside("outside_rule", RULE)
    assert set(catalogue()) == LIBRARY | {"outside_rule"}
    found = rule("outside_rule")
    assert isinstance(found, Rule) and found.short == "OUT"
    job = Job("e", Setting(found, (784, 5, 10)), 0)
    assert job.method == "outside_rule" and len(job.key) == 20
    assert sources("outside_rule")["outside_rule"] == file.read_text()


def test_files_and_folders_outside_may_be_named_together(outside, tmp_path, monkeypatch):
    one = outside("first_rule", RULE)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/second_rule.py").write_text(RULE)
    (tmp_path / "deep/_helper.py").write_text("no rule")
    monkeypatch.setattr(paths, "RULES", os.pathsep.join([str(one), str(tmp_path / "deep")]))
    assert set(catalogue()) == LIBRARY | {"first_rule", "second_rule"}


@pytest.mark.slow  # two fresh processes load torch
def test_a_rule_outside_runs_in_workers(outside, tmp_path):
    outside("outside_rule", RULE)
    setting = Setting(rule("outside_rule"), (784, 5, 10), examples=64, epochs=1)
    jobs = [Job("e", setting, seed) for seed in (0, 1)]
    frame = RunStore(tmp_path / "runs").fill(jobs, workers=2, progress=False).frame(jobs)
    assert set(frame["method"]) == {"outside_rule"} and set(frame["seed"]) == {0, 1}


WRONG = {
    "syntax": ("class Broken(:\n", "SyntaxError"),
    "name": (RULE.replace("import Rule", "import Role"), "ImportError: cannot import name 'Role'"),
    "raises": (RULE + "\n1 / 0\n", "ZeroDivisionError"),
    "none": (HEAD, "0 rules in it, expected one frozen dataclass"),
    "two": (RULE + RULE.replace("Outside", "Another"), "2 rules in it"),
    "short": (RULE.replace("short", "long"), "Outside has no short, expected a text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_cannot_be_used_is_left_out_with_one_line_and_the_others_stay(outside, case):
    text, message = WRONG[case]
    file = outside(f"wrong_{case}", text)
    outside("good_rule", RULE)
    with pytest.warns(UserWarning, match="left out of the catalogue") as caught:
        assert set(catalogue()) == LIBRARY | {"good_rule"}
    (line,) = (str(w.message) for w in caught)
    assert str(file) in line and message in line and "\n" not in line
    with pytest.raises(ValueError, match=f"wrong_{case}.py"):
        rule(f"wrong_{case}")
    assert rule("feedback_alignment") == FeedbackAlignment()


def test_a_name_that_is_taken_is_refused_and_the_first_stays(outside):
    outside("backprop", RULE)
    with pytest.warns(UserWarning, match=r"there is a rule 'backprop' already"):
        assert catalogue()["backprop"].__module__ == "credit.rules.backprop"


def test_a_file_called_as_another_module_is_refused_with_both(outside):
    outside("json", RULE)
    with pytest.warns(UserWarning, match=r"another module is called json, .*rename this one"):
        assert set(catalogue()) == LIBRARY


def test_a_file_that_is_not_there_is_named(outside, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "RULES", str(tmp_path / "nowhere.py"))
    with pytest.warns(UserWarning, match=r"nowhere\.py: FileNotFoundError: no such file"):
        assert set(catalogue()) == LIBRARY
