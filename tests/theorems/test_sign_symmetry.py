"""Sign symmetry: what its feedback matrices are, read off from what they carry down."""

import pytest
import torch
from helpers import bench

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.base import own_parameters
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.sign_symmetry import SignSymmetry

SIZES = (
    4,
    6,
    3,
)  # F_2 is 3 by 6: the sides of a square could be taken for each other
MAGNITUDES = pytest.mark.parametrize("magnitude", ["uniform", "redrawn", "fixed"])


def feedback(rule, steps=1, seed=0):
    """(F_2 of every step, W_2): tau_1 = e F_2 solved for F_2, with as many examples as outputs."""
    network, ch, _ = bench(rule, SIZES, seed, batch=3, output="linear")
    chance = torch.Generator().manual_seed(seed)
    x, t = (torch.randn(3, n, generator=chance, dtype=torch.float64) for n in (4, 3))
    ch.teach(t)
    found = []
    for _ in range(steps):
        trace = rule.forward(ch, x)
        tau = rule.teach(ch, trace)
        found.append(torch.linalg.solve(tau[2], tau[1]))
    return found, network.layers[2].W


@MAGNITUDES
def test_every_feedback_weight_has_the_sign_of_its_forward_weight_at_every_step(magnitude):
    found, W = feedback(SignSymmetry(magnitude), steps=5)
    assert all(torch.equal(F.sign(), W.sign()) for F in found)


def test_those_of_feedback_alignment_do_not():
    """Guards the test above."""
    (F,), W = feedback(FeedbackAlignment())
    assert not torch.equal(F.sign(), W.sign())


@pytest.mark.parametrize(
    ("kind", "size"),
    [("normal", 1), ("uniform", 3**-0.5), ("normal_fan_in", 400**-0.5), ("orthogonal", 400**-0.5),
     ("uniform_fan_in", 1200**-0.5), ("normal_fan_sum", 700**-0.5)],
)  # fmt: skip
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_uniform_magnitudes_have_the_size_of_the_initialiser_whatever_its_kind(kind, size, scale):
    rule = SignSymmetry("uniform", Init(kind, scale))
    M = rule.draw((2, 400, 300), streams(0))["M"][2]
    assert (M[0, 0] == M).all() and M.shape == (300, 400)
    assert float(M[0, 0]) == pytest.approx(scale * size, rel=0.01)


def test_uniform_magnitudes_are_those_that_carry_the_error():
    rule = SignSymmetry("uniform")
    (F,), _ = feedback(rule)
    M = rule.draw(SIZES, streams(0))["M"][2].double()
    torch.testing.assert_close(F.abs(), M, rtol=0, atol=1e-7)


@pytest.mark.parametrize("magnitude", ["redrawn", "fixed"])
def test_other_magnitudes_are_those_of_the_initialiser(magnitude):
    found, _ = feedback(SignSymmetry(magnitude, Init("uniform_fan_in", 2.0)), steps=40)
    sizes = torch.stack(found).abs()
    bound = 2 / 6**0.5
    assert bound / 2 < float(sizes.max()) <= bound * (1 + 1e-12)
    assert float(sizes.std()) > 0.1 * bound


def test_redrawn_magnitudes_of_an_ensemble_have_the_fan_in_of_one_network():
    rule, seeds = SignSymmetry("redrawn", Init("normal_fan_in")), range(40)
    network = make_network(SIZES, seeds, output="linear", dtype=torch.float64)
    ch = Channels(network, own_parameters(rule, SIZES, seeds, torch.float64), streams(0))
    t = torch.eye(3, dtype=torch.float64)
    trace = rule.forward(ch.teach(t), torch.eye(3, 4, dtype=torch.float64).expand(40, 3, 4))
    tau = rule.teach(ch, trace)
    F = torch.linalg.solve(tau[2], tau[1])
    assert torch.equal(F.sign(), network.layers[2].W.sign())
    assert float(F.square().mean().sqrt()) == pytest.approx(6**-0.5, rel=0.1)
