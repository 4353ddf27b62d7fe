"""What notebook 12 says about results is bound to data: falsified data make its sentences fail."""

import pytest
import stated
from stated_parts import altered, falsifications, idle

from credit import paths

(NOTEBOOK,) = paths.NOTEBOOKS.glob("12_*.ipynb")
GAIT, BP = "gait_prop", "backprop"


def variants_swapped(one, other):
    """The same runs of GAIT-prop under each other's labels; "" is the displacement form."""
    return lambda rows: stated.behind_network(rows, one, other, rows["method"] == GAIT)


def plain_swapped(one, other):
    """The errors of two rules under each other's names, where they have no variant."""

    def change(rows):
        plain = ~rows["setting"].str.contains(",") & rows["metric"].str.endswith("error")
        return stated.exchanged(rows, "method", one, other, plain)

    return change


FALSIFIED = {
    "BP and GAIT": plain_swapped(BP, GAIT),
    "GAIT and shallow": plain_swapped(GAIT, "shallow"),
    "published and displacement form": variants_swapped("literal", ""),
    "ITP and GAIT": variants_swapped("ITP", ""),
    "penalties": variants_swapped("norms bound", "BP with penalty"),
    "gamma": variants_swapped("gamma 0.01", "gamma 0.001"),
    "noisy": stated.noisy,
    "upside down": stated.upside_down,
    "loud": stated.loud,
}
LARGER = {"experiment": "12-gamma", "metric": "test error"}
PARTS = {
    "rounding, first": {
        "At the same first": altered(3.5, setting="4x.*gamma 0.01", **LARGER),
        "It cannot be told apart": altered(45, setting="8x.*gamma 0.1", **LARGER),
        "**Past two layers?** Yes, if": altered(45, setting="8x.*gamma 0.1", **LARGER),
    },
    "rounding, second": {
        "At the same first": altered(
            88, experiment="12-gamma", metric="gradient angle", layer="1", setting="4x.*"
        ),
    },
}
FALSIFIED |= falsifications(PARTS)


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}."""
    return stated.failing(NOTEBOOK, FALSIFIED, tmp_path_factory.mktemp, stated.REFERENCES)


def test_all_claims_of_notebook_12_hold_on_the_committed_results():
    said, failed = stated.say_all(NOTEBOOK, paths.RESULTS)
    assert failed == set() and len(said) > 15


@pytest.mark.slow  # the claims of a notebook on eight falsified sets of results
@pytest.mark.parametrize("name", FALSIFIED)
def test_falsified_results_make_sentences_of_notebook_12_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_12_about_runs_fails_under_some_falsification(falsified):
    unmoved = stated.say_all(NOTEBOOK, paths.RESULTS)[0] - set().union(*falsified.values())
    assert {sentence[:30] for sentence in unmoved} - stated.CHOSEN == set()


@pytest.mark.slow  # the same
def test_no_part_of_a_condition_about_rounding_is_idle(falsified):
    assert idle(PARTS, falsified) == []
