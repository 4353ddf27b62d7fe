"""What notebook 12 measures beside training."""

import pandas as pd

from credit.studies.gait_prop import NAMES, named, step_cost


def test_variants_go_by_their_names_and_everything_else_by_its_rule():
    settings = ["4x196 leaky_relu", "4x196 leaky_relu, literal", "4x196 leaky_relu, rate 0.01"]
    frame = named(pd.DataFrame({"setting": settings, "method": "gait_prop"}))
    assert list(frame["method"]) == ["gait_prop", NAMES["literal"], "gait_prop"]


def test_an_inverse_of_every_matrix_costs_more_than_none():
    seconds = step_cost(width=200)
    assert seconds["GAIT"] > seconds["BP"] > 0
