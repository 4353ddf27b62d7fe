"""Notebook 01: feedback alignment and its relatives."""

from dataclasses import replace

from credit.experiments.common import SEEDS, grid, labelled, tuning
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


FEEDBACK = Init("normal_fan_sum")
# Their mirror: rate 0.01 for the sum over 128 noise patterns, uniform within 0.05 on either side;
# here the sum is divided by 128 and by the variance, and the noise is normal.
VARIANCE = 0.1**2 / 12
MIRROR = WeightMirror(
    FEEDBACK, sigma=VARIANCE**0.5, decay=0.0, top="activity", centred=False, before=1
)
MIRRORED = replace(AKROUT, rule=MIRROR, learning_rate=0.05, own_learning_rate=0.01 * 128 * VARIANCE)


def _akrout(experiment: str, profile: str) -> list[Job]:
    settings = [
        AKROUT,
        replace(AKROUT, rule=FeedbackAlignment(FEEDBACK)),
        replace(AKROUT, rule=KolenPollack(FEEDBACK), learning_rate=0.3),
        MIRRORED,
        replace(AKROUT, rule=SignSymmetry("uniform", FEEDBACK)),
        replace(AKROUT, rule=Shallow()),
    ]
    if profile == "quick":
        settings = [replace(s, examples=10_000, epochs=3, test_epochs=()) for s in settings]
    return grid(experiment, settings, SEEDS[profile])


def _mirror(experiment: str, profile: str) -> list[Job]:
    """What makes the weight mirror of the logs start below feedback alignment: one thing at a time
    otherwise; the first 20 epochs of 01-akrout stand beside it."""
    slow = replace(AKROUT, rule=FeedbackAlignment(FEEDBACK), learning_rate=0.05)
    arms = {
        "1x500, no mirroring before training": replace(MIRRORED, rule=replace(MIRROR, before=0)),
        "1x500, output mirrored linearly": replace(MIRRORED, rule=replace(MIRROR, top="drive")),
        "1x500, forward rate 0.2": replace(MIRRORED, learning_rate=0.2),
        "1x500, forward rate 0.05": slow,
    }
    short = {name: replace(s, epochs=24, test_epochs=(1, 10, 20)) for name, s in arms.items()}
    return labelled(experiment, short, SEEDS["paper"][:3])


def _sizes(experiment: str, profile: str) -> list[Job]:
    """What is left between the rules of the logs where the feedback is larger, or backprop has
    Kolen-Pollack's rate; the first 20 epochs of 01-akrout stand beside it."""
    large, short = Init("normal_fan_sum", 5), replace(AKROUT, epochs=20, test_epochs=())
    settings = [
        ("1x500 logistic, feedback 5", replace(short, rule=FeedbackAlignment(large))),
        ("1x500 logistic, feedback 5", replace(short, rule=SignSymmetry("uniform", large))),
        ("1x500 logistic, rate 0.3", replace(short, learning_rate=0.3)),
    ]
    return labelled(experiment, settings, SEEDS["paper"][:3])


EXPERIMENTS = {
    "01-tuning": _mnist_tuning,
    "01-mnist": _mnist,
    "01-akrout": _akrout,
    "01-mirror": _mirror,
    "01-sizes": _sizes,
}
