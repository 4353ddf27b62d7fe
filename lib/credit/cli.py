"""The command line: `credit list | run | collect | notebook | reproduce | refresh | table`."""

import argparse
import os
import sys

from credit import paths


def main(argv: list[str] | None = None) -> int:
    """Run one command; a mistake of the user's is one line on stderr and status 2."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments) or 0
    except (ValueError, LookupError, OSError) as error:
        text = error.args[0] if isinstance(error, LookupError) and error.args else error
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

    with_profile(command("list", _list, "the experiments and how many of their runs are done"))
    sub = command("run", _run, "do the missing runs of experiments")
    sub.add_argument("experiment", nargs="+")
    sub.add_argument("--only", metavar="KEY", help="only the run with this key")
    sub.add_argument("--workers", type=int, help="runs side by side (default: the processors)")
    with_profile(sub)
    sub = command("collect", _collect, "write data/results from finished runs")
    sub.add_argument("experiment", nargs="+")
    with_profile(sub, "paper")
    return parser


def _list(arguments):
    from credit.experiments import EXPERIMENTS, jobs
    from credit.store import RunStore

    store = RunStore()
    for experiment in EXPERIMENTS:
        wanted = jobs(experiment, arguments.profile)
        done = len(wanted) - len(store.missing(wanted))
        print(f"{experiment:12} {done:4} of {len(wanted):4} runs done ({arguments.profile})")


def _run(arguments):
    from credit.experiments import jobs
    from credit.store import RunStore

    wanted = [job for e in arguments.experiment for job in jobs(e, arguments.profile)]
    if arguments.only:
        wanted = [job for job in wanted if job.key == arguments.only]
        if not wanted:
            raise ValueError(
                f"no run of {' '.join(arguments.experiment)} ({arguments.profile}) has the key "
                f"{arguments.only!r}: the code or the setting has changed since it was listed"
            )
    if arguments.workers is not None and arguments.workers < 1:
        raise ValueError(f"--workers is {arguments.workers}, expected at least 1")
    RunStore().fill(wanted, arguments.workers)


def _collect(arguments):
    from credit import results

    for experiment in arguments.experiment:
        path = results.collect(experiment, arguments.profile)
        print(os.path.relpath(path, paths.ROOT))


if __name__ == "__main__":
    sys.exit(main())
