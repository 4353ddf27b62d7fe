"""Notebook 01: feedback alignment and its relatives."""

from dataclasses import replace

from credit.experiments.common import SEEDS, grid, tuning
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.shallow import Shallow
from credit.rules.sign_symmetry import SignSymmetry
from credit.rules.weight_mirror import WeightMirror
from credit.runs.store import Job
from credit.training.setting import Setting

# Lillicrap et al. 2016, Fig. 2: online, eta = 1e-3, weight decay 1e-6, half-widths omega and beta
# not printed. Here: batches of 20, no decay, omega = 0.05; by 01-tuning the rate that suits BP
# best, 0.3 (0.015 per example), and the beta that suits FA best at that rate.
LILLICRAP = Setting(
    rule=Backprop(),
    sizes=(784, 1000, 10),
    nonlinearity="logistic",
    output="logistic_squared",
    weights=Init("uniform", 0.05),
    learning_rate=0.3,
    batch=20,
    epochs=60,
    test_epochs=(1, 2, 5, 10, 25),
)
LILLICRAP_RULES = (Backprop(), FeedbackAlignment(Init("uniform", 1.6)), Shallow())


def _mnist(experiment: str, profile: str) -> list[Job]:
    small = {"quick": {"examples": 10_000, "epochs": 6, "test_epochs": ()}, "paper": {}}[profile]
    settings = [replace(LILLICRAP, rule=rule, **small) for rule in LILLICRAP_RULES]
    return grid(experiment, settings, SEEDS[profile])


def _mnist_tuning(experiment: str, profile: str) -> list[Job]:
    short = replace(LILLICRAP, epochs=4, test_epochs=())
    rules = [
        Backprop(),
        *(FeedbackAlignment(Init("uniform", beta)) for beta in (0.1, 0.4, 1.6, 6.4)),
    ]
    settings = [
        replace(short, rule=rule, learning_rate=rate) for rate in (0.1, 0.3, 1.0) for rule in rules
    ]
    return tuning(experiment, settings)


# Akrout et al. 2019, the authors' code and logs: logistic hidden layer, cross-entropy, 128 a batch.
AKROUT = Setting(
    rule=Backprop(),
    sizes=(784, 500, 10),
    nonlinearity="logistic",
    output="logistic",
    weights=Init("normal_fan_sum"),
    biases=Init("normal_fan_sum"),
    learning_rate=0.2,
    batch=128,
    epochs=100,
    test_epochs=(1, 10, 20),
)


def _akrout(experiment: str, profile: str) -> list[Job]:
    B = Init("normal_fan_sum")
    settings = [
        AKROUT,
        replace(AKROUT, rule=FeedbackAlignment(B)),
        replace(AKROUT, rule=KolenPollack(B), learning_rate=0.3),
        replace(AKROUT, rule=WeightMirror(B), own_learning_rate=0.05),
        replace(AKROUT, rule=SignSymmetry("uniform", Init("normal_fan_sum"))),
        replace(AKROUT, rule=Shallow()),
    ]
    if profile == "quick":
        settings = [replace(s, examples=10_000, epochs=3, test_epochs=()) for s in settings]
    return grid(experiment, settings, SEEDS[profile])


def _mirror(experiment: str, profile: str) -> list[Job]:
    """Why our weight mirror starts better than the log: how fast the mirror itself learns."""
    short = replace(AKROUT, rule=WeightMirror(Init("normal_fan_sum")), epochs=10, test_epochs=(1,))
    return [
        Job(experiment, replace(short, own_learning_rate=rate), seed, f"1x500, mirror {rate:g}")
        for seed in SEEDS["paper"]
        for rate in (5e-2, 5e-3, 5e-4, 5e-5)
    ]


EXPERIMENTS = {
    "01-tuning": _mnist_tuning,
    "01-mnist": _mnist,
    "01-akrout": _akrout,
    "01-mirror": _mirror,
}
