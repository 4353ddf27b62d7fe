"""Where each phase of a network that settles starts, and how long a network that is asked takes."""

from dataclasses import replace

import pytest
import torch
from helpers import bench

from credit.nets.channels import Channels
from credit.nets.networks import Dense, Network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.almeida_pineda import AlmeidaPineda
from credit.rules.contrastive_hebbian import ContrastiveHebbian
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.generalized_recirculation import GeneralizedRecirculation

SIZES = (6, 5, 4, 3)
FEW = Settling(3, rate=0.5)  # so few that every start shows in the end


def phases(rule, monkeypatch):
    """[(start, end, whether a target was given), ...] of every settling in one forward."""
    seen, settle = [], Relaxation.settle

    def watched(self, start, how, target=None, beta=None):
        before = {l: h.clone() for l, h in start.items()}
        trace = settle(self, start, how, target, beta)
        seen.append((before, trace.h, target is not None))
        return trace

    monkeypatch.setattr(Relaxation, "settle", watched)
    _, ch, x = bench(rule, SIZES)
    rule.forward(ch, x)
    return seen


@pytest.mark.parametrize(
    "rule",
    [
        ContrastiveHebbian(settling=replace(FEW, in_turn=True)),
        ContrastiveHebbian(0.5, settling=FEW),
        GeneralizedRecirculation(settling=FEW),
        EquilibriumPropagation(free=replace(FEW, projected=True), estimate="positive"),
        EquilibriumPropagation(free=replace(FEW, projected=True), estimate="symmetric"),
    ],
    ids=["CHL in turn", "CHL", "GeneRec", "EqProp", "EqProp symmetric"],
)
def test_the_taught_phases_start_where_the_free_one_ended(rule, monkeypatch):
    free, *taught = phases(rule, monkeypatch)
    assert not free[2] and taught and all(given for *_, given in taught)
    for start, *_ in taught:
        for l in range(1, 4):
            assert torch.equal(start[l], free[1][l])
    assert not torch.equal(free[0][1], free[1][1])  # which is not where that one began


@pytest.mark.parametrize("kind", [GeneralizedRecirculation, AlmeidaPineda])
def test_units_that_could_go_either_way_start_at_one_half_when_asked(kind):
    """One hidden and one output unit that excite each other: rests near 0, near 1 and at 1/2."""
    ten, zero = torch.tensor([[20.0]]), torch.zeros(1, 1)
    layers = {1: Dense(zero, torch.tensor([-10.0])), 2: Dense(ten, torch.tensor([-10.0]))}
    ch = Channels(Network(layers, "logistic", "logistic"), {"V": {2: ten.clone()}}, streams(0))
    rule = kind(settling=Settling(200, rate=0.5))
    assert float(rule.answer(ch, torch.zeros(1, 1))) == 0.5
    loop = rule.relaxation(ch, torch.zeros(1, 1))
    ends = [float(loop.settle(loop.at(start), rule.settling).h[2]) for start in (0.0, 1.0)]
    assert ends[0] < 0.01 and ends[1] > 0.99  # and from elsewhere it goes elsewhere


def test_a_network_that_is_only_asked_settles_for_as_long_as_tests_should():
    answers = {}
    for free in (2, 20):
        for tested in (1, 200):
            rule = EquilibriumPropagation(
                free=Settling(free, projected=True), tested=Settling(tested, projected=True)
            )
            _, ch, x = bench(rule, SIZES)
            answers[free, tested] = rule.answer(ch, x)
    assert torch.equal(answers[2, 200], answers[20, 200])
    assert torch.equal(answers[2, 1], answers[20, 1])
    assert not torch.equal(answers[2, 1], answers[2, 200])


def test_recurrent_backprop_is_as_exact_for_small_errors_as_for_large_ones():
    """What settles is linear in e, and so is where it ends, down to the digit."""
    rule, told = AlmeidaPineda(settling=Settling(60, rate=0.5, tolerance=1e-3)), []
    for size in (1.0, 1e-6):
        network, ch, x = bench(rule, SIZES)
        rest = rule.forward(ch, x)
        e = torch.linspace(-1, 1, 21, dtype=torch.float64).view(7, 3)
        ch.teach(rest.h[network.L] - size * e)
        told.append(rule.teach(ch, rest)[1] / size)
    torch.testing.assert_close(told[1], told[0], rtol=1e-6, atol=1e-9)
    assert float(told[0].abs().max()) > 1e-3
