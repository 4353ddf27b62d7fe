"""Equilibrium propagation: a teacher that only nudges the output neurons."""

from dataclasses import dataclass

from credit.spiking.contrasts.base import NUDGED, Contrast


@dataclass(frozen=True)
class EquilibriumPropagation(Contrast):
    """In the second phase output neurons get a current beta (wanted - r) besides their own, r being
    their spikes, low-passed; wanted is 1 for the right class. Feedback is as strong as what goes up
    and comes through the same synapses, and

        dw = eta (x+ y+ - x- y-),     1/beta in eta

    Scellier & Bengio 2017, whose units relax to a minimum of an energy and whose second phase
    starts where the first ends; beta is positive here, and of either sign there. In spikes, with
    other neurons: O'Connor et al. 2019, Martin et al. 2021.

    beta  of the drive that makes a neuron fire at the target's rate
    """

    beta: float = 1.0

    short = "equilibrium propagation"
    teacher = NUDGED
    not_spikes = (
        "a weight used backwards",
        "the nudge, a current that knows the neuron's own rate",
    )

    def values(self, n):
        return super().values(n) | {"beta": self.beta}
