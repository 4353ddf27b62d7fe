"""Two streams learn what they have in common, and nothing where they have nothing in common."""

import numpy as np
import pytest

from credit.training import two_streams
from credit.training.two_streams import correlation, learn

SEEDS = range(3)


@pytest.fixture(scope="module")
def ends():
    kinds = {"together": {}, "apart": {"apart": True}, "no rest": {"rest": False}}
    frames = {name: learn((0.04,), SEEDS, **given) for name, given in kinds.items()}
    return {name: f[f["iteration"] == f["iteration"].max()] for name, f in frames.items()}


def test_neurons_come_to_code_the_column_that_both_streams_see(ends):
    assert ends["together"]["centred"].min() > 0.9
    assert (ends["together"]["winners"] == two_streams.NEURONS).all()


def test_streams_that_see_columns_of_their_own_learn_nothing_of_each_other(ends):
    """Guards the test above."""
    assert ends["apart"]["centred"].max() < 0.1


def test_where_apical_synapses_know_no_rest_one_neuron_bursts_for_ever(ends):
    """And the uncentred score is at its best."""
    assert (ends["no rest"]["winners"] == 1).all()
    assert ends["no rest"]["correlation"].min() > 0.99 > 0.5 > ends["no rest"]["centred"].max()


def test_much_activity_in_the_bursts_spoils_it(ends):
    mixed = learn((1.0,), SEEDS)
    assert mixed.loc[mixed["iteration"] == mixed["iteration"].max(), "centred"].max() < 0.9


def test_the_correlation_is_one_for_a_turned_copy_and_small_for_strangers():
    random = np.random.default_rng(0)
    A = random.normal(size=(1, 500, 2, 4))
    turn = np.linalg.qr(random.normal(size=(4, 4)))[0]
    A[:, :, 1] = A[:, :, 0] @ turn
    assert correlation(A).item() == pytest.approx(1, abs=1e-12)
    A[:, :, 1] = random.normal(size=(1, 500, 4))
    assert correlation(A).item() < 0.1
