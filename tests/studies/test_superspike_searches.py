"""What the searches of SuperSpike found, and where the best lies at an edge of what was tried."""

import pandas as pd
import pytest

from credit.evidence import results
from credit.experiments.superspike import NET
from credit.studies import superspike as studied


def rows(errors):
    """Of 03-tuning, {(method, label): validation error}."""
    return pd.DataFrame(
        [
            {"method": method, "setting": setting, "seed": 1000, "epoch": 1.0, "layer": 0,
             "depth": 1, "metric": "validation error", "value": error}
            for (method, setting), error in errors.items()
        ]
    )  # fmt: skip


TRIED = {
    ("superspike", f"{NET}, random, rate 0.5, hidden 0.5"): 14.0,
    ("superspike", f"{NET}, random, rate 1, hidden 0.5"): 13.0,
    ("superspike", f"{NET}, random, rate 0.25, hidden 0.125"): 15.0,
    ("superspike", "784-10, rate 0.5"): 12.0,
    ("backprop", f"{NET}, rate 0.1"): 9.0,
}


@pytest.fixture(autouse=True)
def searched(monkeypatch):
    monkeypatch.setattr(results, "load", lambda name: rows(TRIED))


def test_a_search_has_the_pairs_of_its_condition_only():
    assert studied.search("random")[["rate", "hidden", "error"]].to_numpy().tolist() == [
        [0.5, 0.5, 14.0], [1.0, 0.5, 13.0], [0.25, 0.125, 15.0],
    ]  # fmt: skip
    assert studied.search("no hidden layer").to_numpy().tolist() == [[0.5, 0.0, 12.0]]
    assert studied.search("backprop").to_numpy().tolist() == [[0.1, 0.0, 9.0]]


def test_the_best_pair_and_the_edges_that_it_lies_at():
    tried = studied.search("random")
    assert studied.best(tried) == (1.0, 0.5)
    assert studied.edges(tried) == [("rate", "largest"), ("hidden", "largest")]


def test_a_rate_that_was_not_varied_lies_at_no_edge():
    assert studied.edges(studied.search("no hidden layer")) == []


def test_of_patterns_the_last_count():
    frame = pd.DataFrame(
        [
            {"setting": "4 random", "seed": seed, "epoch": float(epoch), "metric": metric,
             "value": value}
            for seed in (0, 1)
            for epoch, value in ((100, 90.0), (200, 10.0 + seed), (300, 20.0 + seed))
            for metric, value in (("pattern error", value), ("missed", 3.0))
        ]
    )  # fmt: skip
    ends = studied.patterns_wrong(frame, last=200)
    assert list(ends) == ["4 random"] and ends["4 random"].to_dict() == {0: 15.0, 1: 16.0}
    assert studied.patterns_wrong(frame)["4 random"].to_dict() == {0: 40.0, 1: 122 / 3}
