"""Committed results were made with the settings that the code would use today."""

import re
from collections import Counter
from dataclasses import fields, is_dataclass, replace

import pytest
from helpers import by_name

from credit import experiments, paths, rules
from credit.evidence import results
from credit.experiments import jobs
from credit.nets.networks import Init
from credit.nets.relaxation import Settling
from credit.training.criterion import ToCriterion
from credit.training.setting import Setting

# settings of the code that are not in the committed file yet; the number is exact, so that a file
# that is collected again takes itself off this list
LACKING: dict[str, int] = {}
AVAILABLE = [name for name in results.available() if name in experiments.EXPERIMENTS]


def classes() -> dict:
    """Everything that the repr of a setting may name."""
    found = {Init, Settling, Setting, ToCriterion, *rules.catalogue().values()}
    for name in experiments.EXPERIMENTS:
        for job in jobs(name, "paper"):
            found |= {type(job.setting), type(job.setting.rule)}
    return by_name(found)


@pytest.fixture(scope="module")
def known():
    return classes()


def settings_in(text: str, known: dict) -> Counter:
    """Of the lines `# setting: method repr`: a field that was added since has its default."""
    lines = re.findall(r"^# setting: (\S+) (.*)$", text, flags=re.MULTILINE)
    return Counter(
        (method, eval(written, {"__builtins__": {}}, known)) for method, written in lines
    )


def of_code(experiment: str) -> Counter:
    return Counter({(job.method, job.setting) for job in jobs(experiment, "paper")})


def text_of(experiment: str) -> str:
    head = results.path(experiment).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in head if line.startswith("#"))


@pytest.mark.parametrize("experiment", AVAILABLE)
def test_the_settings_of_committed_results_are_those_of_the_code(experiment, known):
    committed, wanted = settings_in(text_of(experiment), known), of_code(experiment)
    assert committed - wanted == Counter()
    assert (wanted - committed).total() == LACKING.get(experiment, 0)


def test_another_learning_rate_in_the_code_would_be_seen(known):
    """Guards the test above, which would also pass if nothing were read."""
    committed = settings_in(text_of("01-mnist"), known)
    assert committed.total() == 3
    changed = Counter(
        (method, replace(setting, learning_rate=0.03)) for method, setting in committed
    )
    assert (changed - of_code("01-mnist")).total() == 3


def test_every_reported_experiment_has_committed_results():
    assert sorted(AVAILABLE) == sorted(experiments.EXPERIMENTS)


@pytest.mark.parametrize("experiment", AVAILABLE)
def test_the_head_counts_the_runs_that_the_rows_are_of(experiment):
    """At paper scale, and all of them: a table cut short by hand or by a full disk is seen."""
    text, frame = text_of(experiment), results.load(experiment)
    assert "# profile: paper" in text.splitlines()
    done, total = map(
        int, re.search(r"^# runs: (\d+) of (\d+)$", text, flags=re.MULTILINE).groups()
    )
    assert done == total
    wanted = jobs(experiment, "paper")
    lacking = LACKING.get(experiment, 0)
    assert total == len(wanted) - lacking
    rows = set(frame[["method", "setting", "seed"]].itertuples(index=False, name=None))
    expected = {(job.method, job.name, job.seed) for job in wanted}  # of many networks, the first
    assert len(expected - rows) == lacking
    assert {row[:2] for row in rows} <= {job[:2] for job in expected}


def test_settings_are_plain_dataclasses_whose_repr_is_all_of_them(known):
    """What the comparison above rests on."""
    for name in AVAILABLE:
        for job in jobs(name, "paper")[:3]:
            again = eval(repr(job.setting), {"__builtins__": {}}, known)
            assert again == job.setting and is_dataclass(again)
            assert all(field.repr for field in fields(job.setting))


def test_no_committed_table_is_an_orphan():
    files = {file.stem for file in paths.RESULTS.glob("*.csv")} - {
        "bench",
        "spiking-bench",
        "spiking-speed",
    }
    assert files == set(AVAILABLE)
