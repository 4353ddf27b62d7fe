"""Difference target propagation: the way back is to be the inverse of the way up, by spikes."""

from dataclasses import dataclass

from brian2 import Synapses

from credit.spiking.pathways.base import EVENTS, Pathway, draw_back, hidden

INVERTED = """
dT/dt = -T / tau_T : 1
drho/dt = -rho / tau_r : 1                               # of own spikes
dm/dt = (rho - m) / (1000*ms) : 1                        # its mean over the last images
dP/dt = -P / tau_r : 1                                   # what the layer above says of rho - m
gate = int(I > I_low) * int(I < I_high) : 1
eta : volt (shared, constant)
own : 1 (shared, constant)
change = -eta * T * gate : volt (constant over dt)
correction = own * (rho - m - P) : 1 (constant over dt)
"""


@dataclass(frozen=True)
class TargetDifference(Pathway):
    """At every spike of neuron i above, P_j += b_ij and db_ij = own (rho_j - m_j - P_j): b learns
    to say from the spikes above by how much those below differ from their mean m, the inverse g.
    At every event of i

        T_j += +-scale b_ij

    which is g(activity) - g(target) for the linear g that b is, and -eta T moves the layer to what
    it should have been by what the one above should have been.

    own  rate of the inverse
    After Lee et al. 2015, in the form without weight transport (SDTP, Bartunov et al. 2018): there
    the topmost hidden layer goes down a gradient, here all targets come by inverses. Theirs have a
    nonlinearity and learn from noise; these learn from what differs between images.
    """

    own: float = 3e-3

    short = "target difference"
    chain = True
    mirrors = True
    teaching = INVERTED
    lasting = ("m",)
    spiked = "rho += 1"
    not_spikes = ("a correction by the difference of two dendritic variables",)

    def draw(self, n, random):
        b = draw_back(n, random)
        drawn = {f"feedback{l}": b[f"feedback{l}"] / n[l + 1] ** 0.5 for l in hidden(n)}
        return drawn | {f"scale{l}": self.scale for l in hidden(n)}

    def values(self, rate, images, n, random):
        return {f"own{l}": self.own * rate for l in hidden(n)}

    def add(self, parts):
        return [self._feedback(l, parts) for l in hidden(parts.sizes)]

    def _feedback(self, l: int, parts) -> Synapses:
        back = Synapses(
            parts.layers[l + 1], parts.layers[l], "b : 1\nscale : 1 (shared, constant)",
            on_pre={
                "above": "P_post += b; b += correction_post",
                "up": "T_post += scale*b", "down": "T_post -= scale*b",
            },
            on_event=EVENTS | {"above": "spike"}, name=f"feedback{l}",
        )  # fmt: skip
        back.connect()
        parts.given |= {
            f"feedback{l}": back.b, f"scale{l}": back.scale, f"own{l}": parts.layers[l].own,
        }  # fmt: skip
        parts.read[f"feedback{l}"] = (back, "b")
        return back
