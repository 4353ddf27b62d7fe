"""One notebook: which one is meant, what may be asked of it, and what is kept when it fails."""

import errno
import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from credit import cli, paths
from credit.reruns import execution

PARAMETERS = 'profile = "quick"\nseed = 0\nrate: float = 0.5  # per step\nname = None'
SHOWN = "profile = 'quick', seed = 0, rate = 0.5, name = None"


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "FAILED", tmp_path / "failed")
    monkeypatch.setattr(execution, "WORK", tmp_path / "work")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    for name in ("OMP_NUM_THREADS", "TQDM_DISABLE", "JUPYTER_PATH", "MPLBACKEND"):
        monkeypatch.setenv(name, "")  # what is set for a kernel is gone again after the test
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Title"), parameters, new_code_cell("print(seed, rate)")]
    file = tmp_path / "01_own.ipynb"
    nbformat.write(new_notebook(cells=cells), file)
    return file


def test_the_defaults_are_those_of_the_parameters_cell(notebook):
    expected = {"profile": "quick", "seed": 0, "rate": 0.5, "name": None}
    assert execution.defaults_of(notebook) == expected


MISTAKES = {  # what is said -> what is asked for
    f"01_own has no parameter 'sed'; its parameters: {SHOWN}": ["-p", "sed", "1"],
    f"01_own: parameter seed is 'abc', expected int; its parameters: {SHOWN}": [
        "-p",
        "seed",
        "abc",
    ],
    f"01_own: parameter seed is True, expected int; its parameters: {SHOWN}": [
        "-p",
        "seed",
        "true",
    ],
    f"01_own: parameter seed is 1.5, expected int; its parameters: {SHOWN}": ["-p", "seed", "1.5"],
    "'[1' is not a value in YAML": ["-p", "seed", "[1"],
    "the profile is given as --profile, not as -p profile": ["-p", "profile", "paper"],
    "unknown profile 'huge', expected one of quick, paper": ["--profile", "huge"],
    "--output is x.txt, expected a name that ends in .ipynb": ["--output", "x.txt"],
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(said, notebook, capsys):
    assert cli.main(["notebook", str(notebook), *MISTAKES[said]]) == 2
    assert capsys.readouterr() == ("", f"credit: {said}\n")


def test_a_notebook_is_never_executed_onto_itself(notebook, capsys):
    assert cli.main(["notebook", str(notebook), "--output", str(notebook)]) == 2
    assert "choose another name" in capsys.readouterr().err


def test_an_unknown_notebook_is_refused_with_the_known_ones(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    for name in ("00_question", "01_answer"):
        (tmp_path / f"{name}.ipynb").touch()
    assert cli.main(["notebook", "7"]) == 2
    expected = "credit: unknown notebook '7', expected a path or one of 00_question, 01_answer\n"
    assert capsys.readouterr().err == expected
    for name in ("01", "01_answer", "01_answer.ipynb", str(tmp_path / "01_answer.ipynb")):
        assert execution.find(name) == tmp_path / "01_answer.ipynb"


def test_only_parameters_that_differ_are_injected(notebook, tmp_path):
    """A whole number will do for a float, and what equals the default leaves no trace."""
    out = tmp_path / "out.ipynb"
    execution.execute(notebook, out, {"profile": "quick", "seed": 3, "rate": 2, "name": "ann"})
    nb = nbformat.read(out, as_version=4)
    injected = [c for c in nb.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert len(injected) == 1 and "profile" not in injected[0].source
    assert nb.cells[-1].outputs[0].text == "3 2\n"


def test_the_kernel_is_this_environments_whatever_others_there_are(notebook, tmp_path, monkeypatch):
    """And it has one thread, shows no progress, and works in the notebook's folder."""
    wrong = {"argv": ["/bin/false", "{connection_file}"], "display_name": "", "language": "python"}
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
        (tmp_path / name / "kernels/python3").mkdir(parents=True)
        (tmp_path / name / "kernels/python3/kernel.json").write_text(json.dumps(wrong))
    nb = nbformat.read(notebook, as_version=4)
    names = "os.environ['OMP_NUM_THREADS'], os.environ['TQDM_DISABLE'], os.getcwd()"
    nb.cells.append(new_code_cell(f"import os, sys\nprint(sys.prefix, {names})"))
    nbformat.write(nb, notebook)
    execution.execute(notebook, tmp_path / "out.ipynb", {})
    shown = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs[0].text
    assert shown == f"{sys.prefix} 1 1 {tmp_path}\n"


def fails(notebook, copy, parameters):
    raise RuntimeError("Kernel died before replying")


def test_a_kernel_that_does_not_start_gets_a_second_chance(notebook, tmp_path, monkeypatch):
    attempts = [fails, lambda notebook, copy, parameters: copy.write_text("executed")]
    monkeypatch.setattr(execution, "_run_cells", lambda *given: attempts.pop(0)(*given))
    execution.execute(notebook, tmp_path / "out.ipynb", {})
    assert (tmp_path / "out.ipynb").read_text() == "executed"


def test_a_kernel_that_never_starts_is_a_failure_and_success_removes_its_record(
    notebook, tmp_path, monkeypatch
):
    monkeypatch.setattr(execution, "_run_cells", fails)
    with pytest.raises(execution.NotebookFailed, match="01_own: no cell was reached: Runtime"):
        execution.execute(notebook, tmp_path / "out.ipynb", {})
    (failure,) = execution.failures("quick")
    assert failure["cell"] is None and failure["message"] == "Kernel died before replying"
    assert execution.failures("paper") == []
    monkeypatch.setattr(execution, "_run_cells", lambda nb, copy, parameters: copy.touch())
    execution.execute(notebook, tmp_path / "out.ipynb", {})
    assert execution.failures("quick") == []


def test_a_kernel_that_dies_in_a_cell_is_reported_with_that_cell(notebook, tmp_path):
    nb = nbformat.read(notebook, as_version=4)
    nb.cells += [new_code_cell("import os"), new_code_cell("os._exit(1)"), new_code_cell("1")]
    nbformat.write(nb, notebook)
    with pytest.raises(execution.NotebookFailed, match="01_own: cell 5: DeadKernelError"):
        execution.execute(notebook, tmp_path / "out.ipynb", {"seed": 1})
    assert json.loads((tmp_path / "failed/01_own.json").read_text())["cell"] == 5
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize("backend", ["Agg", "module://matplotlib_inline.backend_inline"])
def test_pictures_are_in_the_notebook_whatever_the_backend_is(
    notebook, tmp_path, monkeypatch, backend
):
    monkeypatch.setenv("MPLBACKEND", backend)
    nb = nbformat.read(notebook, as_version=4)
    nb.cells.append(new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]);"))
    nbformat.write(nb, notebook)
    execution.execute(notebook, tmp_path / "out.ipynb", {})
    (output,) = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs
    assert "image/png" in output.data


def test_a_notebook_in_a_folder_with_odd_signs_is_executed(notebook, tmp_path):
    odd = tmp_path / "My {seed} Projekt ü $x 'q'"
    odd.mkdir()
    notebook = notebook.rename(odd / notebook.name)
    out = execution.execute(notebook, odd / "out.ipynb", {"seed": 3})
    assert nbformat.read(out, as_version=4).cells[-1].outputs[0].text == "3 0.5\n"


def test_the_executed_copy_reaches_another_file_system_whole(notebook, tmp_path, monkeypatch):
    plain = execution.Path.replace

    def replace(file, target):
        if file.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return plain(file, target)

    monkeypatch.setattr(execution.Path, "replace", replace)
    monkeypatch.setattr(execution, "_run_cells", lambda nb, copy, given: copy.write_text("whole"))
    out = execution.execute(notebook, tmp_path / "far/out.ipynb", {})
    assert out.read_text() == "whole"
    assert [file.name for file in out.parent.iterdir()] == ["out.ipynb"]
    assert not list(execution.WORK.iterdir())


def test_an_output_that_cannot_be_written_is_refused_before_anything_is_run(
    notebook, tmp_path, monkeypatch
):
    monkeypatch.setattr(execution, "_run_cells", lambda *_: pytest.fail("it was run"))
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        execution.execute(notebook, tmp_path / "file/out.ipynb", {})


def test_an_interrupted_notebook_leaves_no_copy(notebook, tmp_path, monkeypatch):
    def interrupted(notebook, copy, given):
        copy.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "_run_cells", interrupted)
    with pytest.raises(KeyboardInterrupt):
        execution.execute(notebook, tmp_path / "out.ipynb", {})
    assert not list(execution.WORK.iterdir()) and not (tmp_path / "out.ipynb").exists()
