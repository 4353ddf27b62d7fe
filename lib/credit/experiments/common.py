"""What all experiments share: profiles, seeds and the order of runs."""

from collections.abc import Callable, Mapping, Sequence

from credit.runs.store import Job
from credit.training.setting import Setting

PROFILES = ("quick", "paper")
SEEDS = {"quick": (0, 1, 2), "paper": (0, 1, 2, 3, 4)}
COURSE = {"quick": 5000, "paper": 25_000}  # images learned while spikes stand beside rates
TUNING_SEEDS = (1000,)  # never those of a reported run
Experiments = Mapping[str, Callable[[str, str], list[Job]]]  # name: (name, profile) -> jobs


def jobs_of(known: Experiments, experiment: str, profile: str = "quick") -> list[Job]:
    """Every run of one of these experiments, in a fixed order."""
    if experiment not in known:
        raise ValueError(f"unknown experiment {experiment!r}, expected one of {', '.join(known)}")
    return known[experiment](experiment, check_profile(profile))


def check_profile(profile: str) -> str:
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}, expected one of {', '.join(PROFILES)}")
    return profile


def grid(experiment: str, settings: Sequence[Setting], seeds: Sequence[int]) -> list[Job]:
    """Every setting with every seed under its own label."""
    # seeds outside, so that an interrupted batch has every rule for the seeds it reached
    return [Job(experiment, setting, seed) for seed in seeds for setting in settings]


def labelled(
    experiment: str,
    settings: Mapping[str, Setting] | Sequence[tuple[str, Setting]],
    seeds: Sequence[int] = TUNING_SEEDS,
    run: str = Job.run,
) -> list[Job]:
    """Settings with labels of their own, with every seed, for runs that differ in more than their
    networks; by default on the seeds of tuning.

    settings  {label: setting}, or pairs where rules share a label
    run       of every job
    """
    pairs = settings.items() if isinstance(settings, Mapping) else settings
    return [Job(experiment, s, seed, label, run) for seed in seeds for label, s in pairs]


def tuning(experiment: str, settings: Sequence[Setting]) -> list[Job]:
    """Runs labelled by rate and scale of feedback, on the seeds of tuning."""

    def label(setting):
        scale = getattr(getattr(setting.rule, "feedback", None), "scale", None)
        feedback = "" if scale is None else f", feedback {scale:g}"
        return f"{setting.label}, rate {setting.learning_rate:g}{feedback}"

    return [Job(experiment, s, seed, label(s)) for seed in TUNING_SEEDS for s in settings]
