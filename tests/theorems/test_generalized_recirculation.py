"""Generalized recirculation and recurrent backprop: where the one is the other, CHL or backprop."""

import math

import numpy as np
import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.nets.channels import Channels
from credit.nets.networks import Init, Trace, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.almeida_pineda import AlmeidaPineda
from credit.rules.base import own_parameters
from credit.rules.contrastive_hebbian import ContrastiveHebbian
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.generalized_recirculation import FORMS, GeneralizedRecirculation
from credit.training.descent import Descent
from credit.training.setting import Setting

EXACT = Settling(3000, rate=0.5, tolerance=1e-14)


def generec(form="plain", feedback="own", **changes):
    return GeneralizedRecirculation(form, feedback=feedback, **{"settling": EXACT} | changes)


def settled(rule, symmetric=True, **changes):
    """(network, channels, x) of logistic units, V = W unless told otherwise."""
    network, ch, x = bench(rule, **{"nonlinearity": "logistic", "output": "logistic"} | changes)
    if symmetric and "V" in ch.own:
        for l, V in ch.own["V"].items():
            V.copy_(network.layers[l].W)
    return network, ch, x


def step(rule, ch, x):
    """({l: dW_l}, {l: dV_l}, {l: db_l}), written out."""
    update = rule.step(ch, x)[1].dense()
    return update.W, update.own.get("V", {}), update.b


def states(seed, sizes=(4, 3, 5, 2), batch=6):
    """A trace of two phases with any states at all, of the same input."""
    chance = torch.Generator().manual_seed(seed)
    free = torch.rand(3, batch, max(sizes), generator=chance, dtype=torch.float64)
    minus, plus = ({l: h[:, :n] * (l + 1) for l, n in enumerate(sizes)} for h in free[:2])
    plus[0] = minus[0]
    return Trace(minus, {}, phases={"minus": Trace(minus, {}), "plus": Trace(plus, {})})


def local(rule, trace, sizes=(4, 3, 5, 2)):
    network = make_network(sizes, 0, "logistic", "logistic", dtype=torch.float64)
    ch = Channels(network, own_parameters(rule, sizes, 0, torch.float64), streams(0))
    update = rule.update(ch, trace, rule.teach(ch, trace)).dense()
    return update.W, update.own["V"]


def cosine(u, v):
    return float((u * v).sum() / (u.norm() * v.norm()))


# the four forms


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_both_directions_of_the_midpoint_form_together_are_contrastive_hebbian(seed):
    trace = states(seed)
    dW, dV = local(generec("midpoint"), trace)
    both = {l: dW[l] + dV[l] if l > 1 else dW[l] for l in dW}
    chl, chl_back = local(generec("contrastive"), trace)
    assert_same(both, chl, atol=1e-12)
    minus, plus = (trace.phases[name].h for name in ("minus", "plus"))
    hebb = {l: (minus[l].mT @ minus[l - 1] - plus[l].mT @ plus[l - 1]) / 6 for l in (1, 2, 3)}
    assert_same(chl, hebb, atol=1e-12)
    assert all(torch.equal(chl_back[l], chl[l]) for l in chl_back)


def test_both_directions_of_the_plain_form_are_not():
    """Guards the test above; what is missing is the product of the differences."""
    trace = states(0)
    (dW, dV), (symmetric, _), (chl, _) = (
        local(generec(form), trace) for form in ("plain", "symmetric", "contrastive")
    )
    D = generec().teach(_Depth(3), trace)
    for l in (2, 3):
        torch.testing.assert_close(dW[l] + dV[l], symmetric[l], rtol=0, atol=1e-12)
        missing = D[l].mT @ D[l - 1] / 6
        assert float(missing.abs().max()) > 0.01
        torch.testing.assert_close(symmetric[l] - chl[l], missing, rtol=0, atol=1e-12)


class _Depth:
    """All that `teach` asks of the channels."""

    def __init__(self, L):
        self.L = L


def test_midpoint_and_plain_differ_in_the_sender_alone():
    trace = states(1)
    (mid, mid_back), (plain, plain_back) = (
        local(generec(form), trace) for form in ("midpoint", "plain")
    )
    D = generec().teach(_Depth(3), trace)
    torch.testing.assert_close(mid[1], plain[1], rtol=0, atol=1e-14)
    for l in (2, 3):
        half = D[l].mT @ D[l - 1] / 12
        assert float(half.abs().max()) > 0.01
        torch.testing.assert_close(plain[l] - mid[l], half, rtol=0, atol=1e-12)
        torch.testing.assert_close(plain_back[l] - mid_back[l], half, rtol=0, atol=1e-12)


@pytest.mark.parametrize("feedback", ["own", "tied"])
def test_the_contrastive_form_is_contrastive_hebbian_learning_at_full_gain(feedback):
    rule = generec("contrastive", feedback)
    _, ch, x = settled(rule)
    chl = ContrastiveHebbian(1.0, settling=Settling(3000, 1.0, 1e-14, in_turn=True))
    (ours, back, b), (theirs, _, theirs_b) = step(rule, ch, x), step(chl, ch, x)
    assert_same(ours, theirs, atol=1e-11)
    assert_same(b, theirs_b, atol=1e-11)
    assert all(torch.equal(back[l], ours[l]) for l in back)


def test_at_another_gain_or_in_another_form_it_is_not():
    """Guards the test above."""
    _, ch, x = settled(generec("contrastive"))
    chl = step(ContrastiveHebbian(1.0, settling=EXACT), ch, x)[0]
    half = step(ContrastiveHebbian(0.5, settling=EXACT), ch, x)[0]
    assert largest_difference(half, chl) > 1e-3
    for form in ("plain", "midpoint", "symmetric"):
        assert largest_difference(step(generec(form), ch, x)[0], chl) > 1e-3


# recurrent backprop


def unrolled(network, ch, x, V=None, gain=1.0, steps=400):
    """Independent reference: ({l: dW}, {l: dV}, {l: db}) by autograd through the settling."""
    layers = network.layers
    W, b = ({l: getattr(n, k).clone().requires_grad_() for l, n in layers.items()} for k in "Wb")
    V = W if V is None else {l: v.clone().requires_grad_() for l, v in V.items()}
    L = network.L
    h = {0: x} | {l: torch.full((len(x), len(b[l])), 0.5, dtype=x.dtype) for l in layers}
    for _ in range(steps):
        a = {l: h[l - 1] @ W[l].T + b[l] for l in layers}
        a |= {l: a[l] + gain * h[l + 1] @ V[l + 1] for l in range(1, L)}
        h = {0: x} | {l: 0.5 * h[l] + 0.5 * torch.sigmoid(a[l]) for l in layers}
    a = h[L - 1] @ W[L].T + b[L]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(a, ch.target(), reduction="none")
    loss.sum(-1).mean().backward()
    back = {} if V is W else {l: v.grad for l, v in V.items() if l > 1}
    return {l: w.grad for l, w in W.items()}, back, {l: w.grad for l, w in b.items()}


@pytest.mark.parametrize("sizes", [(5, 4, 3), (6, 5, 4, 3), (3, 3, 1, 3, 2)], ids=str)
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_recurrent_backprop_is_the_gradient_at_the_rest(sizes, gain):
    rule = AlmeidaPineda(gain=gain, settling=EXACT)
    network, ch, x = settled(rule, symmetric=False, sizes=sizes)
    for got, want in zip(step(rule, ch, x), unrolled(network, ch, x, ch.own["V"], gain),
                         strict=True):  # fmt: skip
        assert_same(got, want, atol=1e-10)


def test_recurrent_backprop_with_tied_weights_is_the_gradient_of_weights_used_twice():
    rule = AlmeidaPineda(feedback="tied", settling=EXACT)
    network, ch, x = settled(rule)
    dW, none, db = step(rule, ch, x)
    want, _, want_b = unrolled(network, ch, x)
    assert_same(dW, want, atol=1e-10)
    assert_same(db, want_b, atol=1e-10)
    assert not none


def test_with_its_output_error_held_it_is_not_the_gradient():
    """Guards the two tests above; it stays near."""
    rule = AlmeidaPineda(held=True, settling=EXACT)
    network, ch, x = settled(rule)
    dW, want = step(rule, ch, x)[0], unrolled(network, ch, x, ch.own["V"])[0]
    assert largest_difference(dW, want) > 1e-4
    assert all(cosine(dW[l], want[l]) > 0.9 for l in dW)


# the limit of small errors

EPSILON = (1e-1, 1e-2, 1e-3)


def near(form, size, symmetric=True):
    """(the rule's step, recurrent backprop's) where the target is the expectation plus size d."""
    rule = generec(form)
    _, ch, x = settled(rule, symmetric)
    d = ch.target() - 0.5
    y = rule.answer(ch, x)
    ch.teach(y + size * d)
    return step(rule, ch, x), step(AlmeidaPineda(held=True, settling=EXACT), ch, x)


def distances(form, symmetric=True, pick=lambda ours, theirs: (ours[0], theirs[0])):
    """{l: [relative distance to recurrent backprop for each size of the error]}."""
    rows = [pick(*near(form, size, symmetric)) for size in EPSILON]
    return {l: [float((u[l] - v[l]).norm() / v[l].norm()) for u, v in rows] for l in rows[0][0]}


@pytest.mark.parametrize("form", ["plain", "midpoint"])
def test_small_differences_are_recurrent_backprop(form):
    """To first order: ten times smaller an error, ten times nearer."""
    for which in (0, 1):  # dW and dV
        for l, column in distances(form, pick=lambda u, v, i=which: (u[i], v[i])).items():
            assert column[-1] < 1e-3
            if form == "plain" and which == 0 and l == 3:
                assert max(column) == 0  # the top layer has the same error and the same sender
                continue
            slope = np.polyfit(np.log(EPSILON), np.log(column), 1)[0]
            assert slope == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("form", ["symmetric", "contrastive"])
def test_the_symmetric_forms_are_the_sum_of_its_two_directions(form):
    def both(ours, theirs):
        (dW, _, _), (ap, ap_back, _) = ours, theirs
        return dW, {l: ap[l] + ap_back[l] if l > 1 else ap[l] for l in ap}

    assert all(column[-1] < 1e-3 for column in distances(form, pick=both).values())
    alone = distances(form)  # not dW alone, whatever the size of the error
    assert all(alone[l][-1] > 0.05 for l in (2, 3))
    assert alone[1][-1] < 1e-3


def test_with_feedback_that_is_not_symmetric_they_are_not_recurrent_backprop():
    """Guards the tests above."""
    columns = distances("plain", symmetric=False)
    assert min(columns[1][-1], columns[2][-1]) > 0.1


@pytest.mark.parametrize("size", [1.0, 0.1])
def test_even_large_differences_point_its_way(size):
    (dW, _, _), (ap, _, _) = near("midpoint", size)
    assert all(cosine(dW[l], ap[l]) > 0.99 for l in dW)


@pytest.mark.parametrize("form", FORMS)
def test_no_error_no_change(form):
    rule = generec(form)
    _, ch, x = settled(rule, symmetric=False)
    before = [float(u.abs().max()) for part in step(rule, ch, x) for u in part.values()]
    ch.teach(rule.answer(ch, x))
    after = [float(u.abs().max()) for part in step(rule, ch, x) for u in part.values()]
    assert max(after) < 1e-12 < 1e-3 < min(before)


# the limit of weak feedback

GAINS = (1e-1, 1e-2, 1e-3)


def against(reference, symmetric, gain):
    """{l: relative distance of D_l / gain^(L-l) to the reference's delta_l}."""
    rule = generec(gain=gain)
    network, ch, x = settled(rule, symmetric)
    D = rule.teach(ch, rule.forward(ch, x))
    want = reference(network, ch, x)
    return {
        l: float((D[l] / gain ** (network.L - l) - want[l]).norm() / want[l].norm())
        for l in range(1, network.L)
    }


def backprops(network, ch, x):
    """delta_l of the cross-entropy from the biases' gradients, one example at a time."""
    target, rows = ch.target(), []
    for i in range(len(x)):
        ch.teach(target[i : i + 1])
        rows.append(autograd(network, ch, x[i : i + 1])[1])
    ch.teach(target)
    return {l: torch.stack([row[l] for row in rows]) for l in rows[0]}


def feedback_alignments(network, ch, x):
    rule = FeedbackAlignment()
    twin = Channels(network, {"B": ch.own["V"]}, streams(0)).teach(ch.target())
    trace = network.forward(x)
    return rule.delta(twin, trace, rule.teach(twin, trace))


@pytest.mark.parametrize(
    ("reference", "symmetric"), [(backprops, True), (feedback_alignments, False)]
)
def test_weak_feedback_is_backprop_or_feedback_alignment(reference, symmetric):
    """To first order of the gain."""
    columns = [against(reference, symmetric, gain) for gain in GAINS]
    for l in columns[0]:
        column = [row[l] for row in columns]
        assert column[-1] < 1e-2
        slope = np.polyfit(np.log(GAINS), np.log(column), 1)[0]
        assert slope == pytest.approx(1, abs=0.1)


def test_with_feedback_of_its_own_it_is_not_backprop_and_at_full_gain_not_either():
    """Guards the test above."""
    assert min(against(backprops, False, 1e-3).values()) > 0.1
    assert min(against(backprops, True, 1.0).values()) > 0.05


# symmetry of the weights


def trained(form, symmetric, decay=0.0, updates=40):
    """Trained for a while: [|V - W|] at the start and after every update, the angle at the end."""
    rule = generec(form, settling=Settling(200, tolerance=1e-10))
    network, ch, x = settled(rule, symmetric)
    setting = Setting(rule, network.sizes, learning_rate=0.5, weight_decay=decay)
    descent, apart = Descent(setting, network, ch.own), []
    for update in range(updates + 1):
        if update:
            descent.apply(rule.step(ch, x)[1])
        W, V = (
            torch.cat([w[l].flatten() for l in (2, 3)])
            for w in ({l: n.W for l, n in network.layers.items()}, ch.own["V"])
        )
        apart.append(float((V - W).norm()))
    return apart, math.degrees(math.acos(min(1.0, cosine(V, W))))


@pytest.mark.parametrize("form", ["symmetric", "contrastive"])
def test_the_symmetric_forms_keep_symmetric_weights_symmetric(form):
    assert max(trained(form, symmetric=True)[0]) < 1e-14


@pytest.mark.parametrize("form", ["plain", "midpoint"])
def test_the_other_forms_do_not(form):
    """Guards the test above."""
    apart, angle = trained(form, symmetric=True)
    assert apart[-1] > 0.05
    assert angle > 2


@pytest.mark.parametrize("form", ["symmetric", "contrastive"])
def test_with_decay_the_symmetric_forms_make_any_weights_symmetric(form):
    """What they add to both is the same, so V - W shrinks by the decay alone."""
    apart, angle = trained(form, symmetric=False, decay=0.1, updates=200)
    np.testing.assert_allclose(apart, apart[0] * (1 - 0.5 * 0.1) ** np.arange(201), rtol=1e-8)
    assert angle < 0.1


def test_without_decay_or_in_the_plain_form_they_stay_apart():
    """Guards the test above."""
    assert trained("symmetric", symmetric=False)[1] > 20
    assert trained("plain", symmetric=False, decay=0.1, updates=200)[1] > 2


# attractors, ensembles, what is refused


@pytest.mark.parametrize(("size", "rests"), [(0.5, 1), (12.0, 2)])
def test_strong_symmetric_weights_have_more_than_one_rest(size, rests):
    """Two logistic units that excite each other: from zero and from one to the same place?"""
    network = make_network((1, 1, 1), 0, "logistic", "logistic", dtype=torch.float64)
    for l in (1, 2):
        network.layers[l].W.fill_(0.0 if l == 1 else size)
        network.layers[l].b.fill_(-size / 2)
    ch = Channels(network, {}, streams(0))
    loop = Relaxation(ch, torch.ones(1, 1, dtype=torch.float64), ch.W_back)
    low, high = (loop.settle(loop.at(v), EXACT).h[2] for v in (0.0, 1.0))
    assert (float(high - low) > 0.5) == (rests == 2)
    assert (float(high - low) < 1e-9) == (rests == 1)


def test_the_outcome_is_sought_from_the_expectation():
    """The plus phase starts where the minus phase ended and takes the shorter for it."""
    rule = generec(settling=Settling(500, tolerance=1e-8))
    _, ch, x = settled(rule)
    trace = rule.forward(ch, x)
    loop = Relaxation(ch, x, ch.own["V"])
    again = loop.settle(trace.phases["minus"].h, rule.settling, ch.target())
    assert all(torch.equal(again.h[l], trace.phases["plus"].h[l]) for l in again.h)
    assert torch.equal(trace.phases["plus"].h[3], ch.target())
    ch.teach(rule.answer(ch, x))
    assert rule.forward(ch, x).phases["plus"].steps == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_ensemble_is_its_members(form):
    seeds, sizes = (0, 1, 2), (5, 4, 3, 2)
    x = torch.rand(6, 5, dtype=torch.float64)
    t = torch.rand(6, 2, dtype=torch.float64)
    for rule in (generec(form, settling=Settling(40)), AlmeidaPineda(settling=Settling(40))):
        together, *alone = (
            rule.step(
                Channels(
                    make_network(sizes, s, "logistic", "logistic", dtype=torch.float64),
                    own_parameters(rule, sizes, s, torch.float64),
                    streams(0),
                ).teach(t),
                x.expand(3, 6, 5) if isinstance(s, tuple) else x,
            )[1].dense()
            for s in (seeds, *seeds)
        )
        for got, each in ((together.W, [u.W for u in alone]),
                          (together.own["V"], [u.own["V"] for u in alone])):  # fmt: skip
            for l, dW in got.items():
                torch.testing.assert_close(dW, torch.stack([u[l] for u in each]))


@pytest.mark.parametrize(
    ("kind", "field", "message"),
    [
        (GeneralizedRecirculation, {"form": "mid"}, "form is 'mid', expected one of plain"),
        (GeneralizedRecirculation, {"feedback": "W"}, "feedback is 'W', expected own or tied"),
        (GeneralizedRecirculation, {"gain": 0.0}, "gain is 0.0, expected a positive number"),
        (GeneralizedRecirculation, {"gain": "1"}, "gain is '1', expected a positive number"),
        (AlmeidaPineda, {"feedback": "random"}, "feedback is 'random', expected own or tied"),
        (AlmeidaPineda, {"gain": -1}, "gain is -1, expected a positive number"),
    ],
)
def test_bad_fields_are_refused(kind, field, message):
    with pytest.raises(ValueError, match=message):
        kind(**field)


@pytest.mark.parametrize("kind", [GeneralizedRecirculation, AlmeidaPineda])
def test_tied_feedback_owns_and_learns_nothing(kind):
    assert kind(feedback="tied").learned == ()
    assert kind(feedback="tied").draw((4, 3, 2), streams(0)) == {}
    own = kind(init=Init("uniform", 0.5)).draw((4, 3, 2, 2), streams(0))["V"]
    assert {l: tuple(V.shape) for l, V in own.items()} == {2: (2, 3), 3: (2, 2)}
    assert all(float(V.abs().max()) <= 0.5 for V in own.values())
