"""Epochs to criterion: each of many networks is one that learns alone."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pandas as pd
import pytest
import torch
from helpers import autograd

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Settling
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import own_parameters
from credit.rules.generalized_recirculation import GeneralizedRecirculation
from credit.rules.recirculation import Recirculation
from credit.tasks import data
from credit.training.criterion import ToCriterion, run
from credit.training.descent import Descent

UNIFORM = Init("uniform", 0.5)
SMALL = ToCriterion(
    Backprop(), (4, 2, 4), "logistic", "logistic", UNIFORM, precision="float64",
    dataset="encoder-4", batch=1, learning_rate=1.2, epochs=150, networks=6,
)  # fmt: skip
GENEREC = GeneralizedRecirculation(init=UNIFORM, settling=Settling(60, tolerance=1e-4))


def table(setting=SMALL, seed=0):
    """One row per network: seed, solved, epochs to criterion (nan where it did not)."""
    rows = pd.DataFrame(run(setting, seed))
    rows = rows[rows["metric"].isin(["solved", "epochs to criterion"])]
    return rows.pivot(index="seed", columns="metric", values="value")


def alone(setting, seed, member):
    """The epoch in which one network reached the criterion, 0 for never, by a loop of its own."""
    split = data.load(setting.dataset).train
    x, t = split.x.double(), split.label.double()
    network = make_network(setting.sizes, seed + member, "logistic", "logistic", UNIFORM,
                           setting.biases, torch.float64)  # fmt: skip
    ch = Channels(network, {}, streams(0))
    chance = streams(seed)["order"]
    for epoch in range(1, setting.epochs + 1):
        order = torch.rand(setting.networks, len(x), generator=chance).argsort(-1)[member]
        wrong = 0
        for start in range(0, len(x), setting.batch):
            index = order[start : start + setting.batch]
            y = network.forward(x[index]).h[network.L]
            wrong += int(((y - 0.5) * (t[index] - 0.5) <= 0).sum())
            dW, db = autograd(network, ch.teach(t[index]), x[index])
            for l, layer in network.layers.items():
                layer.W -= setting.learning_rate * dW[l]
                layer.b -= setting.learning_rate * db[l]
        if not wrong:
            return epoch
    return 0


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch": 3},
        {"dataset": "xor", "sizes": (2, 4, 1), "learning_rate": 2.0},
    ],
    ids=["one by one", "a batch that does not divide", "xor"],
)
def test_each_network_learns_as_it_would_alone(changes):
    setting = replace(SMALL, networks=3, **changes)
    got = table(setting, seed=7)
    want = [alone(setting, 7, member) for member in range(3)]
    assert len(set(want)) > 1 and max(want) > 0
    assert got.index.tolist() == [7, 8, 9]
    assert got["solved"].tolist() == [float(at > 0) for at in want]
    assert got["epochs to criterion"].fillna(0).tolist() == want


def test_orders_are_the_networks_own():
    """Guards the test above: with the order of another network it comes out differently."""
    setting = replace(SMALL, networks=3)
    orders = torch.rand(3, 4, generator=streams(7)["order"]).argsort(-1)
    assert len({tuple(order) for order in orders.tolist()}) > 1
    # in an ensemble of four the second network gets other orders from the second epoch on
    mine, other = alone(setting, 7, 1), alone(replace(setting, networks=4), 7, 1)
    assert mine != other


def test_the_same_setting_and_seed_give_the_same_rows_and_another_seed_others():
    assert run(SMALL, 0) == run(SMALL, 0)
    first, second = table(seed=0)["epochs to criterion"], table(seed=100)["epochs to criterion"]
    assert first.tolist() != second.tolist()


def test_it_ends_when_all_have_reached_the_criterion_or_the_epochs_are_over():
    found = table()
    assert found["solved"].all()
    last = found["epochs to criterion"].max()
    assert 1 < last < SMALL.epochs
    assert {row["epoch"] for row in run(SMALL, 0)} == {last}
    cut = replace(SMALL, epochs=int(last) - 1)
    assert {row["epoch"] for row in run(cut, 0)} == {last - 1}
    assert 0 < table(cut)["solved"].sum() < SMALL.networks


def test_only_those_that_reached_it_have_epochs():
    last = int(table()["epochs to criterion"].max())
    found = table(replace(SMALL, epochs=last - 1))
    assert found["epochs to criterion"].isna().equals(found["solved"] == 0)
    rows = run(replace(SMALL, epochs=1), 0)
    assert [row["value"] for row in rows] == [0.0] * SMALL.networks
    assert {row["metric"] for row in rows} == {"solved"}


@pytest.mark.parametrize(("networks", "epochs"), [(2, 3), (5, 3)])
def test_the_mean_steps_of_each_phase_come_with_the_first_seed(networks, epochs):
    still = GeneralizedRecirculation(init=UNIFORM, settling=Settling(7))
    rows = run(replace(SMALL, rule=still, networks=networks, epochs=epochs), 3)
    steps = {row["metric"]: row for row in rows if row["metric"].startswith("steps")}
    assert set(steps) == {"steps, free", "steps, plus"}
    for row in steps.values():
        assert (row["value"], row["unit"], row["seed"], row["layer"]) == (7.0, "1", 3, 0)


@pytest.mark.parametrize("rule", [Backprop(), Recirculation()])
def test_a_network_that_does_not_settle_has_no_steps(rule):
    assert all("steps" not in row["metric"] for row in run(replace(SMALL, rule=rule), 0))


@dataclass(frozen=True)
class Watched(GeneralizedRecirculation):
    """Keeps what it sees of the weights at every update."""

    seen: ClassVar[list] = []

    def forward(self, ch, x):
        W, V = ({l: w.clone() for l, w in known.items()} for known in (ch.W_own, ch.own["V"]))
        self.seen.append((W, V))
        return super().forward(ch, x)


def watched(**changes):
    Watched.seen.clear()
    rule = Watched("symmetric", init=UNIFORM, settling=Settling(10))
    run(replace(SMALL, rule=rule, epochs=2, **changes), 0)
    return Watched.seen[-8:]  # the updates; a rule's step on trial may come before them


def test_a_symmetric_start_copies_the_weights_into_the_feedback():
    for W, V in watched(symmetric=True):
        assert V.keys() == {2}
        assert torch.equal(W[2], V[2])  # and this rule keeps it so


def test_without_it_the_feedback_is_as_drawn():
    """Guards the test above."""
    W, V = watched()[0]
    assert not torch.equal(W[2], V[2])
    drawn = own_parameters(GENEREC, SMALL.sizes, range(SMALL.networks), torch.float64)["V"]
    assert torch.equal(V[2], drawn[2])


def test_blocks_keep_inputs_from_the_units_of_other_blocks():
    seen = watched(sizes=(4, 6, 4), blocks=((3, 2), (1, 4)))
    for W, _ in seen:
        assert not W[1][:, :2, 3:].any() and not W[1][:, 2:, :3].any()
        assert bool((W[1][:, :2, :3] != 0).all()) and bool((W[1][:, 2:, 3:] != 0).all())
    assert not torch.equal(seen[0][0][1], seen[-1][0][1])


def test_without_blocks_every_input_reaches_every_unit():
    """Guards the test above."""
    assert all(bool((W[1] != 0).all()) for W, _ in watched(sizes=(4, 6, 4)))


def test_a_rule_with_feedback_of_its_own_learns_in_an_ensemble_as_alone():
    setting = replace(SMALL, rule=GENEREC, networks=2, symmetric=True)
    got = table(setting, seed=2)["epochs to criterion"]
    split = data.load("encoder-4").train
    x, t = split.x.double(), split.label.double()
    # a tolerance is reached by all networks together: what is alone has to take all the steps
    fixed = replace(setting, rule=replace(GENEREC, settling=Settling(60)))
    for member, want in enumerate(table(fixed, seed=2)["epochs to criterion"]):
        network = make_network(setting.sizes, 2 + member, "logistic", "logistic", UNIFORM,
                               dtype=torch.float64)  # fmt: skip
        own = {"V": {2: network.layers[2].W.clone()}}
        ch, chance = Channels(network, own, streams(0)), streams(2)["order"]
        descent = Descent(fixed, network, own)
        epoch, right = 0, False
        while not right and epoch < setting.epochs:
            epoch += 1
            order = torch.rand(2, 4, generator=chance).argsort(-1)[member]
            right = True
            for i in order.tolist():
                trace, update = fixed.rule.step(ch.teach(t[i : i + 1]), x[i : i + 1])
                right &= bool(((trace.h[2] > 0.5) == (t[i] > 0.5)).all())
                descent.apply(update)
        assert epoch == want
    assert got.notna().all()


@pytest.mark.parametrize("last", [False, True], ids=["on its way", "in the epoch that solves it"])
def test_a_network_that_diverges_says_when_and_has_not_solved_its_task(monkeypatch, last):
    apply, updates, plain = Descent.apply, [], table()
    epoch = int(plain.loc[3, "epochs to criterion"]) if last else 2

    def spoiling(self, update, fraction=1.0):
        apply(self, update, fraction)
        updates.append(0)
        if len(updates) == 4 * epoch:  # four updates an epoch
            self.layers[1].W[3] = float("nan")

    monkeypatch.setattr(Descent, "apply", spoiling)
    rows = pd.DataFrame(run(SMALL, 0))
    gone = rows[rows["metric"] == "diverged"]
    assert gone[["seed", "value", "unit"]].to_numpy().tolist() == [[3, epoch, "1"]]
    spoiled = rows[rows["metric"] != "diverged"].pivot(
        index="seed", columns="metric", values="value"
    )
    assert spoiled.loc[3, "solved"] == 0 and plain.loc[3, "solved"] == 1
    pd.testing.assert_frame_equal(spoiled.drop(3), plain.drop(3))


# what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": 1}, "networks is 1, expected a whole number of at least 2"),
        ({"networks": -3}, "networks is -3, expected a whole number of at least 2"),
        ({"networks": 2.0}, "networks is 2.0, expected a whole number"),
        ({"networks": True}, "networks is True, expected a whole number"),
        ({"blocks": ((4, 1),)}, r"do not add up to \(4, 2\)"),
        ({"blocks": ((3, 1), (2, 1))}, r"do not add up to \(4, 2\)"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, expected a positive number"),
        ({"epochs": 0}, "epochs is 0, expected a whole number of at least 1"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_setting_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)


@pytest.mark.parametrize("sizes", [(5, 2, 4), (4, 2, 3)])
def test_a_network_that_does_not_fit_the_task_is_refused(sizes):
    message = "do not fit encoder-4: expected 4 inputs and 4 outputs"
    with pytest.raises(ValueError, match=message):
        run(replace(SMALL, sizes=sizes), 0)


@dataclass(frozen=True)
class Shown(Backprop):
    """Keeps the patterns that it is shown, by the place of their one."""

    seen: ClassVar[list] = []

    def step(self, ch, x):
        self.seen.append(x.argmax(-1).squeeze(-1))
        return super().step(ch, x)


def orders(**changes):
    """{network: [epoch, pattern]} of two epochs of an encoder, one pattern at a time."""
    Shown.seen.clear()
    run(replace(SMALL, rule=Shown(), epochs=2, **changes), 0)
    shown = Shown.seen[-8:]
    return torch.stack([seen.expand(SMALL.networks) for seen in shown]).mT.view(-1, 2, 4)


def test_patterns_come_in_the_order_of_the_files_where_nothing_is_shuffled():
    files = torch.arange(4).expand(SMALL.networks, 2, 4)
    assert torch.equal(orders(shuffled=False), files)
    shuffled = orders()
    assert not torch.equal(shuffled, files)
    assert torch.equal(shuffled.sort(-1).values, files)
