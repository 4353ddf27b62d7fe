"""What a pathway is: what it adds to the network so that errors reach the hidden neurons.

An output neuron, and where the pathway is a chain every hidden neuron above the first layer, has an
event `up` or `down` for each unit of its error. Where these go, and what changes the synapses on
the way, is the pathway; a synapse sees its two neurons' variables and spikes, no others.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from brian2 import NeuronGroup, Synapses
from torch import Generator

TEACHING = """
dT/dt = -T / tau_T : 1
gate = int(I > I_low) * int(I < I_high) : 1
eta : volt (shared, constant)
change = -eta * T * gate : volt (constant over dt)
"""
ERROR = """
hears = on * learning : 1
error = (r - wanted) * hears : 1
sent = (r - told) * hears : 1
"""
SENT = "dE/dt = sent / tau_e : 1\n"
EVENTS = {"up": "up", "down": "down"}
NO_SPIKES = {
    "label": "the label, a number",
    "error": "the error of a neuron, a number until it is an event",
    "events": "the events, which have a sign and come beside the neuron's own spikes",
    "teaching": "the teaching variable and the window of its currents",
    "clock": "the clock that resets all neurons at every image",
    "rate": "the learning rate, which falls for all synapses alike",
    "readout": "the answer, read from spike counts and, where these tie, membranes of the output",
}


@dataclass
class Parts:
    """A network in the making.

    layers   the neurons, layers[0] the input
    forward  {l: plastic synapses into layer l}
    here     the names that equations know
    given    {name: variable} that every run may set; a pathway adds its own
    read     {name: (group, variable)} that every run gives back; what is learned stands in both
    """

    sizes: tuple[int, ...]
    layers: list[NeuronGroup]
    here: dict
    forward: dict[int, Synapses] = field(default_factory=dict)
    given: dict = field(default_factory=dict)
    read: dict = field(default_factory=dict)

    @property
    def top(self) -> int:
        return len(self.sizes) - 1


@dataclass(frozen=True)
class Pathway:
    """The base of all pathways.

    shuffled  hidden neurons are told the errors for the label of another image: a control
    scale     of what an event brings
    """

    shuffled: bool = False
    scale: float = 1.0

    short: ClassVar[str]  # as in a label
    sends: ClassVar[bool] = True  # whether the output sends its errors
    chain: ClassVar[bool] = False  # whether hidden neurons send errors on
    passed: ClassVar[str] = "dE/dt = T*gate / tau_e : 1\n"  # then, what their events are of
    dark: ClassVar[int] = 0  # ms before every image in which pixels are silent; 0: as if not there
    coherent: ClassVar[bool] = False  # whether it asks for a coherent network for every class
    teaching: ClassVar[str] = TEACHING  # a hidden neuron's variables, T and change among them
    lasting: ClassVar[tuple[str, ...]] = ()  # those that outlast an image
    corrects: ClassVar[dict[str, str]] = {}  # a hidden neuron's events besides, {"more": "D > 1"}
    spiked: ClassVar[str] = ""  # what a hidden neuron's own spike does besides the reset
    error: ClassVar[str] = ERROR  # of an output neuron: at its synapses, and as it is sent
    counted: ClassVar[str] = SENT  # then, what makes its events `up` and `down`
    mirrors: ClassVar[bool] = False  # whether its synapses learn from spikes of the layer above
    in_spikes: ClassVar[tuple[str, ...]] = ()  # what of NO_SPIKES spikes carry, or is not needed
    not_spikes: ClassVar[tuple[str, ...]] = ()  # what is no spike in it besides

    def program(self) -> "Pathway":
        """A pathway that asks for the same program: all fields are values of a run."""
        return type(self)()

    def draw(self, n: tuple[int, ...], random: dict[str, Generator]) -> dict:
        """{name in Parts.given: what it starts with}, whatever the images are; n as Parts.sizes."""
        return {}

    def values(self, rate: float, images: int, n: tuple[int, ...], random: dict) -> dict:
        """{name in Parts.given: its value in one run of so many images}, at this rate."""
        return {}

    def derived(self, W: dict[str, np.ndarray], n: tuple[int, ...]) -> dict:
        """{name in Parts.given: its value in one run}, where it follows from the weights W that the
        network has when the run begins; W as Learner.W."""
        return {}

    def at_rest(self) -> "Pathway":
        """The same, but nothing changes weights except what its neurons are told."""
        return self

    def speaks(self, setting) -> int:
        """ms from when on the output's errors are sent."""
        return setting.settling

    def in_rates(self, net, W: dict[str, np.ndarray]) -> dict[int, np.ndarray]:
        """{l: T}, what neurons of hidden layer l are told in rates, [images, n_l]: by default back
        through synapses of the pathway's own.

        net  credit.spiking.in_rates.InRates
        W    as Learner.W, and what is derived from it
        """
        back = {l: W[f"feedback{l}"].reshape(-1, net.n[l]) for l in net.hidden}
        if self.chain:
            return net.chain(back, net.e)
        return {l: net.e @ b for l, b in back.items()}

    def through(self, l: int) -> dict:
        """What the forward synapses into layer l >= 2 get besides: model, and for the events of
        their postsynaptic neurons on_post."""
        return {}

    def add(self, parts: Parts) -> list:
        """The objects that the pathway adds; everything in them has a fixed name."""
        return []


def taught(by: str = "scale*w/mV") -> dict:
    """What the forward synapses do when an error of their postsynaptic neuron comes back."""
    return {"up": f"T_pre += {by}", "down": f"T_pre -= {by}"}


def hidden(n: tuple[int, ...]) -> range:
    return range(1, len(n) - 1)


def draw_back(
    n: tuple[int, ...], random: dict[str, Generator], direct: bool = False
) -> dict[str, np.ndarray]:
    """{"feedback1": ...}: standard normal numbers, [n_{l+1} n_l] or, direct, [n_L n_l], flat."""
    shapes = {l: (n[-1] if direct else n[l + 1], n[l]) for l in hidden(n)}
    return {
        f"feedback{l}": torch.randn(shape, generator=random["feedback"]).numpy().ravel()
        for l, shape in shapes.items()
    }
