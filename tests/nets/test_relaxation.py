"""Settling: where networks come to rest, when they stop, and what two states teach."""

import math
from dataclasses import dataclass

import pytest
import torch

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.phases import Contrastive

SIZES = (6, 7, 5, 4)
LONG = Settling(2000, rate=0.5, tolerance=1e-14)


def set_up(sizes=SIZES, seed=0, nonlinearity="tanh", output="linear", batch=9, dtype=torch.float64,
           scale=0.7):  # fmt: skip
    """(network, channels with a target set, x); a sequence of seeds gives an ensemble."""
    weights, biases = Init("normal_fan_in", scale), Init("normal", 0.2)
    network = make_network(sizes, seed, nonlinearity, output, weights, biases, dtype)
    chance = torch.Generator().manual_seed(7)
    x = torch.rand(batch, sizes[0], generator=chance, dtype=dtype)
    t = torch.eye(sizes[-1], dtype=dtype)[torch.randint(sizes[-1], (batch,), generator=chance)]
    return network, Channels(network, {}, streams(0)).teach(t), x


def relaxation(ch, x, gain=0.5, feedback=None):
    return Relaxation(ch, x, feedback or {l: ch.W_back[l] for l in range(2, ch.L + 1)}, gain)


def restless(network, h, x, gain=0.5, beta=0.0, target=None):
    """max |h_l - phi(a_l)| per layer, written out without the library's settling."""
    off = {}
    for l, layer in network.layers.items():
        a = (x if l == 1 else h[l - 1]) @ layer.W.mT + layer.b.unsqueeze(-2)
        if l < network.L:
            a = a + gain * h[l + 1] @ network.layers[l + 1].W
        elif beta:
            a = a + beta * (target - h[l])
        off[l] = float((h[l] - network.phi(l, a)).abs().max())
    return off


def apart(h, g):
    """The largest difference of two sets of states."""
    return max(float((h[l] - g[l]).abs().max()) for l in h)


CLIPPED = {"nonlinearity": "hard_sigmoid", "output": "hard_sigmoid_squared"}
FORMS = pytest.mark.parametrize("projected", [False, True])
ORDERS = pytest.mark.parametrize("in_turn", [False, True])


# where it comes to rest


@ORDERS
@pytest.mark.parametrize(
    ("projected", "nonlinearity", "output"),
    [
        (False, "tanh", "linear"),
        (False, "logistic", "logistic"),
        (False, "hard_sigmoid", "hard_sigmoid_squared"),
        (True, "hard_sigmoid", "hard_sigmoid_squared"),
        (True, "linear", "linear"),
    ],
)
@pytest.mark.parametrize("beta", [0.0, 0.5, -0.3])
def test_at_rest_every_unit_is_what_its_drive_makes_it(
    projected, in_turn, nonlinearity, output, beta
):
    scale = 0.4 if nonlinearity == "linear" else 0.7
    network, ch, x = set_up(nonlinearity=nonlinearity, output=output, scale=scale)
    how = Settling(2000, 0.5, 1e-14, in_turn, projected)
    loop = relaxation(ch, x)
    t = ch.target() if beta else None
    trace = loop.settle(loop.forward(), how, t, beta if beta else None)
    assert trace.steps < 2000
    assert max(restless(network, trace.h, x, 0.5, beta, ch.target()).values()) < 1e-12


def test_a_pass_forward_is_not_rest():
    """Guards the test above."""
    network, ch, x = set_up()
    off = restless(network, relaxation(ch, x).forward(), x)
    assert off[3] < 1e-12 < 1e-2 < off[1]


def test_the_projected_form_is_refused_where_it_would_rest_elsewhere():
    """Where phi(phi(a)) = phi(a) does not hold; the outputs' units count unless they are held."""
    how = Settling(5, 0.5, projected=True)
    for units in ({"nonlinearity": "tanh"}, {"output": "logistic"}, {"nonlinearity": "leaky_relu"}):
        _, ch, x = set_up(**CLIPPED | units)
        loop = relaxation(ch, x)
        with pytest.raises(ValueError, match=r"projected form .* needs units with phi\(phi\(a"):
            loop.settle(loop.forward(), how)
    _, ch, x = set_up(**CLIPPED | {"output": "logistic"})
    loop = relaxation(ch, x)
    assert loop.settle(loop.forward(), how, ch.target()).steps == 5
    assert torch.equal(loop.settle(loop.forward(), how, ch.target()).h[3], ch.target())


@pytest.mark.parametrize("clamp", [False, True])
def test_order_form_rate_and_start_make_no_difference_to_the_rest(clamp):
    _, ch, x = set_up(**CLIPPED)
    loop, t = relaxation(ch, x), ch.target() if clamp else None
    ways = [Settling(3000, rate, 1e-14, in_turn, projected)
            for rate in (0.3, 0.7) for in_turn in (False, True)
            for projected in (False, True)]  # fmt: skip
    rests = [
        loop.settle(start, how, t).h for start in (loop.forward(), loop.at(0.5)) for how in ways
    ]
    assert max(apart(h, rests[0]) for h in rests[1:]) < 1e-11


def test_another_gain_makes_a_difference():
    """Guards the test above."""
    _, ch, x = set_up()
    rests = [relaxation(ch, x, g).settle(relaxation(ch, x).forward(), LONG).h for g in (0.5, 0.4)]
    assert apart(*rests) > 1e-3


@FORMS
def test_on_the_way_the_two_forms_differ(projected):
    """h + r (phi(a) - h) against phi(h + r (a - h)), one step written out."""
    network, ch, x = set_up(**CLIPPED, scale=2.0)
    loop, r = relaxation(ch, x), 0.3
    h = loop.at(0.4)
    got = loop.settle(h, Settling(1, r, projected=projected)).h
    a = loop.drives(h)
    for l in range(1, 4):
        if projected:
            want = network.phi(l, (1 - r) * h[l] + r * a[l])
        else:
            want = (1 - r) * h[l] + r * network.phi(l, a[l])
        torch.testing.assert_close(got[l], want, rtol=0, atol=1e-14)
    other = loop.settle(h, Settling(1, r, projected=not projected)).h
    assert apart(got, other) > 1e-3


def test_in_turn_a_layer_hears_the_newest_states_below():
    network, ch, x = set_up()
    loop = relaxation(ch, x)
    h = loop.at(0.4)
    got = loop.settle(h, Settling(1, rate=1.0, in_turn=True)).h
    want = dict(h)
    for l in (1, 2, 3):
        want[l] = network.phi(l, loop.drives(want)[l])
    assert apart(got, want) < 1e-14
    together = loop.settle(h, Settling(1, rate=1.0)).h
    assert apart(together, {0: x} | {l: network.phi(l, loop.drives(h)[l]) for l in (1, 2, 3)}) == 0
    assert apart(got, together) > 1e-3


def test_without_feedback_one_sweep_in_turn_is_a_pass_forward():
    _, ch, x = set_up()
    loop = relaxation(ch, x, gain=0.0)
    trace = loop.settle(loop.at(0.0), Settling(1, rate=1.0, in_turn=True))
    assert apart(trace.h, loop.forward()) < 1e-14
    assert apart(relaxation(ch, x).settle(loop.at(0.0), Settling(1, 1.0, in_turn=True)).h,
                 loop.forward()) < 1e-14  # from zeros feedback has nothing to send yet # fmt: skip
    assert apart(loop.settle(loop.at(0.0), Settling(1, rate=1.0)).h, loop.forward()) > 1e-3


def test_the_drives_are_the_products_written_out():
    network, ch, x = set_up()
    B = {l: torch.randn_like(ch.W_back[l]) for l in (2, 3)}
    loop = relaxation(ch, x, 0.3, B)
    h = loop.at(0.2)
    a = loop.drives(h)
    layers = network.layers
    want = {
        1: x @ layers[1].W.mT + layers[1].b + 0.3 * h[2] @ B[2],
        2: h[1] @ layers[2].W.mT + layers[2].b + 0.3 * h[3] @ B[3],
        3: h[2] @ layers[3].W.mT + layers[3].b,
    }
    for l, value in want.items():
        torch.testing.assert_close(a[l], value, rtol=0, atol=1e-14)
    assert apart(loop.drives(h), a) == 0  # asking changes nothing


@pytest.mark.parametrize("units", ["tanh", "logistic", "relu", "leaky_relu", "hard_sigmoid", "odd"])
def test_units_written_over_their_drive_are_those_that_are_not(units):
    network, _, x = set_up(nonlinearity=units, output="hard_sigmoid_squared")
    for l in (1, 3):
        a = torch.linspace(-2, 2, 24, dtype=x.dtype).view(2, 12)
        want, there = network.phi(l, a), a.data_ptr()
        assert float((want - a).abs().max()) > 0.1
        network.overwriting_phi(l)(a)
        assert torch.equal(a, want) and a.data_ptr() == there


# clamp and nudge


@FORMS
@ORDERS
def test_a_clamped_output_stays_at_the_target(projected, in_turn):
    network, ch, x = set_up(**CLIPPED)
    loop = relaxation(ch, x)
    how = Settling(500, 0.5, 1e-14, in_turn, projected)
    trace = loop.settle(loop.forward(), how, ch.target())
    assert torch.equal(trace.h[3], ch.target())
    off = restless(network, trace.h, x)
    assert max(off[1], off[2]) < 1e-12 < 0.1 < off[3]


def test_a_nudge_moves_the_output_a_share_of_the_way():
    """With a linear output and no feedback y = (a + beta t) / (1 + beta), so it tends to t."""
    _, ch, x = set_up()
    loop, t = relaxation(ch, x, gain=0.0), ch.target()
    a = loop.forward()[3]
    for beta in (-0.2, 0.1, 1.0):
        how = Settling(3000, rate=0.3, tolerance=1e-15)
        y = loop.settle(loop.forward(), how, t, beta).h[3]
        torch.testing.assert_close(y, (a + beta * t) / (1 + beta), rtol=0, atol=1e-12)
    stiff = loop.settle(loop.forward(), Settling(5000, 1e-3, 1e-9), t, 500.0).h[3]
    assert float((stiff - t).abs().max()) < 0.01


def test_a_nudge_of_nothing_is_the_free_phase():
    _, ch, x = set_up()
    loop = relaxation(ch, x)
    how = Settling(30)
    free = loop.settle(loop.forward(), how).h
    assert apart(loop.settle(loop.forward(), how, ch.target(), 0.0).h, free) == 0
    assert apart(loop.settle(loop.forward(), how, ch.target(), 0.5).h, free) > 1e-3


# when it stops


@pytest.mark.parametrize("check", [1, 4, 25])
def test_it_stops_at_the_first_look_that_finds_no_unit_moving_further(check):
    _, ch, x = set_up()
    loop, tolerance = relaxation(ch, x), 1e-6
    trace = loop.settle(loop.forward(), Settling(500, 0.5, tolerance, check=check))
    h, step = loop.forward(), 0
    while True:  # the same, one step at a time
        before, h, step = h, loop.settle(h, Settling(1, 0.5)).h, step + 1
        if step % check == 0 and apart(h, before) <= tolerance:
            break
    assert trace.steps == step < 500
    assert apart(trace.h, h) == 0


def test_without_a_tolerance_it_takes_all_its_steps():
    _, ch, x = set_up()
    loop = relaxation(ch, x)
    for steps in (1, 2, 333):
        assert loop.settle(loop.forward(), Settling(steps)).steps == steps
    assert loop.settle(loop.forward(), Settling(7, tolerance=1e-9)).steps == 7  # not there yet


def test_the_finer_the_tolerance_the_longer_and_the_nearer_to_the_rest():
    _, ch, x = set_up()
    loop = relaxation(ch, x)
    rest = loop.settle(loop.forward(), LONG).h
    runs = {tol: loop.settle(loop.forward(), Settling(500, 0.5, tol)) for tol in (1e-2, 1e-4, 1e-6)}
    steps = [trace.steps for trace in runs.values()]
    off = {tol: apart(trace.h, rest) for tol, trace in runs.items()}
    assert steps == sorted(set(steps))
    # what is left is about a step over 1 - contraction: more than the tolerance, not much more
    assert all(0.1 * tol < left < 30 * tol for tol, left in off.items())


def test_two_short_ways_are_one_long_way():
    _, ch, x = set_up()
    loop = relaxation(ch, x)
    halfway = loop.settle(loop.forward(), Settling(11)).h
    assert apart(loop.settle(halfway, Settling(6)).h,
                 loop.settle(loop.forward(), Settling(17)).h) == 0  # fmt: skip


@FORMS
@ORDERS
@pytest.mark.parametrize("rate", [0.4, 1.0])
def test_the_states_it_starts_from_are_left_as_they_are(projected, in_turn, rate):
    """And those of one phase by the next."""
    _, ch, x = set_up(**CLIPPED)
    loop = relaxation(ch, x)
    start = loop.forward()
    kept = {l: h.clone() for l, h in start.items()}
    how = Settling(5, rate, in_turn=in_turn, projected=projected)
    first = loop.settle(start, how)
    held = {l: h.clone() for l, h in first.h.items()}
    target = ch.target().clone()
    loop.settle(first.h, how, ch.target())
    loop.settle(first.h, how, ch.target(), 0.5)
    assert apart(start, kept) == apart(first.h, held) == 0
    assert torch.equal(ch.target(), target)


# energy


@pytest.mark.parametrize("nonlinearity", ["linear", "tanh"])
def test_with_symmetric_feedback_an_energy_falls_until_the_rest(nonlinearity):
    """E = sum 1.F(h_l) - h_l . (W_l h_{l-1} + b_l), at gain one, F' = phi^-1."""
    network, ch, x = set_up(nonlinearity=nonlinearity, scale=0.4)

    def energy(h):
        total = 0.0
        for l, layer in network.layers.items():
            F = h[l].square() / 2
            if nonlinearity == "tanh" and l < network.L:
                F = h[l] * torch.atanh(h[l]) + torch.log1p(-h[l].square()) / 2
            total = total + (F - h[l] * (h[l - 1] @ layer.W.mT + layer.b)).sum(-1)
        return total

    def rises(feedback):
        loop = relaxation(ch, x, 1.0, feedback)
        h, seen = loop.at(0.3), []
        for _ in range(60):
            seen.append(energy(h))
            h = loop.settle(h, Settling(1, 0.3)).h
        return torch.stack(seen).diff(dim=0)

    fall = rises(None)
    assert float(fall.max()) < 1e-12
    assert float(fall.min()) < -1e-2
    other = {l: -2 * ch.W_back[l] for l in (2, 3)}  # guards: with other feedback it rises
    assert float(rises(other).max()) > 1e-3


# many at once


@pytest.mark.parametrize("each_its_own", [False, True])
@pytest.mark.parametrize("phase", ["free", "clamped", "nudged"])
def test_an_ensemble_settles_as_its_members_do(each_its_own, phase):
    seeds = (0, 1, 2)
    _, ch, x = set_up(seed=seeds)
    t = ch.target()
    x, t = (torch.stack([v, v.flip(0), 1 - v]) if each_its_own else v for v in (x, t))
    loop = relaxation(ch, x)
    given = {"free": (), "clamped": (t,), "nudged": (t, 0.5)}[phase]
    together = loop.settle(loop.forward(), Settling(20), *given)
    assert together.h[3].shape == (3, 9, 4)
    for i, seed in enumerate(seeds):
        one = relaxation(set_up(seed=seed)[1], x[i] if each_its_own else x)
        here = tuple(v[i] if each_its_own and v is t else v for v in given)
        alone = one.settle(one.forward(), Settling(20), *here)
        for l in (1, 2, 3):
            torch.testing.assert_close(together.h[l][i], alone.h[l], rtol=0, atol=1e-13)
    assert apart({1: together.h[1][0]}, {1: together.h[1][1]}) > 1e-3


def test_an_ensemble_starts_anywhere():
    _, ch, x = set_up(seed=(0, 1))
    h = relaxation(ch, x).at(0.25)
    assert [h[l].shape for l in (1, 2, 3)] == [(2, 9, 7), (2, 9, 5), (2, 9, 4)]
    assert all(bool((h[l] == 0.25).all()) for l in (1, 2, 3))
    assert h[0] is x


# what two states teach


@dataclass(frozen=True)
class TwoPhases(Contrastive):
    """Free and clamped, scaled per layer."""

    name = short = source = "two phases"

    def scale(self, l, L):
        return 0.1 * l

    def forward(self, ch, x):
        loop = relaxation(ch, x)
        free = loop.settle(loop.forward(), Settling(30))
        free.phases["minus"] = free.as_phase()
        free.phases["plus"] = loop.settle(free.h, Settling(30), ch.target())
        return free


@pytest.mark.parametrize("seed", [0, (0, 1, 2)], ids=["one", "many"])
def test_the_update_is_the_difference_of_two_plain_products(seed):
    _, ch, x = set_up(seed=seed)
    trace, update = TwoPhases().step(ch, x)
    minus, plus = (trace.phases[name].h for name in ("minus", "plus"))
    for l, dW in update.dense().W.items():
        plain = (minus[l].mT @ minus[l - 1] - plus[l].mT @ plus[l - 1]) * 0.1 * l / 9
        torch.testing.assert_close(dW, plain, rtol=0, atol=1e-14)
        db = 0.1 * l * (minus[l] - plus[l]).mean(-2)
        torch.testing.assert_close(update.b[l], db, rtol=0, atol=1e-14)
        assert float(plain.abs().max()) > 1e-3


def test_the_free_phase_is_not_counted_twice():
    _, ch, x = set_up()
    trace = TwoPhases().forward(ch, x)
    assert (trace.steps, trace.phases["minus"].steps, trace.phases["plus"].steps) == (30, 0, 30)
    assert trace.phases["minus"].h is trace.h


# states that are kept


def test_examples_are_found_again_as_they_were_left():
    network, _, x = set_up()
    ch = Channels(network, {}, streams(0), examples=20)
    t, which = torch.eye(4, dtype=x.dtype)[:3], torch.tensor([4, 11, 7])
    ch.teach(t, which)
    assert torch.equal(ch.recall(2), torch.zeros(3, 5, dtype=x.dtype))  # never seen
    h = torch.rand(3, 5, dtype=x.dtype)
    ch.keep(2, h)
    assert torch.equal(ch.recall(2), h)
    ch.teach(t[:2], torch.tensor([7, 5]))
    assert torch.equal(ch.recall(2), torch.stack([h[2], torch.zeros_like(h[2])]))
    assert torch.equal(ch.recall(1), torch.zeros(2, 7, dtype=x.dtype))  # another layer


def test_new_examples_leave_nothing():
    network, _, x = set_up()
    ch = Channels(network, {}, streams(0), examples=20)
    ch.teach(torch.eye(4, dtype=x.dtype))
    assert ch.recall(2) is None
    ch.keep(2, torch.ones(4, 5, dtype=x.dtype))
    assert ch.recall(2) is None


# what is refused


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "steps is 0, expected a whole number of at least 1"),
        ("steps", 2.0, "steps is 2.0, expected a whole number"),
        ("steps", True, "steps is True, expected a whole number"),
        ("check", 0, "check is 0, expected a whole number of at least 1"),
        ("check", "often", "check is 'often', expected a whole number"),
        ("rate", 0, "rate is 0, expected above 0 and at most 1"),
        ("rate", 1.5, "rate is 1.5, expected above 0 and at most 1"),
        ("rate", math.nan, "rate is nan, expected above 0"),
        ("rate", "fast", "rate is 'fast', expected above 0"),
        ("tolerance", -1e-9, "tolerance is -1e-09, expected at least 0"),
        ("tolerance", math.nan, "tolerance is nan, expected at least 0"),
        ("tolerance", None, "tolerance is None, expected at least 0"),
    ],
)
def test_a_bad_field_is_refused_in_one_clear_line(field, value, message):
    with pytest.raises(ValueError, match=message):
        Settling(**{field: value})


def test_the_bounds_themselves_are_fine():
    assert Settling(1, 1, 0, check=1).steps == 1
    assert Settling(rate=1e-6) == Settling(rate=1e-6)
