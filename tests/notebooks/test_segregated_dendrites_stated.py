"""What notebook 04 says about results is bound to data: falsified data make its sentences fail."""

import pandas as pd
import pytest
import stated
from stated_parts import altered, falsifications, idle, times

from credit import paths

(NOTEBOOK,) = paths.NOTEBOOKS.glob("04_*.ipynb")
BP, SHALLOW = "backprop", "shallow"


def rules_swapped(one, other):
    """The errors of two rules under each other's names; here labels end with the rule, too."""

    def change(rows):
        errors, names = rows["metric"] == "test error", {"random": "segregated_dendrites"}
        rows = stated.behind_network(rows, one, other, errors)
        pair = (names.get(rule, rule) for rule in (one, other))
        return stated.exchanged(rows, "method", *pair, errors)

    return change


def metrics_swapped(one, other):
    return lambda rows: stated.exchanged(rows, "metric", one, other)


def depths_swapped(rows):
    """Networks with one and two hidden layers under each other's names."""
    names = {"784-500-10": "784-500-100-10", "784-500-100-10": "784-500-10"}
    net = rows["setting"].str.partition(", ")
    if net[0].nunique() < 2 or (rows["experiment"] == "04-spiking-tuning").all():
        return rows  # one network, or some without their other
    return rows.assign(setting=net[0].replace(names) + net[1] + net[2])


FALSIFIED = {
    "BP and dendrites": rules_swapped("random", BP),
    "dendrites and shallow": rules_swapped("random", SHALLOW),
    "BP and shallow": rules_swapped(BP, SHALLOW),
    "depths": depths_swapped,
    "half the area helps": altered(times(0.5), metric="test error", experiment="04-area"),
    "spikes and rates": metrics_swapped("angle of one image, spikes", "angle of one image, rates"),
    "sums and single images": metrics_swapped("angle, spikes", "angle of one image, spikes"),
    "mu and mu of a mean": metrics_swapped("mu", "mu of a mean"),
    "few spikes": altered(times(0.1), metric="spikes, test"),
    "rates of the search": stated.variants_swapped(SHALLOW, "rate 0.1", "rate 0.3"),
    "noisy": stated.noisy,
}
ONE, TWO = "784-500-10, ", "784-500-100-10, "
DEPTH = {"experiment": "04-depth", "metric": "test error"}
SEARCH = {"experiment": "04-spiking-tuning", "metric": "validation error"}
LONGER, LAST = {"experiment": "04-longer"}, {"experiment": "04-longer", "epoch": "20.0"}
PARTS = {
    "parts, first": {
        "µ of single images rises": altered(1, metric="mu", epoch="1.0", experiment="04-area"),
        "µ of averaged Jac": altered(
            9, metric="mu of a mean", epoch="1.0", experiment="04-mnist", seed="2"
        ),
        "After an epoch, at": altered(50, setting=ONE + BP, **DEPTH),
        "Sparse feedback ends": altered(30, setting=".*sparse"),
        "After `20,000` images": altered(90, setting=".*gA 0.05"),
        "With spikes in the": altered(1, metric="angle, rates", depth="2"),
        "For single images": altered(
            times(2), metric="angle of one image, rates", experiment="04-area"
        ),
        "Each baseline has": altered(1, experiment="04-tuning", setting=TWO + "rate 3"),
        "After an epoch one": altered(9.8, experiment="04-mnist", method=SHALLOW),
        "The spiking networks have": altered(1, setting=ONE + "none, rates times 1", **SEARCH),
        "On the seed of the search": altered(15, setting=TWO + "random, rates times 3", **SEARCH),
        "After 20 epochs": altered(1, method=SHALLOW, **LONGER),
        "It still falls": altered(50, metric="validation error", **LAST),
        "Of single images": altered(10, metric="angle of one image, rates", **LAST),
        "Both baselines": altered(1, experiment="04-longer-tuning", setting=ONE + "rate 1"),
    },
    "parts, second": {
        "µ of single images rises": altered(0.1, metric="mu below 1", epoch="1.0", seed="1"),
        "µ of averaged Jac": altered(
            0.9, metric="mu of a mean", epoch="1.0", experiment="04-mnist", seed="2"
        ),
        "After an epoch, at": altered(9, setting=ONE + SHALLOW, **DEPTH),
        "Sparse feedback ends": altered(
            90, metric="angle of one image, spikes", experiment="04-feedback"
        ),
        "After `20,000` images": altered(10, setting=".*gA 0.6"),
        "With spikes in the": altered(10, metric="angle, rates", depth="1"),
        "After an epoch one": altered(50, experiment="04-mnist", method=BP),
        "The spiking networks have": altered(5, setting="784-10, rates times 3", **SEARCH),
        "After 20 epochs": altered(50, method=BP, **LONGER),
        "It still falls": altered(50, metric="validation error", epoch="[789].0", **LONGER),
        "Of single images": altered(10, metric="angle of one image, spikes", **LAST),
        "Both baselines": altered(1, experiment="04-longer-tuning", setting=ONE + "rate 0.03"),
        "For single images": altered(
            100, metric="angle of one image, spikes", experiment="04-mnist"
        ),
    },
    "parts, third": {
        "After an epoch, at": altered(20, setting="784-10", **DEPTH),
        "After an epoch one": altered(9.8, experiment="04-floor", metric="test error"),
        "The spiking networks have": altered(
            1, setting="784-500-100-100-10, random, rates times 0.3", **SEARCH
        ),
        "µ of single images rises": altered(
            0.1, metric="mu", epoch="1.0", experiment="04-mnist", seed="3"
        ),
        "µ of averaged Jac": altered(
            1.2, metric="mu of a mean", epoch="1.0", experiment="04-area", seed="1"
        ),
        "With spikes in the": altered(
            150, metric="angle, spikes", depth="1", epoch="1.0", seed="1"
        ),
    },
    "parts, fourth": {"After an epoch, at": altered(11, setting=TWO + "random", **DEPTH)},
    "parts, fifth": {"After an epoch, at": altered(9.7, setting=TWO + "random", seed="1", **DEPTH)},
}
FALSIFIED |= falsifications(PARTS)
# µ of the small network that the notebook trains live, before and after
KNOWN = {"mu_start": pd.Series([16.0, 17.0]), "mu_later": pd.Series([14.0, 15.0])}
FALSIFIED_LIVE = {"rises there, too": ("mu_later", lambda mu: 2 * mu)}


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}."""
    failed = stated.failing(NOTEBOOK, FALSIFIED, tmp_path_factory.mktemp, known=KNOWN)
    return failed | stated.failing_live(NOTEBOOK, KNOWN, FALSIFIED_LIVE)


def test_all_claims_of_notebook_04_hold_on_the_committed_results():
    said, failed = stated.say_all(NOTEBOOK, paths.RESULTS, KNOWN)
    assert failed == set() and len(said) > 5


@pytest.mark.slow  # the claims of a notebook on ten falsified sets of results
@pytest.mark.parametrize("name", FALSIFIED | FALSIFIED_LIVE)
def test_falsified_results_make_sentences_of_notebook_04_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_04_about_runs_fails_under_some_falsification(falsified):
    said = stated.say_all(NOTEBOOK, paths.RESULTS, KNOWN)[0]
    assert {sentence[:30] for sentence in said - set().union(*falsified.values())} == set()


@pytest.mark.slow  # the same
def test_no_part_of_a_condition_of_notebook_04_is_idle(falsified):
    assert idle(PARTS, falsified) == []
