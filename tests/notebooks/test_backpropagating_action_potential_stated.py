"""What notebook 18 says is bound to its simulations: falsified ones make its sentences fail."""

import pytest
import stated

from credit import paths
from credit.studies import backpropagating_action_potential as studied

(NOTEBOOK,) = paths.NOTEBOOKS.glob("18_*.ipynb")
ACTIVE, PASSIVE = "active dendrite", "passive dendrite"
WITHOUT = "no Na in the dendrite"
BLOCKED, WEAK = "A current blocked", "less Na in the dendrite"


def conditions(one, other):
    """The same profiles along the dendrite under each other's labels."""
    return lambda profiles: stated.exchanged(profiles, "condition", one, other)


REACH = studied.reach
SIMULATED = (
    *("profiles", "arriving", "cases", "departures", "moved", "trains", "silent"),
    *("soma", "dendrite", "both", "cut", "fine", "between", "cells"),
)
FALSIFIED_LIVE = {
    "sodium": ("profiles", conditions(PASSIVE, WITHOUT)),
    "a passive dendrite does": ("profiles", conditions(ACTIVE, PASSIVE)),
    "potassium": ("profiles", conditions(ACTIVE, BLOCKED)),
    "classes": ("profiles", conditions(ACTIVE, WEAK)),
    "starts in the dendrite": ("profiles", lambda p: p.assign(first="dendrite")),
    "fast": ("profiles", lambda p: p.assign(velocity=2 * p["velocity"])),
    "no threshold": ("arriving", lambda a: [a[1], *a[1:]]),
    "grows with the current": ("arriving", lambda a: [a[0], a[1], 2 * a[2]]),
    "synapses carry it back": ("departures", lambda d: d.assign(B=d["C"])),
    "no spike forwards": ("departures", lambda d: d.assign(A=d["A"] / 10)),
    "gap junctions": ("departures", lambda d: d.assign(B=10 * d["B"])),
    "the site stays at rest": (
        "cases",
        lambda c: {k: {n: 0 * v for n, v in s.items()} for k, s in c.items()},
    ),
    "told of the teacher": ("moved", lambda m: m.assign(moved=1.0)),
    "told of nothing": ("moved", lambda m: m.assign(moved=0.0)),
    "one is enough": ("dendrite", lambda t: [1.0]),
    "bursts at some delays only": (
        "trains",
        lambda t: [[1.0] if k == 8 else b for k, b in enumerate(t)],
    ),
    "any delay": ("silent", lambda t: [[1.0, 2.0] for _ in t]),
    "coarse": ("fine", lambda f: f.assign(share=f["share"] + 5)),
    "between the classes": ("between", lambda b: b.assign(share=b["share"] / 2)),
    "robust": ("cells", lambda c: c.assign(value=c["value"].where(c["unit"] != "mV", 20.0))),
}


@pytest.fixture(scope="module")
def falsified():
    """{falsification: sentences that fail under it}; what is simulated is simulated once."""
    with pytest.MonkeyPatch.context() as patch:  # chains of one seed instead of three
        patch.setattr(studied, "reach", lambda feedbacks, _: REACH(feedbacks, range(1)))
        found, known = stated.simulated(NOTEBOOK, SIMULATED)
    return found | stated.failing_live(NOTEBOOK, known, FALSIFIED_LIVE)


@pytest.mark.slow  # simulations of half a minute, and the claims on falsified ones
def test_all_claims_of_notebook_18_hold(falsified):
    assert falsified["failed"] == set() and len(falsified["said"]) > 15


@pytest.mark.slow  # the same
@pytest.mark.parametrize("name", FALSIFIED_LIVE)
def test_falsified_simulations_make_sentences_of_notebook_18_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_18_fails_under_some_falsification(falsified):
    unmoved = falsified["said"] - set().union(*(falsified[name] for name in FALSIFIED_LIVE))
    assert {sentence[:30] for sentence in unmoved} == set()
