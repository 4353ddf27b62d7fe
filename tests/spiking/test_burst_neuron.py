"""A spike at the soma and input to the dendrite make a burst; either alone does not."""

import numpy as np
import pytest

from credit.spiking.burst_neuron import BACK, spikes


@pytest.fixture(scope="module")
def answers():
    soma, dendrite = [2200, 0, 2200, 2200, 0], [0, 600, 600, 600, 0]
    return spikes(soma, dendrite, back=[BACK, BACK, BACK, 0, BACK])


def test_a_burst_needs_both_sites_and_the_spike_that_runs_back(answers):
    assert [len(times) for times in answers] == [1, 0, 2, 1, 0]


def test_the_two_spikes_are_a_burst(answers):
    assert 0 < np.diff(answers[2]).item() < 16  # ms, the criterion of Payeur et al. 2021


def test_the_dendrites_input_must_come_within_some_milliseconds():
    delays = np.array([-12, -4, 0, 4, 12])
    burst = [len(times) == 2 for times in spikes(2200, 700, delays)]
    assert burst == [False, True, True, True, False]
