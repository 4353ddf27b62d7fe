"""The backpropagating action potential: how far it runs, what it is worth to the synapses below."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from credit.spiking.cable import COARSE, Cell, at, backpropagate, chain, velocity
from credit.spiking.taught_chain import moved_by_the_teacher

CELL = Cell(compartments=40)
CONDITIONS = {
    "active dendrite": CELL,
    "less Na in the dendrite": replace(CELL, gNa=0.016),
    "no Na in the dendrite": replace(CELL, gNa=0.0),
    "passive dendrite": replace(CELL, passive=True),
    "A current blocked": replace(CELL, gKA=0.0),
}
DISTANCES = np.arange(50, 751, 25)  # um
CHAINS = ((20, 10, 2), (20, 10, 10, 2), (20, 10, 10, 10, 2))  # units, inputs first


def profiles(conditions: Mapping[str, Cell], dt=COARSE) -> pd.DataFrame:
    """How much of the spike arrives: columns condition, distance um, share % of the somatic
    amplitude, peak ms, velocity m/s between 50 and 400 um, first (axon or other section)."""
    parts = []
    for name, cell in conditions.items():
        seen = backpropagate(cell, dt=dt)
        soma = seen.loc[seen["section"] == "soma", "amplitude"].item()
        part = pd.DataFrame({"condition": name, "distance": DISTANCES})
        part["share"] = 100 * at(seen, DISTANCES) / soma
        part["peak"] = at(seen, DISTANCES, "peak")
        part["velocity"] = velocity(seen)
        part["first"] = seen.loc[seen["peak"].idxmin(), "section"]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


SPREAD = 0.1  # of the logarithm of what differs from cell to cell
BEYOND = (300.0, 350.0, 400.0)  # um, where recordings "beyond 300 um" may lie


def factors(seed: int) -> np.ndarray:
    """By which gNa, gKA and the width of the tip of a cell differ from those of its condition."""
    return np.exp(SPREAD * np.random.default_rng(seed).normal(size=3))


def population(conditions: Mapping[str, Cell], seeds: Iterable[int], dt=COARSE) -> pd.DataFrame:
    """Cells that differ a little from each other, as rows that evidence.verdict_table takes.

    Every seed draws densities of sodium and A-type channels and the width of the tip around those
    of its condition. attenuation  % of the somatic amplitude, mean over BEYOND; velocity  m/s
    between 50 and 400 um; amplitude  mV, at 660 and 795 um in settings of their own
    """
    rows = []
    for seed in seeds:
        for name, cell in conditions.items():
            gNa, gKA, tip = factors(seed) * (cell.gNa, cell.gKA, cell.tip)
            seen = backpropagate(replace(cell, gNa=gNa, gKA=gKA, tip=tip), dt=dt)
            soma = seen.loc[seen["section"] == "soma", "amplitude"].item()
            far = at(seen, [660.0, 795.0])
            lost = 100 * (1 - at(seen, BEYOND) / soma).mean()
            for setting, metric, value, unit in (
                (name, "attenuation", lost, "%"),
                (name, "velocity", velocity(seen), "m/s"),
                (f"{name}, at 660 um", "amplitude", far[0], "mV"),
                (f"{name}, at 800 um", "amplitude", far[1], "mV"),
            ):
                row = {"experiment": "18-cable", "method": "backpropagating_action_potential"}
                row |= {"setting": setting, "seed": seed, "epoch": 1.0, "layer": 0}
                rows.append(row | {"metric": metric, "value": value, "unit": unit})
    return pd.DataFrame(rows)


def share(profiles: pd.DataFrame, condition: str, distance: float) -> float:
    """Of the somatic amplitude, in %, from a frame of `profiles`."""
    part = profiles[profiles["condition"] == condition]
    return float(np.interp(distance, part["distance"], part["share"]))


def crossing() -> tuple[dict[str, dict[str, np.ndarray]], pd.DataFrame]:
    """A spike in a chain of three cells, forwards, backwards, and backwards with gap junctions.

    Returns  {case: {cell: voltage of the soma, mV; "site": of C where B's axon ends}}, and one row
             per case with the largest departure of every soma from the unstimulated chain, mV
    """
    quiet = chain(-1)
    cases = {
        "A stimulated": chain(0),
        "C stimulated": chain(2),
        "C stimulated, gap junctions": chain(2, gap=5.0),
    }
    rows = [
        {"case": case, **{cell: float(np.abs(seen[cell] - quiet[cell]).max()) for cell in "ABC"}}
        for case, seen in cases.items()
    ]
    return cases, pd.DataFrame(rows)


def reach(feedbacks: Iterable[float], seeds: Iterable[int], presentations: int = 6):
    """What flipping the teacher changes in chains of one to three hidden layers, one row per run
    and layer of synapses: hidden, feedback, seed, layer, moved (max |dw|)."""
    rows = [
        {"hidden": len(sizes) - 2, "feedback": feedback, "seed": seed, "layer": l, "moved": moved}
        for sizes in CHAINS
        for feedback in feedbacks
        for seed in seeds
        for l, moved in enumerate(moved_by_the_teacher(sizes, feedback, presentations, seed), 1)
    ]
    return pd.DataFrame(rows)
