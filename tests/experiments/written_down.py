"""The settings of every reported experiment as they are written down, beside their sources.

Read by test_settings.py. A second opinion on lib/credit/experiments: there the settings are made by
functions, here they are spelled out.
"""

import re
from dataclasses import dataclass, replace
from math import pi, sqrt
from typing import Any

from credit.nets.networks import Init
from credit.nets.relaxation import Settling
from credit.spiking.pathways.attention import Attention
from credit.spiking.pathways.direct import Direct
from credit.spiking.pathways.fixed import Fixed
from credit.spiking.pathways.gait import Gait
from credit.spiking.pathways.kickback import Kickback
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.target_difference import TargetDifference
from credit.spiking.pathways.weight_mirror import WeightMirror

ZERO, FAN_IN, GAUSS = Init("zero"), Init("uniform_fan_in"), Init("normal_fan_in")
HE, GLOROT = Init("normal_fan_in", sqrt(2)), Init("uniform_fan_sum", sqrt(6))
HALF, STEEP = Init("uniform", 0.5), Init("normal_fan_in", 3.0)
PLAIN = {  # what holds where a row says nothing
    "nonlinearity": "tanh", "output": "softmax", "weights": FAN_IN, "biases": ZERO,
    "coherent": False, "sent": "graded", "apart": False, "precision": "float32",
    "dataset": "mnist", "examples": None, "optimiser": "sgd", "learning_rate": 0.1,
    "schedule": "constant", "own_learning_rate": None, "weight_decay": 0.0, "batch": 64,
    "shuffled": True, "epochs": 2, "stop_below": None, "test_epochs": (), "rule": {},
    "networks": 50, "symmetric": False, "blocks": (), "departure": 0.0,
}  # fmt: skip


@dataclass
class At:
    """What holds for the settings of this method with this in their label, a regular expression.

    rule   those fields of the rule that are not at their defaults
    sizes  with ... for the hidden layers that the label names
    """

    method: str
    label: str
    fields: dict[str, Any]

    def covers(self, job) -> bool:
        return self.method in ("", job.method) and bool(re.search(self.label, job.name))


def at(method="", label="", **given) -> At:
    return At(method, label, given)


@dataclass
class Experiment:
    """source: a key of data/published.csv or of the references, and where in it; later rows of
    `paper` override earlier ones, and those of `quick` all of them. `arms` counts settings by
    method, at paper scale."""

    source: str
    seeds: int
    arms: dict[str, int]
    paper: list[At]
    quick: list[At]


def falling(first: float, layers: int, factor: float) -> tuple[float, ...]:
    return tuple(first / factor**l for l in range(layers))


def few(examples: int, epochs: int, **more) -> At:
    """The amounts of the quick profile."""
    return at(examples=examples, epochs=epochs, test_epochs=(), **more)


BESIDE = {"backprop": 1, "shallow": 1}
TABLE = {}

# 00. The rules that learn in spikes, in rates; the terms are those of 02-spiking's backprop.
IN_SIXTY = Settling(60, 0.5, tolerance=1e-3, check=5)
TABLE["00-rates"] = Experiment(
    "not published: 784-200-10 in rates, rates by 00-rates-tuning",
    5,
    dict.fromkeys(
        ("direct_feedback_alignment", "sign_symmetry", "weight_mirror", "kolen_pollack",
         "equilibrium_propagation", "difference_target_propagation", "kickback",
         "contrastive_hebbian", "attention_gated", "gait_prop", "decoupled_neural_interfaces"), 1
    ) | {"generalized_recirculation": 2},
    [
        at(sizes=(784, 200, 10), nonlinearity="relu", weights=HE, optimiser="adam", batch=20,
           schedule="linear", learning_rate=0.01),
        *(at(method, rule={"feedback": HE})
          for method in ("sign_symmetry", "weight_mirror", "kolen_pollack")),
        at("weight_mirror", own_learning_rate=1e-3),
        at("equilibrium_propagation", nonlinearity="hard_sigmoid", output="hard_sigmoid_squared",
           weights=GLOROT, learning_rate=1e-3),
        at("difference_target_propagation", nonlinearity="tanh", weights=Init("orthogonal"),
           own_learning_rate=1e-3,
           rule={"top": "label", "learning": "parallel", "sigma": 0.3598, "eta": 0.003277}),
        at("kickback", sizes=(784, 20, 2), nonlinearity="signed_relu", output="pair",
           weights=(HE, Init("coherent_fan_in", sqrt(pi / 10))), coherent=True, apart=True,
           learning_rate=3e-3),
        at("generalized_recirculation", nonlinearity="logistic", output="logistic",
           weights=GLOROT, rule={"settling": IN_SIXTY}),
        at(label="V is W$", rule={"feedback": "tied", "settling": IN_SIXTY}),
        at("contrastive_hebbian", nonlinearity="tanh", output="logistic", weights=GAUSS,
           rule={"gamma": 0.5, "settling": Settling(100, 1.0, tolerance=5e-4, in_turn=True)}),
        at("attention_gated", output="linear", biases=None, learning_rate=3e-3),
        at("gait_prop", sizes=(784, 200, 200), nonlinearity="leaky_relu", output="leaky_squared",
           weights=Init("orthogonal"), learning_rate=3e-3),
        at("decoupled_neural_interfaces", learning_rate=3e-3, own_learning_rate=1e-2),
    ],
    [few(2500, 1)],
)  # fmt: skip

# 01. Lillicrap online with eta 1e-3, here 0.3 for batches of 20; ranges of W and B are not printed.
TABLE["01-mnist"] = Experiment(
    "lillicrap2016random, Fig. 2: 784-1000-10 logistic, squared error",
    5,
    BESIDE | {"feedback_alignment": 1},
    [
        at(sizes=(784, 1000, 10), nonlinearity="logistic", output="logistic_squared",
           weights=Init("uniform", 0.05), learning_rate=0.3, batch=20, epochs=60,
           test_epochs=(1, 2, 5, 10, 25)),
        at("feedback_alignment", rule={"feedback": Init("uniform", 1.6)}),
    ],
    [few(10_000, 6)],
)  # fmt: skip
AKROUT = at(
    sizes=(784, 500, 10), nonlinearity="logistic", output="logistic", batch=128, learning_rate=0.2,
    weights=Init("normal_fan_sum"), biases=Init("normal_fan_sum"),
)  # fmt: skip
LIKE_W = {"feedback": Init("normal_fan_sum")}
THEIR_MIRROR = {
    "sigma": sqrt(1 / 1200), "decay": 0.0, "top": "activity", "centred": False, "before": 1,
}  # fmt: skip
THEIR_RATES = {"learning_rate": 0.05, "own_learning_rate": 1.28 / 1200}
TABLE["01-akrout"] = Experiment(
    "akrout2019deep, experiments/mnist: rate 0.2, of KP 0.3, of WM 0.05, batches of 128; "
    "FCNN_WM.py: mirror rate 0.01 for a sum of 128, noise 0.1 (rand - 0.5), one epoch before",
    5,
    BESIDE | {"feedback_alignment": 1, "kolen_pollack": 1, "weight_mirror": 1, "sign_symmetry": 1},
    [
        AKROUT,
        at(epochs=100, test_epochs=(1, 10, 20)),
        at("feedback_alignment", rule=LIKE_W),
        at("kolen_pollack", rule=LIKE_W, learning_rate=0.3),
        at("weight_mirror", rule=LIKE_W | THEIR_MIRROR, **THEIR_RATES),
        at("sign_symmetry", rule=LIKE_W),
    ],
    [few(10_000, 3)],
)
TABLE["01-mirror"] = Experiment(
    "akrout2019deep, experiments/mnist: their mirror, and with one thing at a time as here",
    3,
    {"weight_mirror": 3, "feedback_alignment": 1},
    [
        AKROUT,
        at(epochs=24, test_epochs=(1, 10, 20)),
        at("feedback_alignment", rule=LIKE_W, learning_rate=0.05),
        at("weight_mirror", rule=LIKE_W | THEIR_MIRROR, **THEIR_RATES),
        at(label="no mirroring before training$", rule=LIKE_W | THEIR_MIRROR | {"before": 0}),
        at(label="mirrored linearly$", rule=LIKE_W | THEIR_MIRROR | {"top": "drive"}),
        at(label="forward rate 0.2$", learning_rate=0.2),
    ],
    [],
)
TABLE["01-sizes"] = Experiment(
    "akrout2019deep, experiments/mnist: feedback five times as large, and KP's rate for BP",
    3,
    {"backprop": 1, "feedback_alignment": 1, "sign_symmetry": 1},
    [
        AKROUT,
        at(epochs=20),
        at("backprop", learning_rate=0.3),
        at(label="feedback 5$", rule={"feedback": Init("normal_fan_sum", 5.0)}),
    ],
    [],
)

# 02. His rate is a constant 1e-4 for up to 300 epochs.
RATES_TABLE1 = {
    "backprop": {1: 3e-3, 2: 1e-3, 3: 1e-3, 4: 3e-4, 7: 1e-3},
    "feedback_alignment": {1: 3e-3, 2: 1e-3, 3: 3e-4, 4: 3e-4, 7: 3e-4},
    "direct_feedback_alignment": {1: 3e-3, 2: 1e-3, 3: 1e-3, 4: 1e-3, 7: 3e-3},
    "shallow": dict.fromkeys((1, 2, 3, 4, 7), 1e-2),
}
TABLE["02-table1"] = Experiment(
    "nokland2016direct, Table 1: RMSprop, 64 a batch; DFA from zero, FA zero above layer 1",
    5,
    {"backprop": 5, "feedback_alignment": 5, "direct_feedback_alignment": 5, "shallow": 5},
    [
        at(sizes=(784, ..., 10), output="logistic", weights=FAN_IN, biases=FAN_IN, batch=64,
           optimiser="rmsprop", learning_rate=1e-3, schedule="linear", epochs=12),
        at("direct_feedback_alignment", weights=ZERO, biases=ZERO),
        *(at("feedback_alignment", f"^{n}x", weights=(FAN_IN, *[ZERO] * n),
             biases=(FAN_IN, *[ZERO] * n)) for n in (1, 2, 3, 4, 7)),
        *(at(method, f"^{net}x", learning_rate=rate) for method, rates in RATES_TABLE1.items()
          for net, rate in rates.items()),
    ],
    [few(20_000, 2)],
)  # fmt: skip
RATES_DEPTH = {
    "backprop": (3e-3, 3e-3, 1e-3, 1e-3),
    "feedback_alignment": (3e-3, 1e-3, 1e-3, 3e-4),
    "direct_feedback_alignment": (3e-3, 3e-3, 3e-3, 1e-3),
    "sign_symmetry": (3e-3, 3e-3, 1e-3, 1e-3),
    "shallow": (1e-2, 1e-2, 1e-2, 1e-2),
}
TABLE["02-depth"] = Experiment(
    "not published: equal terms, rates by 02-depth-tuning",
    5,
    {"backprop": 4, "feedback_alignment": 4, "direct_feedback_alignment": 4, "sign_symmetry": 4,
     "shallow": 4},
    [
        at(sizes=(784, ..., 10), output="logistic", weights=GAUSS, optimiser="adam", batch=64,
           schedule="linear", epochs=12),
        at("feedback_alignment", rule={"feedback": GAUSS}),
        at("sign_symmetry", rule={"feedback": GAUSS}),
        *(at(method, f"^{n}x", learning_rate=rate) for method, rates in RATES_DEPTH.items()
          for n, rate in zip((1, 2, 4, 8), rates, strict=True)),
    ],
    [few(20_000, 2, batch=32, learning_rate=1e-3)],
)  # fmt: skip

# In spikes, not published: one network for all pathways, after Neftci et al. 2017.
IN_SPIKES = [
    at(sizes=(784, 200, 10), epochs=2, input="regular", white=100.0, image=60, settling=15,
       target=200.0, events=200.0, spread=50.0, schedule="linear", chunk=2500),
]  # fmt: skip
IN_RATES = [  # beside them
    at(label="relu", nonlinearity="relu", weights=HE, optimiser="adam", batch=20,
       schedule="linear"),
    at("backprop", learning_rate=0.01),
    at("shallow", learning_rate=0.1),
]  # fmt: skip
BRIEFLY = [at(examples=5000, epochs=1)]
TABLE["01-spiking"] = Experiment(
    "not published: sign symmetry and Kolen-Pollack in spikes",
    5,
    {"signs": 1, "kolen_pollack": 1},
    [
        *IN_SPIKES,
        at("signs", learning_rate=0.01, hidden_rate=0.01),
        at("kolen_pollack", learning_rate=0.01, hidden_rate=0.03),
    ],
    BRIEFLY,
)
TABLE["01-spiking-mirror"] = Experiment(
    "not published: the weight mirror in spikes, and the same with feedback that stays",
    5,
    {"weight_mirror": 2},
    [
        *IN_SPIKES,
        at(learning_rate=0.01, hidden_rate=0.01, rule={"eta_B": 1.0, "decay": 1e-3, "noise": 10.0}),
        at(label="blind", rule={"eta_B": 0.0, "decay": 0.0, "noise": 10.0, "spread": 50.0}),
    ],
    BRIEFLY,
)
TABLE["02-spiking"] = Experiment(
    "not published: 784-200-10 in spikes, after Neftci et al. 2017, and in rates",
    5,
    {"direct": 2, "symmetric": 1, "fixed": 1, "backprop": 1, "shallow": 1},
    [
        *IN_SPIKES,
        at("direct", learning_rate=0.01, hidden_rate=0.03),
        at("direct", "shuffled", rule={"shuffled": True}),
        at("symmetric", learning_rate=0.01, hidden_rate=0.01),
        at("fixed", learning_rate=0.08, hidden_rate=0.0, spread=100.0),
        *IN_RATES,
    ],
    BRIEFLY,
)
TABLE["02-spiking-populations"] = Experiment(
    "not published: errors in spikes alone, and the same told other labels",
    5,
    {"two_populations": 2},
    [
        *IN_SPIKES,
        at(learning_rate=0.01, hidden_rate=0.01, rule={"gain": 60.0, "way": Direct()}),
        at(label="shuffled", rule={"shuffled": True}),
    ],
    BRIEFLY,
)
TABLE["02-rates"] = Experiment(
    "not published: in rates what networks in spikes are compared with, rates by 02-rates-tuning",
    5,
    {"backprop": 3, "shallow": 3},
    [
        *IN_RATES,
        at(label="1x200", sizes=(784, 200, 10)),
        at(label="1x500", sizes=(784, 500, 10)),
        at(label="200-100", sizes=(784, 200, 100, 10)),
        at("backprop", learning_rate=0.003),
        at("shallow", learning_rate=0.03),
    ],
    BRIEFLY,
)
TABLE["01-spiking-long"] = Experiment(
    "not published: sign symmetry with errors in spikes alone, 784-500-10, six passes; in rates",
    5,
    {"two_populations": 1, "fixed": 1, "backprop": 1, "shallow": 1},
    [
        *IN_SPIKES,
        at(sizes=(784, 500, 10)),
        at("two_populations", learning_rate=0.03, hidden_rate=0.03, rule={"way": Signs()}),
        at("fixed", learning_rate=0.04, hidden_rate=0.0, spread=100.0),
        *IN_RATES,
        at("backprop", learning_rate=0.003),
        at("shallow", learning_rate=0.01),
        at(epochs=6),
    ],
    BRIEFLY,
)
TABLE["01-spiking-populations"] = Experiment(
    "not published: the relatives of feedback alignment with errors in spikes alone",
    5,
    {"two_populations": 4},
    [
        *IN_SPIKES,
        at(learning_rate=0.03, hidden_rate=0.03, rule={"gain": 60.0, "way": Signs()}),
        at(label="Kolen", hidden_rate=0.01, rule={"way": KolenPollack()}),
        at(label="mirror", hidden_rate=0.003, rule={"way": WeightMirror()}),
        at(label="symmetric", learning_rate=0.01, hidden_rate=0.01, rule={"way": Symmetric()}),
    ],
    BRIEFLY,
)
TABLE["01-spiking-populations-blind"] = Experiment(
    "not published: the mirror's network with errors in spikes, and feedback that stays",
    5,
    {"two_populations": 1},
    [
        *IN_SPIKES,
        at(learning_rate=0.03, hidden_rate=0.003,
           rule={"way": WeightMirror(eta_B=0.0, decay=0.0, spread=50.0), "shuffled": False}),
    ],
    BRIEFLY,
)  # fmt: skip
TABLE["01-spiking-populations-controls"] = Experiment(
    "not published: the same networks, hidden neurons told other labels",
    3,
    {"two_populations": 3},
    [
        *IN_SPIKES,
        at(learning_rate=0.03, hidden_rate=0.03, rule={"way": Signs(), "shuffled": True}),
        at(label="Kolen", hidden_rate=0.01, rule={"way": KolenPollack(), "shuffled": True}),
        at(label="mirror", hidden_rate=0.003, rule={"way": WeightMirror(), "shuffled": True}),
    ],
    BRIEFLY,
)
for _notebook, _way, _rates, _more in (
    ("06", TargetDifference(), (0.03, 0.03), {}),
    ("07", Kickback(), (0.01, 0.001), {"coherent": True, "sizes": (784, 200, 100, 10)}),
    ("11", Attention(), (0.003, 0.03), {}),
    ("12", Gait(), (0.01, 0.01), {"chunk": 250}),
    ("14", Synthetic(), (0.01, 0.01), {}),
):
    for _kind, _seeds, _told in (("", 5, False), ("-controls", 3, True)):
        TABLE[f"{_notebook}-spiking-populations{_kind}"] = Experiment(
        "not published: errors in spikes alone" + ", told other labels" * _told,
        _seeds,
        {"two_populations": 1},
        [
            *IN_SPIKES,
            at(learning_rate=_rates[0], hidden_rate=_rates[1], **_more,
               rule={"gain": 60.0, "way": _way, "shuffled": _told}),
        ],
        BRIEFLY,
    )  # fmt: skip
TABLE["11-spiking-populations-explored"] = Experiment(
    "not published: how often attention chooses at random, and what becomes of every class",
    5,
    {"two_populations": 2},
    [
        *IN_SPIKES,
        at(learning_rate=0.003, hidden_rate=0.03, rule={"way": Attention(epsilon=0.02)}),
        at(label="0.1 at random", rule={"way": Attention(epsilon=0.1)}),
    ],
    BRIEFLY,
)
TABLE["01-spiking-controls"] = Experiment(
    "not published: hidden neurons that are told the labels of other images",
    3,
    {"signs": 1, "kolen_pollack": 1, "weight_mirror": 1},
    [
        *IN_SPIKES,
        at(learning_rate=0.01, hidden_rate=0.01, rule={"shuffled": True}),
        at("kolen_pollack", hidden_rate=0.03),
    ],
    BRIEFLY,
)
for _notebook, _method, _given in (
    ("06", "target_difference", {"learning_rate": 0.01, "hidden_rate": 0.03}),
    ("11", "attention", {"learning_rate": 0.03, "hidden_rate": 0.01}),
    ("12", "gait", {"learning_rate": 0.01, "hidden_rate": 0.003, "chunk": 250}),
):
    TABLE[f"{_notebook}-spiking-controls"] = Experiment(
        "not published: hidden neurons that are told the labels of other images",
        3,
        {_method: 1},
        [*IN_SPIKES, at(**_given, rule={"shuffled": True})],
        BRIEFLY,
    )
TABLE["01-spiking-depth"] = Experiment(
    "not published: sign symmetry and Kolen-Pollack in spikes, two hidden layers",
    3,
    {"signs": 1, "kolen_pollack": 1},
    [
        *IN_SPIKES,
        at(sizes=(784, 200, 100, 10)),
        at("signs", learning_rate=0.01, hidden_rate=0.001),
        at("kolen_pollack", learning_rate=0.01, hidden_rate=0.003),
    ],
    BRIEFLY,
)
TABLE["01-spiking-mirror-depth"] = Experiment(
    "not published: the weight mirror in spikes, two hidden layers",
    3,
    {"weight_mirror": 1},
    [
        *IN_SPIKES,
        at(sizes=(784, 200, 100, 10)),
        at("weight_mirror", learning_rate=0.01, hidden_rate=0.0003),
    ],
    BRIEFLY,
)
TABLE["01-spiking-large"] = Experiment(
    "not published: Kolen-Pollack with errors in spikes alone, 784-500-10, and in rates",
    3,
    {"two_populations": 2, "fixed": 1, "backprop": 1, "shallow": 1},
    [
        *IN_SPIKES,
        at(sizes=(784, 500, 10), image=120, settling=20, learning_rate=0.02, hidden_rate=0.003),
        at("two_populations", "Kolen", rule={"way": KolenPollack()}),
        at("two_populations", "symmetric", hidden_rate=0.01, rule={"way": Symmetric()}),
        at("fixed", learning_rate=0.02, hidden_rate=0.0, spread=100.0),
        *IN_RATES,
        at("shallow", learning_rate=0.03),
    ],
    BRIEFLY,
)  # fmt: skip
TABLE["06-spiking"] = Experiment(
    "not published: target differences in spikes",
    5,
    {"target_difference": 1},
    [*IN_SPIKES, at(learning_rate=0.01, hidden_rate=0.03)],
    BRIEFLY,
)
TABLE["07-spiking"] = Experiment(
    "not published: Kickback in spikes, a coherent network for every class",
    5,
    {"kickback": 3, "symmetric": 1, "fixed": 1},
    [
        *IN_SPIKES,
        at(coherent=True),
        at(label="200-100", sizes=(784, 200, 100, 10)),
        at("kickback", learning_rate=0.03, hidden_rate=0.01),
        at("kickback", "200-100", learning_rate=0.01, hidden_rate=0.001),
        at("kickback", "shuffled", rule={"shuffled": True}),
        at("symmetric", learning_rate=0.01, hidden_rate=0.0003),
        at("fixed", learning_rate=0.04, hidden_rate=0.0, spread=100.0),
    ],
    BRIEFLY,
)
TABLE["11-spiking"] = Experiment(
    "not published: attention and reward in spikes",
    5,
    {"attention": 1},
    [*IN_SPIKES, at(learning_rate=0.03, hidden_rate=0.01)],
    BRIEFLY,
)
TABLE["11-spiking-depth"] = Experiment(
    "not published: attention-gated learning in spikes, two hidden layers",
    3,
    {"attention": 1},
    [
        *IN_SPIKES,
        at(sizes=(784, 200, 100, 10), learning_rate=0.03, hidden_rate=0.001),
    ],
    BRIEFLY,
)
TABLE["12-spiking"] = Experiment(
    "not published: GAIT-prop in spikes, its inverse computed after every 250 images",
    5,
    {"gait": 1},
    [*IN_SPIKES, at(learning_rate=0.01, hidden_rate=0.003, chunk=250)],
    BRIEFLY,
)
TABLE["14-spiking"] = Experiment(
    "not published: decoupled neural interfaces in spikes",
    5,
    {"synthetic": 1},
    [*IN_SPIKES, at(learning_rate=0.01, hidden_rate=0.1)],
    BRIEFLY,
)
TABLE["02-spiking-depth"] = Experiment(
    "not published: two hidden layers in spikes, and in rates",
    3,
    {"direct": 1, "layered": 1, "symmetric": 1, "fixed": 1, "backprop": 1, "shallow": 1},
    [
        *IN_SPIKES,
        at(sizes=(784, 200, 100, 10)),
        at("direct", learning_rate=0.01, hidden_rate=0.01),
        at("layered", learning_rate=0.01, hidden_rate=0.003),
        at("symmetric", learning_rate=0.01, hidden_rate=0.001),
        at("fixed", learning_rate=0.04, hidden_rate=0.0, spread=100.0),
        *IN_RATES,
    ],
    BRIEFLY,
)
TABLE["14-spiking-depth"] = Experiment(
    "not published: decoupled neural interfaces in spikes, two hidden layers",
    3,
    {"synthetic": 1},
    [*IN_SPIKES, at(sizes=(784, 200, 100, 10), learning_rate=0.01, hidden_rate=0.001)],
    BRIEFLY,
)
TABLE["14-spiking-controls"] = Experiment(
    "not published: what predicts errors, told other labels or hearing the label alone",
    3,
    {"synthetic": 2},
    [
        *IN_SPIKES,
        at(learning_rate=0.01, hidden_rate=0.1),
        at(label="shuffled", rule={"shuffled": True}),
        at(label="alone", rule={"layer": False}),
    ],
    BRIEFLY,
)
# More hidden layers, and angles to the rules in rates in the course of learning.
LAYERS_TWO, LAYERS_FOUR = (784, 200, 100, 10), (784, 200, 100, 100, 100, 10)
for _name, _method, _given in (
    ("06-spiking", "target_difference", {"hidden_rate": 0.01, "rule": {"own": 1e-5}}),
    ("12-spiking", "gait", {"hidden_rate": 0.0003, "chunk": 250}),
):
    TABLE[f"{_name}-depth"] = Experiment(
        "not published: two hidden layers in spikes",
        3,
        {_method: 1},
        [*IN_SPIKES, at(sizes=LAYERS_TWO, learning_rate=0.01, **_given)],
        BRIEFLY,
    )
for _notebook, _method, _given, _fixed in (
    ("01", "kolen_pollack", {}, 1),
    ("07", "kickback", {"coherent": True}, 1),
    ("11", "attention", {"learning_rate": 0.03}, 0),
):
    TABLE[f"{_notebook}-spiking-four"] = Experiment(
        "not published: four hidden layers in spikes",
        3,
        {_method: 1, "fixed": 1} if _fixed else {_method: 1},
        [
            *IN_SPIKES,
            at(sizes=LAYERS_FOUR, hidden_rate=0.0003, **{"learning_rate": 0.01} | _given),
            at("fixed", learning_rate=0.02, hidden_rate=0.0, spread=100.0),
        ],
        BRIEFLY,
    )
TABLE["02-rates-four"] = Experiment(
    "not published: four hidden layers in rates, rates by 02-rates-four-tuning",
    5,
    {"backprop": 1, "shallow": 1},
    [
        *IN_RATES,
        at(sizes=LAYERS_FOUR),
        at("backprop", learning_rate=0.001),
        at("shallow", learning_rate=0.03),
    ],
    BRIEFLY,
)
TABLE["02-spiking-floor"] = Experiment(
    "not published: fixed hidden synapses where the output learns by spikes of error neurons",
    5,
    {"two_populations": 1},
    [
        *IN_SPIKES,
        at(learning_rate=0.08, hidden_rate=0.0, spread=100.0, rule={"gain": 60.0, "way": Fixed()}),
    ],
    BRIEFLY,
)
TABLE["02-spiking-off"] = Experiment(
    "not published: a control, no plasticity by events",
    3,
    {"direct": 1},
    [*IN_SPIKES, at(examples=15_000, epochs=1, learning_rate=0.0, hidden_rate=0.0)],
    [at(examples=2500)],
)
TABLE["02-spiking-halves"] = Experiment(
    "not published: half of the error of random feedback, of it the label another image's",
    3,
    {"half_of_error": 2},
    [
        *IN_SPIKES,
        at(learning_rate=0.01, hidden_rate=0.03, rule={"half": "answer", "shuffled": False}),
        at(label="label alone", rule={"half": "label", "shuffled": True}),
    ],
    BRIEFLY,
)
for _notebook, _ways in (
    ("01", {"signs": (0.01, 0.01), "kolen_pollack": (0.01, 0.03), "weight_mirror": (0.01, 0.01)}),
    ("02", {"direct": (0.01, 0.03), "symmetric": (0.01, 0.01)}),
    ("06", {"target_difference": (0.01, 0.03)}),
    ("07", {"kickback": (0.03, 0.01)}),
    ("11", {"attention": (0.03, 0.01)}),
    ("12", {"gait": (0.01, 0.003)}),
    ("14", {"synthetic": (0.01, 0.1)}),
):
    TABLE[f"{_notebook}-spiking-course"] = Experiment(
        "not published: angles to the same rule in rates, as it learns",
        3,
        dict.fromkeys(_ways, 1),
        [
            *IN_SPIKES,
            at(epochs=1, examples=25_000),
            at("kickback", coherent=True),
            at("gait", chunk=250),
            *(at(way, learning_rate=r, hidden_rate=below) for way, (r, below) in _ways.items()),
        ],
        BRIEFLY,
    )
for _notebook in ("01", "02", "06", "07", "11", "12", "14"):  # the same where errors are spikes
    _told = TABLE[f"{_notebook}-spiking-populations"]
    _ways = 4 if _notebook == "01" else 1
    TABLE[f"{_notebook}-spiking-populations-course"] = Experiment(
        "not published: angles to the same rule in rates, as it learns by errors in spikes",
        3,
        {"two_populations": _ways},
        [*_told.paper, at(epochs=1, examples=25_000)],
        BRIEFLY,
    )
# In two phases, not published: one network for all rules.
IN_TWO_PHASES = [
    at(sizes=(784, 200, 10), epochs=2, white=100.0, phase=60, settling=15, target=200.0,
       spread=50.0, schedule="linear", chunk=2500, hidden_rate=5.0),
]  # fmt: skip
TABLE["05-spiking"] = Experiment(
    "not published: equilibrium propagation in spikes",
    5,
    {"equilibrium_propagation": 1},
    [*IN_TWO_PHASES, at(learning_rate=1.5, rule={"beta": 1.0})],
    BRIEFLY,
)
TABLE["05-spiking-searched"] = Experiment(
    "not published: equilibrium propagation in spikes at the best of 05-spiking-tuning",
    5,
    {"equilibrium_propagation": 1},
    [*IN_TWO_PHASES, at(learning_rate=0.5, hidden_rate=1.5, rule={"beta": 2.0})],
    BRIEFLY,
)
TABLE["08-spiking"] = Experiment(
    "not published: generalized recirculation in spikes, feedback apart or not",
    5,
    {"generalized_recirculation": 2},
    [*IN_TWO_PHASES, at(learning_rate=1.5), at(label="is W", rule={"apart": False})],
    BRIEFLY,
)
for _experiment, _ways in (
    ("05", {"equilibrium_propagation": 1}),
    ("08", {"generalized_recirculation": 2}),
    ("09", {"contrastive_hebbian": 1}),
):
    TABLE[f"{_experiment}-spiking-course"] = Experiment(
        "not published: angles to the same rule in rates, as it learns",
        3,
        _ways,
        [
            *IN_TWO_PHASES,
            at(epochs=1, examples=25_000, learning_rate=1.5),
            at("equilibrium_propagation", rule={"beta": 1.0, "gain": 1.0}),
            at("generalized_recirculation", rule={"gain": 1.0}),
            at("generalized_recirculation", "is W", rule={"apart": False}),
            at("contrastive_hebbian", learning_rate=0.5, rule={"gain": 0.5}),
        ],
        BRIEFLY,
    )
for _experiment, _method, _given in (
    (
        "05-spiking-depth",
        "equilibrium_propagation",
        {"learning_rate": 0.5, "hidden_rate": 0.5, "rule": {"gain": 0.1}},
    ),
    (
        "08-spiking-tied-depth",
        "generalized_recirculation",
        {"learning_rate": 1.5, "hidden_rate": 0.5, "rule": {"apart": False, "gain": 0.2}},
    ),
    (
        "09-spiking-depth",
        "contrastive_hebbian",
        {"learning_rate": 4.5, "hidden_rate": 1.5, "rule": {"gain": 0.1}},
    ),
):
    TABLE[_experiment] = Experiment(
        "not published: two hidden layers in two phases",
        3 if _experiment == "08-spiking-tied-depth" else 5,
        {_method: 1} | ({"untold": 1} if _experiment == "09-spiking-depth" else {}),
        [
            *IN_TWO_PHASES,
            at(sizes=LAYERS_TWO, **_given),
            at("untold", learning_rate=2.0, hidden_rate=0.0, spread=100.0, rule={"gain": 0.0}),
        ],
        BRIEFLY,
    )
TABLE["05-spiking-explained"] = Experiment(
    "not published: equilibrium propagation in spikes, phases twice as long",
    3,
    {"equilibrium_propagation": 1},
    [
        *IN_TWO_PHASES,
        at(learning_rate=1.5, phase=120, settling=30, rule={"beta": 1.0, "gain": 1.0}),
    ],
    BRIEFLY,
)
TABLE["05-spiking-longer"] = Experiment(
    "not published: equilibrium propagation in spikes, two hidden layers, phases twice as long",
    3,
    {"equilibrium_propagation": 1},
    [
        *IN_TWO_PHASES,
        at(sizes=LAYERS_TWO, phase=120, settling=30, learning_rate=4.5, hidden_rate=0.5,
           rule={"beta": 1.0, "gain": 0.1}),
    ],
    BRIEFLY,
)  # fmt: skip
TABLE["08-spiking-longer"] = Experiment(
    "not published: generalized recirculation in spikes, V apart, two hidden layers, longer phases",
    3,
    {"generalized_recirculation": 1},
    [
        *IN_TWO_PHASES,
        at(sizes=LAYERS_TWO, phase=120, settling=30, learning_rate=0.5, hidden_rate=0.5,
           rule={"apart": True, "gain": 0.2}),
    ],
    BRIEFLY,
)  # fmt: skip
TABLE["05-spiking-depth-searched"] = Experiment(
    "not published: two hidden layers at the rates of the search",
    3,
    {"equilibrium_propagation": 1},
    [
        *IN_TWO_PHASES,
        at(sizes=LAYERS_TWO, learning_rate=1.5, hidden_rate=0.5, rule={"beta": 1.0, "gain": 0.1}),
    ],
    BRIEFLY,
)
TABLE["05-spiking-longer-alone"] = Experiment(
    "not published: the same, at the rates of phases of 60 ms",
    3,
    {"equilibrium_propagation": 1},
    [
        *IN_TWO_PHASES,
        at(sizes=LAYERS_TWO, phase=120, settling=30, learning_rate=1.5, hidden_rate=0.5,
           rule={"beta": 1.0, "gain": 0.1}),
    ],
    BRIEFLY,
)  # fmt: skip
TABLE["05-spiking-longer-untold"] = Experiment(
    "not published: no feedback and phases twice as long, one hidden layer and two",
    3,
    {"untold": 2},
    [
        *IN_TWO_PHASES,
        at(phase=120, settling=30, learning_rate=4.0, hidden_rate=0.0, spread=100.0,
           rule={"gain": 0.0}),
        at(label="200-100", sizes=LAYERS_TWO, learning_rate=1.0),
    ],
    BRIEFLY,
)  # fmt: skip
TABLE["09-spiking-off"] = Experiment(
    "not published: a control, no plasticity in two phases",
    3,
    {"contrastive_hebbian": 1},
    [
        *IN_TWO_PHASES,
        at(examples=15_000, epochs=1, learning_rate=0.0, hidden_rate=0.0, rule={"gain": 0.5}),
    ],
    [at(examples=2500)],
)
TABLE["06-spiking-explained"] = Experiment(
    "not published: target differences with errors in spikes, the inverse learning slowly",
    5,
    {"two_populations": 1},
    [
        *IN_SPIKES,
        at(learning_rate=0.03, hidden_rate=0.03, rule={"way": TargetDifference(own=1e-5)}),
    ],
    BRIEFLY,
)
TABLE["06-spiking-standstill"] = Experiment(
    "not published: a control, target differences with errors in spikes, the inverse as drawn",
    5,
    {"two_populations": 1},
    [
        *IN_SPIKES,
        at(learning_rate=0.03, hidden_rate=0.03, rule={"way": TargetDifference(own=0.0)}),
    ],
    BRIEFLY,
)
TABLE["08-spiking-explained"] = Experiment(
    "not published: generalized recirculation in spikes, first feedback weights twice as large",
    3,
    {"generalized_recirculation": 1},
    [*IN_TWO_PHASES, at(learning_rate=1.5, rule={"apart": True, "gain": 1.0, "spread": 100.0})],
    BRIEFLY,
)
TABLE["08-recirculation"] = Experiment(
    "not published: images of MNIST reconstructed by spikes and in rates, rates of "
    "08-recirculation-tuning",
    5,
    {"recirculation": 4, "backprop": 1, "shallow": 1},
    [
        at(sizes=(784, 100, 784), dataset="mnist-pixels", epochs=1, schedule="linear"),
        at(label="100 ", white=100.0, phase=60, settling=15, target=200.0, spread=50.0,
           chunk=2500, learning_rate=2.0, hidden_rate=0.1),
        at(label="shuffled", rule={"shuffled": True}, learning_rate=4.0, hidden_rate=0.03),
        at(label="fixed", learning_rate=4.0, hidden_rate=0.0),
        at(label="1x100", nonlinearity="logistic", output="logistic",
           weights=Init("normal_fan_in", 1.0), optimiser="adam", batch=20, learning_rate=0.03),
        at("shallow", learning_rate=1.0),
    ],
    [at(examples=5000)],
)  # fmt: skip
TABLE["08-recirculation-active"] = Experiment(
    "not published: the same network of spikes, hidden synapses fixed, hidden neurons more active",
    3,
    {"recirculation": 1},
    [
        at(sizes=(784, 100, 784), dataset="mnist-pixels", epochs=1, schedule="linear",
           white=100.0, phase=60, settling=15, target=200.0, spread=50.0, chunk=2500,
           learning_rate=2.0, hidden_rate=0.0, bias=20.0),
    ],
    [at(examples=5000)],
)  # fmt: skip
TABLE["09-spiking"] = Experiment(
    "not published: contrastive Hebbian learning in spikes, and without feedback",
    5,
    {"contrastive_hebbian": 1, "untold": 1},
    [
        *IN_TWO_PHASES,
        at("contrastive_hebbian", learning_rate=0.5),
        at("untold", learning_rate=2.0, hidden_rate=0.0, spread=100.0),
    ],
    BRIEFLY,
)
TABLE["09-spiking-searched"] = Experiment(
    "not published: contrastive Hebbian learning in spikes at the best of 09-spiking-tuning",
    5,
    {"contrastive_hebbian": 1},
    [*IN_TWO_PHASES, at(learning_rate=1.5)],
    BRIEFLY,
)
TABLE["09-spiking-fixed"] = Experiment(
    "not published: feedback comes, and the output alone learns",
    5,
    {"contrastive_hebbian": 1},
    [*IN_TWO_PHASES, at(learning_rate=0.5, hidden_rate=0.0)],
    BRIEFLY,
)
TABLE["09-spiking-bridge"] = Experiment(
    "not published: one image in spikes and in rates",
    5,
    {"contrastive_hebbian": 6},
    [
        at(sizes=(60, 20, 10), dataset="", chunk=1, white=100.0, target=200.0, rule={"gain": 0.5}),
        at(learning_rate=0.0, hidden_rate=1.0, schedule="constant"),
        *(
            at(label=f"{ms} ms", phase=ms, settling=ms // 4)
            for ms in (60, 120, 240, 480, 960, 1920)
        ),
    ],
    [],
)
# 04. Theirs: 60 epochs; rates chosen on the test set. Ours: an epoch, or a part of it.
ONE, TWO = (784, 500, 10), (784, 500, 100, 10)
THREE = (784, 500, 100, 100, 10)
GUERGUIEV = [
    at(area=1.0, epochs=1, validated=2000, tested=None, watched=500, chunk=1000, curve=5000),
    at(label="^784-500-10", sizes=ONE, learning_rate=0.21),
    at(label="^784-500-100-10", sizes=TWO, learning_rate=(0.23, 0.23, 0.12)),
    at(label="^784-500-100-100-10", sizes=THREE, learning_rate=(0.23, 0.23, 0.23, 0.12)),
    at(label="^784-10$", sizes=(784, 10), learning_rate=0.19),
    at(label="none", rule={"feedback": "none"}),
    at(label="shuffled", rule={"shuffled": True}),
    at(label="area", area=0.51),
    *(at(rule, nonlinearity="logistic", batch=20, learning_rate=rate)
      for rule, rate in (("backprop", 1.0), ("shallow", 0.3))),
    at("shallow", r"^784-\d+-10,", learning_rate=0.1),
    *(at(rule, f"^784{n * '-[0-9]+'},", weights=(STEEP,) * n)
      for rule in ("backprop", "shallow") for n in (2, 3, 4)),
]  # fmt: skip
TABLE["04-mnist"] = Experiment(
    "guerguiev2017towards, Fig. 6: 784-500-10, online",
    5,
    BESIDE | {"segregated_dendrites": 1},
    GUERGUIEV,
    [
        at(sizes=(784, 100, 10), examples=2500),
        at("segregated_dendrites", curve=500, validated=100, tested=1000, watched=100,
           learning_rate=0.21),
    ],
)  # fmt: skip
TABLE["04-area"] = Experiment(
    "guerguiev2017towards, Fig. 6: 784-500-10 as in their code",
    3,
    {"segregated_dendrites": 1},
    GUERGUIEV,
    [],
)
TABLE["04-floor"] = Experiment(
    "not published: 784-500-10 with frozen hidden synapses, rates by 04-spiking-tuning",
    5,
    {"segregated_dendrites": 1},
    [*GUERGUIEV, at(rule={"feedback": "none"}, learning_rate=0.063)],
    [],
)
TABLE["04-longer"] = Experiment(
    "guerguiev2017towards, Fig. 8, supplement 1: 784-500-10, 20 epochs",
    3,
    {"backprop": 1, "segregated_dendrites": 1, "shallow": 1},
    [
        *GUERGUIEV,
        at(epochs=20),
        at("backprop", learning_rate=0.3),
        at("shallow", learning_rate=0.1),
    ],
    [],
)
TABLE["04-depth"] = Experiment(
    "guerguiev2017towards, Fig. 6: 784-10, 784-500-10, 784-500-100-10; three layers are ours",
    5,
    {"backprop": 3, "segregated_dendrites": 4, "shallow": 3},
    [
        *GUERGUIEV,
        at("shallow", r"^784-\d+-\d+-\d+-10,", learning_rate=1.0),
    ],
    [],
)
TABLE["04-feedback"] = Experiment(
    "guerguiev2017towards, Fig. 8: sparse and symmetric feedback",
    3,
    {"segregated_dendrites": 2},
    [*GUERGUIEV, *(at(label=way, rule={"feedback": way}) for way in ("sparse", "symmetric"))],
    [],
)
TABLE["04-apical"] = Experiment(
    "guerguiev2017towards, Fig. 9B: two hidden layers, gA of 0, 0.05 and 0.6",
    3,
    {"segregated_dendrites": 3},
    [
        *GUERGUIEV,
        at(examples=20_000, curve=1000, watched=0),
        *(at(label=f"gA {gA}", rule={"apical": gA}) for gA in (0.05, 0.6)),
    ],
    [],
)
# 03. Input rate, first weights and r_0 of Figure 4 are not printed; see experiments/superspike.py.
TABLE["03-trains"] = Experiment(
    "zenke2018superspike, Figure 4: 100 frozen Poisson inputs, 4 hidden, 1 output, 5 targets",
    5,
    {"superspike": 3},
    [
        at(dataset="", sizes=(100, 4, 1), input_rate=10.0, targets=5, trial=500.0, trials=400,
           rate=1e-3, falls=(300,), spread=0.05),
        at(label="symmetric", rule={"feedback": "symmetric"}),
        at(label="uniform", rule={"feedback": "uniform"}),
    ],
    [],
)  # fmt: skip
TABLE["03-neuron"] = Experiment(
    "zenke2018superspike, Figure 2: one neuron, 500 trials of 500 ms",
    5,
    {"superspike": 2},
    [
        at(dataset="", sizes=(100, 1), input_rate=10.0, targets=5, trial=500.0, trials=500,
           rate=1e-3, falls=(400,), spread=0.05, rule={"feedback": "none"}),
        at(label="plasticity off", rate=0.0),
    ],
    [],
)  # fmt: skip
TABLE["03-xor"] = Experiment(
    "zenke2018superspike, Figure 5: 100 inputs, 4 hidden, 2 outputs; rates of 03-xor-tuning",
    20,
    {"superspike": 7},
    [
        at(dataset="", sizes=(100, 4, 2), patterns=4000, background=4.0, spread=0.05),
        at(label="random", rate=0.001),
        at(label="symmetric", rule={"feedback": "symmetric"}, rate=0.0005),
        at(label="uniform", rule={"feedback": "uniform"}, rate=0.0001),
        at(label="^8", sizes=(100, 8, 2)),
        at(label="no hidden", sizes=(100, 2), rule={"feedback": "none"}, rate=0.001),
    ],
    [at(patterns=200)],
)  # fmt: skip
ON_IMAGES = [
    at(sizes=(784, 200, 10), batch=20, epochs=1, examples=20_000),
    at("superspike", teacher="rule", dt=1.0, window=30, first=8, period=6, latency=20.0,
       width=10.0, optimiser="adam", learning_rate=0.5, hidden_rate=0.5, gamma=0.99,
       spread=(500.0, 100.0)),
]  # fmt: skip
TABLE["03-mnist"] = Experiment(
    "not published: 20,000 images of MNIST by the rule's equations, rates of 03-tuning",
    5,
    {"superspike": 6, "backprop": 1, "shallow": 1},
    [
        *ON_IMAGES,
        at(label="symmetric", rule={"feedback": "symmetric"}, hidden_rate=2.0),
        at(label="through time", rule={"feedback": "symmetric"}, teacher="backprop through time",
           learning_rate=1.0, hidden_rate=2.0),
        at(label="other images", rule={"shuffled": True}, hidden_rate=0.125),
        at(label="fixed", rule={"feedback": "none"}, learning_rate=1.0, hidden_rate=0.0),
        at(label="784-10", sizes=(784, 10), rule={"feedback": "none"}, learning_rate=1.0,
           hidden_rate=0.0),
        at("backprop", nonlinearity="relu", learning_rate=0.4),
        at("shallow", nonlinearity="relu", learning_rate=6.4),
    ],
    [at(examples=2_000)],
)  # fmt: skip
TABLE["03-pass"] = Experiment(
    "not published: all 50,000 images",
    3,
    {"superspike": 2},
    [
        *ON_IMAGES,
        at(examples=None),
        at(label="symmetric", rule={"feedback": "symmetric"}, hidden_rate=2.0),
    ],
    [at(examples=4_000)],
)

# 05. Their nudge and their update are twice as strong in the code as in the text.
EARLY = Settling(100, 0.5, tolerance=1e-2, projected=True, check=5)


def euler(steps):
    return Settling(steps, 0.5, projected=True)


HARD = {"nonlinearity": "hard_sigmoid", "output": "hard_sigmoid_squared", "batch": 20}
TABLE["05-mnist"] = Experiment(
    "scellier2017equilibrium, Table 2: eps 0.5, 20 and 4 steps, beta 1, rates 0.1 and 0.05, 20 a "
    "batch, 25 epochs",
    5,
    {"equilibrium_propagation": 4, "backprop": 3, "shallow": 1},
    [
        at(**HARD, sizes=(784, 500, 10), weights=GLOROT, learning_rate=(0.1, 0.05), epochs=25),
        at("shallow", learning_rate=(0.2, 0.1)),
        at(label="rates of the code", learning_rate=(0.2, 0.1)),
        at(label="linear output", output="linear"),
        at(label="in file order", shuffled=False),
    ],
    [few(6000, 2), at("shallow", learning_rate=(0.1, 0.05))],
)
TABLE["05-estimates"] = Experiment(
    "scellier2017equilibrium, Table 2: the same net",
    5,
    {"equilibrium_propagation": 10},
    [
        at(**HARD, sizes=(784, 500, 10), weights=GLOROT, learning_rate=(0.1, 0.05), epochs=4,
           examples=10_000),
        *(at(label=f"^{estimate}, {start}$", rule=sign | given)
          for estimate, sign in (("random", {}), ("positive", {"estimate": "positive"}),
                                 ("symmetric", {"estimate": "symmetric"}))
          for start, given in (
              ("20 steps, persistent", {}),
              ("20 steps, from zero", {"persistent": False}),
              ("5 steps, from zero", {"persistent": False, "free": euler(5)}))),
        at(label="to 0.01, persistent", rule={"free": EARLY}),
    ],
    [few(3000, 1)],
)  # fmt: skip
TWICE = {"beta": 2.0, "free": EARLY, "nudged": euler(6), "tested": EARLY}
TABLE["05-two-layers"] = Experiment(
    "scellier2017equilibrium, Table 2: 100 and 6 steps, rates 0.4, 0.1, 0.01, of the code twice",
    3,
    {"equilibrium_propagation": 6, "backprop": 2, "shallow": 2},
    [
        at(**HARD, weights=GLOROT),
        at(label="^784-500-500-10", sizes=(784, 500, 500, 10), learning_rate=0.1),
        at(label="^784-500-500-500-10", sizes=(784, 500, 500, 500, 10), learning_rate=0.2),
        at("backprop", epochs=25, output="linear"),
        at("shallow", epochs=25),
        at("equilibrium_propagation", rule=TWICE, learning_rate=(0.8, 0.2, 0.02), epochs=10,
           shuffled=False),
        at(label=", shuffled", shuffled=True),
        at(label="smaller weights", weights=Init("uniform_fan_sum", 1.5)),
        at(label="symmetric", rule=TWICE | {"estimate": "symmetric"}, epochs=5),
        at("equilibrium_propagation", "^784-500-500-10$", rule=TWICE | {"free": euler(100)},
           epochs=5),
        at(label="60 epochs", epochs=60, test_epochs=(10,)),
        at(label="as in 05-depth", shuffled=True, epochs=5, weights=Init("uniform_fan_sum", 1.5),
           learning_rate=falling(1.5, 4, 3),
           rule={"estimate": "symmetric", "persistent": False, "nudged": euler(8),
                 "tested": euler(20)}),
    ],
    [
        few(300, 1),
        at(label="^784-500-500-10", sizes=(784, 50, 50, 10)),
        at(label="^784-500-500-500-10", sizes=(784, 50, 50, 50, 10)),
    ],
)  # fmt: skip
TABLE["05-steps"] = Experiment(
    "scellier2017equilibrium, train_model.py: 150 and 6 steps in the net of two hidden layers",
    3,
    {"equilibrium_propagation": 1},
    [
        at(**HARD, sizes=(784, 500, 500, 10), weights=GLOROT, learning_rate=(0.8, 0.2, 0.02),
           epochs=1, examples=20_000, shuffled=False,
           rule=TWICE | {"free": replace(EARLY, steps=150)}),
    ],
    [few(300, 1, sizes=(784, 50, 50, 10))],
)  # fmt: skip
TABLE["05-shallow"] = Experiment(
    "not published: rates by 05-shallow-tuning",
    5,
    {"shallow": 6},
    [
        at(**HARD | {"output": "linear"}, sizes=(784, ..., 10), epochs=3, examples=8000,
           weights=Init("uniform_fan_sum", 1.5), learning_rate=0.2),
        at(label="^[23]x256", learning_rate=0.8),
        at(label="^784-500-10", sizes=(784, 500, 10), weights=GLOROT, learning_rate=(0.1, 0.05),
           epochs=25, examples=None),
    ],
    [few(500, 1)],
)  # fmt: skip
TABLE["05-depth"] = Experiment(
    "not published: rates by 05-tuning",
    5,
    {"equilibrium_propagation": 8, "backprop": 10, "shallow": 5},
    [
        at(**HARD, sizes=(784, ..., 10), weights=Init("uniform_fan_sum", 1.5), epochs=3,
           examples=8000, learning_rate=0.2),
        *(at("equilibrium_propagation", f"^{n}x256", learning_rate=falling(first, n + 1, 3),
             rule={"estimate": "symmetric", "persistent": False, "nudged": euler(2 * n + 2),
                   "tested": euler(20)})
          for n, first in ((1, 0.5), (2, 1.0), (3, 1.5), (4, 2.0), (6, 2.0))),
        *(at("equilibrium_propagation", f"^{n}x256, persistent",
             rule={"estimate": "symmetric", "nudged": euler(2 * n + 2), "tested": euler(20)})
          for n in (1, 2, 4)),
        at("backprop", "^1x256", learning_rate=0.1),
        at("backprop", "^4x256", learning_rate=0.4),
        at("backprop", "^6x256", learning_rate=falling(0.8, 7, 1.3)),
        *(at("backprop", f"^{n}x256.*linear", output="linear",
             learning_rate=falling(first, n + 1, factor))
          for n, first, factor in ((1, 0.2, 1.0), (2, 0.8, 1.6), (3, 1.5, 2.0), (4, 3.0, 2.0),
                                   (6, 3.0, 2.0))),
    ],
    [few(3000, 1)],
)  # fmt: skip

# 06. The rates and the noise of their random search; ours two and three times as large forward.
LEE = {"sigma": 0.3598, "eta": 0.003277}
GRAVES = at(
    sizes=(784, ..., 10), weights=Init("orthogonal"), optimiser="graves", schedule="linear",
    batch=100, learning_rate=0.03, own_learning_rate=0.005011,
)  # fmt: skip
LEES_ARMS = [
    GRAVES,
    at("backprop", learning_rate=0.0024),
    at("difference_target_propagation", rule=LEE),
]
NUDGED = {"top": "nudge", "inverse": "jacobian", "sigma": 0.3598, "eta": 0.5}
TABLE["06-mnist"] = Experiment(
    "lee2015dtp, Section 3.1: 7x240 tanh, orthogonal, Graves' RMSprop, 100 a batch, eta 0.3277/100",
    5,
    BESIDE | {"difference_target_propagation": 4},
    [
        *LEES_ARMS,
        at(epochs=10),
        at(label="without the difference", rule=LEE | {"difference": False}),
        at(label="no weight transport", rule=NUDGED, learning_rate=0.006, own_learning_rate=3e-4),
    ],
    [few(10_000, 3)],
)
TABLE["06-parallel"] = Experiment(
    "bartunov2018assessing, Table 1a: five dense layers of 256; rates not printed",
    3,
    BESIDE | {"difference_target_propagation": 4, "shallow": 2},
    [
        *LEES_ARMS,
        at(epochs=8),
        at("shallow", ", Adam", optimiser="adam", learning_rate=1e-3, own_learning_rate=1e-3),
        at(label=", parallel", rule=LEE | {"learning": "parallel"}, own_learning_rate=0.0015),
        at(label="SDTP", rule=LEE | {"top": "label"}, learning_rate=3e-4, own_learning_rate=3e-4),
        at(label="SDTP parallel", rule=LEE | {"top": "label", "learning": "parallel"},
           optimiser="adam", learning_rate=1e-3, own_learning_rate=1e-3),
    ],
    [few(5000, 2)],
)  # fmt: skip
TABLE["06-depth"] = Experiment(
    "not published: the terms of lee2015dtp",
    5,
    {"difference_target_propagation": 4, "backprop": 4, "shallow": 4},
    [*LEES_ARMS, at(epochs=2)],
    [few(10_000, 2)],
)
TABLE["06-discrete"] = Experiment(
    "lee2015dtp, Section 3.2: 784-500-500-10, noise 0.5, DTP's rates of the authors' code; "
    "the others' by 06-discrete-tuning",
    3,
    BESIDE | {"difference_target_propagation": 1},
    [
        GRAVES,
        at(sizes=(784, 500, 500, 10), learning_rate=0.006, own_learning_rate=4.3e-4,
           examples=20_000),
        at("shallow", learning_rate=0.002),
        at("difference_target_propagation", rule={"sigma": 0.5, "eta": 3.0}, learning_rate=6.6e-4),
        at(label="signs", sent="sign"),
    ],
    [few(10_000, 2, sizes=(784, 200, 200, 10))],
)  # fmt: skip
TABLE["06-angles"] = Experiment(
    "not published: the terms of lee2015dtp on 20,000 images",
    3,
    {"difference_target_propagation": 1},
    [*LEES_ARMS, at(examples=20_000, epochs=10)],
    [few(1000, 1)],
)

# 07. Batch, rates and epochs of the paper could not be read.
SIGNED = at(
    sizes=(784, ..., 2), nonlinearity="signed_relu", output="pair", apart=True, optimiser="adam",
    schedule="linear", batch=200, coherent=True, learning_rate=3e-3,
)  # fmt: skip


def coherent_starts(*widths):
    return (HE, *(Init("coherent_fan_in", sqrt(2 * pi / n)) for n in widths))


TABLE["07-arm"] = Experiment(
    "balduzzi2015kickback, figures: 21-200-100-10-2 for each torque, signed initialisation",
    5,
    {"kickback": 4, "backprop": 3, "shallow": 1},
    [
        SIGNED,
        at(sizes=(21, 200, 100, 10, 2), dataset="arm", learning_rate=1e-2, epochs=16,
           weights=coherent_starts(200, 100, 10)),
        at(label="unsigned", weights=HE, coherent=False),
        at("kickback", "unsigned", learning_rate=3e-4),
        at("backprop", "unsigned", learning_rate=1e-3),
        at(label="coherent at the start", coherent=False),
        at(label="new trajectories", dataset="arm-trajectories"),
    ],
    [few(12_000, 3), at("kickback", "unsigned", learning_rate=3e-3)],
)  # fmt: skip
TABLE["07-mnist"] = Experiment(
    "not published: rates by 07-tuning",
    5,
    {"kickback": 2, "backprop": 3, "shallow": 1},
    [
        SIGNED,
        at(weights=coherent_starts(64, 32), epochs=6),
        at("shallow", learning_rate=1e-2),
        at(label="unsigned", weights=HE, coherent=False),
        at(label="softmax", sizes=(784, 500, 250, 10), nonlinearity="relu", output="softmax",
           weights=HE, apart=False, coherent=False),
    ],
    [few(8000, 2)],
)  # fmt: skip
TABLE["07-depth"] = Experiment(
    "not published: rates by 07-tuning",
    5,
    {"kickback": 4, "backprop": 4, "shallow": 4},
    [
        SIGNED,
        at(epochs=3),
        *(at(label=f"^{n}x64", weights=coherent_starts(*[64] * n)) for n in (1, 2, 4, 6)),
        at("shallow", learning_rate=1e-2),
        at("backprop", "^[46]x64", learning_rate=1e-3),
    ],
    [few(8000, 2)],
)

# 08. Sizes, rates and criterion could not be read.
RESTING = {"init": HALF, "settling": Settling(60, 0.5, tolerance=1e-4, check=5)}
FORMS = {"GR": "plain", "GR-sym": "symmetric", "CHL": "contrastive"}
SMALL = [
    at(nonlinearity="logistic", output="logistic", weights=HALF, batch=1, symmetric=True),
    at("backprop", symmetric=False),
    at("almeida_pineda", rule=RESTING),
    at("generalized_recirculation", rule=RESTING),
    *(at("generalized_recirculation", f" {arm}(,|$)", rule=RESTING | {"form": form})
      for arm, form in FORMS.items()),
    at(label="^4-2-4", dataset="encoder-4", sizes=(4, 2, 4), epochs=1000),
    at(label="^8-3-8", dataset="encoder-8", sizes=(8, 3, 8), epochs=1500),
    at(label="^XOR", dataset="xor", sizes=(2, 2, 1), epochs=2000),
    at(label="^shifter", dataset="shifter-4", sizes=(8, 16, 3), batch=4, epochs=500),
]  # fmt: skip
RATES = {
    "4-2-4": {"BP": 1.2, "AP": 2.4, "GR": 0.6, "GR-sym": 0.3, "GR-mid": 1.2, "CHL": 0.3},
    "8-3-8": {"BP": 1.2, "AP": 1.2, "GR": 0.6, "GR-sym": 0.3, "GR-mid": 1.2, "CHL": 0.3},
    "XOR": {"BP": 1.2, "AP": 2.4, "GR": 0.3, "GR-sym": 1.2, "GR-mid": 1.2, "CHL": 1.2},
    "shifter": {"BP": 2.4, "AP": 2.4, "GR": 0.3, "GR-sym": 2.4, "GR-mid": 1.2, "CHL": 1.2},
    "family trees": {"BP": 1.2, "AP": 1.2, "GR": 0.2, "GR-sym": 0.2, "GR-mid": 0.2, "CHL": 0.2},
}
SMALL += [at(label=f"^{task} {arm}(,|$)", learning_rate=rate)
          for task, rates in RATES.items() for arm, rate in rates.items()]  # fmt: skip
TABLE["08-encoders"] = Experiment(
    "oreilly1996generec, encoder table; hinton1988recirculation, 4-2-4: rate 20 of a sum over four "
    "patterns, regression 0.75",
    1,
    {"backprop": 6, "almeida_pineda": 4, "generalized_recirculation": 16, "recirculation": 1},
    [
        *SMALL,
        at(label="all at once", batch=4, symmetric=False),
        at("recirculation", learning_rate=80),
        at(label="at once BP", learning_rate=5),
        at(label="at once BP, squares", learning_rate=40, output="logistic_squared"),
    ],
    [at(networks=20, epochs=300)],
)
TABLE["08-symmetry"] = Experiment(
    "not published: V drawn as W is, but apart from it",
    1,
    {"almeida_pineda": 3, "generalized_recirculation": 20},
    [
        *SMALL,
        at(symmetric=False),
        at(label="decay", weight_decay=1e-3),
        at(label="half the gain", symmetric=True, learning_rate=(0.6, 0.3),
           rule=RESTING | {"form": "contrastive", "gain": 0.5}),
        at(label="settled longer", symmetric=True,
           rule={"init": HALF, "form": "contrastive",
                 "settling": Settling(200, 0.5, tolerance=1e-6, check=5)}),
    ],
    [at(networks=20, epochs=300)],
)  # fmt: skip
WEAK = {"feedback": "tied", "gain": 0.1}
TABLE["08-families"] = Experiment(
    "not published in a form that could be read: Hinton's two trees",
    1,
    {"backprop": 1, "almeida_pineda": 1, "generalized_recirculation": 6},
    [
        *SMALL,
        at(dataset="family-trees", sizes=(36, 24, 24, 24, 24), blocks=((24, 12), (12, 12)),
           batch=4, epochs=300, networks=10),
        *(at(label=f"{arm}, weak", symmetric=False, precision="float64",
             learning_rate=(1200, 120, 12, 1.2),
             rule=form | WEAK | {"settling": Settling(30, 1.0, tolerance=1e-7, in_turn=True)})
          for arm, form in (("GR-mid", {}), ("CHL", {"form": "contrastive"}))),
    ],
    [at(networks=3, epochs=5)],
)  # fmt: skip
COARSE = Settling(60, 0.5, tolerance=1e-3, check=5)
IN_TURN = Settling(30, 1.0, tolerance=1e-6, in_turn=True)
TIED = {"feedback": "tied", "settling": COARSE}
LOGISTIC = at(nonlinearity="logistic", output="logistic", batch=50)
TABLE["08-mnist"] = Experiment(
    "not published: rates by 08-tuning",
    5,
    BESIDE | {"generalized_recirculation": 7},
    [
        LOGISTIC,
        at(sizes=(784, 120, 10), weights=GLOROT, learning_rate=1.0, epochs=6),
        at("generalized_recirculation", rule=TIED),
        at(label="CHL", rule=TIED | {"form": "contrastive"}),
        at(label="V apart", rule={"settling": COARSE}),
        at(label="weak", rule=WEAK | {"settling": IN_TURN}, learning_rate=(10, 1)),
        at(label="longer", rule=TIED | {"settling": Settling(600, 0.5, tolerance=1e-5, check=10)}),
        at(label="gain 0.5", rule=TIED | {"gain": 0.5}, learning_rate=(2, 1)),
        at(label="gain 0.25", rule=TIED | {"gain": 0.25}, learning_rate=(4, 1)),
    ],
    [few(6000, 2, learning_rate=0.5), at(label="weak", learning_rate=(5, 0.5))],
)
TABLE["08-depth"] = Experiment(
    "not published: rates by 08-tuning",
    5,
    {"backprop": 4, "shallow": 4, "generalized_recirculation": 12},
    [
        LOGISTIC,
        at(sizes=(784, ..., 10), weights=Init("uniform_fan_sum", 3 * sqrt(6)), optimiser="adam",
           learning_rate=3e-3, examples=10_000, epochs=3),
        at("generalized_recirculation", rule=TIED),
        *(at(label=f"gain {g}", rule={"feedback": "tied", "gain": g, "settling": IN_TURN})
          for g in (0.2, 0.5)),
    ],
    [few(5000, 1, batch=25)],
)  # fmt: skip
BY_STEPS = {n: {"feedback": "tied", "settling": Settling(n, 1.0, tolerance=1e-6, in_turn=True)}
            for n in (30, 150)}  # fmt: skip
TABLE["08-settling"] = Experiment(
    "not published: rates by 08-settling-tuning",
    3,
    {"backprop": 1, "shallow": 1, "generalized_recirculation": 5},
    [
        LOGISTIC,
        at(sizes=(784, ..., 10), weights=Init("uniform_fan_sum", 3 * sqrt(6)), optimiser="adam",
           learning_rate=3e-3, examples=5000, epochs=1, batch=25),
        *(at(label=f"gain {gain}, {n} steps", rule=BY_STEPS[n] | {"gain": gain})
          for gain in (1, 0.2) for n in (30, 150)),
        at(label="gain 1, 150 steps", learning_rate=1e-3),
        at(label="half steps", rule=TIED, learning_rate=1e-3),
    ],
    [at(examples=500)],
)  # fmt: skip

# 09. Of rate, start and epochs nothing reliable is known.


def sweeps(tolerance, steps=100):
    return {"settling": Settling(steps, 1.0, tolerance=tolerance, in_turn=True)}


XIE = [
    at(sizes=(784, ..., 10), output="linear", weights=GAUSS, learning_rate=0.05, batch=64),
    at("contrastive_hebbian", rule=sweeps(1e-3 * 0.05)),
    at("feedback_alignment", rule={"feedback": GAUSS}),
]
AT_EPOCHS = {"epochs": 20, "test_epochs": (1, 2, 3, 5, 10)}
TABLE["09-mnist"] = Experiment(
    "xie2003equivalence, MNIST figure: gamma 0.05, linear outputs; westerchl: 784-128-10, gamma "
    "0.1, 8 a batch, 5 epochs, nominal rate 0.01",
    5,
    {"backprop": 4, "contrastive_hebbian": 6, "feedback_alignment": 2, "shallow": 3},
    [
        *XIE,
        at(**AT_EPOCHS),
        at("shallow", learning_rate=0.1),
        at("feedback_alignment", "1x120 ", learning_rate=0.03),
        at(label="random", rule=sweeps(1e-3 * 0.05) | {"feedback": "random"}),
        at(label="1x120 tanh, random", learning_rate=0.03),
        at(label="feedback 10", learning_rate=0.02,
           rule=sweeps(1e-3 * 0.05) | {"feedback": "random", "init": Init("normal_fan_in", 10.0)}),
        at(label="first layer faster", learning_rate=(0.2, 0.02)),
        at(label="logistic", nonlinearity="logistic", output="logistic", learning_rate=0.1,
           weights=Init("normal", 0.1), biases=Init("normal", 0.1), batch=8, epochs=5,
           test_epochs=()),
        at("contrastive_hebbian", "logistic", rule=sweeps(1e-3 * 0.1) | {"gamma": 0.1}),
    ],
    [few(8000, 3)],
)  # fmt: skip
TABLE["09-curves"] = Experiment(
    "xie2003equivalence, MNIST figure: training and test, error and squared error",
    5,
    {"backprop": 2, "contrastive_hebbian": 2},
    [*XIE, at(**AT_EPOCHS)],
    [at(examples=6000, epochs=3)],
)
TABLE["09-gain"] = Experiment(
    "not published: rates by 09-tuning",
    5,
    {"backprop": 3, "contrastive_hebbian": 9},
    [
        *XIE,
        at(epochs=5),
        at(label="logistic", output="logistic", learning_rate=0.3),
        at(label="squared", output="logistic_squared"),
        *(at(label=f"gamma {g:g}$", rule=sweeps(1e-3 * g) | {"gamma": g}) for g in (0.2, 0.5, 1.0)),
        at(label=r"linear, gamma (0\.2|1)$", learning_rate=0.02),
        at(label="50 sweeps", rule=sweeps(0.0, 50)),
    ],
    [few(6000, 2)],
)
TABLE["09-depth"] = Experiment(
    "not published: rates by 09-tuning",
    5,
    {"backprop": 5, "contrastive_hebbian": 18, "feedback_alignment": 5, "shallow": 5},
    [
        *XIE,
        at(precision="float64", examples=20_000, epochs=3),
        at("shallow", learning_rate=0.1),
        *(row for n in (1, 2, 3, 4, 6) for row in (
            at("contrastive_hebbian", f"^{n}x64", rule=sweeps(1e-3 * 0.05**n)),
            at(label=f"^{n}x64.*random", rule=sweeps(1e-3 * 0.05**n) | {"feedback": "random"}),
            at(label=f"^{n}x64.*gamma 0.3", rule=sweeps(1e-3 * 0.3**n) | {"gamma": 0.3},
               learning_rate=0.02),
            at(label=f"^{n}x64.*float32", rule=sweeps(max(1e-3 * 0.05**n, 3e-7)),
               precision="float32"))),
    ],
    [few(4800, 1)],
)  # fmt: skip
SWEPT = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
SHARES = (10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5)
TABLE["09-angles"] = Experiment(
    "xie2003equivalence, the identity: one batch before any training",
    5,
    {"contrastive_hebbian": 121},
    [
        *XIE,
        at(epochs=20),
        at(label="float64", precision="float64"),
        at(label="tolerance", precision="float64"),
        *(at(label=f"^{n}x64.*{precision}, gamma {g:g}$",
             rule=sweeps(max(1e-3 * g**n, finest)) | {"gamma": g})
          for n in (1, 2, 3, 4, 6) for g in SWEPT
          for precision, finest in (("float32", 3e-7), ("float64", 1e-15))),
        *(at(label=f"tolerance {share:g}, gamma {g:g}$", rule=sweeps(share * g**3) | {"gamma": g})
          for share in SHARES for g in (0.3, 0.1, 0.03)),
    ],
    [],
)  # fmt: skip

# 11. Theirs: up to 500 epochs, the rate halved every 100, the best epoch chosen on the test set.
BRAINPROP = at(
    sizes=(784, ..., 10), nonlinearity="relu", output="linear", weights=HE, biases=None,
    learning_rate=0.1, batch=128,
)  # fmt: skip
WAYS = [
    at(label="cross-entropy", output="softmax"),
    at(label="reciprocal", rule={"feedback": "reciprocal", "init": HE}, weight_decay=1e-3),
    at(label="random", rule={"feedback": "random", "init": Init("normal_fan_in", 0.5)}),
]
QUICK_11 = {"batch": 32}
TABLE["11-mnist"] = Experiment(
    "pozzi2020brainprop, isapome/BrainProp: SGD 0.1, 128 a batch, no biases; the net of "
    "pozzi2018qagrel",
    5,
    {"attention_gated": 5, "backprop": 4, "shallow": 1},
    [
        BRAINPROP,
        at(sizes=(784, 300, 100, 10), epochs=20, test_epochs=(1, 5)),
        *WAYS,
        at(label="no decay", weight_decay=0.0),
        at(label="rate 0.3", learning_rate=0.3),
        at(label="rate 0.2", learning_rate=0.2),
    ],
    [few(10_000, 8, **QUICK_11)],
)
TABLE["11-dense"] = Experiment(
    "pozzi2020brainprop, isapome/BrainProp, README: 1500-1000-500, N(0, 0.01^2)",
    3,
    {"attention_gated": 2, "backprop": 4, "shallow": 2},
    [
        BRAINPROP,
        at(epochs=4),
        *WAYS,
        at(label="rate 0.03", learning_rate=0.03),
        at(label="published start", weights=Init("normal", 0.01), epochs=3),
    ],
    [few(10_000, 1, **QUICK_11)],
)
TABLE["11-depth"] = Experiment(
    "not published: the terms of pozzi2020brainprop",
    5,
    {"attention_gated": 4, "backprop": 4, "shallow": 4},
    [BRAINPROP, at(epochs=8)],
    [few(10_000, 3, **QUICK_11)],
)
TABLE["11-depth-feedback"] = Experiment(
    "not published: starts of B by 11-tuning",
    5,
    {"attention_gated": 8},
    [
        BRAINPROP,
        at(epochs=8),
        *WAYS,
        at(label="^[46]x.*reciprocal", rule={"feedback": "reciprocal"}),
    ],
    [few(10_000, 3, **QUICK_11)],
)

# 12. Theirs: 784 units, 100 epochs, rate 1e-4, no correction of Adam's bias.
AHMAD = at(
    sizes=(196, ..., 196), nonlinearity="leaky_relu", output="leaky_squared", batch=60,
    weights=Init("orthogonal"), precision="float64", dataset="mnist14", optimiser="adam99",
    learning_rate=1e-3,
)  # fmt: skip
TABLE["12-mnist"] = Experiment(
    "ahmad2020gaitprop, main table: square nets, orthogonal, Adam with beta2 0.99, 60 a batch; TP "
    "with a penalty of 1000",
    5,
    BESIDE | {"gait_prop": 8},
    [
        AHMAD,
        at(epochs=4),
        at("gait_prop", "(leaky_relu|literal)$", learning_rate=3e-3),
        at(label="literal", rule={"form": "literal"}),
        at(label=", ITP", rule={"target": "itp"}, learning_rate=3e-5),
        at(label=", TP", rule={"target": "tp", "penalty": 1000.0}),
        at(label="with penalty", rule={"inverse": "transpose"}),
        at(label="no penalty", rule={"penalty": 0.0}),
        at(label="norms bound", rule={"penalty_norms": True}),
        at(label="BP with norms bound", rule={"penalty_norms": True, "inverse": "transpose"}),
    ],
    [few(6000, 2)],
)
TABLE["12-causes"] = Experiment(
    "not published: rates by 12-causes-tuning",
    5,
    {"gait_prop": 1, "shallow": 1},
    [
        AHMAD,
        at(epochs=4),
        at("gait_prop", "no penalty", rule={"penalty": 0.0}, learning_rate=3e-4),
        at("shallow", learning_rate=1e-2),
    ],
    [few(6000, 2)],
)
TABLE["12-gamma"] = Experiment(
    "not published: theirs is 1e-3",
    5,
    {"gait_prop": 3},
    [
        AHMAD,
        at("gait_prop", "^4x196", epochs=4, learning_rate=3e-3),
        at("gait_prop", "^8x196", epochs=3, examples=20_000),
        *(at(label=f"gamma {g}$", rule={"form": "literal", "gamma": g}) for g in (0.01, 0.1)),
    ],
    [few(6000, 2)],
)
TABLE["12-depth"] = Experiment(
    "not published: one rate for all, by 12-tuning",
    5,
    {"backprop": 4, "gait_prop": 8, "shallow": 4},
    [AHMAD, at(examples=20_000, epochs=3), at(label="literal", rule={"form": "literal"})],
    [few(4800, 1)],
)
TABLE["12-angles"] = Experiment(
    "ahmad2020gaitprop, abstract: the identity, in nets of their width, 784",
    5,
    {"gait_prop": 16},
    [
        AHMAD,
        at(sizes=(784,) * 6, dataset="mnist", epochs=4),
        *(at(label=f"gamma {g:g}$", rule={"form": "literal", "gamma": g})
          for g in (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)),
        *(at(label=f"departure {p:g}$", departure=p) for p in (0.05, 0.1, 0.2, 0.3)),
        at(label=", ITP", rule={"target": "itp"}),
        at(label=", TP", rule={"target": "tp"}),
    ],
    [at(sizes=(196,) * 6, dataset="mnist14")],
)  # fmt: skip

# 14. Theirs: batch normalisation, 256 a batch, a constant rate of 3e-5, 500,000 updates.
JADERBERG = [
    at(sizes=(784, ..., 10), nonlinearity="relu", weights=HE, optimiser="adam", learning_rate=1e-3,
       own_learning_rate=1e-2, schedule="linear", batch=64, epochs=5),
    at("shallow", learning_rate=3e-2),
]  # fmt: skip
QUICK_14 = few(10_000, 2, batch=32)
TABLE["14-mnist"] = Experiment(
    "jaderberg2017dni, feed-forward table: 256 rectifiers a layer, Adam",
    5,
    {"backprop": 4, "decoupled_neural_interfaces": 6, "shallow": 4},
    [
        *JADERBERG,
        at(label="label unseen", rule={"conditioned": False, "hidden": (256, 256)},
           learning_rate=1e-4, own_learning_rate=1e-3),
    ],
    [QUICK_14],
)  # fmt: skip
TABLE["14-depth"] = Experiment(
    "not published: the terms of 14-mnist",
    5,
    {"backprop": 4, "decoupled_neural_interfaces": 8, "shallow": 4},
    [*JADERBERG, at(epochs=3)],
    [QUICK_14],
)
TABLE["14-unlocked"] = Experiment(
    "jaderberg2017dni, feed-forward table: blocks at work on a share p of the batches",
    5,
    {"decoupled_neural_interfaces": 4, "backprop": 1, "shallow": 1},
    [
        *JADERBERG,
        at(sizes=(784, 256, 256, 256, 10)),
        *(at(label=f"p = {p:g}$", rule={"p": p}) for p in (0.5, 0.2, 0.05)),
    ],
    [QUICK_14, at(sizes=(784, 64, 64, 10))],
)
TABLE["14-normalised"] = Experiment(
    "jaderberg2017dni, feed-forward table: batch normalisation, 256 a batch",
    5,
    {"backprop": 1, "decoupled_neural_interfaces": 1, "shallow": 1},
    [
        *JADERBERG,
        at(learning_rate=1e-2, own_learning_rate=1e-3, batch=256, epochs=20),
        at("decoupled_neural_interfaces", learning_rate=1e-3),
    ],
    [QUICK_14],
)
TABLE["14-deep"] = Experiment(
    "not published: the terms of 14-mnist, with eight layers the rates of 14-deep-tuning",
    3,
    {"backprop": 2, "decoupled_neural_interfaces": 4, "shallow": 3},
    [*JADERBERG, at(epochs=2),
     at("decoupled_neural_interfaces", "^(8x128|5x64) relu$", learning_rate=3e-4),
     at("shallow", "^(8x128|5x64) ", learning_rate=1e-1),
     at(label=" tanh", nonlinearity="tanh")],
    [QUICK_14],
)  # fmt: skip


# 10. Körding & König: beta 2, weights in [0, 1), 10 000 iterations; all else is a reconstruction.
XOR = {
    "sizes": (2, 4, 1), "dataset": "xor", "firing": "rates", "events": 200.0, "beta": 2.0,
    "presentations": 10_000,
}  # fmt: skip
TAKEN_AWAY = [
    at(label="apical off", rule={"apical": "off"}),
    at(label="apical shuffled", rule={"apical": "shuffled"}),
    at(label="hidden synapses fixed", rule={"hidden": False}),
    at(label="apical synapses fixed", rule={"v": "fixed"}),
    at(label="backprop", rule={"v": "mirrored"}),
    at(label="without a base rate", rule={"signed": False}),
    at(label="as a share of spikes", rule={"gain": "activity"}),
]
MIXES = (0.001, 0.002, 0.005, 0.01, 0.04, 0.05, 0.16, 0.3, 0.6)
MIXED = [at(label=f"alpha {alpha:g}$", rule={"alpha": alpha}) for alpha in MIXES]
TABLE["10-xor"] = Experiment(
    "kording2001supervised, fig. 2: XOR, beta 2",
    5,
    {"two_sites": 18},
    [at(**XOR), at(label="2-4-4-1", sizes=(2, 4, 4, 1)), *TAKEN_AWAY, *MIXED],
    [],
)
TABLE["10-spiking"] = Experiment(
    "kording2001supervised, fig. 2: XOR, here in spikes",
    5,
    {"two_sites": 7},
    [
        at(**XOR | {"firing": "poisson", "presentations": 4500}), *TAKEN_AWAY, *MIXED,
        at(label="2-4-4-1", sizes=(2, 4, 4, 1)),
        at(label="20 events", events=20.0),
        at(label="regular", firing="regular"),
    ],
    [at(presentations=3000)],
)  # fmt: skip
TABLE["10-depth"] = Experiment(
    "not published: 784-100^d-10 logistic, squared error",
    5,
    {"backprop": 2, "shallow": 2, "two_sites": 9},
    [
        at(sizes=(784, ..., 10), nonlinearity="logistic", output="logistic_squared",
           learning_rate=1.0, batch=20, examples=20_000, epochs=2),
        at(label="1x", weights=(GAUSS, STEEP)),
        at(label="3x", weights=(GAUSS, STEEP, STEEP, STEEP)),
        at("backprop", "1x", learning_rate=3.0),
        at("two_sites", "3x100 logistic$", learning_rate=3.0),
        at("two_sites", "1x100 logistic, 100 events", learning_rate=0.3),
        at("two_sites", "3x100 logistic, 100 events", learning_rate=0.1),
        at("two_sites", rule={"feedback": STEEP}),
        at("two_sites", "activity", rule={"feedback": STEEP, "gain": "activity"}),
        at("two_sites", "1000 events", rule={"feedback": STEEP, "events": 1000.0}),
        at("two_sites", ", 100 events", rule={"feedback": STEEP, "events": 100.0}),
    ],
    [few(10_000, 1)],
)  # fmt: skip

# 13. His code: 30-80-80-10, 500 s at 0.25 s an example; the poster 1000 s at 0.22 s.
TABLE["13-linear"] = Experiment(
    "hunsberger2018thesis, online learning, in small: B 1.7, slope 0.33, 20 neurons a dimension",
    5,
    {"nef_learner": 4} | dict.fromkeys(("backprop", "direct_feedback_alignment", "shallow"), 1),
    [
        at("nef_learner", sizes=(8, 40, 40, 3), dataset="linear-8-3", signs=True, ensemble=20,
           tau_rc=0.05, image=200, settling=100, blackout=0, learning_rate=0.3, hidden_rate=0.3,
           spread=0.1, output_spread=0.1, epochs=1, examples=300, chunk=100),
        at("nef_learner", "fixed$", rule={"feedback": "none"}),
        at("nef_learner", "another example", rule={"shuffled": True}),
        at("nef_learner", "open$", rule={"gate": "open"}),
        *(at(method, "rates$", sizes=(8, 40, 40, 3), nonlinearity="relu", output="linear",
             weights=HE, dataset="linear-8-3", learning_rate=0.03, batch=1, epochs=1, examples=300)
          for method in ("backprop", "direct_feedback_alignment", "shallow")),
        at("backprop", "rates$", learning_rate=0.1),
    ],
    [],
)  # fmt: skip
TABLE["13-headline"] = Experiment(
    "hunsberger2018thesis, online learning: rate 0.05, B 1.7, slope 0.33, 40 neurons a dimension, "
    "weights 4.4e-4; for 550 s",
    3,
    {"nef_learner": 2},
    [
        at(sizes=(30, 80, 80, 10), dataset="linear-30-10", signs=True, ensemble=40, tau_rc=0.05,
           image=220, settling=110, blackout=0, learning_rate=0.05, hidden_rate=0.05, epochs=1,
           spread=4.4e-4, output_spread=4.4e-4, examples=2500, chunk=100),
        at(label="fixed$", rule={"feedback": "none"}),
    ],
    [at(examples=100)],
)  # fmt: skip
TABLE["13-fixed"] = Experiment(
    "hunsberger2018thesis, fixed encoders: Gabors of 13 x 13, 100 Hz, regularisation 0.02",
    3,
    {"fixed_encoders": 4},
    [
        at(dataset="mnist", spiking=1000, regularisation=0.02),
        at(label="squared$", rule={"solver": "squared"}),
        at(label="weighted$", rule={"solver": "weighted"}),
        *(at(label=f"^{n} ", sizes=(784, n, 10)) for n in (500, 1000)),
    ],
    [],
)
# 13. Not published: MNIST through spikes, in this project.
BY_SPIKES = at("nef_learner", sizes=(784, 200, 10), dataset="mnist", signs=False, ensemble=20,
    intercepts=(-1.0, 0.9), tau_rc=0.02, image=50, settling=20, blackout=15, schedule="linear",
    spread=0.05, output_spread=0.0, epochs=1, validated=2500, chunk=2500)  # fmt: skip
BY_RATES = [
    at(method, sizes=(784, 200, 10), nonlinearity="relu", weights=HE, schedule="linear", batch=20,
       epochs=1)
    for method in ("backprop", "direct_feedback_alignment", "shallow")
]  # fmt: skip
NEF = dict.fromkeys(("backprop", "direct_feedback_alignment", "shallow"), 1)
TABLE["13-mnist"] = Experiment(
    "not published: 784-200-10, 20 000 images of 50 ms, one after the other",
    5,
    NEF | {"nef_learner": 6},
    [
        BY_SPIKES, *BY_RATES, at(examples=20_000),
        at("nef_learner", learning_rate=10.0, hidden_rate=0.1),
        at("nef_learner", "without", learning_rate=5.0),
        at("nef_learner", "fixed", rule={"feedback": "none"}, hidden_rate=0.0),
        at("nef_learner", "another image", rule={"shuffled": True}),
        at("nef_learner", "of the thesis", intercepts=(0.0, 0.8), learning_rate=2.0),
        at("backprop", learning_rate=0.3), at("shallow", learning_rate=1.0),
        at("direct_feedback_alignment", learning_rate=0.3),
    ],
    [at(examples=2500, tested=2500)],
)  # fmt: skip
TABLE["13-thesis"] = Experiment(
    "not published: the same network with the thresholds of the thesis",
    5,
    {"nef_learner": 2},
    [
        BY_SPIKES, at(examples=20_000, intercepts=(0.0, 0.8)),
        at("nef_learner", learning_rate=2.0, hidden_rate=0.3),
        at("nef_learner", "fixed", rule={"feedback": "none"}, learning_rate=10.0, hidden_rate=0.0),
    ],
    [at(examples=2500, tested=2500)],
)  # fmt: skip
