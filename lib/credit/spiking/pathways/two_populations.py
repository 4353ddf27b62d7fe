"""Errors in spikes alone: two neurons of every output neuron fire for too much, and too little."""

from dataclasses import dataclass, field, replace
from operator import attrgetter

from brian2 import NeuronGroup, Synapses, linked_var, mV

from credit.spiking import neurons
from credit.spiking.pathways.base import Pathway
from credit.spiking.pathways.direct import Direct
from credit.spiking.pathways.label_neurons import label_neurons

TRACE = """
dlearned/dt = -learned / tau_T : 1
error = learned : 1
"""
SIDE = """
side = 1 - 2*(i // classes) : 1                          # + and -
"""


@dataclass(frozen=True)
class TwoPopulations(Pathway):
    """The label is spikes: while k hears its teacher, teacher neuron k fires at the target's rate
    in images of class k. Two integrate-and-fire neurons compare it with output neuron k:

        I+ += gain at spikes of the output, I+ -= gain at the teacher's;   I- the other way round
        learned += +-1, dlearned/dt = -learned / tau_T, dw = -eta learned at the output's synapses
        E += +-1, one step later event `up` or `down` of k          at every spike of + and - of k

    The events go down by whatever pathway is given. Where hidden neurons are told other labels,
    they have error neurons of their own.

    way   the pathway
    gain  mV, of synapses onto error neurons: from about 40 on they fire at every single spike that
          the other side does not match within two steps
    After the error-coding neurons of Neftci et al. 2017, whose pathway is the direct one.
    """

    way: Pathway = field(default_factory=Direct)
    gain: float = 60.0

    counted = "E : 1\n"
    in_spikes = ("label", "error", "events")
    sends = property(attrgetter("way.sends"))
    coherent = property(attrgetter("way.coherent"))
    chain = property(attrgetter("way.chain"))
    passed = property(attrgetter("way.passed"))
    dark = property(attrgetter("way.dark"))
    teaching = property(attrgetter("way.teaching"))
    lasting = property(attrgetter("way.lasting"))
    corrects = property(attrgetter("way.corrects"))
    spiked = property(attrgetter("way.spiked"))
    draw = property(attrgetter("way.draw"))
    values = property(attrgetter("way.values"))
    derived = property(attrgetter("way.derived"))
    through = property(attrgetter("way.through"))
    speaks = property(attrgetter("way.speaks"))
    in_rates = property(attrgetter("way.in_rates"))

    def __post_init__(self):
        if self.way.shuffled or self.scale != 1:
            raise ValueError("say shuffled of the populations, and the scale of their pathway")
        if getattr(self.way, "gamma", 1.0) != 1:
            raise ValueError(f"gamma is {self.way.gamma}, expected 1: a spike cannot be smaller")

    @property
    def short(self):
        gain = "" if self.gain == type(self).gain else f", gain {self.gain:g} mV"
        return f"{self.way.short}, errors in spikes{gain}"

    @property
    def links(self):
        """By what error neurons act: at the output's own synapses, and on what goes down."""
        return ("trace", "relay") if self.sends else ("trace",)

    @property
    def error(self):
        return self.way.error.replace("error = ", "number = ") + TRACE

    @property
    def not_spikes(self):
        needed = [
            "the clock that lets error neurons hear the output while the teacher speaks",
            "the effects of error neurons for too much and too little, opposite and exactly alike",
        ]
        if self.way.through(2) or self.way.mirrors:
            needed.append("the relay: what error neurons say acts at the output neuron's synapses")
        if self.way.chain:
            needed.append("the events of hidden neurons, where there are two layers of them")
        return (*self.way.not_spikes, *needed)

    def program(self):
        return replace(self, way=self.way.program())

    def at_rest(self):
        return replace(self, way=self.way.at_rest())

    def add(self, parts):
        parts.here["gain"] = self.gain * mV
        output, here = parts.layers[-1], parts.here
        own, *added = _error_neurons("label", parts)
        told, *others = _error_neurons("teacher", parts) if self.shuffled else (own,)
        if "trace" in self.links:
            added.append(_joined("trace", own, output, "learned_post += side_pre", here))
        if "relay" in self.links:
            added.append(_joined("relay", told, output, "E_post += side_pre", here))
        return [*dict.fromkeys((own, told)), *added, *others, *self.way.add(parts)]


def _error_neurons(label: str, parts) -> list:
    """All + and then all -, what they hear of this label and of the output, and from whom."""
    here, K, output = parts.here, parts.sizes[-1], parts.layers[-1]
    errors = NeuronGroup(
        2 * K, neurons.MEMBRANE + neurons.CURRENT + SIDE, **neurons.SPIKES, method="euler",
        namespace=here, name=f"errors_{label}",
    )  # fmt: skip
    at_first = {"when": "before_start", "order": -1, "name": f"rest_{label}"}
    errors.run_regularly("v = 0*mV\nI = 0*mV", here["image"], **at_first)
    rate = "hears * full / tau_r"  # a spike for each that is wanted
    teacher = label_neurons(f"teacher_{label}", parts, rate, label, besides="hears : 1 (linked)\n")
    teacher.hears = linked_var(output, "hears")
    return [
        errors, teacher,
        _joined(f"answer_{label}", output, errors, "I_post += gain*side_post*hears_pre", here),
        _joined(f"wanted_{label}", teacher, errors, "I_post -= gain*side_post", here),
    ]  # fmt: skip


def _joined(name: str, source, target, on_pre: str, here: dict) -> Synapses:
    """A synapse wherever both are of one class."""
    synapses = Synapses(source, target, on_pre=on_pre, name=name, namespace=here)
    synapses.connect(condition="i % classes == j % classes")
    return synapses
