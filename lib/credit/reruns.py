"""Running notebooks again: one through papermill, all of them under Snakemake.

Nothing half-written is ever left under a final name, and nothing goes on after its parent was
killed; so a rerun that was stopped in any way is simply started again.
"""

import ast
import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from credit import dependencies, paths

FAILED = paths.BUILD / "failed"
LOGS = paths.BUILD / "logs"  # what jobs wrote to stderr, one file each: <kind>/<name>.log
ADDED_CELLS = {"injected-parameters", "papermill-error-cell-tag"}  # papermill's own, not counted


class NotebookFailed(RuntimeError):
    """A notebook ended in an error; what is known about it lies in build/failed."""


def check_profile(profile: str) -> str:
    if profile == "quick":  # known, so the experiments and with them torch need no import
        return profile
    from credit import experiments

    return experiments.check_profile(profile)


def find(name: str) -> Path:
    """The notebook meant by `01`, by its file name with or without .ipynb, or by a path."""
    for known in dependencies.notebooks():
        if name in (known[:2], known, f"{known}.ipynb"):
            return paths.NOTEBOOKS / f"{known}.ipynb"
    if name.endswith(".ipynb") and Path(name).is_file():
        return Path(name).resolve()
    known = ", ".join(dependencies.notebooks()) or "none yet"
    raise ValueError(f"unknown notebook {name!r}, expected a path or one of {known}")


# one notebook -------------------------------------------------------------------------------------


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


# failures -----------------------------------------------------------------------------------------


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


# all of them --------------------------------------------------------------------------------------


def reproduce(
    profile: str = "quick",
    jobs: int = 2,
    dry_run: bool = False,
    extra: Sequence[str] = (),
    on: str = "local",
) -> int:
    """Make everything of a profile that is missing or out of date; the exit status.

    jobs     how many notebooks and runs go side by side
    extra    further arguments for snakemake
    on       a folder of workflow/profiles: the machine or cluster to run on
    """
    check_profile(profile)
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}, expected at least 1")
    places = sorted(file.parent.name for file in paths.ROOT.glob("workflow/profiles/*/config.yaml"))
    if on not in places:
        raise ValueError(f"unknown place {on!r} to run on, expected one of {', '.join(places)}")
    command = [sys.executable, "-m", "snakemake", "--jobs", str(jobs)]
    command += ["--snakefile", "workflow/Snakefile", "--workflow-profile", f"workflow/profiles/{on}"]
    command += ["--config", f"profile={profile}", *extra]
    if dry_run:
        return _plan(command)
    with _alone() as lock:
        _tidy()
        status, lines = _watch(command, lock)
    if status:
        _report(profile, lines)
        return 1
    made = len(dependencies.notebooks())
    print(f"{made} notebooks, executed and up to date: {_near(paths.BUILD / profile)}/")
    return 0


def _plan(command: Sequence[str]) -> int:
    """Print what would be made."""
    run = subprocess.run(
        [*command, "--dry-run", "--quiet", "host", "reason"],
        cwd=paths.ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if run.returncode:
        print(run.stdout, run.stderr, sep="\n", file=sys.stderr)
        return 1
    made = re.findall(r"^ +output: (.+)$", run.stdout + run.stderr, flags=re.MULTILINE)
    runs = [file for file in made if file.endswith(".json")]
    for file in sorted({*made} - {*runs}):
        print(f"would make {file}")
    print(f"would do {len(runs)} runs" if runs else "" if made else "nothing to do")
    return 0


def _watch(command: Sequence[str], lock: int) -> tuple[int, list[str]]:
    """Run snakemake; its jobs print for themselves, of its own lines only progress is shown."""
    process = subprocess.Popen(
        command, cwd=paths.ROOT, env=os.environ | {"CREDIT_PARENT": str(os.getpid())},
        stderr=subprocess.PIPE, text=True, pass_fds=[lock],  # held until both are gone
    )  # fmt: skip
    lines = []
    try:
        for line in process.stderr:
            lines.append(line.rstrip())
            if found := re.match(r"(\d+) of (\d+) steps", line):
                done, total = map(int, found.groups())
                if done < total:  # the last step is `all`, which does nothing
                    print(f"{done} of {total - 1} done", flush=True)
        return process.wait(), lines
    except KeyboardInterrupt:  # snakemake got it as well and ends its jobs
        process.wait(timeout=30)
        raise
    finally:
        process.kill()


def _report(profile: str, lines: Sequence[str]):
    """Print what failed, what was therefore not reached, and where to read more."""
    results = {"run": (paths.RUNS, ".json"), "notebook": (paths.BUILD / profile, ".ipynb")}
    failed = {f["notebook"]: _line(f) for f in failures(profile)}
    for log in sorted(LOGS.glob("*/*.log")):
        folder, suffix = results.get(log.parent.name, (None, None))
        text = log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in text if line.strip()]
        if log.stem in failed or (folder / f"{log.stem}{suffix}").exists() if folder else not said:
            continue
        label = said[0] if log.parent.name == "run" and said else f"{log.parent.name} {log.stem}"
        what = said[-1] if said[1:] else "ended without a message, perhaps for want of memory"
        failed[log.stem] = f"{label}: {what} ({_near(log)})"
    missing = [n for n in dependencies.notebooks() if not (paths.BUILD / profile / f"{n}.ipynb").exists()]
    print(f"\n{len(failed)} failed:" if failed else "\nfailed:", file=sys.stderr)
