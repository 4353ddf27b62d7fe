"""Decoupled neural interfaces: hidden neurons learn by an error that they predict themselves."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from brian2 import Synapses

from credit.spiking.pathways.base import hidden
from credit.spiking.pathways.label_neurons import label_neurons
from credit.spiking.pathways.symmetric import Symmetric

PREDICTED = """
dT/dt = -T / tau_r : 1                                   # the predicted error
dS/dt = -S / tau_T : 1                                   # the one that comes from above
dD/dt = (S - T) * on / (50*ms) : 1                       # by how much it was more
drho/dt = -rho / tau_r : 1                               # of own spikes
on = int(timestep(t, dt) % steps >= settling) : 1 (shared)
gate = int(I > I_low) * int(I < I_high) * on : 1
eta : volt (shared, constant)
change = -eta * T * gate : volt (constant over dt)
"""
LABEL_RATE = 200  # Hz


@dataclass(frozen=True)
class Synthetic(Symmetric):
    """T_i += a_ij at every spike of neuron j of the same layer, or of the label: one neuron a class
    that fires as long as its image is shown. Weights change by T. Errors from above go to S_i,
    through the forward synapses, and while the teacher speaks

        dD_i/dt = (S_i - T_i) / 50 ms;   D > 1: event `more`, D -= 1;   D < -1: event `less`, D += 1
        da_ij = +-own/n rho_j            at `more` and `less` of i; n neurons are heard of this kind

    with the trace rho of j's spikes, by which a_ij entered T_i: least mean squares by events. By
    S - T at the spikes of j instead, before they count, T can grow without end.

    own    rate of the predictions
    layer  whether they hear the layer, or the label alone: a control
    Jaderberg et al. 2017 (cDNI: a linear model of a layer's activity and the label, at first 0), in
    events. There layers do not wait for the error; here they learn when the teacher speaks.
    """

    own: float = 0.05
    layer: bool = True

    short = "synthetic"
    teaching = PREDICTED
    corrects: ClassVar[dict[str, str]] = {"more": "D > 1", "less": "D < -1"}
    spiked = "rho += 1"
    not_spikes = (
        "a weight used backwards",
        "the difference of two dendritic variables, until it is an event",
    )

    def draw(self, n, random):
        models = {f"of_layer{l}": np.zeros(n[l] * n[l]) for l in hidden(n)}
        models |= {f"of_label{l}": np.zeros(n[-1] * n[l]) for l in hidden(n)}
        return super().draw(n, random) | models

    def values(self, rate, images, n, random):
        own = {f"own_layer{l}": self.own * rate * self.layer / n[l] for l in hidden(n)}
        own |= {f"own_label{l}": self.own * rate / n[-1] for l in hidden(n)}
        return own | {"heard": float(rate > 0)}

    def in_rates(self, net, W):
        n, said = net.n, LABEL_RATE * net.label
        return {
            l: net.a[l] @ W[f"of_layer{l}"].reshape(n[l], n[l])
            + said @ W[f"of_label{l}"].reshape(n[-1], n[l])
            for l in net.hidden
        }

    def through(self, l):
        back = {"up": "S_pre += scale*w/mV", "down": "S_pre -= scale*w/mV"}
        return super().through(l) | {"on_post": back}

    def add(self, parts):
        heard = "heard : 1 (shared, constant)\n"
        rate = f"heard * {LABEL_RATE}*Hz"
        label = label_neurons("label_neurons", parts, rate, trace=True, besides=heard)
        parts.given["heard"] = label.heard
        added = [*super().add(parts), label]
        for l in hidden(parts.sizes):
            for what, source in (("layer", parts.layers[l]), ("label", label)):
                model = Synapses(
                    source, parts.layers[l], "a : 1\nown : 1 (shared, constant)",
                    on_pre="T_post += a",
                    on_post={"more": "a += own*rho_pre", "less": "a -= own*rho_pre"},
                    on_event={"pre": "spike", "more": "more", "less": "less"},
                    name=f"of_{what}{l}",
                )  # fmt: skip
                model.connect()
                parts.given |= {model.name: model.a, f"own_{what}{l}": model.own}
                parts.read[model.name] = (model, "a")
                added.append(model)
        return added
