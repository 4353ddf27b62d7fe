"""The channels: everything through which a learning rule may reach its network.

A rule never holds a network. It is handed a Channels and reads through it; in training every
channel is the plain tensor or product and costs nothing. The audit hands over a Channels of its
own, to another network with the same activities, and looks at what becomes of the update.

    drive        forward: h_{l-1} -> a_l
    synapses     W_l and b_l of that drive, for the many steps of a network that settles
    phi          forward: a_l -> h_l, and phi_inverse back again where the units allow it
    sent         what other layers receive of h_l: itself, or its sign in a net of binary signals
    W_back       the forward weights AS THE WAY BACK SEES THEM: reading these is weight transport
    W_own        the weights at their own synapses, for what a synapse does with itself (a penalty)
    own          the rule's own parameters: feedback matrices, learned inverses, predictors; and its
                 state, what it remembers from batch to batch (Rule.state), which no descent touches
    back         carries a signal from layer l to l-1 through given weights of W_l's shape
    direct       carries a signal from the output to a layer through a matrix of its own
    slope_own    phi'(a_l) used at the synapses of layer l itself
    slope_path   phi'(a_l) multiplied into a signal that travels on to other units
    target       the full label, one-hot;  reward: one scalar for a choice;  error: y against target
    mismatch     y - t: where the network has one output, one scalar for all of it
    loss         how wrong the network is with each example, one scalar: what a perturbation changes
    recall       the state in which the same examples were left the last time, see keep
    rng          a named random stream

The two slopes are the same tensor in training and two different demands on a brain.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from credit.nets.networks import OUTPUTS, Network, Product, Trace


class Channels:
    """The channels of one network, as training opens them.

    network  read only here, never by the rule
    own      {name: {l: tensor}}, the rule's own parameters
    streams  {purpose: generator}
    examples how many there are in the training set, for rules that keep a state of each
    """

    def __init__(
        self, network: Network, own: dict, streams: dict[str, Generator], examples: int = 0
    ):
        self._network = network
        self._answers, self._spare = network.answers, OUTPUTS[network.output].spare
        self._streams = streams
        self._target: Tensor | None = None
        self._which: Tensor | None = None
        self._examples, self._kept = examples, {}
        self.own = own
        self.L = network.L
        self.W_own = {l: layer.W for l, layer in network.layers.items()}
        # d a_l / d h_{l-1}; nothing comes back through a step function
        self.W_back = {
            l: W if network.graded(l) else torch.zeros_like(W) for l, W in self.W_own.items()
        }

    def teach(self, target: Tensor, which: Tensor | None = None) -> "Channels":
        """Set the teacher for the next examples: t one-hot [..., batch, n_L].

        which  their numbers in the training set, [batch]; None: they will not come again
        """
        width = target.shape[-1] if target.dim() > 1 and target.is_floating_point() else 0
        if width != self._answers and not (self._spare and 0 < width < self._answers):
            raise ValueError(
                f"t is {list(target.shape)} of {target.dtype}, expected floats "
                f"[..., batch, {self._answers}]; data.one_hot makes them of labels"
            )
        self._target, self._which = target, which
        return self

    def meet(self, x: Tensor):
        """Refuse what are no examples x [..., batch, n_0], each with its own row of t."""
        self._network.check_input(x)
        if self._target is None or self._target.shape[-2] != x.shape[-2]:
            given = "not set" if self._target is None else list(self._target.shape)
            raise ValueError(
                f"t is {given} for x {list(x.shape)}, expected a row of t for every row of x: "
                "ch.teach(t) before the step"
            )

    # forward
    def drive(self, l: int, h: Tensor) -> Tensor:
        return self._network.drive(l, h)

    def phi(self, l: int, a: Tensor) -> Tensor:
        return self._network.phi(l, a)

    def overwriting_phi(self, l: int) -> Callable[[Tensor], Tensor]:
        """phi of layer l, to be used many times, that writes its result over a_l."""
        return self._network.overwriting_phi(l)

    def projects(self, l: int) -> bool:
        """Whether phi(phi(a)) = phi(a) in layer l."""
        return self._network.projects(l)

    def phi_inverse(self, l: int, h: Tensor) -> Tensor:
        return self._network.inverse(l, h)

    def sent(self, h: Tensor) -> Tensor:
        """h of a hidden layer as feedback layers receive it."""
        return h.sign() if self._network.sent == "sign" else h

    def synapses(self, l: int) -> tuple[Tensor, Tensor]:
        """(W_l [..., n_l, n_{l-1}], b_l [..., n_l]): see settling, the only one to use them."""
        layer = self._network.layers[l]
        return layer.W, layer.b

    def recall(self, l: int) -> Tensor | None:
        """h_l as these examples left it, zeros before the first time; None for new examples."""
        if self._which is None:
            return None
        return self._states(l)[self._which]

    def keep(self, l: int, h: Tensor):
        """Leave these examples with this h_l [batch, n_l]; new examples leave nothing."""
        if self._which is not None:
            self._states(l)[self._which] = h

    def _states(self, l: int) -> Tensor:
        if l not in self._kept:
            W = self.W_own[l]
            self._kept[l] = torch.zeros(self._examples, W.shape[-2], dtype=W.dtype)
        return self._kept[l]

    # the way back
    def back(self, l: int, signal: Tensor, weights: Tensor) -> Tensor:
        """[..., batch, n_l] -> [..., batch, n_{l-1}] through weights [..., n_l, n_{l-1}]."""
        return self._network.layers[l].transpose(signal, weights)

    def direct(self, signal: Tensor, weights: Tensor) -> Tensor:
        """[..., batch, n_L] -> [..., batch, n_l] through weights [..., n_L, n_l]."""
        return signal @ weights

    def slope_own(self, l: int, trace: Trace) -> Tensor:
        return self._network.slope(l, trace)

    def slope_path(self, l: int, trace: Trace) -> Tensor:
        return self._network.slope(l, trace)

    # the teacher
    def target(self) -> Tensor:
        return self._target

    def error(self, trace: Trace) -> Tensor:
        """e = d loss / d a_L, [..., batch, n_L]."""
        return self._network.error(trace, self.target())

    def mismatch(self, trace: Trace) -> Tensor:
        """y - t, [..., batch, answers]; the derivative of a squared-error loss by y."""
        return trace.h[self.L] - self.target()

    def reward(self, choice: Tensor) -> Tensor:
        """1 where the chosen unit [..., batch] is the target's, else 0; [..., batch, 1]."""
        return self.target().gather(-1, choice.unsqueeze(-1))

    def loss(self, at: Trace | Tensor) -> Tensor:
        """Loss per example, [..., batch], of a pass or of examples x, passed forward now."""
        trace = self._network.forward(at) if isinstance(at, Tensor) else at
        if self.L not in trace.a:
            raise ValueError(f"this trace has no a_{self.L}: give ch.loss the examples x instead")
        return self._network.loss_at(trace.a[self.L], self.target())

    # local work and chance
    def gradient(self, l: int, delta: Tensor, h: Tensor) -> tuple[Product, Tensor]:
        """(dW_l, db_l) from delta_l [..., batch, n_l] and h_{l-1} [..., batch, n_{l-1}]."""
        return self._network.layers[l].gradient(delta, self._network.received(l, h))

    def rng(self, purpose: str) -> Generator:
        return self._streams[purpose]
