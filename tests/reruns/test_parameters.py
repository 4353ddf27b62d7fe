"""Parameters: one clear line for a wrong one, and stored figures that only the defaults replace."""

import json
import re
import sys

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from credit import cli, paths
from credit.reruns import execution
from credit.reruns.parameters import check_parameters

OTHERS = {"beta": (0.5, 0.5, (0.0, 1.0)), "hidden": (2, 2, (1, 8)), "f": ("tanh", "tanh", ["tanh"])}


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    monkeypatch.setattr(paths, "FIGURES", paths.ROOT / "figures")


WRONG = {
    "seed is 'abc', expected a whole number of at least 0, as in seed = 7": {"seed": "abc"},
    "seed is 1.5, expected": {"seed": 1.5},
    "seed is -1, expected": {"seed": -1},
    "seed is True, expected": {"seed": True},
    "seed is None, expected": {"seed": None},
    "unknown profile 'fast', expected one of quick, paper": {"profile": "fast"},
    "unknown profile 3, expected": {"profile": 3},
    "beta is 2, expected a number from 0.0 to 1.0; by default 0.5": {"beta": 2},
    "beta is nan, expected": {"beta": float("nan")},
    "beta is 'x', expected": {"beta": "x"},
    "hidden is 1.5, expected a whole number from 1 to 8; by default 2": {"hidden": 1.5},
    "f is 'relu', expected one of tanh": {"f": "relu"},
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_value_is_one_clear_line(said):
    ((name, value),) = WRONG[said].items()
    given = {**OTHERS, name: (value, *OTHERS[name][1:]) if name in OTHERS else value}
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        check_parameters(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [0.0, 1.0, 0, 1])
def test_the_ends_of_a_range_are_in_it(value):
    check_parameters(beta=(value, 0.5, (0.0, 1.0)))


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ({}, "figures"),
        ({"profile": "quick", "seed": 0, **OTHERS}, "figures"),
        ({"seed": 7}, "build/own/figures"),
        ({"seed": 7, "profile": "paper"}, "build/own/figures"),
        ({"profile": "paper"}, "build/paper/figures"),
        ({"beta": (1, *OTHERS["beta"][1:])}, "build/own/figures"),
        ({**OTHERS, "beta": (1, *OTHERS["beta"][1:])}, "build/own/figures"),
    ],
)
def test_only_with_the_defaults_figures_go_where_they_are_stored(given, folder):
    check_parameters(seed=5)  # somebody changed his mind in the same kernel
    check_parameters(**given)
    assert paths.ROOT / folder == paths.FIGURES


CELLS = [
    'profile = "quick"\nseed = 0',
    "from credit import paths\nfrom credit.reruns.parameters import check_parameters\n"
    "check_parameters(profile=profile, seed=seed)",
    "print(paths.FIGURES.relative_to(paths.ROOT))",
]


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    for name in ("FAILED", "WORK"):
        monkeypatch.setattr(execution, name, tmp_path / name)
    for name in ("OMP_NUM_THREADS", "TQDM_DISABLE", "MPLBACKEND"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("JUPYTER_PATH", f"{sys.prefix}/share/jupyter")
    nb = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    nb.cells[0].metadata.tags = ["parameters"]
    file = tmp_path / "01_own.ipynb"
    nbformat.write(nb, file)
    return file


def through_papermill(notebook, **given):
    """What the notebook prints in the end, or the error it ends in."""
    out = notebook.with_name("out.ipynb")
    nb = papermill.execute_notebook(
        str(notebook), str(out), given, kernel_name="python3", language="python", progress_bar=False
    )
    return nb.cells[-1].outputs[0].text


@pytest.mark.slow  # three kernels
def test_papermill_meets_the_same_checks_and_an_unknown_name_is_refused(notebook):
    assert through_papermill(notebook, seed=7) == "build/own/figures\n"
    for given, said in (
        ({"seed": "abc"}, "ValueError: seed is 'abc', expected a whole number of at least 0"),
        ({"sed": 7}, "ValueError: unknown parameter 'sed', this notebook has: profile, seed"),
    ):
        with pytest.raises(papermill.PapermillExecutionError, match=said):
            through_papermill(notebook, **given)


def test_the_command_refuses_a_wrong_seed_before_anything_is_run(notebook, capsys):
    assert cli.main(["notebook", str(notebook), "-p", "seed", "-1"]) == 2
    said = "credit: seed is -1, expected a whole number of at least 0, as in seed = 7\n"
    assert capsys.readouterr() == ("", said)


def test_a_negative_number_with_an_exponent_is_a_value(notebook, capsys):
    assert cli.main(["notebook", str(notebook), "-p", "seed", "-1e-3"]) == 2
    assert "parameter seed is -0.001, expected int" in capsys.readouterr().err


STORED = sorted(paths.NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
def test_every_notebook_checks_every_parameter_it_has(file):
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    (call,) = re.findall(r"check_parameters\((.*?)\)$", code, flags=re.DOTALL | re.MULTILINE)
    for name in execution.defaults_of(file):
        assert re.search(rf"\b{name}=\(?{name}\b", call), name
