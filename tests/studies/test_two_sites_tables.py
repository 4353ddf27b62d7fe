"""The tables of notebook 10: the rate that a network was run with, and scores without a verdict."""

import pandas as pd

from credit.studies import two_sites as studied


def test_every_network_stands_with_the_rate_it_was_run_with_and_a_control_says_so():
    names = ("", "100 events", "rate 1")
    runs = pd.DataFrame(
        [
            {"depth": 3, "setting": ", ".join(p for p in ("3x100 logistic", name) if p),
             "method": "two_sites", "seed": seed, "value": value}
            for name in names
            for seed, value in enumerate((7.4, 7.7, 41.8) if not name else (8.2, 8.3, 8.4))
        ]
    )  # fmt: skip
    shown = studied.depth_table(runs)
    assert list(shown["learning rate"]) == ["3", "0.1", "1 (control)"]
    assert list(shown["bursts"]) == ["exact", "100 events", "exact"]
    assert shown["test error, %"][0] == "7.40, 7.70, 41.80" and "±" in shown["test error, %"][2]


def test_both_scores_of_the_end_stand_beside_the_published_one():
    streams = pd.DataFrame(
        [
            {"alpha": alpha, "seed": seed, "iteration": k, "centred": k / 4000 + seed / 100,
             "correlation": 0.9}
            for alpha in (0.04, 1.0)
            for seed in range(3)
            for k in (200, 2000)
        ]
    )  # fmt: skip
    shown = studied.streams_table(streams)
    assert list(shown["alpha"]) == ["0.04", "1"] and list(shown["published"]) == ["1.00", "0.37"]
    assert all(text.startswith("0.51 ±") for text in shown["here, centred"])
    assert all(text.startswith("0.90") for text in shown["here, uncentred"])
