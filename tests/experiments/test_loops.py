"""Experiments that train in a loop of their own keep what holds of every run."""

from dataclasses import replace

import pytest

from credit.experiments import contrastive_hebbian, decoupled_neural_interfaces
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.tasks import data
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
