"""Decoupled neural interfaces: what must hold exactly."""

from dataclasses import dataclass, replace

import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.nets.channels import Channels
from credit.nets.networks import Init, Trace, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import Update, draw_feedback
from credit.rules.decoupled_neural_interfaces import DecoupledNeuralInterfaces
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.studies.decoupled_neural_interfaces import Locked, learned_while_locked
from credit.training.descent import Descent
from credit.training.diagnostics import alignment, angle
from credit.training.setting import Setting

DNI = DecoupledNeuralInterfaces
SIZES = st.lists(st.integers(1, 9), min_size=3, max_size=6).map(tuple)
MODELS = (DNI(), DNI(conditioned=False), DNI(conditioned=False, hidden=(8, 6)))
EVERY_MODEL = pytest.mark.parametrize("rule", MODELS, ids=["cDNI", "DNI linear", "DNI"])


def woken(own, scale=0.3):
    """Own parameters as if they had learned something."""
    chance = torch.Generator().manual_seed(5)
    return {
        name: {
            l: scale * torch.randn(w.shape, generator=chance, dtype=w.dtype) for l, w in ws.items()
        }
        for name, ws in own.items()
    }


def test_the_inside_of_a_model_starts_for_rectifiers_and_its_last_layer_says_nothing():
    rule, n, random = DNI(hidden=(300, 200)), 400, streams(0)
    own = rule.draw((20, n, 5), random)
    for name, fan_in in (("A1", n + 5), ("A2", 300)):
        assert float(own[name][1].std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.02)
    assert not own["A3"][1].any()
    for purpose, fresh in streams(0).items():  # drawn as feedback is, and from nothing else
        assert random[purpose].get_state().equal(fresh.get_state()) == (purpose != "feedback")


def after_the_pass(rule, ch, x):
    """The update from a whole pass up and then the teaching, as other rules make it."""
    trace = rule.forward(ch, x)
    return rule.update(ch, trace, rule.teach(ch, trace)).dense()


# the interface: with other models in the place of M_l it is backprop, FA or DFA


@dataclass(frozen=True)
class Instead(DNI):
    """M_l replaced by a fixed map of what another rule would look at."""

    model: str = "oracle"

    learned = ()

    def draw(self, sizes, streams):
        direct = self.model == "DFA"
        return {"B": draw_feedback(Init("uniform_fan_in"), sizes, streams, direct)}

    def predict(self, ch, l, trace):
        if self.model == "DFA":
            return ch.direct(ch.error(trace), ch.own["B"][l])
        above = self._hears(ch, l + 1, trace)
        delta = above if l + 1 == ch.L else above * ch.slope_path(l + 1, trace)
        return ch.back(l + 1, delta, ch.own["B"][l + 1])


@given(
    sizes=SIZES,
    nonlinearity=st.sampled_from(["tanh", "relu", "odd"]),
    output=st.sampled_from(["softmax", "linear", "logistic"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_with_the_exact_gradient_for_a_model_it_is_backprop(sizes, nonlinearity, output, seed):
    network, ch, x = bench(Instead(), sizes, seed, 4, nonlinearity, output)
    ch.own["B"] = {l: network.layers[l].W for l in range(2, network.L + 1)}
    update = after_the_pass(Instead(), ch, x)
    dW, db = autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


@pytest.mark.parametrize(
    ("model", "other"), [("FA", FeedbackAlignment()), ("DFA", DirectFeedbackAlignment())]
)
@given(sizes=SIZES, seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_with_a_fixed_map_of_an_error_for_a_model_it_is_feedback_alignment(
    model, other, sizes, seed
):
    rule = Instead(model=model)
    _, ch, x = bench(rule, sizes, seed)
    update, theirs = after_the_pass(rule, ch, x), other.step(ch, x)[1].dense()
    assert_same(update.W, theirs.W)
    assert_same(update.b, theirs.b)


def test_with_its_own_models_it_is_none_of_these():
    """Guards the tests above: predictions do reach the hidden layers, the output hears e."""
    network, ch, x = bench(DNI())
    ch.own = woken(ch.own)
    update, (dW, _) = after_the_pass(DNI(), ch, x), autograd(network, ch, x)
    assert all(float(angle(update.W[l].flatten(), dW[l].flatten())) > 10 for l in (1, 2))
    torch.testing.assert_close(update.W[3], dW[3])


# the models


@EVERY_MODEL
def test_from_its_start_the_first_step_moves_no_hidden_layer(rule):
    network, ch, x = bench(rule, (6, 5, 5, 4, 3))
    update = rule.step(ch, x)[1].dense()
    for l in range(1, network.L):
        assert not update.W[l].any()
        assert not update.b[l].any()
    assert update.W[network.L].any()
    last = f"c{len(rule.hidden) + 1}"
    assert update.own[last][3].any()  # the topmost model hears the true gradient,
    assert not any(update.own[last][l].any() for l in (1, 2))  # the others as yet nothing


def test_from_another_start_it_does():
    """Guards the test above."""
    _, ch, x = bench(DNI())
    ch.own = woken(ch.own)
    update = DNI().step(ch, x)[1].dense()
    assert all(update.W[l].any() for l in (1, 2))


def test_the_error_reaches_one_layer_further_down_with_every_step():
    network, ch, x = bench(DNI(), (6, 5, 5, 5, 3))
    descent = Descent(Setting(DNI(), network.sizes, learning_rate=0.1), network, ch.own)
    for step in range(1, 5):
        update = DNI().step(ch, x)[1]
        moves = [bool(update.dense().W[l].any()) for l in (1, 2, 3)]
        assert moves == [l > 4 - step for l in (1, 2, 3)]
        descent.apply(update)


@EVERY_MODEL
def test_a_model_descends_the_distance_to_the_gradient_from_one_layer_above(rule):
    """By torch.autograd; its target and h_l are constants to it."""
    network, ch, x = bench(rule, (6, 5, 5, 4, 3))
    ch.own = woken(ch.own)
    trace, update = rule.step(ch, x)
    update, K = update.dense(), len(rule.hidden) + 1
    for l in range(1, network.L):
        leaf = trace.h[l].clone().requires_grad_()
        if l + 1 == network.L:
            a = network.drive(l + 1, leaf)
            loss = -(ch.target() * torch.log_softmax(a, -1)).sum()
        else:
            h = network.phi(l + 1, network.drive(l + 1, leaf))
            loss = (rule.predict(ch, l + 1, trace) * h).sum()
        (target,) = torch.autograd.grad(loss, leaf)
        own = {n: ch.own[n][l].clone().requires_grad_() for n in rule.learned}
        z = torch.cat([trace.h[l], ch.target()], -1) if rule.conditioned else trace.h[l]
        for k in range(1, K + 1):
            z = z @ own[f"A{k}"].T + own[f"c{k}"]
            z = torch.relu(z) if k < K else z
        distance = 0.5 * (z - target).square().sum(-1).mean()
        gradients = torch.autograd.grad(distance, list(own.values()))
        got = {n: update.own[n][l] for n in own}
        assert_same(got, dict(zip(own, gradients, strict=True)))


def test_the_target_of_a_lower_model_is_a_prediction_and_not_the_error():
    """Only the topmost model hears the teacher if none is shown the label: bootstrapping."""
    rule = DNI(conditioned=False)
    _, ch, x = bench(rule, (6, 5, 5, 4, 3))
    ch.own = woken(ch.own)
    before = rule.step(ch, x)[1].dense()
    after = rule.step(ch.teach(ch.target().flip(-1)), x)[1].dense()
    assert all(torch.equal(before.own["A1"][l], after.own["A1"][l]) for l in (1, 2))
    assert not torch.equal(before.own["A1"][3], after.own["A1"][3])
    backprop = [
        Backprop().step(ch.teach(t), x)[1].dense() for t in (ch.target(), ch.target().flip(-1))
    ]
    assert not torch.equal(backprop[0].W[1], backprop[1].W[1])


def fitted(rule, output, batch, inputs, seed=0):
    """(relative residual, A [n, n + classes + 1]) of the best linear model of the true gradient."""
    network, ch, x = bench(rule, (inputs, 12, 10), seed, batch, "tanh", output)
    trace = rule.forward(ch, x)
    gradient = ch.back(2, ch.error(trace), network.layers[2].W)
    z = rule._model(ch, 1, trace).h[0]
    z = torch.cat([z, torch.ones(batch, 1, dtype=z.dtype)], -1)
    A = (torch.linalg.pinv(z) @ gradient).T
    return float((z @ A.T - gradient).norm() / gradient.norm()), A, network.layers[2].W


def test_with_squared_loss_a_linear_model_that_is_shown_the_label_can_be_exact():
    """d loss / d h = (h W^T + b - t) W is linear in h, t and 1."""
    assert fitted(DNI(), "linear", 200, 8)[0] < 1e-10


def test_without_the_label_or_with_cross_entropy_it_cannot():
    assert fitted(DNI(conditioned=False), "linear", 200, 8)[0] > 0.05
    assert fitted(DNI(), "softmax", 200, 8)[0] > 0.01


def test_with_cross_entropy_the_columns_of_the_label_become_the_forward_weights():
    """d loss / d h = (y - t) W: a column for each class, -W_k up to what all classes share."""
    _, A, W = fitted(DNI(), "softmax", 400, 8)
    columns, weights = A[:, 12:22].T, -W  # one row per class
    centred = [m - m.mean(0) for m in (columns, weights)]
    cosine = torch.cosine_similarity(centred[0].flatten(), centred[1].flatten(), dim=0)
    assert float(cosine) > 0.9
    unrelated = torch.randn(W.shape, generator=torch.Generator().manual_seed(1), dtype=W.dtype)
    other = torch.cosine_similarity(centred[0].flatten(), unrelated.flatten(), dim=0)
    assert abs(float(other)) < 0.5


@pytest.mark.parametrize("told_apart", [True, False])
def test_the_best_model_without_the_label_leaves_the_mean_update_as_it_is(told_apart):
    """E[delta | h] averages out the noise of the labels alone, if h tells the inputs apart."""
    rule = DNI(conditioned=False)
    network, ch, _ = bench(rule, (4, 9, 3))
    if not told_apart:  # two inputs with the same h, different labels
        W = network.layers[1].W
        W[:, 1] = W[:, 0]
    generator = torch.Generator().manual_seed(3)
    which = torch.randint(4, (120,), generator=generator)
    odds = torch.tensor([[8, 1, 1], [1, 8, 1], [1, 1, 8], [3, 3, 3]], dtype=torch.float64)
    label = torch.multinomial(odds[which], 1, generator=generator).squeeze()
    ch.teach(torch.eye(3, dtype=torch.float64)[label])
    x = torch.eye(4, dtype=torch.float64)[which]
    trace = rule.forward(ch, x)
    gradient = ch.back(2, ch.error(trace), network.layers[2].W)
    z = torch.cat([trace.h[1], torch.ones(120, 1, dtype=x.dtype)], -1)
    best = (torch.linalg.pinv(z) @ gradient).T
    ch.own = {"A1": {1: best[:, :-1]}, "c1": {1: best[:, -1]}}
    update, exact = rule.step(ch, x)[1].dense(), Backprop().step(ch, x)[1].dense()
    assert float((rule.predict(ch, 1, trace) - gradient).norm()) > 0.1  # each example's differs
    if told_apart:
        assert_same(update.W, exact.W, atol=1e-10)
    else:
        assert largest_difference(update.W, exact.W) > 1e-3


# where nothing is to be learned


def test_where_every_gradient_vanishes_a_model_that_says_nothing_stays_there():
    network, ch, x = bench(DNI(), output="linear")
    ch.teach(network.forward(x).h[network.L])
    update = DNI().step(ch, x)[1].dense()
    assert all(not u.any() for u in [*update.W.values(), *update.b.values()])
    assert all(not u.any() for us in update.own.values() for u in us.values())


def test_a_model_that_still_predicts_something_moves_on_and_learns_to_be_silent():
    network, ch, x = bench(DNI(), (6, 5, 3), output="linear", batch=40)
    ch.teach(network.forward(x).h[network.L])
    ch.own = woken(ch.own)
    assert DNI().step(ch, x)[1].dense().W[1].any()
    still = Setting(DNI(), (6, 5, 3), learning_rate=1e-9, own_learning_rate=0.3)
    descent = Descent(still, network, ch.own)
    trace = DNI().forward(ch, x)
    start = float(DNI().predict(ch, 1, trace).norm())
    for _ in range(500):
        descent.apply(DNI().step(ch, x)[1])
    trace = DNI().forward(ch, x)
    assert float(DNI().predict(ch, 1, trace).norm()) < 0.02 * start


# BP(lambda)


def test_with_lambda_one_it_is_backprop_whatever_the_models_say():
    rule = DNI(lam=1.0)
    network, ch, x = bench(rule, (6, 5, 5, 4, 3))
    ch.own = woken(ch.own)
    update, (dW, db) = rule.step(ch, x)[1].dense(), autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


def test_lambda_leads_from_the_prediction_to_backprop():
    network, ch, x = bench(DNI(), (6, 5, 5, 4, 3))
    ch.own = woken(ch.own, 0.1)
    lams = (0.0, 0.25, 0.5, 0.75, 1.0)
    angles = {
        lam: [
            row["value"] for row in alignment(DNI(lam=lam), ch, x) if row["metric"] == "delta angle"
        ]
        for lam in lams
    }
    for l in range(network.L - 1):
        falling = [angles[lam][l] for lam in lams]
        assert falling == sorted(falling, reverse=True)
        assert falling[0] > 20
        assert falling[-1] < 1e-4
    with_none = replace(DNI(), lam=1e-15)  # by way of the whole pass, mixed with nothing
    update, mixed = DNI().step(ch, x)[1].dense(), with_none.step(ch, x)[1].dense()
    assert_same(mixed.W, update.W)


# update locking


def locked_above(ch, top):
    """The same network, rule and teacher through channels that raise above a layer."""
    locked = Locked(ch._network, ch.own, streams(0))
    locked.top = top
    return locked.teach(ch.target())


@EVERY_MODEL
@pytest.mark.parametrize("top", [1, 2, 3])
def test_lower_layers_learn_before_anything_above_them_has_happened(rule, top):
    _, ch, x = bench(rule, (6, 5, 5, 4, 3))
    ch.own = woken(ch.own)
    whole = rule.step(ch, x)[1].dense()
    locked, trace, update = locked_above(ch, top), Trace(h={0: x}, a={}), Update()
    for l in range(1, top + 1):
        rule.block(locked, l, trace, update)
    update = update.dense()
    for l in range(1, top + 1):
        assert torch.equal(update.W[l], whole.W[l])
        assert torch.equal(update.b[l], whole.b[l])
    for name in update.own:
        assert all(torch.equal(u, whole.own[name][l]) for l, u in update.own[name].items())
        assert update.own[name].keys() == set(range(1, top))  # M_top's lesson is yet to come
    with pytest.raises(LookupError, match=f"layer {top + 1} is locked"):
        rule.block(locked, top + 1, trace, update)


@pytest.mark.parametrize("rule", [Backprop(), DNI(lam=0.5)], ids=["BP", "BP(lambda)"])
def test_backprop_has_nothing_to_teach_them_by_then(rule):
    """Guards the test above: the lock holds. Even with a whole pass up, the error is missing."""
    _, ch, x = bench(rule, (6, 5, 5, 4, 3))
    locked = locked_above(ch, 2)
    with pytest.raises(LookupError, match="layer 3 is locked"):
        rule.step(locked, x)
    with pytest.raises(LookupError, match="layer 4 is locked"):
        rule.teach(locked, rule.forward(ch, x))


def test_the_demonstration_says_so():
    for rule, learn in (
        (DNI(), ["1", "1, 2", "1, 2, 3", "1, 2, 3, 4"]),
        (Backprop(), 3 * ["none"]),
    ):
        shown = list(learned_while_locked(rule)["layers that learn"])
        assert shown == [*learn, "1, 2, 3, 4"][:4]


@EVERY_MODEL
@given(sizes=SIZES, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_learning_on_the_way_up_is_learning_after_the_whole_pass(rule, sizes, seed):
    _, ch, x = bench(rule, sizes, seed)
    ch.own = woken(ch.own)
    way_up, later = rule.step(ch, x)[1].dense(), after_the_pass(rule, ch, x)
    assert all(torch.equal(way_up.W[l], later.W[l]) for l in later.W)
    for name, updates in later.own.items():
        assert all(torch.equal(way_up.own[name][l], u) for l, u in updates.items())


# what it knows


def test_the_forward_weights_come_in_by_the_lessons_of_the_models_alone():
    network, ch, x = bench(DNI())
    ch.own = woken(ch.own)
    other = Channels(network, ch.own, streams(0)).teach(ch.target())
    chance = torch.Generator().manual_seed(1)
    other.W_back = {
        l: torch.randn(W.shape, generator=chance, dtype=W.dtype) for l, W in ch.W_back.items()
    }
    before, after = (DNI().step(c, x)[1].dense() for c in (ch, other))
    assert all(torch.equal(before.W[l], after.W[l]) for l in before.W)
    assert all(not torch.equal(before.own["A1"][l], after.own["A1"][l]) for l in (1, 2))


def test_the_label_does_not_reach_the_way_up():
    _, ch, x = bench(DNI())
    ch.own = woken(ch.own)
    first = DNI().step(ch, x)[0]
    second = DNI().step(ch.teach(ch.target().flip(-1)), x)[0]
    assert all(torch.equal(h, second.h[l]) for l, h in first.h.items())
    assert not torch.equal(DNI().predict(ch, 1, first), DNI().predict(ch, 1, second))


# learning


def task(rule, steps, sizes=(10, 30, 30, 30, 4), seed=0):
    """(loss at the start, at the end, angles of the layers at the end) on a teacher's classes."""
    network = make_network(sizes, seed, "relu", weights=Init("normal_fan_in", 2**0.5))
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1000, sizes[0], generator=generator)
    label = (x @ torch.randn(sizes[0], 4, generator=generator)).argmax(-1)
    t, own = torch.eye(4)[label], rule.draw(sizes, streams(seed))
    ch = Channels(network, own, streams(seed))
    setting = Setting(rule, sizes, optimiser="adam", learning_rate=1e-3, own_learning_rate=1e-2)
    descent, start = Descent(setting, network, own), float(network.loss(x, t).mean())
    for _ in range(steps):
        batch = torch.randint(len(x), (32,), generator=generator)
        descent.apply(rule.step(ch.teach(t[batch]), x[batch])[1])
    rows = alignment(rule, ch.teach(t), x)
    angles = [row["value"] for row in rows if row["metric"] == "gradient angle"]
    return start, float(network.loss(x, t).mean()), angles


def test_predictions_come_to_point_along_the_gradient():
    start, end, angles = task(DNI(), 400)
    assert end < 0.3 * start
    assert len(angles) == 3
    assert max(angles) < 85


def test_blocks_that_work_one_time_in_five_learn_and_blocks_that_never_do_learn_nothing():
    start, end, _ = task(DNI(p=0.2), 1500)
    assert end < 0.4 * start
    start, end, _ = task(DNI(p=1e-9), 50)
    assert end == start


def test_every_block_works_as_often_as_it_should_and_on_its_own():
    rule = DNI(p=0.3)
    _, ch, x = bench(rule, (6, 5, 5, 4, 3))
    worked = []
    for _ in range(400):
        update = rule.step(ch, x)[1]
        worked.append([l in update.W for l in range(1, 5)])
        assert set(update.own.get("A1", {})) == {l - 1 for l in update.W if l > 1}
    rates = torch.tensor(worked, dtype=torch.float64)
    assert float((rates.mean(0) - 0.3).abs().max()) < 0.1
    assert float((torch.corrcoef(rates.T) - torch.eye(4)).abs().max()) < 0.2
    before = ch.rng("choice").get_state()
    DNI().step(ch, x)
    assert torch.equal(ch.rng("choice").get_state(), before)  # p = 1 draws nothing


# the edges


def test_networks_side_by_side_learn_what_each_learns_alone():
    sizes, rule = (6, 5, 4, 3), DNI()
    singles = [bench(rule, sizes, seed) for seed in (0, 1)]
    init = Init("normal_fan_in")
    network = make_network(sizes, (0, 1), weights=init, biases=init, dtype=torch.float64)
    owns = [woken(ch.own, scale) for (_, ch, _), scale in zip(singles, (0.1, 0.3), strict=True)]
    own = {n: {l: torch.stack([o[n][l] for o in owns]) for l in owns[0][n]} for n in rule.learned}
    both, x = Channels(network, own, streams(0)), singles[0][2]
    together = rule.step(both.teach(singles[0][1].target()), x)[1].dense()
    for i, (_, ch, _) in enumerate(singles):
        ch.own = owns[i]
        alone = rule.step(ch.teach(singles[0][1].target()), x)[1].dense()
        assert_same({l: u[i] for l, u in together.W.items()}, alone.W)
        for n in rule.learned:
            assert_same({l: u[i] for l, u in together.own[n].items()}, alone.own[n])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("conditioned", 1, "conditioned is 1, expected True or False"),
        ("hidden", 64, "hidden is 64, expected a tuple of whole numbers >= 1"),
        ("hidden", (0,), r"hidden is \(0,\), expected a tuple of whole numbers >= 1"),
        ("lam", 1.5, "lam is 1.5, expected a number from 0 to 1"),
        ("p", 0.0, "p is 0.0, expected a probability above 0, at most 1"),
    ],
)
def test_a_bad_field_is_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        DNI(**{field: value})
