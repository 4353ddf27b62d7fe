"""Every stored notebook was run, is complete, and says nothing of the machine it ran on."""

import re
import symtable

import nbformat
import pytest

from credit.paths import NOTEBOOKS, ROOT
from credit.reruns.notebooks import clean, problems, sections_of

STORED = sorted(NOTEBOOKS.glob("*.ipynb"))


def test_every_notebook_is_guarded():
    """One in a subfolder, or with a name that has no number, would be run but not looked at."""
    everywhere = [p for p in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    assert sorted(everywhere) == STORED
    assert [p.name for p in STORED if not re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", p.name)] == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_notebook_has_no_problems(path):
    assert problems(nbformat.read(path, as_version=4), sections_of(path.name)) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_notebook_is_clean(path):
    nb = nbformat.read(path, as_version=4)
    assert clean(nb) == nb


LINK = re.compile(r"\]\(((?:notebooks/)?\d\d_\w+\.ipynb)#([^)\s]+)\)")


def headings(name):
    """Of a notebook, as the fragments of links to them."""
    cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    found = re.findall(r"^#+ +(.+)$", prose, flags=re.MULTILINE)
    return {heading.strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("path", [*STORED, ROOT / "README.md"], ids=lambda path: path.stem)
def test_links_into_notebooks_end_at_a_heading(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells)
    for file, heading in LINK.findall(text):
        name = file.removeprefix("notebooks/")
        assert (NOTEBOOKS / name).exists() and heading in headings(name), f"{file}#{heading}"


def bound_and_used(source):
    """Names that a cell gives a value, and those that it uses from cells above."""
    table = symtable.symtable(source, "cell", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    tables, used = [table], set()
    while tables:
        inner = tables.pop()
        tables += inner.get_children()
        used |= {s.get_name() for s in inner.get_symbols() if s.is_referenced() and s.is_global()}
        if inner is table:
            used |= {s.get_name() for s in inner.get_symbols() if s.is_referenced()}
    return bound, used - bound


def lost_names(cells):
    """(name, cell) of what an early cell gave a value, a later one another, and one below uses:
    the last of them may mean the first."""
    homes, lost = {}, []
    for number, cell in enumerate(cells):
        bound, used = bound_and_used(re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE))
        lost += [
            (name, number)
            for name in used
            if len(of := homes.get(name, [])) > 1 and number > of[-1] + 3
        ]
        for name in bound:
            homes.setdefault(name, []).append(number)
    return lost


def test_names_that_are_bound_again_are_found():
    cells = [nbformat.v4.new_code_cell(source) for source in ("a = 1", "a, b = 2, 3", *"----", "a")]
    for cell in cells[2:-1]:
        cell.source = "b"
    assert lost_names(cells) == [("a", 6)]
    cells[-1].source = "[a for a in range(b)]"  # names of their own
    assert lost_names(cells) == []
    cells[-1].source = "def f():\n    return a"
    assert lost_names(cells) == [("a", 6)]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_no_cell_reads_a_name_that_a_cell_far_above_gave_another_value(path):
    """So the table of one search once showed the runs of another."""
    cells = nbformat.read(path, as_version=4).cells
    assert lost_names([cell for cell in cells if cell.cell_type == "code"]) == []
