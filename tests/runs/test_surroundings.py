"""What a run has around it: one thread, and a commit that says whether the code was changed."""

import subprocess

import pytest
import torch

from credit import paths
from credit.rules.backprop import Backprop
from credit.runs import store
from credit.runs.store import Job, RunStore
from credit.training.setting import Setting

JOB = Job("e", Setting(Backprop(), (784, 5, 10)), 0)
ROWS = [{"epoch": 1.0, "layer": 0, "metric": "test error", "value": 7.25, "unit": "%"}]


@pytest.mark.parametrize("fails", [False, True], ids=["a run that ends", "one that fails"])
def test_a_run_has_one_thread_and_leaves_as_many_as_there_were(fails, tmp_path, monkeypatch):
    before, seen = torch.get_num_threads(), []

    def run(setting, seed):
        seen.append(torch.get_num_threads())
        if fails:
            raise ArithmeticError("diverged")
        return ROWS

    monkeypatch.setattr(Job, "function", staticmethod(run))
    torch.set_num_threads(before + 2)
    try:
        if fails:
            with pytest.raises(ArithmeticError, match="diverged"):
                store.work(tmp_path, JOB)
        else:
            RunStore(tmp_path).fill([JOB], workers=1, progress=False)
        assert torch.get_num_threads() == before + 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A small repository with a library, clean at its one commit."""
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    for name in ("lib/rule.py", "README.md"):
        (folder / name).write_text("one\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    monkeypatch.setattr(paths, "ROOT", folder)
    return folder


def test_a_commit_with_a_changed_library_says_so(repository):
    clean = store.provenance()["commit"]
    assert len(clean) == 12 and int(clean, 16)
    (repository / "lib/rule.py").write_text("two\n")
    assert store.provenance()["commit"] == f"{clean} with changes"
    (repository / "lib/rule.py").write_text("one\n")
    assert store.provenance()["commit"] == clean


def test_a_removed_file_is_a_change_and_another_document_is_none(repository):
    clean = store.provenance()["commit"]
    (repository / "README.md").write_text("two\n")
    assert store.provenance()["commit"] == clean
    (repository / "lib/rule.py").unlink()
    assert store.provenance()["commit"] == f"{clean} with changes"
