"""Numbers as people give them, made plain: so that what is equal looks equal and has one key."""

import dataclasses
import math
import operator
from collections.abc import Callable, Iterable
from itertools import pairwise
from numbers import Real
from typing import get_args

import numpy as np

MOST_WEIGHTS = 10**9  # of a network: 4 GB, and hundreds of times those of the papers


def plain(value, kind: type | None = None):
    """The same value without numpy's scalars and without lists, inside of frozen dataclasses too.

    kind  a type: where it is float or has it, a whole number becomes one as well; so do those in a
          dataclass whose fields are annotated so
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(plain(v, kind) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        given = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        kinds = {f.name: f.type for f in dataclasses.fields(value)}
        made = {name: plain(v, kinds[name]) for name, v in given.items()}
        same = all(made[name] is v or repr(made[name]) == repr(v) for name, v in given.items())
        return value if same else dataclasses.replace(value, **made)
    is_float = kind is float or float in get_args(kind)
    return float(value) if is_float and type(value) is int else value


def whole(name: str, n, least: int = 1, expected: str = "") -> int:
    """n as an int, where it is whole and at least `least`; else the error says `expected`."""
    try:
        found = None if isinstance(n, bool | np.bool_) else operator.index(n)
    except TypeError:
        found = None
    if found is None or found < least:
        expected = expected or f"a whole number of at least {least}"
        raise ValueError(f"{name} is {n!r}, expected {expected}")
    return found


def check_sizes(sizes):
    """Refuse what are no units per layer, input first, and a network that is far too large."""
    right = isinstance(sizes, tuple) and all(type(n) is int and n > 0 for n in sizes)
    if not right or len(sizes) < 3:
        raise ValueError(
            f"sizes is {sizes!r}, expected at least input, one hidden layer and output, each >= 1"
        )
    if sum(n * m for n, m in pairwise(sizes)) > MOST_WEIGHTS:
        raise ValueError(f"sizes is {sizes!r}, expected at most {MOST_WEIGHTS:.0e} weights")


def one_of(name: str, value, known: Iterable[str]):
    """Refuse what is none of the `known` words."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(known)}")


def flag(name: str, value):
    """Refuse what is no bool: the word "False" would count as true."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}, expected True or False")


def finite(x) -> bool:
    """Whether this is a real number, neither infinite nor nan."""
    return isinstance(x, Real) and not isinstance(x, bool) and math.isfinite(x)


def real(name: str, x, expected: str, holds: Callable[[float], bool]) -> float:
    """x as a float, where it is finite and `holds`; else the error says what was `expected`."""
    if not finite(x) or not holds(x):
        raise ValueError(f"{name} is {x!r}, expected {expected}")
    return float(x)
