"""Contrastive Hebbian learning: what fires together in the taught phase, less in the free one."""

from dataclasses import dataclass

from credit.spiking.contrasts.base import Contrast


@dataclass(frozen=True)
class ContrastiveHebbian(Contrast):
    """The teacher takes the place of all other drive of the output neurons, and

        dw = eta (x+ y+ - x- y-)

    Feedback is weaker than what goes up by the factor gamma, the gain, and comes through the same
    synapses. Xie & Seung 2003 give layer l the rate eta gamma^(l - L); here hidden layers have a
    rate of their own.
    """

    gain: float = 0.5

    short = "contrastive Hebbian"
    not_spikes = ("a weight used backwards",)
