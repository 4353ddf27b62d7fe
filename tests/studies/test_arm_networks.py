"""What became of the networks of the arm, counted and tabled; the reader's own try on it."""

import math

import pandas as pd
import pytest

from credit.experiments import kickback
from credit.rules.backprop import Backprop
from credit.rules.kickback import Kickback
from credit.studies import kickback as studied

VALUES = {"joint 1": (0.001, 0.5), "joint 2": (0.002, 1.0), "joint 3": (0.003, 0.002)}  # by seed
ROWS = pd.DataFrame(
    [
        {"method": "kickback", "setting": "net", "seed": seed, "epoch": 16, "layer": 0,
         "metric": f"test nMSE of {joint}", "value": value, "unit": "1"}
        for joint, both in VALUES.items()
        for seed, value in enumerate(both)
    ]
)  # fmt: skip


def test_there_is_one_network_for_each_torque_and_seed():
    mean = ROWS.assign(metric="test nMSE")
    each = studied.networks(pd.concat([ROWS, mean]))
    assert len(each) == 6
    assert set(each["torque"]) == set(VALUES)


def test_medians_are_over_the_torques_of_a_seed():
    median = studied.medians(studied.networks(ROWS), "kickback", "net")
    assert median.tolist() == [0.002, 0.5]
    assert median.index.name == "seed"  # so that words of the glossary pair them


def test_a_count_has_its_lower_end_and_not_its_upper():
    each = studied.networks(ROWS)
    assert studied.count(each, "kickback", "net", 0.002, 0.5) == 3
    assert studied.count(each, "kickback", "net", *studied.ONE_SIGN) == 1
    assert studied.count(each, "backprop", "net", 0, math.inf) == 0


def test_a_mean_leaves_out_those_that_end_about_one_half():
    each = studied.networks(ROWS)
    assert studied.mean(each, "kickback", "net") == pytest.approx(1.508 / 6)
    assert studied.mean(each, "kickback", "net", stuck=False) == pytest.approx(1.008 / 5)


def test_a_network_is_below_linear_regression_of_its_own_torque():
    each = studied.networks(ROWS)
    linear = pd.Series({"joint 1": 0.1, "joint 2": 0.002, "joint 3": 0.0025})  # mean 0.035
    assert studied.below(each, "kickback", "net", linear) == 2  # 0.001 and 0.002 of joint 3
    assert studied.count(each, "kickback", "net", 0, linear.mean()) == 4


def test_the_table_has_a_row_per_rule_and_one_of_linear_regression():
    names = {("kickback", "net"): ("Kickback", "a net")}
    table = studied.arm_table(studied.networks(ROWS), names, {"none": pd.Series([0.1, 0.3])})
    ours, linear = table.to_dict("records")
    assert (ours["median nMSE"], ours["best"], ours["worst"]) == ("0.0025", "0.0010", "1.0000")
    assert (ours["about a half"], ours["about one"], ours["n"]) == ("1", "1", "6")
    assert (linear["rule"], linear["mean"]) == ("linear regression", "0.2000")


def test_ties_are_averaged_over_all_seeds_not_over_those_that_have_them():
    def row(metric, seed, value):
        place = {"method": "kickback", "setting": "net", "seed": seed, "epoch": 6, "layer": 0}
        return place | {"metric": metric, "value": value, "unit": "%"}

    frame = pd.DataFrame(
        [row("test error", 0, 2.0), row("test error", 1, 4.0), row("test no answer", 1, 3.0)]
    )
    names = {("kickback", "net"): ("Kickback", "net")}
    (found,) = studied.mnist_table(frame, names).to_dict("records")
    assert (found["test error, %"], found["of these no answer"], found["n"]) == (
        "3.00",
        "1.50",
        "2",
    )
    assert studied.ties(frame, "kickback", "net").to_dict() == {0: 0.0, 1: 3.0}
    (silent,) = studied.mnist_table(frame[frame["metric"] == "test error"], names).to_dict(
        "records"
    )
    assert "of these no answer" not in silent


def test_of_a_tuning_the_last_error_of_every_rate_is_kept():
    rows = [
        {"method": "kickback", "setting": f"net, rate {rate}", "seed": 1000, "epoch": epoch,
         "value": value, "metric": "validation nMSE"}
        for rate, epoch, value in (("0.01", 1, 0.4), ("0.01", 2, 0.2), ("0.003", 2, 0.3))
    ]  # fmt: skip
    found = studied.tuned(pd.DataFrame(rows)).set_index("rate")["value"]
    assert found.to_dict() == {0.01: 0.2, 0.003: 0.3}


def test_the_angle_is_that_of_the_cosine_and_every_start_has_its_rows():
    nets = {"small": (4, 6, 5, 2)}
    starts = studied.at_the_start((kickback.coherent, kickback.unsigned), nets, range(3))
    assert len(starts) == 2 * 3 * 2  # starts, seeds, hidden layers
    known = starts["cosine"].clip(-1, 1)
    assert starts["angle"].tolist() == pytest.approx(
        [math.degrees(math.acos(c)) for c in known], abs=1e-4
    )


def test_a_readers_network_has_the_layers_and_the_coherence_that_were_asked_for():
    given = {"gain": 2.0, "learning_rate": 0.02}
    clamped, started, free = (
        kickback.knobs(Kickback(), 2, coherence, **given) for coherence in kickback.COHERENCE
    )
    assert clamped.sizes == free.sizes == (21, 50, 50, 2)
    assert (clamped.coherent, started.coherent, free.coherent) == (True, False, False)
    assert clamped.weights == started.weights != free.weights
    assert clamped.learning_rate == 0.02
    plain = kickback.knobs(Backprop(), 2, "clamped", 1.0, 0.02)
    assert clamped.weights[1].scale == 2 * plain.weights[1].scale
    assert clamped.weights[0] == plain.weights[0]  # the layer that reads the data is free
