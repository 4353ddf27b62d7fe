"""What notebook 07 says about results is bound to data: falsified data make its sentences fail."""

import pytest
import stated

from credit import paths

(NOTEBOOK,) = paths.NOTEBOOKS.glob("07_*.ipynb")
KB, BP, SHALLOW = "kickback", "backprop", "shallow"
ERRORS = ("error", "nMSE")


def networks_swapped(method, one, other):
    """The same runs of a method in two kinds of networks under each other's labels."""

    def change(rows):
        for net in ("200-100-10", "10 x 64-32"):
            own = rows["method"] == method
            rows = stated.exchanged(rows, "setting", f"{net} {one}", f"{net} {other}", own)
        return rows

    return change


def unlucky(rows):
    """Without coherence every network of Kickback stayed at chance in the search, too."""
    stuck = rows["setting"].str.startswith("10 x 64-32 unsigned, rate") & (rows["method"] == KB)
    return rows.assign(value=rows["value"].where(~stuck, 90.0))


FALSIFIED = {
    "BP and Kickback": stated.swapped(BP, KB, ERRORS),
    "Kickback and shallow": stated.swapped(KB, SHALLOW, ERRORS),
    "coherence": networks_swapped(KB, "coherent", "unsigned"),
    "coherence of BP": networks_swapped(BP, "coherent", "unsigned"),
    "clamping": networks_swapped(KB, "coherent at the start", "unsigned"),
    "trajectories": networks_swapped(KB, "coherent", "coherent, new trajectories"),
    "unlucky": unlucky,
    "noisy": stated.noisy,
    "upside down": stated.upside_down,
    "loud": stated.loud,
}
BESIDE = ("01-spiking-four", "02-rates", "02-rates-four", "02-spiking-depth")


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}."""
    return stated.failing(NOTEBOOK, FALSIFIED, tmp_path_factory.mktemp, BESIDE)


def test_all_claims_of_notebook_07_hold_on_the_committed_results():
    said, failed = stated.say_all(NOTEBOOK, paths.RESULTS)
    assert failed == set() and len(said) > 15


@pytest.mark.slow  # the claims of a notebook on ten falsified sets of results
@pytest.mark.parametrize("name", FALSIFIED)
def test_falsified_results_make_sentences_of_notebook_07_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_07_about_runs_fails_under_some_falsification(falsified):
    unmoved = stated.say_all(NOTEBOOK, paths.RESULTS)[0] - set().union(*falsified.values())
    assert {sentence[:30] for sentence in unmoved} - stated.CHOSEN == set()
