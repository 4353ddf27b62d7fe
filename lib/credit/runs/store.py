"""The run store: finished runs on disk, found again by what they depend on.

A run's key is the hash of its setting, its seed, the data and the code it used. So a killed rerun
resumes, and a changed rule runs again while everything else stays. Code is compared as syntax
trees without docstrings: a new comment costs nothing.
"""

import ast
import contextlib
import functools
import hashlib
import importlib.util
import inspect
import json
import multiprocessing
import operator
import os
import platform
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from credit import paths
from credit.runs import cells
from credit.runs.files import readable
from credit.runs.progress import bar as progress_bar
from credit.tasks import data

COLUMNS = [
    "experiment", "method", "setting", "dataset", "depth", "width", "seed",
    "epoch", "layer", "metric", "value", "unit", "run",
]  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One run to be done: a label for its place in an experiment, a setting and a seed.

    label    its entry in the column `setting`; setting.label unless given
    run      the pure function run(setting, seed) -> rows; looked up by the worker
    """

    experiment: str
    setting: Any
    seed: int
    label: str = ""
    run: str = "credit.training.run:run"

    def __post_init__(self):
        object.__setattr__(self, "seed", operator.index(self.seed))  # numpy's look otherwise

    @property
    def function(self) -> Callable:
        module, name = self.run.split(":")
        return getattr(importlib.import_module(module), name)

    @property
    def name(self) -> str:
        return self.label or self.setting.label

    @property
    def method(self) -> str:
        """The file name of the rule, e.g. backprop; of a rule written in a notebook, its class."""
        kind = type(self.setting.rule)
        module = kind.__module__.rsplit(".", 1)[-1]
        return kind.__name__ if module == "__main__" else module

    @functools.cached_property
    def key(self) -> str:
        """Hex digest of everything the numbers depend on; not of the label."""
        parts = [repr(self.setting), str(self.seed), self.run]
        if self.setting.dataset:  # else the run draws its own
            parts.append(data.version(self.setting.dataset))
        modules = [self.run.split(":")[0]]
        for kind in _classes(self.setting.rule):
            if kind.__module__ == "__main__":  # in a notebook
                parts.append(_code(cells.with_what_it_uses(kind)))
            elif kind.__module__ not in sys.stdlib_module_names:
                modules.append(kind.__module__)
        parts.append(_code_of(*modules))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def _classes(rule) -> Iterator[type]:
    """Of a rule, of the rules and settings that are its fields, and all that these inherit."""
    yield from type(rule).__mro__
    for part in fields(rule) if is_dataclass(rule) else ():
        yield from _classes(getattr(rule, part.name))


@functools.cache  # a module stands in the code of many rules
def _code(source: str) -> str:
    """The source as a syntax tree without docstrings, comments and layout."""
    tree = ast.parse(inspect.cleandoc(source) if source.startswith(" ") else source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = body[1:] or [ast.Pass()]  # as if it had never been there
    return ast.dump(tree)


@functools.cache
def _code_of(*modules: str) -> str:
    return "\n".join(f"{name}\n{_code(source)}" for name, source in sources(*modules).items())


def sources(*modules: str) -> dict[str, str]:
    """{module: source} of these modules of credit and of all that they import from it."""
    found, queue = {}, list(modules)
    while queue:
        name = queue.pop()
        spec = importlib.util.find_spec(name) if name not in found else None
        if spec is None or not spec.origin:
            continue
        found[name] = Path(spec.origin).read_text(encoding="utf-8")
        queue += [_imported(*names) for names in _imports(found[name])]
    # paths say where things lie, not what comes out; the data are in the key by their checksums
    return {name: found[name] for name in sorted(found) if name != "credit.paths"}


@functools.cache
def _imports(source: str) -> list[tuple[str, str]]:
    """(module, name) of every `from credit... import name`."""
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("credit")
        for alias in node.names
    ]


@functools.cache
def _imported(module: str, name: str) -> str:
    """The module behind `from module import name`: tasks.data of `from credit.tasks import data`,
    and of `from credit.tasks.data import load`."""
    package = importlib.import_module(module)
    inner = f"{module}.{name}"
    is_module = hasattr(package, "__path__") and importlib.util.find_spec(inner) is not None
    return inner if is_module else module


@functools.cache
def processor() -> str:
    """The model of the processor in words, as the system names it."""
    info, model = Path("/proc/cpuinfo"), ""
    if info.exists():
        named = re.search(r"^model name\s*: (.*)$", info.read_text(), flags=re.MULTILINE)
        model = named[1] if named else ""
    elif platform.system() == "Darwin":
        ask = ["sysctl", "-n", "machdep.cpu.brand_string"]
        model = subprocess.run(ask, capture_output=True, text=True).stdout
    return model.strip() or platform.processor() or "unknown"


def provenance() -> dict:
    """What a result needs beside it to be made again; and on which processor, since others round
    the last bits otherwise."""
    import torch

    git = functools.partial(subprocess.run, cwd=paths.ROOT, capture_output=True, text=True)
    try:
        commit = git(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        changed = git(["git", "status", "--porcelain", "lib"]).stdout.strip()
    except OSError:  # no git on this machine
        commit, changed = "", ""
    return {
        "commit": (commit or "unknown") + (" with changes" if changed else ""),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy")},
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


class RunStore:
    """A folder with one JSON file per finished run.

    root  made when first written to
    """

    def __init__(self, root: Path | None = None):
        self.root = Path(root or paths.RUNS)

    def path(self, job: Job) -> Path:
        return self.root / f"{job.key}.json"

    def load(self, job: Job) -> dict | None:
        """{"rows": [...], "provenance": {...}} of a finished run, None when there is none."""
        try:
            with readable(self.path(job), "do its run again"):
                record = json.loads(self.path(job).read_text(encoding="utf-8"))
                _check(record, job)
        except FileNotFoundError:
            return None
        return record

    def save(self, job: Job, rows: list[dict], origin: dict | None = None):
        """Write a finished run: a whole file or none.

        origin   the provenance when the run began; by default that of now
        """
        record = {"setting": repr(job.setting), "seed": job.seed}
        record |= {"provenance": origin or provenance(), "rows": rows}
        file = self.path(job)
        try:
            write_whole(file, json.dumps(record, indent=0))
        except OSError:
            if not (file.exists() and self._holds(job)):  # else another was first with this run
                raise
        for part in self.root.glob(f".{file.name}.*.part"):  # of one killed while it wrote this run
            part.unlink(missing_ok=True)

    def missing(self, jobs: Sequence[Job]) -> list[Job]:
        """Jobs not done yet, each key once; a damaged file is no finished run."""
        return [job for job in {j.key: j for j in jobs}.values() if not self._holds(job)]

    def _holds(self, job: Job) -> bool:
        try:
            return self.load(job) is not None
        except ValueError:
            return False

    def fill(self, jobs: Sequence[Job], workers: int | None = None, progress: bool = True):
        """Run what is missing, each run on one thread, several side by side."""
        todo = self.missing(jobs)
        if not todo:
            return self
        workers = min(workers or cores(), len(todo))
        written = set(filter(cells.only_here, (type(job.setting.rule) for job in todo)))
        if written and workers > 1:
            names = ", ".join(sorted(kind.__name__ for kind in written))
            print(f"one run after another: other processes cannot import {names}, which is written "
                  "in a notebook; in a file (CREDIT_RULES) it runs side by side")  # fmt: skip
            workers = 1
        quiet = {} if progress else {"disable": True}  # else TQDM_DISABLE has its say
        bar = progress_bar(total=len(todo), desc="runs", unit="run", **quiet)
        with bar:
            if workers == 1:
                for job in todo:
                    work(self.root, job)
                    bar.update()
                return self
            context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
            with ProcessPoolExecutor(workers, context, _end_with_parent) as pool:
                futures = [pool.submit(work, self.root, job) for job in todo]
                try:
                    for future in as_completed(futures):
                        future.result()
                        bar.update()
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        return self

    def frame(self, jobs: Sequence[Job]) -> pd.DataFrame:
        """The rows of these runs as one tidy frame with COLUMNS; all of them must be done."""
        parts = []
        for job in jobs:
            record = self.load(job)
            if record is None:
                raise LookupError(
                    f"{job.experiment}: the run of {job.method}, {job.name}, seed {job.seed} is "
                    f"not in {self.root}: fill the store first"
                )
            sizes = job.setting.sizes
            part = pd.DataFrame(record["rows"]).assign(
                experiment=job.experiment, method=job.method, setting=job.name,
                dataset=job.setting.dataset or "drawn",
                depth=len(sizes) - 2, width=sizes[1], run=job.key,
            )  # fmt: skip
            if "seed" not in part:  # a run of many networks says the seed of each
                part["seed"] = job.seed
            parts.append(part[COLUMNS])
        return pd.concat(parts, ignore_index=True)


def _check(record: Any, job: Job):
    """Refuse what save did not write, or wrote for another run."""
    if (record["seed"], record["setting"]) != (job.seed, repr(job.setting)):
        raise ValueError(f"it holds the run of seed {record['seed']}, {record['setting']}")
    needed = {"epoch": float, "layer": int, "metric": str, "value": float, "unit": str}
    for row in record["rows"]:
        for column, kind in needed.items():
            if not isinstance(row[column], (int, float) if kind is float else kind):
                raise ValueError(f"{column} is {row[column]!r}")
    dict(record["provenance"])


def cores() -> int:
    """How many runs go side by side: CREDIT_WORKERS, else the processors this process may use."""
    given = os.environ.get("CREDIT_WORKERS", "")
    if given and (not given.isdigit() or int(given) < 1):
        raise ValueError(f"CREDIT_WORKERS is {given!r}, expected a whole number of at least 1")
    if given:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with_parent():
    """Let a worker end when the process that feeds it is killed; by itself it would wait on."""

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def work(root: Path, job: Job):
    """Do one run on one thread and keep it."""
    import torch

    threads, origin = torch.get_num_threads(), provenance()  # the commit may move during a run
    torch.set_num_threads(1)
    try:
        RunStore(root).save(job, job.function(job.setting, job.seed), origin)
    finally:
        torch.set_num_threads(threads)


def write_whole(path: Path, text: str):
    """Write a text file so that it is there whole or not at all, also after a power cut."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # not a NamedTemporaryFile: only its maker could read what comes out
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing can be removed
            if temporary is not None:
                temporary.unlink(missing_ok=True)
        elsewhere = " or choose another folder with CREDIT_RUNS" if path.suffix == ".json" else ""
        raise OSError(
            f"cannot write {path}: {error.strerror or error}; nothing half-written was left, "
            f"see to its space and permissions{elsewhere}"
        ) from error
