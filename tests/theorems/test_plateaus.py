"""Segregated dendrites: what is proved of them, and what a plain loop makes of the same spikes."""

import numpy as np
import pytest
import torch
from scipy import stats

from credit.nets.streams import streams
from credit.spiking.segregated_dendrites import RATE, STEPS, Setting, draw
from credit.spiking.segregated_in_time import Net
from credit.studies import segregated_dendrites as studied


def outputs(n=200):
    """Feedback weights of the first network, output rates before the teacher, and their change."""
    given = draw(Setting(sizes=(784, 500, 10)), streams(0))
    before = RATE * torch.rand(n, 10, dtype=torch.float64) ** 3
    after = RATE * torch.eye(10, dtype=torch.float64)[torch.arange(n) % 10]
    return given["y1"], before, after - before


def test_small_differences_of_plateaus_are_direct_feedback_alignment():
    """P3: the relative error is of first order in the teacher's push, and the direction is near."""
    Y, before, e = outputs()
    scales, errors = np.geomspace(1e-3, 1e-1, 5), []
    for scale in scales:
        got, linear = studied.plateaus(Y, before, scale * e)
        errors.append(float((got - linear).norm() / linear.norm()))
    assert stats.linregress(np.log(scales), np.log(errors)).slope == pytest.approx(1, abs=0.1)
    full, linear = studied.plateaus(Y, before, e)
    cosine = torch.nn.functional.cosine_similarity
    assert cosine(full, e @ Y, dim=1).mean() > 0.98
    assert cosine(full, -e @ Y.flip(0), dim=1).mean() < 0.9  # another feedback would be seen


def test_theorem_1_holds_where_mu_is_below_1_and_fails_elsewhere():
    """P4."""
    trials = studied.theorem(180)
    inside = trials["mu"] < 1
    random, inverse, noisy = (trials["feedback"] == kind for kind in studied.FEEDBACK)
    assert (trials["ratio"][inside] < 1).all()
    assert (trials["ratio"] ** 2 <= trials["mu"] * 1.001 + 1e-3).all()  # also where it grows
    assert not inside[random].any()  # at first the condition fails
    assert inside[inverse].all() and (trials["off"][inverse] < 1e-6).all()  # by construction
    assert 5 < inside[noisy].sum() < 55 and (trials["off"][noisy] > 0.01).all()
    assert (trials["ratio"][noisy & ~inside] >= 1).any()


def test_the_plain_loop_and_torch_agree_for_the_same_spikes():
    setting, random = Setting(sizes=(12, 9, 4), learning_rate=0.3), np.random.default_rng(0)
    given = draw(setting, streams(0))
    loop, net = studied.PlainLoop(setting, given), Net(setting, given, torch.float64)
    for label in (1, 2):
        x = random.random(12)
        spikes = [(random.random((STEPS, n)) < 0.1).astype(float) for n in setting.sizes]
        loop.learn(x, label, None, spikes)
        net.learn(torch.tensor(x), label, spikes=[torch.tensor(s) for s in spikes])
    for l in (1, 2):
        np.testing.assert_allclose(loop.w[f"w{l}"], net.W[l - 1], rtol=0, atol=1e-9)
        np.testing.assert_allclose(loop.v[f"V{l}"], net.state[l - 1][2], rtol=0, atol=1e-9)
        assert np.abs(loop.w[f"w{l}"] - given[f"w{l}"].numpy()).max() > 1e-6
    np.testing.assert_allclose(loop.v["A"], net.apical[0][1], rtol=0, atol=1e-9)


def test_torch_learns_ten_times_as_many_images_as_a_plain_loop_in_the_same_time():
    """Side by side on one core; nothing is said of seconds. A small part of what is reported."""
    assert studied.speed(images=6)["ratio"].item() > 4  # however busy the machine is
