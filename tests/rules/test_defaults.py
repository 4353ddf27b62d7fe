"""The default of every hyperparameter, pinned beside where it comes from.

A number in a paper and the number in a field are compared here and nowhere else: experiments leave
most of these as they are.
"""

import dataclasses
import math

import pytest

from credit.nets.networks import Init
from credit.nets.relaxation import Settling
from credit.rules import catalogue
from credit.rules.contrastive_hebbian import ContrastiveHebbian

FAN_IN, GAUSS = Init("uniform_fan_in", 1.0), Init("normal_fan_in", 1.0)
# ours: states rest to 1e-4, far below the differences that a target makes in logistic units
RECURRENT = {
    "feedback": "own",
    "gain": 1.0,  # O'Reilly 1996
    "init": GAUSS,
    "settling": Settling(60, rate=0.5, tolerance=1e-4),
}
DEFAULTS = {
    "backprop": {},
    "shallow": {},
    "feedback_alignment": {"feedback": FAN_IN},
    "direct_feedback_alignment": {"feedback": FAN_IN},
    "sign_symmetry": {
        "magnitude": "uniform",  # uSF, as Sanfiz & Akrout 2021 have it
        "feedback": FAN_IN,
    },
    "kolen_pollack": {"feedback": FAN_IN},
    "weight_mirror": {
        "feedback": FAN_IN,
        "sigma": 1.0,  # divided out of the learning rate of B
        "decay": 1.0,  # B rests at W where units are linear
        "top": "drive",  # before the softmax
        "centred": True,  # takes the noise of the mean away, as the paper's text has it not
        "before": 0,
    },
    "difference_target_propagation": {
        "feedback": Init("orthogonal", 1.0),  # Lee et al. 2015, the authors' code
        "sigma": 0.36,  # the same, 0.3598 of their random search
        "eta": 0.0033,  # the same, 0.3277 along the mean loss of batches of 100
        "difference": True,
        "top": "gradient",
        "learning": "alternating",
        "inverse": "denoising",
    },
    "kickback": {},
    "gait_prop": {
        "target": "gait",
        "form": "displacement",
        "gamma": 1e-3,  # Ahmad et al. 2020
        "penalty": 0.1,  # the same
        "penalty_norms": False,
        "inverse": "exact",
    },
    "decoupled_neural_interfaces": {"conditioned": True, "hidden": (), "lam": 0.0, "p": 1.0},
    "attention_gated": {
        "epsilon": 0.02,  # Pozzi et al. 2020
        "feedback": "symmetric",
        "init": GAUSS,
    },
    "equilibrium_propagation": {
        "beta": 1.0,  # Scellier & Bengio 2017, table 2, one hidden layer: 20 free steps of 0.5 and
        "estimate": "random",  # 4 nudged ones, the sign of beta drawn, states kept
        "free": Settling(20, rate=0.5, projected=True),
        "nudged": Settling(4, rate=0.5, projected=True),
        "tested": Settling(200, rate=0.5, projected=True, tolerance=1e-3, check=5),  # ours
        "persistent": True,
    },
    "contrastive_hebbian": {
        "gamma": 0.05,  # Xie & Seung 2003
        "feedback": "symmetric",
        "init": GAUSS,
        "settling": Settling(100, rate=1.0, tolerance=1e-5, in_turn=True),  # ours
    },
    "generalized_recirculation": RECURRENT | {"form": "midpoint"},
    "almeida_pineda": RECURRENT | {"held": False},
    "two_sites": {  # Körding & König 2001; without noise
        "feedback": Init("uniform_fan_in"),
        "gain": "derivative",
        "alpha": 0.0,
        "events": math.inf,
        "base": 0.25,
    },
    "recirculation": {"lam": 0.75},  # Hinton & McClelland 1988, "regression"
}


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_the_defaults_of_a_rule_are_those_of_its_source(name):
    rule = catalogue()[name]()
    fields = {field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)}
    assert fields == DEFAULTS[name]


def test_every_field_of_the_rules_of_this_project_is_in_the_table():
    """A rule of somebody's own may come without; a new field of a known one may not."""
    known = catalogue()
    assert set(DEFAULTS) <= set(known)
    for name, defaults in DEFAULTS.items():
        assert {field.name for field in dataclasses.fields(known[name])} == set(defaults)


ASKED = {  # for 5-4-4-3, whatever else a rule asks for
    "kickback": {"sizes": (5, 4, 4, 2), "nonlinearity": "signed_relu", "output": "pair"},
    "gait_prop": {
        "sizes": (5, 5, 5, 5),
        "nonlinearity": "leaky_relu",
        "output": "leaky_squared",
    },
    "attention_gated": {"output": "linear"},
    "equilibrium_propagation": {
        "nonlinearity": "hard_sigmoid",
        "output": "hard_sigmoid_squared",
    },
    "contrastive_hebbian": {"output": "linear"},
    "generalized_recirculation": {"output": "logistic"},
    "almeida_pineda": {"output": "logistic"},
    "recirculation": {"sizes": (5, 4, 5), "output": "logistic"},
}


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_rule_asks_for_the_network_of_its_source(name):
    sizes = (5, 4, 4, 3)
    assert catalogue()[name]().asks(sizes) == {"sizes": sizes} | ASKED.get(name, {})


@pytest.mark.parametrize("layers", [2, 3])
def test_contrastive_hebbian_learning_settles_far_below_the_signal_in_its_first_layer(layers):
    rule = ContrastiveHebbian()
    assert rule.settling.tolerance < 0.01 * rule.gamma ** (layers - 1)
