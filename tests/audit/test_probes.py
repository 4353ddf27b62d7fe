"""The audit's probes, on rules with known answers and on rules that cheat."""

from dataclasses import replace

import cheats
import pytest
import torch

from credit.audit import bench, probes
from credit.evidence.methods import project_rules
from credit.nets.channels import Channels
from credit.nets.networks import make_network
from credit.nets.streams import streams
from credit.rules import rule
from credit.rules.backprop import Backprop
from credit.rules.base import own_parameters
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.shallow import Shallow
from credit.studies.feedback_alignment import LeakyFeedback
from credit.training.descent import Descent
from credit.training.setting import Setting

RULES = sorted(project_rules())  # a reader's own may hear and read what they like
FEW = 5  # seeds, where the question is not how many say so


def audited(name, seed=0):
    """What 20 seeds say of a rule's weight transport, of its signs and of its teacher."""
    return probes.audit(rule(name), seed)


# statements


@pytest.mark.parametrize("name", RULES)
def test_twenty_seeds_agree_and_twenty_others_say_the_same(name):
    for first, second in zip(audited(name), audited(name, 20), strict=True):
        assert first.said == second.said == "20 of 20"
        assert first.verdict == second.verdict
        assert {f.seed for f in first.findings}.isdisjoint(f.seed for f in second.findings)


def test_seeds_that_do_not_agree_give_no_verdict():
    words = ("depends", "depends", "leaks")
    said = probes.Statement(tuple(probes.Finding("WT1", "", s, s, w) for s, w in enumerate(words)))
    assert (said.verdict, said.said) == ("depends on the seed", "2 depends, 1 leaks")
    assert (said.value, said.range) == (1, (0, 2))


# weight transport


TRANSPORT = {
    "independent": ["direct_feedback_alignment", "feedback_alignment", "generalized_recirculation",
                    "kolen_pollack", "recirculation", "two_sites", "weight_mirror"],
    "signs only": ["sign_symmetry"],
    "no hidden update": ["shallow"],
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_the_audit_finds_the_weight_transport_that_the_equations_have(name):
    words = [word for word, names in TRANSPORT.items() if name in names]
    assert [audited(name)[0].verdict] == (words or ["depends"])


def test_backprop_changes_as_much_as_the_weights_do_and_sign_symmetry_by_their_signs_alone():
    for statement in audited("backprop")[:2]:
        assert 0.5 < statement.range[0] <= statement.range[1] < 3
    first, second = audited("sign_symmetry")[:2]
    assert first.range[0] > 0.5 and second.range[1] < 1e-12


@pytest.mark.parametrize("share", [1e-2, 1e-4])
def test_a_rule_with_a_trace_of_weight_transport_is_caught_as_leaking(share):
    found = probes.weight_transport(LeakyFeedback(share=share), seeds=FEW)
    assert found.verdict == "leaks"
    assert 0.1 * share < found.range[0] <= found.range[1] < 10 * share


@pytest.mark.parametrize("cheat", cheats.CHEATS)
def test_a_rule_that_gets_at_the_weights_in_another_way_is_caught(cheat):
    found = probes.weight_transport(cheat(), seeds=FEW)
    assert found.verdict == "depends", found
    assert found.range[0] > 0.1


@pytest.mark.parametrize(
    "honest",
    [cheats.Penalised, cheats.DecaysInPlace, cheats.WithMomentum, cheats.NodePerturbation],
)
def test_a_rule_that_only_looks_like_a_cheat_is_not_accused(honest):
    assert probes.transport_verdict(honest(), seeds=FEW) == "independent"


def test_a_mirror_is_told_from_feedback_that_learns_from_the_examples_alone():
    """The perfect one among them, which no single step can tell from a copy."""
    assert probes.transport_verdict(cheats.PerfectMirror(), seeds=FEW) == "independent"
    for mirror in (cheats.PerfectMirror(), rule("weight_mirror")):
        assert probes.mirrors(mirror) > 0.05
    assert probes.mirrors(KolenPollack()) < 1e-12


def test_a_rule_that_leaves_the_hidden_layers_alone_gets_no_verdict():
    found = probes.weight_transport(Shallow(), seed=7, seeds=FEW)
    assert found.verdict == "no hidden update"
    assert [finding.seed for finding in found.findings] == list(range(7, 7 + FEW))


def test_a_rule_that_gives_no_number_is_called_that():
    assert probes.weight_transport(cheats.NotANumber(), seeds=FEW).verdict == "not finite"
    assert probes.teacher(cheats.NotANumber(), seeds=FEW).verdict == "not finite"


def test_a_network_that_has_not_come_to_rest_says_nothing(monkeypatch):
    monkeypatch.setattr(bench, "PATIENCE", 20)
    restless = rule("equilibrium_propagation")
    assert probes.weight_transport(restless, seeds=2).verdict == "not at rest"
    assert probes.teacher(restless, seeds=2).verdict == "not at rest"


def test_what_settles_comes_to_rest_to_the_last_digits():
    """Else a rest that is not quite reached would look like a trace of the weights."""
    trial = bench.set_up(rule("equilibrium_propagation"))
    longer = bench.set_up(rule("equilibrium_propagation"))
    ways = {name: replace(w, tolerance=0.0) for name, w in bench.settling(trial.rule).items()}
    longer.rule = replace(trial.rule, **ways)
    here, there = (bench.tried([t])[0] for t in (trial, longer))
    assert here.traces[0].steps < there.traces[0].steps
    for l, u in here.layers.items():
        assert (u - there.layers[l]).norm() < 1e-9 * u.norm()


def test_states_that_span_a_layer_leave_no_room_for_other_weights(monkeypatch):
    monkeypatch.setattr(bench.set_up, "__defaults__", (0, 20, bench.SIZES, True))
    assert probes.weight_transport(Backprop(), seeds=2).verdict == "no room"


def test_every_world_starts_from_the_same_place():
    """Two trials of a rule that writes in place come out the same, and leave nothing behind."""
    trial = bench.set_up(cheats.WithMomentum())
    first, second = bench.tried([trial]), bench.tried([trial])
    for a, b in ((first[0].layers, second[0].layers), (first[0].beside, second[0].beside)):
        assert all(torch.equal(a[k], b[k]) for k in a)
    assert not any(m.any() for m in trial.own["m"].values())
    assert first[0].beside["m"].any()  # guards the line above


@pytest.mark.parametrize("name", ["backprop", "kolen_pollack", "contrastive_hebbian"])
def test_an_ensemble_of_trials_gives_what_the_trials_give(name):
    trials = [bench.set_up(rule(name), seed) for seed in range(4)]
    alone = [bench.tried([trial])[0] for trial in trials]
    together = bench.tried(trials)
    for a, b in zip(alone, together, strict=True):
        for l in a.layers:
            torch.testing.assert_close(a.layers[l], b.layers[l], rtol=1e-8, atol=1e-10)
    assert not torch.allclose(alone[0].layers[1], alone[1].layers[1])


# worlds


def test_a_silent_twin_has_other_weights_and_the_same_activities():
    trial = bench.set_up(Backprop())
    (outcome,) = bench.tried([trial])
    twin, size = probes.silent_twin(trial.network, outcome, but=2)
    here, there = trial.network.forward(trial.x), twin.forward(trial.x)
    for l, layer in trial.network.layers.items():
        torch.testing.assert_close(here.h[l], there.h[l], rtol=0, atol=1e-13)
        change = (twin.layers[l].W - layer.W).norm() / layer.W.norm()
        assert float(change) == pytest.approx(0 if l == 2 else 1)
    assert size == pytest.approx(1)
    elsewhere = trial.network.forward(trial.x.flip(-1)).h[1] - twin.forward(trial.x.flip(-1)).h[1]
    assert elsewhere.abs().max() > 0.1  # other examples see the difference


class Signs(Backprop):
    def asks(self, sizes):
        return super().asks(sizes) | {"sent": "sign"}


def test_a_silent_twin_is_silent_to_what_units_send_and_not_to_what_they_are():
    trial = bench.set_up(Signs())
    twin, _ = probes.silent_twin(trial.network, bench.tried([trial])[0])
    here, there = trial.network.forward(trial.x), twin.forward(trial.x)
    for l, layer in trial.network.layers.items():
        torch.testing.assert_close(here.h[l], there.h[l], rtol=0, atol=1e-13)
        assert not torch.allclose(layer.W, twin.layers[l].W)


def test_a_silent_twin_can_keep_the_signs_of_all_weights():
    trial = bench.set_up(Backprop())
    (outcome,) = bench.tried([trial])
    same, size = probes.silent_twin(trial.network, outcome, same_signs=True)
    other, _ = probes.silent_twin(trial.network, outcome)
    for l, layer in trial.network.layers.items():
        assert torch.equal(same.layers[l].W.sign(), layer.W.sign())
        assert not torch.equal(other.layers[l].W.sign(), layer.W.sign())
    assert 0.01 < size < 1
    torch.testing.assert_close(
        same.forward(trial.x).h[4], trial.network.forward(trial.x).h[4], rtol=0, atol=1e-13
    )


# the teacher


@pytest.mark.parametrize("name", RULES)
def test_every_rule_hears_the_full_target_but_two(name):
    words = {"attention_gated": "reward", "kickback": "scalar"}
    assert audited(name)[2].verdict == words.get(name, "full target")


HEARS = {
    Backprop: (10, 9, "full target"),
    cheats.HalfOfTheOutputs: (6, 5, "partial target"),
    cheats.NodePerturbation: (10, 1, "scalar"),
    cheats.RewardOnly: (2, 1, "reward"),
    cheats.Unsupervised: (1, 0, "no teacher"),
}


@pytest.mark.parametrize("kind", HEARS)
def test_what_a_teacher_sends_is_measured(kind):
    """How many updates ten labels cause, how many numbers they span, and the word for it."""
    found = probes.teacher(kind(), seeds=FEW)
    count, numbers, word = HEARS[kind]
    assert found.said == f"{FEW} of {FEW}" and found.verdict == word
    assert {(f.value, f.numbers) for f in found.findings} == {(count, numbers)}
    assert all(2**f.bits == pytest.approx(count) for f in found.findings)


def test_one_output_hears_one_number_whatever_the_rule():
    """Kickback's scalar is all there is to say to its network; backprop there is told no more."""
    kickback = rule("kickback")

    class Same(Backprop):
        def asks(self, sizes):
            return kickback.asks(sizes)

    for one in (kickback, Same()):
        found = probes.teacher(one, seeds=FEW)
        assert {(f.value, f.numbers, f.verdict) for f in found.findings} == {(10, 1, "scalar")}


def test_the_clipped_outputs_of_the_bench_are_within_a_teachers_reach(monkeypatch):
    """With the outputs where random weights put them, some labels are out of reach."""
    eqprop = rule("equilibrium_propagation")
    assert probes.teacher(eqprop, seeds=FEW).verdict == "full target"
    made = bench.make_network

    def lowered(*args, **kwargs):
        network = made(*args, **kwargs)
        network.layers[network.L].b -= 2
        return network

    monkeypatch.setattr(bench, "make_network", lowered)
    assert probes.teacher(eqprop, seeds=FEW).verdict != "full target"


# a wrong rule


class Broadcasts(Backprop):
    def teach(self, ch, trace):
        return {l: signal[:, :1] for l, signal in super().teach(ch, trace).items()}


def test_the_slope_of_the_bench_cannot_be_rebuilt_from_activities():
    """With tanh it is 1 - h^2, and a rule could do without the channel that gives it."""
    trial = bench.set_up(Backprop())
    ch = bench.Visited(trial)
    trace = Backprop().forward(ch, trial.x)
    for l in range(1, ch.L):
        away = ch.slope_own(l, trace) - (1 - trace.h[l] ** 2)
        assert away.abs().max() > 0.05


def test_a_rule_that_breaks_its_contract_is_refused_with_its_one_line():
    with pytest.raises(ValueError, match=r"^Broadcasts: teach, layer \d: came \[3, 1\], expected"):
        probes.audit(Broadcasts())


# state across batches


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_descent_leaves_a_rules_state_alone(optimiser):
    momentum, sizes = cheats.WithMomentum(), (6, 5, 4, 3)
    setting = Setting(momentum, sizes, learning_rate=0.1, optimiser=optimiser, weight_decay=0.1)
    network, own = make_network(sizes), own_parameters(momentum, sizes, 0)
    ch = Channels(network, own, streams(0)).teach(torch.eye(3))
    descent, x = Descent(setting, network, own), torch.randn(3, 6)
    for _ in range(3):
        _, update = momentum.step(ch, x)
        written = {l: m.clone() for l, m in own["m"].items()}
        before = {l: B.clone() for l, B in own["B"].items()}
        descent.apply(update)
        assert all(torch.equal(m, written[l]) for l, m in own["m"].items())
        assert all(not torch.equal(B, before[l]) for l, B in own["B"].items())
    assert all(m.any() for m in own["m"].values())
