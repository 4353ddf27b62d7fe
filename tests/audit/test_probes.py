"""The audit's probes, on rules with known answers and on rules that cheat."""

from dataclasses import dataclass

import pytest
import torch

from credit.audit import probes
from credit.rules import catalogue, rule
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.studies.feedback_alignment import LeakyFeedback

RULES = sorted(catalogue())


@pytest.mark.parametrize("name", ["feedback_alignment", "direct_feedback_alignment"])
@pytest.mark.parametrize("seed", range(3))
def test_fixed_random_feedback_needs_no_weight_transport(name, seed):
    finding = probes.weight_transport(rule(name), seed)
    assert (finding.value, finding.verdict) == (0.0, "independent")


@pytest.mark.parametrize("seed", range(3))
def test_backprop_depends_on_the_forward_weights_and_not_only_on_their_signs(seed):
    """Reference values, of the same probe written independently: 1.6 and 1.0."""
    assert probes.weight_transport(Backprop(), seed).value == pytest.approx(1.6, abs=0.5)
    assert probes.weight_transport(Backprop(), seed, probes.SignKept).value == pytest.approx(
        1, abs=0.6
    )


def test_sign_symmetry_depends_on_the_signs_of_the_forward_weights_and_on_nothing_else():
    ss = rule("sign_symmetry")
    assert probes.weight_transport(ss).value == pytest.approx(1.3, abs=0.5)
    assert probes.weight_transport(ss, channels=probes.SignKept).value == 0


@pytest.mark.parametrize("name", ["kolen_pollack", "weight_mirror"])
def test_learned_feedback_reads_no_forward_weights_on_the_way_back(name):
    assert probes.weight_transport(rule(name)).verdict == "independent"


def test_a_rule_that_leaves_the_hidden_layers_alone_gets_no_verdict():
    assert probes.weight_transport(Shallow()).verdict == "no hidden update"


@pytest.mark.parametrize("name", [n for n in RULES if n not in ("attention_gated", "kickback")])
def test_a_rule_that_takes_the_error_uses_the_full_target(name):
    finding = probes.label_count(rule(name))
    answers = probes.set_up(rule(name)).network.answers
    assert answers >= 10
    assert (finding.value, finding.verdict) == (answers, "full target")


def test_a_rule_that_is_told_only_whether_it_was_right_can_make_two_updates():
    finding = probes.label_count(rule("attention_gated"))
    assert (finding.value, finding.verdict) == (2, "reward")


def test_the_one_number_of_a_scalar_network_is_its_full_target():
    finding = probes.label_count(rule("kickback"))
    assert (finding.value, finding.verdict) == (2, "full target")


def test_what_a_rule_learns_on_the_side_counts_and_starts_awake():
    """Synthetic gradients start at zero, and only their lesson goes through the weights."""
    bench = probes.set_up(rule("decoupled_neural_interfaces"))
    before, after = bench.update(), bench.update(probes.Scrambled)
    for l in range(1, bench.network.L):
        assert before.W[l].any() and torch.equal(before.W[l], after.W[l])
    assert probes.weight_transport(rule("decoupled_neural_interfaces")).verdict == "depends"


@pytest.mark.parametrize("share", [1e-2, 1e-4])
def test_a_rule_with_a_trace_of_weight_transport_is_caught_as_leaking(share):
    finding = probes.weight_transport(LeakyFeedback(share=share))
    assert finding.verdict == "leaks"
    assert 0.1 * share < finding.value < 10 * share


@dataclass(frozen=True)
class RewardOnly(Backprop):
    """Sees no more of the teacher than whether the largest output is right."""

    name, short = "reward", "reward"

    def teach(self, ch, trace):
        choice = trace.h[ch.L].argmax(-1)
        return {ch.L: (ch.reward(choice) - 0.5) * trace.h[ch.L]}


@dataclass(frozen=True)
class Unsupervised(Backprop):
    name, short = "unsupervised", "unsupervised"

    def teach(self, ch, trace):
        return {ch.L: trace.h[ch.L]}


def test_the_label_count_tells_reward_and_no_teacher_from_the_full_target():
    assert probes.label_count(RewardOnly()).verdict == "reward"
    assert probes.label_count(Unsupervised()).verdict == "no teacher"
