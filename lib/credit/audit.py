"""The audit: interventions on the channels of a rule, whose outcome is the verdict.

Two of the probes so far: does the teaching signal depend on the forward weights other than through
the activities (WT1), and how many different updates can the teacher cause (TG1). Nothing is read
from a table; a rule is taken as it is and one channel is swapped.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from credit.channels import Channels
from credit.networks import Init, Network, make_network
from credit.rule import Rule, Update
from credit.streams import streams

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
    """The audit's network, examples and labels for this seed."""
    weights = Init("normal_fan_in")
    network = make_network(sizes, seed, "odd", weights=weights, dtype=torch.float64)
    own = {
        name: {l: w.double() for l, w in tensors.items()}
        for name, tensors in rule.draw(sizes, streams(seed)).items()
    }
    chance = streams(seed)["noise"]
    x = torch.randn(batch, sizes[0], generator=chance, dtype=torch.float64)
    label = torch.randint(sizes[-1], (batch,), generator=chance)
    return Bench(rule, network, own, x, torch.eye(sizes[-1], dtype=torch.float64)[label], seed)


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
    """s = |dW' - dW| / |dW| over the hidden layers; nan for a rule that leaves them alone."""
    hidden = [l for l in before.W if l < L]
    if not hidden:
        return float("nan")
    square = sum(float((after.W[l] - before.W[l]).square().sum()) for l in hidden)
    return (square / sum(float(before.W[l].square().sum()) for l in hidden)) ** 0.5


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
    for t in torch.eye(bench.t.shape[-1], dtype=torch.float64).split(1):
        dW = torch.cat([u.flatten() for u in bench.update(t=t).W.values()])
        if not any(torch.equal(dW, seen) for seen in different):
            different.append(dW)
    n = len(different)
    kinds = {1: "no teacher", 2: "reward", bench.t.shape[-1]: "full target"}
    return Finding("TG1", rule.short, seed, n, kinds.get(n, "partial target"))
