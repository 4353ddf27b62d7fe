"""What notebook 13 says about results is bound to data: falsified data make its sentences fail."""

import pytest
import stated

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
