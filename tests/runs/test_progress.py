"""A progress bar is seen while it lasts, in a notebook too, and leaves nothing that is stored."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from tqdm import tqdm

from credit.reruns.notebooks import clean
from credit.runs import progress

CELL = """from {module} import {name} as bar
print("before")
with bar(total=3, desc="runs"{more}) as shown:
    for _ in range(3):
        shown.update()
        shown.refresh()
print("after")"""


def executed(module, name, more=""):
    """The cell as JupyterLab would save it."""
    nb = new_notebook(cells=[new_code_cell(CELL.format(module=module, name=name, more=more))])
    NotebookClient(nb, kernel_name="python3", timeout=120).execute()
    nbformat.validate(nb)
    return nb.cells[0], clean(nb).cells[0]


def kinds(cell):
    return [o.get("name") or sorted(o.data) for o in cell.outputs]


@pytest.fixture(autouse=True)
def kernel_of_this_environment(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", f"{sys.prefix}/share/jupyter")
    monkeypatch.delenv("TQDM_DISABLE", raising=False)


def test_in_a_notebook_a_bar_leaves_empty_html_and_cleaned_nothing():
    saved, cleaned = executed("credit.runs.progress", "bar")
    assert kinds(saved) == ["stdout", ["text/html"], "stdout"]
    assert saved.outputs[1].data == {"text/html": ""}
    assert kinds(cleaned) == ["stdout", "stdout"]


def test_the_bar_of_tqdm_leaves_stderr_in_the_same_cell():
    """Guards the test above."""
    assert "stderr" in kinds(executed("tqdm", "tqdm", ", leave=False")[1])


def test_a_disabled_bar_leaves_nothing_at_all(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert kinds(executed("credit.runs.progress", "bar")[0]) == ["stdout"]


def test_what_the_bar_shows_on_its_way_is_what_tqdm_would_print(monkeypatch):
    shown = []
    monkeypatch.setattr(
        progress._InNotebook, "display", lambda bar, *a, **k: shown.append(str(bar))
    )
    with progress._InNotebook(total=2, desc="runs", leave=False, mininterval=0) as bar:
        bar.update()
    assert shown[0].startswith("runs:   0%|") and "| 1/2 [" in shown[1]


def test_outside_of_a_notebook_it_is_tqdm_on_stderr(capsys):
    with progress.bar(total=2) as bar:
        bar.update()
    assert type(bar) is tqdm
    out, err = capsys.readouterr()
    assert out == "" and "0/2" in err
