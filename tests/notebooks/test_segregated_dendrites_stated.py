"""What notebook 04 says about results is bound to data: falsified data make its sentences fail."""

import pandas as pd
import pytest
import stated

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


def times(metric, factor, experiment=""):
    """Values of a metric are so many times as large."""

    def change(rows):
        known = (rows["metric"] == metric) & rows["experiment"].str.contains(experiment)
        return rows.assign(value=rows["value"] * (1 + (factor - 1) * known))

    return change


def metrics_swapped(one, other):
    return lambda rows: stated.exchanged(rows, "metric", one, other)


def depths_swapped(rows):
    """Networks with one and two hidden layers under each other's names."""
    names = {"784-500-10": "784-500-100-10", "784-500-100-10": "784-500-10"}
    net = rows["setting"].str.partition(", ")
    if net[0].nunique() < 2:
        return rows
    return rows.assign(setting=net[0].map(names) + ", " + net[2])


FALSIFIED = {
    "BP and dendrites": rules_swapped("random", BP),
    "dendrites and shallow": rules_swapped("random", SHALLOW),
    "BP and shallow": rules_swapped(BP, SHALLOW),
    "depths": depths_swapped,
    "half the area helps": times("test error", 0.5, "04-area"),
    "spikes and rates": metrics_swapped("angle of one image, spikes", "angle of one image, rates"),
    "sums and single images": metrics_swapped("angle, spikes", "angle of one image, spikes"),
    "mu and mu of a mean": metrics_swapped("mu", "mu of a mean"),
    "few spikes": times("spikes, test", 0.1),
    "rates of the search": stated.variants_swapped(SHALLOW, "rate 0.1", "rate 0.3"),
    "noisy": stated.noisy,
}
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
