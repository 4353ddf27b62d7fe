"""The experiments of the notebooks: which settings are run, with which seeds, in which profile.

`quick` is what a reader, `make reproduce` and the tests run: real training on real data, with fewer
examples or epochs than the paper. `paper` is the published setting or the nearest that fits; its
results are committed to data/results. Learning rates and the scales of feedback were chosen on the
validation set, by the experiments named tuning.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from credit.networks import Init
from credit.rule import Rule
from credit.rules.backprop import Backprop
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.shallow import Shallow
from credit.rules.sign_symmetry import SignSymmetry
from credit.rules.weight_mirror import WeightMirror
from credit.store import Job
from credit.training import Setting

PROFILES = ("quick", "paper")
SEEDS = {"quick": (0, 1, 2), "paper": (0, 1, 2, 3, 4)}
TUNING_SEEDS = (1000,)  # never those of a reported run


def jobs(experiment: str, profile: str = "quick") -> list[Job]:
    """Every run of an experiment, in a fixed order."""
    if experiment not in EXPERIMENTS:
        known = ", ".join(EXPERIMENTS)
        raise ValueError(f"unknown experiment {experiment!r}, expected one of {known}")
    check_profile(profile)
    return EXPERIMENTS[experiment](experiment, profile)


def check_profile(profile: str) -> str:
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}, expected one of {', '.join(PROFILES)}")
    return profile


def _grid(experiment: str, settings: Sequence[Setting], seeds: Sequence[int]) -> list[Job]:
    # seeds outside, so that an interrupted batch has every rule for the seeds it reached
    return [Job(experiment, setting, seed) for seed in seeds for setting in settings]


def _tuning(experiment: str, settings: Sequence[Setting]) -> list[Job]:
    """Runs labelled by what is tuned, on seeds of their own."""

    def label(setting):
        scale = getattr(getattr(setting.rule, "feedback", None), "scale", None)
        feedback = "" if scale is None else f", feedback {scale:g}"
        return f"{setting.label}, rate {setting.learning_rate:g}{feedback}"

    return [Job(experiment, s, seed, label(s)) for seed in TUNING_SEEDS for s in settings]


# 01: feedback alignment ---------------------------------------------------------------------------

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
    return _grid(experiment, settings, SEEDS[profile])


def _mnist_tuning(experiment: str, profile: str) -> list[Job]:
    short = replace(LILLICRAP, epochs=4, test_epochs=())
    rules = [
        Backprop(),
        *(FeedbackAlignment(Init("uniform", beta)) for beta in (0.1, 0.4, 1.6, 6.4)),
    ]
    settings = [
        replace(short, rule=rule, learning_rate=rate) for rate in (0.1, 0.3, 1.0) for rule in rules
    ]
    return _tuning(experiment, settings)


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
    return _grid(experiment, settings, SEEDS[profile])


def _mirror(experiment: str, profile: str) -> list[Job]:
    """Why our weight mirror starts better than the log: how fast the mirror itself learns."""
    short = replace(AKROUT, rule=WeightMirror(Init("normal_fan_sum")), epochs=10, test_epochs=(1,))
    return [
        Job(experiment, replace(short, own_learning_rate=rate), seed, f"1x500, mirror {rate:g}")
        for seed in SEEDS["paper"]
        for rate in (5e-2, 5e-3, 5e-4, 5e-5)
    ]


# 02: direct feedback alignment --------------------------------------------------------------------

ZERO, FAN_IN = Init("zero"), Init("uniform_fan_in")

# Nøkland 2016, Table 1, after his code: RMSprop with a constant rate of 1e-4, 64 a batch, up to
# 300 epochs. Here: a rate that falls linearly to zero over far fewer epochs.
NOKLAND = Setting(
    rule=Backprop(),
    output="logistic",
    weights=FAN_IN,
    biases=FAN_IN,
    optimiser="rmsprop",
    learning_rate=1e-3,
    schedule="linear",
    batch=64,
    epochs=12,
)


def nokland(rule: Rule, depth: int, width: int, **changes) -> Setting:
    """His networks and his starts: BP and shallow random, FA zero above layer 1, DFA all zero.

    The rate is 1e-3. By 02-tuning backprop does better with 3e-4 in the nets of more than three
    layers, and FA from its zero start learns nothing there with more.
    """
    starts = {"FA": (FAN_IN, *[ZERO] * depth), "DFA": ZERO}
    start = starts.get(rule.short, FAN_IN)
    slow = depth > 3 and rule.short in ("BP", "FA")
    rate = 3e-4 if slow else NOKLAND.learning_rate
    given = {"learning_rate": rate, "weights": start, "biases": start} | changes
    return replace(NOKLAND, rule=rule, sizes=(784, *[width] * depth, 10), **given)


TABLE1 = ((1, 800), (7, 240), (2, 800), (3, 800), (4, 800))  # hidden layers, width
TABLE1_RULES = (Backprop(), FeedbackAlignment(), DirectFeedbackAlignment(), Shallow())


def _table1(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        settings = [nokland(rule, 2, 400, epochs=2, examples=20_000) for rule in TABLE1_RULES]
        return _grid(experiment, settings, SEEDS[profile])
    nets = ([nokland(rule, *net) for rule in TABLE1_RULES] for net in TABLE1)
    return [job for settings in nets for job in _grid(experiment, settings, SEEDS[profile])]


def _table1_tuning(experiment: str, profile: str) -> list[Job]:
    settings = [
        nokland(rule, depth, width, learning_rate=rate, epochs=4)
        for depth, width in ((1, 800), (4, 800), (7, 240))
        for rule in TABLE1_RULES[:3]
        for rate in (3e-4, 1e-3)
    ]
    return _tuning(experiment, settings)


# Depth on equal terms: every rule from the same random weights, with the same optimiser.
GAUSS = Init("normal_fan_in")
DEPTH = Setting(
    rule=Backprop(),
    output="logistic",
    weights=GAUSS,
    optimiser="adam",
    learning_rate=1e-3,
    schedule="linear",
    batch=64,
    epochs=3,
)
DEPTH_RULES = (
    Backprop(),
    FeedbackAlignment(GAUSS),
    DirectFeedbackAlignment(),
    SignSymmetry("uniform", GAUSS),
    Shallow(),
)


def _deep(rule: Rule, depth: int, width: int, **changes) -> Setting:
    """The rate is 1e-3; 02-depth-tuning: feedback alignment needs less beyond four layers."""
    rate = 3e-4 if rule.short == "FA" and depth > 4 else DEPTH.learning_rate
    given = {"learning_rate": rate} | changes
    return replace(DEPTH, rule=rule, sizes=(784, *[width] * depth, 10), **given)


def _depth(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":  # one rate for all
        small = {"epochs": 2, "examples": 20_000, "batch": 32, "learning_rate": 1e-3}
        nets = [(rule, depth, 64) for depth in (1, 4, 8) for rule in DEPTH_RULES]
        nets = [net for net in nets if net[0].short != "SS"]
    else:
        small = {}
        nets = [(rule, depth, 240) for depth in (1, 2, 4, 8) for rule in DEPTH_RULES]
    return _grid(experiment, [_deep(*net, **small) for net in nets], SEEDS[profile])


def _depth_tuning(experiment: str, profile: str) -> list[Job]:
    settings = [
        _deep(rule, depth, 240, learning_rate=rate)
        for rule in DEPTH_RULES[:4]
        for depth in ((2, 4, 8) if rule.short == "FA" else (2, 8))
        for rate in (3e-4, 1e-3)
    ]
    return _tuning(experiment, settings)


EXPERIMENTS: dict[str, Callable[[str, str], list[Job]]] = {
    "01-tuning": _mnist_tuning,
    "01-mnist": _mnist,
    "01-akrout": _akrout,
    "01-mirror": _mirror,
    "02-tuning": _table1_tuning,
    "02-depth-tuning": _depth_tuning,
    "02-depth": _depth,
    "02-table1": _table1,
}
