"""Direct feedback alignment: events of the output reach every hidden layer at once."""

from dataclasses import dataclass

from brian2 import Synapses

from credit.spiking.pathways.base import EVENTS, Pathway, draw_back, hidden


@dataclass(frozen=True)
class Direct(Pathway):
    """T_j += +-B_kj at every event of output neuron k; B is drawn once and stays.

    scale  standard deviation of B
    After Neftci et al. 2017, event-driven random backpropagation.
    """

    short = "direct"

    def draw(self, n, random):
        return {name: self.scale * b for name, b in draw_back(n, random, direct=True).items()}

    def add(self, parts):
        return [feedback(parts, parts.top, l) for l in hidden(parts.sizes)]


def feedback(parts, source: int, l: int) -> Synapses:
    """Fixed synapses that bring the events of a layer to hidden layer l."""
    synapses = Synapses(
        parts.layers[source], parts.layers[l], "b : 1", on_event=EVENTS,
        on_pre={"up": "T_post += b", "down": "T_post -= b"}, name=f"feedback{l}",
    )  # fmt: skip
    synapses.connect()
    parts.given[synapses.name] = synapses.b
    return synapses
