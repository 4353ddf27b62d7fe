"""What the spiking sections say, on runs that are made up."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from credit.evidence import results
from credit.evidence.claims import ClaimFailed, claim, say
from credit.experiments import event_driven
from credit.spiking.contrasts.generalized_recirculation import GeneralizedRecirculation
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.studies.course_in_spikes import ANGLES, WRONG
from credit.studies.in_spikes import (
    ALONE,
    BOTH,
    ERRORS_IN_SPIKES,
    IN_RATES,
    LENGTH,
    OTHERS,
    REFERENCES,
    SIGNED_EVENTS,
    ErrorsInSpikes,
    InALargerNetwork,
    InCoherentNetworks,
    InManyPasses,
    InSpikes,
    InTwoPhases,
    WithTwoHiddenLayers,
    _mean_or_seeds,
)
from credit.studies.networks_in_spikes import synapses
from credit.studies.searches_in_spikes import at_edges


class Edge:
    def __init__(self, label):
        self.edge = f"of {label}"


KINDS = SIGNED_EVENTS, ERRORS_IN_SPIKES
COUNTS = {  # of the input, of the hidden layer, and of the output
    "spikes, test": (500.0, 120.0, 10.0),
    "spikes, learning": (500.0, 130.0, 10.0),
    "synaptic events, test": (101_200.0,),
    "error events, learning": (14.0,),
}
GRID = [(rate, below) for rate in (0.01, 0.03) for below in (0.003, 0.01, 0.03, 0.1)]


def made_up(label, method, error):
    """Five seeds whose errors differ by hundredths."""
    rows = []
    for seed in range(5):
        at = {"seed": seed, "setting": label, "method": method, "epoch": 2, "layer": 0}
        for metric in ("test error", "validation error"):
            rows.append({**at, "metric": metric, "value": error + seed / 100})
        for metric, (layer, value) in [(m, k) for m in COUNTS for k in enumerate(COUNTS[m])]:
            rows.append({**at, "metric": metric, "value": value, "layer": layer})
            rows.append({**at, "metric": metric, "value": 1e6, "layer": layer, "epoch": 1})
    frame = pd.DataFrame(rows).assign(unit="%", experiment="x", dataset="mnist", depth=1)
    return frame.assign(width=200)


def search(best, label="200 signs"):
    """A search of eight pairs of rates; the others end two tenths above the best, and more."""
    names = [f"{label}, rates {r:g} and {b:g} mV, spread 50 mV" for r, b in GRID]
    errors = [5.0 if pair == best else 5.2 + k / 10 for k, pair in enumerate(GRID)]
    frame = pd.DataFrame({"setting": names, "value": errors})
    return frame.assign(metric="validation error", method="signs", seed=91)


@pytest.fixture
def study(monkeypatch):
    """study(signs=..., direct=...) with these mean errors in place of the usual ones; best is what
    the search says, the rates of the experiment being 0.01 and 0.01."""

    def make(best=(0.01, 0.01), searched=4.5, edge=(0.01, 0.01), **changed):
        means = {"signs": 4.0, "direct": 5.0, "symmetric": 3.0, "none": 12.0} | changed
        told = {"200 signs, shuffled": means.pop("told", 8.0)}
        alone = {"200 signs, errors in spikes": means.pop("alone", 3.5)}
        floor = means.pop("floor", 11.0)
        own = {"200 signs": means.pop("signs")}
        beside = {f"200 {way}": mean for way, mean in means.items()}
        frames = {
            "01-spiking": [made_up(k, "signs", v) for k, v in own.items()],
            "02-spiking": [made_up(k, "direct", v) for k, v in beside.items()],
            "02-rates": [made_up(IN_RATES, m, v) for m, v in (("backprop", 2.0), ("shallow", 9.0))],
            "01-spiking-controls": [made_up(k, "signs", v) for k, v in told.items()],
            "01-spiking-populations": [made_up(k, "two", v) for k, v in alone.items()],
            "01-spiking-populations-tuning": [search(edge, "200 signs, errors in spikes")],
            "02-spiking-populations": [made_up("200 direct, errors in spikes", "two", 3.7)],
            "02-spiking-floor": [made_up("200 none, errors in spikes", "two", floor)],
            "01-spiking-tuning": [search(best)],
            "01-spiking-searched": [made_up("200 signs, best of the search", "signs", searched)],
        }
        monkeypatch.setattr(results, "load", lambda name: pd.concat(frames[name]))
        monkeypatch.setattr(results, "available", lambda: list(frames))
        monkeypatch.setattr(
            results, "final", lambda frame, metric="test error": frame[frame["metric"] == metric]
        )
        return InSpikes("01-spiking", {"200 signs": "sign symmetry"})

    return make


def test_the_table_has_every_network_with_its_error_and_counts(study):
    table = study().table().set_index("feedback pathway")
    assert set(table.index) >= {"sign symmetry", *REFERENCES.values(), "rate network, backprop"}
    row = table.loc["sign symmetry"]
    assert row["test error, %"].startswith("4.02")
    assert row["spikes per test image"] == "630"  # of the last epoch, all layers
    assert row["hidden rate, Hz"] == "10"  # 120 spikes of 200 neurons in 60 ms
    assert row["at forward synapses"] == "101,200"
    assert row["error events per training image"] == "14.0"
    assert table.loc["rate network, backprop", "spikes per test image"] == "–"
    assert set(table["n"]) == {"5"}
    assert row[ALONE].startswith("3.52") and row[ALONE].endswith("(5)")
    assert row[OTHERS].startswith("8.02")
    others = table.drop("sign symmetry")
    assert (others[OTHERS] == "–").all()
    known = {"random feedback": "3.72", REFERENCES["200 none"]: "11.02"}
    assert all(others.loc[name, ALONE].startswith(mean) for name, mean in known.items())
    assert (others.drop(list(known))[ALONE] == "–").all()


def test_a_column_that_nothing_stands_in_is_left_out(study):
    found = study()
    found.runs = found.runs[~found.runs["setting"].str.endswith("shuffled")]
    for way in ("signs", "direct", "none"):
        found.named[f"200 {way}, errors in spikes"] = f"{way}, in a row of its own"
    columns = found.table().columns
    assert ALONE not in columns and OTHERS not in columns and "n" in columns


@pytest.mark.parametrize(
    ("alone", "says"),
    [
        (3.5, "error is lower (-0.50 points"),
        (4.5, "error is higher (+0.50 points"),
        (4.0, "error cannot be told apart (+0.00 to +0.00 points"),
    ],
)
def test_what_errors_in_spikes_cost_is_said(study, alone, says):
    claim = study(alone=alone)._alone("200 signs")
    start = "neurons for every output neuron, sign symmetry ends at "
    assert claim.holds and says in claim.text and start in claim.text
    assert "(5 seeds), with hidden synapses fixed at 11.0 %. Compared" in claim.text
    assert claim.text in repr(say(*study(alone=alone).sentences("200 signs")))
    # below fixed synapses under an output of events, not below those under one of spikes
    assert not study(alone=11.5)._alone("200 signs").holds
    assert study(alone=11.5, floor=12.0)._alone("200 signs").holds


def test_errors_in_spikes_that_cannot_be_said_to_teach_are_told_seed_by_seed(study):
    found = study(alone=12.0, floor=12.0)
    found.alone_teaches = False
    claim = found._alone("200 signs")
    assert claim.holds and "its seeds end at 12.0, 12.0, 12.0, 12.0, 12.0 %, and cannot" in (
        claim.text
    )
    brief = found.in_brief("200 signs")
    assert (
        brief.holds and "and 12.0, 12.0, 12.0, 12.0 and 12.0 % in its 5 seeds where [" in brief.text
    )
    assert "spikes), not to be told from fixed hidden synapses; with" in brief.text
    for other in (11.0, 13.0):
        found = study(alone=other, floor=12.0)
        found.alone_teaches = False
        assert not found._alone("200 signs").holds


def test_errors_in_spikes_at_the_edge_of_their_search_are_said_to_be_there(study, monkeypatch):
    spiking = event_driven.spiking
    for below, edge in ((0.1, "highest"), (0.003, "lowest")):
        monkeypatch.setattr(
            event_driven,
            "spiking",
            lambda *a, b=below, **k: replace(spiking(*a, **k), hidden_rate=b),
        )
        said = study()._alone("200 signs").text
        assert f"(5 seeds; its hidden rate is the {edge} that was tried), with" in said


def test_the_sentences_say_which_is_less_and_what_it_costs(study):
    found = study()
    said = repr(say(*found.sentences("200 signs")))
    assert "Sign symmetry ends at 4.02 % test error" in said
    assert (
        "Sign symmetry is 1.00 points better than random feedback (5.02 %; difference between"
        in said
    )
    assert "Sign symmetry is 1.00 points worse than forward weights, transposed (3.02 %" in said
    assert "2.0 times that" in said and "elicits 630 spikes and 101,200 events" in said
    assert (
        "synapses, 0.64 additions for each multiply-add in rates, those of dark pixels included. In"
        in said
    )  # 101,200 / 158,800
    assert "within the hidden layer" not in said
    found.lateral["200 signs"] = 200
    assert "and 24,000 within the hidden layer" in repr(say(*found.sentences("200 signs")))
    only = repr(say(*found.sentences("200 signs", ["200 none"])))
    assert "hidden synapses fixed (12.02 %" in only and "transposed" not in only


def test_what_spikes_do_not_carry_is_listed(study):
    found = study().not_spikes(Signs()).set_index("not carried by spikes")
    signed, alone = (set(found.index[found[kind] == "yes"]) for kind in KINDS)
    assert set(found.to_numpy().ravel()) == {"yes", "no"}
    assert {"the label, a number", "a sign used backwards"} <= signed
    assert signed - alone == {
        "the label, a number",
        "the error of a neuron, a number until it is an event",
        "the events, which have a sign and come beside the neuron's own spikes",
    }
    assert alone == set(study().not_spikes(TwoPopulations(way=Signs()))["not carried by spikes"])
    assert alone > {"a sign used backwards", "the clock that resets all neurons at every image"}


def test_of_several_rules_it_is_listed_who_needs_what(study):
    found = study().not_spikes(Signs(), KolenPollack()).set_index("not carried by spikes")
    signed, alone = (found[kind] for kind in KINDS)
    assert signed["the label, a number"] == "all" and alone["the label, a number"] == "no"
    assert signed["a sign used backwards"] == "signs"
    assert alone["a sign used backwards"] == "yes"  # the other was not run so
    (own,) = KolenPollack().not_spikes
    assert signed[own] == "Kolen-Pollack" and alone[own] == "no"
    rules = [GeneralizedRecirculation(apart=a) for a in (True, False)]
    needed = study().not_spikes(*rules).set_index("not carried by spikes")["needed by"]
    assert needed["a weight used backwards"] == "GeneRec, V is W"  # no errors, none in spikes


def test_what_is_spent_with_errors_in_spikes_is_counted_apart(study):
    found = study()
    there = (found.runs["setting"] == "200 signs, errors in spikes") & (found.runs["epoch"] == 2)
    for metric, layer, value in (("spikes, test", 1, 60.0), ("error events, learning", 0, 2.5)):
        of = (found.runs["metric"] == metric) & (found.runs["layer"] == layer)
        found.runs.loc[there & of, "value"] = value
    said = found._spent_alone("200 signs")
    assert said.holds and said.text in [one.text for one in found.sentences("200 signs")]
    assert said.text == (
        "With errors in spikes a hidden neuron fires at 5 Hz; a test image elicits 570 spikes and "
        "101,200 events at forward synapses, and a training image, in the last pass, 2.5 spikes of "
        "error neurons, fewer than hidden spikes (130)."
    )
    of = found.runs["metric"] == "error events, learning"
    found.runs.loc[there & of, "value"] = 131.0
    assert not found._spent_alone("200 signs").holds


def test_spikes_of_error_neurons_are_counted_beside_signed_events(study):
    study()
    found = ErrorsInSpikes("01-spiking", {"200 signs": "errors in spikes"})
    there = found.runs["metric"] == "error events, learning"
    found.runs.loc[there & (found.runs["setting"] == "200 signs"), "value"] = 2.7
    said = found._spent("200 signs")
    assert said.holds and "elicits 2.7 spikes of error neurons" in said.text
    assert "14.0 signed events" in said.text
    assert "each of the 20 error neurons fires at 3.0 Hz on average" in said.text  # in 45 ms
    found.runs.loc[there, "value"] = 14.0
    assert not found._spent("200 signs").holds


def test_a_larger_network_is_told_in_percent_of_right_answers(monkeypatch):
    own, back, none = ("500 signs", *InALargerNetwork.references)
    means = {own: 2.5, back: 2.0, none: 9.0}
    shown = {"01-spiking-large": [made_up(k, "signs", v) for k, v in means.items()]}
    shown["02-rates"] = [
        made_up(f"1x500 relu{LENGTH}", m, v) for m, v in (("backprop", 1.8), ("shallow", 7.0))
    ]
    monkeypatch.setattr(results, "load", lambda name: pd.concat(shown[name]))
    monkeypatch.setattr(
        results, "final", lambda frame, metric="test error": frame[frame["metric"] == metric]
    )
    found = InALargerNetwork("01-spiking-large", {own: "sign symmetry"})
    taught = found._taught(own)
    assert taught.holds and "With 500 hidden neurons and images of 120 ms, sign symmetry" in (
        taught.text
    )
    assert (
        "2.52 % test error (5 seeds): 97.5 % of the test images are classified correctly; with"
        in (taught.text)
    )
    assert found.hidden_rate(own) == pytest.approx(2.0)  # 120 spikes of 500 neurons in 120 ms
    assert "0.50 points worse than transposed weights" in found._beside(own, back).text
    found.errors[own] += 8
    assert not found._taught(own).holds


def test_many_passes_stand_beside_fixed_synapses_and_backprop_alone(monkeypatch):
    means = {"500 signs": 1.9, "500 none": 9.0}
    runs = [made_up(k, "signs", v) for k, v in means.items()]
    runs += [made_up(f"1x500 relu{LENGTH}", m, v) for m, v in (("backprop", 1.7), ("shallow", 7.0))]
    monkeypatch.setattr(results, "load", lambda name: pd.concat(runs))
    monkeypatch.setattr(
        results, "final", lambda frame, metric="test error": frame[frame["metric"] == metric]
    )
    found = InManyPasses("01-spiking-long", {"500 signs": "sign symmetry"})
    assert "images of 60 ms, sign symmetry ends at 1.92 %" in found._taught("500 signs").text
    assert found.hidden_rate("500 signs") == pytest.approx(4.0)  # 120 spikes of 500 in 60 ms
    monkeypatch.setattr(found, "tuned", lambda label: claim("It was.", True))
    assert len(list(found.sentences("500 signs"))) == 4
    assert "1.12 times that" in found._in_rates("500 signs").text


def test_more_error_events_than_hidden_spikes_stop_the_notebook(study):
    found = study()
    there = found.runs["metric"] == "error events, learning"
    found.runs.loc[there, "value"] *= 10
    with pytest.raises(ClaimFailed, match="last pass a training image brings"):
        say(*found.sentences("200 signs"))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (6.0, "it ends at 6.0 %: 75 % of the gain."),
        (11.0, "12 % of the gain."),
        (12.0, "12.0 %: no better than with fixed ones."),
        (13.0, "13.0 %: worse than with fixed ones."),
    ],
)
def test_how_much_is_gained_with_the_labels_of_other_images_is_said(study, told, says):
    found = study(told=told)
    assert says in found._taught("200 signs").text


def test_the_search_says_whether_its_best_was_used_and_whether_it_lies_at_the_edge(study):
    said = study().tuned("200 signs")
    assert (
        said.holds
        and "With one hidden layer 8 pairs of learning rates, with 2 values for the output, were"
        in said.text
    )
    assert "best had 5.00 % validation error and the next 5.20 %; the best is used" in (said.text)
    assert "that was tried" not in said.text  # of the hidden rates the second of four
    other = study(best=(0.03, 0.1)).tuned("200 signs")
    assert other.holds and "the pair used had 5.30 %" in other.text
    assert (
        "5 seeds and all images 4.02 %, where the best of the whole search ends at 4.52 ± 0.02 %"
        in (other.text)
    )
    assert not study(best=(0.03, 0.1), searched=3.9).tuned("200 signs").holds


def test_what_cannot_be_told_apart_is_said_so(study, monkeypatch):
    found = study(direct=4.0)
    found.errors["200 signs"] = found.errors["200 signs"] + [0.3, -0.3, 0.2, -0.2, 0.0]
    said = repr(say(*found.sentences("200 signs")))
    assert "5 seeds cannot tell sign symmetry from random feedback" in said


def test_a_pathway_that_does_not_teach_stops_the_notebook(study):
    for worse in ({"signs": 12.5}, {"told": 3.5}):
        with pytest.raises(ClaimFailed, match="Sign symmetry ends at"):
            say(*study(**worse).sentences("200 signs"))


def test_the_answer_in_brief_says_how_often_images_were_shown(study):
    said = study().in_brief("200 signs", ", by signs").text
    assert "Yes, with one hidden layer, by signs: after two passes through MNIST, 200 " in said
    assert "200 hidden integrate-and-fire neurons have 4.02 % test error, and 3.52 % where" in said
    assert said.endswith(
        "where [the errors, too, are spikes]"
        "(21_in_spiking_neurons.ipynb#Errors-as-events-and-as-spikes); with hidden synapses fixed "
        "it is 12.0 and 11.0 %, respectively."
    )
    found = study()
    found.runs = found.runs[found.runs["setting"] != "200 none, errors in spikes"]
    assert found.in_brief("200 signs").text.endswith("fixed it is 12.0 % with signed events.")
    assert not study(alone=11.5).in_brief("200 signs").holds
    assert study(alone=11.5, floor=12.0).in_brief("200 signs").holds
    assert "In part" in study().in_brief("200 signs", answer="In part").text
    assert not study(signs=12.5).in_brief("200 signs").holds


@pytest.fixture
def deeper(study, monkeypatch):
    """deeper({label: (method, mean)}) in place of what other experiments measured."""

    def make(means, **of_study):
        found = study(**of_study)
        runs = pd.concat([made_up(label, *what) for label, what in means.items()])
        before = results.load
        there = [*results.available(), "01-spiking-depth", "05-spiking-depth"]
        monkeypatch.setattr(results, "available", lambda: there)

        def load(name):
            if name == "05-spiking-depth":
                raise AssertionError("of another notebook")
            return runs if name in ("01-spiking-depth", "02-rates-four") else before(name)

        monkeypatch.setattr(results, "load", load)
        return found

    return make


DEEP = {
    "200-100 none": ("fixed", 19.0),
    f"200-100 relu{LENGTH}": ("backprop", 2.5),
    "200-100-100-100 none": ("fixed", 38.0),
    f"200-100-100-100 relu{LENGTH}": ("backprop", 2.7),
}


@pytest.mark.parametrize(
    ("two", "says"),
    [
        (4.5, "error is higher (+0.50 points; +0.50 to +0.50)"),
        (3.5, "error is lower (-0.50 points"),
        (4.0, "error cannot be told apart (+0.00 to +0.00 points"),
    ],
)
def test_what_a_second_hidden_layer_brings_is_said(deeper, two, says):
    (claim,) = deeper(DEEP | {"200-100 signs": ("signs", two)}).deeper("200 signs")
    assert claim.holds and "With two hidden layers, of 200 and 100 neurons, sign symmetry" in (
        claim.text
    )
    assert (
        f"ends at {two + 0.02:.2f} ± 0.02 % test error (5 seeds); with hidden synapses fixed it is "
        in (claim.text)
    )
    assert (
        "19.0 %, and backprop in rates has 2.52 %. Compared with one hidden layer the " + says
        in (claim.text)
    )


def test_the_answer_in_brief_names_the_error_of_more_hidden_layers_where_they_are_taught(deeper):
    found = deeper(DEEP | {"200-100 signs": ("signs", 4.5)})
    assert found.in_brief("200 signs").text.endswith(
        "respectively. With two hidden layers it is 4.52 ± 0.02 % (with hidden synapses fixed "
        "19.0 %)."
    )
    longer, floor = pd.Series([5.0, 5.1, 4.9]), pd.Series([20.0, 20.2, 19.8])
    both = found.in_brief("200 signs", more_layers=[("two, for longer,", longer, floor)])
    assert both.holds and both.text.endswith(
        "respectively. With two hidden layers it is 4.52 ± 0.02 % and with two, for longer, it is "
        "5.00 ± 0.25 % (with hidden synapses fixed 19.0 and 20.0 %)."
    )
    assert not found.in_brief("200 signs", more_layers=[("two", floor, longer)]).holds
    found.untaught = ("200-100 signs",)
    assert "two hidden" not in found.in_brief("200 signs").text


def test_every_search_has_a_row_with_its_best_and_what_was_used(study):
    found = study(best=(0.03, 0.01))
    found.named = {"200 signs": "sign symmetry", "200 elsewhere": "not searched here"}
    events, alone = found.searches().to_dict("records")
    assert events["feedback pathway"] == "sign symmetry" and events["best"] == 5.0
    assert (events["settings tried"], events["rates of the output"]) == ("8", "2")
    assert events["used"] > events["best"] and events["hidden rate at an edge"] == "no"
    assert alone["feedback pathway"] == "sign symmetry, errors in spikes"


def test_random_feedback_from_layer_to_layer_stands_beside_where_it_was_run(deeper):
    nets = {"200-100 signs": ("signs", 4.5), "200-100 layered": ("layered", 5.2)}
    (claim,) = deeper(DEEP | nets).deeper("200 signs")
    assert "it is 19.0 %, with random feedback from layer to layer 5.22 %, and backprop in" in (
        claim.text
    )


def test_how_the_rates_of_more_layers_were_searched_is_said(deeper, monkeypatch):
    found = deeper(DEEP | {"200-100 signs": ("signs", 4.5)})
    (claim,) = found.deeper("200 signs")
    assert claim.text.endswith("+0.50).")  # no search there
    before, there = results.load, [*results.available(), "01-spiking-depth-tuning"]
    tried = pd.concat([search((0.01, 0.01), "200-100 signs")] * 2)
    tried["setting"] = [
        f"200-100 signs, rates 0.01 and {below:g} mV, spread 50 mV"
        for below in (0.0003, 0.001, 0.003, 0.01) * 4
    ]
    monkeypatch.setattr(results, "available", lambda: there)
    monkeypatch.setattr(results, "load", lambda name: tried if name == there[-1] else before(name))
    (claim,) = found.deeper("200 signs")  # its rates are 0.01 and 0.001 mV
    assert claim.text.endswith(
        "Its hidden rate is one of 4 that were tried, at one rate of the output."
    )
    tried["setting"] = tried["setting"].str.replace("0.0003", "0.03")
    (claim,) = found.deeper("200 signs")
    assert claim.text.endswith("one of 4 that were tried, the lowest, at one rate of the output.")


def test_constants_that_differ_between_depths_are_said(deeper):
    found = deeper(DEEP)
    label = "target difference"
    assert found._constants(f"200-100 {label}", f"200 {label}") == (
        "; the rate of the inverse is 0.00001, there 0.003"
    )
    label = "equilibrium propagation"
    said = found._constants(f"200-100 {label}", f"200 {label}")
    assert said == "; the gain of feedback is 0.1, there 1"
    assert not found._constants("200-100 signs", "200 signs")
    assert not found._constants("200-100 unknown", "200 signs")


def test_a_reference_at_the_edge_of_its_search_is_said_to_be_there(study, monkeypatch):
    found, edges = study(), {"200 direct": "; its hidden rate is the lowest that was tried"}
    assert found._beside("200 signs", "200 direct").text.endswith("-1.00).")  # no search there
    monkeypatch.setattr(found, "_edge", edges.get)
    assert found._beside("200 signs", "200 direct").text.endswith(
        "-1.00); its hidden rate is the lowest that was tried."
    )
    worse = study(signs=6.0)
    monkeypatch.setattr(worse, "_edge", edges.get)
    assert "hidden rate" not in worse._beside("200 signs", "200 direct").text
    again = study(edge=(0.01, 0.003))
    monkeypatch.setattr(again, "search", lambda label: again.named and Edge(label))
    assert again._edge("200 signs") == "of 200 signs" and not again._edge("200 direct")


def test_four_hidden_layers_are_compared_with_two(deeper):
    nets = {"200-100 signs": ("signs", 4.5), "200-100-100-100 signs": ("signs", 11.0)}
    found = deeper(DEEP | nets)
    two, four = found.deeper("200 signs")
    assert two.holds and four.holds
    assert (
        "With four hidden layers, of 200, 100, 100 and 100 neurons, sign symmetry ends at 11.02 ± "
        in (four.text)
    )
    assert (
        "fixed it is 38.0 %, and backprop in rates has 2.72 %. Compared with two hidden layers"
        in (four.text)
    )
    assert "is higher (+6.50 points" in four.text
    said = repr(say(*found.sentences("200 signs")))
    assert two.text in said and four.text in said
    assert two.text not in repr(say(*found.sentences("200 signs", deeper=False)))


def test_deeper_networks_that_learn_no_better_than_fixed_ones_have_to_be_said_so(deeper):
    bad = DEEP | {"200-100 signs": ("signs", 20.0)}
    assert not next(deeper(bad).deeper("200 signs")).holds
    found = deeper(bad)
    found.untaught = ("200-100 signs",)
    claim = next(found.deeper("200 signs"))
    assert claim.holds and claim.text.endswith(
        "It is not shown to end lower than with hidden synapses fixed."
    )
    found = deeper(DEEP | {"200-100 signs": ("signs", 15.0)})
    found.untaught = ("200-100 signs",)
    assert not next(found.deeper("200 signs")).holds
    # spikes that were better than backprop in rates would be looked at again
    assert not next(deeper(DEEP | {"200-100 signs": ("signs", 2.0)}).deeper("200 signs")).holds


def angles(first, last, label="200 signs", backprop=True):
    """Of three seeds, each (own, for other labels, to backprop)."""
    rows = []
    for epoch, values in ((0.0, first), (0.5, (80.0, 80.0, 80.0)), (1.0, last)):
        for metric, value in zip(ANGLES.values(), values, strict=True):
            if backprop or "backprop" not in metric:
                rows += [
                    {
                        "setting": label,
                        "seed": s,
                        "epoch": epoch,
                        "metric": metric,
                        "value": value + s,
                    }
                    for s in (-1, 0, 1)
                ]
    return pd.DataFrame(rows)


def test_how_near_the_change_is_to_that_in_rates_is_said(study, monkeypatch):
    found, before = study(), results.load
    there = [*results.available(), "01-spiking-course"]
    assert not list(found._course("200 signs"))
    monkeypatch.setattr(results, "available", lambda: there)

    def course(runs, label="200 signs"):
        monkeypatch.setattr(
            results, "load", lambda name: runs if name.endswith("-course") else before(name)
        )
        return list(found._course(label))

    (claim,) = course(angles((8, 35, 20), (30, 85, 60)))
    assert claim.holds and claim.text == (
        "The angle between the change of hidden synapses by spikes and that of the same rule in "
        "rates is 8° at the first weights and 30° after 25,000 images (3 seeds; to the rule for "
        "other labels 35 and 85°; to transposed weights 20 and 60°)."
    )
    (claim,) = course(angles((8, 35, 20), (30, 85, 60)), "200-100 signs")
    assert "in rates is, with one hidden layer, 8° at" in claim.text
    (claim,) = course(angles((8, 35, 0), (30, 85, 0), backprop=False))
    assert claim.holds and "transposed" not in claim.text
    (claim,) = course(angles((8, 35, 8), (30, 85, 30)))  # it is backprop's own
    assert "transposed" not in claim.text
    for wrong in (((8, 7, 8), (30, 85, 30)), ((8, 35, 8), (30, 29, 30)), ((30, 35, 8), (8, 85, 8))):
        (claim,) = course(angles(*wrong))
        assert not claim.holds
    assert not course(angles((8, 35, 20), (30, 85, 60), "200 direct"))

    def both(first, last, wrong=30.0):
        """With errors in spikes, too, and what wrong answers alone ask for."""
        alone = angles(first, last, "200 signs, errors in spikes")
        more = alone[alone["metric"] == ANGLES["own"]].assign(metric=WRONG, value=wrong)
        alone = pd.concat([alone, more])
        events = angles((8, 35, 20), (30, 85, 60))
        monkeypatch.setattr(
            results, "load", lambda name: alone if "populations" in name else events
        )
        return next(found._course("200 signs"))

    there.append("01-spiking-populations-course")
    claim = both((12, 35, 20), (40, 85, 60))
    assert claim.holds and claim.text.endswith(
        "60°); where errors are spikes, too, 12 and 40°, at the end 30° from what the rule asks of "
        "wrong answers alone."
    )
    assert not both((12, 35, 20), (40, 85, 60), wrong=41.0).holds


def test_a_network_with_two_hidden_layers_is_said_to_have_two(study):
    found = study()
    found.named["200-100 signs"] = "sign symmetry"
    found.runs = pd.concat([found.runs, made_up("200-100 signs", "signs", 4.0)])
    found.errors["200-100 signs"] = found.errors["200 signs"]
    said = found.in_brief("200-100 signs").text
    assert "Yes, with two hidden layers: after two passes through MNIST, 200 and 100 hidden" in said


def test_an_error_that_is_not_above_that_in_rates_stops_the_notebook(study):
    with pytest.raises(ClaimFailed, match="Backprop in a rate network"):
        say(*study(signs=1.5, symmetric=1.0).sentences("200 signs"))


def test_spikes_that_cannot_be_told_from_backprop_in_rates_are_said_to_be_so(study):
    found = study(signs=2.0, symmetric=1.0)
    found.errors["200 signs"] = found.errors["200 signs"] + [0.3, -0.3, 0.2, -0.2, 0.0]
    said = found._in_rates("200 signs")
    assert said.holds and "5 seeds cannot tell sign symmetry from backprop in a rate" in said.text
    assert "the same images (2.02 %): the difference lies" in said.text
    assert "between -0.3" in said.text and "and +0.3" in said.text


def test_a_network_that_does_not_teach_stops_the_notebook_also_where_other_labels_are_worse(study):
    assert not study(signs=12.5, told=14.0)._taught("200 signs").holds


def test_the_second_hidden_layer_is_looked_for_beside_the_experiment_and_among_the_references(
    study, monkeypatch
):
    found = study()
    own = made_up("200-100 signs", "signs", 4.5)
    beside = {"200-100 none": ("fixed", 19.0), f"200-100 relu{LENGTH}": ("backprop", 2.5)}
    shown = {
        "01-spiking-mirror-depth": own[own["seed"] < 3],
        "02-spiking-depth": made_up("200-100 none", *beside["200-100 none"]),
        "02-rates": made_up(f"200-100 relu{LENGTH}", *beside[f"200-100 relu{LENGTH}"]),
    }
    monkeypatch.setattr(results, "load", shown.__getitem__)
    monkeypatch.setattr(results, "available", lambda: [*shown, "02-spiking", "06-spiking-depth"])
    (claim,) = found.deeper("200 signs")
    assert "sign symmetry ends at 4.51 ± 0.02 % test error (3 seeds)" in claim.text


def test_the_search_has_its_own_pairs_and_measure_alone_and_a_near_tie_is_none(study, monkeypatch):
    tried, frames = search((0.03, 0.01)), {}
    tried.loc[tried["setting"].str.contains("rates 0.01 and 0.01 mV"), "value"] = 5.05
    other = tried.assign(value=1.0)
    told = other.assign(setting=other["setting"].str.replace("signs", "signs, shuffled"))
    found = study()
    frames["01-spiking-tuning"] = pd.concat([tried, told, other.assign(metric="train error")])
    monkeypatch.setattr(results, "load", frames.__getitem__)
    said = found.tuned("200 signs")
    assert said.holds and "8 pairs of learning rates" in said.text
    assert "the best had 5.00 %" in said.text and said.text.endswith(
        "the pair used had 5.05 %, which one seed does not tell from it."
    )
    for edge, kept in (("lowest", "and 0.01 |and 0.03 "), ("highest", "and 0.003 |and 0.01 ")):
        frames["01-spiking-tuning"] = tried[tried["setting"].str.contains(kept)]
        assert found.tuned("200 signs").text.endswith(f"hidden rate is the {edge} that was tried.")


def test_seeds_are_counted_on_both_sides_of_what_cannot_be_told_apart(study):
    found = study(direct=4.0)
    found.errors["200 direct"] = found.errors["200 direct"][:3]
    said = found._beside("200 signs", "200 direct").text
    assert said.startswith("5 and 3 seeds cannot tell sign symmetry from random feedback (4.01 %)")


def test_error_neurons_that_are_many_or_fast_stop_the_notebook(study):
    study()
    found = ErrorsInSpikes("01-spiking", {"200 signs": "errors in spikes"})
    events = found.runs["metric"] == "error events, learning"
    own, other = (found.runs["setting"] == f"200 {way}" for way in ("signs", "direct"))
    found.runs.loc[events & own, "value"] = 2.7
    assert found._spent("200 signs").holds
    found.runs.loc[events & other, "value"] = 2.6  # fewer signed events; no faster
    assert not found._spent("200 signs").holds
    found.runs.loc[events & own, "value"] = 13.0  # fewer than signed events, faster than hidden
    found.runs.loc[events & other, "value"] = 14.0
    assert not found._spent("200 signs").holds


def test_a_difference_within_the_noise_is_not_said_to_be_one(deeper):
    found = deeper(DEEP | {"200-100 signs": ("signs", 3.95)})
    found.errors["200 signs"] = found.errors["200 signs"] + [0.3, -0.3, 0.2, -0.2, 0.0]
    (claim,) = found.deeper("200 signs")
    assert "error cannot be told apart (-0.37 to +0.27 points)" in claim.text


def test_two_phases_teach_beyond_feedback_to_fixed_synapses_below_the_taught_rate(
    study, monkeypatch
):
    hebb = "200 contrastive Hebbian"
    means = {hebb: 4.0, f"{hebb}, hidden synapses fixed": 8.0, "200 untold": 12.0}

    def make(**changed):
        runs = [made_up(k, "two", v) for k, v in (means | changed).items()]
        runs += [made_up(IN_RATES, m, 2.0) for m in ("backprop", "shallow")]
        monkeypatch.setattr(results, "load", lambda name: pd.concat(runs))
        found = InTwoPhases("09-spiking", {hebb: "contrastive Hebbian learning"})
        found.runs = found.runs.drop_duplicates()
        return found

    study()
    found = make()
    assert found._taught(hebb).holds and found._spent(hebb).holds
    for worse in ({"200 untold": 3.0}, {f"{hebb}, hidden synapses fixed": 3.0}):
        assert not make(**worse)._taught(hebb).holds
    found.runs.loc[found.runs["metric"] == "spikes, test", "value"] *= 100
    assert not found._spent(hebb).holds


def test_later_angles_are_said_to_be_later(study, monkeypatch):
    """Where a rule asks for nothing at its first weights."""
    found, before = study(), results.load
    runs = angles((8, 35, 20), (30, 85, 60))
    runs = runs[runs["epoch"] > 0]
    runs.loc[runs["epoch"] == 0.5, "value"] = [20 + k % 3 + (k // 3 == 1) * 60 for k in range(9)]
    monkeypatch.setattr(results, "available", lambda: ["01-spiking-course"])
    monkeypatch.setattr(
        results, "load", lambda name: runs if name.endswith("-course") else before(name)
    )
    (claim,) = found._course("200 signs")
    assert claim.holds and "in rates is 21° after 12,500 images and 30° after" in claim.text


def test_an_output_that_learns_by_spikes_above_fixed_synapses_is_a_floor(study, monkeypatch):
    study()
    before = results.load
    for floor, holds, way in ((10.0, True, "is lower"), (13.0, False, "is higher")):
        runs = made_up("200 none, errors in spikes", "two", floor)
        monkeypatch.setattr(
            results, "load", lambda name, r=runs: r if name == "02-spiking-floor" else before(name)
        )
        found = ErrorsInSpikes("01-spiking", {"200 signs": "sign symmetry in spikes"})
        said = found.floors()
        assert said.holds == holds
        other = f"one that learns by a real-valued error at 12.0 %: the error {way}"
        assert f"ends at {floor:.1f} % (5 seeds), {other}" in said.text
        assert found._taught("200 signs").text.startswith(
            f"Sign symmetry in spikes ends at 4.02 % test error; with hidden synapses fixed it is "
            f"{floor:.1f} %."
        )


def test_weak_feedback_is_compared_at_the_same_rates(study, monkeypatch):
    hebb = "contrastive Hebbian"
    means = {f"200 {hebb}": 4.0, "200 untold": 10.0, f"200-100 {hebb}": 9.0, "200-100 untold": 19.0}
    means |= {f"200 {hebb}, hidden synapses fixed": 8.0}
    runs = [made_up(k, "two", v) for k, v in means.items()]
    runs += [made_up(label + LENGTH, "backprop", 2.0) for label in ("1x200 relu", "200-100 relu")]
    runs += [made_up(IN_RATES, "shallow", 8.0)]
    both = {(0.5, 1.5): (30.0, 14.0), (1.5, 1.5): (45.0, 13.0)}
    tried = [
        {"setting": f"200-100 {hebb}, rates {r:g} and {b:g} mV, spread 50 mV, gain {g}", "value": v}
        for (r, b), found in both.items() for g, v in zip((0.5, 0.1), found, strict=True)
    ]  # fmt: skip
    alone = f"200-100 {hebb}, rates 4.5 and 0.5 mV, spread 50 mV, gain 0.1"
    tried += [{"setting": alone, "value": 1.0}]  # there the other gain was not tried
    tuning = pd.DataFrame(tried).assign(metric="validation error")
    frames = {
        "09-spiking": pd.concat(runs[:2]), "09-spiking-depth": pd.concat(runs[2:4]),
        "09-spiking-fixed": runs[4], "02-rates": pd.concat(runs[5:]),
        "09-spiking-depth-tuning": tuning,
    }  # fmt: skip
    monkeypatch.setattr(results, "load", frames.__getitem__)
    monkeypatch.setattr(results, "available", lambda: list(frames))
    monkeypatch.setattr(
        results, "final", lambda frame, metric="test error": frame[frame["metric"] == metric]
    )
    found = InTwoPhases("09-spiking", {f"200 {hebb}": "contrastive Hebbian learning"})
    deep, weak = found.deeper(f"200 {hebb}")
    assert deep.holds and "without feedback it is 19.0 %" in deep.text
    assert weak.holds and weak.text == (
        "At 2 pairs of rates gains of 0.5 and of 0.1 were both tried on part of the images: the "
        "best have 30 and 13 % validation error. The best of all 5 settings has 1.0 %, with a "
        "gain of 0.1 (the highest rate of the output, the lowest hidden rate and the lowest gain "
        "of those tried)."
    )
    tuning["value"] = 50.0 - tuning["value"]
    assert not list(found.deeper(f"200 {hebb}"))[1].holds


def test_counts_are_means_over_seeds_and_both_hidden_layers_are_in_them(study):
    found = study()
    rows = found.runs
    test = (rows["metric"] == "spikes, test") & (rows["setting"] == "200 signs")
    rows.loc[test & (rows["layer"] == 1), "value"] += 10.0 * rows["seed"]  # 20 on average
    assert found.hidden_rate("200 signs") == pytest.approx(140 / 200 / 0.060)
    deep = made_up("200-100 signs", "signs", 4.0)
    output = deep[(deep["metric"] == "spikes, test") & (deep["layer"] == 2)].assign(layer=3)
    found.runs = pd.concat([rows, deep, output])
    assert found.hidden_rate("200-100 signs") == pytest.approx((120 + 10) / 300 / 0.060)
    synapses = 784 * 200 + 200 * 100 + 100 * 10
    assert found.additions("200-100 signs") == pytest.approx(101_200 / synapses)


def test_errors_in_spikes_for_other_labels_stand_in_the_table_and_have_to_end_higher(study):
    for told, holds in ((9.0, True), (3.0, False)):
        found = study()
        label = "200 signs, errors in spikes, shuffled"
        found.runs = pd.concat([found.runs, made_up(label, "two", told)])
        row = found.table().set_index("feedback pathway").loc["sign symmetry"]
        assert row[BOTH].startswith(f"{told + 0.02:.2f}") and row[ALONE].startswith("3.52")
        said = found._alone("200 signs")
        assert said.holds == holds and f", told other labels at {told:.1f} %. Comp" in said.text


def test_a_row_of_the_searches_is_of_its_own_search(study, monkeypatch):
    found, before = study(best=(0.03, 0.01)), results.load
    found.named = {"200 signs": "sign symmetry"}

    def load(name):
        rows = before(name)
        return rows.assign(value=rows["value"] - 1.0) if "populations-tuning" in name else rows

    monkeypatch.setattr(results, "load", load)
    events, alone = found.searches().to_dict("records")
    assert [events[k] for k in ("best", "next", "used")] == pytest.approx([5.0, 5.2, 5.3])
    assert [alone[k] for k in ("best", "next")] == pytest.approx([4.0, 4.2])
    spiking = event_driven.spiking
    monkeypatch.setattr(
        event_driven, "spiking", lambda *a, **k: replace(spiking(*a, **k), hidden_rate=0.1)
    )
    assert set(found.searches()["hidden rate at an edge"]) == {"yes"}


def test_a_network_that_saw_the_images_once_is_said_to_have(study):
    found = study()
    own = found.runs["setting"] == "200 signs"
    found.runs = found.runs[~own | (found.runs["epoch"] == 2)]
    found.runs.loc[own, "epoch"] = 1
    assert "after one pass through MNIST, 200 hidden" in found.in_brief("200 signs").text


def test_deeper_networks_may_be_undecided_beside_backprop_in_rates(deeper):
    found = deeper(DEEP | {"200-100 signs": ("signs", 2.5)})
    assert next(found.deeper("200 signs")).holds


def test_a_network_is_not_deeper_than_itself_and_four_layers_have_files_of_their_own(
    deeper, monkeypatch
):
    found = deeper(DEEP | {"200-100 signs": ("signs", 4.5)})
    found.errors["200-100 signs"] = found.errors["200 signs"]
    found.named["200-100 signs"] = "sign symmetry"
    assert not list(found.deeper("200-100 signs"))
    there = [*results.available(), "01-spiking-four"]
    four, before = made_up("200-100-100-100 signs", "signs", 11.0), results.load
    monkeypatch.setattr(results, "available", lambda: there)
    monkeypatch.setattr(results, "load", lambda k: four if k == there[-1] else before(k))
    del found.deep
    assert "With four hidden layers" in list(found.deeper("200 signs"))[-1].text


def test_a_second_choice_is_made_by_validation_errors(study):
    found = study(best=(0.03, 0.1))
    known = found.runs["metric"] == "validation error"
    found.runs.loc[known, "value"] += 1.0
    said = found.tuned("200 signs")
    assert not said.holds and "all images 5.02 %, where the best" in said.text


def test_a_search_says_nothing_of_the_edge_of_one_rate_and_has_the_best_of_several_spreads(
    study, monkeypatch
):
    found, tried = study(), search((0.01, 0.01))
    at = tried[tried["setting"].str.contains("and 0.01 ")]
    wider = at.assign(setting=at["setting"].str.replace("50 mV", "100 mV"), value=9.0)
    both = pd.concat([wider, at])
    monkeypatch.setattr(results, "load", {"01-spiking-tuning": both}.__getitem__)
    assert found.search("200 signs").own == 5.0 and not found.search("200 signs").edge


def test_the_search_of_a_reference_and_of_errors_in_spikes_is_their_own(study, monkeypatch):
    found = study()
    experiment, setting = next(found._trained("200 direct"))
    assert (experiment, setting.label) == ("02-spiking", "200 direct")
    monkeypatch.setattr(found, "search", Edge)
    assert "(5 seedsof 200 signs, errors in spikes)" in found._alone("200 signs").text


def test_error_events_are_compared_with_hidden_spikes_of_the_same_training(study):
    found = study()
    said = found._spent("200 signs")
    assert said.holds and said.text.endswith("14 error events, fewer than hidden spikes (130).")
    alone = (found.runs["setting"] == "200 signs, errors in spikes") & (found.runs["epoch"] == 2)
    hidden = (found.runs["metric"] == "spikes, learning") & (found.runs["layer"] == 1)
    found.runs.loc[alone & hidden, "value"] = 12.0
    said = found._spent_alone("200 signs")
    assert not said.holds and said.text.endswith("fewer than hidden spikes (12).")


def test_a_rate_in_two_phases_is_that_of_one_and_training_has_spikes_of_both(monkeypatch):
    label = "200 contrastive Hebbian"
    nets = (label, f"{label}, hidden synapses fixed", "200 untold")
    monkeypatch.setattr(
        results, "load", lambda name: pd.concat([made_up(k, "two", 4.0) for k in nets])
    )
    found = InTwoPhases("09-spiking", {label: "contrastive Hebbian learning"})
    found.runs = found.runs.drop_duplicates()
    assert found.hidden_rate(label) == pytest.approx(10.0)  # 120 spikes of 200 in 60 ms
    assert found._spent(label).text.endswith("with its two phases, 640 spikes.")


@pytest.mark.parametrize("kind", [InCoherentNetworks, WithTwoHiddenLayers])
def test_networks_of_two_hidden_layers_stand_beside_such(kind):
    assert kind.in_rates == f"200-100 relu{LENGTH}"
    assert kind.references[kind.fixed] == "none: hidden synapses fixed"
    assert {label.split(" ")[0] for label in kind.references} == {"200-100"}


def test_the_rate_network_with_fixed_weights_has_its_own_error(study):
    table = study().table().set_index("feedback pathway")["test error, %"]
    assert table["rate network, backprop"].startswith("2.02")
    assert table["rate network, hidden weights fixed"].startswith("9.02")


def test_a_coherent_network_has_its_synapses_within_classes_and_dark_pixels_may_not_count(study):
    assert synapses(None, "200-100 signs") == [784 * 200, 200 * 100, 100 * 10]
    coherent = SimpleNamespace(coherent=True)
    assert synapses(coherent, "200-100 Kickback") == [784 * 200, 20 * 10 * 10, 10 * 10]
    of_all = study().additions("200 signs", bright=0.25)
    assert of_all == pytest.approx(101_200 / (784 * 200 / 4 + 200 * 10))


def test_only_an_end_of_several_numbers_is_an_edge():
    tried = {1: 3.0, 2: 1.0, 3: 2.0}
    tried = pd.Series({f"x, rates {r} and 2 mV, gain 1": error for r, error in tried.items()})
    assert at_edges(tried) == ""
    assert at_edges(-tried) == " (the lowest rate of the output of those tried)"


def test_seeds_that_part_have_no_mean_in_the_table():
    assert _mean_or_seeds(pd.Series([4.5, 2.0, 3.0])) == "2.0, 3.0, 4.5"
    assert _mean_or_seeds(pd.Series([4.0, 2.0, 3.0])).startswith("3.00 ± ")
