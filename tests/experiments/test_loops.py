"""Experiments that train in a loop of their own keep what holds of every run."""

from dataclasses import replace

import pytest
import torch

from credit.experiments import contrastive_hebbian, decoupled_neural_interfaces
from credit.nets.channels import Channels
from credit.nets.networks import Dense, Network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.tasks import data
from credit.training import normalised_blocks
from credit.training.normalised_blocks import run_normalised

LOOPS = {
    contrastive_hebbian.curves: contrastive_hebbian.XIE,
    run_normalised: decoupled_neural_interfaces.net(Backprop(), 1),
}


@pytest.mark.parametrize("run", LOOPS, ids=lambda run: run.__name__)
def test_a_run_whose_weights_are_no_longer_finite_ends_with_that_epoch(run):
    few = {"sizes": (784, 4, 10), "examples": 128, "epochs": 2}
    sound = run(replace(LOOPS[run], **few), seed=0)
    assert max(row["epoch"] for row in sound) == 2 and len(sound) > 4
    assert "diverged" not in {row["metric"] for row in sound}
    lost = run(replace(LOOPS[run], **few, learning_rate=1e37), seed=0)
    lost = [row for row in lost if row["metric"] != "cpu time"]
    assert lost == [{"epoch": 1, "layer": 0, "metric": "diverged", "value": 1, "unit": "1"}]


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("run", LOOPS, ids=lambda run: run.__name__)
def test_the_labels_of_a_split_reach_its_own_errors_only(run, split, monkeypatch):
    setting = replace(LOOPS[run], sizes=(784, 4, 10), examples=128, epochs=1)
    dataset, before = data.load("mnist"), run(setting, seed=0)
    held = getattr(dataset, split)
    other = replace(dataset, **{split: data.Split(held.x, (held.label + 1) % 10)})
    monkeypatch.setattr(data, "load", lambda name: other)
    after = run(setting, seed=0)
    changed = {a["metric"] for a, b in zip(before, after, strict=True) if a["value"] != b["value"]}
    own = {row["metric"] for row in before if row["metric"].startswith(split)}
    assert changed - {"cpu time"} == own
    assert bool(own) == (split == "test" or run is not contrastive_hebbian.curves)


def test_in_cdni_nothing_crosses_from_one_block_to_the_next():
    """Models that say zero, and learn next to nothing, leave the hidden blocks as they were."""
    few = {"examples": 256, "epochs": 1}
    alike = {"learning_rate": 1e-2, "own_learning_rate": 1e-30}

    def rows(rule):
        setting = decoupled_neural_interfaces.net(rule, 2, 8, **few, **alike)
        return [row for row in run_normalised(setting, seed=0) if row["metric"] != "cpu time"]

    shallow, cdni, bp = map(rows, (Shallow(), decoupled_neural_interfaces.CDNI, Backprop()))
    assert cdni == shallow != bp


@pytest.mark.parametrize("rule", [decoupled_neural_interfaces.CDNI, Backprop()])
def test_without_normalisation_every_update_is_that_of_the_rule(rule, monkeypatch):
    """In 64 bits, over steps in which the models come to predict something."""
    seen = []

    class Descent(torch.optim.SGD):
        """Keeps what stands in every block and model, and the gradients, before each step."""

        def step(self):
            kept = [[(p.detach().clone(), p.grad) for p in g["params"]] for g in self.param_groups]
            seen.append([[(p, g if g is None else g.clone()) for p, g in of] for of in kept])
            super().step()

    one_hot = data.one_hot
    monkeypatch.setattr(normalised_blocks.nn, "BatchNorm1d", lambda n: torch.nn.Identity())
    monkeypatch.setattr(normalised_blocks.torch.optim, "Adam", Descent)
    monkeypatch.setattr(normalised_blocks.data, "one_hot", lambda *a: one_hot(*a).double())
    x = torch.randn(60, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    split = data.Split(x, torch.arange(60) % 10)
    mnist = data.load("mnist")
    tiny = replace(mnist, train=split, validation=split, test=split)
    monkeypatch.setattr(data, "load", lambda name: tiny)
    torch.set_default_dtype(torch.float64)
    try:
        setting = decoupled_neural_interfaces.net(
            rule, 2, 7, learning_rate=0.3, own_learning_rate=0.3, examples=60, epochs=2, batch=20
        )
        run_normalised(replace(setting, sizes=(12, 7, 7, 10)), seed=0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert len(seen) == 6
    compared = 0
    batches = iter(_batches(setting, 60))
    for blocks, models in seen:
        index = next(batches)
        layers = {l: Dense(blocks[2 * l - 2][0], blocks[2 * l - 1][0]) for l in (1, 2, 3)}
        own = {"A1": {}, "c1": {}}
        for l in (1, 2):
            own["A1"][l], own["c1"][l] = (models[2 * l - 2 + k][0] for k in (0, 1))
        ch = Channels(Network(layers, "relu"), own, streams(0))
        _, update = rule.step(ch.teach(one_hot(split.label[index], 10).double()), x[index])
        update = update.dense()
        for l in (1, 2, 3):
            for want, (_, got) in (
                (update.W[l], blocks[2 * l - 2]),
                (update.b[l], blocks[2 * l - 1]),
            ):
                torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-13)
                compared += bool(want.any())
        if rule.learned:
            for l in (1, 2):
                for name, k in (("A1", 0), ("c1", 1)):
                    want = update.own[name][l]
                    torch.testing.assert_close(
                        models[2 * l - 2 + k][1], want, rtol=1e-10, atol=1e-13
                    )
                    compared += bool(want.any())
    assert compared > 30  # models at 0 ask for nothing in hidden layers at first
    assert not (seen[-1][1][0][0] == 0).all() or not rule.learned


def _batches(setting, n):
    """The examples of every step, as run_normalised draws them."""
    random = streams(0)
    torch.randint(2**31, (), generator=random["weights"])
    for _ in range(setting.epochs):
        yield from setting.batches(n, random["order"])
