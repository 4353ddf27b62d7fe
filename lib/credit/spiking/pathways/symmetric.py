"""Backprop's own way, a reference: events return through the forward synapses themselves."""

from dataclasses import dataclass

from credit.spiking.pathways.base import Pathway, taught


@dataclass(frozen=True)
class Symmetric(Pathway):
    """T_j += +-scale w_ji at every event of neuron i, to which neuron j sends spikes through w_ji
    [mV]: a synapse that is used in both directions."""

    short = "symmetric"
    chain = True
    not_spikes = ("a weight used backwards",)

    def draw(self, n, random):
        return {f"scale{l}": self.scale for l in range(2, len(n))}

    def through(self, l):
        return {"model": "scale : 1 (shared, constant)", "on_post": taught()}

    def in_rates(self, net, W):
        return net.chain({l: net.w[l + 1].T for l in net.hidden}, net.e)

    def add(self, parts):
        parts.given |= {f"scale{l}": parts.forward[l].scale for l in range(2, parts.top + 1)}
        return []
