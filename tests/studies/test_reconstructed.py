"""What is said of recirculation in spikes, on runs that are made up."""

import pandas as pd
import pytest
import torch

from credit.evidence import results
from credit.evidence.claims import ClaimFailed, say
from credit.experiments.recirculation import BEST
from credit.studies import recirculation
from credit.studies.recirculation import IN_RATES, IN_SPIKES, LABEL, Reconstructed
from credit.tasks import data

ACTIVE = f"{LABEL}, hidden synapses fixed, higher bias"
SHARES = dict(zip([*IN_SPIKES, *IN_RATES], (0.3, 0.5, 0.4, 0.26, 0.15, 0.12, 0.11), strict=True))


def made_up(setting, method, share):
    rows = []
    for seed in range(5):
        at = {"seed": seed, "setting": setting, "method": method, "epoch": 1, "layer": 0}
        rows.append({**at, "metric": "test nMSE", "value": share + seed / 1000})
        spikes = {"fixed": 30.0, "shuffled": 6.0, "bias": 290.0}.get(setting.split()[-1], 300.0)
        rows.append({**at, "metric": "spikes, test", "value": spikes, "layer": 1})
        rows.append({**at, "metric": "synaptic events, test", "value": 5e5})
    return pd.DataFrame(rows).assign(unit="1", experiment="x", dataset="mnist-pixels", depth=1)


@pytest.fixture
def study(monkeypatch):
    """study(**{label: share}) with these in place of the usual ones; best is the pair of rates that
    the search found."""

    def make(best=None, **changed):
        shares = SHARES | changed
        runs = [made_up(k, "recirculation", shares[k]) for k in IN_SPIKES if "bias" not in k]
        active = made_up(ACTIVE, "recirculation", shares[ACTIVE])
        runs += [made_up("1x100 logistic", m, shares[m]) for m in IN_RATES]
        best = best or BEST[""][:2]
        grid = [(down, up) for down in (1.0, 2.0, 4.0) for up in (0.03, 0.1, 0.3)]
        tried = {
            f"{LABEL}, rates {down:g} and {up:g} mV, spread 50 mV": 0.3 if pair == best else 0.4
            for pair in grid
            for down, up in [pair]
        }
        tried |= {f"{LABEL}, lam 0.5": 0.35, f"{LABEL}, shuffled, rates 9 and 9 mV": 0.1}
        search = pd.DataFrame({"setting": list(tried), "value": list(tried.values())})
        frames = {
            "08-recirculation": pd.concat(runs),
            "08-recirculation-active": active,
            "08-recirculation-tuning": search.assign(metric="validation nMSE"),
        }
        monkeypatch.setattr(results, "load", frames.get)
        monkeypatch.setattr(
            results, "final", lambda frame, metric: frame[frame["metric"] == metric]
        )
        monkeypatch.setattr(recirculation, "pca_left", lambda components: 8.0)
        return Reconstructed()

    return make


def test_every_network_stands_in_the_table_with_its_share_and_what_it_costs(study):
    table = study().table().set_index("")
    assert list(table.index) == [*IN_SPIKES.values(), *IN_RATES.values()]
    row = table.loc["recirculation"]
    assert row["variance left, %"].startswith("30.20")
    assert row["hidden rate, Hz"] == "50"  # 300 spikes of 100 neurons in 60 ms
    assert row["events at synapses"] == "500,000" and row["n"] == "5"
    assert table.loc["rate network, backprop", "hidden rate, Hz"] == "–"


def test_the_sentences_stand_on_the_runs(study):
    said = repr(say(study().in_brief(), *study().sentences()))
    assert "leaves 30.2 % of the variance of test images" in said
    assert "synapses fixed 40.2 % (10.0 to 10.0 points more)" in said
    assert "fire at 50 Hz, the fixed ones at 5." in said
    assert "higher bias, at 48 Hz, leave 26.2 %, 4.0 points less than recirculation (4.0 to" in said
    assert "50.2 % is left, more than with fixed ones" in said and "come to fire at 1 Hz" in said
    assert "backprop leaves 12.2 %, recirculation 15.2 %" in said
    assert "fixed hidden weights 11.2 %: after one pass learning those brings no" in said
    assert "principal components leave 8.0 %" in said
    assert "Of 9 pairs" in said and "30.0 % of the validation images, the next 40.0 %" in said
    assert "others leave: 0.5: 35.0 %" in said


@pytest.mark.parametrize(
    ("changed", "starts"),
    [
        ({LABEL: 0.45}, "In spikes recirculation leaves"),
        ({ACTIVE: 0.31}, "Activity alone"),
        ({f"{LABEL}, shuffled": 0.35}, "Where the second pass"),
        ({"recirculation": 0.31}, "In rates"),
        ({"backprop": 0.105}, "In rates"),
        ({"shallow": 0.155}, "In rates"),
        ({"backprop": 0.07}, "In rates"),
        ({"best": (4.0, 0.3)}, "Of 9 pairs"),
    ],
    ids=lambda part: str(part),
)
def test_other_runs_stop_the_notebook(study, changed, starts):
    with pytest.raises(ClaimFailed, match=starts):
        say(*study(**changed).sentences())


def test_principal_components_leave_what_they_cannot_span(monkeypatch):
    """Four axes with variances 4, 3, 2, 1: two of them leave 3 of 10."""
    x = torch.zeros(8, 4)
    for axis, variance in enumerate((4.0, 3.0, 2.0, 1.0)):
        x[2 * axis, axis], x[2 * axis + 1, axis] = variance**0.5, -(variance**0.5)
    split = data.Split(x + 5, x + 5)
    whole = data.Dataset("x", split, split, split, tuple("abcd"), (1, 2, 2))
    monkeypatch.setattr(data, "load", lambda name: whole)
    assert recirculation.pca_left(2) == pytest.approx(30)
    assert recirculation.pca_left(4) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("changed", [{LABEL: 0.45}, {ACTIVE: 0.35}], ids=str)
def test_an_answer_in_brief_that_is_not_so_is_not_given(study, changed):
    assert not study(**changed).in_brief().holds


@pytest.mark.parametrize(
    ("label", "spikes", "starts"),
    [
        (LABEL, 20.0, "In spikes recirculation leaves"),
        (f"{LABEL}, shuffled", 40.0, "Where the second pass"),
        (f"{LABEL}, shuffled", 20.0, "Where the second pass"),
    ],
)
def test_hidden_neurons_that_fire_otherwise_stop_the_notebook(study, label, spikes, starts):
    found = study()
    there = (found.runs["setting"] == label) & (found.runs["metric"] == "spikes, test")
    found.runs.loc[there, "value"] = spikes
    with pytest.raises(ClaimFailed, match=starts):
        say(*found.sentences())


def test_as_much_as_with_fixed_synapses_is_not_more(study):
    with pytest.raises(ClaimFailed, match="Where the second pass"):
        say(*study(**{f"{LABEL}, shuffled": 0.4}).sentences())


def test_recirculation_in_rates_that_is_a_gain_stops_the_notebook(study):
    with pytest.raises(ClaimFailed, match="In rates"):
        say(*study(recirculation=0.1).sentences())


def test_hidden_rates_are_of_the_hidden_layer_alone(study):
    found = study()
    pixels = found.runs[found.runs["metric"] == "spikes, test"].assign(layer=0, value=5000.0)
    found.runs = pd.concat([found.runs, pixels])
    assert found.hidden_rate(LABEL) == pytest.approx(50)
