"""The NEF learner's network without spikes: beside the spiking one, and what its code loses."""

from dataclasses import replace

import numpy as np
import pytest

from credit.experiments.nef_route import FEW, THESIS, WIDE
from credit.spiking import nef, nef_learner, nef_rates
from credit.spiking.nef_learner import PARAMETERS, T_REF, Learner, NefLearner
from credit.tasks import data

SMALL = replace(
    FEW, sizes=(784, 60, 10), examples=1500, validated=1000, chunk=500, learning_rate=5.0
)


def error(setting, metric="validation error"):
    (value,) = (row["value"] for row in nef_rates.run(setting, 0) if row["metric"] == metric)
    return value


def test_answers_are_those_of_the_spiking_network_on_average():
    setting = replace(SMALL, sizes=(784, 20, 10), ensemble=10, image=120, settling=40, chunk=2,
                      output_spread=0.1)  # fmt: skip
    learner, split = Learner(setting, 0, on="numpy"), data.load("mnist").train
    spikes, _ = learner.show(split.x[:2], data.one_hot(split.label[:2], 10))
    W, D = (learner.W[name].reshape(-1, n) for name, n in (("w1", 20), ("w2", 10)))
    J = 1 + nef_rates.inputs(split.x[:2].numpy(), setting.tau_rc) @ W
    h = PARAMETERS["area"] * nef.rate(J, setting.tau_rc, T_REF)
    answer = nef_rates.through(nef_learner.populations(setting)["output"])
    off = np.abs(spikes.numpy() - answer(h @ D))
    assert off.mean() < 0.15 < 0.3 < np.abs(spikes.numpy() - answer(h @ D)[::-1]).mean()


def test_thresholds_on_both_sides_of_zero_pass_small_errors_and_those_of_the_thesis_lose_some():
    small = -0.04
    passed = {
        code: nef_rates.through(nef_learner.populations(replace(FEW, intercepts=code))["error"])
        for code in (WIDE, THESIS)
    }
    assert passed[WIDE](small) < 0.5 * small < 0.2 * small < passed[THESIS](small)


def test_the_hidden_layer_learns_and_only_where_its_synapses_do():
    taught = error(replace(SMALL, hidden_rate=0.1))
    fixed = error(replace(SMALL, rule=NefLearner("none"), hidden_rate=0.1))
    assert taught < fixed - 3
    assert error(replace(SMALL, hidden_rate=0.0)) == fixed


def test_what_it_cannot_run_is_refused_and_no_test_image_is_shown_where_rates_are_chosen():
    with pytest.raises(ValueError, match="expected one hidden layer and signs=False"):
        nef_rates.run(replace(SMALL, sizes=(784, 20, 20, 10)), 0)
    metrics = {row["metric"] for row in nef_rates.run(replace(SMALL, examples=500), 0)}
    assert "validation error" in metrics and "test error" not in metrics
