"""What notebook 12 measures beside training."""

import pandas as pd

from credit.show.identity import against
from credit.studies.gait_prop import NAMES, named, step_cost


def rows(*settings):
    columns = {"setting": settings, "method": "gait_prop", "metric": "gradient angle", "value": 0.0}
    return pd.DataFrame(columns)


def test_variants_go_by_their_names_and_everything_else_by_its_rule():
    frame = rows("4x196 leaky_relu", "4x196 leaky_relu, literal", "4x196 leaky_relu, rate 0.01")
    assert list(named(frame)["method"]) == ["gait_prop", NAMES["literal"], "gait_prop"]


def test_angles_stand_at_the_number_behind_the_word():
    frame = rows("4x8 r", "4x8 r, gamma 0.001", "4x8 r, departure 0.1", "4x8 r, TP")
    assert list(against(frame, "gamma")["epoch"]) == [0.001]
    assert list(against(frame, "departure")["epoch"]) == [0.0, 0.1]
    assert (against(frame, "gamma")["value"] > 0).all()  # for a logarithmic axis


def test_an_inverse_of_every_matrix_costs_more_than_none():
    seconds = step_cost(width=200)
    assert seconds["GAIT"] > seconds["BP"] > 0
