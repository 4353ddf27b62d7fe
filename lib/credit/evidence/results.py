"""Committed results: one CSV per experiment, with what it takes to make it again at its head."""

import io
import json
import re
from pathlib import Path

import pandas as pd

from credit import paths
from credit.experiments import jobs
from credit.runs.files import readable
from credit.runs.store import COLUMNS, RunStore, write_whole

KEPT = [column for column in COLUMNS if column != "run"]
KINDS = dict.fromkeys(KEPT, "str") | dict.fromkeys(["depth", "width", "seed", "layer"], "int64")
KINDS |= {"epoch": "float64", "value": "float64"}
OF_A_TUNING = ("train ", "validation ", "solved", "epochs to ")  # the metrics it is about


def path(experiment: str) -> Path:
    return paths.RESULTS / f"{experiment}.csv"


def collect(experiment: str, profile: str = "paper", store: RunStore | None = None) -> Path:
    """Write data/results/<experiment>.csv from the finished runs of the store.

    Only whole seeds count: where a run of a network is missing, that network's seed is left out for
    every method, so that methods are compared on the same seeds. None at all is a LookupError.
    Of a tuning only what it is about is kept.
    """
    store = store or RunStore()
    wanted = jobs(experiment, profile)
    missing = {(job.seed, job.setting.label) for job in store.missing(wanted)}
    done = [job for job in wanted if (job.seed, job.setting.label) not in missing]
    if not done:
        raise LookupError(
            f"nothing to collect for {experiment} ({profile}): no seed is finished for every "
            f"method; go on with credit run {experiment} --profile {profile}"
        )
    frame = store.frame(done)[KEPT]
    if experiment.endswith("tuning"):
        frame = frame[frame["metric"].str.startswith(OF_A_TUNING)].copy()
    frame["value"] = frame["value"].map(lambda v: float(f"{v:.4g}"))
    frame["epoch"] = frame["epoch"].map(lambda v: float(f"{v:.4g}"))
    lines = [f"command: make reproduce PROFILE={profile}", f"profile: {profile}"]
    lines += [f"runs: {len(done)} of {len(wanted)}"]
    origins = {json.dumps(store.load(job)["provenance"]) for job in done}
    lines += [f"provenance: {origin}" for origin in sorted(origins)]
    lines += [f"setting: {s}" for s in dict.fromkeys(f"{j.method} {j.setting!r}" for j in done)]
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False, lineterminator="\n")
    write_whole(path(experiment), "".join(f"# {line}\n" for line in lines) + buffer.getvalue())
    return path(experiment)


def load(experiment: str) -> pd.DataFrame:
    """The committed rows of an experiment, columns KEPT; every run at paper scale."""
    file = path(experiment)
    if not file.exists():
        raise FileNotFoundError(
            f"{file.name} is not there: make it with credit run {experiment} --profile paper and "
            f"credit collect {experiment}, or get it back with git checkout data/results"
        )
    with readable(file, "collect it again"):
        frame = pd.read_csv(file, comment="#", dtype=KINDS)
    if missing := set(KEPT) - set(frame):
        raise ValueError(f"{file} lacks the columns {', '.join(sorted(missing))}: collect it again")
    with readable(file, "collect it again"):
        _check(frame, file.read_text(encoding="utf-8"))
    return frame


def _check(frame: pd.DataFrame, text: str):
    """Refuse a file of which a part is missing."""
    if empty := [c for c in KEPT if c != "value" and frame[c].isna().any()]:
        raise ValueError(f"column {empty[0]} has gaps")
    runs = re.search(r"^# runs: (\d+) of", text, flags=re.MULTILINE)
    held = len(frame.drop_duplicates(["method", "setting", "seed"]))
    if runs and held < int(runs[1]):
        raise ValueError(f"it holds {held} of its {runs[1]} runs")
    if not text.endswith("\n"):
        raise ValueError("its last line is cut")


def available() -> list[str]:
    """Experiments with committed results; their names begin with their notebook's number."""
    return sorted(file.stem for file in paths.RESULTS.glob("[0-9][0-9]*.csv"))


def final(frame: pd.DataFrame, metric: str = "test error") -> pd.DataFrame:
    """One row per run, layer and metric: the last epoch's."""
    rows = frame[frame["metric"] == metric]
    last = rows.groupby(["method", "setting", "seed", "layer"])["epoch"].transform("max")
    return rows[rows["epoch"] == last].reset_index(drop=True)


def costs(frame: pd.DataFrame) -> pd.DataFrame:
    """CPU time of an epoch beside backprop's in the same network: median of the seeds' ratios.

    frame   rows of one experiment. Returns columns method, setting, depth, ratio, n
    """
    whole = final(frame, "cpu time")
    epochs = frame[frame["metric"] != "cpu time"].groupby(["method", "setting", "seed"])["epoch"]
    whole = whole.merge(epochs.max().rename("epochs").reset_index())
    whole["value"] /= whole["epochs"]
    place = ["depth", "width", "seed"]
    theirs = whole[whole["method"] == "backprop"].groupby(place)["value"].median()
    whole = whole.merge(theirs.rename("backprop").reset_index(), on=place)
    whole["ratio"] = whole["value"] / whole["backprop"]
    groups = whole.groupby(["method", "setting", "depth"], sort=False)["ratio"]
    return groups.agg(ratio="median", n="size").reset_index()


def with_accuracy(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows and, for every error in %, the accuracy 100 - error beside it."""
    errors = frame[frame["metric"].str.endswith(" error") & (frame["unit"] == "%")]
    accuracy = errors.assign(
        metric=errors["metric"].str.replace(" error", " accuracy"), value=100 - errors["value"]
    )
    return pd.concat([frame, accuracy], ignore_index=True)
