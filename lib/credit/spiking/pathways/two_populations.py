"""Errors in spikes alone: two neurons of every output neuron fire for too much, and too little."""

from dataclasses import dataclass, replace

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, Synapses, linked_var, mV

from credit.spiking import neurons
from credit.spiking.pathways.base import Pathway, draw_back, hidden

TRACE = """
dT/dt = -T / tau_T : 1
error = T : 1
"""
TEACHER = """
dx/dt = said * on * learning * full / tau_r : 1          # a spike for each that is wanted
on = int(timestep(t, dt) % steps >= settling) : 1 (shared)
said : 1
learning : 1 (linked)
"""
SIDE = """
side = 1 - 2*(i // classes) : 1                          # + and -
"""


@dataclass(frozen=True)
class TwoPopulations(Pathway):
    """The label is spikes: while the teacher speaks, teacher neuron k fires at the target's rate in
    images of class k. Two integrate-and-fire neurons compare it with output neuron k:

        I+ += gain at spikes of the output, I+ -= gain at the teacher's;   I- the other way round
        T_k += +-1, T_j += +-B_kj           at spikes of + and - of k; B is drawn once and stays

    Hidden synapses learn by T_j, as always, and the output's by T_k. Otherwise error neurons hear
    nothing. Where hidden neurons are told other labels, they have error neurons of their own.

    gain   mV, of synapses onto error neurons; a spike alone brings them to threshold at about 40
    scale  standard deviation of B
    After the error-coding neurons of Neftci et al. 2017.
    """

    gain: float = 30.0

    short = "two populations"
    signed = False
    error = TRACE
    in_spikes = ("label", "error", "events")
    not_spikes = ("the clock that lets error neurons hear the output while the teacher speaks",)

    def program(self):
        return replace(self, scale=1.0)

    def draw(self, n, random):
        back = draw_back(n, random, direct=True)
        return {name: self.scale * np.concatenate([b, -b]) for name, b in back.items()}

    def add(self, parts):
        parts.here["gain"] = self.gain * mV
        own, *added = _error_neurons("label", parts)
        told, *others = _error_neurons("teacher", parts) if self.shuffled else (own,)
        added.append(_joined("trace", own, parts.layers[-1], "T_post += side_pre", parts.here))
        for l in hidden(parts.sizes):
            back = Synapses(told, parts.layers[l], "b : 1", "T_post += b", name=f"feedback{l}")
            back.connect()
            parts.given[back.name] = back.b
            added.append(back)
        count = SpikeMonitor(told, record=False, name="count_error_neurons")
        parts.read[count.name] = (count, "count")
        return [*dict.fromkeys((own, told)), *added, *others, count]


def _error_neurons(label: str, parts) -> list:
    """All + and then all -, what they hear of this label and of the output, and from whom."""
    here, K, output = parts.here, parts.sizes[-1], parts.layers[-1]
    common = {"method": "euler", "namespace": here}
    equations = neurons.MEMBRANE + neurons.CURRENT + SIDE
    errors = NeuronGroup(2 * K, equations, **neurons.SPIKES, **common, name=f"errors_{label}")
    at_first = {"when": "before_start", "order": -1, "name": f"rest_{label}"}
    errors.run_regularly("v = 0*mV\nI = 0*mV", here["image"], **at_first)
    clock = {"threshold": "x > 1", "reset": "x -= 1"}
    teacher = NeuronGroup(K, TEACHER, **clock, **common, name=f"teacher_{label}")
    teacher.learning = linked_var(output, "learning")
    teacher.run_regularly(f"said = {label}(t, i)\nx = 0.5", here["image"], name=f"told_{label}")
    much, less = "gain*side_post*on_pre*learning_pre", "gain*side_post"
    return [
        errors, teacher,
        _joined(f"answer_{label}", output, errors, f"I_post += {much}", here),
        _joined(f"wanted_{label}", teacher, errors, f"I_post -= {less}", here),
    ]  # fmt: skip


def _joined(name: str, source, target, on_pre: str, here: dict) -> Synapses:
    """A synapse wherever both are of one class."""
    synapses = Synapses(source, target, on_pre=on_pre, name=name, namespace=here)
    synapses.connect(condition="i % classes == j % classes")
    return synapses
