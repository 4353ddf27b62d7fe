"""What notebook 09 takes from the names of its runs."""

import pandas as pd
import pytest

from credit.evidence import results
from credit.evidence.glossary import values
from credit.studies import contrastive_hebbian as studied


def rows(**columns):
    return pd.DataFrame({"epoch": 0.0, "unit": "1"} | columns)


def test_variants_have_names_of_their_own_and_the_plain_rules_keep_theirs():
    notes = ["1x10 tanh", "1x10 tanh, random", "1x10 tanh, float32", "1x10 tanh"]
    methods = ["contrastive_hebbian"] * 3 + ["backprop"]
    found = studied.named(rows(setting=notes, method=methods))
    assert list(found["method"]) == ["contrastive_hebbian", "rCHL", "CHL, float32", "backprop"]
    assert set(found["setting"]) == {"1x10 tanh"}


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_slope_of_a_difference_is_the_power_of_the_gain_in_it(power):
    gains = (0.1, 0.01, 0.002)
    frame = pd.concat(
        rows(setting=[f"3x64 tanh, float64, gamma {g:g}"], depth=3, layer=1, seed=0,
             metric="relative error", value=7 * g**power)
        for g in gains
    )  # fmt: skip
    assert studied.slopes(frame, up_to=0.01).tolist() == pytest.approx([power])


def test_stopping_too_soon_is_measured_against_the_finest_tolerance_of_the_same_seed():
    angle = {("10", 0): 50.0, ("1", 0): 22.0, ("0.001", 0): 20.0,
             ("10", 1): 30.0, ("1", 1): 29.0, ("0.001", 1): 30.0}  # fmt: skip
    frame = pd.concat(
        rows(setting=[f"3x64 tanh, tolerance {share}, gamma 0.1"], layer=1, seed=seed,
             metric="gradient angle", value=value)
        for (share, seed), value in angle.items()
    )  # fmt: skip
    late = studied.too_soon(frame)
    assert late.loc[0.1].to_dict() == {1.0: 2.0, 10.0: 30.0}


def test_a_gain_whose_finest_tolerance_was_not_reached_is_no_reference():
    def told(share, gamma, metric, value):
        setting = [f"3x64 tanh, tolerance {share}, gamma {gamma}"]
        return rows(setting=setting, layer=1, seed=0, metric=metric, value=value)

    taken = {("1", 0.3): 100.0, ("0.001", 0.3): 100.0, ("1", 0.1): 100.0, ("0.001", 0.1): 99.0}
    frame = pd.concat(
        told(*at, metric, value)
        for at, sweeps in taken.items()
        for metric, value in {"gradient angle": 20, "steps, free": 7, "steps, plus": sweeps}.items()
    )
    assert studied.at_the_cap(frame).tolist() == [0.0, 1.0, 1.0, 1.0]
    assert list(studied.too_soon(frame).index) == [0.1]


def test_with_the_tolerance_of_an_experiment_its_angle_before_training_comes_out_again():
    angles = results.load("09-angles")
    known = values(angles, "gradient angle", setting="1x64 tanh, float64, gamma 0.05", layer=1)[:2]
    found = studied.before_training(1, "float64", 5e-5, known.index)
    pd.testing.assert_series_equal(found, known, check_names=False, rtol=1e-3)
    looser = studied.before_training(1, "float64", 1.0, known.index)
    assert (looser - known).abs().min() > 0.1


def test_gains_and_outputs_are_read_off_the_settings():
    settings = ["1x120 linear, gamma 0.5", "1x120 logistic, gamma 1", "1x120 linear, 50 sweeps"]
    found = studied.gained(rows(setting=settings))
    assert list(zip(found["output"], found["gamma"], strict=True)) == [
        ("linear", 0.5), ("logistic", 1.0),
    ]  # fmt: skip
