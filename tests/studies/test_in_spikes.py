"""What the spiking sections say, on runs that are made up."""

import pandas as pd
import pytest

from credit.evidence import results
from credit.evidence.claims import ClaimFailed, say
from credit.spiking.pathways.signs import Signs
from credit.studies.in_spikes import IN_RATES, REFERENCES, InSpikes

COUNTS = {  # of the input and of the hidden layer
    "spikes, test": (500.0, 100.0),
    "synaptic events, test": (101_000.0,),
    "error events, learning": (14.0,),
}


def made_up(label, method, error):
    """Five seeds whose errors differ by hundredths."""
    rows = []
    for seed in range(5):
        at = {"seed": seed, "setting": label, "method": method, "epoch": 2, "layer": 0}
        rows.append({**at, "metric": "test error", "value": error + seed / 100})
        for metric, (layer, value) in [(m, k) for m in COUNTS for k in enumerate(COUNTS[m])]:
            rows.append({**at, "metric": metric, "value": value, "layer": layer})
            rows.append({**at, "metric": metric, "value": 1e6, "layer": layer, "epoch": 1})
    frame = pd.DataFrame(rows).assign(unit="%", experiment="x", dataset="mnist", depth=1)
    return frame.assign(width=200)


@pytest.fixture
def study(monkeypatch):
    """study(signs=..., direct=...) with these mean errors in place of the usual ones."""

    def make(**changed):
        means = {"signs": 4.0, "direct": 5.0, "symmetric": 3.0, "none": 12.0} | changed
        means["direct, shuffled"] = changed.get("told", 8.0)
        means.pop("told", None)
        own = {"200 signs": means.pop("signs")}
        beside = {f"200 {way}": mean for way, mean in means.items()}
        frames = {
            "01-spiking": [made_up(k, "signs", v) for k, v in own.items()],
            "02-spiking": [made_up(k, "direct", v) for k, v in beside.items()]
            + [made_up(IN_RATES, "backprop", 2.0), made_up(IN_RATES, "shallow", 9.0)],
        }
        monkeypatch.setattr(results, "load", lambda name: pd.concat(frames[name]))
        monkeypatch.setattr(results, "final", lambda frame: frame[frame["metric"] == "test error"])
        return InSpikes("01-spiking", {"200 signs": "sign symmetry"})

    return make


def test_the_table_has_every_network_with_its_error_and_counts(study):
    table = study().table().set_index("way of the error")
    assert set(table.index) >= {"sign symmetry", *REFERENCES.values(), "backprop, in rates"}
    assert table.loc["sign symmetry", "test error, %"].startswith("4.02")
    assert table.loc["sign symmetry", "spikes per image"] == "600"  # of the last epoch, all layers
    assert table.loc["sign symmetry", "error events"] == "14.0"
    assert table.loc["backprop, in rates", "spikes per image"] == "–"
    assert set(table["n"]) == {"5"}


def test_the_sentences_say_which_is_less_and_what_is_no_spike(study):
    said = repr(say(*study().sentences("200 signs", Signs)))
    assert "Sign symmetry ends at 4.02 % test error" in said
    assert "That is 1.00 points less than random feedback (5.02 %)." in said
    assert "That is 1.00 points more than backprop's way (3.02 %)." in said
    assert "2.0 times that" in said and "takes 600 spikes, which make 101,000 synaptic" in said
    assert "the label, a number" in said and "a sign used backwards" in said


def test_spikes_that_do_not_make_the_events_stop_the_notebook(study):
    found = study()
    there = found.runs["metric"] == "synaptic events, test"
    found.runs.loc[there, "value"] *= 1.1
    with pytest.raises(ClaimFailed, match="A test image takes"):
        say(*found.sentences("200 signs", Signs))


def test_what_cannot_be_told_apart_is_said_so(study, monkeypatch):
    found = study(direct=4.0)
    found.errors["200 signs"] = found.errors["200 signs"] + [0.3, -0.3, 0.2, -0.2, 0.0]
    said = repr(say(*found.sentences("200 signs", Signs)))
    assert "5 seeds cannot tell it from random feedback" in said


def test_a_pathway_that_does_not_teach_stops_the_notebook(study):
    for worse in ({"signs": 12.5}, {"told": 3.5}):
        with pytest.raises(ClaimFailed, match="what they are told of their own image"):
            say(*study(**worse).sentences("200 signs", Signs))


def test_the_answer_in_brief_says_how_often_images_were_shown(study):
    said = study().in_brief("200 signs", ", by signs").text
    assert "with one hidden layer, by signs: 200 integrate-and-fire neurons" in said
    assert "each image of MNIST twice end at 4.02 % test error, and at 12 %" in said
    assert not study(signs=12.5).in_brief("200 signs").holds
