"""The commands that the README names, as they are typed."""

import pandas as pd
import pytest

from credit import cli, paths
from credit.evidence import answer, results
from credit.experiments import EXPERIMENTS, jobs
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.runs.store import Job, RunStore
from credit.training.setting import Setting

NAME = "90-toy"
SETTINGS = [Setting(rule, (784, 5, 10)) for rule in (Backprop(), Shallow())]
ROWS = [{"epoch": 1.0, "layer": 0, "metric": "test error", "value": 7.25, "unit": "%"}]


@pytest.fixture
def toy(tmp_path, monkeypatch, committed):
    """An experiment of two rules and three seeds, of which a run takes no time, and its store."""
    seeds = {"quick": (0,), "paper": (0, 1, 2)}

    def wanted(experiment, profile):
        return [Job(experiment, s, seed) for seed in seeds[profile] for s in SETTINGS]

    for place in ("RUNS", "RESULTS"):
        monkeypatch.setattr(paths, place, tmp_path / place.lower())
    monkeypatch.setattr(Job, "function", staticmethod(lambda setting, seed: ROWS))
    for name in list(EXPERIMENTS)[2:]:  # two of the real ones, to be listed beside it
        monkeypatch.delitem(EXPERIMENTS, name)
    monkeypatch.setitem(EXPERIMENTS, NAME, wanted)
    return RunStore()


def listed(capsys, *arguments):
    """{experiment: (done, wanted, profile)} as printed."""
    assert cli.main(["list", *arguments]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert all(words[2] == "of" and words[4:6] == ["runs", "done"] for words in lines)
    return {w[0]: (int(w[1]), int(w[3]), w[-1].strip("()")) for w in lines}


def test_the_list_counts_what_is_done_of_every_experiment(toy, capsys):
    assert listed(capsys)[NAME] == (0, 2, "quick")
    assert listed(capsys, "--profile", "paper")[NAME] == (0, 6, "paper")
    for job in jobs(NAME, "paper")[:3]:
        toy.save(job, ROWS)
    assert listed(capsys, "--profile", "paper")[NAME] == (3, 6, "paper")
    found = listed(capsys)
    assert found[NAME] == (2, 2, "quick")
    assert set(found) == set(EXPERIMENTS) and len(found) == 3
    assert all(done == 0 for name, (done, *_) in found.items() if name != NAME)


def test_what_is_run_is_listed_and_collected(toy, capsys):
    assert cli.main(["run", NAME, "--profile", "paper", "--workers", "1"]) == 0
    assert listed(capsys, "--profile", "paper")[NAME] == (6, 6, "paper")
    assert cli.main(["collect", NAME]) == 0
    file = paths.RESULTS / f"{NAME}.csv"
    assert capsys.readouterr().out.strip().endswith(f"{NAME}.csv")
    frame = pd.read_csv(file, comment="#")
    assert len(frame) == 6 and set(frame["method"]) == {"backprop", "shallow"}
    assert sorted(set(frame["seed"])) == [0, 1, 2] and set(frame["value"]) == {7.25}
    assert "# runs: 6 of 6" in file.read_text(encoding="utf-8")
    assert results.load(NAME)["value"].eq(7.25).all()


def test_results_are_not_replaced_by_those_of_fewer_runs(toy, capsys):
    """Two whole seeds were collected; with one of them left in the store they stay as they are."""
    for job in jobs(NAME, "paper")[:4]:
        toy.save(job, ROWS)
    assert cli.main(["collect", NAME]) == 0
    file = paths.RESULTS / f"{NAME}.csv"
    before = file.read_bytes()
    for job in jobs(NAME, "paper")[2:4]:
        toy.path(job).unlink()
    capsys.readouterr()
    assert cli.main(["collect", NAME]) == 2
    said = capsys.readouterr().err
    assert "holds 4 runs, and of the 6 that are wanted now 4 are missing" in said
    assert file.read_bytes() == before


def test_one_run_is_done_by_its_key(toy, capsys):
    job = jobs(NAME, "paper")[4]
    command = ["run", NAME, "--profile", "paper", "--only", job.key]
    assert cli.main(command) == 0
    assert f"{NAME}, backprop, 1x5 tanh, seed 2: finished in" in capsys.readouterr().out
    assert listed(capsys, "--profile", "paper")[NAME] == (1, 6, "paper")
    assert toy.load(job) is not None


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["collect", NAME], f"nothing to collect for {NAME} (paper)"),
        (["collect", "99-nothing"], "unknown experiment '99-nothing'"),
        (["run", "99-nothing"], "unknown experiment '99-nothing'"),
        (["run", NAME, "--only", "f00"], "has the key 'f00'"),
        (["run", NAME, "--workers", "0"], "--workers is 0, expected at least 1"),
        (["list", "--profile", "huge"], "unknown profile 'huge', expected one of quick, paper"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_on_stderr_and_status_2(toy, capsys, command, said):
    assert cli.main(command) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("credit: ") and said in err and err.count("\n") == 1
    assert not paths.RESULTS.exists()


def test_the_table_goes_into_the_readme_between_its_marks(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text("before\n", encoding="utf-8")
    monkeypatch.setattr(answer, "with_table", lambda text: text + "the table\n")
    assert cli.main(["table"]) == 0
    assert readme.read_text(encoding="utf-8") == "before\nthe table\n"
    assert list(tmp_path.iterdir()) == [readme]


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("1e-3", 1e-3), ("-2.5", -2.5), ("[1, 2]", [1, 2]), ("true", True), ("tanh", "tanh"),
     ("null", None)],
)  # fmt: skip
def test_a_parameter_of_a_notebook_is_read_as_what_it_looks_like(text, value, monkeypatch):
    from credit.reruns import execution, schedule

    given = {}
    monkeypatch.setattr(schedule, "end_with_parent", lambda: None)
    monkeypatch.setattr(
        execution, "execute", lambda notebook, output, parameters: given.update(parameters)
    )
    assert cli.main(["notebook", "01", "-p", "rate", text]) == 0
    assert given == {"profile": "quick", "rate": value}
    assert type(given["rate"]) is type(value)
