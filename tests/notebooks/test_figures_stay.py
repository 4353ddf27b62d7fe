"""Validation leaves the figures as they are, and says which ones a notebook draws differently."""

import importlib.util
import shutil
import subprocess
import sys

import pytest

from credit.paths import FIGURES, NOTEBOOKS, ROOT

LINE = '<path d="M 10.25 20 L 30.5 {}" clip-path="url(#p{})" style="stroke: #0173b2"/>\n<!-- {} -->'
STORED = LINE.format(40, "0123456789", "BP (n = 5)")
DRAWN = {  # what the notebook draws over it, and whether that is the same picture
    "same": (STORED, True),
    "rounded": (LINE.format(40.2, "abcdef0123", "BP (n = 5)"), True),
    "moved": (LINE.format(44, "0123456789", "BP (n = 5)"), False),
    "renamed": (LINE.format(40, "0123456789", "FA (n = 5)"), False),
    "fewer": (LINE.format(40, "0123456789", "BP (n = 3)"), False),
    "recoloured": (STORED.replace("#0173b2", "#0173b3"), False),
    "shorter": (STORED.replace(" L 30.5 40", ""), False),
    "gone": ("", False),
}

DRAWS = """
from pathlib import Path

def test_draws():
    for name, (text, _) in {}.items():
        Path(f"../figures/{{name}}.svg").write_text(text)
        Path(f"../figures/{{name}}.pdf").write_bytes(b"%PDF")
"""


@pytest.fixture(scope="module")
def conftest():
    spec = importlib.util.spec_from_file_location("of_notebooks", NOTEBOOKS / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", DRAWN)
def test_pictures_are_the_same_up_to_a_rounding(name, conftest):
    drawn, same = DRAWN[name]
    assert conftest.same_picture(STORED, drawn) == conftest.same_picture(drawn, STORED) == same


def test_every_figure_of_the_project_has_numbers_that_are_compared(conftest):
    for file in FIGURES.glob("*.svg"):
        text = conftest.NAME.sub("", file.read_text(encoding="utf-8"))
        assert len(conftest.PLACE.findall(text)) > 100
        one = conftest.PLACE.sub(lambda found: str(float(found[0]) + 2), text)
        assert not conftest.same_picture(text, one)


def test_figures_are_put_back_and_those_that_differ_are_named(tmp_path):
    """Drawn by a plain test in place of a notebook: no kernel needs to be started."""
    notebooks, figures = tmp_path / "notebooks", tmp_path / "figures"
    for folder in (notebooks, figures):
        folder.mkdir()
    shutil.copy(NOTEBOOKS / "conftest.py", notebooks)
    for name in DRAWN:
        (figures / f"{name}.svg").write_text(STORED)
        (figures / f"{name}.pdf").write_bytes(b"%PDF \xff")
    (notebooks / "test_draws.py").write_text(DRAWS.format(DRAWN))
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    command += ["-c", ROOT / "pyproject.toml", "--rootdir", notebooks, notebooks]
    run = subprocess.run(command, capture_output=True, text=True, cwd=notebooks)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "1 passed" in run.stdout  # what draws them is as it should be
    for name, (_, same) in DRAWN.items():
        assert (f"FAILED figures/{name}.svg" in run.stdout) != same
        assert (figures / f"{name}.svg").read_text() == STORED
        assert (figures / f"{name}.pdf").read_bytes() == b"%PDF \xff"
