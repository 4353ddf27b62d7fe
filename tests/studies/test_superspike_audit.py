"""The six problems executed on SuperSpike: each probe finds what it looks for where it is there."""

import pytest
import torch

from credit.evidence.methods import METHODS
from credit.spiking import superspike_torch as fast
from credit.studies import superspike_audit as audited
from credit.studies.superspike_audit import CONTROL, net


@pytest.mark.parametrize("feedback", ["random", "uniform"])
def test_fixed_feedback_reads_neither_weights_nor_slopes_above(feedback):
    one = net(feedback, seed=1)
    assert audited.weight_transport(*one) == audited.derivative_transport(*one) == 0


def test_symmetric_feedback_reads_the_weights_but_no_slopes():
    one = net("symmetric", seed=1)
    assert audited.weight_transport(*one) > 0.5
    assert audited.derivative_transport(*one) == 0


def test_the_control_reads_both():
    one = net(CONTROL, seed=1)
    assert min(audited.weight_transport(*one), audited.derivative_transport(*one)) > 0.2


def test_exchanged_weights_are_put_back():
    learner, shown, label = net("symmetric", seed=1)
    before = learner.W[-1].clone()
    audited.weight_transport(learner, shown, label)
    torch.testing.assert_close(learner.W[-1], before, rtol=0, atol=0)


def test_changes_are_linear_in_the_error_unless_it_is_bent():
    one = net("random", seed=1)
    assert audited.linear_feedback(*one) < 1e-12
    assert audited.linear_feedback(*one, bent=torch.abs) > 0.1


def test_the_error_can_be_sent_as_spikes():
    learner, shown, label = net("random", seed=1)
    off, kinds = audited.spiking(learner, shown, label)
    assert off < 1e-12 and kinds == 3  # none, one more, one less
    learner.below = lambda e: e.abs() @ learner.b
    assert audited.spiking(learner, shown, label)[0] > 0.1


def test_later_targets_do_not_act_on_earlier_changes_unless_the_sum_is_reordered():
    one = net("random", seed=1)
    assert audited.timing(*one) == 0
    assert audited.timing(*one, summed=fast.reordered) > 0.01


def test_the_sum_of_all_errors_says_nothing_of_the_label():
    """Every label has as many target spikes as every other."""
    for feedback, hidden in (("random", "full target"), ("uniform", "no teacher")):
        one = net(feedback, seed=1)
        assert audited.teacher(*one, layers=slice(1)) == hidden
        assert audited.teacher(*one) == "full target"


def test_the_answer_holds_what_the_probes_say():
    (method,) = (m for m in METHODS if m.rule == "superspike")
    found = audited.audit(["random"], seeds=3).set_index(["problem", "seed"])["word"]
    for problem, word in zip(("weight transport", "target"), method.probed, strict=True):
        assert set(found[problem]) == {word}


def test_in_words_counts_nets_that_differ():
    found = audited.audit(["random", CONTROL], seeds=3)
    table = audited.in_words(found).set_index("problem")
    assert table.loc["weight transport", "random"] == "independent"
    assert table.loc["timing", CONTROL] == "not asked"
    found.loc[0, "word"] = "depends"
    table = audited.in_words(found).set_index("problem")
    assert table.loc["weight transport", "random"] == "independent (2 of 3)"
