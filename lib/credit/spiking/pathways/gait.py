"""GAIT-prop: small steps towards a target, sent down through the pseudo-inverse of the way up."""

from dataclasses import dataclass

import numpy as np
from brian2 import Synapses

from credit.spiking.pathways.base import ERROR, EVENTS, TEACHING, Pathway, hidden

INCREMENT = "increment : 1 (shared, constant)\n"


@dataclass(frozen=True)
class Gait(Pathway):
    """E integrates a small step of the way to the target, and its events come down enlarged:

        dE_i/dt = gamma^k (D e)_i / tau_e,      T_j += +-scale gamma^-k B_ij      k layers below the
                                                                                  top, which has 1
        B = norm^2 V,   W V = 1,   V = W^T (W W^T)^-1                             (INVERSE)

    D is the window of a neuron's currents, 1 at the output: D^2 weighs the step and the inverse of
    the slope comes off again, so D is left, as in backprop. With W of orthogonal rows of length
    `norm` B is W^T, and the rule is backprop's chain; nothing here keeps W like that.

    With every layer below it a layer is to be as large; its neurons that are not there would have
    their own activity as target, thus no error and no events. (INVERSE) is what the inverse of that
    square matrix says of the others, where the weights of those are orthogonal to theirs.

    gamma  share of the way to the target. E begins every image at 0 and what does not make an event
           is lost: 1e-3 of the paper is below what events can tell
    norm   mV, about the length of a neuron's first weights
    Ahmad, van Gerven & Ambrogioni 2020, who compute the inverse of square weights after every 60
    images; here it is the pseudo-inverse of the weights at the beginning of a run, of a chunk of
    images. Their penalty, which keeps W near an orthogonal matrix, is left out.
    """

    gamma: float = 1.0
    norm: float = 50.0

    short = "GAIT"
    chain = True
    teaching = TEACHING + INCREMENT
    passed = "dE/dt = increment*T*gate / tau_e : 1\n"
    error = ERROR.replace("sent = ", "sent = increment*") + INCREMENT
    not_spikes = ("the pseudo-inverse, computed from the weights at the beginning of every run",)

    def values(self, rate, images, n, random):
        steps = {f"increment{l}": self.gamma ** (len(n) - l) for l in range(2, len(n))}
        return steps | {f"scale{l}": self.scale / steps[f"increment{l + 1}"] for l in hidden(n)}

    def derived(self, W, n):
        inverses = {}
        if any(n[l + 1] > n[l] for l in hidden(n)):
            raise ValueError(f"sizes are {n}, expected no layer above the first with more neurons")
        for l in hidden(n):
            w = 1e3 * W[f"w{l + 1}"].reshape(n[l], n[l + 1])  # mV
            inverses[f"feedback{l}"] = self.norm**2 * np.linalg.pinv(w).ravel()
        return inverses

    def add(self, parts):
        added = []
        for l in hidden(parts.sizes):
            back = Synapses(
                parts.layers[l + 1], parts.layers[l], "b : 1\nscale : 1 (shared, constant)",
                on_pre={"up": "T_post += scale*b", "down": "T_post -= scale*b"},
                on_event=EVENTS, name=f"feedback{l}",
            )  # fmt: skip
            back.connect()
            parts.given |= {f"feedback{l}": back.b, f"scale{l}": back.scale}
            parts.given[f"increment{l + 1}"] = parts.layers[l + 1].increment
            added.append(back)
        return added
