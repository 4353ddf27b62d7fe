"""Generalized recirculation: the sender's free activity, times what the teacher changed."""

from dataclasses import dataclass

import torch

from credit.spiking.contrasts.base import Contrast


@dataclass(frozen=True)
class GeneralizedRecirculation(Contrast):
    """The teacher takes the place of all other drive of the output neurons, and

        dw = eta (x- + x+)/2 (y+ - y-)                                        (GR-mid)

    at all synapses. Feedback synapses that are apart start at random and learn by the same rule,
    the neuron above being the sender; else feedback comes through the forward synapses.
    O'Reilly 1996, with the midpoint of the sender.

    apart   whether feedback has synapses of its own
    spread  mV, standard deviation of the first of these times sqrt(neurons below)
    """

    apart: bool = True
    spread: float = 50.0

    contrast = "(minus_pre + plus_pre)/2*(plus_post - minus_post)"

    @property
    def short(self):
        return f"GeneRec, V {'apart' if self.apart else 'is W'}"

    @property
    def not_spikes(self):
        return () if self.apart else ("a weight used backwards",)

    def draw(self, n, random):
        drawn = {}
        for l in range(1, len(n) - 1 if self.apart else 1):
            b = torch.randn(n[l + 1] * n[l], generator=random["feedback"]).numpy()
            drawn[f"feedback{l}"] = 1e-3 * self.spread / n[l] ** 0.5 * b
        return drawn

    def program(self):
        return type(self)(apart=self.apart)
