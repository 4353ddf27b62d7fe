"""Feedback alignment: errors go down one layer at a time, through synapses of their own."""

from dataclasses import dataclass

from credit.spiking.pathways.base import Pathway, draw_back, hidden
from credit.spiking.pathways.direct import feedback


@dataclass(frozen=True)
class Layered(Pathway):
    """T_j += +-B_ij at every event of neuron i one layer above; B is drawn once and stays.

    scale  standard deviation of B
    Lillicrap et al. 2016, in events. With one hidden layer it is direct feedback.
    """

    short = "layered"
    chain = True

    def draw(self, n, random):
        return {name: self.scale * b for name, b in draw_back(n, random).items()}

    def add(self, parts):
        return [feedback(parts, l + 1, l) for l in hidden(parts.sizes)]
