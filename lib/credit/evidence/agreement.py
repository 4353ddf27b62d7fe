"""The rule of the verdict: when a measured value agrees with a published one.

The burden of proof is on agreement: noise, few seeds and diverged runs never earn a good word.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95  # of every interval and test
FEWEST = 3  # runs that say something about a mean

# The tolerance is a share of the published value; of percentages, of the error ...
SHARE = 0.1
SHARED = ("test error", "train error", "test accuracy", "epochs to criterion", "loss")
SHARED += ("attenuation", "velocity", "amplitude")  # of a spike along a dendrite
LARGEST = 2.0  # ... and at most so many points
# ... but an angle means the same wherever it lies (deg); the last one is an identity.
ANGLES = {"delta angle": 5.0, "weight angle": 5.0, "largest gradient angle": 0.1}
SCORES = {"correlation": 0.05}  # and so does a score between 0 and 1
EXACT = 1e-9  # 2.0 - 1.7 is above 0.3 in binary

# The best word, by how the published value was read and by whose it is
BEST = {
    "seen": "reproduced",
    "quoted": "agrees with a quoted value",
    "memory": "agrees with a recalled value",
    "derived": "agrees with a derived value",
}
PUBLIC = "agrees with a public implementation"
AGREEING = (*BEST.values(), PUBLIC)
WORDS = AGREEING  # from good ...
WORDS += ("near, better", "near, worse", "too scattered", "too few runs")
WORDS += ("diverged", "without a value", "differs, better", "differs, worse")  # ... to bad

RULE = (
    "*Reproduced* means that the whole 95 % interval of the distance between our mean and the "
    f"published value, its scatter included, lies within {100 * SHARE:g} % of the published error "
    f"(at least the rounding of the print, at most {LARGEST:g} points; accuracies are judged as "
    f"errors, angles to {ANGLES['delta angle']:g} degrees, a range in words as it stands), *near* "
    "within twice that, *differs* that all of it lies outside, *too scattered* neither; a value "
    "that was recalled, quoted, derived or is not its paper's own is at most agreed with, a "
    "diverged run leaves no other word, and the difference to the backprop of the same table is "
    "judged likewise, paired by seed."
)


@dataclass(frozen=True)
class Verdict:
    """One comparison: the word, and the numbers it was computed from."""

    word: str
    n: int
    mean: float
    half_width: float
    published: float  # of a range, its middle
    gap: float  # mean - published
    cost: str = ""  # of the run that would be needed, when it is out of reach


NOTHING = Verdict("no value to compare with", 0, *[math.nan] * 4)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % t interval; the half width is nan below two values."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = float(values.mean()) if n else math.nan
    if n < 2:
        return mean, math.nan
    return mean, _quantile(n - 1) * float(values.std(ddof=1)) / math.sqrt(n)


def scattered(values: Sequence[float]) -> bool:
    """Whether some are more than twice others: no run is near their mean, each is shown instead."""
    return bool(np.max(values) > 2 * np.min(values))


def welch(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Difference of two means, half width of Welch's 95 % interval; each has two values or more."""
    values = [np.asarray(x, dtype=float) for x in (ours, theirs)]
    chance = [x.var(ddof=1) / len(x) for x in values]
    weights = sum(v**2 / (len(x) - 1) for v, x in zip(chance, values, strict=True))
    freedom = sum(chance) ** 2 / weights if weights else 1  # two constants: an interval of no width
    half_width = _quantile(freedom) * math.sqrt(sum(chance))
    return float(values[0].mean() - values[1].mean()), half_width


def difference(ours: pd.Series, theirs: pd.Series) -> tuple[float, float, int]:
    """Mean difference, half width of its 95 % interval, number of runs; paired by shared seeds."""
    shared = ours.index.intersection(theirs.index)
    if len(shared):
        return *interval(ours[shared] - theirs[shared]), len(shared)
    n = min(len(ours), len(theirs))
    if n < 2:
        return ours.mean() - theirs.mean(), math.nan, n
    return *welch(ours, theirs), n


def tolerance(metric: str, value: float, rounding: float = 0.0) -> float:
    """Distance still called equal, in the unit of the metric; 'x at epoch 10' is judged like 'x'.

    value      published
    rounding   half a unit of its last digit
    """
    kind = metric.partition(" at ")[0]
    if kind in ANGLES:
        return max(ANGLES[kind], rounding)
    if kind in SCORES:
        return max(SCORES[kind], rounding)
    if kind not in SHARED:
        known = ", ".join((*SHARED, *ANGLES, *SCORES))
        raise ValueError(f"no tolerance for metric {metric!r}, known: {known}")
    if "accuracy" in kind:
        value = 100 - value
    margin = SHARE * value
    if not kind.startswith("epochs"):
        margin = min(margin, LARGEST)
    return max(margin, rounding)


def verdict(
    ours: Sequence[float],
    published: float | tuple[float, float] | None,
    tolerance: float,
    spread: float = 0.0,
    lower_is_better: bool = True,
) -> Verdict:
    """Compare n runs with a published value, or with a range.

        gap     = mean(ours) - published
        chance  = sqrt(half_width^2 + spread^2)                                    (E.1)
        word    reproduced     if |gap| + chance <= reach                          (E.2)
                near           if |gap| + chance <= reach + tolerance              (E.3)
                differs        if |gap| - chance > reach                           (E.4)
                too scattered  otherwise

    The reach is the tolerance or, of a range, half of it, from its middle. Near and differs say
    on which side. The published mean varies over its own runs too, but papers print the standard
    deviation and often not the number of runs. One such deviation is the 95 % half width of a mean
    of about six runs, so the spread enters as that; the two halves are independent, so their
    squares add (E.1). More chance never turns a word into a better one: neither a difference nor
    too much scatter is agreement.

    ours             one value per seed, [n], finite
    published        None or nan where nobody could read it, (low, high) of a range
    tolerance        distance still called equal, same unit
    spread           published standard deviation over runs, same unit; nan counts as 0
    lower_is_better  decides between better and worse only
    """
    ours = np.asarray(ours, dtype=float)
    if not np.isfinite(ours).all():
        raise ValueError(
            f"ours is {ours.tolist()}; leave a run that diverged out and tell that it did"
        )
    mean, half_width = interval(ours)
    return compare(mean, half_width, len(ours), published, tolerance, spread, lower_is_better)


def compare(
    mean: float,
    half_width: float,
    n: int,
    published: float | tuple[float, float] | None,
    tolerance: float,
    spread: float = 0.0,
    lower_is_better: bool = True,
) -> Verdict:
    """The rule of `verdict` for a mean whose interval is known."""
    low, high = published if isinstance(published, tuple) else (published, published)
    middle = math.nan if low is None else (low + high) / 2
    spread = 0.0 if math.isnan(spread) else spread
    if not (tolerance >= 0 and spread >= 0):
        raise ValueError(f"tolerance {tolerance} and spread {spread} must not be negative")
    gap = mean - middle
    reach = (high - low) / 2 if isinstance(published, tuple) else tolerance
    chance = math.hypot(half_width, spread)  # (E.1)
    side = "better" if (gap < 0) == lower_is_better else "worse"
    if math.isnan(middle):
        word = NOTHING.word
    elif n < FEWEST:
        word = "too few runs"
    elif abs(gap) + chance <= reach + EXACT:  # (E.2)
        word = "reproduced"
    elif abs(gap) + chance <= reach + tolerance + EXACT:  # (E.3)
        word = f"near, {side}"
    elif abs(gap) - chance > reach + EXACT:  # (E.4)
        word = f"differs, {side}"
    else:
        word = "too scattered"
    return Verdict(word, n, mean, half_width, middle, gap)


def out_of_reach(published: float | None, cost: str) -> Verdict:
    """The verdict on a run nobody made here; cost says, measured or estimated, why not."""
    if not cost.strip():
        raise ValueError(
            "'out of reach here' needs its cost, for instance '8 h per seed on 1 core'"
        )
    value = math.nan if published is None else float(published)
    return Verdict("out of reach here", 0, math.nan, math.nan, value, math.nan, cost)


def badness(word: str) -> int:
    """Place of a word between good and bad; what nobody measured is below all."""
    return next((i for i, known in enumerate(WORDS) if word.endswith(known)), -1)


def _quantile(freedom: float) -> float:
    """Half width of the interval in standard errors."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
