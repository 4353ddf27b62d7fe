"""Committed results: one CSV per experiment, with what it takes to make it again at its head."""

import io
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from credit import paths
from credit.experiments import jobs
from credit.runs.files import readable
from credit.runs.store import COLUMNS, RunStore, provenance, write_whole

KEPT = [column for column in COLUMNS if column != "run"]
KINDS = dict.fromkeys(KEPT, "str") | dict.fromkeys(["depth", "width", "seed", "layer"], "int64")
KINDS |= {"epoch": "float64", "value": "float64"}
# the metrics it is about
OF_A_TUNING = ("train ", "validation ", "pattern error", "solved", "epochs to ", "diverged", "loss")
CHANGED = " with changes"  # of a commit, see store.provenance
ONE_RUN = "git checkout COMMIT; credit run {experiment} --profile {profile} --only KEY"
RUN = ["method", "setting", "seed"]  # what tells the runs of an experiment apart


def path(experiment: str) -> Path:
    return paths.RESULTS / f"{experiment}.csv"


def collect(
    experiment: str, profile: str = "paper", store: RunStore | None = None, dirty: bool = False
) -> Path:
    """Write data/results/<experiment>.csv from the finished runs of the store.

    Only whole seeds count: where a run of a network is missing, that network's seed is left out for
    every method, so that methods are compared on the same seeds. None at all is a LookupError.
    Of a tuning only what it is about is kept. The head says of every run which commit made it on
    which machine, see `origins`. A run made by changed code is one of the commit that is checked
    out, if that has no changes: by its key its code was the same. Else nobody could check it out,
    and it is refused unless `dirty`.
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
    records = [store.load(job)["provenance"] for job in done]
    here = {"commit": provenance()["commit"]}
    if CHANGED not in here["commit"] and here["commit"] != "unknown":
        records = [r | here if CHANGED in r["commit"] else r for r in records]
    changed = sum(CHANGED in record["commit"] for record in records)
    if changed and not dirty:
        raise ValueError(
            f"{experiment}: {changed} of {len(done)} runs were made by changed code, which nobody "
            "can check out: commit it and do them again, or collect with --dirty"
        )
    frame = store.frame(done)[KEPT]
    if experiment.endswith("tuning"):
        frame = frame[frame["metric"].str.startswith(OF_A_TUNING)].copy()
    frame["value"] = frame["value"].map(lambda v: float(f"{v:.4g}"))
    frame["epoch"] = frame["epoch"].map(lambda v: float(f"{v:.4g}"))
    lines = [f"command: credit run {experiment} --profile {profile}", f"profile: {profile}"]
    lines += [f"one run: {ONE_RUN.format(experiment=experiment, profile=profile)}"]
    lines += [f"runs: {len(done)} of {len(wanted)}"]
    texts = [json.dumps(record) for record in records]
    number = {text: i for i, text in enumerate(sorted(set(texts)), 1)}
    lines += [f"provenance: {json.dumps({'id': i} | json.loads(t))}" for t, i in number.items()]
    lines += [f"setting: {s}" for s in dict.fromkeys(f"{j.method} {j.setting!r}" for j in done)]
    lines += [
        f"run: {json.dumps([job.method, job.name, job.seed, job.key, number[text]])}"
        for job, text in zip(done, texts, strict=True)
    ]
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False, lineterminator="\n")
    text = "".join(f"# {line}\n" for line in lines) + buffer.getvalue()
    write_whole(path(experiment), with_count(text))
    return path(experiment)


def with_count(text: str) -> str:
    """The same results with the number of their rows behind that of their runs at the head, so
    that a cut at the end of a row is seen; rows stay as they are."""
    head, body = re.fullmatch(r"((?:#[^\n]*\n)*)(.*)", text, flags=re.DOTALL).groups()
    head = re.sub(r"^# rows: .*\n", "", head, flags=re.MULTILINE)
    count = f"# rows: {body.count(chr(10)) - 1}\n"
    return re.sub(r"^(# runs: .*\n)", rf"\1{count}", head, flags=re.MULTILINE) + body


def head(experiment: str) -> dict[str, list[str]]:
    """What stands above the columns of committed results, {name: [text, ...]}."""
    found = {}
    with path(experiment).open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("# "):
                break
            name, _, text = line[2:].rstrip("\n").partition(": ")
            found.setdefault(name, []).append(text)
    return found


def origins(experiment: str) -> pd.DataFrame:
    """Where committed rows come from, one row per run: method, setting, seed, run (its key), then
    commit, machine and versions, and the command that makes it again at that commit. Files of old
    do not say it of each run and give none."""
    facts = head(experiment)
    records = {record.get("id"): record for record in map(json.loads, facts["provenance"])}
    (profile,) = facts["profile"]
    rows: list[dict[str, Any]] = []
    for method, setting, seed, key, number in map(json.loads, facts.get("run", [])):
        made = {name: text for name, text in records[number].items() if name != "id"}
        command = ONE_RUN.format(experiment=experiment, profile=profile).replace("KEY", key)
        row = {"method": method, "setting": setting, "seed": seed, "run": key}
        rows.append(row | made | {"command": command.replace("COMMIT", made["commit"])})
    return pd.DataFrame(rows)


def load(experiment: str) -> pd.DataFrame:
    """The committed rows of an experiment, columns KEPT; every run at paper scale."""
    file = path(experiment)
    if not file.exists():
        raise FileNotFoundError(
            f"{file.name} is not there: make it with credit run {experiment} --profile paper and "
            f"credit collect {experiment}, or get it back with git checkout data/results"
        )
    with readable(file, "collect it again"):
        frame = _parsed(file.read_bytes())
    if missing := set(KEPT) - set(frame):
        raise ValueError(f"{file} lacks the columns {', '.join(sorted(missing))}: collect it again")
    return frame.copy()


@lru_cache(maxsize=256)  # a notebook shows the same runs in many places
def _parsed(content: bytes) -> pd.DataFrame:
    frame = pd.read_csv(io.BytesIO(content), comment="#", dtype=KINDS)
    if set(KEPT) <= set(frame):
        _check(frame, content.decode("utf-8"))
    return frame


def _check(frame: pd.DataFrame, text: str):
    """Refuse a file of which a part is missing."""
    if empty := [c for c in KEPT if c != "value" and frame[c].isna().any()]:
        raise ValueError(f"column {empty[0]} has gaps")
    runs = re.search(r"^# runs: (\d+) of", text, flags=re.MULTILINE)
    held = len(frame.drop_duplicates(["method", "setting", "seed"]))
    if runs and held < int(runs[1]):
        raise ValueError(f"it holds {held} of its {runs[1]} runs")
    rows = re.search(r"^# rows: (\d+)$", text, flags=re.MULTILINE)  # files of old do not say
    if rows and len(frame) != int(rows[1]):
        raise ValueError(f"it holds {len(frame)} of its {rows[1]} rows")
    if not text.endswith("\n"):
        raise ValueError("its last line is cut")


def available() -> list[str]:
    """Experiments with committed results; their names begin with their notebook's number."""
    return sorted(file.stem for file in paths.RESULTS.glob("[0-9][0-9]*.csv"))


def ways(*frames: pd.DataFrame) -> pd.DataFrame:
    """The rows of experiments together, in column `setting` only what stands behind the network:
    "" of a rule as it is, "random", "GR-mid, gain 0.2" and so on."""
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(setting=frame["setting"].str.partition(", ")[2])


def named(frame: pd.DataFrame, variants: Mapping[str, str]) -> pd.DataFrame:
    """The same rows, the name of a variant in place of its rule's in column `method`.

    variants  {what stands behind the network in a setting: name}
    """
    variant = frame["setting"].str.partition(", ")[2].map(variants)
    return frame.assign(method=variant.fillna(frame["method"]))


def final(frame: pd.DataFrame, metric: str = "test error") -> pd.DataFrame:
    """One row per run, layer and metric: the last epoch's, and nan of a run that diverged.

    A mean over such rows is that of the others: `spread` says beside it how many there were.
    """
    rows, lost = frame[frame["metric"] == metric], frame[frame["metric"] == "diverged"]
    last = rows.groupby([*RUN, "layer"])["epoch"].transform("max")
    ended = rows[rows["epoch"] == last]
    if len(lost) and metric != "solved":  # a network that diverged has not solved its task
        sound = ~ended.set_index(RUN).index.isin(lost.set_index(RUN).index)
        ended = pd.concat([ended[sound], _absent(lost, rows, metric)])
    return ended.reset_index(drop=True)


def _absent(lost: pd.DataFrame, rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows of nan for the runs that diverged, for the layers that their like have; an error every
    network has, also where all have diverged."""
    like = rows[["method", "setting", "layer"]].drop_duplicates()
    how = "left" if metric.endswith((" error", " accuracy", "nMSE")) else "inner"
    absent = lost.drop(columns="layer").merge(like, how, ["method", "setting"])
    absent["layer"] = absent["layer"].fillna(0).astype(int)
    unit = rows["unit"].iloc[0] if len(rows) else "%"
    return absent.assign(metric=metric, value=float("nan"), unit=unit)


def spread(final: pd.DataFrame, by: str | list[str] = "method") -> pd.DataFrame:
    """Mean, min and max of `final` rows without the runs that diverged, and in words how many runs
    there were: "5", or "1 of 5 diverged"."""
    groups = final.groupby(by, sort=False)["value"]
    table = groups.agg(["mean", "min", "max"])
    counts = zip(groups.count(), groups.size(), strict=True)
    table["runs"] = [str(n) if k == n else f"{n - k} of {n} diverged" for k, n in counts]
    return table


def costs(frame: pd.DataFrame) -> pd.DataFrame:
    """CPU time of an epoch beside backprop's in the same network: median of the seeds' ratios,
    without those that diverged.

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
    return groups.agg(ratio="median", n="count").reset_index()


def with_accuracy(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows and, for every error in %, the accuracy 100 - error beside it."""
    errors = frame[frame["metric"].str.endswith(" error") & (frame["unit"] == "%")]
    accuracy = errors.assign(
        metric=errors["metric"].str.replace(" error", " accuracy"), value=100 - errors["value"]
    )
    return pd.concat([frame, accuracy], ignore_index=True)
