"""Tables of what was not run: no published value without its reason."""

import math

import pandas as pd
import pytest

from credit.show.reading import _relative_change, not_run_table

ROWS = pd.DataFrame(
    [
        ("backprop", "2x5 relu", "test error", 1.5, "%", "memory", ""),
        ("kickback", "2x5 relu", "test error", 1.75, "%", "seen", ""),
        ("kickback", "2x5 relu", "train error", 0.5, "%", "seen", ""),
        ("kickback", "9x5 relu", "test error", math.nan, "%", "seen", "no convergence"),
    ],
    columns=["method", "setting", "metric", "value", "unit", "read", "note"],
).assign(paper="balduzzi2015kickback")


def test_values_of_one_setting_share_a_row_with_their_reason():
    table = not_run_table(ROWS, {"2x5": "not run yet", "relu": "no relu"})
    assert table["published"].tolist() == [
        "test error: BP 1.5 %, Kickback 1.75 %; train error: Kickback 0.5 %",
        "test error: Kickback no convergence",
    ]
    assert table["why not here"].tolist() == ["not run yet", "no relu"]
    assert set(table["paper"]) == {"Balduzzi et al. 2015"}
    assert table["read"].tolist() == ["memory, seen", "seen"]


def test_a_setting_without_a_reason_is_refused():
    with pytest.raises(LookupError, match="no reason is given why '9x5 relu' was not run"):
        not_run_table(ROWS, {"2x5": "not run yet"})


def test_a_method_that_is_no_rule_here_is_named_in_words():
    table = not_run_table(ROWS.assign(method="gaussian_process"), {"relu": "not run"})
    assert table["published"].iloc[0].startswith("test error: gaussian process 1.5 %")


def test_that_a_claim_is_one_in_words_is_said_once():
    said = ROWS.assign(metric="claim", note="it learns; a claim in words", value=math.nan)
    table = not_run_table(said, {"relu": "a claim in words"})
    assert table["published"].iloc[-1] == "claim: Kickback it learns"
    other = not_run_table(said.assign(metric="test error"), {"relu": "not run"})
    assert other["published"].iloc[-1].endswith("; a claim in words")


@pytest.mark.parametrize(
    ("s", "shown"), [(1e-9, "< 1e-09"), (2e-9, "2e-09"), (0.0123, "0.012"), (2.04, "2")]
)
def test_a_change_is_too_small_to_show_only_where_it_is_rounding(s, shown):
    assert _relative_change(s) == shown
