"""nbval with notebooks/conftest.py: words exactly, decimal numbers nearly, pictures not at all."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from credit.paths import NOTEBOOKS, ROOT

SAY = "print({!r})"
SHOW = "from IPython.display import display\ndisplay({!r}, raw=True)"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
ERR = "import sys\nprint({!r}, file=sys.stderr)"

# name: source, what it says now, what is stored, does it pass
CELLS = {
    "the same output": (SAY, "loss 0.158, learns: True", "loss 0.158, learns: True", True),
    "a small difference": (SAY, "loss 0.158", "loss 0.160", True),
    "a large difference": (SAY, "loss 0.158", "loss 0.257", False),
    "two percent of a large number": (SAY, "1234.5 spikes/s", "1240.0 spikes/s", True),
    "five percent of a large number": (SAY, "1234.5 spikes/s", "1300.0 spikes/s", False),
    "a small exponent": (SAY, "gap 1e-07", "gap 2.5e-09", True),
    "a changed sign": (SAY, "slope -0.3", "slope 0.3", False),
    "a changed word": (SAY, "learns: True 0.5", "learns: False 0.5", False),
    "a changed integer": (SAY, "epoch 100", "epoch 101", False),
    "a changed version": (SAY, "version 2.13.0", "version 2.13.1", False),
    "a missing number": (SAY, "0.5 0.5", "0.5", False),
    "not a number any more": (SAY, "loss nan", "loss 0.158", False),
    "no output any more": ("pass", "", "loss 0.158", False),
    "a value after which stands a semicolon": ("0.5;", "", "", True),
    "an error": ("1 / 0", "", "", False),
    "another spacing": (SAY, "a  0.5", "a 0.5", True),
    "a progress bar": (ERR, "100% 3.1 it/s", "100% 7.9 it/s", True),
    "a dated SVG": (SHOW, {"image/svg+xml": "today"}, {"image/svg+xml": "yesterday"}, True),
    "an HTML table": (SHOW, {"text/html": "1"}, {"text/html": "2"}, True),
    "a picture that is gone": ("pass", "", {"text/plain": "<Figure>"}, False),
    "a drawn picture": (PLOT, "", {"text/plain": "<Figure size 640x480 with 1 Axes>"}, True),
    "live: other numbers of training": (SAY, "error 5.9", "error 7.3", True),
    "live: a claim that failed": ("raise AssertionError({!r})", "5.9 > 6", "5.9 < 6", False),
}


def cell_with_output(name, source, now, stored):
    outputs = []
    if isinstance(stored, dict):
        outputs = [new_output("display_data", data=stored)]
    elif stored:
        stream = "stderr" if source == ERR else "stdout"
        outputs = [new_output("stream", name=stream, text=stored + "\n")]
    cell = new_code_cell(source.format(now), execution_count=1, outputs=outputs)
    if name.startswith("live"):
        cell.metadata.tags = ["nbval-ignore-output"]
    return cell


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """Outcome of every cell, [len(CELLS)] booleans: one kernel runs them all."""
    folder = tmp_path_factory.mktemp("notebooks")
    cells = [cell_with_output(name, *row[:3]) for name, row in CELLS.items()]
    nbformat.write(new_notebook(cells=cells), folder / "outputs.ipynb")
    shutil.copy(NOTEBOOKS / "conftest.py", folder)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += ["-c", ROOT / "pyproject.toml", "--rootdir", folder, "--junitxml", folder / "x.xml"]
    usual = os.environ | {"MPLBACKEND": "Agg"}  # on servers: no cell would show what it draws
    run = subprocess.run([*command, folder], capture_output=True, text=True, cwd=folder, env=usual)
    assert run.returncode == 1, run.stdout + run.stderr  # some fail, as they should
    cases = ET.parse(folder / "x.xml").getroot().findall(".//testcase")
    assert [case.get("name") for case in cases] == [f"Cell {n}" for n in range(len(CELLS))]
    return [len(case) == 0 for case in cases]


@pytest.mark.parametrize("name", CELLS)
def test_an_output_passes_exactly_when_it_should(passed, name):
    assert passed[list(CELLS).index(name)] == CELLS[name][-1]
