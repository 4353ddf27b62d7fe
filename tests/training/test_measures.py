"""What a run reports: from which examples, of which answers, by which clock, at which rate."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch

from credit.nets.networks import Init, make_network
from credit.rules.backprop import Backprop
from credit.rules.base import Update
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.tasks import data
from credit.training.run import error_rates, run
from credit.training.setting import Setting

EXAMPLES = 300
TINY = Setting(FeedbackAlignment(), (784, 8, 6, 10), examples=EXAMPLES, batch=25, epochs=1)


def rows_of(setting=TINY, seed=0):
    """{(epoch, layer, metric): value} of a run, without its time."""
    return {
        (row["epoch"], row["layer"], row["metric"]): row["value"]
        for row in run(setting, seed)
        if row["metric"] != "cpu time"
    }


@pytest.fixture(scope="module")
def plain():
    return rows_of()


def reversed_in(monkeypatch, name, beginning=0):
    """Rows of a run in which the images of a split stand the other way round from this one on."""
    mnist = data.load("mnist")
    split = getattr(mnist, name)
    x = split.x.clone()
    x[beginning:] = x[beginning:].flip(0)
    other = replace(mnist, **{name: data.Split(x, split.label)})
    monkeypatch.setattr(data, "load", lambda _: other)
    return rows_of()


def changed(one, other):
    assert one.keys() == other.keys()
    return {key[2] for key in one if one[key] != other[key]}


ANGLES = {"delta angle", "gradient angle", "norm ratio"}


def test_images_of_the_test_set_reach_the_test_error_only(plain, monkeypatch):
    assert changed(reversed_in(monkeypatch, "test"), plain) == {"test error"}


def test_images_beyond_the_training_examples_reach_nothing(plain, monkeypatch):
    assert changed(reversed_in(monkeypatch, "train", EXAMPLES), plain) == set()


def test_angles_are_measured_on_images_of_the_validation_set(plain, monkeypatch):
    """Guards the two tests above."""
    assert changed(reversed_in(monkeypatch, "validation"), plain) == ANGLES | {"validation error"}


@pytest.mark.parametrize(
    "setting",
    [
        TINY,
        replace(TINY, batch=7),
        replace(  # twelve outputs of which ten are answers, and the others often the largest
            TINY, sizes=(784, 8, 12), rule=Backprop(), nonlinearity="leaky_relu",
            output="leaky_squared", biases=Init("normal"),
        ),
    ],
    ids=["plain", "a last batch that is smaller", "spare outputs"],
)  # fmt: skip
def test_without_learning_every_error_is_that_of_the_network_at_its_start(setting):
    rows = rows_of(replace(setting, learning_rate=1e-12), seed=2)
    network = make_network(
        setting.sizes, 2, setting.nonlinearity, setting.output, biases=setting.biases
    )
    mnist = data.load("mnist")
    parts = {"train": data.Split(mnist.train.x[:EXAMPLES], mnist.train.label[:EXAMPLES]),
             "validation": mnist.validation, "test": mnist.test}  # fmt: skip
    for name, split in parts.items():
        y = network.forward(split.x).h[network.L]
        wrong = 100 * float((y[:, :10].argmax(-1) != split.label).double().mean())
        assert rows[1.0, 0, f"{name} error"] == pytest.approx(wrong, abs=0.02)
        assert 50 < wrong < 100
    if setting.sizes[-1] > 10:
        assert float((y.argmax(-1) >= 10).double().mean()) > 0.05


def test_units_without_a_class_are_never_an_answer():
    label = torch.tensor([0, 1, 2, 0])
    y = torch.eye(3, 5)[torch.tensor([0, 1, 2, 1])]
    y[:, 3:] = 9.0
    split = data.Split(torch.zeros(4, 1), label)
    assert float(error_rates(lambda x: y, split, 3)) == 25.0
    assert float(error_rates(lambda x: y, split, 5)) == 100.0


def test_the_time_of_a_run_is_that_of_the_processor(monkeypatch):
    """Not that of the clock on the wall, which others who use the machine would make longer."""
    processor, wall = iter([100.0]), iter([0.0])
    monkeypatch.setattr("time.process_time", lambda: next(processor, 107.5))
    monkeypatch.setattr("time.perf_counter", lambda: next(wall, 1.0))
    (time,) = (row for row in run(TINY, 0) if row["metric"] == "cpu time")
    assert (time["value"], time["unit"]) == (7.5, "s")


@dataclass(frozen=True)
class Preparing(Backprop):
    """Backprop that adds, in a pass before each epoch, the learning rate times the examples."""

    held: ClassVar[dict] = {}
    learned = ("sum",)

    @property
    def prepares(self):
        return math.inf

    def draw(self, sizes, streams):
        return {"sum": {1: torch.zeros(1, 1)}}

    def prepare(self, ch, x):
        self.held["sum"] = ch.own["sum"][1]
        return Update(own={"sum": {1: torch.full((1, 1), -float(len(x)))}})


@pytest.mark.parametrize(("schedule", "rates"), [("constant", (1, 1, 1)), ("linear", (3, 2, 1))])
def test_the_rate_of_a_pass_of_preparation_falls_with_the_schedule(schedule, rates):
    setting = replace(TINY, rule=Preparing(), epochs=3, schedule=schedule, own_learning_rate=0.5)
    run(setting, 0)
    expected = 0.5 * EXAMPLES * sum(rate / rates[0] for rate in rates)
    assert float(Preparing.held["sum"]) == pytest.approx(expected)


def test_the_test_set_of_an_epoch_in_between_is_that_of_a_run_that_ends_there():
    rows = rows_of(replace(TINY, epochs=3, test_epochs=(2,)))
    shorter = rows_of(replace(TINY, epochs=2))
    key = 2.0, 0, "test error"
    assert rows[key] == shorter[key] != rows[3.0, 0, "test error"]
