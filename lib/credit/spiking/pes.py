"""A function learned online by the decoders of one population: the prescribed error sensitivity.

    dd_i = -kappa / n (y - y*)          at every spike of neuron i                          (PES)

y is the decoded value; a spike's filtered trace has the area 1, so that a change at spikes equals
the clock-driven rule on the trace. MacNeil and Eliasmith 2011.
"""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    prefs,
    second,
)

from credit.spiking import nef

PARAMETERS = {"tau_s": 5 * ms, "kick": 200.0}  # of the decoded value; 1 s / tau_s
NEURONS, RATES, INTERCEPTS = 100, (200, 400), (-1, 0.9)


def learn(kappa: float = 1e-4, seconds: float = 18.0, kept: float = 2.0, seed: int = 0) -> dict:
    """Learn x^2 from a sine of 1 Hz, then see what stays when learning is switched off.

    seconds, kept  with and without plasticity
    Returns        error: root mean square after learning; t in s, y and target there
    """
    prefs.codegen.target = "numpy"
    defaultclock.dt = 1 * ms
    t = np.arange(0, seconds + kept, 1e-3)
    x = np.sin(2 * np.pi * t)
    here = PARAMETERS | {
        "signal": TimedArray(x, dt=1 * ms),
        "until": seconds * second,
        "kappa": kappa / NEURONS,
    }
    one = nef.one_dimensional(NEURONS, RATES, INTERCEPTS, np.random.default_rng(seed))
    cells = one.neurons(
        "x = way*signal(t) : 1\nway : 1 (constant)",
        "cells",
        method="euler",
        namespace=here,
    )
    cells.way = one.encoders[:, 0]
    output = NeuronGroup(
        1, "dy/dt = -y/tau_s : 1\nmiss = (y - signal(t)**2)*int(t < until) : 1", method="exact",
        namespace=here, name="output",
    )  # fmt: skip
    synapses = Synapses(
        cells, output, "d : 1", on_pre="y_post += kick*d; d -= kappa*miss_post", namespace=here,
        name="decoders",
    )  # fmt: skip
    synapses.connect()
    seen = StateMonitor(output, "y", record=True, name="seen")
    network = Network(cells, output, synapses, seen)
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    network.run((seconds + kept) * second)
    y = np.array(seen.y[0])
    after = t > seconds + 0.1
    error = float(np.sqrt(np.mean((y - x**2)[after] ** 2)))
    return {
        "error": error,
        "t": t[after],
        "y": y[after],
        "target": (x**2)[after],
        "d": np.array(synapses.d),
    }
