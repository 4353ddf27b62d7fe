"""What a seed decides: weights, feedback, order and noise, each of them, and nothing twice."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch

from credit.nets.networks import Init, make_network
from credit.nets.streams import PURPOSES, streams
from credit.rules.attention_gated import AttentionGated
from credit.rules.base import own_parameters
from credit.rules.difference_target_propagation import DifferenceTargetPropagation
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.kickback import Kickback
from credit.rules.weight_mirror import WeightMirror
from credit.training.run import build, run
from credit.training.setting import Setting

SIZES = (784, 8, 6, 10)


@dataclass(frozen=True)
class Watched(FeedbackAlignment):
    """Feedback alignment that keeps what it saw at every update."""

    seen: ClassVar[list] = []

    def step(self, ch, x):
        own = {l: B.clone() for l, B in ch.own["B"].items()}
        chance = {purpose: ch.rng(purpose).initial_seed() for purpose in PURPOSES}
        self.seen.append(({l: W.clone() for l, W in ch.W_own.items()}, own, x, chance))
        return super().step(ch, x)


SETTING = Setting(Watched(), SIZES, examples=200, batch=25, epochs=1)
UPDATES = 8  # the last steps that a rule takes are those of training; one before may be on trial


def watched(seed, **changes):
    """(W and B at the first update, the examples in the order of training, seeds of chance)."""
    Watched.seen.clear()
    run(replace(SETTING, **changes), seed)
    steps = Watched.seen[-UPDATES:]
    W, B, _, chance = steps[0]
    return W, B, torch.cat([x for *_, x, _ in steps]), chance


def none_alike(first: dict, second: dict) -> bool:
    return not any(torch.equal(first[l], second[l]) for l in first)


@pytest.fixture(scope="module")
def two():
    return watched(0), watched(1)


def test_another_seed_starts_from_other_weights(two):
    assert none_alike(two[0][0], two[1][0])


def test_another_seed_draws_other_feedback(two):
    assert none_alike(two[0][1], two[1][1])


def test_another_seed_shows_the_same_examples_in_another_order(two):
    first, second = two[0][2], two[1][2]
    assert not torch.equal(first, second)
    assert sorted(first.sum(1).tolist()) == sorted(second.sum(1).tolist())


def test_another_seed_has_other_chance_for_every_purpose(two):
    assert all(two[0][3][purpose] != two[1][3][purpose] for purpose in PURPOSES)


def test_the_same_seed_has_all_of_it_again(two):
    """Guards the tests above."""
    W, B, shown, chance = watched(1)
    assert all(torch.equal(W[l], two[1][0][l]) for l in W)
    assert all(torch.equal(B[l], two[1][1][l]) for l in B)
    assert torch.equal(shown, two[1][2]) and chance == two[1][3]


@pytest.mark.parametrize("seed", [0, 3])
def test_weights_and_feedback_are_those_that_the_seed_gives_elsewhere(seed):
    """So that a notebook can build the network of a run without the run."""
    W, B, _, chance = watched(seed)
    network, own = make_network(SIZES, seed), own_parameters(Watched(), SIZES, seed)
    assert all(torch.equal(layer.W, W[l]) for l, layer in network.layers.items())
    assert all(torch.equal(own["B"][l], B[l]) for l in B)
    assert chance == {name: stream.initial_seed() for name, stream in streams(seed).items()}


APART = Setting(
    Kickback(), (784, 8, 6, 2), "signed_relu", "pair", coherent=True, apart=True,
    weights=(Init("normal_fan_in"), *2 * (Init("coherent_fan_in"),)),
)  # fmt: skip


def test_no_two_networks_apart_are_the_same_within_a_seed_or_between_seeds():
    W = [W for seed in (0, 1, 2) for W in build(APART, seed, 10).layers[1].W]
    assert len(W) == 30
    assert len({tuple(w.flatten().tolist()) for w in W}) == 30


# measuring

BY_CHANCE = {
    "weight mirror": (WeightMirror(), {}),
    "exploration": (AttentionGated(epsilon=0.5), {"output": "linear"}),
    "sign of beta": (
        EquilibriumPropagation(),
        {"nonlinearity": "hard_sigmoid", "output": "hard_sigmoid_squared"},
    ),
    "noisy inverses": (DifferenceTargetPropagation(learning="parallel"), {}),
}


@pytest.mark.parametrize("name", BY_CHANCE)
def test_measuring_draws_none_of_the_random_numbers_of_training(name, monkeypatch):
    """What a rule finds when an update begins is what the last one left, and at first a fresh
    stream, whatever was measured before and in between."""
    rule, network = BY_CHANCE[name]
    before, after, step = [], [], type(rule).step

    def states(ch):
        return torch.cat([ch.rng(purpose).get_state() for purpose in ("noise", "choice")])

    def kept(self, ch, x):
        before.append(states(ch))
        result = step(self, ch, x)
        after.append(states(ch))
        return result

    monkeypatch.setattr(type(rule), "step", kept)
    rows = run(replace(SETTING, rule=rule, **network), 5)
    measured = {row["epoch"] for row in rows if row["metric"] == "delta angle"}
    assert {0, 1 / 8, 3 / 8, 1} <= measured
    before, after = before[-UPDATES:], after[-UPDATES:]
    fresh = streams(5)
    assert torch.equal(before[0], torch.cat([fresh[p].get_state() for p in ("noise", "choice")]))
    assert all(torch.equal(a, b) for a, b in zip(after[:-1], before[1:], strict=True))
    assert not torch.equal(before[0], after[-1])  # and an update does draw
