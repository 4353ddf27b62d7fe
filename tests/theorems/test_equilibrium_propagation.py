"""Equilibrium propagation: the gradient at the fixed point, the STDP reading, what both need."""

import numpy as np
import pytest
import torch
from helpers import assert_same

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.training.diagnostics import angle

REST = Settling(4000, tolerance=1e-15)  # smooth units, to the last digit
SMOOTH = {"free": REST, "nudged": REST}
HARD = {"free": Settling(4000, projected=True, tolerance=1e-15)}
SIZES = (6, 8, 8, 3)


def small(sizes=SIZES, seed=0, hard=False, batch=5, scale=1.0):
    """(network, channels with a teacher set, x in 0..1) in float64; logistic units, or clipped."""
    kinds = ("hard_sigmoid", "hard_sigmoid_squared") if hard else ("logistic", "logistic_squared")
    init = Init("normal_fan_in", scale)
    network = make_network(sizes, seed, *kinds, init, Init("uniform", 0.5), torch.float64)
    chance = torch.Generator().manual_seed(seed)
    x = torch.rand(batch, sizes[0], generator=chance, dtype=torch.float64)
    label = torch.randint(sizes[-1], (batch,), generator=chance)
    ch = Channels(network, {}, streams(seed))
    return network, ch.teach(torch.eye(sizes[-1], dtype=torch.float64)[label]), x


def through_the_fixed_point(network, ch, x, noise=None, steps=400):
    """Independent reference: ({l: dJ/dW}, {l: dJ/db}) of J = |h_L - d|^2 / 2 at the free rest, by
    autograd through a plain loop that has come to rest; the way back is W_l + noise[l]."""
    parameters = network.parameters()
    for p in parameters:
        p.requires_grad_()
    L = network.L
    h = {0: x} | {
        l: torch.full((len(x), n), 0.5, dtype=x.dtype) for l, n in enumerate(network.sizes) if l
    }
    for _ in range(steps):
        new = {0: x}
        for l in range(1, L + 1):
            a = h[l - 1] @ network.layers[l].W.T + network.layers[l].b
            if l < L:
                F = network.layers[l + 1].W
                a = a + h[l + 1] @ (F if noise is None else F + noise[l + 1])
            new[l] = 0.5 * h[l] + 0.5 * torch.sigmoid(a)
        h = new
    J = 0.5 * (h[L] - ch.target()).square().sum(-1).mean()
    gradients = torch.autograd.grad(J, parameters)
    for p in parameters:
        p.requires_grad_(False)
    layers = range(1, L + 1)
    return (dict(zip(layers, g, strict=True)) for g in (gradients[::2], gradients[1::2]))


def flat(tensors):
    return torch.cat([w.flatten() for w in tensors.values()])


def relative_error(update, reference):
    u, v = flat(update), flat(reference)
    return float((u - v).norm() / v.norm())


def estimate(kind, beta, ch, x, **phases):
    rule = EquilibriumPropagation(beta, kind, **SMOOTH | phases, persistent=False)
    return rule.step(ch, x)[1].dense()


# beta -> 0: the gradient of the loss at the free rest

BETAS = (0.03, 0.01, 0.003)


@pytest.mark.parametrize(("kind", "order"), [("positive", 1), ("symmetric", 2)])
@pytest.mark.parametrize("sizes", [(6, 8, 3), SIZES, (5, 6, 6, 6, 2)], ids=str)
def test_the_update_goes_to_the_gradient_at_the_fixed_point(kind, order, sizes):
    network, ch, x = small(sizes)
    dW, db = through_the_fixed_point(network, ch, x)
    errors = []
    for beta in BETAS:
        update = estimate(kind, beta, ch, x)
        errors.append(relative_error(update.W | {-l: b for l, b in update.b.items()},
                                     dW | {-l: b for l, b in db.items()}))  # fmt: skip
    slope = np.polyfit(np.log(BETAS), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.2)
    assert errors[1] < (2e-3 if kind == "symmetric" else 3e-2)


def test_the_random_sign_is_the_positive_or_the_negative_estimate():
    _, ch, x = small()
    plus = estimate("positive", 0.1, ch, x).W
    both = estimate("symmetric", 0.1, ch, x).W
    minus = {l: 2 * both[l] - plus[l] for l in plus}
    seen = set()
    for _ in range(12):
        drawn = estimate("random", 0.1, ch, x).W
        seen.add("plus" if torch.equal(drawn[1], plus[1]) else "minus")
        assert_same(drawn, plus if torch.equal(drawn[1], plus[1]) else minus, atol=1e-10)
    assert seen == {"plus", "minus"}


class Noisy(Channels):
    """The way back is the weights and noise of the size `noise`, relative to theirs."""

    def __init__(self, network, noise):
        super().__init__(network, {}, streams(0))
        chance = torch.Generator().manual_seed(7)
        self.added = {
            l: noise * W.std() * torch.randn(W.shape, generator=chance, dtype=W.dtype)
            for l, W in self.W_back.items()
        }
        self.W_back = {l: W + self.added[l] for l, W in self.W_back.items()}


def test_with_another_way_back_it_does_not():
    """Guards the tests above; the more the two ways differ, the further off the update is."""
    network, ch, x = small()
    off = []
    for noise in (0.0, 0.1, 0.3, 1.0):
        noisy = Noisy(network, noise)
        dW, _ = through_the_fixed_point(network, ch, x, noisy.added)
        update = estimate("symmetric", 0.003, noisy.teach(ch.target()), x)
        off.append(relative_error(update.W, dW))
    assert off == sorted(off)
    assert off[0] < 2e-4
    assert off[1] > 0.01
    assert off[3] > 0.1


def test_a_free_phase_that_is_cut_short_spoils_the_one_sided_estimate_alone():
    """What still moves is in one state and not in the other; between +beta and -beta it cancels."""
    network, ch, x = small()
    dW, _ = through_the_fixed_point(network, ch, x)
    short = {"free": Settling(6), "nudged": Settling(60)}
    one, two = (
        relative_error(estimate(kind, 0.01, ch, x, **short).W, dW)
        for kind in ("positive", "symmetric")
    )
    assert one > 1
    assert two < 1e-2
    assert relative_error(estimate("positive", 0.01, ch, x).W, dW) < 0.03


def test_a_positive_sign_then_pushes_in_one_direction_and_a_random_one_in_both():
    """The part that does not come from the nudge changes its sign with beta: it averages out."""
    _, ch, x = small()
    short = {"free": Settling(4), "nudged": Settling(4)}
    plus = estimate("positive", 0.01, ch, x, **short).W
    both = estimate("symmetric", 0.01, ch, x, **short).W
    minus = {l: 2 * both[l] - plus[l] for l in plus}
    assert float(angle(flat(plus), flat(minus))) > 150
    assert float(flat(plus).norm()) > 3 * float(flat(both).norm())
    settled = estimate("positive", 0.01, ch, x), estimate("symmetric", 0.01, ch, x)
    assert float(angle(flat(settled[0].W), flat(settled[1].W))) < 3  # guards both


# clipped units: energy, and when which layer moves


def energy(network, h):
    """E of Scellier & Bengio per example; inside 0..1 their rho(s) is s."""
    E = 0.5 * sum(h[l].square().sum(-1) for l in range(1, network.L + 1))
    for l, layer in network.layers.items():
        E = E - ((h[l - 1] @ layer.W.T + layer.b) * h[l]).sum(-1)
    return E


def loop(ch, x):
    return Relaxation(ch, x, {l: ch.W_back[l] for l in range(2, ch.L + 1)})


def path(loop, start, steps, rate=0.5, **nudge):
    """The states step by step."""
    states = [start]
    for _ in range(steps):
        states.append(loop.settle(states[-1], Settling(1, rate, projected=True), **nudge).h)
    return states


def rising(network, ch, x, rate, start=0.0, steps=60):
    """The share of steps, after the fifth, in which an example's energy rises."""
    net = loop(ch, x)
    E = torch.stack([energy(network, h) for h in path(net, net.at(start), steps, rate)])
    return float((E.diff(dim=0)[5:] > 1e-12).double().mean())


@pytest.mark.parametrize("seed", range(4))
def test_settling_goes_down_the_energy(seed):
    network, ch, x = small((20, 30, 30, 10), seed, hard=True)
    assert rising(network, ch, x, rate=0.05) == 0
    assert rising(network, ch, x, rate=0.5) < 0.05


def test_with_another_way_back_there_is_no_such_energy():
    """Guards the test above."""
    network, _, x = small((20, 30, 30, 10), hard=True)
    noisy = Noisy(network, 2.0)
    assert rising(network, noisy, x, rate=0.05) > 0.05


def test_the_nudge_goes_up_one_layer_with_every_step():
    _, ch, x = small((9, 12, 12, 12, 4), hard=True)
    rest = loop(ch, x).settle(loop(ch, x).at(0.5), HARD["free"]).h
    states = path(loop(ch, x), rest, 4, target=ch.target(), beta=0.5)
    for k, h in enumerate(states):
        moved = [l for l in range(1, 5) if float((h[l] - rest[l]).abs().max()) > 1e-9]
        assert moved == list(range(5 - k, 5))


def first_move(beta, scale):
    """(cosine, size) of the first displacement of layer L-1 against backprop's (d - h_L) W_L."""
    network, ch, x = small((9, 12, 12, 4), hard=True, scale=scale)
    for layer in network.layers.values():
        layer.b.fill_(0.5)  # all units in the middle of their range
    net = loop(ch, x)
    rest = net.settle(net.at(0.5), HARD["free"]).h
    second = path(net, rest, 2, target=ch.target(), beta=beta)[2]
    W = network.layers[3].W
    moved, wanted = second[2] - rest[2], (ch.target() - rest[3]) @ W
    cosine = torch.cosine_similarity(moved, wanted, dim=-1)
    return float(cosine.min()), float(moved.norm() / wanted.norm())


def test_the_first_move_of_the_layer_below_is_the_error_that_backprop_sends():
    cosine, size = first_move(beta=0.1, scale=0.1)
    assert cosine > 0.999999
    assert size == pytest.approx(0.1 * 0.5**2)  # beta and one step of each of the two layers


def test_unless_units_are_clipped():
    """Guards the test above."""
    assert first_move(beta=1.0, scale=1.0)[0] < 0.98


def test_a_clipped_unit_can_come_back():
    """The slope at 0 and 1 counts as one: a unit that was driven below zero and is now driven
    above it moves at once."""
    network, ch, x = small((5, 4, 2), hard=True)
    net = loop(ch, x)
    h = net.at(0.0)
    for sign in (-9.0, 9.0):
        network.layers[1].b.fill_(sign)
        net = loop(ch, x)
        h = net.settle(h, Settling(30, projected=True)).h
        assert bool((h[1] == (sign > 0)).all())


@pytest.mark.parametrize(("drive", "learns"), [(-0.5, True), (-1.5, False)])
def test_an_output_below_its_range_learns_where_the_nudge_reaches_it(drive, learns):
    """Backprop learns in neither case: a clipped output has no slope. The nudge lifts an output out
    unless its drive lies further below zero than beta (d - h) reaches; then it is dead, too."""
    network, ch, x = small((5, 4, 2), hard=True)
    network.layers[2].W.zero_()
    network.layers[2].b.fill_(drive)
    rule = EquilibriumPropagation(1.0, "positive", Settling(60, projected=True), persistent=False)
    trace, update = rule.step(ch, x)
    assert bool((trace.h[2] == 0).all())
    assert (float(update.b[2].abs().min()) > 0) == learns
    assert float(Backprop().step(ch, x)[1].b[2].abs().max()) == 0


# the STDP reading


def test_the_sum_of_pre_times_rate_of_change_of_post_is_the_contrast_of_the_two_ends():
    """With the activity in the middle of each step, and both directions of a tied synapse."""
    _, ch, x = small((9, 12, 12, 4), hard=True)
    rule = EquilibriumPropagation(0.5, "positive", Settling(9, projected=True),
                                  Settling(7, projected=True), persistent=False)  # fmt: skip
    trace, update = rule.step(ch, x)
    states = path(loop(ch, x), trace.h, 7, target=ch.target(), beta=0.5)
    totals = {"middle": {}, "beginning": {}}
    for l in range(1, 4):
        for when, total in totals.items():
            total[l] = 0.0
            for now, then in zip(states[1:], states[:-1], strict=True):
                pre, post = (
                    (now[k] + then[k]) / 2 if when == "middle" else then[k] for k in (l - 1, l)
                )
                rate = (now[l] - then[l]).T @ pre + post.T @ (now[l - 1] - then[l - 1])
                total[l] = total[l] - rate / (0.5 * len(x))
    assert_same(totals["middle"], update.dense().W)
    # guards it: with the activity at the beginning of each step the sum is another
    assert max(relative_error({0: totals["beginning"][l]}, {0: update.dense().W[l]})
               for l in (2, 3)) > 1e-3  # fmt: skip


# the rule


def test_the_states_of_examples_persist():
    network, ch, x = small(hard=True)
    rule = EquilibriumPropagation(free=Settling(3, projected=True))
    held = Channels(network, {}, streams(0), examples=9)
    which = torch.tensor([7, 2, 0, 8, 4])
    first = rule.forward(held.teach(ch.target(), which), x).h
    second = rule.forward(held.teach(ch.target(), which), x).h
    net = loop(ch, x)
    six = net.settle(net.at(0.0), Settling(6, projected=True)).h
    three = net.settle(net.at(0.0), Settling(3, projected=True)).h
    assert_same(first, three)
    assert_same(second, six)
    assert float((six[1] - three[1]).abs().max()) > 1e-6
    forgetful = EquilibriumPropagation(free=Settling(3, projected=True), persistent=False)
    assert_same(forgetful.forward(held.teach(ch.target(), which), x).h, three)  # guards it


def test_an_answer_has_not_seen_the_nudge():
    network, ch, x = small(hard=True)
    rule, others = EquilibriumPropagation(), Channels(network, {}, streams(0))
    assert torch.equal(rule.answer(ch, x), rule.answer(others, x))  # no teacher at all


def test_an_ensemble_is_its_members():
    seeds, sizes = (0, 1, 2), (6, 7, 5, 3)
    kinds = ("hard_sigmoid", "hard_sigmoid_squared", Init("normal_fan_in"), Init("uniform", 0.5))
    x, t = torch.rand(4, 6, dtype=torch.float64), torch.eye(3, dtype=torch.float64)[[0, 2, 1, 1]]
    rule = EquilibriumPropagation(estimate="symmetric", persistent=False)
    together, *alone = (
        rule.step(Channels(make_network(sizes, s, *kinds, torch.float64), {}, streams(0)).teach(t),
                  x)[1].dense() for s in (seeds, *seeds)
    )  # fmt: skip
    for l, dW in together.W.items():
        each = torch.stack([u.W[l] for u in alone])
        torch.testing.assert_close(dW, each, rtol=1e-6, atol=1e-6)  # weights drawn in float32


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="beta is 0, expected a positive number"):
        EquilibriumPropagation(beta=0)
    with pytest.raises(ValueError, match="estimate is 'third', expected one of random, positive"):
        EquilibriumPropagation(estimate="third")
