"""Running everything again under Snakemake, and taking executed notebooks back.

Outputs appear whole or not at all, and no job outlives a killed rerun: so a rerun that was stopped
in any way is simply started again.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from credit import paths
from credit.reruns import dependencies
from credit.reruns.execution import WORK, execute, failures, line, say
from credit.reruns.parameters import check_profile

__all__ = ["check_profile", "end_with_parent", "execute", "failures", "refresh", "reproduce"]

LOGS = paths.BUILD / "logs"  # what jobs wrote to stderr: <rule>/<name>.log


def reproduce(
    profile: str = "quick",
    jobs: int = 2,
    dry_run: bool = False,
    extra: Sequence[str] = (),
    on: str = "local",
) -> int:
    """Make what is missing or out of date in a profile; 0 when everything is there, else 1.

    jobs     how many notebooks and runs go side by side
    extra    further arguments for snakemake
    on       a folder of workflow/profiles: this machine or a cluster
    """
    check_profile(profile)
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}, expected at least 1")
    places = sorted(file.parent.name for file in paths.ROOT.glob("workflow/profiles/*/config.yaml"))
    if on not in places:
        raise ValueError(f"unknown place {on!r} to run on, expected one of {', '.join(places)}")
    command = [
        *(sys.executable, "-m", "snakemake", "--jobs", str(jobs), "--config", f"profile={profile}"),
        *("--snakefile", "workflow/Snakefile", "--workflow-profile", f"workflow/profiles/{on}"),
        *extra,
    ]
    if dry_run:
        return _plan(command)
    with _alone() as lock:
        _tidy()
        status, said = _watch(command, lock)
    if status:
        _report(profile, said)
        return 1
    made = len(dependencies.notebooks())
    print(f"{made} notebooks, executed and up to date: {_near(paths.BUILD / profile)}/")
    return 0


def refresh() -> int:
    """Take the executed quick notebooks back to notebooks/, cleaned; 1 when one is refused."""
    import nbformat

    from credit.reruns import notebooks

    refused = 0
    for name in dependencies.notebooks():
        executed = paths.BUILD / "quick" / f"{name}.ipynb"
        stored = paths.NOTEBOOKS / f"{name}.ipynb"
        try:
            new, old = map(notebooks.read, (executed, stored))
            new = notebooks.clean(new)
            found = notebooks.problems(new, notebooks.sections_of(name))
            found += notebooks.lost_pictures(old, new)
            if _sources(new) != _sources(old):
                found = ["it was edited after it was executed: make reproduce"]
        except FileNotFoundError:
            found = ["it is not executed yet: make reproduce"]
        except ValueError as error:
            found = [str(error)]
        if found:
            refused += 1
            print(*(f"{name}: {problem}" for problem in found), sep="\n", file=sys.stderr)
            continue
        part = stored.with_name(f".{name}.part")
        nbformat.write(new, part)
        part.replace(stored)
        os.utime(executed)  # as new as what it was executed from, which has only gained outputs
        print(f"{name}: taken back")
    return 1 if refused else 0


def _sources(nb) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in nb.cells]


def end_with_parent():
    """End this process soon after the one that started it, if that one asked for it.

    A parent asks by setting CREDIT_PARENT to its own process id. It asks this process alone, and
    it may be gone by now.
    """
    parent = os.environ.pop("CREDIT_PARENT", None)
    if parent is None:
        return

    def watch():
        while str(os.getppid()) == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _alone() -> Iterator[int]:
    """Hold the lock of reruns; the system frees it however its holders end."""
    paths.BUILD.mkdir(exist_ok=True)
    with (paths.BUILD / "lock").open("a+") as file:
        for _ in range(30):  # what a killed rerun started needs a moment to end
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.1)
        else:
            file.seek(0)
            raise ValueError(
                f"another rerun is at work in this folder (process {file.read().strip()}): "
                "wait until it has finished, or end it; the same command then goes on"
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _tidy():
    """Remove the logs of the last rerun and what killed ones left half-done."""
    shutil.rmtree(LOGS, ignore_errors=True)
    for copy in WORK.glob("*-*.ipynb"):
        try:
            os.kill(int(copy.stem.rsplit("-", 1)[1]), 0)
        except (ValueError, ProcessLookupError):
            copy.unlink(missing_ok=True)
        except PermissionError:  # somebody else's, at work
            continue


def _plan(command: Sequence[str]) -> int:
    """Print what would be made."""
    run = subprocess.run(
        [*command, "--dry-run", "--quiet", "host", "reason"],
        cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if run.returncode:
        print(run.stdout, file=sys.stderr)
        return 1
    made = re.findall(r"^ +output: (\S+)", run.stdout, flags=re.MULTILINE)
    runs = [file for file in made if file.endswith(".json")]
    if runs:
        print(f"would do {len(runs)} runs")
    for file in sorted({*made} - {*runs}):
        print(f"would make {file}")
    if not made:
        print("nothing to do")
    return 0


def _watch(command: Sequence[str], lock: int) -> tuple[int, list[str]]:
    """Run snakemake; its jobs print for themselves, of its own lines only progress is shown."""
    process = subprocess.Popen(
        command, cwd=paths.ROOT, env=os.environ | {"CREDIT_PARENT": str(os.getpid())},
        stderr=subprocess.PIPE, text=True, pass_fds=[lock],  # held until both are gone
    )  # fmt: skip
    said = []
    try:
        for text in process.stderr:
            said.append(text.rstrip())
            if found := re.match(r"(\d+) of (\d+) steps", text):
                done, total = map(int, found.groups())
                if done < total:  # the last step is `all`, which does nothing
                    say(f"{done} of {total - 1} done")
        return process.wait(), said
    except KeyboardInterrupt:  # snakemake got it as well and ends its jobs
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        raise
    finally:
        process.kill()
        process.stderr.close()


def _report(profile: str, said: Sequence[str]):
    """Print what failed, what was therefore not reached, and where to read more."""
    names = dependencies.notebooks()
    missing = [n for n in names if not (paths.BUILD / profile / f"{n}.ipynb").exists()]
    failed = {f["notebook"]: line(f) for f in failures(profile) if f["notebook"] in missing}
    for log in sorted(LOGS.glob("*/*.log")):
        if (problem := _problem_in(log, missing)) and log.stem not in failed:
            failed[log.stem] = problem
    if failed:
        print(f"\n{len(failed)} failed:", *failed.values(), sep="\n  ", file=sys.stderr)
    else:
        print("\nsnakemake ended early; its last words:", *said[-15:], sep="\n  ", file=sys.stderr)
    if waiting := [name for name in missing if name not in failed]:
        print(f"not reached: {', '.join(waiting)}", file=sys.stderr)
    for text in said:
        if text.startswith("Complete log"):
            print(f"snakemake's own log: {_near(Path(text.split(': ', 1)[1]))}", file=sys.stderr)


def _problem_in(log: Path, missing: Sequence[str]) -> str:
    """One line on a job that failed, from its log; empty for a job that did not fail."""
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [words for words in map(str.strip, text) if words]
    kind, what = log.parent.name, f"{log.parent.name} {log.stem}"
    if kind == "run":  # its first line says which run it is
        failed = not (paths.RUNS / f"{log.stem}.json").exists()
        what, said = (said[0], said[1:]) if said else (what, said)
    else:
        failed = log.stem in missing if kind == "notebook" else bool(said)
    why = said[-1] if said else "ended without a message: killed, out of memory, or the disk full"
    return f"{what}: {why} ({_near(log)})" if failed else ""


def _near(path: Path) -> str:
    return str(path.relative_to(paths.ROOT) if path.is_relative_to(paths.ROOT) else path)
