"""Every stored notebook was run, is complete, and says nothing of the machine it ran on."""

import re

import nbformat
import pytest

from credit.paths import NOTEBOOKS
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
