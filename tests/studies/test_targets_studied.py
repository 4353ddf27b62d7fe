"""What notebook 06 measures of the targets of difference target propagation."""

import pytest
import torch

from credit.rules.difference_target_propagation import DifferenceTargetPropagation
from credit.studies import difference_target_propagation as studied

DTP = DifferenceTargetPropagation(sigma=0.3)


def test_with_exact_inverses_targets_are_steps_of_gauss_and_newton_and_not_backprops():
    found = studied.told(DTP, *studied.exact(DTP), [0.01])
    lower = found[found["layer"] < 6]
    assert lower["gauss_newton"].max() < 1e-4
    assert lower["backprop"].min() > 45


def test_with_learned_inverses_they_are_neither():
    """Guards the test above."""
    found = studied.told(DTP, *studied.learned(DTP, steps=20), [0.01]).query("layer < 6")
    assert found["gauss_newton"].min() > 1
    assert found["backprop"].min() > 1


@pytest.mark.parametrize("layer", [1, 3, 5])
def test_a_step_of_gauss_and_newton_moves_the_top_as_it_was_told(layer):
    ch, x = studied.learned(DTP, steps=0)
    trace = DTP.forward(ch, x)
    step = 1e-6 * torch.randn(len(x), 30, dtype=torch.float64)
    h = trace.h[layer] + studied.gauss_newton(ch, trace, step)[layer]
    for l in range(layer + 1, ch.L):
        h = ch.phi(l, ch.drive(l, h))
    torch.testing.assert_close(h - trace.h[ch.L - 1], step, rtol=0, atol=1e-8)
