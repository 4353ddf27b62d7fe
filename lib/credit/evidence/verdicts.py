"""Published values, and the verdict on a measured one: always computed, never written by hand."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from credit.paths import DATA
from credit.runs.files import readable

PUBLISHED = DATA / "published.csv"
COLUMNS = ["id", "experiment", "method", "setting", "paper", "locator", "metric"]
COLUMNS += ["value", "spread", "unit", "read", "confidence", "note"]
MARKS = {
    "read": ("seen", "quoted", "memory"),  # in the paper, its code or logs; in another source
    "confidence": ("high", "medium", "low"),
}
UNMEASURED = "not yet measured"  # the word where a run is still to come
RESULT_COLUMNS = ["experiment", "method", "setting", "seed", "epoch", "metric", "value", "unit"]

# What unprinted details (initial ranges, the best epoch instead of the last) may move a value,
# in the unit of the metric: dense nets on MNIST, and angles ...
TOLERANCES = {"test error": 0.3, "train error": 0.3, "test accuracy": 0.3}
TOLERANCES |= {"delta angle": 10.0, "weight angle": 10.0}
TOLERANCES |= {"largest gradient angle": 0.1}  # of an identity
TOLERANCES |= {"epochs to criterion": 5.0}  # of a small task, whose criterion is not printed
# ... and the percentages of settings that begin with another data set or kind of net.
OTHER_PERCENTAGES = {"MNIST convolutional": 0.2, "MNIST LeNet": 0.2, "CIFAR": 2.0}
OTHER_PERCENTAGES |= {"MNIST locally connected": 0.2}
ROUNDING = 1e-9  # 2.0 - 1.7 is above 0.3 in binary


@dataclass(frozen=True)
class Verdict:
    """One comparison: the word, and the numbers it was computed from."""

    word: str
    n: int
    mean: float
    half_width: float
    published: float
    gap: float  # mean - published
    cost: str = ""  # of the run that would be needed, when it is out of reach


def published(
    experiment: str | None = None, method: str | None = None, setting: str | None = None
) -> pd.DataFrame:
    """Rows of data/published.csv, all or those that match; a value nobody could read is nan."""
    rows = _read_published()
    for column, wanted in (("experiment", experiment), ("method", method), ("setting", setting)):
        if wanted is not None:
            rows = rows[rows[column] == wanted]
    return rows.reset_index(drop=True)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % t interval; the half width is nan below two values."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = float(values.mean()) if n else math.nan
    if n < 2:
        return mean, math.nan
    return mean, float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n))


def tolerance(metric: str, setting: str = "") -> float:
    """Difference still called equal, unit of the metric; 'x at epoch 10' is judged like 'x'."""
    kind = metric.split(" at ")[0]
    if kind not in TOLERANCES:
        raise ValueError(f"no tolerance for metric {metric!r}, known: {', '.join(TOLERANCES)}")
    if not kind.endswith("angle"):
        for beginning, points in OTHER_PERCENTAGES.items():
            if setting.startswith(beginning):
                return points
    return TOLERANCES[kind]


def verdict(
    ours: Sequence[float],
    published: float | None,
    tolerance: float,
    spread: float = 0.0,
    lower_is_better: bool = True,
) -> Verdict:
    """Compare n runs with a published value.

        gap     = mean(ours) - published
        chance  = sqrt(half_width^2 + spread^2)                          (E.1)
        word    reproduced if |gap| <= tolerance + chance                (E.2)
                near       if |gap| <= 3 tolerance + chance              (E.3)
                differs: better, or differs: worse, otherwise
                too scattered in place of the first two, if half_width > 3 tolerance   (E.4)

    The published mean varies over its own runs too, but papers print the standard deviation and
    often not the number of runs. One such deviation is the 95 % half width of a mean of about
    six runs, so the spread enters as that. The two halves are independent, so their squares add
    (E.1); the tolerance is a shift common to all runs, so it adds to the chance (E.2). Runs that
    leave their mean open by more than all that would still be near agree with nothing (E.4): a
    seed that fails must not earn a good word.

    ours             one value per seed, [n], finite
    published        None or nan where nobody could read it
    tolerance        difference still called equal, same unit
    spread           published standard deviation over runs, same unit; nan counts as 0
    lower_is_better  decides between better and worse only
    """
    ours = np.asarray(ours, dtype=float)
    if not np.isfinite(ours).all():
        raise ValueError(f"ours is {ours.tolist()}; give a run that diverged the value it ended at")
    published = math.nan if published is None else float(published)
    spread = 0.0 if math.isnan(spread) else spread
    if not (tolerance >= 0 and spread >= 0):
        raise ValueError(f"tolerance {tolerance} and spread {spread} must not be negative")
    mean, half_width = interval(ours)
    gap = mean - published
    chance = math.hypot(half_width, spread) + ROUNDING  # (E.1)
    if math.isnan(published):
        word = "no published value"
    elif len(ours) < 3:
        word = "too few runs"
    elif abs(gap) > 3 * tolerance + chance:
        word = "differs: better" if (gap < 0) == lower_is_better else "differs: worse"
    elif half_width > 3 * tolerance + ROUNDING:  # (E.4)
        word = "too scattered"
    else:
        word = "reproduced" if abs(gap) <= tolerance + chance else "near"  # (E.2), (E.3)
    return Verdict(word, len(ours), mean, half_width, published, gap)


def out_of_reach(published: float | None, cost: str) -> Verdict:
    """The verdict on a run nobody made here; cost says, measured or estimated, why not."""
    if not cost.strip():
        raise ValueError(
            "'out of reach here' needs its cost, for instance '8 h per seed on 1 core'"
        )
    value = math.nan if published is None else float(published)
    return Verdict("out of reach here", 0, math.nan, math.nan, value, math.nan, cost)


def verdict_table(
    results: pd.DataFrame, experiment: str, costs: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row per published value of an experiment, with the runs that answer it.

    results   tidy rows, columns RESULT_COLUMNS and any others; of each run the largest epoch
              counts, except for a published 'x at epoch 10', which is answered by x at epoch 10
    costs     {id of a published row: what its runs would cost}, for those out of reach here
    Returns   id, method, setting, metric, unit, published, spread, read, confidence,
              mean, half_width, n, verdict
    """
    rows, costs = published(experiment), costs or {}
    if rows.empty:
        known = sorted(set(published()["experiment"]) - {""})
        raise ValueError(f"no published value for experiment {experiment!r}, known: {known}")
    if unknown := set(costs) - set(rows["id"]):
        raise ValueError(f"costs name {sorted(unknown)}, not among the rows of {experiment}")
    rows = rows.sort_values("setting", kind="stable", ignore_index=True)
    runs = _runs(results, experiment)
    verdicts = [_judge(row, runs, costs.get(row.id)) for row in rows.itertuples()]
    table = rows[["id", "method", "setting", "metric", "unit"]].copy()
    table["published"] = rows["value"]
    table[["spread", "read", "confidence"]] = rows[["spread", "read", "confidence"]]
    for column in ("mean", "half_width", "n"):
        table[column] = [getattr(v, column) for v in verdicts]
    table["verdict"] = [f"{v.word}: {v.cost}" if v.cost else v.word for v in verdicts]
    return table


def format_table(table: pd.DataFrame) -> pd.DataFrame:
    """A verdict table to read: '1.74 ± 0.08 (memory, high)' beside '1.81 ± 0.05 (n = 5)'."""
    short = table[["method", "setting", "metric", "unit"]].copy()
    short["published"] = [
        f"{_plus_minus(row.published, row.spread)} ({row.read}, {row.confidence})"
        for row in table.itertuples()
    ]
    short["ours"] = [
        f"{_plus_minus(row.mean, row.half_width, digits=2)} (n = {row.n})" if row.n else "–"
        for row in table.itertuples()
    ]
    short["verdict"] = table["verdict"]
    return short


def _read_published() -> pd.DataFrame:
    again = "get it back with git checkout data/published.csv"
    with readable(PUBLISHED, again), PUBLISHED.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows, header = list(reader), reader.fieldnames or []
    if header != COLUMNS:
        missing, unknown = set(COLUMNS) - set(header), set(header) - set(COLUMNS)
        raise ValueError(
            f"{PUBLISHED}: columns missing {sorted(missing)}, unknown {sorted(unknown)}, "
            f"expected exactly {','.join(COLUMNS)}"
        )
    ids = set()
    for row in rows:
        if problem := _problem(row, ids):
            raise ValueError(f"{PUBLISHED}, row {row['id']!r}, {problem}")
        ids.add(row["id"])
        for column in ("value", "spread"):
            row[column] = float(row[column] or "nan")
    return pd.DataFrame(rows, columns=COLUMNS)


def _problem(row: dict, ids: set) -> str:
    """What is wrong with one line of the file; '' if nothing."""
    if None in row or None in row.values():
        return f"column count: not the {len(COLUMNS)} of the header"
    if row["id"] in ids or not row["id"]:
        return "column id: empty or used before"
    for column, allowed in MARKS.items():
        if row[column] not in allowed:
            return f"column {column}: {row[column]!r} is none of {', '.join(allowed)}"
    for column in ("value", "spread"):
        try:
            fine = not row[column] or math.isfinite(float(row[column]))
        except ValueError:
            fine = False
        if not fine:
            return f"column {column}: {row[column]!r} is no finite number"
    return ""


def _runs(results: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """One row per run and metric: the last epoch as 'x', every epoch as 'x at epoch n'."""
    if missing := set(RESULT_COLUMNS) - set(results):
        raise ValueError(f"results lack {sorted(missing)}, expected {RESULT_COLUMNS}")
    rows = results.loc[results["experiment"] == experiment, RESULT_COLUMNS]
    last = rows.groupby(["method", "setting", "seed", "metric"])["epoch"].transform("max")
    named = rows["metric"] + " at epoch " + rows["epoch"].astype(int).astype(str)
    return pd.concat([rows[rows["epoch"] == last], rows.assign(metric=named)]).drop_duplicates()


def _judge(row, runs: pd.DataFrame, cost: str | None) -> Verdict:
    """The verdict on one published row, a named tuple."""
    same = [runs[column] == getattr(row, column) for column in ("method", "setting", "metric")]
    mine = runs[np.logical_and.reduce(same)]
    if mine.empty:
        if cost is not None:
            return out_of_reach(row.value, cost)
        return Verdict(UNMEASURED, 0, math.nan, math.nan, row.value, math.nan)
    if mine["seed"].duplicated().any():
        raise ValueError(f"results for {row.id} hold a seed twice: {sorted(mine['seed'])}")
    if (mine["unit"] != row.unit).any():
        raise ValueError(f"results for {row.id} are in {set(mine['unit'])}, expected {row.unit!r}")
    margin = 0.0 if math.isnan(row.value) else tolerance(row.metric, row.setting)
    return verdict(mine["value"], row.value, margin, row.spread, "accuracy" not in row.metric)


def _plus_minus(value: float, spread: float, digits: int | None = None) -> str:
    """'1.70 ± 0.04', with as many digits as the longer of the two needs, unless told."""
    if math.isnan(value):
        return "no value"
    if digits is None:
        digits = max(len(f"{x:g}".partition(".")[2]) for x in (value, spread))
    text = f"{value:.{digits}f}"
    return text if math.isnan(spread) else f"{text} ± {spread:.{digits}f}"
