"""What notebook 11 says about results is bound to data: falsified data make its sentences fail."""

import pytest
import stated

from credit import paths

(NOTEBOOK,) = paths.NOTEBOOKS.glob("11_*.ipynb")
AG, BP, SHALLOW = "attention_gated", "backprop", "shallow"


FALSIFIED = {
    "BP and BrainProp": stated.swapped(BP, AG),
    "BrainProp and shallow": stated.swapped(AG, SHALLOW, ("test error",)),
    "losses": stated.variants_swapped(BP, "", "cross-entropy"),
    "reciprocal": stated.variants_swapped(AG, "", "reciprocal"),
    "random": stated.variants_swapped(AG, "random", "reciprocal"),
    "weight decay": stated.variants_swapped(AG, "reciprocal, no decay", "reciprocal"),
    "rates": stated.variants_swapped(AG, "", "rate 0.3"),
    "initialisations": stated.variants_swapped(AG, "", "published start"),
    "sizes of B": stated.variants_swapped(
        AG, "reciprocal 1.4, rate 0.1", "reciprocal 0.5, rate 0.1"
    ),
    "noisy": stated.noisy,
    "upside down": stated.upside_down,
    "loud": stated.loud,
}


BESIDE = (*stated.REFERENCES, "02-spiking-tuning")


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}."""
    return stated.failing(NOTEBOOK, FALSIFIED, tmp_path_factory.mktemp, BESIDE)


def test_all_claims_of_notebook_11_hold_on_the_committed_results():
    said, failed = stated.say_all(NOTEBOOK, paths.RESULTS)
    assert failed == set() and len(said) > 15


@pytest.mark.slow  # the claims of a notebook on a dozen falsified sets of results
@pytest.mark.parametrize("name", FALSIFIED)
def test_falsified_results_make_sentences_of_notebook_11_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_11_about_runs_fails_under_some_falsification(falsified):
    """The one that none can touch is arithmetic: what weight decay leaves after so many steps."""
    unmoved = stated.say_all(NOTEBOOK, paths.RESULTS)[0] - set().union(*falsified.values())
    assert {sentence[:30] for sentence in unmoved} - stated.CHOSEN == {
        "The weight decay of reciprocal"
    }
