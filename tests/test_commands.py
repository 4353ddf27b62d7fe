"""The command line: what it lists, and what it refuses to do."""

import json
import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest

from credit import cli, paths
from credit.evidence import results
from credit.experiments import EXPERIMENTS
from credit.rules.backprop import Backprop
from credit.runs.store import Job, RunStore
from credit.training.setting import Setting

BP = Setting(Backprop(), (784, 5, 10))
JOBS = [Job("90-stub", BP, seed) for seed in (0, 1, 2)] + [Job("90-stub", BP, 2, "the same run")]
ROWS = [{"epoch": 1.0, "layer": 0, "metric": "test error", "value": 9.5, "unit": "%"}]


@pytest.fixture
def store(tmp_path, monkeypatch, committed):
    """An experiment of four entries and three runs, of which the first is done."""
    for name in ("RUNS", "RESULTS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.setitem(EXPERIMENTS, "90-stub", lambda experiment, profile: JOBS)
    runs = RunStore()
    runs.save(JOBS[0], ROWS)
    return runs


def test_the_list_counts_every_run_once(store, capsys):
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "90-stub             1 of    3 runs done (quick)" in lines
    assert len(lines) == len(EXPERIMENTS)
    assert all(" 0 of " in line for line in lines if "90-stub" not in line)


def test_the_list_of_an_experiment_shows_the_keys_by_which_one_run_can_be_asked_for(store, capsys):
    assert cli.main(["list", "90-stub"]) == 0
    *lines, total = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [job.key, state] for job, state in zip(JOBS, ("done", "missing", "missing"), strict=False)
    ]
    assert lines[1].endswith("  backprop, 1x5 tanh, seed 1")
    assert "1 of    3" in total
    assert cli.main(["run", "90-stub", "--only", JOBS[0].key]) == 0


@pytest.mark.parametrize("key", ["", "abc"])
def test_a_key_that_no_run_has_is_refused(store, key, capsys):
    assert cli.main(["run", "90-stub", "--only", key]) == 2
    said = f"has the key {key!r}: see credit list 90-stub --profile quick; keys change with code"
    assert said in capsys.readouterr().err
    assert len(list(store.root.iterdir())) == 1  # nothing was run


def test_results_of_quick_runs_are_not_committed(store, capsys):
    for job in JOBS:
        store.save(job, ROWS)
    assert cli.main(["collect", "90-stub", "--profile", "quick"]) == 2
    assert "data/results holds runs at paper scale only" in capsys.readouterr().err
    assert not paths.RESULTS.exists()
    assert cli.main(["collect", "90-stub"]) == 0
    assert results.path("90-stub").exists()


def test_results_are_not_replaced_by_those_of_fewer_runs(store, capsys):
    for job in JOBS:
        store.save(job, ROWS)
    assert cli.main(["collect", "90-stub"]) == 0
    whole = results.path("90-stub").read_bytes()
    store.path(JOBS[1]).unlink()
    assert cli.main(["collect", "90-stub"]) == 2
    assert "of the 4 that are wanted now 1 are missing: go on" in capsys.readouterr().err
    assert results.path("90-stub").read_bytes() == whole
    results.path("90-stub").unlink()
    assert cli.main(["collect", "90-stub"]) == 0


def test_a_killed_worker_is_one_line_and_status_1(store, monkeypatch, capsys):
    def killed(*_):
        raise BrokenProcessPool("A process in the process pool was terminated abruptly")

    monkeypatch.setattr(RunStore, "fill", killed)
    assert cli.main(["run", "90-stub"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("credit: a worker was killed") and err.count("\n") == 1


def test_a_full_disk_says_where_room_is_needed(monkeypatch, capsys):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "_refresh", full)
    assert cli.main(["refresh"]) == 2
    assert f"No space left on device: make room for {paths.ROOT}" in capsys.readouterr().err


@pytest.mark.slow  # two processes that import torch
def test_a_reader_who_has_seen_enough_is_no_mistake():
    command = [sys.executable, "-m", "credit.cli", "list"]
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (run.returncode, run.stderr) == (141, "")
    whole = subprocess.run(command, capture_output=True, text=True)
    assert whole.returncode == 0 and whole.stdout.count("\n") == len(EXPERIMENTS)


@pytest.mark.parametrize(
    ("given", "expected"), [("", "runs"), ("mine", "mine"), ("/elsewhere", "/elsewhere")]
)
def test_a_run_store_of_ones_own_is_the_same_from_every_folder(given, expected, tmp_path):
    code = "import json; from credit import paths; print(json.dumps(str(paths.RUNS)))"
    environment = os.environ | {"CREDIT_RUNS": given}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    assert json.loads(run.stdout) == str(paths.ROOT / expected)
