"""Kickback: a scalar for the whole network, times a neuron's influence one layer up."""

from dataclasses import dataclass

from brian2 import Synapses

from credit.spiking.pathways.base import ERROR, EVENTS, taught
from credit.spiking.pathways.symmetric import Symmetric


@dataclass(frozen=True)
class Kickback(Symmetric):
    """Every network has one output, and all its hidden neurons hear the output's events. Who hears
    one kicks back to the neurons j below, if its window is open; the output always does:

        T_j += +-scale s_j sum_k |w_jk| gate_k          at every event of the output of j's network

    that is, one number for all times j's influence on the ACTIVE neurons that it drives itself.
    Nothing is fed through layers: what k is taught does not matter to j. In a coherent network
    it has the sign of backprop's way, and with one hidden layer it is backprop's way.

    Balduzzi, Vanchinathan & Buhmann 2015, in events. The broadcast takes one time step; kicks are
    summed up in T at different events and gates, where the rule has one product per example.
    """

    short = "Kickback"
    coherent = True
    passed = "0"  # hidden neurons pass on no error of their own
    error = ERROR + "gate = 1 : 1\n"
    not_spikes = (
        "a weight used backwards, by its size",
        "the scalar, which reaches all neurons of a network without synapses of any strength",
    )

    def through(self, l):
        # s_k w_jk = s_j |w_jk|
        return super().through(l) | {"on_post": taught(by="scale*gate_post*s_post*w/mV")}

    def add(self, parts):
        super().add(parts)
        return [self._broadcast(l, parts) for l in range(2, parts.top)]

    def _broadcast(self, l: int, parts) -> Synapses:
        """A hidden neuron that hears an event of the output has it, too, in the next step."""
        scalar = Synapses(
            parts.layers[-1], parts.layers[l], on_event=EVENTS,
            on_pre={"up": "E_post = 2", "down": "E_post = -2"}, name=f"broadcast{l}",
            namespace=parts.here,
        )  # fmt: skip
        scalar.connect(condition="i == j % classes")
        return scalar
