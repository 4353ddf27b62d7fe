"""Where rules draw: from the streams meant for it, and as often as they say."""

import pytest
import torch
from helpers import bench

from credit.nets.channels import Channels
from credit.nets.networks import Network
from credit.nets.streams import PURPOSES, streams
from credit.rules import catalogue
from credit.rules.attention_gated import AttentionGated
from credit.rules.decoupled_neural_interfaces import DecoupledNeuralInterfaces
from credit.rules.difference_target_propagation import DifferenceTargetPropagation
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.sign_symmetry import SignSymmetry
from credit.rules.weight_mirror import WeightMirror

SIZES = (6, 5, 4, 3)
BY_CHANCE = {  # what each draws from while it learns
    "redrawn magnitudes": (SignSymmetry("redrawn"), {"noise"}),
    "weight mirror": (WeightMirror(), {"noise"}),
    "sign of beta": (EquilibriumPropagation(), {"noise"}),
    "alternating inverses": (DifferenceTargetPropagation(), {"noise"}),
    "parallel inverses": (DifferenceTargetPropagation(learning="parallel"), {"noise"}),
    "transposed inverses": (DifferenceTargetPropagation(inverse="jacobian"), {"noise"}),
    "exploration": (AttentionGated(epsilon=0.5), {"choice"}),
    "blocks at work": (DecoupledNeuralInterfaces(p=0.5), {"choice"}),
}


def learned_from(rule) -> set[str]:
    """The streams that a step, a pass of preparation and an answer have drawn from."""
    network, ch, x = bench(rule, SIZES)
    used, fresh = streams(4), streams(4)
    ch = Channels(network, ch.own, used, len(x)).teach(ch.target(), torch.arange(len(x)))
    rule.step(ch, x)
    if rule.prepares:
        rule.prepare(ch, x)
    rule.answer(ch, x)
    return {p for p in PURPOSES if not torch.equal(used[p].get_state(), fresh[p].get_state())}


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_learning_leaves_the_streams_of_weights_feedback_and_order_alone(name):
    assert learned_from(catalogue()[name]()) <= {"noise", "choice"}


@pytest.mark.parametrize("name", BY_CHANCE)
def test_a_rule_that_leaves_something_to_chance_draws_it_from_its_own_stream(name):
    """Guards the test above, too: these do draw."""
    rule, drawn_from = BY_CHANCE[name]
    assert learned_from(rule) == drawn_from


@pytest.mark.parametrize(
    ("estimate", "least", "most"), [("random", 0.43, 0.57), ("positive", 1, 1)]
)
def test_the_sign_of_the_nudge_is_a_fair_coin(estimate, least, most):
    """Of 400 batches; three standard deviations of a fair coin are 0.075."""
    rule = EquilibriumPropagation(estimate=estimate)
    _, ch, x = bench(rule, (2, 2, 2), batch=1)
    upward = sum(rule.forward(ch, x).phases["plus"].steps > 0 for _ in range(400)) / 400
    assert least <= upward <= most


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_blocks_are_at_work_as_often_as_they_should(p):
    rule = DecoupledNeuralInterfaces(p=p)
    _, ch, x = bench(rule, SIZES, batch=1)
    worked = sum(len(rule.step(ch, x)[1].W) for _ in range(400)) / (3 * 400)
    assert worked == pytest.approx(p, abs=0.05)


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
def test_choices_explore_as_often_as_they_should(epsilon):
    """With three outputs that are nearly alike two of three explorations choose another unit."""
    rule = AttentionGated(epsilon)
    network, ch, x = bench(rule, SIZES, batch=3000)
    for p in network.layers[network.L].W, network.layers[network.L].b:
        p.mul_(1e-6)
    trace = rule.forward(ch, x)
    told = rule.teach(ch, trace)[network.L]  # zero but for the chosen unit
    others = (told.abs().argmax(-1) != trace.h[network.L].argmax(-1)).double().mean()
    assert float(others) == pytest.approx(epsilon * 2 / 3, abs=0.03 * (epsilon > 0))


def test_redrawn_magnitudes_do_not_depend_on_how_often_the_feedback_was_drawn():
    """The same noise after other draws of feedback: two purposes, two streams."""
    rule, told = SignSymmetry("redrawn"), []
    for draws in (0, 5):
        network, ch, x = bench(rule, SIZES)
        chance = streams(4)
        torch.rand(draws, generator=chance["feedback"])
        again = Channels(Network(network.layers), ch.own, chance).teach(ch.target())
        told.append(rule.teach(again, rule.forward(again, x))[1])
    assert torch.equal(*told)
