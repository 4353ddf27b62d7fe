"""The NEF route: what its populations carry, and the reader's own setting."""

from dataclasses import replace

import numpy as np
import pandas as pd

from credit.experiments.nef_route import FEW, SMALL
from credit.spiking import nef_learner, nef_rates
from credit.spiking.nef_learner import NefLearner, NefSetting

POINTS = np.linspace(-1, 1, 201)


def carried(populations: int = 3) -> pd.DataFrame:
    """The error after one, two, ... populations, each told what the one before decodes, by rates.

    Columns x, after (how many populations), value
    """
    error = nef_learner.populations(SMALL)["error"]
    D = nef_learner.identity(error)
    parts, value = [], POINTS
    for n in range(1, populations + 1):
        value = error.rates(value[:, None]) @ D
        parts.append(pd.DataFrame({"x": POINTS, "after": n, "value": value}))
    return pd.concat(parts, ignore_index=True)


def decoded(value: float, intercepts: tuple[float, float]) -> float:
    """What an error population of the MNIST network makes of a value, by rates."""
    error = nef_learner.populations(replace(FEW, intercepts=intercepts))["error"]
    return float(nef_rates.through(error)(value))


def yours(rate: float, feedback: float, gate: str) -> NefSetting:
    """The small linear task with other learning rates, another scale of B or another gate: values
    of a run, so that the program that the experiments have compiled serves it."""
    rule = NefLearner(gate=gate, scale=feedback)
    return replace(SMALL, rule=rule, learning_rate=rate, hidden_rate=rate)


def neurons() -> pd.DataFrame:
    """How many neurons carry the error, beside those that compute, by the size of the network."""
    rows = []
    for sizes, ensemble in (((8, 40, 40, 3), 20), ((30, 80, 80, 10), 40)):
        hidden, outputs = sizes[1:-1], sizes[-1]
        rows.append(
            {
                "network": "-".join(map(str, sizes)),
                "hidden": sum(hidden),
                "error": outputs * ensemble * (len(hidden) + 1),
                "layer by layer": ensemble * (outputs + sum(hidden)),
            }
        )
    return pd.DataFrame(rows)
