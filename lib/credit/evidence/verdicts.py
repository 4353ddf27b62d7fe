"""Verdicts on the runs of an experiment: always computed, never written by hand.

Judged is what papers claim: values, their difference to the backprop of the same table, and the
order of its methods. The rule stands in `agreement`.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from credit.evidence.agreement import (
    BEST,
    EXACT,
    FEWEST,
    NOTHING,
    PUBLIC,
    RULE,
    Verdict,
    badness,
    compare,
    difference,
    interval,
    out_of_reach,
    tolerance,
    verdict,
)
from credit.evidence.published import citation, has_value, in_words, places, plus_minus, published
from credit.rules import catalogue

__all__ = ["RULE", "format_table", "interval", "judgements", "mean_in_words", "order_table"]
__all__ += ["out_of_reach", "published", "verdict_table"]

UNMEASURED = "not yet measured"  # the word where a run is still to come
LISTED = 5  # runs, at most, that are told one by one where their mean says little
RESULT_COLUMNS = ["experiment", "method", "setting", "seed", "epoch", "metric", "value", "unit"]


def verdict_table(
    results: pd.DataFrame, experiment: str, costs: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row per published value of an experiment, with the runs that answer it.

    results   tidy rows, columns RESULT_COLUMNS and any others; of each run the largest epoch
              counts, except for a published 'x at epoch 10', which is answered by x at epoch 10;
              a run with a row 'diverged' has no last value
    costs     {id of a published row: what its runs would cost}, for those out of reach here
    Returns   experiment, id, method, setting, paper, metric, unit, published, low, high, spread,
              rounding, read, confidence, mean, half_width, n, runs (a value each), verdict; and of
              the difference to the backprop of the same table published_difference, difference,
              difference_half_width, difference_verdict, nan and "" where it has none
    """
    rows, costs = published(experiment), costs or {}
    if rows.empty:
        known = sorted(set(published()["experiment"]) - {""})
        raise ValueError(f"no published value for experiment {experiment!r}, known: {known}")
    if unknown := set(costs) - set(rows["id"]):
        raise ValueError(f"costs name {sorted(unknown)}, not among the rows of {experiment}")
    rows = rows.sort_values("setting", kind="stable", ignore_index=True)
    runs = Runs(results, experiment)
    verdicts = [_judge(row, runs, costs.get(row.id)) for row in rows.itertuples()]
    differences = [_judge_difference(row, rows, runs) for row in rows.itertuples()]
    values = [tuple(runs.of(row)[0]) for row in rows.itertuples()]
    table = rows[["experiment", "id", "method", "setting", "paper", "metric", "unit"]].copy()
    table["published"] = rows["value"]
    kept = ["low", "high", "spread", "rounding", "read", "confidence"]
    table[kept] = rows[kept]
    for column in ("mean", "half_width", "n"):
        table[column] = [getattr(v, column) for v in verdicts]
    table["runs"] = pd.Series(values, dtype=object)
    table["verdict"] = [f"{v.word}: {v.cost}" if v.cost else v.word for v in verdicts]
    table["published_difference"] = [v.published for v in differences]
    table["difference"] = [v.mean for v in differences]
    table["difference_half_width"] = [v.half_width for v in differences]
    table["difference_verdict"] = ["" if v is NOTHING else v.word for v in differences]
    return table


def judgements(table: pd.DataFrame, column: str = "verdict") -> pd.Series:
    """One word per set of runs, whatever was published of them: the worst of its words.

    Five runs are one judgement, also where four epochs and two angles of them were published. Rows
    without a value to compare with have none; runs still to come keep UNMEASURED or their cost.

    table    of verdict_table, one or several
    column   verdict, or difference_verdict
    """
    known = table[has_value(table.rename(columns={"published": "value"})) & (table[column] != "")]
    of_runs = known.groupby(["experiment", "method", "setting", "paper"], sort=False)
    return of_runs[column].agg(lambda words: max(words, key=badness))


def order_table(results: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """The methods of each published table from best to worst, there and here.

    Two methods stand in an order where they differ by more than chance: the published spreads, or
    without them the rounding; here the 95 % interval of the difference, paired by seed. The order
    is the same if every published pair stands here as it does there, another one if a pair stands
    the other way round, and open otherwise; not judged where a run diverged.

    Returns   paper, setting, metric, published, here, verdict
    """
    rows, runs = published(experiment), Runs(results, experiment)
    rows = rows[rows["value"].notna()]
    rows = rows.assign(net=rows["beside"].where(rows["beside"] != "", rows["setting"]))
    found = []
    for (paper, net, metric), part in rows.groupby(["paper", "net", "metric"], sort=False):
        lost = [lost for row in part.itertuples() if (lost := runs.of(row)[1])]
        part = [row for row in part.itertuples() if len(runs.of(row)[0]) >= FEWEST]
        if len(part) > 1:
            place = {"paper": citation(paper), "setting": net, "metric": metric}
            found.append(place | _order(part, runs) | ({"verdict": lost[0]} if lost else {}))
    return pd.DataFrame(
        found, columns=["paper", "setting", "metric", "published", "here", "verdict"]
    )


def format_table(table: pd.DataFrame) -> pd.DataFrame:
    """A verdict table to read: names, '1.74 ± 0.08 (recalled)' beside '1.81 ± 0.05 (n = 5)'.

    Print RULE below it.
    """
    rows = list(table.itertuples())
    short = pd.DataFrame({"method": [name(row.method) for row in rows]}, index=table.index)
    short["setting"] = table["setting"]
    short["metric"] = [_with_unit(row) for row in rows]
    short["paper"] = table["paper"].map(citation)
    short["published"] = [in_words(row) for row in rows]
    short["here"] = [
        f"{mean_in_words(row.runs, row.unit)} (n = {row.n})" if row.n else "–" for row in rows
    ]
    short["verdict"] = table["verdict"]
    if (table["difference_verdict"] != "").any():
        short["minus backprop: published, here"] = [_difference_in_words(row) for row in rows]
        short["its verdict"] = table["difference_verdict"].where(
            table["difference_verdict"] != "", "–"
        )
    return short


def mean_in_words(runs: Sequence[float], unit: str = "%") -> str:
    """'1.81 ± 0.05'; of five runs or less each one, '5.26, 13.38, 78.98', where the interval would
    say nothing: it holds values that cannot be, below 0 or above 100 %, or there are too few. What
    two places would print as 0.00 gets up to five, '0.0002 ± 0.0001'."""
    mean, half_width = interval(runs)
    room = min(mean, 100 - mean) if unit == "%" else mean
    if len(runs) < FEWEST or (len(runs) <= LISTED and half_width > room):
        return ", ".join(f"{value:.2f}" for value in sorted(runs))
    first = math.ceil(-math.log10(mean)) if mean > 0 else 0  # place of its first digit
    return plus_minus(mean, half_width, first if 2 < first <= 5 else 2)


def name(method: str) -> str:
    """A method in words."""
    return catalogue()[method].name if method in catalogue() else method.replace("_", " ")


class Runs:
    """The runs of an experiment, as the values that answer published ones."""

    def __init__(self, results: pd.DataFrame, experiment: str):
        if missing := set(RESULT_COLUMNS) - set(results):
            raise ValueError(f"results lack {sorted(missing)}, expected {RESULT_COLUMNS}")
        rows = results.loc[results["experiment"] == experiment, RESULT_COLUMNS]
        if not np.isfinite(rows["epoch"].to_numpy(dtype=float)).all():
            raise ValueError(f"results of {experiment} hold rows without an epoch")
        run = ["method", "setting", "seed"]
        self.seeds = rows.groupby(["method", "setting"])["seed"].agg(set).to_dict()
        self.diverged = set(rows.loc[rows["metric"] == "diverged", run].itertuples(index=False))
        wanted = set(published(experiment)["metric"])
        kinds = {metric.partition(" at epoch ")[0] for metric in wanted}
        rows = rows[rows["metric"].isin(wanted | kinds)]
        last = rows[rows["epoch"] == rows.groupby([*run, "metric"])["epoch"].transform("max")]
        came = [one not in self.diverged for one in last[run].itertuples(index=False, name=None)]
        named = rows["metric"] + " at epoch " + rows["epoch"].astype(int).astype(str)
        self.rows = pd.concat([last[came], rows.assign(metric=named)]).drop_duplicates()

    def of(self, row) -> tuple[pd.Series, str]:
        """Values by seed that answer a published row, and '1 of 5 diverged' where seeds lack one.

        Percentages of right answers come as those of wrong ones.
        """
        same = [self.rows[c] == getattr(row, c) for c in ("method", "setting", "metric")]
        mine = self.rows[np.logical_and.reduce(same)]
        if mine["seed"].duplicated().any():
            raise ValueError(f"results for {row.id} hold a seed twice: {sorted(mine['seed'])}")
        if (mine["unit"] != row.unit).any():
            raise ValueError(
                f"results for {row.id} are in {set(mine['unit'])}, expected {row.unit!r}"
            )
        values = mine.set_index("seed")["value"]
        seeds = self.seeds.get((row.method, row.setting), set())
        lost = seeds - set(values.index)
        diverged = {s for s in lost if (row.method, row.setting, s) in self.diverged}
        if values.empty and diverged != seeds:
            return values, ""  # this was measured of no run
        why = "diverged" if lost == diverged else "without a value"
        return values, f"{len(lost)} of {len(seeds)} {why}" if lost else ""


def _judge(row, runs: Runs, cost: str | None) -> Verdict:
    """The verdict on one published row, a named tuple."""
    values, lost = runs.of(row)
    if values.empty and not lost:
        if cost is not None:
            return out_of_reach(row.value, cost)
        return Verdict(UNMEASURED, 0, math.nan, math.nan, row.value, math.nan)
    target, margin = row.value, 0.0
    if not math.isnan(row.low):
        target = (row.low, row.high)
        margin = tolerance(row.metric, (row.low + row.high) / 2)
    elif not math.isnan(row.value):
        margin = tolerance(row.metric, row.value, row.rounding)
    found = verdict(values, target, margin, row.spread, "accuracy" not in row.metric)
    if lost and found.word != NOTHING.word:
        return replace(found, word=lost)
    return _at_best(found, [row])


def _at_best(found: Verdict, rows) -> Verdict:
    """'reproduced' only where the published values were read in the papers themselves."""
    if found.word != "reproduced":
        return found
    words = [BEST[row.read] if row.origin == "paper" else PUBLIC for row in rows]
    return replace(found, word=max(words, key=badness))


def _partner(row, rows: pd.DataFrame):
    """The published backprop of the same table, network and metric, a named tuple, or None."""
    same = rows[(rows["method"] == "backprop") & (rows["setting"] == (row.beside or row.setting))]
    same = same[(same["paper"] == row.paper) & (same["metric"] == row.metric)]
    return next(same.itertuples(), None)


def _judge_difference(row, rows: pd.DataFrame, runs: Runs) -> Verdict:
    """The verdict on the published difference to backprop, in errors where accuracies are given."""
    other = _partner(row, rows) if row.method != "backprop" else None
    if other is None or math.isnan(row.value) or math.isnan(other.value):
        return NOTHING
    (ours, lost), (theirs, theirs_lost) = runs.of(row), runs.of(other)
    sign = -1 if "accuracy" in row.metric else 1
    claimed = sign * (row.value - other.value) + 0.0  # no minus zero
    if ours.empty or theirs.empty or lost or theirs_lost:
        word = lost or theirs_lost or UNMEASURED
        return Verdict(word, 0, math.nan, math.nan, claimed, math.nan)
    mean, half_width, n = difference(sign * ours, sign * theirs)
    prints = row.rounding + other.rounding
    margin = max(tolerance(row.metric, value, prints) for value in (row.value, other.value))
    spread = np.hypot(*np.nan_to_num([row.spread, other.spread]))
    found = compare(mean, half_width, n, claimed, margin, spread, lower_is_better=True)
    return _at_best(found, [row, other])


def _order(rows: list, runs: Runs) -> dict[str, str]:
    """The order of some published rows, there and here, and whether it is the same."""
    sign = -1 if "accuracy" in rows[0].metric else 1
    values = {row.id: sign * runs.of(row)[0] for row in rows}

    def there(a, b):
        chance = np.hypot(a.spread, b.spread)
        chance = a.rounding + b.rounding if math.isnan(chance) else chance
        gap = sign * (a.value - b.value)
        return 0 if abs(gap) <= chance + EXACT else np.sign(gap)

    def here(a, b):
        gap, half_width, _ = difference(values[a.id], values[b.id])
        return 0 if not abs(gap) > half_width else np.sign(gap)

    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[:i] if there(a, b)]
    agree = {here(a, b) * there(a, b) for a, b in pairs}
    word = "no order published" if not pairs else "another order" if -1 in agree else "open"
    if agree == {1}:
        read = max((row.read for row in rows), key=lambda mark: badness(BEST[mark]))
        word = "same order" if read == "seen" else BEST[read].replace("value", "order")
    return {
        "published": _chain(sorted(rows, key=lambda row: sign * row.value), there, sign),
        "here": _chain(sorted(rows, key=lambda row: values[row.id].mean()), here, sign),
        "verdict": word,
    }


def _chain(rows: list, sign_of, sign: int) -> str:
    """'BP < FA ≈ DFA' of errors, 'BP > FA ≈ DFA' of accuracies, the best first."""
    text, differs = _short(rows[0]), "<" if sign == 1 else ">"
    for a, b in itertools.pairwise(rows):
        text += f" {differs if sign_of(a, b) else '≈'} {_short(b)}"
    return text


def _short(row) -> str:
    """'DTP parallel': a method, and how its setting differs from that of the backprop beside it."""
    known = catalogue()
    short = known[row.method].short if row.method in known else row.method
    own = row.setting.startswith(f"{row.beside}, ")
    return f"{short} {row.setting.removeprefix(row.beside)[2:]}" if own else short


def _with_unit(row) -> str:
    return row.metric if row.unit in ("", "1") else f"{row.metric}, {row.unit}"


def _difference_in_words(row) -> str:
    if row.difference_verdict == "":
        return "–"
    there = f"{row.published_difference:+.{places(row.rounding)}f}"
    if math.isnan(row.difference):
        return f"{there}, –"
    if row.difference_verdict == "too few runs":
        return f"{there}, {row.difference:+.2f}"
    return f"{there}, {plus_minus(row.difference, row.difference_half_width, sign='+')}"
