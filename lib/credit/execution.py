"""One notebook, executed through papermill: the whole copy, or a record of what went wrong."""

import ast
import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from credit import dependencies, paths

FAILED = paths.BUILD / "failed"
WORK = paths.BUILD / "work"
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


def execute(notebook: Path, output: Path, parameters: Mapping[str, object]) -> Path:
    """Run a notebook on a fresh kernel; the executed copy appears at `output` when it is whole.

    parameters  {name: value}; a name or a type that the notebook does not have is a ValueError
    After an error the copy stays in build/failed, with a record beside it, and NotebookFailed is
    raised.
    """
    import papermill

    changed = _checked(notebook, papermill.inspect_notebook(str(notebook)), parameters)
    profile, began = parameters.get("profile", "quick"), time.monotonic()
    copy = paths.BUILD / "work" / f"{notebook.stem}-{os.getpid()}.ipynb"
    for folder in (copy.parent, output.parent):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "OMP_NUM_THREADS": "1",  # several notebooks side by side, one thread each
        "TQDM_DISABLE": "1",  # progress is for people, not for an executed notebook
        "JUPYTER_PATH": f"{sys.prefix}/share/jupyter",  # the kernel python3 is this environment's
    }
    print(f"{notebook.stem}: started", flush=True)
    for last_attempt in (False, True):
        try:
            papermill.execute_notebook(
                notebook,
                copy,
                changed,
                kernel_name="python3",
                cwd=notebook.parent,
                progress_bar=sys.stderr.isatty(),
            )
            break
        except Exception as error:  # whatever it was: it is recorded, and the others go on
            number = _last_cell(copy)
            if number or last_attempt:  # a kernel that does not start gets a second chance
                record = _record(notebook, profile, copy, number, error)
                seconds = time.monotonic() - began
                print(f"{notebook.stem}: failed after {seconds:.0f} s", flush=True)
                raise NotebookFailed(_line(record)) from error
    copy.replace(output)
    for failure in failures(profile):
        if failure["notebook"] == notebook.stem:
            _forget(failure)
    print(f"{notebook.stem}: finished in {time.monotonic() - began:.0f} s", flush=True)
    return output


def _checked(notebook: Path, known: Mapping[str, dict], parameters: Mapping[str, object]) -> dict:
    """The parameters that differ from the notebook's own; papermill would only warn of others."""
    defaults = {}
    for name, found in known.items():
        with contextlib.suppress(ValueError, SyntaxError):
            defaults[name] = ast.literal_eval(found["default"])
    shown = ", ".join(f"{name} = {value!r}" for name, value in defaults.items()) or "none"
    for name, value in parameters.items():
        if name not in defaults:
            raise ValueError(f"{notebook.stem} has no parameter {name!r}; its parameters: {shown}")
        expected = type(defaults[name])
        allowed = {expected, int} if expected is float else {expected}
        if defaults[name] is not None and type(value) not in allowed:
            raise ValueError(
                f"{notebook.stem}: parameter {name} is {value!r}, expected {expected.__name__}; "
                f"its parameters: {shown}"
            )
    return {name: value for name, value in parameters.items() if value != defaults[name]}


def _last_cell(copy: Path) -> int | None:
    """Place, from 1, of the last cell that was started, counted in the notebook itself."""
    if not copy.exists():
        return None
    cells = json.loads(copy.read_text(encoding="utf-8"))["cells"]
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


def _forget(failure: Mapping):
    for suffix in (".json", ".ipynb"):
        (FAILED / f"{failure['notebook']}{suffix}").unlink(missing_ok=True)


def _line(failure: Mapping) -> str:
    where = f"cell {failure['cell']}" if failure["cell"] else "no cell was reached"
    what = f"{failure['error']}: {failure['message']}".strip().splitlines()[0]
    return f"{failure['notebook']}: {where}: {what} ({failure['copy']})"
