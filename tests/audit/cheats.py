"""Rules that use the forward weights and hope that nobody sees, one for every door."""

from dataclasses import dataclass

import torch

from credit.nets.networks import Init, Trace
from credit.rules.backprop import Backprop
from credit.rules.base import Update, draw_feedback, layer_by_layer
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.kolen_pollack import KolenPollack


def read_out(ch, l):
    """W_l [n_l, n_{l-1}], by asking what layer l makes of one unit after the other."""
    units = ch.W_own[l].shape[-1]
    basis = torch.eye(units, dtype=ch.W_own[l].dtype)
    return (ch.drive(l, basis) - ch.drive(l, torch.zeros_like(basis))).mT


class Taught(Backprop):
    """Backprop, with weights from somewhere else than W_back."""

    def weights(self, ch, trace):
        raise NotImplementedError

    def teach(self, ch, trace):
        return layer_by_layer(ch, trace, self.weights(ch, trace))


class ByOwnWeights(Taught):
    def weights(self, ch, trace):
        return ch.W_own


class BySynapses(Taught):
    def weights(self, ch, trace):
        return {l: ch.synapses(l)[0] for l in range(2, ch.L + 1)}


class ByPrivateNetwork(Taught):
    def weights(self, ch, trace):
        return {l: layer.W for l, layer in ch._network.layers.items()}


class ByReadingOut(Taught):
    def weights(self, ch, trace):
        return {l: read_out(ch, l) for l in range(2, ch.L + 1)}


class ByBack(Taught):
    """The weights as what `back` makes of one unit's signal after the other."""

    def weights(self, ch, trace):
        return {
            l: ch.back(l, torch.eye(W.shape[-2], dtype=W.dtype), W) for l, W in ch.W_back.items()
        }


class ByDirect(Backprop):
    """Products of the weights as the matrices of direct feedback."""

    def teach(self, ch, trace):
        tau, F = {ch.L: ch.error(trace)}, None
        for l in range(ch.L - 1, 0, -1):
            F = ch.W_own[l + 1] if F is None else F @ ch.W_own[l + 1]
            tau[l] = ch.direct(tau[ch.L], F)
        return tau


class Smuggled(Taught):
    """Taken along from the forward pass, as an attribute of the trace."""

    def forward(self, ch, x):
        trace = super().forward(ch, x)
        trace.luggage = {l: read_out(ch, l) for l in range(2, ch.L + 1)}
        return trace

    def weights(self, ch, trace):
        return trace.luggage


class SmuggledAsPhases(Taught):
    """Taken along as if each row of the weights were a state that the network had visited."""

    def forward(self, ch, x):
        trace = super().forward(ch, x)
        for l in range(2, ch.L + 1):
            for i, row in enumerate(read_out(ch, l)):
                trace.phases[f"{l} {i}"] = Trace(h={l - 1: row.expand(len(x), -1)}, a={})
        return trace

    def weights(self, ch, trace):
        return {
            l: torch.stack([
                trace.phases[f"{l} {i}"].h[l - 1][0] for i in range(ch.W_own[l].shape[-2])
            ])
            for l in range(2, ch.L + 1)
        }  # fmt: skip


class InUpdate(FeedbackAlignment):
    """Teaches honestly, and does something else in its place when it comes to the update."""

    def update(self, ch, trace, teaching):
        return self.local(ch, trace, layer_by_layer(ch, trace, ch.W_own))


class InStep(FeedbackAlignment):
    """Has the three stages of an honest rule and does not walk through them."""

    def step(self, ch, x):
        trace = self.forward(ch, x)
        return trace, self.update(ch, trace, layer_by_layer(ch, trace, ch.W_own))


class InPlace(Backprop):
    """Asks for no hidden update, and writes it into the weights itself."""

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching).dense()
        for l in range(1, ch.L):
            ch.W_own[l].sub_(update.W.pop(l))
        return update


class Kept(Taught):
    """Left with the examples, and used when they come again."""

    def weights(self, ch, trace):
        before = {l: ch.recall(l) for l in range(2, ch.L + 1)}
        for l in before:
            ch.keep(l, ch.W_own[l])
        return {
            l: B if B.shape == ch.W_own[l].shape else ch.W_own[l] * 0 for l, B in before.items()
        }


class Hoarded(FeedbackAlignment):
    """Left with the examples for another day: within a trial nothing comes of it."""

    def update(self, ch, trace, teaching):
        for l in range(2, ch.L + 1):
            ch.keep(l, ch.W_own[l])
        return super().update(ch, trace, teaching)


class CopiedInPlace(FeedbackAlignment):
    """Its feedback is that of the batch before."""

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        for l, B in ch.own["B"].items():
            B.copy_(ch.W_own[l])
        return update


class CopiedByDescent(FeedbackAlignment):
    """Learns its feedback from the weights directly, a little with every batch."""

    learned = ("B",)

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.own["B"] = {l: B - ch.W_back[l] for l, B in ch.own["B"].items()}
        return update


class CopiedInPreparation(FeedbackAlignment):
    """Learns its feedback from the weights directly, before every epoch."""

    learned, prepares = ("B",), 1

    def prepare(self, ch, x):
        return Update(own={"B": {l: B - ch.synapses(l)[0] for l, B in ch.own["B"].items()}})


class BornAlike(KolenPollack):
    """Draws the numbers that the weights were drawn from, and Kolen-Pollack keeps them together."""

    def draw(self, sizes, streams):
        first = torch.Generator().set_state(streams["weights"].get_state())
        Init("normal_fan_in").draw((sizes[1], sizes[0]), first)
        return {"B": draw_feedback(Init("normal_fan_in"), sizes, {"feedback": first})}


class DrawnAgain(Taught):
    """Draws the numbers that the weights were drawn from at every step."""

    def weights(self, ch, trace):
        again, init = ch.rng("weights").clone_state(), Init("normal_fan_in")
        return {l: init.draw(W.shape, again, dtype=W.dtype) for l, W in ch.W_own.items()}


CHEATS = [
    ByOwnWeights, BySynapses, ByPrivateNetwork, ByReadingOut, ByBack, ByDirect, Smuggled,
    SmuggledAsPhases, InUpdate, InStep, InPlace, Kept, Hoarded, CopiedInPlace, CopiedByDescent,
    CopiedInPreparation, BornAlike, DrawnAgain,
]  # fmt: skip


# And rules that look like them and are honest.


@dataclass(frozen=True)
class Penalised(FeedbackAlignment):
    """A synapse that decays by its own weight reads that weight, and nobody else's."""

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching).dense()
        update.W = {l: dW + 0.1 * ch.W_own[l] for l, dW in update.W.items()}
        return update


@dataclass(frozen=True)
class DecaysInPlace(FeedbackAlignment):
    """The same decay, written into the weights."""

    def update(self, ch, trace, teaching):
        for W in ch.W_own.values():
            W.mul_(0.999)
        return super().update(ch, trace, teaching)


@dataclass(frozen=True)
class WithMomentum(KolenPollack):
    """Kolen-Pollack whose increments have a momentum, kept from batch to batch."""

    state = ("m",)

    def draw(self, sizes, streams):
        B = super().draw(sizes, streams)["B"]
        return {"B": B, "m": {l: torch.zeros_like(b) for l, b in B.items()}}

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching).dense()
        for l, m in ch.own["m"].items():
            m.mul_(0.9).add_(update.W[l])
            update.W[l] = update.own["B"][l] = m.clone()
        return update


@dataclass(frozen=True)
class PerfectMirror(FeedbackAlignment):
    """A weight mirror whose noise is one unit after the other: exact, and a mirror."""

    learned = ("B",)

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.own["B"] = {l: B - read_out(ch, l) for l, B in ch.own["B"].items()}
        return update


@dataclass(frozen=True)
class NodePerturbation(Backprop):
    """All units shake, and hear by how much the loss has changed: one number per example."""

    sigma: float = 0.1

    def forward(self, ch, x):
        trace, shaken = super().forward(ch, x), Trace(h={0: x}, a={})
        noise = trace.phases["noise"] = Trace(h={}, a={})
        for l in range(1, ch.L + 1):
            a, chance = ch.drive(l, shaken.h[l - 1]), ch.rng("noise")
            noise.a[l] = self.sigma * torch.randn(a.shape, generator=chance, dtype=a.dtype)
            shaken.h[l] = ch.phi(l, a + noise.a[l])
        trace.phases["shaken"] = shaken
        return trace

    def teach(self, ch, trace):
        before, after = (ch.mismatch(t).square() for t in (trace, trace.phases["shaken"]))
        reward = (after - before).sum(-1, keepdim=True) / self.sigma**2
        return {l: reward * xi for l, xi in trace.phases["noise"].a.items()}

    def delta(self, ch, trace, teaching):
        return teaching


class RewardOnly(Backprop):
    """Sees no more of the teacher than whether the largest output is right."""

    def teach(self, ch, trace):
        choice = trace.h[ch.L].argmax(-1)
        return {ch.L: (ch.reward(choice) - 0.5) * trace.h[ch.L]}


class Unsupervised(Backprop):
    def teach(self, ch, trace):
        return {ch.L: trace.h[ch.L]}


class HalfOfTheOutputs(Backprop):
    """Hears of the first five outputs only."""

    def teach(self, ch, trace):
        e = ch.error(trace) * (torch.arange(10) < 5)
        return layer_by_layer(ch, trace, ch.W_back, top=e)


class NotANumber(Backprop):
    def teach(self, ch, trace):
        return {l: tau * float("nan") for l, tau in super().teach(ch, trace).items()}
