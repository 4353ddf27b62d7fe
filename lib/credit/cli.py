"""The command line: `credit list | run | collect | notebook | reproduce | refresh | table`."""

import argparse
import errno
import os
import re
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from credit import paths


def main(argv: list[str] | None = None) -> int:
    """Run one command; a mistake of the user's is one line on stderr and status 2."""
    arguments = _parser().parse_args(argv)
    try:
        status = arguments.command(arguments) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever reads has seen enough, as in `credit list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except BrokenProcessPool:
        print(
            "credit: a worker was killed, perhaps for want of memory; finished runs are kept, the "
            "same command goes on, and --workers 1 needs least",
            file=sys.stderr,
        )
        return 1
    except (ValueError, LookupError, OSError) as error:
        text = error.args[0] if isinstance(error, LookupError) and error.args else error
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            text = f"{text}: make room for {paths.ROOT}, the same command then goes on"
        print(f"credit: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "credit: interrupted; finished runs are kept, the same command goes on", file=sys.stderr
        )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="credit", description=__doc__.split(":")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    def with_profile(sub, default="quick"):
        sub.add_argument("--profile", default=default, help="quick or paper (default %(default)s)")

    sub = command("list", _list, "the experiments and how many of their runs are done")
    sub.add_argument("experiment", nargs="*", help="show each run of these, with its key")
    with_profile(sub)
    sub = command("run", _run, "do the missing runs of experiments")
    sub.add_argument("experiment", nargs="+")
    sub.add_argument("--only", metavar="KEY", help="only this run, by its key in `credit list`")
    sub.add_argument("--workers", type=int, help="runs side by side (default: the processors)")
    with_profile(sub)
    sub = command("collect", _collect, "write data/results from finished runs")
    sub.add_argument("experiment", nargs="+")
    sub.add_argument("--dirty", action="store_true", help="also runs made by changed code")
    with_profile(sub, "paper")
    sub = command("notebook", _notebook, "execute one notebook")
    sub.add_argument("name", help="its number, its file name or a path")
    sub._negative_number_matcher = re.compile(r"-\.?\d")  # -1e-3 is a value, not an option
    parameter = {"nargs": 2, "action": "append", "default": [], "metavar": ("NAME", "VALUE")}
    sub.add_argument("-p", dest="parameters", help="set a parameter of the notebook", **parameter)
    sub.add_argument("--output", help="where the executed copy goes (default: build/)")
    with_profile(sub)
    sub = command("reproduce", _reproduce, "execute all notebooks that are out of date")
    sub.add_argument("--jobs", type=int, default=2, help="side by side (default %(default)s)")
    sub.add_argument("--on", default="local", help="local or slurm (default %(default)s)")
    sub.add_argument("--dry-run", action="store_true", help="only say what would be made")
    with_profile(sub)
    command("refresh", _refresh, "take executed notebooks back to notebooks/")
    command("table", _table, "bring the answer table of README.md up to date")
    return parser


def _list(arguments):
    from credit.experiments import EXPERIMENTS, jobs
    from credit.runs.store import RunStore

    store = RunStore()
    for experiment in arguments.experiment or EXPERIMENTS:
        wanted = {job.key: job for job in jobs(experiment, arguments.profile)}  # two may share one
        missing = {job.key for job in store.missing(list(wanted.values()))}
        for key, job in wanted.items() if arguments.experiment else ():
            state = "missing" if key in missing else "done"
            print(f"{key}  {state:7}  {job.method}, {job.name}, seed {job.seed}")
        done, total = len(wanted) - len(missing), len(wanted)
        print(f"{experiment:16} {done:4} of {total:4} runs done ({arguments.profile})")


def _run(arguments):
    from credit.experiments import jobs
    from credit.reruns import execution, schedule
    from credit.runs.store import RunStore

    wanted = [job for e in arguments.experiment for job in jobs(e, arguments.profile)]
    if arguments.only is not None:
        wanted = [job for job in wanted if job.key == arguments.only]
        if not wanted:
            raise ValueError(
                f"no run of {' '.join(arguments.experiment)} ({arguments.profile}) has the key "
                f"{arguments.only!r}: see credit list {arguments.experiment[0]} --profile "
                f"{arguments.profile}; keys change with code and setting"
            )
    if arguments.workers is not None and arguments.workers < 1:
        raise ValueError(f"--workers is {arguments.workers}, expected at least 1")
    if arguments.only is None:
        RunStore().fill(wanted, arguments.workers)
        return
    schedule.end_with_parent()
    job, began = wanted[0], time.monotonic()
    label = f"{job.experiment}, {job.method}, {job.name}, seed {job.seed}"
    print(label, file=sys.stderr)  # a log begins with what it is the log of
    RunStore().fill([job], workers=1, progress=sys.stderr.isatty())
    execution.say(f"{label}: finished in {time.monotonic() - began:.0f} s")


def _collect(arguments):
    from credit.evidence import results
    from credit.reruns import schedule

    if schedule.check_profile(arguments.profile) != "paper":
        raise ValueError(
            f"--profile is {arguments.profile}: data/results holds runs at paper scale only, from "
            "which the answer table is made; notebooks read quick runs from the run store"
        )
    for experiment in arguments.experiment:
        _check_more(experiment, arguments.profile)
        path = results.collect(experiment, arguments.profile, dirty=arguments.dirty)
        print(os.path.relpath(path, paths.ROOT))


def _check_more(experiment, profile):
    """Refuse to replace results by those of fewer runs."""
    from credit.evidence import results
    from credit.experiments import jobs
    from credit.runs.store import RunStore

    wanted, file = jobs(experiment, profile), results.path(experiment)
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    held = re.search(r"^# runs: (\d+) of", text, flags=re.MULTILINE)
    missing = RunStore().missing(wanted)
    if missing and held and len(wanted) - len(missing) < int(held[1]):
        raise ValueError(
            f"{os.path.relpath(file, paths.ROOT)} holds {held[1]} runs, and of the {len(wanted)} "
            f"that are wanted now {len(missing)} are missing: go on with credit run {experiment} "
            f"--profile {profile}, or remove the file first to replace it by fewer runs"
        )


def _notebook(arguments):
    from credit.reruns import execution, schedule

    notebook = execution.find(arguments.name)
    schedule.check_profile(arguments.profile)
    given = {name: _value(text) for name, text in arguments.parameters}
    if "profile" in given:
        raise ValueError("the profile is given as --profile, not as -p profile")
    folder = "own" if given else arguments.profile  # a rerun takes up what lies under its profile
    output = Path(arguments.output or paths.BUILD / folder / notebook.name).resolve()
    if output.suffix != ".ipynb":
        raise ValueError(f"--output is {arguments.output}, expected a name that ends in .ipynb")
    if output == notebook:
        raise ValueError(f"--output is the notebook itself, {notebook.name}: choose another name")
    schedule.end_with_parent()
    try:
        execution.execute(notebook, output, {"profile": arguments.profile, **given})
    except execution.NotebookFailed as error:
        print(f"credit: {error}", file=sys.stderr)
        return 1
    return 0


def _value(text: str):
    """A parameter as YAML reads it, and 1e-3 as the number that YAML does not see in it."""
    import yaml

    try:
        value = yaml.safe_load(text)
        return float(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        raise ValueError(f"{text!r} is not a value in YAML") from None
    except ValueError:
        return value


def _reproduce(arguments):
    from credit.reruns import schedule

    return schedule.reproduce(
        arguments.profile, arguments.jobs, dry_run=arguments.dry_run, on=arguments.on
    )


def _refresh(arguments):
    from credit.reruns import schedule

    return schedule.refresh()


def _table(arguments):
    import torch

    from credit.evidence import answer
    from credit.runs import store

    torch.set_num_threads(1)  # audits are small: beside other processes threads wait on each other
    readme = paths.ROOT / "README.md"
    store.write_whole(readme, answer.with_table(readme.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
