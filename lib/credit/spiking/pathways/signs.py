"""Sign symmetry: the way back knows the sign of every forward synapse, not its strength."""

from dataclasses import dataclass

import numpy as np

from credit.spiking.pathways.base import taught
from credit.spiking.pathways.symmetric import Symmetric


@dataclass(frozen=True)
class Signs(Symmetric):
    """T_j += +-scale sign(w_ji) at every event of neuron i.

    Liao, Leibo & Poggio 2016 (uniform sign-concordant feedback), in events.
    """

    short = "signs"
    not_spikes = ("a sign used backwards",)

    def in_rates(self, net, W):
        return net.chain({l: np.sign(net.w[l + 1].T) for l in net.hidden}, net.e)

    def through(self, l):
        return {"model": "scale : 1 (shared, constant)", "on_post": taught(by="scale*sign(w)")}
