"""The run store: keys, whole files, resuming, tidy frames."""

import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from credit import paths
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.runs import store
from credit.runs.store import COLUMNS, Job, RunStore, cores, sources, write_whole
from credit.spiking import event_driven
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.tasks import data
from credit.training.setting import Setting

SETTING = Setting(Backprop(), (784, 5, 10))
ROWS = [{"epoch": 1.0, "layer": 0, "metric": "test error", "value": 7.25, "unit": "%"}]

# A run that takes no time to speak of and writes down that it was done.
STUB = """
import os, time
from pathlib import Path

def run(setting, seed):
    time.sleep(float(os.environ.get("STUB_SECONDS", 0)))
    if str(seed) == os.environ.get("STUB_FAILS"):
        raise ArithmeticError(f"seed {seed} diverged")
    with Path(os.environ["STUB_LOG"]).open("a") as log:
        log.write(f"{seed}\\n")
    return [{"epoch": 1.0, "layer": 0, "metric": "test error", "value": 0.5 * seed, "unit": "%"}]
"""


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """jobs(*seeds) of the stub, done() = the seeds it ran in order, and the store they fill."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "stub_run.py").write_text(STUB)
    log = tmp_path / "log"
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    monkeypatch.setenv("STUB_LOG", str(log))
    return SimpleNamespace(
        folder=tmp_path / "lib",
        store=RunStore(tmp_path / "runs"),
        jobs=lambda *seeds: [Job("e", SETTING, seed, run="stub_run:run") for seed in seeds],
        done=lambda: [int(line) for line in log.read_text().split()] if log.exists() else [],
    )


def leftovers(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


# keys


@pytest.fixture
def edited(monkeypatch):
    """edited(module, old, new): from here on the module's source reads differently."""
    plain = sources

    def edit(module, old, new):
        def found(*modules):
            texts = plain(*modules)
            if module in texts:
                assert old in texts[module]
                texts[module] = texts[module].replace(old, new)
            return texts

        monkeypatch.setattr(store, "sources", found)
        store._code_of.cache_clear()

    yield edit
    store._code_of.cache_clear()


def key(setting=SETTING, seed=0, **changes):
    return Job("e", setting, seed, **changes).key


def test_a_key_is_the_same_for_the_same_job_and_fit_for_a_file_name():
    assert key() == key(replace(SETTING))
    assert re.fullmatch("[0-9a-f]{20}", key())


@pytest.mark.parametrize(
    "field", [f.name for f in dataclasses.fields(Setting) if f.name != "dataset"]
)
def test_a_key_changes_with_every_field_of_the_setting(field):
    other = {
        "rule": FeedbackAlignment(), "sizes": (784, 6, 10), "nonlinearity": "relu",
        "output": "linear", "weights": Init("normal"), "biases": None, "examples": 7,
        "optimiser": "adam", "learning_rate": 0.2, "schedule": "linear",
        "own_learning_rate": 0.2, "weight_decay": 0.2,
        "batch": 7, "epochs": 7, "stop_below": 0.2, "test_epochs": (1,),
        "coherent": True, "sent": "sign", "apart": True, "precision": "float64",
        "shuffled": False,
    }  # fmt: skip
    start = replace(SETTING, nonlinearity="signed_relu") if field == "coherent" else SETTING
    assert key(replace(start, **{field: other[field]})) != key(start)


def test_a_key_changes_with_a_field_of_the_rule():
    rules = FeedbackAlignment(Init("uniform", 1.0)), FeedbackAlignment(Init("uniform", 2.0))
    assert key(replace(SETTING, rule=rules[0])) != key(replace(SETTING, rule=rules[1]))


def test_a_key_changes_with_the_seed():
    assert len({key(seed=seed) for seed in range(10)}) == 10


def test_a_key_changes_with_the_data(monkeypatch):
    before = key()
    assert key(replace(SETTING, dataset="cifar10")) != before
    monkeypatch.setattr(data, "version", lambda name: f"{name}-other")
    assert key() != before


def test_a_key_does_not_change_with_the_label():
    assert Job("another", SETTING, 0, label="other").key == key()


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("credit.rules.backprop", "ch.W_back)", "ch.own['B'])"),
        ("credit.rules.base", "for l in range(ch.L - 1, 0, -1)", "for l in range(ch.L - 1, 1, -1)"),
        ("credit.training.run", "0.75 * running", "0.5 * running"),
        ("credit.nets.networks", "1 - h * h", "1 - h"),
        ("credit.tasks.dataset", "div_(255)", "div_(256)"),
    ],
    ids=lambda text: text if text.startswith("credit") else "",
)
def test_a_key_changes_with_the_code_that_the_run_used(edited, module, old, new):
    before = key()
    edited(module, old, new)
    assert key() != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(BP): the weight transport is this argument", "(BP): another comment"),
        ("Rumelhart, Hinton & Williams 1986.", "And before them others."),
        ("Backprop, written by hand", "Backprop, written by somebody else"),
        ("(ch, trace, ch.W_back)", "(\n            ch, trace, ch.W_back\n        )"),
    ],
    ids=["comment", "docstring", "module docstring", "layout"],
)
def test_a_key_does_not_change_with_comments_docstrings_and_layout(edited, old, new):
    before = key()
    edited("credit.rules.backprop", old, new)
    assert key() == before


def test_the_code_of_another_rule_is_in_no_key(edited):
    used = sources("credit.training.run", "credit.rules.backprop")
    needed = ("training.run", "rules.base", "nets.networks", "nets.channels", "nets.streams")
    needed += ("tasks.data", "training.diagnostics", "training.descent", "training.setting")
    assert {f"credit.{name}" for name in needed} <= set(used)
    rules = [name for name in used if name.startswith("credit.rules.")]
    assert rules == [f"credit.rules.{name}" for name in ("backprop", "base", "contract")]
    before = key()
    edited("credit.rules.feedback_alignment", "ch.own", "ch.disowned")
    assert key() == before
    assert key(replace(SETTING, rule=FeedbackAlignment())) != before


def test_the_code_of_what_a_rule_is_made_of_is_in_the_key(edited):
    """A rule in a field of another: the pathway of errors in spikes."""
    signs, other = (
        event_driven.Setting(TwoPopulations(way=way)) for way in (Signs(), KolenPollack())
    )
    before = key(signs), key(other)
    edited("credit.spiking.pathways.signs", "np.sign", "np.abs")
    assert key(signs) != before[0] and key(other) == before[1]


def test_the_code_that_keeps_runs_and_says_where_is_in_no_key():
    used = sources("credit.training.run", "credit.rules.backprop")
    others = {"credit.runs.store", "credit.paths", "credit.evidence.results", "credit.cli"}
    assert not others & set(used)


def test_a_rule_outside_the_library_is_in_the_key_by_its_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    text = """
    from dataclasses import dataclass
    from credit.rules.base import Rule

    @dataclass(frozen=True)
    class Mine(Rule):
        name = short = source = "mine"
        def teach(self, ch, trace):
            return {ch.L: FACTOR * ch.error(trace)}
    """
    keys = []
    for factor in ("1", "2"):
        (tmp_path / "mine.py").write_text(textwrap.dedent(text).replace("FACTOR", factor))
        store._code_of.cache_clear()
        import mine

        keys.append(key(replace(SETTING, rule=mine.Mine())))
    store._code_of.cache_clear()
    del sys.modules["mine"]
    assert keys[0] != keys[1]


def test_what_a_rule_outside_inherits_from_a_file_beside_it_is_in_the_key(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "heir.py").write_text("from ancestor import Old\n\nclass New(Old): pass\n")
    keys = []
    for factor in ("1", "2"):
        lines = ["from credit.rules.backprop import Backprop", "class Old(Backprop):"]
        lines += [f"    def teach(self, ch, trace): return {{ch.L: {factor} * ch.error(trace)}}"]
        (tmp_path / "ancestor.py").write_text("\n".join(lines))
        store._code_of.cache_clear()
        from heir import New

        keys.append(key(replace(SETTING, rule=New())))
    store._code_of.cache_clear()
    del sys.modules["heir"], sys.modules["ancestor"]
    assert keys[0] != keys[1]


# one run on disk


def test_a_saved_run_loads_back_with_its_provenance(tmp_path):
    runs, job = RunStore(tmp_path / "deep" / "er"), Job("e", SETTING, 3)
    assert runs.load(job) is None
    runs.save(job, ROWS)
    record = runs.load(job)
    assert record["rows"] == ROWS
    assert record["seed"] == 3
    assert record["setting"] == repr(SETTING)
    assert set(record["provenance"]) == {
        "commit", "python", "torch", "numpy", "machine", "processor", "capability"
    }  # fmt: skip
    assert leftovers(tmp_path) == [f"{job.key}.json"]


def test_a_value_that_is_not_a_number_survives(tmp_path):
    runs, job = RunStore(tmp_path), Job("e", SETTING, 3)
    runs.save(job, [{**ROWS[0], "value": float("nan")}])
    (row,) = runs.load(job)["rows"]
    assert row["value"] != row["value"]


@pytest.mark.parametrize("keep", [0, 1, 50, -1], ids=str)
def test_a_damaged_file_is_refused_with_its_name_and_what_to_do(tmp_path, keep):
    runs, job = RunStore(tmp_path), Job("e", SETTING, 3)
    runs.save(job, ROWS)
    whole = runs.path(job).read_text()
    runs.path(job).write_text(whole[:keep])
    with pytest.raises(ValueError, match=r"is damaged .*: do its run again") as e:
        runs.load(job)
    assert str(runs.path(job)) in str(e.value)


def test_bytes_that_are_no_text_are_refused_with_the_name_of_the_file(tmp_path):
    runs, job = RunStore(tmp_path), Job("e", SETTING, 3)
    runs.path(job).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=f"{job.key}.json is damaged"):
        runs.load(job)


# whole files


def test_writing_replaces_the_old_file(tmp_path):
    file = tmp_path / "new" / "file.csv"
    for text in ("old\n", "new, ø\n"):
        write_whole(file, text)
        assert file.read_text(encoding="utf-8") == text
    assert leftovers(tmp_path) == ["file.csv"]


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_full_disk_is_one_clear_error_and_leaves_the_old_file(tmp_path, monkeypatch, broken):
    file = tmp_path / "file.csv"
    write_whole(file, "old")
    owner = store.os if broken == "fsync" else store.Path
    monkeypatch.setattr(owner, broken, full)
    with pytest.raises(OSError, match="No space left on device; nothing half-written") as caught:
        write_whole(file, "new")
    assert f"cannot write {file}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_text() == "old"
    assert leftovers(tmp_path) == ["file.csv"]


def test_a_disk_that_fills_while_writing_leaves_nothing(tmp_path, monkeypatch):
    class Full:
        """A file that takes half of the text, then the disk is full."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, text):
            self.file.write(text[: len(text) // 2])
            self.file.flush()
            assert len(leftovers(tmp_path)) == 1  # so there is something to tidy up
            full()

    plain = store.Path.open
    monkeypatch.setattr(store.Path, "open", lambda *args, **kw: Full(plain(*args, **kw)))
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(tmp_path / "runs" / "file.json", "a text of some length")
    assert leftovers(tmp_path) == []


def test_a_run_done_again_removes_what_one_killed_while_writing_left(tmp_path):
    runs, job = RunStore(tmp_path), Job("e", SETTING, 3)
    (tmp_path / f".{job.key}.json.0123.part").write_text("half")
    (tmp_path / ".another.json.0123.part").write_text("of a run at work")
    runs.save(job, ROWS)
    assert leftovers(tmp_path) == [".another.json.0123.part", f"{job.key}.json"]


def test_two_processes_that_end_the_same_run_at_once_keep_it_and_neither_fails(
    tmp_path, monkeypatch
):
    runs, job = RunStore(tmp_path), Job("e", SETTING, 3)
    plain = store.Path.replace

    def overtaken(part, target):
        monkeypatch.setattr(store.Path, "replace", plain)
        RunStore(tmp_path).save(job, ROWS)  # the other one, which takes our part for a leftover
        return plain(part, target)

    monkeypatch.setattr(store.Path, "replace", overtaken)
    runs.save(job, ROWS)
    assert runs.load(job)["rows"] == ROWS
    assert leftovers(tmp_path) == [f"{job.key}.json"]


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match=r"cannot write .*nothing half-written.*CREDIT_RUNS"):
        RunStore(tmp_path / "file").save(Job("e", SETTING, 3), ROWS)
    assert leftovers(tmp_path) == ["file"]


def test_a_folder_without_permission_is_one_clear_error(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(store.Path, "open", refused)
    with pytest.raises(OSError, match=r"cannot write .*file.csv: Permission denied"):
        write_whole(tmp_path / "file.csv", "new")
    assert leftovers(tmp_path) == []


def test_a_file_may_be_read_by_whom_any_new_file_may(tmp_path):
    """A store on a cluster is shared."""
    write_whole(tmp_path / "ours", "text")
    (tmp_path / "plain").write_text("text")
    modes = [(tmp_path / name).stat().st_mode for name in ("ours", "plain")]
    assert modes[0] == modes[1]


# filling


def test_filling_does_what_is_missing_and_each_key_once(stub):
    stub.store.fill(stub.jobs(1, 2, 2, 1), workers=1, progress=False)
    assert stub.done() == [1, 2]
    assert [job.seed for job in stub.store.missing(stub.jobs(0, 1, 2, 3, 3))] == [0, 3]
    stub.store.fill(stub.jobs(0, 1, 2), workers=1, progress=False)
    stub.store.fill(stub.jobs(0, 1, 2), workers=1, progress=False)
    assert stub.done() == [1, 2, 0]


def test_a_damaged_run_is_missing_and_done_again_in_its_place(stub):
    stub.store.fill(stub.jobs(0, 1), workers=1, progress=False)
    whole = stub.store.frame(stub.jobs(0, 1))
    damaged = stub.store.path(stub.jobs(1)[0])
    damaged.write_text(damaged.read_text()[:50])
    assert [job.seed for job in stub.store.missing(stub.jobs(0, 1))] == [1]
    stub.store.fill(stub.jobs(0, 1), workers=1, progress=False)
    assert stub.done() == [0, 1, 1]
    pd.testing.assert_frame_equal(stub.store.frame(stub.jobs(0, 1)), whole)


def test_a_failing_run_raises_and_the_finished_ones_are_kept(stub, monkeypatch):
    monkeypatch.setenv("STUB_FAILS", "2")
    with pytest.raises(ArithmeticError, match="seed 2 diverged"):
        stub.store.fill(stub.jobs(0, 1, 2, 3), workers=1, progress=False)
    assert [job.seed for job in stub.store.missing(stub.jobs(0, 1, 2, 3))] == [2, 3]
    assert len(leftovers(stub.store.root)) == 2
    monkeypatch.delenv("STUB_FAILS")
    stub.store.fill(stub.jobs(0, 1, 2, 3), workers=1, progress=False)
    assert stub.done() == [0, 1, 2, 3]


@pytest.mark.slow  # two fresh processes load torch
def test_two_workers_do_each_run_once_and_pass_a_failure_on(stub, monkeypatch):
    monkeypatch.setenv("STUB_FAILS", "2")
    with pytest.raises(ArithmeticError, match="seed 2 diverged"):
        stub.store.fill(stub.jobs(0, 1, 2), workers=2, progress=False)
    deadline = time.monotonic() + 30
    while stub.store.missing(stub.jobs(*stub.done())) and time.monotonic() < deadline:
        time.sleep(0.02)  # the other worker may be about to save its run
    assert not stub.store.missing(stub.jobs(*stub.done()))
    assert 2 not in stub.done()
    assert len(set(stub.done())) == len(stub.done())


def test_the_progress_bar_is_silent_when_asked(stub, capsys):
    stub.store.fill(stub.jobs(0), workers=1, progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow  # a fresh process and its two workers load torch
def test_a_killed_batch_leaves_no_worker_and_goes_on_with_what_is_missing(stub):
    """SIGKILL in the middle of a run: nothing can be tidied up."""
    seeds = list(range(6))
    script = f"""
    from pathlib import Path
    from credit.rules.backprop import Backprop
    from credit.runs.store import Job, RunStore
    from credit.training.setting import Setting
    jobs = [Job("e", Setting(Backprop(), (784, 5, 10)), s, run="stub_run:run") for s in {seeds}]
    if __name__ == "__main__":
        RunStore(Path({str(stub.store.root)!r})).fill(jobs, workers=2, progress=False)
    """
    (stub.folder / "batch.py").write_text(textwrap.dedent(script))
    environment = os.environ | {"PYTHONPATH": str(stub.folder), "STUB_SECONDS": "0.5"}
    command = [sys.executable, stub.folder / "batch.py"]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 90
    while len(stub.store.missing(stub.jobs(*seeds))) == 6 and time.monotonic() < deadline:
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=30)  # the pipe ends when the last worker, too, is gone
    assert child.returncode == -signal.SIGKILL
    kept = {p: p.stat().st_mtime_ns for p in stub.store.root.glob("*.json")}
    missing = [job.seed for job in stub.store.missing(stub.jobs(*seeds))]
    assert 0 < len(missing) < 6
    before = len(stub.done())
    stub.store.fill(stub.jobs(*seeds), workers=1, progress=False)
    assert stub.done()[before:] == missing
    assert kept.items() <= {p: p.stat().st_mtime_ns for p in stub.store.root.iterdir()}.items()
    assert len(stub.store.frame(stub.jobs(*seeds))) == 6


# frames


def test_a_frame_has_one_tidy_row_for_each_row_of_each_run(stub):
    jobs = stub.jobs(0, 1, 2)
    frame = stub.store.fill(jobs, workers=1, progress=False).frame(jobs)
    assert list(frame) == COLUMNS
    assert frame["seed"].tolist() == [0, 1, 2]
    assert frame["value"].tolist() == [0, 0.5, 1]
    assert frame["run"].tolist() == [job.key for job in jobs]
    assert frame.iloc[0].drop(["run", "seed", "epoch", "layer", "value"]).to_dict() == {
        "experiment": "e", "method": "backprop", "setting": "1x5 tanh", "dataset": "mnist",
        "depth": 1, "width": 5, "metric": "test error", "unit": "%",
    }  # fmt: skip


def test_a_job_may_be_labelled_otherwise_than_its_setting(tmp_path):
    job = Job("e", SETTING, 0, label="1x5 tanh, rate 0.1")
    RunStore(tmp_path).save(job, ROWS)
    assert RunStore(tmp_path).frame([job])["setting"].tolist() == ["1x5 tanh, rate 0.1"]


def test_rows_that_say_their_own_seed_keep_it(tmp_path):
    job = Job("e", SETTING, 40)
    RunStore(tmp_path).save(job, [{**row, "seed": 40 + i} for i, row in enumerate(2 * ROWS)])
    frame = RunStore(tmp_path).frame([job])
    assert frame["seed"].tolist() == [40 + i for i in range(2 * len(ROWS))]
    assert list(frame) == COLUMNS


def test_a_run_that_is_not_there_is_named_in_words(tmp_path):
    message = f"e: the run of backprop, 1x5 tanh, seed 7 is not in {tmp_path}: fill the store first"
    with pytest.raises(LookupError, match=re.escape(message)):
        RunStore(tmp_path).frame([Job("e", SETTING, 7)])


# surroundings


def test_the_number_of_workers_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("CREDIT_WORKERS", "3")
    assert cores() == 3
    monkeypatch.delenv("CREDIT_WORKERS")
    assert 1 <= cores() <= os.cpu_count()


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", " "])
def test_a_bad_number_of_workers_is_refused_with_the_value(monkeypatch, given):
    monkeypatch.setenv("CREDIT_WORKERS", given)
    with pytest.raises(ValueError, match="expected a whole number of at least 1") as caught:
        cores()
    assert f"CREDIT_WORKERS is {given!r}" in str(caught.value)


def test_the_provenance_names_the_commit():
    commit = store.provenance()["commit"]
    assert re.fullmatch("([0-9a-f]{12}|unknown)( with changes)?", commit)
    json.dumps(store.provenance())


def test_the_provenance_names_the_processor():
    made = store.provenance()
    assert made["processor"] and made["processor"] == store.processor()
    assert made["capability"] == torch.backends.cpu.get_cpu_capability()


def test_outside_a_repository_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert store.provenance()["commit"] == "unknown"


def test_without_git_the_commit_is_unknown(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert store.provenance()["commit"] == "unknown"


def test_the_provenance_of_a_run_is_that_of_its_beginning(tmp_path, monkeypatch):
    """A commit made while the run goes on did not make its numbers."""
    commits = iter(["before", "after"])
    monkeypatch.setattr(store, "provenance", lambda: {"commit": next(commits)})
    monkeypatch.setattr(store.Job, "function", lambda *_: [store.provenance()] and ROWS)
    job = Job("e", SETTING, 0)
    store.work(tmp_path, job)
    assert RunStore(tmp_path).load(job)["provenance"] == {"commit": "before"}
