"""All spiking sections side by side, on the committed results and on what contradicts them."""

import pandas as pd
import pytest

from credit.studies import depth_in_spikes, errors_in_spikes, side_by_side
from credit.studies.in_spikes import InTwoPhases


@pytest.fixture(scope="module")
def events():
    return side_by_side.pathways()


@pytest.fixture(scope="module")
def phases():
    return side_by_side.rules()


@pytest.fixture
def with_errors(monkeypatch):
    """The errors of some labels of a study moved, in percent."""

    def change(study, by):
        moved = study.errors | {label: study.errors[label] + more for label, more in by.items()}
        monkeypatch.setitem(study.__dict__, "errors", moved)
        return study

    return change


def test_every_method_of_the_two_substrates_stands_there_the_best_first(events, phases):
    names = list(events.named.values())
    assert names[-2:] == list(side_by_side.FIXED.values())
    assert {"sign symmetry", "Kickback", "difference target propagation", "GAIT-prop"} < set(names)
    assert len(set(names)) == len(names)
    taught = [label for label in events.named if label not in side_by_side.FIXED]
    best = [min(events.errors[k].mean(), events.alone(k).mean()) for k in taught]
    assert best == sorted(best) and len(best) == 10
    assert "equilibrium propagation" in phases.named.values()
    assert phases.named["200 contrastive Hebbian"] == "contrastive Hebbian learning"
    assert len(phases.table()) == len(phases.named) + 2


def brief(events, phases):
    both, deep = errors_in_spikes.pairs(), depth_in_spikes.errors()
    return list(side_by_side.in_brief(events, phases, both, deep))


def test_in_brief_holds_and_its_sentences_can_fail(events, phases, with_errors):
    said = brief(events, phases)
    assert all(c.holds for c in said) and len(said) == 5
    learn, near, _, spikes, _ = brief(with_errors(events, {"200 signs": 9.0}), phases)
    assert not learn.holds and near.holds and spikes.holds
    learn, *_ = brief(with_errors(events, {"200-100 Kickback": 90.0}), phases)
    assert not learn.holds  # beside fixed synapses of its own networks
    learn, *_ = brief(events, with_errors(phases, {"200 GeneRec, V apart": 9.0}))
    assert not learn.holds
    _, near, *_ = brief(with_errors(events, {"backprop": 9.0}), phases)
    assert not near.holds


def test_errors_that_have_to_be_numbers_and_layers_that_do_not_hold_are_no_answer(events, phases):
    both, deep = errors_in_spikes.pairs(), depth_in_spikes.errors()
    worse = both.assign(alone=both["events"] + 1)
    _, _, numbers, _, _ = side_by_side.in_brief(events, phases, worse, deep)
    assert not numbers.holds
    learns = (deep["rule"] != "shallow") & (deep["layers"] == 4)
    lost = deep.assign(error=deep["error"].where(~learns, 95.0))
    *_, depth = side_by_side.in_brief(events, phases, both, lost)
    assert not depth.holds
    *_, depth = side_by_side.in_brief(events, phases, both, deep)
    four = deep[learns].groupby("method")["error"].mean()
    assert f"with four all {len(four)} that were tried; the lowest has {four.idxmin()}" in (
        depth.text
    )


def test_who_gains_by_labels_of_other_images_is_named(events, with_errors):
    (said,) = side_by_side.told(events)
    assert said.holds and "fixed hidden synapses: direct feedback alignment (8.0 %)" in said.text
    (said,) = side_by_side.told(with_errors(events, {"200 direct": 9.0}))
    assert not said.holds


def test_what_no_spike_carries_says_who_needs_it(events):
    needs = side_by_side.needs().set_index("not carried by spikes")
    assert list(needs.columns) == [side_by_side.EVENTS, side_by_side.ALONE, side_by_side.PHASES]
    assert list(needs.loc["the label, a number"]) == ["all", "–", "–"]
    assert needs.loc["a sign used backwards", side_by_side.ALONE] == "sign symmetry"
    (chain,) = [text for text in needs.index if text.startswith("the events of hidden neurons")]
    assert needs.loc[chain, side_by_side.ALONE] == "all but direct feedback alignment"
    assert needs.loc["a weight used backwards", side_by_side.PHASES].startswith("all but")
    used = [text for text in needs.index if "stored until" in text]
    assert used and list(needs.loc[used[0]]) == ["–", "–", "all"]
    assert InTwoPhases.fixed not in " ".join(needs[side_by_side.PHASES])


def test_the_ratios_to_other_code_are_those_of_the_file():
    rows, profile = side_by_side.costs()
    ratio, share = side_by_side.cost_sentences(rows, profile)
    assert ratio.holds and share.holds
    batch = rows.set_index("way").loc["ngc-learn, feedback alignment, batch", "ratio"]
    assert f"and {batch:.1f} times in batches of 250" in ratio.text
    slower = rows.assign(low=rows["low"].where(~rows["way"].str.startswith("snn"), 0.9))
    assert not next(side_by_side.cost_sentences(slower, profile)).holds
    _, share = side_by_side.cost_sentences(rows, "42 % something else, 10 % another")
    assert not share.holds


def test_what_is_remembered_can_fail(events, with_errors):
    both = errors_in_spikes.pairs()
    assert all(c.holds for c in side_by_side.remember(events, both))
    all_learn, *_ = side_by_side.remember(with_errors(events, {"200 GAIT": 9.0}), both)
    assert not all_learn.holds
    *_, carried = side_by_side.remember(events, both.assign(alone=both["events"] + 1))
    assert not carried.holds


def test_signs_that_can_be_told_from_transposed_weights_are_not_remembered(events, monkeypatch):
    alone = events.alone

    def worse(label):
        return alone(label) + (1.0 if label == "200 signs" else 0.0)

    monkeypatch.setattr(events, "alone", worse)
    _, signs, _ = side_by_side.remember(events, errors_in_spikes.pairs())
    assert not signs.holds and isinstance(worse("200 signs"), pd.Series)
