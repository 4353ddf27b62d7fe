"""Results in which one part of a claim's condition is false, beside `stated`.

PARTS of a test: {falsification: {how a sentence begins: change of the rows of an experiment}}, with
one part of the condition of each sentence at a time; or, where sentences share their data, {how a
sentence begins: changes} for `standing`, which makes each change alone.
"""

import copy
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
import stated

from credit import paths
from credit.evidence import claims, results


def altered(other, **where):
    """Other values in rows whose columns match these patterns in full.

    other  a number, or a function of values
    """

    return lambda rows: rows.assign(value=rows["value"].mask(_matching(rows, where), other))


def relabelled(column: str, one: str, other: str, **where):
    """Part of a label under another name, in rows whose columns match these patterns in full."""

    def change(rows):
        own = _matching(rows, where)
        labels = rows[column].str.replace(one, other, regex=False)
        return rows.assign(**{column: rows[column].where(~own, labels)})

    return change


def _matching(rows, where: dict):
    matches = (rows[name].astype(str).str.fullmatch(p) for name, p in where.items())
    return np.logical_and.reduce(list(matches))


def times(factor: float):
    return lambda values: factor * values


def plus(points: float):
    return lambda values: values + points


def together(*changes):
    """All of these changes, one after the other."""
    return lambda rows: reduce(lambda found, change: change(found), changes, rows)


def falsifications(parts: dict) -> dict:
    """{falsification: all of its changes, one after the other}."""
    return {name: together(*changes.values()) for name, changes in parts.items()}


def idle(parts: dict, falsified: dict) -> list[tuple[str, str]]:
    """Where a sentence holds although a part of its condition is false: (falsification, sentence).

    falsified  {falsification: sentences that fail under it}
    """
    return [
        (name, begins)
        for name, changes in parts.items()
        for begins in changes
        if not any(sentence.startswith(begins) for sentence in falsified[name])
    ]


def standing(notebook: Path, parts: dict, known=(), kept=()) -> list[tuple[str, int]]:
    """Where a sentence holds although a part of its condition is false: how it begins, and under
    which of its changes.

    parts  {how a sentence begins: changes}, each alone; of the rows of an experiment, or
           (variable of the notebook, its value -> another). A change that stands with several
           sentences is made once
    known  as of `stated.say_all`
    kept   variables that no change concerns, made once
    """
    values = dict(known)
    stated.execute(notebook, paths.RESULTS, values)
    known = dict(known) | {name: values[name] for name in kept}
    changes = {id(change): change for several in parts.values() for change in several}
    failed = {key: _failing(notebook, change, known, values) for key, change in changes.items()}
    return [
        (begins, which)
        for begins, several in parts.items()
        for which, change in enumerate(several)
        if not any(sentence.startswith(begins) for sentence in failed[id(change)])
    ]


def _failing(notebook: Path, change, known: dict, values: dict) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ways", "final"):  # a notebook asks for the same rows many times
            patch.setattr(results, name, _remembered(getattr(results, name)))
        patch.setattr(claims, "claim", _decided(claims.claim))
        if isinstance(change, tuple):
            variable, other = change
            known = known | {variable: other(copy.deepcopy(values[variable]))}
        else:
            load = results.load
            patch.setattr(results, "load", lambda experiment: change(load(experiment)))
        return stated.say_all(notebook, paths.RESULTS, known)[1]


def _decided(claim):
    """The same, but a condition that is no bool is false: at either the notebook stops."""

    def decide(sentence, condition, **numbers):
        try:
            return claim(sentence, condition, **numbers)
        except ValueError:
            return claim(sentence, False, **numbers)

    return decide


def _remembered(function):
    """The same function of frames, which the notebook does not change."""
    found = {}

    def answer(*given):
        key = tuple(part if isinstance(part, str) else id(part) for part in given)
        if key not in found:
            found[key] = given, function(*given)  # with what was given, whose ids stay taken
        return found[key][1]

    return answer
