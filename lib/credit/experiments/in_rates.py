"""Notebook 00: the rules that learn in spikes, in rates, in networks of the same size.

The images, how often they are seen, the batch, the optimiser, its schedule and the number of rates
tried are those of backprop beside the spiking networks, for every rule. Units, outputs, first
weights and what a rule has besides are those of its own notebook.
"""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS, on_part
from credit.experiments.contrastive_hebbian import chl
from credit.experiments.decoupled_neural_interfaces import CDNI
from credit.experiments.difference_target_propagation import SDTP_PARALLEL
from credit.experiments.equilibrium_propagation import GLOROT
from credit.experiments.event_driven import RATES, SPIKES
from credit.experiments.generalized_recirculation import TIED
from credit.experiments.kickback import coherent_start
from credit.nets.networks import Init
from credit.rules.attention_gated import AttentionGated
from credit.rules.base import Rule
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.gait_prop import GaitProp
from credit.rules.kickback import Kickback
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.sign_symmetry import SignSymmetry
from credit.rules.weight_mirror import WeightMirror
from credit.runs.store import Job
from credit.training.setting import Setting

LIKE_W = RATES.weights
PART = (784, 20, 2)  # of ten coherent networks side by side, 200 hidden units in all
LOGISTIC = {"nonlinearity": "logistic", "output": "logistic", "weights": GLOROT}


def in_rates(rule: Rule, **network) -> Setting:
    return replace(RATES, rule=rule, **{"sizes": SPIKES.sizes} | network)


# By the labels of the same rules in spikes. With one hidden layer feedback alignment is direct.
RULES = {
    "200 direct": in_rates(DirectFeedbackAlignment()),
    "200 signs": in_rates(SignSymmetry("uniform", LIKE_W)),
    "200 weight mirror": in_rates(WeightMirror(LIKE_W), own_learning_rate=1e-3),
    "200 Kolen-Pollack": in_rates(KolenPollack(LIKE_W)),
    "200 equilibrium propagation": in_rates(
        EquilibriumPropagation(),
        nonlinearity="hard_sigmoid", output="hard_sigmoid_squared", weights=GLOROT,
    ),
    "200 target difference": in_rates(
        SDTP_PARALLEL, nonlinearity="tanh", weights=Init("orthogonal"), own_learning_rate=1e-3
    ),
    "200 Kickback": in_rates(
        Kickback(), sizes=PART, nonlinearity="signed_relu", output="pair",
        weights=coherent_start(PART), coherent=True, apart=True,
    ),
    "200 GeneRec, V apart": in_rates(TIED["GR-mid, V apart"], **LOGISTIC),
    "200 GeneRec, V is W": in_rates(TIED["GR-mid"], **LOGISTIC),
    "200 contrastive Hebbian": in_rates(
        chl(0.5), nonlinearity="tanh", output="logistic", weights=Init("normal_fan_in")
    ),
    "200 attention": in_rates(AttentionGated(), output="linear", biases=None),
    # its layers above the first are square: ten of the 200 outputs have targets
    "200 GAIT": in_rates(
        GaitProp(), sizes=(784, 200, 200),
        nonlinearity="leaky_relu", output="leaky_squared", weights=Init("orthogonal"),
    ),
    "200 synthetic": in_rates(CDNI, own_learning_rate=1e-2),
}  # fmt: skip
TRIED = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # as of backprop
LOWER = {"200 equilibrium propagation": (1e-4, 3e-4)}  # more, where the lowest was the best
BEST = dict.fromkeys(RULES, 1e-2) | dict.fromkeys(
    ("200 Kickback", "200 attention", "200 GAIT", "200 synthetic"), 3e-3
)
BEST |= {"200 equilibrium propagation": 1e-3}


def _rates(experiment: str, profile: str) -> list[Job]:
    few = {"examples": 2500, "epochs": 1} if profile == "quick" else {}
    return [
        Job(experiment, replace(setting, learning_rate=BEST[label], **few), seed, label)
        for seed in SEEDS[profile]
        for label, setting in RULES.items()
    ]


def _tuning(experiment: str, profile: str) -> list[Job]:
    """On a third of the images once, as of backprop and of the rules in spikes."""
    few = on_part(profile)
    return [
        Job(experiment, replace(setting, learning_rate=rate, **few), s, f"{label}, rate {rate:g}")
        for label, setting in RULES.items()
        for rate in (*LOWER.get(label, ()), *TRIED)
        for s in TUNING_SEEDS
    ]


EXPERIMENTS = {"00-rates": _rates, "00-rates-tuning": _tuning}
