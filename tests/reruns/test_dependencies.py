"""What a notebook depends on."""

import json

import pytest

from credit import paths
from credit.reruns import dependencies

RULES = {f"rules/{file.name}" for file in dependencies.PACKAGE.glob("rules/*.py")}


STREAMS = {"__init__.py", "nets/__init__.py", "nets/streams.py", "nets/plain.py"}


def used(*cells):
    found = dependencies.modules(cells)
    return {str(file.relative_to(dependencies.PACKAGE)) for file in found}


@pytest.mark.parametrize(
    "cell",
    [
        "from credit.nets.streams import streams",
        "from credit.nets import streams",
        "import credit.nets.streams",
    ],
)
def test_a_module_is_found_however_it_is_imported(cell):
    assert used("import numpy", cell) == STREAMS


def test_modules_are_found_through_others():
    assert {"rules/base.py", "nets/channels.py", "nets/networks.py", "nets/streams.py"} <= used(
        "from credit.rules.backprop import Backprop"
    )


def test_one_rule_does_not_depend_on_the_others():
    found = used("from credit.rules.backprop import Backprop")
    shared = {"rules/__init__.py", "rules/base.py", "rules/contract.py"}
    assert found & RULES == {"rules/backprop.py"} | shared


@pytest.mark.parametrize(
    "cell",
    ["from credit.rules import catalogue", "import credit.rules", "from credit import rules"],
)
def test_the_catalogue_depends_on_every_rule(cell):
    assert used(cell) >= RULES


def test_a_cell_that_is_not_plain_python_may_use_the_whole_library():
    everything = {
        str(f.relative_to(dependencies.PACKAGE)) for f in dependencies.PACKAGE.rglob("*.py")
    }
    assert used("%matplotlib inline\nfrom credit.nets import streams") == everything
    assert used("%matplotlib inline") == set()


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("NOTEBOOKS", "DATA", "RESULTS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir()
    (paths.DATA / "mnist").mkdir()
    for file in ("data/mnist/x.gz", "data/published.csv", "results/01-a.csv", "results/02-b.csv"):
        (tmp_path / file).touch()
    return tmp_path


def inputs(project, name, source="", experiments=()):
    cell = {"cell_type": "code", "source": [source]}
    (paths.NOTEBOOKS / f"{name}.ipynb").write_text(json.dumps({"cells": [cell]}))
    found = dependencies.inputs(name, experiments)
    assert len(found) == len(set(found))
    return {str(file.relative_to(project)) for file in found if file.is_relative_to(project)}


def test_a_notebook_depends_on_itself_the_data_and_its_own_results(project):
    expected = {"notebooks/01_x.ipynb", "data/mnist/x.gz", "data/published.csv", "results/01-a.csv"}
    assert inputs(project, "01_x") == expected


def test_results_named_in_the_code_are_read_as_well(project):
    assert "results/02-b.csv" in inputs(project, "01_x", 'results.load("02-b")')


def test_notebook_00_reads_all_results_also_those_still_to_come(project):
    found = inputs(project, "00_x", experiments=["03-c"])
    assert {"results/01-a.csv", "results/02-b.csv", "results/03-c.csv"} <= found
