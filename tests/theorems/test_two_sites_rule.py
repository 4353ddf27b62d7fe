"""Two sites of integration as a rule: what it equals, and what its bursts say."""

import math

import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference

from credit.nets.networks import Init
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.two_sites import TwoSites

SIZES = (6, 5, 4, 3)


def updates(rule, V=None, nonlinearity="logistic"):
    """The dense update of a rule in one network, its V replaced."""
    network, ch, x = bench(rule, SIZES, nonlinearity=nonlinearity, output="logistic_squared")
    name = "B" if "B" in ch.own else "V"
    for l, w in ch.own[name].items():
        w.copy_(network.layers[l].W if V == "mirrored" else V[l] if V else w)
    return network, ch, x, rule.step(ch, x)[1].dense()


def test_with_mirrored_apical_weights_the_update_is_the_gradient():
    network, ch, x, update = updates(TwoSites(), "mirrored")
    dW, db = autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


@pytest.mark.parametrize("gain", ["activity", "none"])
def test_with_another_gain_it_is_not(gain):
    """Guards the test above."""
    network, ch, x, update = updates(TwoSites(gain=gain), "mirrored")
    assert largest_difference(update.W, autograd(network, ch, x)[0]) > 1e-4


def test_without_noise_it_is_the_rule_of_kolen_and_pollack():
    V = {2: torch.randn(4, 5, dtype=torch.float64), 3: torch.randn(3, 4, dtype=torch.float64)}
    ours, theirs = updates(TwoSites(), V)[-1], updates(KolenPollack(), V)[-1]
    assert_same(ours.W, theirs.W)
    assert_same(ours.own["V"], theirs.own["B"])
    assert largest_difference(ours.W, updates(TwoSites(alpha=0.1), V)[-1].W) > 1e-3


def test_counted_bursts_say_the_error_on_average_and_scatter_as_counts_do():
    rule = TwoSites(events=100.0)
    _, ch, _ = bench(rule, SIZES, nonlinearity="logistic", output="logistic_squared")
    delta = torch.full((200_000,), 0.1, dtype=torch.float64)
    heard = rule._bursts(ch, delta)
    assert heard.mean().item() == pytest.approx(0.1, abs=1e-3)
    assert heard.std().item() == pytest.approx(math.sqrt((0.25 - 0.1) / 100), rel=0.02)
    assert rule._bursts(ch, torch.full((9,), 0.4)).eq(0.25).all()  # there is no rate below zero


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gain": "loud"}, "gain is 'loud', expected one of derivative, activity, none"),
        ({"events": 0.0}, "events is 0.0, expected more than 0"),
    ],
    ids=["gain", "events"],
)
def test_an_impossible_rule_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        TwoSites(**wrong)


def test_feedback_is_drawn_as_it_says():
    rule = TwoSites(feedback=Init("zero"))
    _, ch, _ = bench(rule, SIZES)
    assert all(not w.any() for w in ch.own["V"].values())
