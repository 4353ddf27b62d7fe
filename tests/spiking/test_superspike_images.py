"""SuperSpike on images: its changes against synapses stepped one by one, and against autograd."""

from dataclasses import replace

import pytest
import torch

from credit.spiking import superspike_torch as fast
from credit.spiking import surrogate_backprop
from credit.spiking.superspike import SuperSpike
from credit.spiking.superspike_images import Learner, Setting, latencies
from credit.studies import superspike as studied
from credit.tasks import data

SMALL = Setting(SuperSpike("random"), (16, 6, 4), batch=5, spread=(120.0, 80.0))


def some_images(n=5):
    g = torch.Generator().manual_seed(0)
    return torch.rand(n, 16, generator=g), torch.randint(4, (n,), generator=g)


def in_double(learner):
    learner.W = [w.double() for w in learner.W]
    learner.b = learner.b.double()
    return learner


@pytest.mark.parametrize("feedback", ["random", "symmetric", "uniform"])
def test_the_change_is_that_of_synapses_stepped_one_by_one(feedback):
    setting = replace(SMALL, rule=SuperSpike(feedback))
    learner, (x, label) = in_double(Learner(setting, 0)), some_images()
    shown = learner.show(x)
    found = learner.changes(shown, label, label)
    (step, image, pixel), states = shown
    S0 = torch.zeros(setting.steps, len(x), 16, dtype=torch.float64)
    S0[step, image, pixel] = 1
    (v1, S1), (v2, S2), c = *states, learner.c
    assert S1.sum() > 10 and S2.sum() > 3
    e = fast.double(learner.target(label) - S2, c)
    back = learner.W[1].T if feedback == "symmetric" else learner.b
    for got, pre, v, error in ((found[1], S1, v2, e), (found[0], S0, v1, e @ back)):
        want = fast.changes(fast.double(pre, c), c.slope(v), error, c).mean(0)
        torch.testing.assert_close(got, want, rtol=0, atol=1e-12)
        assert want.abs().max() > 1e-6


def test_without_a_hidden_layer_the_change_is_that_of_the_output_synapses():
    setting = replace(SMALL, rule=SuperSpike("none"), sizes=(16, 4))
    learner, (x, label) = in_double(Learner(setting, 0)), some_images()
    shown = learner.show(x)
    (found,) = learner.changes(shown, label, label)
    (step, image, pixel), ((v, S),), c = *shown, learner.c
    S0 = torch.zeros(setting.steps, len(x), 16, dtype=torch.float64)
    S0[step, image, pixel] = 1
    e = fast.double(learner.target(label) - S, c)
    want = fast.changes(fast.double(S0, c), c.slope(v), e, c).mean(0)
    torch.testing.assert_close(found, want, rtol=0, atol=1e-12)
    assert want.abs().max() > 1e-6
    other = learner.changes(shown, (label + 1) % 4, label)[0]
    assert (other - want).abs().max() > 1e-6


def test_a_shuffled_teacher_reaches_the_hidden_layer_alone():
    learner, (x, label) = Learner(replace(SMALL, rule=SuperSpike(shuffled=True)), 0), some_images()
    shown = learner.show(x)
    one, other = (learner.changes(shown, label, t) for t in (label, (label + 1) % 4))
    assert (one[0] != other[0]).any()
    torch.testing.assert_close(one[1], other[1], rtol=0, atol=0)


def test_a_bright_pixel_fires_early_a_dark_one_never():
    x = torch.tensor([[1.0, 0.5, 0.3, 0.2, 0.0]])
    step, _, pixel = latencies(x, SMALL)
    assert dict(zip(pixel.tolist(), step.tolist(), strict=True)) == {0: 4, 1: 10, 2: 22}


# beside autograd


def test_one_layer_without_the_reset_in_the_gradient_is_the_gradient():
    W, x, target, _ = studied.problem((8, 3), steps=200, seeds=range(3))
    (found,) = studied.by_rule(W, x, target, studied.C)
    (want,) = surrogate_backprop.changes(W, x, target, studied.C, "not in the gradient")
    # an eligibility's second filter takes rates, the error's impulses
    torch.testing.assert_close(found / studied.C.dt, want, rtol=0, atol=1e-12)
    assert (studied.angle(found, want) < 1e-6).all()
    for reset in ("cuts the past", "differentiated"):
        (other,) = surrogate_backprop.changes(W, x, target, studied.C, reset)
        assert studied.angle(found, other).mean() > 1


def test_a_hidden_layer_is_told_something_else_than_the_gradient():
    W, x, target, b = studied.problem((8, 5, 3), steps=200, seeds=range(3))
    want = surrogate_backprop.changes(W, x, target, studied.C, "not in the gradient")
    for feedback in ("symmetric", "random", "uniform"):
        found = studied.by_rule(W, x, target, studied.C, feedback, b)
        assert (studied.angle(found[1], want[1]) < 1e-6).all()
        assert (studied.angle(found[0], want[0]) > 1).all()


def test_an_unknown_reset_is_refused():
    with pytest.raises(ValueError, match="reset is 'soft', expected one of not in the gradient"):
        surrogate_backprop.neurons(torch.zeros(2, 1), studied.C, "soft")


# learning


def corners(name):
    """Four classes of a 4 x 4 picture: which row is bright."""
    random = torch.Generator().manual_seed(0)
    label = torch.randint(4, (480,), generator=random)
    x = 0.2 * torch.rand(480, 4, 4, generator=random)
    x[torch.arange(480), label] += 0.7
    splits = [data.Split(x[k].flatten(1), label[k]) for k in (slice(320), slice(320, 480))]
    return data.Dataset(name, splits[0], splits[1], splits[1], tuple("abcd"), (1, 4, 4))


def test_it_learns_where_weights_may_change_and_not_without(monkeypatch):
    from credit.spiking import superspike_images

    monkeypatch.setattr(data, "load", corners)
    setting = replace(SMALL, sizes=(16, 20, 4), learning_rate=4.0, hidden_rate=4.0, batch=10)

    def error(setting):
        rows = superspike_images.run(setting, seed=0)
        return {row["metric"]: row["value"] for row in rows}["test error"]

    learned, off = error(setting), error(replace(setting, learning_rate=0.0, hidden_rate=0.0))
    assert learned < 10 < 50 < off
    assert error(replace(setting, teacher="backprop through time")) < 10
    assert error(replace(setting, optimiser="rmaxprop")) < 30


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sizes": (784, 9, 9, 10)}, "sizes has one hidden layer or none, got"),
        ({"optimiser": "sgd"}, "optimiser is 'sgd', expected one of adam, rmaxprop"),
        ({"teacher": "parrot"}, "teacher is 'parrot', expected one of rule, backprop through time"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Setting(**wrong)
