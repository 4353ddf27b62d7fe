"""What a learning rule is: forward, teach, update.

    forward   what the network does with an input                  -> Trace
    teach     what each layer is told, over the rule's own pathway -> {l: signal [..., batch, n_l]}
    update    what a synapse does with pre, post and signal        -> Update

A rule is a frozen dataclass: its fields are its hyperparameters, everything else reaches it through
the channels. It holds no optimiser and no learning rate; its updates are gradients:
the learning rate times them is subtracted.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Generator, Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Product, Trace
from credit.nets.streams import Named
from credit.nets.streams import streams as streams_of


@dataclass
class Update:
    """Gradients, the learning rate times which is subtracted: W {l: like W_l}, b {l: like b_l},
    own {name: {l: like own[name][l]}}.

    Each is a tensor or a Product that becomes one; a layer that is missing stays as it is.
    """

    W: dict[int, Product | Tensor] = field(default_factory=dict)
    b: dict[int, Tensor] = field(default_factory=dict)
    own: dict[str, dict[int, Product | Tensor]] = field(default_factory=dict)

    def dense(self) -> "Update":
        """The same update with every product written out."""
        return Update(_dense(self.W), self.b, {name: _dense(u) for name, u in self.own.items()})


def _dense(updates: dict) -> dict[int, Tensor]:
    return {l: u.dense() if isinstance(u, Product) else u for l, u in updates.items()}


@dataclass(frozen=True)
class Rule:
    """The base of every rule. Most rules define `teach` (and `draw`, if they own parameters)."""

    name: ClassVar[str]  # as in a sentence
    short: ClassVar[str]  # as in a legend
    source: ClassVar[str]  # key in paper/references.bib
    # names of own parameters that update() or prepare() change; may be a property of the fields
    learned: ClassVar[tuple[str, ...]] = ()
    # and of those that update() writes in place, which no descent touches: a momentum, a mean
    state: ClassVar[tuple[str, ...]] = ()
    smallest_batch: ClassVar[int] = 1  # examples that it compares with each other

    def asks(self, sizes: tuple[int, ...]) -> dict:
        """The network of about these sizes that the rule can teach: keywords of make_network."""
        return {"sizes": sizes}

    def draw(self, sizes: tuple[int, ...], streams: dict[str, Generator]) -> dict:
        """The rule's own parameters and state at the start, {name: {l: tensor}}, float32.

        They are found again as ch.own[name][l]. What stands in `learned` changes by descent, as
        update() or prepare() say; what stands in `state` is written by update() in place (mul_,
        copy_) and by nothing else. For a state of every training example see Channels.keep.

        sizes    units per layer, input first: the rule never sees the weights here
        """
        return {}

    @property
    def prepares(self) -> float:
        """How many epochs, from the first, start with a pass over the data in which `prepare`
        learns; math.inf for all."""
        return 0

    def prepare(self, ch: Channels, x: Tensor) -> Update:
        """What is learned in that pass, from examples alone."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it prepares")

    def forward(self, ch: Channels, x: Tensor) -> Trace:
        """a_l = h_{l-1} W_l^T + b_l, h_l = phi(a_l)."""
        trace = Trace(h={0: x}, a={})
        for l in range(1, ch.L + 1):
            trace.a[l] = ch.drive(l, trace.h[l - 1])
            trace.h[l] = ch.phi(l, trace.a[l])
        return trace

    def teach(self, ch: Channels, trace: Trace) -> dict[int, Tensor]:
        """One teaching signal per layer that learns: e for layer L, below it the stand-in for
        d loss / d h_l."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it teaches")

    def delta(self, ch: Channels, trace: Trace, teaching: dict[int, Tensor]) -> dict[int, Tensor]:
        """delta_L = e;  delta_l = tau_l * phi'(a_l), the slope being the unit's own."""
        return {
            l: tau if l == ch.L else tau * ch.slope_own(l, trace) for l, tau in teaching.items()
        }

    def local(self, ch: Channels, trace: Trace, teaching: dict[int, Tensor]) -> Update:
        """What the teaching signals do at the synapses of W and b:
        dW_l = delta_l^T h_{l-1} / batch, db_l = mean of delta_l."""
        update = Update()
        for l, delta in self.delta(ch, trace, teaching).items():
            update.W[l], update.b[l] = ch.gradient(l, delta, trace.h[l - 1])
        return update

    def update(self, ch: Channels, trace: Trace, teaching: dict[int, Tensor]) -> Update:
        """`local` and whatever else changes: penalties, the rule's own parameters."""
        return self.local(ch, trace, teaching)

    def step(self, ch: Channels, x: Tensor) -> tuple[Trace, Update]:
        """The three stages for the examples x [..., batch, n_0] whose teacher is set in `ch`."""
        ch.meet(x)
        trace = self.forward(ch, x)
        return trace, self.update(ch, trace, self.teach(ch, trace))

    def answer(self, ch: Channels, x: Tensor) -> Tensor:
        """y [..., batch, answers] of a network that is only asked: that of one pass forward."""
        return Rule.forward(self, ch, x).h[ch.L]


def own_parameters(rule: Rule, sizes, seed, dtype=torch.float32) -> dict:
    """The rule's own parameters as drawn, {name: {l: tensor}}; several seeds give an ensemble.

    seed  one seed, or a sequence of n seeds: then every tensor is [n, ...]; or the streams to draw
          from in their place
    """
    if isinstance(seed, int | dict):
        drawn = rule.draw(sizes, streams_of(seed) if isinstance(seed, int) else seed)
        own = {
            name: {l: w.to(dtype) for l, w in tensors.items()} for name, tensors in drawn.items()
        }
    else:
        members = [own_parameters(rule, sizes, s, dtype) for s in seed]
        own = {
            name: {l: torch.stack([m[name][l] for m in members]) for l in tensors}
            for name, tensors in members[0].items()
        }
    return Named("own parameter", own)


def layer_by_layer(
    ch: Channels, trace: Trace, feedback: dict[int, Tensor], top: Tensor | None = None
) -> dict[int, Tensor]:
    """Send the output error down one layer at a time.

        tau_L = e
        tau_l = delta_{l+1} F_{l+1},   delta_l = tau_l * phi'(a_l)  travels on to the layer below

    feedback  {l: F_l [..., n_l, n_{l-1}]} for l = 2..L: W_l itself, or what stands in for it
    top       what starts at the output instead of e, [..., batch, n_L]
    """
    teaching = {ch.L: ch.error(trace) if top is None else top}
    travels = teaching[ch.L]
    for l in range(ch.L - 1, 0, -1):
        teaching[l] = ch.back(l + 1, travels, feedback[l + 1])
        if l > 1:
            travels = teaching[l] * ch.slope_path(l, trace)
    return teaching


def draw_feedback(init, sizes, streams, direct: bool = False) -> dict[int, Tensor]:
    """Random {l: B_l [n_l, n_{l-1}]} for l = 2..L or, direct, {l: B_l [n_L, n_l]} for l < L."""
    L = len(sizes) - 1
    if direct:
        shapes = {l: (sizes[L], sizes[l]) for l in range(1, L)}
    else:
        shapes = {l: (sizes[l], sizes[l - 1]) for l in range(2, L + 1)}
    return {l: init.draw(shape, streams["feedback"]) for l, shape in shapes.items()}
