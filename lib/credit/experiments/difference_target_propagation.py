"""Notebook 06: difference target propagation."""

from dataclasses import dataclass, replace

from credit.experiments.common import SEEDS, grid, labelled
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.difference_target_propagation import DifferenceTargetPropagation
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.training.setting import Setting

# Lee et al. 2015, section 3.1, after the authors' code: seven orthogonal tanh layers of 240 units,
# Graves' RMSprop, 100 a batch, the rates and the noise of their random search; eta_hat / batch =
# 0.3277 / 100 for one example. Theirs: 100 epochs at constant rates, examples in a fixed order.
# Here: ten epochs at rates that fall linearly to zero, shuffled, and by 06-tuning forward rates
# two (DTP) and three (BP) times as large, better for both in so short a training.
DTP = DifferenceTargetPropagation(sigma=0.3598, eta=0.003277)
LEE = Setting(
    rule=DTP,
    sizes=(784, *[240] * 7, 10),
    weights=Init("orthogonal"),
    optimiser="graves",
    learning_rate=0.03,
    own_learning_rate=0.005011,
    schedule="linear",
    batch=100,
    epochs=10,
)
BP_RATE = 0.0024


def _lee(rule: Rule, **changes) -> Setting:
    """The shallow readout has the rate of DTP's own top layer."""
    rate = {"learning_rate": BP_RATE} if rule.short == "BP" else {}
    return replace(LEE, rule=rule, **(rate | changes))


@dataclass(frozen=True)
class Forgetful(DifferenceTargetPropagation):
    """The published script: its list of updates lacks W_6 and b_5, which never learn."""

    def update(self, ch, trace, teaching):
        update = super().update(ch, trace, teaching)
        update.W.pop(6, None), update.b.pop(5, None)
        return update


# Without any weight transport: the nudge leaves the logits and goes down through g_L as well, and
# the inverses are made the transposed layers (L-DRL). Rates by 06-tuning.
NUDGED = DifferenceTargetPropagation(top="nudge", inverse="jacobian", sigma=0.3598, eta=0.5)
TP = replace(DTP, difference=False)
VARIANTS = {
    "without the difference": _lee(TP),
    "W6 and b5 forgotten": _lee(Forgetful(sigma=DTP.sigma, eta=DTP.eta)),
    "no weight transport": _lee(NUDGED, learning_rate=0.006, own_learning_rate=0.0003),
}


def _mnist(experiment: str, profile: str) -> list[Job]:
    main = [_lee(rule) for rule in (DTP, Backprop(), Shallow())]
    if profile == "quick":
        small = {"sizes": (784, *[240] * 3, 10), "examples": 10_000, "epochs": 3}
        variants = {name: replace(VARIANTS[name], **small) for name in list(VARIANTS)[::2]}
        return grid(experiment, [replace(s, **small) for s in main], SEEDS[profile]) + labelled(
            experiment, {f"3x240 tanh, {name}": s for name, s in variants.items()}, SEEDS[profile]
        )
    few = SEEDS[profile][:3]
    named = {f"7x240 tanh, {name}": setting for name, setting in VARIANTS.items()}
    return grid(experiment, main, SEEDS[profile]) + labelled(experiment, named, few)


# Bartunov et al. 2018, Table 1a: the five dense layers of 256 of their best network; their rates
# are not printed. The terms are those of above, eight epochs, but for what 06-tuning says: in
# parallel the inverses need a lower rate, or some seeds collapse. SDTP's targets are far away, and
# the inverses of an epoch ago soon are of another net: on all images no rate lasts. In parallel
# they follow, and Adam copes with the large steps.
PARALLEL = replace(DTP, learning="parallel")
SDTP = replace(DTP, top="label")
SDTP_PARALLEL = replace(SDTP, learning="parallel")
NARROW = "5x256 tanh"


def _bartunov(rule: Rule, **changes) -> Setting:
    return _lee(rule, **({"sizes": (784, *[256] * 5, 10), "epochs": 8} | changes))


def _in_parallel(**changes) -> Setting:
    return _bartunov(PARALLEL, **({"own_learning_rate": 0.0015} | changes))


def _sdtp(**changes) -> Setting:
    return _bartunov(SDTP, **({"learning_rate": 3e-4, "own_learning_rate": 3e-4} | changes))


def _sdtp_adam(rule: Rule, **changes) -> Setting:
    adam = {"optimiser": "adam", "learning_rate": 1e-3, "own_learning_rate": 1e-3}
    return _bartunov(rule, **(adam | changes))


def _parallel(experiment: str, profile: str) -> list[Job]:
    arms = {
        f"{NARROW}, alternating": _bartunov(DTP),
        f"{NARROW}, parallel": _in_parallel(),
        f"{NARROW}, SDTP alternating": _sdtp(),
        f"{NARROW}, SDTP parallel": _sdtp_adam(SDTP_PARALLEL),
        f"{NARROW}, Adam": _sdtp_adam(Shallow()),  # the shallow baseline as SDTP in parallel learns
    }
    beside = [_bartunov(rule) for rule in (Backprop(), Shallow())]
    if profile == "quick":
        small = {"examples": 5000, "epochs": 2}
        arms = {name: replace(s, **small) for name, s in arms.items()}
        beside = [replace(s, **small) for s in beside]
    seeds = SEEDS[profile][:3]
    return labelled(experiment, arms, seeds) + grid(experiment, beside, seeds)


def _depth(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        depths, width, small = (1, 4, 8), 64, {"examples": 10_000, "epochs": 2}
    else:
        depths, width, small = (1, 2, 4, 8), 240, {"epochs": 2}
    settings = [
        _lee(rule, sizes=(784, *[width] * depth, 10), **small)
        for depth in depths
        for rule in (DTP, Backprop(), Shallow())
    ]
    return grid(experiment, settings, SEEDS[profile])


def _at_depth(depth: int, rule: Rule, **changes) -> Setting:
    return _lee(rule, sizes=(784, *[240] * depth, 10), **changes)


# Section 3.2: 784-500-500-10, h_1 sent as its sign; 500 epochs, noise 0.5 / (1 + epoch / 50),
# eta_hat 27.97 / 100. Here: two epochs on 20,000 images, and by 06-tuning ten times the eta, so
# that more units cross zero. BP in that net leaves W_1 at its start. Rates by 06-discrete-tuning,
# DTP's is that of the authors.
BINARY = replace(
    LEE,
    rule=DifferenceTargetPropagation(sigma=0.5, eta=3.0),
    sizes=(784, 500, 500, 10),
    sent="sign",
    learning_rate=6.6e-4,
    own_learning_rate=4.3e-4,
    examples=20_000,
    epochs=2,
)


def _sent(what: str) -> Setting:
    """The net of BINARY that sends "signs" or, "graded", numbers."""
    return replace(BINARY, sent="sign" if what == "signs" else what)


def _discrete(experiment: str, profile: str) -> list[Job]:
    bp = replace(BINARY, rule=Backprop(), learning_rate=6e-3)
    signs = [BINARY, bp, replace(BINARY, rule=Shallow(), learning_rate=2e-3)]
    if profile == "quick":
        small = {"sizes": (784, 200, 200, 10), "examples": 10_000}
        signs = [replace(s, **small) for s in signs]
    return [job for s in signs for job in labelled(experiment, {"signs": s}, SEEDS[profile][:3])]


def _tuning(experiment: str, profile: str) -> list[Job]:
    """Two epochs on 20,000 images, at rates that fall to zero like those of the long runs; SDTP
    also on all of them, where what is best in a short run need not last."""
    arms = {f"7x240, DTP, rate {r:g}": _lee(DTP, learning_rate=r) for r in (0.015, 0.03, 0.06)}
    arms |= {f"7x240, DTP, inverses {r:g}": _lee(DTP, own_learning_rate=r) for r in (0.0015, 0.015)}
    arms |= {f"7x240, TP, rate {r:g}": _lee(TP, learning_rate=r) for r in (3e-3, 3e-4, 3e-5)}
    arms |= {
        f"7x240, BP, rate {r:g}": _lee(Backprop(), learning_rate=r) for r in (0.0008, 0.0024, 0.007)
    }
    arms |= {
        f"7x240, no transport, rate {r:g}, inverses {own:g}": _lee(
            NUDGED, learning_rate=r, own_learning_rate=own
        )
        for r, own in ((0.002, 0.001), (0.006, 0.001), (0.006, 0.0003), (0.006, 0.0001))
    }
    arms |= {
        f"{NARROW}, parallel, rate {r:g}, inverses {own:g}": _in_parallel(
            learning_rate=r, own_learning_rate=own
        )
        for r, own in ((0.03, 0.005), (0.015, 0.005), (0.03, 0.0015), (0.03, 0.0005))
    }
    arms |= {
        f"{NARROW}, SDTP, Adam, rate {r:g}, inverses {own:g}": _sdtp_adam(
            SDTP, learning_rate=r, own_learning_rate=own
        )
        for r, own in ((3e-4, 1e-3), (1e-3, 1e-3), (3e-3, 1e-3), (1e-3, 3e-3))
    }
    arms |= {
        f"{NARROW}, SDTP, rate {r:g}, inverses {own:g}": _sdtp(
            learning_rate=r, own_learning_rate=own
        )
        for r, own in ((1e-4, 3e-4), (3e-4, 3e-4), (1e-3, 3e-4), (3e-3, 3e-4), (3e-4, 1e-3))
    }
    arms |= {
        f"2x500, signs, eta {eta:g}, rate {r:g}": replace(
            BINARY, rule=replace(BINARY.rule, eta=eta), learning_rate=r
        )
        for eta, r in ((0.28, 6.6e-4), (3.0, 6.6e-4), (10.0, 6.6e-4), (3.0, 2e-3))
    }
    small = {"examples": 20_000, "epochs": 2}
    arms = {name: replace(setting, **small) for name, setting in arms.items()}
    arms |= {
        f"{NARROW}, SDTP, all images, rate {r:g}": _sdtp(learning_rate=r, epochs=4)
        for r in (1e-4, 3e-4, 1e-3)
    }
    arms |= {
        f"{NARROW}, SDTP, Adam, all images, rate {r:g}": _sdtp_adam(SDTP, learning_rate=r, epochs=4)
        for r in (1e-3, 3e-3)
    }
    arms |= {
        f"{NARROW}, SDTP parallel, Adam, all images, rate {r:g}": _sdtp_adam(
            SDTP_PARALLEL, learning_rate=r, epochs=3
        )
        for r in (3e-4, 1e-3)
    }
    if profile == "quick":
        arms = {name: replace(s, examples=500, epochs=1) for name, s in arms.items()}
    return labelled(experiment, arms)


def _few(experiment: str, profile: str, arms: list[tuple[str, Setting]]) -> list[Job]:
    """Two epochs on 20,000 images, as in 06-tuning."""
    amount = {"examples": 20_000, "epochs": 2}
    if profile == "quick":
        amount = {"examples": 500, "epochs": 1}
    return labelled(experiment, [(name, replace(s, **amount)) for name, s in arms])


def _discrete_tuning(experiment: str, profile: str) -> list[Job]:
    """Every condition of 06-discrete at the same four rates, and DTP, best at the lowest of them,
    at one more."""
    rates = (6.6e-4, 2e-3, 6e-3, 2e-2)
    tried = [("signs", BINARY.rule, (2.2e-4, *rates))]
    tried += [(sent, Backprop(), rates) for sent in ("signs", "graded")]
    arms = [
        (f"2x500, {sent}, rate {r:g}", replace(_sent(sent), rule=rule, learning_rate=r))
        for sent, rule, own in [*tried, ("signs", Shallow(), rates)]
        for r in own
    ]
    return _few(experiment, profile, arms)


def _depth_tuning(experiment: str, profile: str) -> list[Job]:
    """What the step and the rate of 7x240 are worth with one layer. There is nothing to invert
    there: eta is the rate of the hidden layer alone."""
    steps = {k: replace(DTP, eta=k * DTP.eta) for k in (1, 10, 100)}
    arms = [(f"1x240, eta {k}x", _at_depth(1, rule)) for k, rule in steps.items()]
    arms += [
        (f"1x240, rate {r:g}", _at_depth(1, Backprop(), learning_rate=r))
        for r in (0.0024, 0.007, 0.02)
    ]
    return _few(experiment, profile, arms)


# How far its updates are from backprop's, layer by layer, in a shorter run.
def _angles(experiment: str, profile: str) -> list[Job]:
    few = {"examples": 20_000} if profile == "paper" else {"examples": 1000, "epochs": 1}
    arms = {"7x240 tanh, 20000 images": replace(LEE, **few)}
    return labelled(experiment, arms, SEEDS[profile][:3])


def knobs(rule: Rule, hidden_layers: int, inverse_rate: float, signals: str) -> Setting:
    """The network that a reader turns: as Lee et al., but small and for a short time."""
    sizes = (784, *[100] * hidden_layers, 10)
    return _lee(
        rule, sizes=sizes, own_learning_rate=inverse_rate, sent=signals, examples=10_000, epochs=3
    )


EXPERIMENTS = {
    "06-tuning": _tuning,
    "06-discrete-tuning": _discrete_tuning,
    "06-depth-tuning": _depth_tuning,
    "06-mnist": _mnist,
    "06-parallel": _parallel,
    "06-depth": _depth,
    "06-discrete": _discrete,
    "06-angles": _angles,
}
