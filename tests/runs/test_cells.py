"""Rules written in a notebook, in a real kernel: their source, their key, their runs."""

import textwrap

import nbformat
import pytest
from nbclient import NotebookClient

RULE = """
from dataclasses import dataclass

from credit.rules.feedback_alignment import FeedbackAlignment

FACTOR = 1.0

def scaled(signal):
    return FACTOR * signal

@dataclass(frozen=True)
class Mine(FeedbackAlignment):
    name = short = source = "mine"

    def teach(self, ch, trace):  # how
        return {l: scaled(tau) for l, tau in super().teach(ch, trace).items()}
"""
KEY = """
from credit.runs.store import Job, RunStore
from credit.training.setting import Setting

def key():
    return Job("e", Setting(Mine(), (784, 5, 10)), 0).key

keys = [key()]
"""


def execute(*cells, folder=None) -> list[str]:
    """What each cell prints, in one fresh kernel."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in cells]
    resources = {"metadata": {"path": str(folder)}} if folder else {}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    return ["".join(o.get("text", "") for o in cell.outputs) for cell in notebook.cells]


def test_a_rule_of_a_notebook_is_shown_and_in_the_key_by_its_source_and_what_it_uses():
    edits = [
        RULE.replace("# how", "# a comment"),
        RULE.replace("FACTOR * signal", "FACTOR * signal + 0"),
        RULE.replace("FACTOR = 1.0", "FACTOR = 2.0"),
        RULE.replace("scaled(tau)", "-scaled(tau)"),
    ]
    again = [cell for edit in edits for cell in (edit, "keys.append(key())")]
    last = """
    from credit.show.reading import source
    print(source(Mine).data)
    print([keys.index(k) for k in keys])
    """
    shown = execute(RULE, KEY, *again, last)[-1]
    assert shown.startswith("```python\n@dataclass(frozen=True)\nclass Mine(FeedbackAlignment):")
    assert "-scaled(tau)" in shown and "FACTOR" not in shown
    assert shown.splitlines()[-1] == "[0, 0, 2, 3, 4]"  # a comment alone leaves the key


def test_the_key_of_a_rule_of_a_notebook_holds_what_it_inherits_from_the_library():
    edited = """
    from credit.runs import store
    read, before = store.Path.read_text, key()

    def other(file, *args, **kw):
        text = read(file, *args, **kw)
        return text.replace('ch.own["B"]', "ch.W_back") if file.stem == NAME else text

    for NAME in ("feedback_alignment", "kolen_pollack"):
        store.Path.read_text = other
        store._code_of.cache_clear()
        print(key() == before)
    """
    assert execute(RULE, KEY, edited)[-1].split() == ["False", "True"]


def test_a_class_of_fields_alone_has_its_source_as_well():
    fields = """
    @dataclass(frozen=True)
    class Bare(Mine):
        depth: int = 3
    """
    show = "from credit.runs.cells import source_of; print(source_of(Bare))"
    assert execute(RULE, fields, show)[-1].strip() == textwrap.dedent(fields).strip()


def test_of_two_classes_of_one_name_in_a_cell_the_last_one_is_the_source():
    earlier = """
    class Twice(Mine):
        first = True
    """
    later = """
    class Twice(Mine):
        second = True
    """
    cell = textwrap.dedent(earlier) + textwrap.dedent(later)
    show = "from credit.runs.cells import source_of; print(source_of(Twice))"
    assert execute(RULE, cell, show)[-1].strip() == textwrap.dedent(later).strip()


@pytest.mark.slow  # a kernel that trains
def test_runs_with_a_rule_of_a_notebook_are_done_one_after_another(tmp_path):
    run = """
    jobs = [Job("e", Setting(Mine(), (784, 5, 10), examples=64, epochs=1), s) for s in (0, 1)]
    frame = RunStore("runs").fill(jobs, workers=2, progress=False).frame(jobs)
    print(*frame["method"].unique(), *frame["seed"].unique())
    """
    line, result = execute(RULE, KEY, run, folder=tmp_path)[-1].splitlines()
    assert line.startswith("one run after another: other processes cannot import Mine, which")
    assert result == "Mine 0 1"
    assert len(list((tmp_path / "runs").glob("*.json"))) == 2
