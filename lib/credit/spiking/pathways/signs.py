"""Sign symmetry: the way back knows the sign of every forward synapse, not its strength."""

from dataclasses import dataclass

from credit.spiking.pathways.base import taught
from credit.spiking.pathways.symmetric import Symmetric


@dataclass(frozen=True)
class Signs(Symmetric):
    """T_j += +-scale sign(w_ji) at every event of neuron i.

    Liao, Leibo & Poggio 2016 (uniform sign-concordant feedback), in events.
    """

    short = "signs"
    not_spikes = ("a sign used backwards",)

    def through(self, l):
        return {"model": "scale : 1 (shared, constant)", "on_post": taught(by="scale*sign(w)")}
