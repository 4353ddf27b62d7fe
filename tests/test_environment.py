"""pyproject.toml, requirements.lock, environment.yml and the installed packages agree."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from credit.paths import ROOT
from credit.reruns.execution import INLINE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()

NEEDED = {r.name: r for r in map(Requirement, PROJECT["dependencies"])}
CONDA_NAMES = {
    "torch": "pytorch-cpu",
    "matplotlib": "matplotlib-base",
    "snakemake": "snakemake-minimal",
    "typst": "typst-py",
}
CONDA_ONLY = {"python", "pip", "cxx-compiler", "make"}
IN_CONDA = {
    r.name: r for r in (Requirement(d) for d in CONDA["dependencies"] if isinstance(d, str))
}


def lock_entries() -> list[tuple[Requirement, list[str]]]:
    """Each entry of the lock, a requirement with its marker, and the SHA-256 sums under it."""
    entries = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE | re.IGNORECASE)
    return [
        (Requirement(entry.split("\\")[0]), re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry))
        for entry in entries
        if entry.strip() and not entry.startswith("#")
    ]


LOCKED = [requirement for requirement, _ in lock_entries()]
HERE = {r.name: r for r in LOCKED if r.marker is None or r.marker.evaluate()}


def pinned(requirement: Requirement) -> str:
    """The one version that a requirement allows."""
    (only,) = requirement.specifier
    assert only.operator == "==" and "*" not in only.version
    return only.version


@pytest.mark.parametrize("name", NEEDED)
def test_conda_gets_every_dependency_with_the_same_bounds(name):
    assert IN_CONDA[CONDA_NAMES.get(name, name)].specifier == NEEDED[name].specifier


def test_conda_gets_nothing_that_the_project_does_not_name():
    assert set(IN_CONDA) - {CONDA_NAMES.get(name, name) for name in NEEDED} == CONDA_ONLY


def test_conda_gets_the_same_pythons_and_only_open_channels():
    assert IN_CONDA["python"].specifier == SpecifierSet(PROJECT["requires-python"])
    assert CONDA["channels"] == ["conda-forge", "bioconda", "nodefaults"]


def test_conda_installs_the_package_itself_by_pip():
    assert [d for d in CONDA["dependencies"] if not isinstance(d, str)] == [{"pip": ["-e ."]}]


def test_every_locked_version_is_within_the_bounds():
    """For every Python at once: the lock has one entry per Python where versions differ."""
    outside = [
        str(r) for r in LOCKED if r.name in NEEDED and pinned(r) not in NEEDED[r.name].specifier
    ]
    assert outside == []


def test_every_dependency_but_torch_is_locked_once_for_this_python():
    applicable = [r.name for r in LOCKED if r.marker is None or r.marker.evaluate()]
    assert len(applicable) == len(set(applicable))
    assert set(NEEDED) - set(applicable) == {"torch"}


def test_every_locked_version_has_a_checksum():
    assert len(LOCKED) > len(NEEDED)
    assert [str(r) for r, hashes in lock_entries() if not hashes] == []


def test_the_lock_names_no_host_and_no_gpu_library():
    assert "://" not in LOCK
    assert re.findall(r"^(?:torch|triton|nvidia|cuda)\b.*$", LOCK, flags=re.MULTILINE) == []


def test_torch_is_pinned_exactly_in_pyproject():
    """It is installed beside the lock, so that a CPU build can be taken."""
    assert pinned(NEEDED["torch"])


@pytest.mark.skipif(
    (Path(sys.prefix) / "conda-meta").exists(), reason="conda resolves versions of its own"
)
@pytest.mark.parametrize("name", ["numpy", "brian2", "pandas", "papermill", "nbval", "snakemake"])
def test_the_locked_version_is_installed(name):
    assert version(name) == pinned(HERE[name])


def test_the_pinned_torch_is_installed():
    assert version("torch").split("+")[0] == pinned(NEEDED["torch"])  # +cpu names the build


def test_numpy_is_older_than_2_4():
    assert "2.4.0" not in NEEDED["numpy"].specifier
    assert version("numpy") in SpecifierSet("<2.4")


def test_brian2_can_be_imported():
    """In a process of its own, as a reader's is: with numpy 2.4 this line fails on Python 3.11."""
    run = subprocess.run([sys.executable, "-c", "import brian2"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_citation_names_this_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"] == "The Plausible Backprop Companion"
    assert citation["type"] == "software"
    assert citation["authors"] == [{"name": "The Plausible Backprop Companion authors"}]
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["date-released"].year >= 2026  # a reference needs a year


@pytest.mark.parametrize(("user", "allowed"), [("0", True), ("1000", False)])
def test_jupyterlab_gets_the_whole_folder_its_options_and_root_only_when_it_is_root(
    user, allowed, tmp_path
):
    """`make -n` says what would be run; `id` answers for another user."""
    answer = tmp_path / "id"
    answer.write_text(f"#!/bin/sh\necho {user}\n")
    answer.chmod(0o755)
    run = subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/.ok", "lab", "LAB=--port 9999"],
        cwd=ROOT, env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    said = " ".join(run.stdout.replace("\\", " ").split())
    assert "jupyter lab --notebook-dir . --LabApp.default_url=/lab/tree/notebooks" in said
    assert said.endswith("--port 9999")
    assert ("--allow-root" in said) == allowed


def test_jupyterlab_draws_in_its_notebooks_whatever_the_backend_is(tmp_path):
    jupyter = tmp_path / "jupyter"
    jupyter.write_text('#!/bin/sh\necho "backend $MPLBACKEND"\n')
    jupyter.chmod(0o755)
    run = subprocess.run(
        ["make", "--no-print-directory", "-o", ".venv/.ok", "lab", f"BIN={tmp_path}"],
        cwd=ROOT, env=os.environ | {"MPLBACKEND": "Agg"}, stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    assert f"backend {INLINE}" in run.stdout


def test_help_lists_every_target_with_a_line():
    run = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = dict(line.split(maxsplit=1) for line in run.stdout.splitlines())
    assert set(lines) == set(targets.split()) and all(lines.values())
