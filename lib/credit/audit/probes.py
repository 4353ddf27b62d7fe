"""The audit: interventions on the channels of a rule, whose outcome is the verdict.

Two of the probes so far: does the teaching signal depend on the forward weights other than through
the activities (WT1), and how many different updates can the teacher cause (TG1). Nothing is read
from a table; a rule is taken as it is and one channel is swapped.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Init, Network, make_network
from credit.nets.streams import streams
from credit.rules.base import Rule, Update, own_parameters

SIZES = (20, 30, 25, 15, 10)
INDEPENDENT, DEPENDS = 1e-9, 0.05  # bounds of s; between them a rule leaks


@dataclass(frozen=True)
class Finding:
    """The outcome of one probe on one rule: the number first, the word computed from it."""

    probe: str
    rule: str
    seed: int
    value: float
    verdict: str


@dataclass
class Bench:
    """A rule on a random float64 network, with examples and common random numbers.

    The nonlinearity is one whose slope a rule cannot rebuild from h.
    """

    rule: Rule
    network: Network
    own: dict
    x: Tensor  # [batch, n_0]
    t: Tensor  # [batch, n_L], one-hot
    seed: int

    def update(self, channels: type[Channels] = Channels, t: Tensor | None = None) -> Update:
        """One update through channels of this kind; the same randomness at every call."""
        ch = channels(self.network, self.own, streams(self.seed))
        return self.rule.step(ch.teach(self.t if t is None else t), self.x)[1].dense()


def set_up(rule: Rule, seed: int = 0, batch: int = 32, sizes: tuple[int, ...] = SIZES) -> Bench:
    """The audit's network, examples and labels for this seed.

    What a rule learns and starts at zero gets random values, as if it had learned something.
    """
    asked = {"nonlinearity": "odd", "weights": Init("normal_fan_in")} | rule.asks(sizes)
    network = make_network(seed=seed, dtype=torch.float64, **asked)
    chance = streams(seed)["noise"]
    own = {
        name: {l: _woken(w, chance) for l, w in tensors.items()}
        for name, tensors in own_parameters(rule, network.sizes, seed, torch.float64).items()
    }
    x = torch.randn(batch, network.sizes[0], generator=chance, dtype=torch.float64)
    label = torch.randint(max(2, network.answers), (batch,), generator=chance)
    return Bench(rule, network, own, x, labels_as_targets(network)[label], seed)


def _woken(w: Tensor, chance: torch.Generator) -> Tensor:
    return w if w.any() else 0.1 * torch.randn(w.shape, generator=chance, dtype=w.dtype)


def labels_as_targets(network: Network) -> Tensor:
    """t of every label, one row each: one-hot or, for Kickback's one answer, -1 and 1."""
    if network.output == "pair" and network.answers == 1:
        return torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    return torch.eye(network.answers, dtype=torch.float64)


class Scrambled(Channels):
    """After the forward pass the way back sees independent Gaussian weights of the same size."""

    def __init__(self, network, own, streams):
        super().__init__(network, own, streams)
        chance = torch.Generator().manual_seed(12345)
        self.W_back = {
            l: self.instead(W, torch.randn(W.shape, generator=chance, dtype=W.dtype) * W.std())
            for l, W in self.W_back.items()
        }

    @staticmethod
    def instead(W: Tensor, other: Tensor) -> Tensor:
        return other


class SignKept(Scrambled):
    """The way back sees the signs of the forward weights with other magnitudes (probe WT2)."""

    @staticmethod
    def instead(W: Tensor, other: Tensor) -> Tensor:
        return W.sign() * other.abs()


def change(before: Update, after: Update, L: int) -> float:
    """s = |dW' - dW| / |dW| over the hidden layers or over what the rule learns on the side,
    whichever is larger; nan for a rule that changes neither."""
    hidden = [(before.W[l], after.W[l]) for l in before.W if l < L]
    aside = [(u, after.own[name][l]) for name, us in before.own.items() for l, u in us.items()]
    relative = [
        (sum(float((v - u).square().sum()) for u, v in pairs) / whole) ** 0.5
        for pairs in (hidden, aside)
        if (whole := sum(float(u.square().sum()) for u, _ in pairs))
    ]
    return max(relative, default=float("nan"))


def word(s: float) -> str:
    """independent, leaks or depends; "no hidden update" where there is nothing to ask."""
    if s != s:
        return "no hidden update"
    return "independent" if s <= INDEPENDENT else "depends" if s >= DEPENDS else "leaks"


def weight_transport(rule: Rule, seed: int = 0, channels: type[Channels] = Scrambled) -> Finding:
    """WT1: does the hidden update change when the way back sees other forward weights?"""
    bench = set_up(rule, seed)
    s = change(bench.update(), bench.update(channels), bench.network.L)
    probe = "WT2" if channels is SignKept else "WT1"
    return Finding(probe, rule.short, seed, s, word(s))


def transport_verdict(rule: Rule, seed: int = 0) -> str:
    """What WT1 and WT2 say together: independent, signs only, leaks or depends."""
    first = weight_transport(rule, seed).verdict
    if first == "depends" and weight_transport(rule, seed, SignKept).verdict == "independent":
        return "signs only"
    return first


def label_count(rule: Rule, seed: int = 0) -> Finding:
    """TG1: how many different updates do the C labels cause for one x? C: the full target is
    used; 2: no more than reward; 1: no teacher."""
    bench = set_up(rule, seed, batch=1)
    different: list[Tensor] = []
    labels = labels_as_targets(bench.network)
    for t in labels.split(1):
        dW = torch.cat([u.flatten() for u in bench.update(t=t).W.values()])
        if not any(torch.equal(dW, seen) for seen in different):
            different.append(dW)
    n = len(different)
    kinds = {1: "no teacher", 2: "reward", len(labels): "full target"}
    return Finding("TG1", rule.short, seed, n, kinds.get(n, "partial target"))
