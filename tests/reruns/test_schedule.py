"""Reruns, tried on a small project of their own: toy runs, and notebooks without torch."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_notebooks import good_notebook

from credit import cli, paths
from credit.reruns import notebooks, schedule

TOYS = """
import time
from dataclasses import dataclass

class Toy:
    pass

@dataclass(frozen=True)
class Setting:
    seconds: float
    rule: Toy = Toy
    dataset: str = "none"
    sizes: tuple = (1, 1, 1)
    label: str = "1x1"

    def __post_init__(self):
        object.__setattr__(self, "rule", Toy())

    def __repr__(self):
        return f"Setting({self.seconds})"

def run(setting, seed):
    time.sleep(setting.seconds)
    if seed == 13:
        raise RuntimeError("unlucky")
    return [dict(epoch=1, layer=0, metric="m", value=0.5, unit="")]
"""
EXPERIMENTS = """
from credit.runs.store import Job
from credit.toys import Setting

def check_profile(profile):
    if profile not in ("quick", "paper"):
        raise ValueError(f"unknown profile {profile!r}, expected one of quick, paper")
    return profile

def jobs(experiment, profile="quick"):
    return [Job(experiment, Setting(SECONDS), seed, run="credit.toys:run") for seed in SEEDS]

EXPERIMENTS = {"01-toy": jobs}
"""
TORCH = """
def get_num_threads():
    return 1

def set_num_threads(n):
    pass

class backends:
    class cpu:
        get_cpu_capability = staticmethod(lambda: "none")
"""
PARAMETERS = 'profile = "quick"\nseed = 0\nrate: float = 0.5  # per step'


class Project:
    """A folder with this project's library and workflow, but its own experiments and notebooks."""

    def __init__(self, root: Path, seeds=(0, 1, 2), seconds=0.0):
        self.root = root
        shutil.copytree(paths.ROOT / "workflow", root / "workflow")
        self.library = shutil.copytree(paths.ROOT / "lib/credit", root / "lib/credit")
        shutil.rmtree(self.library / "experiments")
        experiments = EXPERIMENTS.replace("SEEDS", str(seeds)).replace("SECONDS", str(seconds))
        for name, source in {
            "credit/tasks/data.py": "def version(dataset):\n    return ''\n",
            "credit/experiments.py": experiments,
            "credit/toys.py": TOYS,
            "credit/left.py": "SIDE = 'left'\n",
            "credit/right.py": "from credit import left\n",
            "torch.py": TORCH,
        }.items():
            (root / "lib" / name).write_text(source)
        (root / "notebooks").mkdir()
        (root / "data").mkdir()
        (root / "data/published.csv").touch()  # by which the library knows its clone

    def notebook(self, name: str, *sources: str):
        parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        cells = [new_markdown_cell("# Title"), parameters, *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), self.root / f"notebooks/{name}.ipynb")

    def start(self, *command: str) -> subprocess.Popen:
        """A command of the project in a session of its own, so that all of it can be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "credit.cli", *command],
            cwd=self.root, env=os.environ | {"PYTHONPATH": str(self.root / "lib")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def call(self, *command: str) -> tuple[int, str, str]:
        """Status, stdout and stderr of a command."""
        process = self.start(*command)
        try:
            out, err = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, out, err


def started(out: str) -> list[str]:
    return sorted(re.findall(r"^(\S+): started$", out, flags=re.MULTILINE))


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.slow  # five notebooks, one kernel each, and three starts of Snakemake
def test_only_what_failed_or_changed_is_executed_again(tmp_path):
    project = Project(tmp_path)
    project.notebook("01_left", "from credit.left import SIDE", "SIDE")
    project.notebook("02_right", "from credit.right import left")
    project.notebook("03_broken", "1 + 1", "undefined")

    status, out, err = project.call("reproduce")
    assert status == 1
    assert started(out) == ["01_left", "02_right", "03_broken"]
    assert "\n1 failed:\n  03_broken: cell 4: NameError: name 'undefined' is not defined" in err
    record = json.loads((tmp_path / "build/failed/03_broken.json").read_text())
    assert (record["notebook"], record["cell"], record["error"]) == ("03_broken", 4, "NameError")
    half = nbformat.read(tmp_path / record["copy"], as_version=4)
    assert [cell.source for cell in half.cells if cell.get("execution_count")][1] == "1 + 1"
    made = sorted(file.name for file in (tmp_path / "build/quick").iterdir())
    assert made == ["01_left.ipynb", "02_right.ipynb"]

    project.notebook("03_broken", "1 + 1")
    (project.library / "right.py").write_text("from credit import left  # changed\n")
    status, out, err = project.call("reproduce")
    assert (status, started(out), err) == (0, ["02_right", "03_broken"], "")
    assert not list((tmp_path / "build/failed").iterdir())
    assert not list((tmp_path / "build/work").iterdir())

    os.utime(project.library / "left.py")  # touched, not changed
    status, out, err = project.call("reproduce")
    assert (status, err) == (0, "")
    assert out == "3 notebooks, executed and up to date: build/quick/\n"


def test_a_rerun_needs_no_home_that_can_be_written(tmp_path, monkeypatch):
    project = Project(tmp_path / "project")
    project.notebook("01_left")
    home = tmp_path / "home"
    home.touch()  # a file: there is no folder to be made in it, not even by root
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    status, out, err = project.call("reproduce", "--dry-run")
    assert (status, out, err) == (0, "would make build/quick/01_left.ipynb\n", "")


@pytest.mark.slow  # three starts of Snakemake, two kernels
def test_a_folder_with_odd_signs_a_touched_large_file_and_a_damaged_notebook(tmp_path):
    """Its name may hold anything, content counts and not time, and one damage is one failure."""
    project = Project(tmp_path / "My Projekt ü (1) $x {a}")
    project.notebook("01_left", "from credit.left import SIDE", "SIDE")
    images = project.root / "data/mnist/images.gz"
    images.parent.mkdir(parents=True)
    images.write_bytes(bytes(9_912_422))  # as large as the largest of MNIST's
    status, out, err = project.call("reproduce", "--profile", "paper")
    assert (status, started(out), err) == (0, ["01_left"], "")

    os.utime(images)
    damaged = project.root / "notebooks/02_damaged.ipynb"
    damaged.write_text('{"cells": [')
    status, out, err = project.call("reproduce", "--profile", "paper")
    assert (status, started(out)) == (1, [])
    assert re.search(r"\n1 failed:\n  notebook 02_damaged: .*02_damaged.ipynb is damaged \(", err)

    damaged.unlink()
    images.write_bytes(bytes(9_912_423))  # guards the first line: a change of it is seen
    status, out, err = project.call("reproduce", "--profile", "paper")
    assert (status, started(out), err) == (0, ["01_left"], "")


@pytest.mark.slow  # three starts of Snakemake, runs of a second, one kernel
def test_a_rerun_killed_in_the_middle_goes_on_and_loses_no_run(tmp_path):
    seeds = tuple(range(10))  # so many that the two killed starts cannot finish them
    project = Project(tmp_path, seeds, seconds=1.0)
    project.notebook("01_toy", "from credit import paths", "(paths.RESULTS / '01-toy.csv').stat()")
    command = ("reproduce", "--profile", "paper", "--jobs", "1")

    def finished():  # a file written again is another one; snakemake touches those it has made
        return {file: file.stat().st_ino for file in (tmp_path / "runs").glob("*.json")}

    process = project.start(*command)
    wait_for(finished)
    status, _, err = project.call(*command)
    assert status == 2
    assert re.fullmatch(r"credit: another rerun is at work .*\n", err)
    process.kill()  # only this process: snakemake and its job are left without a parent
    first, orphans = finished(), process

    process = project.start(*command)
    orphans.communicate()
    wait_for(lambda: len(finished()) > len(first))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = finished()
    assert len(kept) < len(seeds)

    status, out, err = project.call(*command)
    assert (status, err) == (0, "")
    assert len(re.findall(r"seed \d: finished", out)) == len(seeds) - len(kept)
    assert len(list((tmp_path / "runs").iterdir())) == len(seeds)  # no part of a run is left
    assert (kept | first).items() <= finished().items()
    table = (tmp_path / "data/results/01-toy.csv").read_text()
    assert f"# runs: {len(seeds)} of {len(seeds)}" in table
    executed = nbformat.read(tmp_path / "build/paper/01_toy.ipynb", as_version=4)
    assert 'profile = "paper"' in executed.cells[2].source


@pytest.mark.slow  # a start of Snakemake, two runs
def test_a_failed_run_is_listed_with_what_waits_for_it_and_committed_results_stay(tmp_path):
    project = Project(tmp_path, seeds=(0, 13))
    project.notebook("01_toy")
    results = tmp_path / "data/results/01-toy.csv"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text("# committed\n")
    status, out, err = project.call("reproduce", "--profile", "paper")
    assert status == 1
    assert out.count(": finished in") == 1
    assert "1 failed:\n  01-toy, toys, 1x1, seed 13: RuntimeError: unlucky (build/logs/run/" in err
    assert "not reached: 01_toy\n" in err
    assert results.read_text() == "# committed\n"


def test_a_killed_notebook_leaves_no_kernel_and_no_half_written_copy(tmp_path):
    project = Project(tmp_path)
    waiting = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))"
    project.notebook("01_waits", waiting + "\ntime.sleep(600)")
    process = project.start("notebook", "01")
    pid = tmp_path / "notebooks/pid"
    wait_for(lambda: pid.exists() and pid.read_text())
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not running(int(pid.read_text())))
    assert not list((tmp_path / "build/quick").glob("*"))


@pytest.mark.slow  # a kernel
def test_an_interrupted_notebook_ends_in_one_line(tmp_path):
    project = Project(tmp_path)
    waiting = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))"
    project.notebook("01_waits", waiting + "\ntime.sleep(600)")
    process = project.start("notebook", "01")
    wait_for((tmp_path / "notebooks/pid").exists)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does, to all in the terminal
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "01_waits: started\n")
    assert err.strip() == "credit: interrupted; finished runs are kept, the same command goes on"
    assert not [file for file in (tmp_path / "build").rglob("*") if file.is_file()]


@pytest.mark.slow  # runs of a second
def test_a_killed_worker_is_one_line_and_finished_runs_are_kept(tmp_path):
    project = Project(tmp_path, seeds=tuple(range(12)), seconds=1.0)
    process = project.start("run", "01-toy", "--workers", "2")
    wait_for(lambda: list((tmp_path / "runs").glob("*.json")))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    workers = [p for p in children if "spawn_main" in Path(f"/proc/{p}/cmdline").read_text()]
    os.kill(int(workers[0]), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    last = re.split(r"[\r\n]+", err.strip())[-1]
    assert process.returncode == 1 and "Traceback" not in err
    assert last.startswith("credit: a worker was killed, perhaps for want of memory")
    kept = len(list((tmp_path / "runs").glob("*.json")))
    assert 0 < kept < 12
    assert project.call("list")[1] == f"{'01-toy':16} {kept:4} of   12 runs done (quick)\n"
    assert project.call("run", "01-toy", "--workers", "2")[0] == 0
    assert len(list((tmp_path / "runs").iterdir())) == 12


CHILD = """
import os, sys, time
from credit.reruns import schedule
schedule.end_with_parent()
print(os.environ.get("CREDIT_PARENT"), flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("asked", "seconds", "status"),
    [(os.getppid, 600.0, 1), (os.getpid, 1.2, 0), (None, 0.6, 0)],
    ids=["by who is not the parent", "by its parent", "by nobody"],
)
def test_who_has_lost_its_parent_while_it_started_ends_and_nobody_else(asked, seconds, status):
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(seconds)],
        env=os.environ | ({"CREDIT_PARENT": str(asked())} if asked else {}),
        stdout=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    assert child.returncode == status
    assert status == 1 or child.stdout == "None\n"  # what it starts itself is not asked


def running(pid: int) -> bool:
    """Whether a process is at work; one that has ended may wait for a parent to look at it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


MISTAKES = {
    "unknown profile 'huge', expected one of quick, paper": ["reproduce", "--profile", "huge"],
    "jobs is 0, expected at least 1": ["reproduce", "--jobs", "0"],
    "unknown place 'moon' to run on, expected one of local, slurm": ["reproduce", "--on", "moon"],
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(said, capsys):
    assert cli.main(MISTAKES[said]) == 2
    assert capsys.readouterr() == ("", f"credit: {said}\n")


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """A notebook that is stored without outputs, and its executed copy in build/quick."""
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    stored, copy = paths.NOTEBOOKS / "01_rule.ipynb", paths.BUILD / "quick/01_rule.ipynb"
    for file in (stored, copy):
        file.parent.mkdir(parents=True)
        nb = good_notebook()
        for cell in nb.cells:
            cell.metadata["papermill"] = {"duration": 1.5}
            if file == stored and cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        nbformat.write(nb, file)
    return stored, copy


def test_an_executed_notebook_is_taken_back_cleaned_and_counts_as_up_to_date(executed, capsys):
    stored, copy = executed
    assert schedule.refresh() == 0
    nb = nbformat.read(stored, as_version=4)
    assert nb.cells[-1].outputs[0].text == "learns: True\n"
    assert notebooks.problems(nb) == []
    assert copy.stat().st_mtime_ns >= stored.stat().st_mtime_ns
    assert capsys.readouterr() == ("01_rule: taken back\n", "")


def edit(file: Path, **changes):
    nb = nbformat.read(file, as_version=4)
    nb.cells[-1].update(changes)
    nbformat.write(nb, file)


REFUSED = {
    "it was edited after it was executed": lambda stored, copy: edit(stored, source="2"),
    "but shows no text to compare": lambda stored, copy: edit(copy, outputs=[]),
    "it is not executed yet": lambda stored, copy: copy.unlink(),
    "01_rule.ipynb is damaged (": lambda stored, copy: copy.write_text(copy.read_text()[:99]),
    "cell 8 shows 0 pictures, the stored version 1": lambda stored, copy: edit(
        stored, outputs=[new_output("display_data", data={"image/png": "AA=="})]
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_notebook_with_a_problem_is_not_taken_back(said, executed, capsys):
    REFUSED[said](*executed)
    before = executed[0].read_bytes()
    assert schedule.refresh() == 1
    assert executed[0].read_bytes() == before
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1
