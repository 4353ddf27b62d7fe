"""The words of results: one scale for all notebooks, each a test over runs, defined once.

Runs are given as one value per seed: a Series of `values`, an array or a list; a single number
stands for something known exactly, such as a published value. Series on the same seeds are compared
in pairs, everything else by Welch's interval. Fewer than three runs say nothing and are refused, so
are runs that ended in nan. More noise or fewer seeds never make a word of agreement true.
"""

import inspect
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from credit.evidence.agreement import CONFIDENCE, FEWEST, interval, welch

NEAR = 0.1  # share of the value that is compared with
WELL_BELOW = 60.0  # degrees, cos 60 = 1/2

WORDS: dict[str, Callable[..., bool]] = {}  # the words of a sentence: the test behind them


def word(*, says: str):
    """Enter a function into the glossary under the words that it stands for."""

    def enter(test):
        WORDS[says] = test
        return test

    return enter


def glossary() -> pd.DataFrame:
    """The words with what they mean and the function that decides, one row each."""
    rows = [
        {"words": says, "true if": _first(test), "test": f"`{test.__name__}`"}
        for says, test in WORDS.items()
    ]
    return pd.DataFrame(rows)


def values(frame: pd.DataFrame, metric: str = "test error", **where) -> pd.Series:
    """One value per seed of tidy rows, e.g. values(final, method="backprop", depth=4).

    Returns  a Series indexed by seed; anything but one row per seed is a LookupError
    """
    asked = {"metric": metric} | where
    rows = frame[np.logical_and.reduce([frame[column] == v for column, v in asked.items()])]
    if rows.empty or rows["seed"].duplicated().any():
        kind = "several rows for a seed" if len(rows) else "no rows"
        raise LookupError(f"{kind} with {', '.join(f'{c} = {v!r}' for c, v in asked.items())}")
    return rows.set_index("seed")["value"].sort_index()


def difference(a, b) -> tuple[float, float, float]:
    """Mean of a - b and the ends of its 95 % interval: in pairs on the same seeds, else Welch's."""
    a, b = _runs(a), b if np.isscalar(b) else _runs(b)
    if np.isscalar(b) or (a.index.name == b.index.name == "seed" and set(a.index) == set(b.index)):
        mean, half = interval(a - b)
    else:
        mean, half = welch(a, b)
    return mean, mean - half, mean + half


@word(says="less, lower, falls to")
def less(a, b, by: float = 0.0) -> bool:
    """The whole 95 % interval of a - b lies below zero, or below -by.

    This is what "lower beyond noise" means; of errors, "better" and "beats".
    """
    return difference(a, b)[2] < -by


@word(says="greater, higher, rises to")
def greater(a, b, by: float = 0.0) -> bool:
    """The whole 95 % interval of a - b lies above zero, or above by."""
    return difference(a, b)[1] > by


@word(says="in this order")
def ordered(*groups) -> bool:
    """Each is less than the next: every 95 % interval of neighbours lies below zero."""
    if len(groups) < 2:
        raise ValueError(f"ordered compares two groups of runs or more, got {len(groups)}")
    return all(less(a, b) for a, b in itertools.pairwise(groups))


@word(says="cannot be told apart")
def undecided(a, b) -> bool:
    """The 95 % interval of a - b contains zero: neither less nor greater.

    This says little with few runs: agreement is `same` or `near`.
    """
    _, low, high = difference(a, b)
    return low <= 0 <= high


@word(says="the same within x, within x of")
def same(a, b, within: float) -> bool:
    """The whole 95 % interval of a - b lies between -x and x, and the sentence says x."""
    _, low, high = difference(a, b)
    return -within <= low and high <= within


@word(says="near, close to")
def near(a, b) -> bool:
    """The same within a tenth of what it is near to (the mean of b)."""
    return same(a, b, NEAR * abs(float(np.mean(b))))


@word(says="at chance, learns nothing")
def at_chance(errors, chance: float = 90.0) -> bool:
    """Near the error of guessing, 90 % for ten classes."""
    return near(errors, chance)


@word(says="teaches its hidden layers")
def teaches(errors, shallow) -> bool:
    """Less error than the shallow baseline, the same network whose hidden layers stay random."""
    return less(errors, shallow)


@word(says="below 90 degrees")
def below_90(angles) -> bool:
    """The 95 % interval of the mean angle lies below 90 degrees: steps go downhill."""
    return less(angles, 90.0)


@word(says="well below 90 degrees")
def well_below_90(angles) -> bool:
    """It lies below 60 degrees: at least half of a step (cos 60°) goes along the gradient."""
    return less(angles, WELL_BELOW)


@word(says="differ in counts")
def differ_in_counts(k: int, n: int, other_k: int, other_n: int) -> bool:
    """Fisher's exact test of k of n against k' of n' has p below 0.05."""
    table = [[k, _of(k, n) - k], [other_k, _of(other_k, other_n) - other_k]]
    return bool(stats.fisher_exact(table).pvalue < 1 - CONFIDENCE)


@word(says="more often")
def more_often(k: int, n: int, other_k: int, other_n: int) -> bool:
    """The counts differ, and k / n is the larger share."""
    return differ_in_counts(k, n, other_k, other_n) and k / n > other_k / other_n


@word(says="mostly, most of")
def mostly(k: int, n: int) -> bool:
    """The exact 95 % interval of the share k / n lies above one half (6 of 6, 9 of 10)."""
    return bool(stats.binomtest(k, _of(k, n)).proportion_ci(CONFIDENCE).low > 0.5)


def _runs(given: Sequence[float] | pd.Series) -> pd.Series:
    runs = given.astype(float) if isinstance(given, pd.Series) else pd.Series(given, dtype=float)
    if len(runs) < FEWEST:
        raise ValueError(f"{len(runs)} runs say nothing about a mean, expected {FEWEST} or more")
    if not np.isfinite(runs).all():
        raise ValueError(f"runs are {runs.tolist()}: one that diverged needs a claim of its own")
    return runs


def _of(k: int, n: int) -> int:
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"a count is {k} of {n}, expected k of n with 0 <= k <= n")
    return n


def _first(test: Callable) -> str:
    """The first paragraph of a docstring in one line."""
    return " ".join(inspect.getdoc(test).split("\n\n")[0].split())
