"""The package as a whole: rooms on demand, types, and where it may lie."""

import os
import shutil
import subprocess
import sys

import pytest

import credit
from credit import paths


def python(code, **environment):
    """(stdout, stderr) of a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True
    )
    return done.stdout, done.stderr


def test_rooms_are_there_after_a_plain_import_and_come_when_asked_for():
    code = """import sys, credit
early = 'credit.rules' in sys.modules
print(early, credit.rules.__name__, sorted(dir(credit))[:2])"""
    assert python(code) == ("False credit.rules ['audit', 'bench']\n", "")


def test_help_of_a_room_says_what_it_is_for():
    out, err = python("import credit; help(credit.rules)")
    assert "The learning rules, one file each" in out and not err


def test_a_room_that_does_not_exist_is_answered_with_the_rooms():
    with pytest.raises(AttributeError, match="credit has no 'rule', its rooms are audit, bench"):
        credit.rule  # noqa: B018


def test_the_package_says_that_it_is_typed():
    assert (paths.ROOT / "lib/credit/py.typed").exists()
    assert 'credit = ["py.typed"]' in (paths.ROOT / "pyproject.toml").read_text()


def test_outside_its_clone_one_line_says_what_to_do_and_a_named_clone_helps(tmp_path):
    shutil.copytree(paths.ROOT / "lib/credit", tmp_path / "site/credit")
    code = "from credit.rules import rule; from credit import paths; print(paths.DATA)"
    here = {"PYTHONPATH": str(tmp_path / "site")}
    out, err = python(code, **here)
    assert not out
    assert err.splitlines()[-1].startswith(f"ImportError: {tmp_path} is no clone of this project")
    assert "pip install -e ." in err.splitlines()[-1] and "CREDIT_ROOT" in err.splitlines()[-1]
    assert python(code, **here, CREDIT_ROOT=str(paths.ROOT)) == (f"{paths.DATA}\n", "")
