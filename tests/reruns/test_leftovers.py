"""What a rerun finds and leaves: half-done copies, old logs, the lock; and what it would do.

In a project of its own with a stand-in for Snakemake, which does what its arguments in the
environment say: the real one takes seconds to start.
"""

import contextlib
import os
import resource
import signal

import nbformat
import pytest
from test_schedule import Project, executed, wait_for  # noqa: F401 (a fixture)

from credit.reruns import schedule

SNAKEMAKE = """
import os, sys, time
from pathlib import Path

Path("snakemake.pid").write_text(str(os.getpid()))
if "--dry-run" in sys.argv:
    print(os.environ.get("PLAN", ""))
    sys.exit(int(os.environ.get("STATUS", 0)))
end = time.monotonic() + 60
while Path("wait").exists() and time.monotonic() < end:
    time.sleep(0.02)
"""


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    (tmp_path / "lib/snakemake.py").write_text(SNAKEMAKE)
    return project


def test_a_rerun_removes_old_logs_and_what_dead_ones_left_half_done(project):
    work, logs = project.root / "build/work", project.root / "build/logs/notebook"
    for folder in (work, logs):
        folder.mkdir(parents=True)
    (logs / "01_old.log").write_text("failed long ago\n")
    (dead := work / "01_dead-4194999.ipynb").touch()  # above the largest process id there is
    (other := work / "02_other-x.ipynb").touch()
    (alive := work / f"03_alive-{os.getpid()}.ipynb").touch()
    assert project.call("reproduce")[0] == 0
    assert not dead.exists() and not other.exists() and not logs.exists()
    assert alive.exists()  # somebody is at work on it


def test_the_lock_is_held_until_what_a_killed_rerun_started_has_ended(project):
    wait, pid = project.root / "wait", project.root / "snakemake.pid"
    wait.touch()
    process = project.start("reproduce")
    wait_for(lambda: pid.exists() and pid.read_text())
    process.send_signal(signal.SIGKILL)  # this process alone
    assert process.wait(timeout=60) == -signal.SIGKILL
    status, out, err = project.call("reproduce")
    assert status == 2 and out == ""
    assert f"another rerun is at work in this folder (process {process.pid})" in err
    wait.unlink()
    wait_for(lambda: not alive(int(pid.read_text())))
    process.communicate()
    assert project.call("reproduce")[0] == 0  # and then it is free


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


PLAN = """
rule notebook:
    input: notebooks/01_left.ipynb
    output: build/quick/01_left.ipynb
    reason: Missing output files
rule run:
    output: runs/0a1b.json
rule run:
    output: runs/0c2d.json
rule notebook:
    output: build/quick/01_left.ipynb
"""


@pytest.mark.parametrize(
    ("plan", "status", "said"),
    [
        (PLAN, 0, "would do 2 runs\nwould make build/quick/01_left.ipynb\n"),
        ("Building DAG of jobs...", 0, "nothing to do\n"),
        ("MissingInputException", 1, ""),
    ],
    ids=["something", "nothing", "a plan that fails"],
)
def test_a_dry_run_says_what_would_be_made_and_makes_nothing(
    project, monkeypatch, plan, status, said
):
    monkeypatch.setenv("PLAN", plan)
    monkeypatch.setenv("STATUS", str(status))
    work = project.root / "build/work"
    work.mkdir(parents=True)
    (half := work / "01_dead-4194999.ipynb").touch()
    got, out, err = project.call("reproduce", "--dry-run")
    assert (got, out) == (status, said)
    assert (plan in err) == bool(status)
    assert half.exists() and not (project.root / "build/quick").exists()


@pytest.mark.slow  # a start of Snakemake
def test_a_dry_run_reads_what_snakemake_prints(tmp_path):
    project = Project(tmp_path, seeds=(0, 1))
    project.notebook("01_left", "1 + 1")
    status, out, _ = project.call("reproduce", "--dry-run", "--profile", "paper")
    made = ["build/paper/01_left.ipynb", "data/results/01-toy.csv"]
    assert status == 0
    assert out.splitlines() == ["would do 2 runs", *(f"would make {file}" for file in made)]
    assert not any((tmp_path / file).exists() for file in made)


def test_a_full_disk_leaves_the_stored_notebook_whole(executed, capsys):  # noqa: F811
    stored, _ = executed
    before = stored.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # no file may grow beyond
    try:
        with contextlib.suppress(OSError):
            assert schedule.refresh() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert stored.read_bytes() == before
    assert "taken back" not in capsys.readouterr().out
    assert schedule.refresh() == 0  # with room it is taken back
    assert stored.read_bytes() != before
    assert nbformat.read(stored, as_version=4).cells
