"""Decoupled neural interfaces: hidden neurons learn by an error that they predict themselves."""

from dataclasses import dataclass

import numpy as np
from brian2 import Hz, NeuronGroup, Synapses

from credit.spiking.pathways.base import hidden, taught
from credit.spiking.pathways.symmetric import Symmetric

PREDICTED = """
dT/dt = -T / tau_T : 1                                   # the predicted error
dS/dt = -S / tau_T : 1                                   # the one that comes from above
gate = int(I > I_low) * int(I < I_high) : 1
on = int(timestep(t, dt) % steps >= settling) : 1 (shared)
eta : volt (shared, constant)
own : 1 (shared, constant)
change = -eta * T * gate : volt (constant over dt)
correction = -own * (T - S) * on : 1 (constant over dt)
"""


@dataclass(frozen=True)
class Synthetic(Symmetric):
    """T_i += a_ij at every spike of neuron j of the same layer, += c_ik at every spike of label
    neuron k; events from above reach S_i, through the forward synapses. At the same spikes

        da_ij, dc_ik = -own (T_i - S_i)    while the teacher speaks

    so T learns to be what S will be, and neurons learn by T, from the first spikes of an image on.

    own  rate of the predictions
    Jaderberg et al. 2017 (cDNI, a linear model of a layer's activity and the label), in events.
    """

    own: float = 1e-4

    short = "synthetic"
    teaching = PREDICTED
    not_spikes = (
        "the error of an output neuron, until it is an event",
        "a weight used backwards",
        "the difference of two dendritic variables",
    )

    def draw(self, n, random):
        models = {f"of_layer{l}": np.zeros(n[l] * n[l]) for l in hidden(n)}
        models |= {f"of_label{l}": np.zeros(n[-1] * n[l]) for l in hidden(n)}
        return super().draw(n, random) | models

    def values(self, rate, images, n, random):
        rates = {f"own{l}": self.own * rate for l in hidden(n)}
        return rates | {"heard": float(rate > 0)}

    def through(self, l):
        return {"model": "scale : 1 (shared, constant)", "on_post": taught("S")}

    def add(self, parts):
        super().add(parts)
        label = NeuronGroup(
            parts.sizes[-1],
            "dx/dt = said*heard*white_label : 1\nsaid : 1\nheard : 1 (shared, constant)",
            threshold="x > 1", reset="x -= 1", method="euler", name="label_neurons",
            namespace=parts.here | {"white_label": 200 * Hz},
        )  # fmt: skip
        label.run_regularly("said = teacher(t, i)\nx = 0.5", parts.here["image"], name="told_label")
        parts.given["heard"] = label.heard
        added = [label]
        for l in hidden(parts.sizes):
            parts.given[f"own{l}"] = parts.layers[l].own
            for name, source in (("of_layer", parts.layers[l]), ("of_label", label)):
                model = Synapses(
                    source, parts.layers[l], "a : 1", on_pre="T_post += a; a += correction_post",
                    name=f"{name}{l}",
                )  # fmt: skip
                model.connect()
                parts.given[model.name] = model.a
                parts.read[model.name] = (model, "a")
                added.append(model)
        return added
