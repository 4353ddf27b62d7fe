"""Kickback: a scalar for the whole network, times a neuron's influence one layer up."""

from dataclasses import dataclass

import numpy as np
from brian2 import linked_var

from credit.spiking.pathways.base import ERROR, TEACHING, taught
from credit.spiking.pathways.symmetric import Symmetric


@dataclass(frozen=True)
class Kickback(Symmetric):
    """A network has one output, whose E all its hidden neurons hear: they have its events. Who has
    one kicks back to the neurons that drive it, if its own window is open; the output always does:

        T_j += +-scale s_j sum_k |w_jk| gate_k         at every event of the output of j's network

    that is, one number for all times the influence of j on the ACTIVE neurons that it drives.
    Nothing is fed through layers: of what k itself is told j hears nothing. In a coherent network
    it has the sign of backprop's way, and with one hidden layer it is that way.

    scale  of what an event brings
    Balduzzi, Vanchinathan & Buhmann 2015, in events: T sums up what is a product per example there.
    """

    short = "Kickback"
    coherent = True
    passed = "E : 1 (linked)"
    teaching = TEACHING + "active = gate : 1 (constant over dt)\n"
    error = ERROR + "active = 1 : 1\n"
    not_spikes = (
        "the scalar, heard in every neuron of a network without a synapse",
        "the size of a weight used backwards",
    )

    def in_rates(self, net, W):
        T, classes = {}, net.n[-1]
        for l in net.hidden:
            k = np.arange(net.n[l + 1])
            active = 1 + 0 * k
            if l + 1 in net.hidden:
                active = net.gate[l + 1] * (1 - 2 * (k // classes % 2))
            T[l] = net.e[:, np.arange(net.n[l]) % classes] * (active @ net.w[l + 1].T)
        return T

    def through(self, l):
        # s_k w_jk = s_j |w_jk|
        return super().through(l) | {"on_post": taught(by="scale*active_post*s_post*w/mV")}

    def add(self, parts):
        for group in parts.layers[2:-1]:
            network = np.arange(group.N) % parts.sizes[-1]
            group.E = linked_var(parts.layers[-1], "E", index=network)
        return super().add(parts)
