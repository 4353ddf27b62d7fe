"""What notebook 13 says about results is bound to data: falsified data make its sentences fail."""

import pytest
import stated
from stated_parts import altered, falsifications, idle

from credit import paths

(NOTEBOOK,) = paths.NOTEBOOKS.glob("13_*.ipynb")
NEF, BP, DFA = "nef_learner", "backprop", "direct_feedback_alignment"
LIVE = {"live"}  # claims whose output may differ stand on committed results, too
FIXED = "hidden synapses fixed"


def arms_swapped(one, other):
    """Two conditions of the spiking network under each other's labels."""
    return stated.variants_swapped(NEF, one, other)


def searched(one, other):
    """Two settings of the searches without spikes under each other's labels."""
    return lambda rows: stated.exchanged(
        rows, "setting", *(f"200 spikes, {end}, without spikes" for end in (one, other))
    )


FALSIFIED = {
    "BP and DFA": stated.swapped(BP, DFA),
    "fixed": arms_swapped("spikes", FIXED),
    "gate": arms_swapped("gate always open", FIXED),
    "another example": arms_swapped("spikes", "another example's error"),
    "another image": arms_swapped("spikes", "another image's error"),
    "without spikes": arms_swapped("spikes", "without spikes"),
    "thresholds": arms_swapped("without spikes", "without spikes, thresholds of the thesis"),
    "noisy": stated.noisy,
    "rates": searched(
        "intercepts from -1, rates 5 and 0.1", "intercepts from -1, rates 5 and 0.01"
    ),
}
ERROR, FOUND = {"metric": "test error"}, {"metric": "validation error"}
PARTS = {
    "parts, first": {
        "After {seen} images": altered(9, setting="200, another image's error", **ERROR),
        "In rates, after": altered(6.6, setting="200, rates", method=BP, **ERROR),
        "With the thresholds of": altered(5, setting="200, thesis", **ERROR),
        "Without spikes, at the best": altered(
            1, setting=".* rates 5 and 0.01, without.*", **FOUND
        ),
        "In spikes, {k} pairs": altered(1, setting=".* from -1, rates 5 and 0.3", **FOUND),
        "The spiking network with": altered(1.2, method="shallow", metric="test nMSE"),
        "Chosen encoders": altered(12, setting="500 gabor, weighted", **ERROR),
        "Read from spikes": altered(0, setting="1000 gabor, .*", metric="spiking test error"),
        "With hidden synapses fixed": altered(0.9, setting="80-80, spikes", metric="online error"),
        "No slope travels": altered(0.3, setting="40-40, gate always open", **ERROR),
    },
    "parts, second": {
        "After a quarter": altered(5, experiment="13-mnist", setting="200, spikes", **FOUND),
        "In rates, after": altered(6.4, setting="200, rates", method=DFA, **ERROR),
        "With the thresholds of": altered(
            9.9, setting="200, thesis, hidden synapses fixed", **ERROR
        ),
        "In spikes, {k} pairs": altered(1, setting="200 none, .* from 0, rates 2 and 0", **FOUND),
        "After {seen} images": altered(9, setting="200, hidden synapses fixed", **ERROR),
        "All messages but": altered(9, setting="200, hidden synapses fixed", **ERROR),
        "The spiking network with": altered(0.9, setting="40-40, hidden synapses fixed", **ERROR),
        "Chosen encoders": altered(12, setting="500 gabor, w.*", metric="spiking test error"),
        "With hidden synapses fixed": altered(0.9, setting="80-80, spikes", **ERROR),
        "Without spikes, at the best": altered(
            6.4, setting="200, without spikes, thresholds.*", **ERROR
        ),
    },
    "parts, third": {
        "**The verdict": altered(9.5, setting="200, rates", method=BP, **ERROR),
        "All messages but": altered(0.5, setting="40-40, hidden synapses fixed", **ERROR),
    },
}
FALSIFIED |= falsifications(PARTS)
# What the notebook computes from tuning curves and probes, not from results.
SIMULATED = ("carried", "counts", "audited")
FALSIFIED_LIVE = {
    "fewer populations lose more": ("carried", lambda c: c.assign(after=4 - c["after"])),
    "populations that double": ("carried", lambda c: c.assign(value=2 * c["value"])),
    "few neurons": ("counts", lambda c: c.assign(error=1)),
    "weight transport": ("audited", lambda a: a.assign(**{"weight transport": "depends"})),
    "reward": ("audited", lambda a: a.assign(teacher="reward")),
}


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}; what is simulated is simulated once."""
    found, known = stated.simulated(NOTEBOOK, SIMULATED, live=LIVE)
    found |= stated.failing(NOTEBOOK, FALSIFIED, tmp_path_factory.mktemp, known=known, live=LIVE)
    return found | stated.failing_live(NOTEBOOK, known, FALSIFIED_LIVE, live=LIVE)


@pytest.mark.slow  # the claims of a notebook on many falsified sets of results
def test_all_claims_of_notebook_13_hold_on_the_committed_results(falsified):
    assert falsified["failed"] == set() and len(falsified["said"]) > 15


@pytest.mark.slow  # the same
@pytest.mark.parametrize("name", FALSIFIED | FALSIFIED_LIVE)
def test_falsified_results_make_sentences_of_notebook_13_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_13_fails_under_some_falsification(falsified):
    """Two are computed from tuning curves and settings, without a run."""
    unmoved = falsified["said"] - set().union(
        *(falsified[name] for name in FALSIFIED | FALSIFIED_LIVE)
    )
    assert {sentence[:30] for sentence in unmoved} == {
        "From an error of {small:g}, `2",
        "On the linear task no part of ",
    }


@pytest.mark.slow  # the same
def test_no_part_of_a_condition_of_notebook_13_is_idle(falsified):
    assert idle(PARTS, falsified) == []
