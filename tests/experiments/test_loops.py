"""Experiments that train in a loop of their own keep what holds of every run."""

from dataclasses import replace

import pytest

from credit.experiments import contrastive_hebbian, decoupled_neural_interfaces
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow

LOOPS = {
    contrastive_hebbian.curves: contrastive_hebbian.XIE,
    decoupled_neural_interfaces.run_normalised: decoupled_neural_interfaces.net(Backprop(), 1),
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


def test_in_cdni_nothing_crosses_from_one_block_to_the_next():
    """Models that say zero, and learn next to nothing, leave the hidden blocks as they were."""
    run, few = decoupled_neural_interfaces.run_normalised, {"examples": 256, "epochs": 1}
    alike = {"learning_rate": 1e-2, "own_learning_rate": 1e-30}

    def rows(rule):
        setting = decoupled_neural_interfaces.net(rule, 2, 8, **few, **alike)
        return [row for row in run(setting, seed=0) if row["metric"] != "cpu time"]

    shallow, cdni, bp = map(rows, (Shallow(), decoupled_neural_interfaces.CDNI, Backprop()))
    assert cdni == shallow != bp
