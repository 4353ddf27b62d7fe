"""What a rule of two phases is: a teacher's current, a gain of feedback, and a contrast."""

from dataclasses import dataclass
from typing import ClassVar

from brian2 import NeuronGroup
from torch import Generator

# Drives of an output neuron, `teaches` being 1 in the second phase while the network learns. Under
# the drive `strong` a neuron fires as the teacher wants it; in steps of 1 ms, up to a quarter more.
CLAMPED = """
drive = I*(1 - teaches) + teaches*strong*(2*wanted - 1) : volt
"""
NUDGED = """
drive = I + teaches*beta*strong*(wanted - r/r_full) : volt
"""
HEBBIAN = "plus_pre*plus_post - minus_pre*minus_post"
NO_SPIKES = {
    "label": "the label, a current into output neurons",
    "counts": "the spike counts of both phases, stored until the image is over",
    "clock": "the clock that tells the phases apart and resets all neurons at the beginning of "
    "each",
    "rate": "the learning rate, which falls for all synapses alike",
    "readout": "the answer, read from spike counts and membranes of the output neurons",
}


@dataclass(frozen=True)
class Contrast:
    """The base of all rules of two phases.

    gain  of what a spike of a neuron above brings, against a spike from below
    """

    gain: float = 1.0

    short: ClassVar[str]  # as in a label
    teacher: ClassVar[str] = CLAMPED  # what drives an output neuron
    contrast: ClassVar[str] = HEBBIAN  # of minus and plus, sender _pre and receiver _post
    apart: ClassVar[bool] = False  # whether feedback has synapses of its own
    returns: ClassVar[bool] = True  # else whether it comes back through the forward ones
    reconstructs: ClassVar[bool] = False  # whether an output neuron answers for every pixel
    senses: ClassVar[str] = ""  # variables of an input neuron besides
    pixel: ClassVar[str] = "pixels(t, i)"  # of an input neuron
    shuffled: ClassVar[bool] = False
    in_spikes: ClassVar[tuple[str, ...]] = ()  # what of NO_SPIKES spikes carry, or is not needed
    not_spikes: ClassVar[tuple[str, ...]] = ()  # what is no spike in it besides

    def draw(self, n: tuple[int, ...], random: dict[str, Generator]) -> dict:
        """{weights of feedback that is apart: what they start with}; n as Setting.sizes."""
        return {}

    def values(self, n: tuple[int, ...]) -> dict:
        """{name in Model.given: its value}."""
        gains = {f"gain{l}": self.gain for l in range(1, len(n) - 1) if self.apart or self.returns}
        return gains | {"beta": 1.0}

    def at_rest(self) -> "Contrast":
        """The same, but nothing changes weights except the contrast."""
        return self

    def into(self, l: int, top: int) -> str:
        """The contrast at the synapses into layer l of `top`."""
        return self.contrast

    def add(self, layers: list[NeuronGroup]) -> dict:
        """Joins what the equations of a rule leave open; returns {name: variable} that every run
        may set besides."""
        return {}

    def program(self) -> "Contrast":
        """A rule that asks for the same program: all fields are values of a run."""
        return type(self)()
