"""What all experiments share: profiles, seeds and the order of runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from credit.runs.store import Job
from credit.spiking.online import Online
from credit.training.setting import Setting

PROFILES = ("quick", "paper")
SEEDS = {"quick": (0, 1, 2), "paper": (0, 1, 2, 3, 4)}
COURSE = {"quick": 5000, "paper": 25_000}  # images learned while spikes stand beside rates
PART = {"quick": 2500, "paper": 15_000}  # images of a search beside or in spikes, shown once
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


def tuning(
    experiment: str, settings: Sequence[Setting], seeds: Sequence[int] = TUNING_SEEDS
) -> list[Job]:
    """Runs labelled by rate and scale of feedback, on the seeds of tuning."""

    def label(setting):
        scale = getattr(getattr(setting.rule, "feedback", None), "scale", None)
        feedback = "" if scale is None else f", feedback {scale:g}"
        return f"{setting.label}, rate {setting.learning_rate:g}{feedback}"

    return [Job(experiment, s, seed, label(s)) for seed in seeds for s in settings]


def on_part(profile: str) -> dict:
    """How long a setting is tried in a search beside or in spikes."""
    return {"examples": PART[profile], "epochs": 1}


def course(experiment: str, profile: str, ways: Sequence[Online]) -> list[Job]:
    """Networks of spikes with angles to their own rules in rates on the way, three seeds each;
    ways that learn from COURSE images, once."""
    seeds = SEEDS[profile][:3]
    if profile == "quick":  # one program
        ways, seeds = ways[:1], seeds[:1]
    return [Job(experiment, way, s, run="credit.spiking.course:run") for way in ways for s in seeds]


def one_at_a_time(
    experiment: str, profile: str, changed: Mapping[str, Online], best: str, run: str, seeds: int
) -> list[Job]:
    """What one change each does to a network of spikes: in "...-tuning" all, on part of the images
    and the seeds of tuning; else the best of them at full length, with so many seeds.

    changed  {what: the network with this change}
    """
    named = {f"{way.label}, {what}": way for what, way in changed.items()}
    if experiment.endswith("-tuning"):
        few = {label: replace(way, **on_part(profile)) for label, way in named.items()}
        return labelled(experiment, few, run=run)
    label = f"{changed[best].label}, {best}"
    return in_full(experiment, profile, label, named[label], run, seeds)


def in_full(
    experiment: str, profile: str, label: str, way: Online, run: str, seeds: int
) -> list[Job]:
    """One network of spikes at full length, with so many seeds; in the quick profile briefly, with
    one."""
    with_seeds = SEEDS[profile][:seeds]
    if profile == "quick":  # one program
        way, with_seeds = replace(way, examples=5000, epochs=1), with_seeds[:1]
    return labelled(experiment, {label: way}, with_seeds, run)
