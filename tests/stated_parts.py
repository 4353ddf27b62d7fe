"""Results in which one part of a claim's condition is false, beside `stated`.

PARTS of a test: {falsification: {how a sentence begins: change of the rows of an experiment}}, with
one part of the condition of each sentence at a time.
"""

from functools import reduce

import numpy as np


def altered(other, **where):
    """Other values in rows whose columns match these patterns in full.

    other  a number, or a function of values
    """

    def change(rows):
        matches = (rows[name].astype(str).str.fullmatch(p) for name, p in where.items())
        own = np.logical_and.reduce(list(matches))
        return rows.assign(value=rows["value"].mask(own, other))

    return change


def times(factor: float):
    return lambda values: factor * values


def falsifications(parts: dict) -> dict:
    """{falsification: all of its changes, one after the other}."""
    return {name: _together(list(changes.values())) for name, changes in parts.items()}


def _together(changes: list):
    return lambda rows: reduce(lambda found, change: change(found), changes, rows)


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
