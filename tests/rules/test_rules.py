"""The catalogue of rules, what every rule keeps to, and two rules computed by hand."""

import dataclasses
import inspect
import math
from pathlib import Path

import pytest
import torch
from helpers import bench

import credit.rules
from credit import paths
from credit.evidence.methods import project_rules
from credit.evidence.verdicts import published
from credit.nets.channels import Channels
from credit.nets.networks import Dense, Init, Network
from credit.nets.streams import PURPOSES, streams
from credit.rules import catalogue, rule
from credit.rules.base import Rule
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.sign_symmetry import SignSymmetry

FILES = sorted(p.stem for p in Path(credit.rules.__file__).parent.glob("*.py"))
FILES = [name for name in FILES if name not in ("__init__", *credit.rules.HELPERS)]
RULES = sorted(catalogue().items())
EVERY = pytest.mark.parametrize("kind", [k for _, k in RULES], ids=[name for name, _ in RULES])
SIZES = (6, 5, 4, 3)


# the catalogue


def test_the_catalogue_has_every_file_of_the_folder_once():
    assert sorted(catalogue()) == FILES
    assert len(set(catalogue().values())) == len(FILES)


@EVERY
def test_a_file_holds_one_rule(kind):
    here = inspect.getmembers(inspect.getmodule(kind), inspect.isclass)
    rules = [c for _, c in here if issubclass(c, Rule) and c.__module__ == kind.__module__]
    assert rules == [kind]


@EVERY
def test_a_rule_says_its_name_its_short_name_and_its_source(kind):
    assert kind.name and kind.short
    assert all(isinstance(text, str) for text in (kind.name, kind.short, kind.source))


@pytest.mark.parametrize("field", ["name", "short"])
def test_no_two_rules_have_the_same_name(field):
    names = [getattr(kind, field) for _, kind in RULES]
    assert len(set(names)) == len(names)


def test_a_rule_is_found_by_its_file_name_and_takes_its_fields():
    found = rule("feedback_alignment", feedback=Init("uniform", 0.4))
    assert found == FeedbackAlignment(Init("uniform", 0.4))


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown rule 'nonsense'") as caught:
        rule("nonsense")
    assert all(name in str(caught.value) for name in FILES)


# what every rule keeps to


@EVERY
def test_a_rule_draws_the_same_parameters_from_the_same_seed(kind):
    first, second = (kind().draw(SIZES, streams(4)) for _ in range(2))
    assert first.keys() == second.keys()
    for name in first:
        assert first[name].keys() == second[name].keys()
        assert all(torch.equal(w, second[name][l]) for l, w in first[name].items())
        assert all(w.dtype == torch.float32 for w in first[name].values())


@pytest.mark.parametrize("name", ["feedback_alignment", "direct_feedback_alignment"])
def test_a_rule_draws_other_parameters_from_another_seed(name):
    """Guards the test above: it would also pass if nothing were random."""
    first, second = (rule(name).draw(SIZES, streams(seed))["B"] for seed in (4, 5))
    assert all(not torch.equal(first[l], second[l]) for l in first)


@EVERY
def test_drawing_leaves_the_streams_of_weights_and_order_alone(kind):
    used, fresh = streams(4), streams(4)
    kind().draw(SIZES, used)
    for purpose in set(PURPOSES) - {"feedback"}:
        assert torch.equal(used[purpose].get_state(), fresh[purpose].get_state())


@EVERY
def test_the_learned_parameters_are_those_that_an_update_changes(kind):
    rule = kind()
    _, ch, x = bench(rule, SIZES)
    own = rule.step(ch, x)[1].own | (rule.prepare(ch, x).own if rule.prepares else {})
    assert set(own) == set(rule.learned)
    for name, updates in own.items():
        assert updates.keys() == ch.own[name].keys()


@EVERY
def test_an_update_has_the_shapes_of_what_it_changes(kind):
    network, ch, x = bench(kind(), SIZES)
    update = kind().step(ch, x)[1].dense()
    assert network.L in update.W
    for l, dW in update.W.items():
        assert dW.shape == network.layers[l].W.shape
        assert update.b[l].shape == network.layers[l].b.shape
    for name, updates in update.own.items():
        assert all(dB.shape == ch.own[name][l].shape for l, dB in updates.items())


@EVERY
def test_a_step_changes_neither_the_network_nor_the_rules_own_parameters(kind):
    network, ch, x = bench(kind(), SIZES)
    held = network.parameters() + [w for ws in ch.own.values() for w in ws.values()]
    before = [w.clone() for w in held]
    kind().step(ch, x)
    assert all(torch.equal(w, then) for w, then in zip(held, before, strict=True))


@EVERY
def test_a_rule_is_frozen_and_equal_to_its_twin(kind):
    assert kind() == kind()
    assert hash(kind()) == hash(kind())
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().name = "another"


def test_a_rule_without_teach_says_so():
    class Silent(Rule):
        pass

    _, ch, x = bench(Silent(), SIZES)
    with pytest.raises(NotImplementedError, match="Silent does not say how it teaches"):
        Silent().step(ch, x)


def test_an_unknown_magnitude_of_sign_symmetry_is_refused():
    with pytest.raises(ValueError, match="magnitude is 'big', expected uniform, redrawn or fixed"):
        SignSymmetry("big")


# by hand: a tanh network 2-2-2-1 with a linear output, two examples

W = {1: [[0.5, -0.3], [0.8, 0.1]], 2: [[-0.6, 0.9], [0.4, 0.7]], 3: [[1.1, -0.5]]}
BIAS = {1: [0.1, -0.2], 2: [0.3, 0.05], 3: [-0.4]}
X = [[1.0, -2.0], [0.5, 1.5]]
T = [[0.7], [-0.3]]
B_LAYERS = {2: [[0.2, -0.9], [1.3, 0.4]], 3: [[-0.7, 0.6]]}  # [n_l, n_{l-1}]
B_DIRECT = {1: [[0.8, -1.2]], 2: [[-0.7, 0.6]]}  # [n_L, n_l]


def by_hand(direct, slope_from=lambda l: l):
    """({l: dW_l}, {l: db_l}) of FA or DFA, one number at a time.

    slope_from  the layer whose slope is used at layer l: its own, unless a test breaks it
    """
    dW = {l: [[0.0] * len(row) for row in W[l]] for l in W}
    db = {l: [0.0] * len(W[l]) for l in W}
    for x, t in zip(X, T, strict=True):
        h = {0: x}
        for l in (1, 2, 3):
            a = [BIAS[l][i] + sum(w * p for w, p in zip(W[l][i], h[l - 1], strict=True))
                 for i in range(len(W[l]))]  # fmt: skip
            h[l] = a if l == 3 else [math.tanh(v) for v in a]
        delta = {3: [h[3][0] - t[0]]}
        for l in (2, 1):
            above, back = (3, B_DIRECT[l]) if direct else (l + 1, B_LAYERS[l + 1])
            tau = [sum(delta[above][k] * back[k][j] for k in range(len(back))) for j in (0, 1)]
            slope = [1 - v**2 for v in h[slope_from(l)]]
            delta[l] = [tau[j] * slope[j] for j in (0, 1)]
        for l in (1, 2, 3):
            for i, d in enumerate(delta[l]):
                db[l][i] += d / 2
                for j, p in enumerate(h[l - 1]):
                    dW[l][i][j] += d * p / 2
    return dW, db


def by_library(kind, B):
    def tensors(numbers):
        return {l: torch.tensor(v, dtype=torch.float64) for l, v in numbers.items()}

    weights, biases = tensors(W), tensors(BIAS)
    layers = {l: Dense(weights[l], biases[l]) for l in W}
    network = Network(layers, "tanh", "linear")
    ch = Channels(network, {"B": tensors(B)}, streams(0))
    ch.teach(torch.tensor(T, dtype=torch.float64))
    return kind().step(ch, torch.tensor(X, dtype=torch.float64))[1].dense()


BY_HAND = pytest.mark.parametrize(
    ("kind", "B", "direct"),
    [(FeedbackAlignment, B_LAYERS, False), (DirectFeedbackAlignment, B_DIRECT, True)],
)


@BY_HAND
def test_an_update_is_the_one_computed_by_hand(kind, B, direct):
    update, (dW, db) = by_library(kind, B), by_hand(direct)
    for l in W:
        for got, want in zip(update.W[l].tolist(), dW[l], strict=True):
            assert got == pytest.approx(want, rel=0, abs=1e-14)
        assert update.b[l].tolist() == pytest.approx(db[l], rel=0, abs=1e-14)


@BY_HAND
def test_the_slope_of_another_layer_gives_another_update(kind, B, direct):
    """Guards the test above: these numbers tell the layers' slopes apart."""
    update, (_, wrong) = by_library(kind, B), by_hand(direct, slope_from=lambda l: 3 - l)
    for l in (1, 2):
        assert max(abs(u - w) for u, w in zip(update.b[l].tolist(), wrong[l], strict=True)) > 0.01


def test_every_source_of_a_rule_and_of_a_published_value_is_in_the_references():
    """Papers by their key; a value read in a repository names that, as owner/name. Rules of a
    reader's own may name what they like."""
    references = (paths.ROOT / "paper" / "references.bib").read_text(encoding="utf-8")
    keys = {r.source for r in project_rules().values() if r.source}
    keys |= set(published()["paper"])
    missing = {key for key in keys if "/" not in key and f"{{{key}," not in references}
    assert not missing
