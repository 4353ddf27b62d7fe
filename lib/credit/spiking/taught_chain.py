"""Layers of spiking neurons with pair STDP and a teacher at the last: which synapses hear of it?

    tau_m dv/dt = -v + I + teacher,  tau_s dI/dt = -I,  I += J w at a presynaptic spike     (LIF)
    dw = x at a postsynaptic spike, y at a presynaptic one, 0 <= w <= 1     (STDP)

The postsynaptic term of (STDP) is what the backpropagating action potential tells a synapse: that
its own neuron has fired. Voltages are in units of the threshold.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from brian2 import NeuronGroup, SpikeGeneratorGroup, Synapses, TimedArray, ms

from credit.spiking.interpreted import run

LIF = """
dv/dt = (I + strength*int(taught(t) == i) - v)/tau_m : 1 (unless refractory)
dI/dt = -I/tau_s : 1
strength : 1 (shared)
"""
STDP = """
w : 1
dx/dt = -x/tau_x : 1 (event-driven)
dy/dt = -y/tau_x : 1 (event-driven)
"""
ON_PRE = "I_post += J*w; x += A_plus; w = clip(w + y, 0, 1)"
ON_POST = "y += A_minus; w = clip(w + x, 0, 1)"
PARAMETERS = {
    "tau_m": 10 * ms,
    "tau_s": 5 * ms,
    "tau_x": 20 * ms,
    "A_plus": 0.01,
    "A_minus": -0.0105,
    "J": 1.0,
}
DT, PRESENTATION = 0.5, 100.0  # ms
RATES = 60.0, 5.0  # Hz, of the inputs that belong to a pattern and of the others
STRENGTH = 2.5  # thresholds, the teacher's current


def poisson(inputs: int, presentations: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frozen trains: numbers of the inputs and times in ms. The first half of the inputs is active
    in even presentations, the second half in odd ones."""
    random = np.random.default_rng(seed)
    steps = int(PRESENTATION / DT)
    odd = np.repeat(np.arange(presentations) % 2, steps)
    second = np.arange(inputs) >= inputs // 2
    rate = np.where(odd[:, None] == second, *RATES)
    time, which = np.nonzero(random.random(rate.shape) < rate * DT / 1000)
    return which, time * DT


def learn(
    sizes: Sequence[int] = (20, 10, 2),
    flipped: bool = False,
    feedback: float = 0.0,
    presentations: int = 20,
    seed: int = 0,
) -> list[np.ndarray]:
    """The weights of every layer after learning, [n_l, n_{l-1}] each.

    flipped   the teacher drives the other output unit in every presentation
    feedback  weight of random excitatory or inhibitory synapses from the output units to every
              hidden unit; 0: there are none
    Everything else that is random, inputs, first weights and feedback, comes from the seed alone.
    """
    random = np.random.default_rng(seed)
    which, times = poisson(sizes[0], presentations, seed)
    layers = [SpikeGeneratorGroup(sizes[0], which, times * ms, dt=DT * ms, name="layer_0")]
    target = np.arange(presentations) % 2
    constants = PARAMETERS | {
        "taught": TimedArray(
            (1 - target if flipped else target).astype(float), dt=PRESENTATION * ms
        )
    }
    for l, n in enumerate(sizes[1:], start=1):
        made = NeuronGroup(
            n, LIF, threshold="v > 1", reset="v = 0", refractory=2 * ms, method="euler",
            namespace=constants, dt=DT * ms, name=f"layer_{l}",
        )  # fmt: skip
        layers.append(made)
    layers[-1].strength = STRENGTH
    synapses = []
    for l, (pre, post) in enumerate(pairwise(layers), start=1):
        made = Synapses(
            pre, post, STDP, on_pre=ON_PRE, on_post=ON_POST, method="exact",
            namespace=constants, dt=DT * ms, name=f"synapses_{l}",
        )  # fmt: skip
        made.connect()
        made.w = random.uniform(0.2, 0.8, len(made)) * 10 / len(pre)
        synapses.append(made)
    back = []
    for l, hidden in enumerate(layers[1:-1], start=1):
        drawn = random.choice([-1.0, 1.0], len(layers[-1]) * len(hidden))
        if feedback:
            made = Synapses(
                layers[-1], hidden, "b : 1", on_pre="I_post += b", dt=DT * ms, name=f"feedback_{l}"
            )
            made.connect()
            made.b = feedback * drawn
            back.append(made)
    run(*layers, *synapses, *back, duration=presentations * PRESENTATION * ms)
    return [
        np.asarray(made.w).reshape(len(layers[l]), len(layers[l + 1])).T.copy()
        for l, made in enumerate(synapses)
    ]


def moved_by_the_teacher(
    sizes: Sequence[int], feedback: float = 0.0, presentations: int = 20, seed: int = 0
) -> list[float]:
    """max |w - w'| per layer between two runs whose teachers contradict each other; its number of
    entries above zero is the reach of the teacher."""
    runs = [learn(sizes, flipped, feedback, presentations, seed) for flipped in (False, True)]
    return [float(np.abs(w - other).max()) for w, other in zip(*runs, strict=True)]
