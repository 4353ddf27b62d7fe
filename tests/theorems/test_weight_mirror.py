"""Weight mirror: its update written out with the same noise, and where it comes to rest."""

from dataclasses import replace

import pytest
import torch
from helpers import assert_same, bench, largest_difference

from credit.nets.networks import Init
from credit.nets.streams import streams
from credit.rules.weight_mirror import WeightMirror
from credit.training.descent import Descent
from credit.training.setting import Setting

SIZES, SEED = (6, 5, 4, 3), 3


def by_hand(rule, network, B, batch, wrong=""):
    """{l: dB_l} of (WM), pattern by pattern, with the noise that a fresh network would draw.

    wrong  which part of the formula is left out, to show that it counts
    """
    chance, dB = streams(SEED)["noise"], {}
    for l in B:
        layer, fan_in = network.layers[l], network.sizes[l - 1]
        n = rule.sigma * torch.randn(batch, fan_in, generator=chance, dtype=torch.float64)
        b = 0 * layer.b if wrong == "bias" else layer.b
        a = torch.stack([layer.W @ pattern + b for pattern in n])
        linear = l == network.L and rule.top == "drive"
        r = a if linear or wrong == "slope" else network.phi(l, a)
        mean = 0 if not rule.centred or wrong == "centre" else sum(r) / batch
        dB[l] = 0 * B[l] if wrong == "decay" else rule.decay * B[l]
        variance = rule.sigma if wrong == "sigma" else rule.sigma**2
        patterns = 1 if wrong == "batch" else batch
        for post, pre in zip(r, n, strict=True):
            dB[l] = dB[l] - torch.outer(post - mean, pre) / (patterns * variance)
    return dB


def both(sigma, decay, batch, wrong=""):
    """dB of the rule and by hand, in a network with biases."""
    rule = WeightMirror(sigma=sigma, decay=decay)
    network, ch, x = bench(rule, SIZES, SEED, batch)
    ours = rule.step(ch, x)[1].dense().own["B"]
    return ours, by_hand(rule, network, ch.own["B"], batch, wrong)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
@pytest.mark.parametrize(("decay", "batch"), [(1.0, 7), (0.3, 20), (0.0, 2)])
def test_the_mirror_learns_by_the_formula_it_states(sigma, decay, batch):
    assert_same(*both(sigma, decay, batch), atol=1e-11)


@pytest.mark.parametrize("top", ["drive", "activity"])
@pytest.mark.parametrize("centred", [True, False])
def test_the_mirror_of_the_authors_code_does_too(top, centred):
    """A sigmoid in the output layer as well, no centring, no decay, and a pass without the data."""
    rule = WeightMirror(sigma=0.1, decay=0.0, top=top, centred=centred, before=1)
    network, ch, x = bench(rule, SIZES, SEED, 7, output="logistic")
    expected = by_hand(rule, network, ch.own["B"], 7)
    assert_same(rule.prepare(ch, x).own["B"], expected, atol=1e-11)
    ch.rng("noise").set_state(streams(SEED)["noise"].get_state())
    assert_same(rule.step(ch, x)[1].dense().own["B"], expected, atol=1e-11)
    for other in (
        replace(rule, centred=not centred),
        replace(rule, top={"drive": "activity"}.get(top, "drive")),
    ):
        assert largest_difference(by_hand(other, network, ch.own["B"], 7), expected) > 1e-2


@pytest.mark.parametrize("part", ["decay", "sigma", "batch", "centre", "bias", "slope"])
def test_every_part_of_the_formula_counts(part):
    """Guards the test above."""
    assert largest_difference(*both(0.5, 0.3, 7, wrong=part)) > 1e-2


@pytest.mark.parametrize(("sigma", "batch"), [(0.1, 40), (0.5, 80)])
def test_the_mirror_comes_to_rest_at_the_forward_weights_in_size_too(sigma, batch):
    """In linear units <dB> = decay B - W: with a decay of 1 it rests at W, with 2 at half of W."""
    for decay in (1.0, 2.0):
        rule = WeightMirror(Init("uniform_fan_in"), sigma, decay)
        network, ch, x = bench(rule, SIZES, SEED, batch, nonlinearity="linear")
        ch.teach(network.forward(x).h[network.L])  # no error: nothing to learn forward
        descent = Descent(Setting(rule, SIZES, own_learning_rate=0.02), network, ch.own)
        last, kept = dict.fromkeys(ch.own["B"], 0.0), 400
        for step in range(700):
            descent.apply(rule.step(ch, x)[1])
            for l, B in ch.own["B"].items():
                last[l] = last[l] + B / kept * (step >= 700 - kept)
        for l, mean in last.items():
            W = network.layers[l].W
            assert float((decay * mean - W).norm() / W.norm()) < 0.05


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sigma": 0.0}, "sigma is 0.0, expected a positive number"),
        ({"decay": -0.1}, "decay is -0.1, expected a number of at least 0"),
        ({"top": "softmax"}, "top is 'softmax', expected one of drive, activity"),
        ({"before": -1}, "before is -1, expected a non-negative integer"),
    ],
)
def test_what_no_mirror_can_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        WeightMirror(**given)
