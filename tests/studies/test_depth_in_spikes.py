"""What more hidden layers bring in spikes, on runs that are made up."""

import pandas as pd
import pytest

from credit.evidence import results
from credit.evidence.methods import LENGTH
from credit.studies import depth_in_spikes

FLOOR, OTHER, BACK = "hidden synapses fixed", "other", "backprop (transposed weights)"
FLOORS = {FLOOR: {1: 13.0, 2: 20.0, 4: 38.0}, OTHER: {1: 60.0, 2: 70.0, 4: 80.0}}


def rows(**means):
    """errors() of {name: {layers: mean}}, three seeds a hundredth apart; "c" has its own floor."""
    means = FLOORS | {BACK: {1: 3.0, 2: 3.5}} | means
    return pd.DataFrame(
        [
            {
                "method": name, "rule": "shallow" if name in FLOORS else "x",
                "floor": OTHER if name in ("c", OTHER) else FLOOR,
                "layers": n, "seed": seed, "error": mean + seed / 100,
            }
            for name, of in means.items() for n, mean in of.items() for seed in (-1, 0, 1)
        ]
    )  # fmt: skip


RATES = {n: pd.Series([2.0, 2.1, 2.2]) + n for n in (0, 1, 2, 4)}
NETS = {"a": {1: 4.0, 2: 5.0, 4: 9.0}, "b": {1: 4.0, 2: 6.0}, "c": {1: 4.0, 2: 3.5, 4: 7.0}}


def test_how_many_gain_and_lose_by_a_second_layer_is_said():
    two, four = depth_in_spikes.sentences(rows(**NETS), RATES)
    assert two.holds and two.text == (
        "Of 3 pathways and rules with two hidden layers 3 do better than fixed hidden synapses. Of "
        "these, 2 make more errors than with one, by 1.0 (a) to 2.0 points (b); c fewer. "
        "Transposed weights make 0.5 points more."
    )
    assert four.holds and four.text == (
        "With four hidden layers the errors are 7.00 ± 0.02 % (c; fixed: 80 %) and 9.00 ± 0.02 % "
        "(a; fixed: 38 %); backprop in rates has 6.10 %."
    )


def test_what_does_no_better_than_fixed_synapses_and_what_cannot_be_told_is_named():
    nets = NETS | {"d": {1: 7.0, 2: 21.0}, "e": {1: 5.0, 2: 5.0}}
    two, _ = depth_in_spikes.sentences(rows(**nets), RATES)
    assert "5 pathways and rules with two hidden layers 4 do better" in two.text
    assert (
        "fixed hidden synapses; d (21.00 ± 0.02 %) cannot be said to. Of these, 2 make" in two.text
    )
    assert "; c fewer; for e the seeds cannot tell. Transposed" in two.text
    assert not two.holds  # two of four are no majority


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": {1: 4.0, 4: 39.0}},
        {"a": {1: 4.0, 4: 5.5}},  # below backprop with four layers, not with two
        {"c": {1: 4.0, 4: 81.0}},
    ],
)
def test_four_layers_that_are_not_taught_or_beat_backprop_stop_the_notebook(wrong):
    _, four = depth_in_spikes.sentences(rows(**NETS | wrong), RATES)
    assert not four.holds


def test_a_floor_of_its_own_is_what_a_method_stands_beside():
    for where, holds in ((30.0, True), (85.0, False)):
        _, four = depth_in_spikes.sentences(rows(**NETS | {"c": {1: 4.0, 2: 3.5, 4: where}}), RATES)
        assert four.holds == holds
    two, _ = depth_in_spikes.sentences(rows(**NETS | {"a": {1: 4.0, 2: 30.0, 4: 9.0}}), RATES)
    assert (
        "a (30.00 ± 0.02 %) cannot be said to" in two.text
    )  # above its floor of two layers, not of four
    nets = {k: {1: 4.0, 2: 30.0} for k in "ab"} | {"d": {1: 4.0, 2: 30.0}, "c": NETS["c"]}
    two, _ = depth_in_spikes.sentences(rows(**nets | {"e": {1: 4.0, 2: 5.0}}), RATES)
    assert not two.holds  # of five two


@pytest.mark.parametrize(
    "wrong",
    [
        {k: {1: 4.0, 2: 30.0} for k in "bcde"} | {"c": {1: 4.0, 2: 80.0}},  # one of five is taught
        {BACK: {1: 3.5, 2: 3.5}},  # transposed weights lose nothing
    ],
)
def test_few_that_are_taught_or_a_reference_that_loses_nothing_stop_the_notebook(wrong):
    assert next(depth_in_spikes.sentences(rows(**NETS), RATES)).holds
    assert not next(depth_in_spikes.sentences(rows(**NETS | wrong), RATES)).holds


def test_what_seeds_cannot_tell_from_fixed_synapses_and_who_has_no_single_layer_is_no_gain():
    found = rows(**NETS, f={2: 5.0, 4: 9.0})
    there = (found["method"] == "b") & (found["layers"] == 2)
    found.loc[there, "error"] = [12.0, 19.0, 26.0]  # below 20 % on average
    two, _ = depth_in_spikes.sentences(found, RATES)
    assert two.text.startswith("Of 3 pathways and rules with two hidden layers 2 do better")
    assert "b (19.00 ± " in two.text


def test_errors_are_of_all_networks_by_their_layers(monkeypatch):
    labels = {
        "200 direct": 4.7, "200-100 direct": 5.5, "200-100 layered": 5.2, "200 Kickback": 4.1,
        "200-100-100-100 Kickback": 5.0, "200-100 none, coherent": 80.0, "200 signs": 4.5,
        "200-100-100-100 none, coherent": 84.0, "200-100 untold": 19.0,
        "200 contrastive Hebbian": 4.0, "200-100 contrastive Hebbian": 11.0,
        "200 direct, errors in spikes": 1.0, "200-100 direct, shuffled": 2.0,
    }  # fmt: skip
    runs = pd.DataFrame(
        [
            {
                "setting": label,
                "seed": s,
                "metric": "test error",
                "value": v,
                "method": "m",
                "epoch": 2,
            }
            for label, v in labels.items()
            for s in (0, 1)
        ]
    )
    longer = runs[runs["setting"] == "200 direct"].assign(epoch=6, value=0.5)
    monkeypatch.setattr(results, "available", lambda: ["02-spiking", "01-spiking-long", "09-x"])
    monkeypatch.setattr(
        results, "load", {"02-spiking": runs, "01-spiking-long": longer}.__getitem__
    )
    monkeypatch.setattr(results, "final", lambda frame, metric="test error": frame)
    found = depth_in_spikes.errors().groupby(["method", "rule", "floor", "layers"])["error"].mean()
    coherent, phases = (
        f"hidden synapses fixed, {kind}" for kind in ("coherent networks", "two phases")
    )
    assert found.round(3).to_dict() == {
        ("direct feedback alignment", "direct_feedback_alignment", FLOOR, 1): 4.7,
        ("direct feedback alignment", "direct_feedback_alignment", FLOOR, 2): 5.5,
        ("feedback alignment", "feedback_alignment", FLOOR, 1): 4.7,
        ("feedback alignment", "feedback_alignment", FLOOR, 2): 5.2,
        ("Kickback", "kickback", coherent, 1): 4.1,
        ("Kickback", "kickback", coherent, 4): 5.0,
        ("contrastive Hebbian learning", "contrastive_hebbian", phases, 2): 11.0,
        ("contrastive Hebbian learning", "contrastive_hebbian", phases, 1): 4.0,
        (coherent, "shallow", coherent, 2): 80.0,
        (coherent, "shallow", coherent, 4): 84.0,
    }


def test_backprop_in_rates_is_that_of_the_search_at_full_length(monkeypatch):
    means = {f"1x200 relu{LENGTH}": 2.0, f"200-100-100-100 relu{LENGTH}": 2.2, "200-100 relu": 1.0}
    runs = pd.DataFrame(
        [
            {"setting": s, "seed": 0, "metric": "test error", "value": v, "method": m, "epoch": 2}
            for s, v in means.items()
            for m, v in (("backprop", v), ("shallow", 9.0))
        ]
    )
    monkeypatch.setattr(results, "available", lambda: ["02-rates"])
    monkeypatch.setattr(results, "load", {"02-rates": runs}.__getitem__)
    monkeypatch.setattr(results, "final", lambda frame, metric="test error": frame)
    found = depth_in_spikes.backprop()
    assert {n: runs.mean() for n, runs in found.items()} == {1: 2.0, 4: 2.2}


def test_longer_phases_have_the_errors_of_their_runs(monkeypatch):
    ends = pd.DataFrame({"seed": [0, 1], "value": [3.0, 4.0], "metric": "test error"})
    floors = [
        ends.assign(setting=f"{net} untold, phases of 120 ms", value=ends["value"] + more)
        for net, more in (("200", 10), ("200-100", 20))
    ]
    monkeypatch.setattr(
        results, "load", lambda name: pd.concat(floors) if name.endswith("untold") else ends
    )
    monkeypatch.setattr(results, "final", lambda frame: frame)
    found = depth_in_spikes.in_longer_phases()
    by = found.groupby(["method", "layers"])["error"].agg(list)
    assert list(by.index) == [
        ("equilibrium propagation, 120 ms", 1),
        ("equilibrium propagation, 120 ms", 2),
        ("generalized recirculation, own feedback, 120 ms", 2),
        ("hidden synapses fixed, two phases, 120 ms", 1),
        ("hidden synapses fixed, two phases, 120 ms", 2),
    ]
    floor = found["rule"] == "shallow"
    floors = found[floor].groupby("layers")["error"].agg(list).to_dict()
    assert floors == {1: [13.0, 14.0], 2: [23.0, 24.0]}
    assert set(found.loc[~floor, "error"]) == {3.0, 4.0}
    assert set(found["rule"]) == {
        *("equilibrium_propagation", "generalized_recirculation", "shallow")
    }


def test_additions_with_two_layers_are_events_over_synapses(monkeypatch):
    rows = [
        {"setting": net, "metric": metric, "epoch": e, "value": e * (value + more)}
        for net, value in (("200-100 signs", 88_900.0), ("200-100 none", 5.0))
        for more in (-900.0, 0.0, 900.0)  # of three seeds
        for metric in ("synaptic events, test", "synaptic events, learning")
        for e in (1, 2)
    ]
    monkeypatch.setattr(results, "available", lambda: ["01-spiking-depth", "01-depth"])
    monkeypatch.setattr(results, "load", {"01-spiking-depth": pd.DataFrame(rows)}.__getitem__)
    assert depth_in_spikes.additions().to_dict() == {"sign symmetry": pytest.approx(1.0)}
