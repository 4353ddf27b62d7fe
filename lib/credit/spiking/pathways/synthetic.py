"""Decoupled neural interfaces: hidden neurons learn by an error that they predict themselves."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from credit.spiking.pathways.base import hidden
from credit.spiking.pathways.label_neurons import label_neurons
from credit.spiking.pathways.predictions import CORRECTS, MISSED, predictions
from credit.spiking.pathways.symmetric import Symmetric

PREDICTED = f"""
dT/dt = -T / tau_r : 1                                   # the predicted error
dS/dt = -S / tau_T : 1                                   # the one that comes from above
{MISSED}drho/dt = -rho / tau_r : 1                               # of own spikes
on = int(timestep(t, dt) % steps >= settling) : 1 (shared)
gate = int(I > I_low) * int(I < I_high) * on : 1
eta : volt (shared, constant)
change = -eta * T * gate : volt (constant over dt)
"""
LABEL_RATE = 200  # Hz


@dataclass(frozen=True)
class Synthetic(Symmetric):
    """Weights change by an error T, the sum of what spikes of the same layer and of the label say;
    one neuron a class fires as long as its image is shown. Errors from above go to S, through the
    forward synapses, and while the teacher speaks the predictions learn to make T equal S
    (predictions.py), at a rate of own / n where n neurons of a kind are heard.

    own    rate of the predictions
    layer  whether they hear the layer, or the label alone: a control
    Jaderberg et al. 2017 (cDNI: a linear model of the layer and the label, at first 0), in events.
    There layers do not wait for the error; here they learn when the teacher speaks.
    """

    own: float = 0.05
    layer: bool = True

    short = "synthetic"
    teaching = PREDICTED
    corrects: ClassVar[dict[str, str]] = CORRECTS
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
        heard = {"layer": net.a, "label": [LABEL_RATE * net.label] * len(net.a)}
        return {
            l: sum(r[l] @ W[f"of_{what}{l}"].reshape(-1, net.n[l]) for what, r in heard.items())
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
                model = predictions(f"of_{what}{l}", source, parts.layers[l])
                parts.given |= {model.name: model.a, f"own_{what}{l}": model.own}
                parts.read[model.name] = (model, "a")
                added.append(model)
        return added
