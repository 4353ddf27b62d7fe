"""One notebook, executed through papermill: the whole copy, or a record of what went wrong."""

import ast
import contextlib
import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from credit import paths
from credit.reruns import dependencies
from credit.reruns.parameters import check_seed
from credit.runs.files import readable

FAILED = paths.BUILD / "failed"
WORK = paths.BUILD / "work"
INLINE = "module://matplotlib_inline.backend_inline"  # pictures in the output of cells
ADDED_CELLS = {"injected-parameters", "papermill-error-cell-tag"}  # papermill's own, not counted


class NotebookFailed(RuntimeError):
    """A notebook ended in an error; what is known about it lies in build/failed."""


def find(name: str) -> Path:
    """The notebook meant by `01`, by its file name with or without .ipynb, or by a path."""
    for known in dependencies.notebooks():
        if name in (known[:2], known, f"{known}.ipynb"):
            return paths.NOTEBOOKS / f"{known}.ipynb"
    if name.endswith(".ipynb") and Path(name).is_file():
        return Path(name).resolve()
    known = ", ".join(dependencies.notebooks()) or "none yet"
    raise ValueError(f"unknown notebook {name!r}, expected a path or one of {known}")


def execute(notebook: Path, output: Path, given: Mapping[str, object]) -> Path:
    """Run a notebook on a fresh kernel; the executed copy appears at `output` when it is whole.

    given   {name: value}; a name or a type that the notebook does not have is a ValueError
    After an error NotebookFailed is raised, and the copy stays in build/failed with a record.
    """
    changed = _checked(notebook, given)
    profile, began = given.get("profile", "quick"), time.monotonic()
    copy = WORK / f"{notebook.stem}-{os.getpid()}.ipynb"
    for folder in (copy.parent, output.parent):  # what cannot be written is said before the work
        folder.mkdir(parents=True, exist_ok=True)
    say(f"{notebook.stem}: started")
    for last_attempt in (False, True):
        try:
            _run_cells(notebook, copy, changed)
            break
        except KeyboardInterrupt:
            copy.unlink(missing_ok=True)
            raise
        except Exception as error:  # whatever it was: it is recorded, and the others go on
            cell = _last_cell(copy)
            if cell is None and not last_attempt:  # the kernel did not start: a second chance
                continue
            _forget(notebook.stem, profile)
            record = _record(notebook, profile, copy, cell, error)
            say(f"{notebook.stem}: failed after {time.monotonic() - began:.0f} s")
            raise NotebookFailed(line(record)) from error
    _forget(notebook.stem, profile)
    _move(copy, output)
    seconds = time.monotonic() - began
    say(f"{notebook.stem}: finished in {seconds:.0f} s, {os.path.relpath(output)}")
    return output


def _move(file: Path, target: Path):
    """Move a file so that it is there whole or not at all, also to another file system."""
    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            shutil.copyfile(file, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        file.unlink()


def say(text: str):
    """Print a line at once and in one piece, also when several processes print to one place."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run_cells(notebook: Path, copy: Path, parameters: Mapping[str, object]):
    import papermill  # two seconds, so only when something is run

    os.environ |= {
        "OMP_NUM_THREADS": "1",  # several notebooks side by side, one thread each
        "TQDM_DISABLE": "1",  # progress is for people, not for an executed notebook
        "JUPYTER_PATH": f"{sys.prefix}/share/jupyter",  # the kernel python3 is this environment's
        "MPLBACKEND": INLINE,  # with another one, usual on servers, no picture is stored
    }
    papermill.execute_notebook(
        _literal(notebook), _literal(copy), parameters, kernel_name="python3", language="python",
        cwd=notebook.parent, progress_bar=sys.stderr.isatty(),
        # a kernel warns of its plain TCP, and when it is interrupted of what it could not finish
        extra_arguments=["--log-level=CRITICAL"],
    )  # fmt: skip


def _literal(path: Path) -> str:
    """A path as papermill takes it: in braces it would see names of parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _checked(notebook: Path, given: Mapping[str, object]) -> dict:
    """The parameters that differ from the notebook's own; papermill would only warn of others."""
    defaults = defaults_of(notebook)
    shown = ", ".join(f"{name} = {value!r}" for name, value in defaults.items()) or "none"
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(f"{notebook.stem} has no parameter {name!r}; its parameters: {shown}")
        expected = type(defaults[name])
        allowed = {expected, int} if expected is float else {expected}
        if defaults[name] is not None and type(value) not in allowed:
            raise ValueError(
                f"{notebook.stem}: parameter {name} is {value!r}, expected {expected.__name__}; "
                f"its parameters: {shown}"
            )
    if "seed" in given:
        check_seed(given["seed"])
    return {name: value for name, value in given.items() if value != defaults[name]}


def defaults_of(notebook: Path) -> dict[str, object]:
    """{name: value} of the cell tagged parameters; empty without one."""
    cells = dependencies.cells_of(notebook)
    tagged = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    with readable(notebook, "its parameters cell holds lines of name = value"):
        statements = ast.parse(next(tagged, {"source": ""})["source"]).body
    defaults = {}
    for statement in statements:
        with contextlib.suppress(ValueError):  # not a literal, so nobody can say what it takes
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    defaults[name] = ast.literal_eval(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    defaults[name] = ast.literal_eval(value)
    return defaults


def _last_cell(copy: Path) -> int | None:
    """Place, from 1, of the last cell that was started, counted in the notebook itself."""
    try:
        cells = dependencies.cells_of(copy)
    except (FileNotFoundError, ValueError):  # not even the copy was written whole
        return None
    cells = [cell for cell in cells if not ADDED_CELLS & {*cell["metadata"].get("tags", [])}]
    started = [
        number
        for number, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code" and cell["metadata"].get("papermill", {}).get("start_time")
    ]
    return max(started, default=None)


def _record(notebook: Path, profile: str, copy: Path, cell: int | None, error: Exception) -> dict:
    FAILED.mkdir(parents=True, exist_ok=True)
    kept = FAILED / notebook.name
    if copy.exists():
        copy.replace(kept)
    record = {
        "notebook": notebook.stem,
        "profile": profile,
        "cell": cell,
        "error": getattr(error, "ename", type(error).__name__),
        "message": getattr(error, "evalue", str(error)),
        "copy": str(kept.relative_to(paths.ROOT)) if kept.exists() else None,
    }
    kept.with_suffix(".json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record


def failures(profile: str) -> list[dict]:
    """The notebooks that ended in an error when last run in this profile, in order."""
    records = []
    for file in sorted(FAILED.glob("*.json")):
        with contextlib.suppress(ValueError):  # killed while it was written: it is run again
            records.append(json.loads(file.read_text(encoding="utf-8")))
    return [record for record in records if record["profile"] == profile]


def _forget(name: str, profile: str):
    """Remove what was kept of the last failure."""
    for failure in failures(profile):
        if failure["notebook"] == name:
            for suffix in (".json", ".ipynb"):
                (FAILED / f"{name}{suffix}").unlink(missing_ok=True)


def line(failure: Mapping) -> str:
    """One failure in one line."""
    where = f"cell {failure['cell']}" if failure["cell"] else "no cell was reached"
    what = f"{failure['error']}: {failure['message']}".strip().splitlines()[0]
    copy = f" ({failure['copy']})" if failure["copy"] else ""
    return f"{failure['notebook']}: {where}: {what}{copy}"
