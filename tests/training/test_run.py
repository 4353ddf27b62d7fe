"""Training: the setting, the optimisers, and `run` as a pure function of a setting and a seed."""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
import torch
from helpers import bench

from credit.nets.channels import Channels
from credit.nets.networks import Dense, Init, Network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import Rule, Update
from credit.rules.contrastive_hebbian import ContrastiveHebbian
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.shallow import Shallow
from credit.rules.weight_mirror import WeightMirror
from credit.runs.store import Job
from credit.tasks import data
from credit.training import run as module
from credit.training.arithmetic import without_denormals
from credit.training.descent import Descent
from credit.training.run import error_rates, run
from credit.training.setting import Setting

TINY = Setting(FeedbackAlignment(), (784, 8, 6, 10), examples=300, batch=25, epochs=1)
TIMES = {"cpu time"}


def numbers(rows):
    """Rows without the one that cannot repeat."""
    return [row for row in rows if row["metric"] not in TIMES]


def values(rows, metric):
    return [row["value"] for row in rows if row["metric"] == metric]


# the setting


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "backprop"}, r"rule is 'backprop', expected a Rule such as Backprop\(\)"),
        ({"rule": Backprop}, r"rule is <class .*Backprop'>, expected a Rule"),
        ({"optimiser": "adagrad"}, "optimiser is 'adagrad', expected one of sgd, rmsprop"),
        ({"schedule": "cosine"}, "schedule is 'cosine', expected one of constant, linear"),
        ({"batch": 0}, "batch is 0, expected a whole number of at least 1"),
        ({"batch": 2.0}, "batch is 2.0, expected a whole number"),
        ({"batch": True}, "batch is True, expected a whole number"),
        ({"batch": None}, "batch is None, expected a whole number"),
        ({"epochs": 0}, "epochs is 0, expected a whole number"),
        ({"examples": -5}, "examples is -5, expected a whole number"),
        ({"precision": "half"}, "precision is 'half', expected one of float32, float64"),
        ({"coherent": True}, "coherent needs signed_relu units, got tanh"),
        ({"learning_rate": 0}, "learning_rate is 0.0, expected a positive number"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1, expected a positive number"),
        ({"learning_rate": float("nan")}, "learning_rate is nan, expected a positive number"),
        ({"learning_rate": float("inf")}, "learning_rate is inf, expected a positive number"),
        ({"weight_decay": float("nan")}, "weight_decay is nan, expected a number of at least 0"),
        ({"own_learning_rate": float("inf")}, "own_learning_rate is inf, expected a number"),
        ({"stop_below": -1}, "stop_below is -1.0, expected a number of at least 0"),
        ({"rule": WeightMirror(), "batch": 1}, "batch is 1 of 300 examples, weight mirror needs"),
        (
            {"rule": WeightMirror(), "examples": 1},
            "batch is 25 of 1 examples, weight mirror needs at least 2 side by side",
        ),
        ({"learning_rate": "fast"}, "learning_rate is 'fast', expected a positive number"),
        ({"learning_rate": (0.1, 0.1)}, "learning_rate has 2 rates, expected 3: one a layer"),
        (
            {"learning_rate": (0.1, 0.1, 0)},
            r"learning_rate is \(0.1, 0.1, 0.0\), expected a positive",
        ),
        ({"sizes": 5}, "sizes is 5, expected at least input, one hidden layer and output"),
        ({"sizes": "784"}, "sizes is '784', expected at least input, one hidden layer"),
        ({"sizes": (784, 10)}, r"sizes is \(784, 10\), expected at least input, one hidden"),
        ({"sizes": (784, 0, 10)}, r"sizes is \(784, 0, 10\), expected .* each >= 1"),
        ({"sizes": (784, 5.5, 10)}, r"sizes is \(784, 5.5, 10\), expected .* each >= 1"),
        (
            {"sizes": (784, 10**8, 10)},
            r"sizes is \(784, 100000000, 10\), expected at most 1e\+09 weights",
        ),
        ({"output": "x"}, "output is 'x', expected one of softmax, logistic"),
        ({"output": {}}, "output is {}, expected one of softmax, logistic"),
        ({"nonlinearity": "x"}, "nonlinearity is 'x', expected one of tanh, logistic"),
        ({"sent": "x"}, "sent is 'x', expected one of graded, sign"),
        ({"weights": "x"}, "weights is 'x', expected an Init, or a tuple with one a layer"),
        ({"weights": None}, "weights is None, expected an Init, or a tuple with one a layer"),
        ({"weights": (Init(), "x", Init())}, r"weights is \(Init.*'x'.*\), expected an Init, or"),
        ({"weights": (Init(), Init())}, "weights has 2 inits, expected 3: one a layer"),
        ({"biases": "x"}, "biases is 'x', expected an Init, or a tuple with one a layer"),
        ({"biases": ()}, "biases has 0 inits, expected 3: one a layer"),
        ({"shuffled": "False"}, "shuffled is 'False', expected True or False"),
        ({"test_epochs": 1}, "test_epochs is 1, expected a tuple of epochs from 1 to 1"),
        ({"test_epochs": (0,)}, r"test_epochs is \(0,\), expected a tuple of epochs from 1 to 1"),
        ({"test_epochs": (0.5,)}, r"test_epochs is \(0.5,\), expected a tuple of epochs"),
        ({"test_epochs": (99,)}, r"test_epochs is \(99,\), expected a tuple of epochs from 1"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_with_the_value(change, message):
    with pytest.raises(ValueError, match=message) as refused:
        replace(TINY, **change)
    assert "\n" not in str(refused.value)


def test_a_shorter_run_may_keep_the_epochs_at_which_a_longer_one_is_tested():
    assert replace(TINY, epochs=2, test_epochs=(1, 99)).test_epochs == (1, 99)


@pytest.mark.parametrize(
    ("sizes", "label"),
    [
        ((784, 400, 400, 10), "2x400 tanh"),
        ((784, 30, 10), "1x30 tanh"),
        ((784, 30, 20, 10), "30-20 tanh"),
    ],
)
def test_the_label_names_the_hidden_layers_as_papers_do(sizes, label):
    assert Setting(Backprop(), sizes).label == label


@pytest.mark.parametrize("sizes", [(783, 8, 10), (784, 8, 9)], ids=str)
def test_sizes_that_do_not_fit_the_data_are_refused(sizes):
    message = rf"sizes \({sizes[0]}, 8, {sizes[-1]}\) do not fit mnist: expected 784 inputs and 10"
    with pytest.raises(ValueError, match=message):
        run(replace(TINY, sizes=sizes), seed=0)


# run


@pytest.fixture(scope="module")
def rows():
    return run(TINY, seed=0)


def test_the_same_setting_and_seed_give_the_same_rows(rows):
    assert numbers(run(TINY, seed=0)) == numbers(rows)


def test_the_random_numbers_of_the_program_around_it_do_not_matter(rows):
    torch.manual_seed(99)
    torch.rand(7)
    assert numbers(run(TINY, seed=0)) == numbers(rows)


def test_another_seed_gives_other_rows(rows):
    other = numbers(run(TINY, seed=1))
    assert [row["metric"] for row in other] == [row["metric"] for row in numbers(rows)]
    assert all(a != b for a, b in zip(other, numbers(rows), strict=True))


def test_a_row_says_epoch_layer_metric_value_and_unit(rows):
    assert all(list(row) == ["epoch", "layer", "metric", "value", "unit"] for row in rows)
    units = {row["metric"]: row["unit"] for row in rows}
    errors = dict.fromkeys(("train error", "validation error", "test error"), "%")
    angles = dict.fromkeys(("delta angle", "gradient angle", "weight angle"), "deg")
    assert units == {**errors, **angles, "norm ratio": "1", "cpu time": "s"}


def test_angles_belong_to_layers_and_errors_to_the_network(rows):
    layers = defaultdict(set)
    for row in rows:
        layers[row["metric"]].add(row["layer"])
    assert layers["delta angle"] == layers["gradient angle"] == layers["norm ratio"] == {1, 2}
    assert layers["weight angle"] == {2, 3}
    assert layers["train error"] == layers["test error"] == layers["cpu time"] == {0}


def test_angles_are_measured_at_the_start_early_in_the_first_epoch_and_at_its_end(rows):
    epochs = [r["epoch"] for r in rows if r["metric"] == "delta angle" and r["layer"] == 1]
    assert epochs == pytest.approx([0, 1 / 12, 3 / 12, 10 / 12, 1])


def test_training_teaches_more_than_chance():
    setting = replace(TINY, rule=Backprop(), examples=2000, learning_rate=0.3)
    assert values(run(setting, seed=0), "test error")[0] < 40  # chance: 90


def test_the_test_set_is_looked_at_after_the_last_epoch_and_where_asked_only():
    rows = run(replace(TINY, examples=50, epochs=4, test_epochs=(2,)), seed=0)

    def epochs(metric):
        return [row["epoch"] for row in rows if row["metric"] == metric]

    assert epochs("test error") == [2, 4]
    assert epochs("validation error") == epochs("train error") == [1, 2, 3, 4]


def test_the_last_batch_may_be_smaller():
    rows = run(replace(TINY, examples=30), seed=0)
    assert [r["epoch"] for r in rows if r["metric"] == "test error"] == [1]


def shuffled(split):
    return data.Split(split.x, split.label.roll(1))


def changed(monkeypatch, name):
    """Rows of a run in which the labels of one split are wrong."""
    mnist = data.load("mnist")
    other = replace(mnist, **{name: shuffled(getattr(mnist, name))})
    monkeypatch.setattr(data, "load", lambda _: other)
    return numbers(run(TINY, seed=0))


def test_the_test_labels_reach_the_test_error_only(rows, monkeypatch):
    got, plain = changed(monkeypatch, "test"), numbers(rows)
    different = {a["metric"] for a, b in zip(got, plain, strict=True) if a != b}
    assert different == {"test error"}


def test_the_validation_labels_reach_no_weight(rows, monkeypatch):
    got, plain = changed(monkeypatch, "validation"), numbers(rows)
    different = {a["metric"] for a, b in zip(got, plain, strict=True) if a != b}
    assert "validation error" in different
    assert not different & {"train error", "test error", "weight angle"}


def test_the_training_labels_reach_everything(rows, monkeypatch):
    """Guards the two tests above: wrong labels do change a run."""
    got, plain = changed(monkeypatch, "train"), numbers(rows)
    different = {a["metric"] for a, b in zip(got, plain, strict=True) if a != b}
    assert {"train error", "test error", "validation error", "weight angle"} <= different


def steps(monkeypatch, setting, seed=0):
    """Fraction of the learning rate and change of W_1 at every update of a run."""
    fractions, changes, apply = [], [], Descent.apply

    def watched(self, update, fraction=1.0):
        before = self.layers[1].W.clone()
        apply(self, update, fraction)
        fractions.append(fraction)
        changes.append(float((self.layers[1].W - before).norm()))

    monkeypatch.setattr(Descent, "apply", watched)
    run(setting, seed)
    return fractions, changes


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_linear_schedule_falls_to_nearly_zero(monkeypatch, optimiser):
    setting = replace(TINY, schedule="linear", optimiser=optimiser, epochs=2, learning_rate=0.01)
    fractions, changes = steps(monkeypatch, setting)
    assert fractions == pytest.approx([1 - k / 24 for k in range(24)])
    assert changes[-1] < 0.2 * max(changes)
    assert changes[-1] > 0


def test_a_constant_schedule_stays(monkeypatch):
    fractions, changes = steps(monkeypatch, replace(TINY, optimiser="adam", learning_rate=0.01))
    assert set(fractions) == {1.0}
    assert changes[-1] > 0.2 * max(changes)


def test_every_example_comes_once_an_epoch_shuffled_or_as_in_the_files():
    chance = streams(0)["order"]
    files = replace(TINY, batch=4, shuffled=False).batches(10, chance)
    assert [batch.tolist() for batch in files] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    first, second = (torch.cat(replace(TINY, batch=4).batches(10, chance)) for _ in range(2))
    assert first.tolist() != second.tolist() != list(range(10)) != first.tolist()
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(10))


def test_training_in_the_order_of_the_files_is_another_run():
    setting = replace(TINY, test_epochs=())
    shuffled, files = (
        values(run(s, 0), "train error") for s in (setting, replace(setting, shuffled=False))
    )
    assert shuffled != files  # that is, setting.batches is asked


def test_training_stops_once_the_running_error_is_low_enough():
    setting = replace(TINY, epochs=5, learning_rate=0.3, test_epochs=())
    errors = values(run(setting, seed=0), "train error")
    running, expected = 100.0, []
    for error in errors:
        running = 0.75 * running + 0.25 * error
        expected.append(running)
    rows = run(replace(setting, stop_below=expected[2]), seed=0)
    assert values(rows, "train error") == errors[:3]
    assert [r["epoch"] for r in rows if r["metric"] == "test error"] == [3]
    assert len(errors) == 5


# what a rule owns


def drawn(monkeypatch, rule, **changes):
    """The rule's own parameters before and after a run."""
    held, draw = {}, type(rule).draw

    def watched(self, sizes, streams):
        held["after"] = draw(self, sizes, streams)
        held["before"] = {l: B.clone() for l, B in held["after"]["B"].items()}
        return held["after"]

    monkeypatch.setattr(type(rule), "draw", watched)
    run(replace(TINY, rule=rule, **changes), seed=0)
    return held["before"], held["after"]["B"]


@pytest.mark.parametrize("optimiser", ["sgd", "rmsprop", "adam"])
@pytest.mark.parametrize("rule", [FeedbackAlignment(), DirectFeedbackAlignment()])
def test_fixed_feedback_is_the_same_to_the_bit_after_training(monkeypatch, rule, optimiser):
    before, after = drawn(monkeypatch, rule, optimiser=optimiser, weight_decay=0.1)
    assert all(torch.equal(after[l], B) for l, B in before.items())


@pytest.mark.parametrize("optimiser", ["sgd", "rmsprop", "adam"])
def test_learned_feedback_is_not(monkeypatch, optimiser):
    before, after = drawn(monkeypatch, KolenPollack(), optimiser=optimiser, learning_rate=0.01)
    assert all(float((after[l] - B).abs().max()) > 1e-3 for l, B in before.items())


def inputs(monkeypatch, setting, seed=0):
    """What the network is shown and its error on the first batch, in the order of training."""
    shown, step = [], Rule.step

    def watched(self, ch, x):
        trace, update = step(self, ch, x)
        shown.append((x, trace.h[ch.L]))
        return trace, update

    monkeypatch.setattr(Rule, "step", watched)
    run(setting, seed)
    monkeypatch.undo()
    return shown


@pytest.mark.parametrize(
    "other", [FeedbackAlignment(Init("normal", 0.3)), DirectFeedbackAlignment(), Backprop()]
)
def test_other_feedback_leaves_the_weights_and_the_order_of_the_data_alone(monkeypatch, other):
    first = inputs(monkeypatch, TINY)
    second = inputs(monkeypatch, replace(TINY, rule=other))
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
    assert torch.equal(first[0][1], second[0][1])  # the same answers before the first update
    assert not torch.equal(first[-1][1], second[-1][1])  # and others at the end


def test_an_epoch_shows_every_example_once_in_another_order(monkeypatch):
    shown = inputs(monkeypatch, replace(TINY, epochs=2))
    epochs = [torch.cat([x for x, _ in half]) for half in (shown[:12], shown[12:])]
    x = data.load("mnist").train.x[:300]
    for epoch in epochs:
        assert sorted(epoch.sum(1).tolist()) == sorted(x.sum(1).tolist())
    assert not torch.equal(epochs[0], epochs[1])


# the optimisers

SIZES = (6, 5, 4, 3)
OPTIMISERS = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adam99": partial(torch.optim.Adam, betas=(0.9, 0.99)),
}


def groups(network, decay):
    layers = network.layers.values()
    return [
        {"params": [layer.W for layer in layers], "weight_decay": decay},
        {"params": [layer.b for layer in layers]},
    ]


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_descent_is_that_of_torch_with_decay_on_the_weights_only(name, decay):
    network, ch, x = bench(Backprop(), SIZES)
    twin = network.copy()
    setting = Setting(Backprop(), SIZES, optimiser=name, learning_rate=0.05, weight_decay=decay)
    descent = Descent(setting, network, {})
    reference = OPTIMISERS[name](groups(twin, decay), lr=0.05)
    for p in twin.parameters():
        p.requires_grad_()
    for _ in range(5):
        update = Backprop().step(ch, x)[1]
        if name == "sgd":  # gradients of its own, by autograd
            reference.zero_grad()
            twin.loss(x, ch.target()).mean().backward()
        else:  # roots of squares amplify the last digit: the same updates
            written_out = update.dense()
            for l, layer in twin.layers.items():
                layer.W.grad, layer.b.grad = written_out.W[l].clone(), written_out.b[l].clone()
        descent.apply(update)
        reference.step()
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs.detach(), rtol=0, atol=1e-12)


def test_graves_rmsprop_is_its_formula_and_not_torchs():
    network = Network({1: Dense(torch.ones(1, 1), torch.zeros(1))})
    setting = Setting(Backprop(), SIZES, optimiser="graves", learning_rate=0.05)
    descent, W = Descent(setting, network, {}), network.layers[1].W
    n = m = v = 0.0
    w = 1.0
    for g in (0.3, -0.1, 0.02, 0.02):
        n, m = 0.95 * n + 0.05 * g * g, 0.95 * m + 0.05 * g
        v = 0.9 * v - 0.05 * g / (n - m * m + 0.001) ** 0.5
        w += v
        descent.apply(Update({1: torch.tensor([[g]])}, {}))
        assert float(W) == pytest.approx(w, rel=1e-5)
    outside = 1.0 - 0.05 * 0.3 / ((0.05 - 0.05**2) ** 0.5 * 0.3 + 0.001)
    first = 1.0 - 0.05 * 0.3 / (0.05 * 0.09 - (0.05 * 0.3) ** 2 + 0.001) ** 0.5
    assert abs(outside - first) > 0.01  # where the 0.001 stands makes a difference


def test_plain_descent_is_the_formula():
    network, ch, x = bench(Backprop(), SIZES)
    update = Backprop().step(ch, x)[1].dense()
    expected = {
        l: (layer.W - 0.05 * (update.W[l] + 0.2 * layer.W), layer.b - 0.05 * update.b[l])
        for l, layer in network.layers.items()
    }
    setting = Setting(Backprop(), SIZES, learning_rate=0.1, weight_decay=0.2)
    Descent(setting, network, {}).apply(Backprop().step(ch, x)[1], fraction=0.5)
    for l, layer in network.layers.items():
        torch.testing.assert_close(layer.W, expected[l][0], rtol=0, atol=1e-14)
        torch.testing.assert_close(layer.b, expected[l][1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("optimiser", ["rmsprop", "adam"])
def test_a_fraction_of_the_learning_rate_scales_every_group(optimiser):
    rule = KolenPollack()
    network, ch, _ = bench(rule, SIZES)
    setting = Setting(
        rule, SIZES, optimiser=optimiser, learning_rate=0.1, own_learning_rate=0.01
    )  # fmt: skip
    descent = Descent(setting, network, ch.own)
    _, ch, x = bench(rule, SIZES)
    descent.apply(rule.step(ch, x)[1], fraction=0.25)
    # W and b share a group where nothing decays
    assert [g["lr"] for g in descent.optimiser.param_groups] == [0.025, 0.0025]


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_every_layer_may_have_a_learning_rate_of_its_own(optimiser):
    rates, moved = (0.1, 0.02, 0.003), {}
    for given in (rates, 0.1):
        rule = KolenPollack()
        network, ch, x = bench(rule, SIZES)
        before = network.copy()
        B = {l: w.clone() for l, w in ch.own["B"].items()}
        setting = Setting(rule, SIZES, optimiser=optimiser, learning_rate=given)
        Descent(setting, network, ch.own).apply(rule.step(ch, x)[1])
        moved[given] = [
            (network.layers[l].W - before.layers[l].W, network.layers[l].b - before.layers[l].b)
            for l in network.layers
        ] + [(ch.own["B"][l] - B[l],) for l in B]
    shares = [rate / 0.1 for rate in rates] + [rate / 0.1 for rate in rates[1:]]
    for own, same, share in zip(moved[rates], moved[0.1], shares, strict=True):
        for a, b in zip(own, same, strict=True):
            torch.testing.assert_close(a, share * b, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_what_a_rule_learns_may_have_a_learning_rate_of_its_own(optimiser):
    moved = {}
    for rate in (None, 1e-4):
        rule = KolenPollack()
        network, ch, x = bench(rule, SIZES)
        before = {l: B.clone() for l, B in ch.own["B"].items()}
        W = network.layers[2].W.clone()
        setting = Setting(
            rule, SIZES, optimiser=optimiser, learning_rate=0.1, own_learning_rate=rate
        )  # fmt: skip
        Descent(setting, network, ch.own).apply(rule.step(ch, x)[1])
        moved[rate] = (
            float((ch.own["B"][2] - before[2]).norm()),
            float((network.layers[2].W - W).norm()),
        )
    assert moved[None][0] == pytest.approx(moved[None][1], rel=1e-6)
    assert moved[1e-4][0] == pytest.approx(1e-3 * moved[None][0], rel=1e-6)
    assert moved[1e-4][1] == moved[None][1]


@pytest.mark.parametrize("optimiser", ["sgd", "rmsprop", "adam"])
def test_layers_without_an_update_stay_as_they_are(optimiser):
    network, ch, x = bench(Shallow(), SIZES)
    before = network.copy()
    setting = Setting(Shallow(), SIZES, optimiser=optimiser, weight_decay=0.1)
    descent = Descent(setting, network, {})
    for _ in range(3):
        descent.apply(Shallow().step(ch, x)[1])
    for l in (1, 2):
        assert torch.equal(network.layers[l].W, before.layers[l].W)
        assert torch.equal(network.layers[l].b, before.layers[l].b)
    assert not torch.equal(network.layers[3].W, before.layers[3].W)


@pytest.mark.parametrize("optimiser", ["sgd", "rmsprop", "adam"])
def test_an_update_is_spent_in_its_own_step(optimiser):
    """Layers that have one in the first step and none in the second stay where the first left."""
    network, ch, x = bench(Shallow(), SIZES)
    descent = Descent(Setting(Shallow(), SIZES, optimiser=optimiser), network, {})
    descent.apply(Backprop().step(ch, x)[1])
    before = network.copy()
    descent.apply(Shallow().step(ch, x)[1])
    moved = [l for l, layer in network.layers.items() if not layer.W.equal(before.layers[l].W)]
    assert moved == [3]


# the error


def test_the_error_rate_is_the_share_of_wrong_answers_in_percent():
    layers = {l: Dense(torch.eye(3), torch.zeros(3)) for l in (1, 2)}
    x = torch.eye(3)[torch.tensor([0, 1, 2, 2, 1])]  # the answer is the input's one
    split = data.Split(x, torch.tensor([0, 1, 2, 0, 0]))
    network = Network(layers, "linear", "softmax")

    def answer(x):
        return network.forward(x).h[network.L]

    for chunk in (1, 2, 5, 2000):
        assert error_rates(answer, split, 3, chunk) == 40.0
    assert error_rates(answer, data.Split(x, x.argmax(-1)), 3) == 0.0


def test_the_probe_of_the_angles_is_smaller_than_the_validation_set():
    assert 0 < module.PROBE < len(data.load("mnist").validation)


# networks apart, values instead of classes, passes of their own

APART = Setting(
    Backprop(), (784, 8, 6, 2), "signed_relu", "pair", coherent=True, apart=True, examples=300,
    weights=(Init("normal_fan_in"), *2 * (Init("coherent_fan_in"),)), batch=25, epochs=1,
)  # fmt: skip
ARM = replace(APART, sizes=(21, 8, 6, 2), dataset="arm")


def trained(setting, seed=0, monkeypatch=None):
    """The network that run() leaves behind."""
    made = []
    build = module.build
    monkeypatch.setattr(module, "build", lambda *given: made.append(build(*given)) or made[0])
    run(setting, seed)
    return made[0]


def test_networks_apart_answer_one_class_each(monkeypatch):
    network = trained(APART, monkeypatch=monkeypatch)
    assert network.layers[1].W.shape == (10, 8, 784)
    x = data.load("mnist").test.x[:50]
    y = module.answers(network.forward(x).h[3])
    assert y.shape == (50, 10)
    for k in (0, 7):
        alone = Network(
            {l: Dense(d.W[k], d.b[k]) for l, d in network.layers.items()}, "signed_relu", "pair"
        )
        torch.testing.assert_close(y[:, k], alone.forward(x).h[3][:, 0])


def test_networks_apart_are_taught_with_plus_and_minus_one():
    label = torch.tensor([2, 0])
    t = module.targets(label, 3, True, torch.float32)
    assert t.squeeze(-1).tolist() == [[-1, 1], [-1, -1], [1, -1]]
    assert module.targets(label, 3, False, torch.float32).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_networks_apart_learn(monkeypatch):
    rows = run(replace(APART, examples=2000, optimiser="adam", learning_rate=3e-3), 0)
    assert values(rows, "test error")[0] < 60


def test_coherent_weights_stay_coherent_and_others_do_not(monkeypatch):
    network = trained(APART, monkeypatch=monkeypatch)
    before = [d.W.clone() for d in network.layers.values()]
    network.make_coherent()
    assert all(torch.equal(d.W, W) for d, W in zip(network.layers.values(), before, strict=True))
    with monkeypatch.context() as patch:
        free = trained(replace(APART, coherent=False, learning_rate=0.5), 0, patch)
    W = free.layers[3].W.clone()
    free.make_coherent()
    assert not torch.equal(free.layers[3].W, W)


def test_a_regression_has_the_normalised_error_of_every_value():
    rows = run(ARM, 0)
    ends = values(rows, "test nMSE")
    each = [values(rows, f"test nMSE of joint {i}")[0] for i in range(1, 8)]
    assert len(ends) == 1 and ends[0] == pytest.approx(sum(each) / 7)
    assert not values(rows, "test error")
    assert {row["unit"] for row in rows if "nMSE" in row["metric"]} == {"1"}


def test_the_normalised_error_of_the_mean_is_one():
    label = torch.randn(500, 2) * torch.tensor([1.0, 9.0]) + 5
    missed = module.misses(label.mean(0).expand(500, 2), label)
    torch.testing.assert_close(module.rates(missed, label), torch.ones(2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": (21, 8, 6, 7)}, "expected 21 inputs and 2 outputs"),
        ({"apart": False}, "expected 21 inputs and 14 outputs"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(replace(ARM, **change), 0)


def test_there_may_be_more_leaky_outputs_than_classes():
    setting = replace(TINY, sizes=(784, 8, 12), nonlinearity="leaky_relu", output="leaky_squared")
    assert values(run(replace(setting, rule=Backprop()), 0), "test error")
    with pytest.raises(ValueError, match="expected 784 inputs and 10 outputs or more"):
        run(replace(setting, sizes=(784, 8, 9)), 0)


def test_without_biases_they_stay_at_zero(monkeypatch):
    for optimiser in ("sgd", "adam"):
        setting = replace(TINY, rule=Backprop(), biases=None, optimiser=optimiser)
        with monkeypatch.context() as patch:
            network = trained(setting, 0, patch)
        assert all((layer.b == 0).all() for layer in network.layers.values())
    network = trained(replace(TINY, rule=Backprop()), 0, monkeypatch)
    assert all((layer.b != 0).any() for layer in network.layers.values())


def test_double_precision_is_double(monkeypatch):
    network = trained(replace(TINY, rule=Backprop(), precision="float64"), 0, monkeypatch)
    assert network.layers[1].W.dtype == torch.float64


@dataclass(frozen=True)
class Counting(Backprop):
    """Backprop that counts, in a pass before each of some epochs, the examples it is shown."""

    passes: float = math.inf

    @property
    def learned(self):
        return ("seen",)

    @property
    def prepares(self):
        return self.passes

    def draw(self, sizes, streams):
        return {"seen": {1: torch.zeros(1, 1)}, "end": {1: torch.zeros(1)}}

    def prepare(self, ch, x):
        ch.own["end"][1] += 1
        return Update(own={"seen": {1: torch.full((1, 1), -float(len(x)))}})


@pytest.mark.parametrize(("passes", "shown"), [(math.inf, 3), (2, 2), (1, 1), (0, 0)])
def test_a_pass_of_its_own_shows_every_example_before_each_of_its_epochs(
    passes, shown, monkeypatch
):
    owns = []
    draw = Counting.draw

    def kept(self, *given):
        owns.append(draw(self, *given))
        return owns[0]

    monkeypatch.setattr(Counting, "draw", kept)
    run(replace(TINY, rule=Counting(passes=passes), epochs=3, own_learning_rate=1.0), 0)
    assert float(owns[0]["seen"][1]) == 300 * shown and float(owns[0]["end"][1]) == 12 * shown


# networks that settle


SETTLED = replace(
    TINY,
    rule=EquilibriumPropagation(free=Settling(6, projected=True)),
    nonlinearity="hard_sigmoid",
    output="hard_sigmoid_squared",
)


def test_the_settling_steps_of_every_phase_are_recorded():
    recorded = run(replace(SETTLED, rule=replace(SETTLED.rule, estimate="positive")), 0)
    assert values(recorded, "steps, free") == [6]
    assert values(recorded, "steps, plus") == [4]
    assert values(recorded, "steps, minus") == []


def test_a_rule_that_goes_forward_once_has_no_settling_steps(rows):
    assert not [row for row in rows if row["metric"].startswith("steps")]


def test_a_settling_network_is_tested_by_the_rules_own_answer(monkeypatch):
    asked = []

    def answer(rule, ch, x):
        asked.append(len(x))
        return torch.eye(10)[torch.zeros(len(x), dtype=torch.long)]

    monkeypatch.setattr(EquilibriumPropagation, "answer", answer)
    recorded = run(SETTLED, 0)
    assert sum(asked) == 20_000  # validation and test
    zeros = (data.load("mnist").test.label == 0).float().mean()
    assert values(recorded, "test error")[0] == pytest.approx(100 * (1 - float(zeros)), abs=1e-4)


def test_every_example_begins_where_it_was_left(monkeypatch):
    """The free phase of the second epoch starts from the end of the first."""
    starts, ends = [], []
    settle = Relaxation.settle

    def watched(self, start, how, target=None, beta=None):
        trace = settle(self, start, how, target, beta)
        if target is None and how == SETTLED.rule.free and len(self.x) == 300:
            starts.append({l: h.clone() for l, h in start.items()})
            ends.append({l: h.clone() for l, h in trace.h.items()})
        return trace

    monkeypatch.setattr(Relaxation, "settle", watched)
    run(replace(SETTLED, batch=300, epochs=2, learning_rate=1e-9), 0)
    assert len(starts) == 3  # before those of two epochs the look at the contract of the rule
    first, second = ends[1], starts[2]
    assert not any(starts[1][l].any() for l in (1, 2, 3))
    place = torch.cdist(second[0], first[0]).argmin(-1)  # where each example stood in epoch 1
    assert not torch.equal(place, torch.arange(300))
    for l in (1, 2, 3):
        torch.testing.assert_close(second[l], first[l][place], rtol=0, atol=0)
    monkeypatch.undo()


def test_without_persistence_every_epoch_starts_at_zero(monkeypatch):
    kept = []
    monkeypatch.setattr(Channels, "keep", lambda self, l, h: kept.append(l))
    run(replace(SETTLED, rule=replace(SETTLED.rule, persistent=False)), 0)
    assert kept == []
    run(SETTLED, 0)
    assert set(kept) == {1, 2, 3}


# runs that diverge


EXPLODES = replace(
    TINY, rule=Backprop(), nonlinearity="relu", output="linear", learning_rate=1e3, epochs=3
)


def test_a_run_that_diverges_ends_there_and_says_so():
    rows = run(EXPLODES, seed=0)
    (at,) = values(rows, "diverged")
    assert 0 < at < 1  # it is looked for early in the first epoch
    last = {"epoch": at, "layer": 0, "metric": "diverged", "value": at, "unit": "1"}
    assert rows[-2] == last and rows[-1]["metric"] == "cpu time"
    assert not any(row["metric"].endswith("error") for row in rows)


def test_a_run_that_does_not_diverge_says_nothing(rows):
    """Guards the test above."""
    tame = run(replace(EXPLODES, learning_rate=0.01), seed=0)
    assert values(rows, "diverged") == values(tame, "diverged") == []
    assert len(values(tame, "validation error")) == 3


@pytest.mark.parametrize("lost", ["weights", "own", "outputs"])
def test_whatever_is_no_longer_finite_ends_the_run(monkeypatch, lost):
    apply, updates = Descent.apply, []

    def watched(self, update, fraction=1.0):
        apply(self, update, fraction)
        updates.append(0)
        if len(updates) == 20 and lost != "outputs":  # in the second epoch of twelve
            spoiled = self.own["B"][2] if lost == "own" else self.layers[1].W
            spoiled[0, 0] = float("inf")

    def answer(self, ch, x):
        y = torch.rand(len(x), 10, generator=torch.Generator().manual_seed(0))
        return y / (lost != "outputs" or len(updates) <= 12)  # inf from the second epoch on

    monkeypatch.setattr(Descent, "apply", watched)
    monkeypatch.setattr(FeedbackAlignment, "answer", answer)
    rows = run(replace(TINY, epochs=4), seed=0)
    assert values(rows, "diverged") == [2]
    assert len(values(rows, "validation error")) == 1


def test_answers_that_tie_are_wrong_and_are_counted():
    y = torch.tensor([[1.0, 0, 1], [1, 0, 0], [0, 0, 0], [0.2, 0.2, 0.1], [0, 0.1, 0.2]])
    assert module.misses(y, torch.tensor([0, 0, 0, 0, 2])).tolist() == [3]
    assert int(module.unanswered(y)) == 3
    assert module.misses(y, torch.tensor([1, 1, 0, 2, 1])).tolist() == [5]


def test_an_answer_that_is_not_a_number_is_never_right():
    """Of nan the largest is the first, and class 0 is a tenth of MNIST."""
    y, zeros = torch.full((4, 3), float("nan")), torch.zeros(4, dtype=torch.long)
    assert module.misses(y, zeros).tolist() == [4]
    assert y.argmax(-1).tolist() == zeros.tolist()


def test_the_share_without_an_answer_stands_beside_the_errors(monkeypatch, rows):
    monkeypatch.setattr(FeedbackAlignment, "answer", lambda self, ch, x: torch.zeros(len(x), 10))
    silent = run(TINY, seed=0)
    for split in ("validation", "test"):
        assert values(silent, f"{split} error") == values(silent, f"{split} no answer") == [100]
        assert values(rows, f"{split} no answer") == []
        assert 0 < values(rows, f"{split} error")[0] < 100


# numbers as given


def test_more_examples_than_there_are_are_refused():
    message = "examples is 60000, mnist has 50000 to train on; 10000 more are for validation"
    with pytest.raises(ValueError, match=message):
        run(replace(TINY, examples=60_000), seed=0)


def test_equal_settings_are_equal_however_their_numbers_are_written():
    given = Setting(
        FeedbackAlignment(Init("uniform", np.float64(1))), [784, np.int64(8), 6, 10],
        weights=[Init("normal", 1)] * 3, examples=np.int32(300), batch=np.int64(25),
        epochs=np.uint8(1), learning_rate=np.float64(1), weight_decay=0, test_epochs=np.array([1]),
    )  # fmt: skip
    same = Setting(
        FeedbackAlignment(Init("uniform", 1.0)), (784, 8, 6, 10),
        weights=(Init("normal", 1.0),) * 3, examples=300, batch=25, epochs=1, learning_rate=1.0,
        weight_decay=0.0, test_epochs=(1,),
    )  # fmt: skip
    assert repr(given) == repr(same)
    assert Job("e", given, np.int64(0)).key == Job("e", same, 0).key
    assert repr(replace(given, batch=np.int64(26))) != repr(same)


def test_a_seed_may_be_numpys():
    assert numbers(run(TINY, np.arange(2)[1])) == numbers(run(TINY, 1))


def test_denormal_numbers_are_zero_inside_a_run_only():
    def denormal():
        return bool(torch.tensor(1e-39) * 2 != 0)

    assert denormal()
    with without_denormals():
        assert not denormal()
    assert denormal()
    with pytest.raises(ValueError, match="examples"):
        run(replace(TINY, examples=60_000), seed=0)
    assert denormal()


def test_denormal_numbers_change_nothing_that_is_recorded(monkeypatch):
    """In a network that settles, whose signals vanish from layer to layer."""
    step, seen = ContrastiveHebbian.step, []

    def watched(rule, ch, x):
        trace, update = step(rule, ch, x)
        least = torch.finfo(torch.float32).tiny
        seen.append(any(bool(((h != 0) & (h.abs() < least)).any()) for h in trace.h.values()))
        return trace, update

    monkeypatch.setattr(ContrastiveHebbian, "step", watched)
    weak = Init("normal_fan_in", 1e-5)
    setting = replace(TINY, rule=ContrastiveHebbian(), sizes=(784, *[8] * 8, 10), weights=weak,
                      output="linear", learning_rate=1e-3)  # fmt: skip
    flushed = numbers(run(setting, seed=0))
    assert not any(seen)
    kept = numbers(run.__wrapped__(setting, seed=0))
    assert any(seen)
    assert [row | {"value": 0} for row in flushed] == [row | {"value": 0} for row in kept]
    assert [row["value"] for row in flushed] == pytest.approx([row["value"] for row in kept])


def test_a_reconstruction_counts_the_errors_of_all_pixels_together(monkeypatch):
    """Some pixels are always black, so that the error of each in units of its variance is nan."""
    x = torch.rand(60, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [1.0, 0.5, 0.1, 1.0, 0.3, 0.0]
    )
    split = data.Split(x, x)
    whole = data.Dataset("images", split, split, split, tuple("abcdef"), (1, 2, 3))
    monkeypatch.setattr(data, "load", lambda name: whole)
    y = torch.rand(60, 6, generator=torch.Generator().manual_seed(1))
    together = module.rates(module.misses(y, x), x, together=True)
    want = (y - x).square().sum() / (x - x.mean(0)).square().sum()
    torch.testing.assert_close(together, want.view(1))
    setting = Setting(Backprop(), (6, 4, 6), "logistic", "logistic", batch=20, epochs=2)
    rows = run(setting, 0)
    errors = [row for row in rows if "nMSE" in row["metric"]]
    assert {row["metric"] for row in errors} == {"train nMSE", "validation nMSE", "test nMSE"}
    assert all(0 < row["value"] < 20 and row["unit"] == "1" for row in errors)
