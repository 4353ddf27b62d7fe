"""What was found out about networks of spikes that do not do what they should: those below 95 %
right with one hidden layer, controls that learn, two hidden layers that do not."""

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import at_chance, greater, less, same, teaches, values
from credit.evidence.methods import LAYERS
from credit.evidence.verdicts import mean_in_words
from credit.experiments.event_driven import EXPLORED
from credit.studies.course_in_spikes import ANGLES
from credit.studies.in_spikes import ALONE_TOO, InSpikes, against, searched


def explained(study: InSpikes, label: str) -> Claim:
    """What each change alone brought in a short run, and the best of them in full ones.

    label  of the network as it is
    """
    error = values(study.ends, setting=label)
    experiment = f"{study.experiments[0]}-explained"
    tried = searched(f"{experiment}-tuning", f"{label}, ")
    tried.index = tried.index.str.removeprefix(f"{label}, ")
    usual = study.search(label).own
    ends = results.final(results.load(experiment))
    (run,) = ends["setting"].unique()
    named = {what: what.replace("1e-05", "0.00001") for what in tried.index}
    name = study.named[label.removesuffix(ALONE_TOO)]
    name += " with errors in spikes" * label.endswith(ALONE_TOO)
    better, best = values(ends, setting=run), run.removeprefix(f"{label}, ")
    return claim(
        "{name} classifies {right:.2f} % of the test images correctly. Each of {n} changes was "
        "tried alone, with the seed, the images and the rates of the search: the validation error "
        "of {usual:.2f} % becomes {said}. At full length the best change, {best}, ends at {e} % "
        "test error ({k} seeds). Compared with the network as it is the error {way}.",
        best == tried.idxmin() and bool(tried.min() < usual),
        name=name[0].upper() + name[1:], right=100 - error.mean(), n=len(tried), usual=usual,
        best=named[best], e=mean_in_words(better),
        said=listed([f"{v:.2f} ({named[what]})" for what, v in tried.sort_values().items()]),
        k=len(better), way=against(better, error),
    ).under("Why less than 95 %")  # fmt: skip


def feedback_is_the_reason(study: InSpikes, own: str, through: str) -> Claim:
    """Why a rule with feedback weights of its own stays behind the same through forward weights.

    own, through  labels of the two networks, alike in all else
    """
    apart, tied = study.errors[own], study.errors[through]
    course = results.load(f"{study.experiments[0]}-course")
    last = course[(course["epoch"] == course["epoch"].max())]
    off, off_tied = (values(last, ANGLES["backprop"], setting=label) for label in (own, through))
    return claim(
        "The feedback is the reason: with feedback through $W$, and all else the same, it is "
        "{e:.2f} %. With weights of its own the change of hidden synapses ends {off:.0f}° from "
        "that by transposed weights in rates, through $W$ {tied:.0f}° ({n} seeds).",
        less(tied, apart) and less(off_tied, off),
        e=tied.mean(), off=off.mean(), tied=off_tied.mean(), n=len(off),
    ).under("Why less than 95 %")  # fmt: skip


def a_class_is_lost(study: InSpikes) -> Claim:
    """Why seeds of attention with errors in spikes stay behind, and what more choices at random do.

    study  with attention, one hidden layer
    """
    runs = results.load("11-spiking-populations-explored")
    nets = [f"200 attention{ALONE_TOO}, {epsilon:g} at random" for epsilon in EXPLORED]
    errors, more = (values(results.final(runs), setting=net) for net in nets)
    shares = runs[runs["metric"].str.startswith("test answers")].groupby(["setting", "seed"])
    least, least_more = (shares["value"].min()[net] for net in nets)
    behind = errors[errors > 2 * errors.min()]
    lost, fixed = least.index[least == 0], study.fixed_alone
    return claim(
        "With errors in spikes {k} of {n} seeds stay behind, at {e} %. In exactly these the "
        "network answers not one test image with one of the classes, whose neuron is not chosen "
        "and so never learns. With a choice in ten at random instead of one in fifty, and all else "
        "the same, every class is answered in every seed, and the error is {more} % ({fixed:.1f} "
        "with hidden synapses fixed).",
        set(behind.index) == set(lost)
        and len(lost) > 0
        and bool((least_more > 1).all())
        and less(more, errors[behind.index].min())
        and teaches(more, fixed),
        k=len(behind), n=len(errors), e=listed([f"{value:.1f}" for value in sorted(behind)]),
        more=mean_in_words(more), fixed=fixed.mean(),
    ).under("Seeds that stay behind")  # fmt: skip


def others_help(study: InSpikes) -> Claim:
    """Why random feedback teaches hidden neurons that are told the labels of other images.

    study  with random feedback, one hidden layer
    """
    ends, others = results.final(results.load("02-spiking-halves")), study.told("200 direct")
    answer = values(ends, setting="200 direct, answer alone")
    label = values(ends, setting="200 direct, label alone, shuffled")
    return claim(
        "One of the two terms of the error is the network's own answer, whatever label is told. "
        "Where hidden neurons are sent the answer alone (less a constant), and no label, random "
        "feedback ends at {answer:.2f} %, within {x:.1f} points of what other labels lead to "
        "({others:.2f} %); where they are sent other labels alone, at {label:.1f} %, worse than "
        "with fixed synapses ({n} seeds).",
        same(answer, others, within=0.5) and greater(label, study.errors["200 none"]),
        answer=answer.mean(), others=others.mean(), label=label.mean(), x=0.5, n=len(answer),
    ).under("Why other labels help")  # fmt: skip


def longer(study: InSpikes, label: str) -> Claim:
    """What phases twice as long bring to the network with two hidden layers.

    label  of the network with one
    """
    rule, experiment = label.partition(" ")[2], f"{study.experiments[0]}-longer"
    deep = f"{LAYERS[2]} {rule}"
    (run,) = results.load(experiment)["setting"].unique()
    (_, error, fixed), before = in_longer_phases(study), values(study.deep, setting=deep)
    fixed_one = _untold(study, "200")
    one = results.final(results.load(f"{study.experiments[0]}-explained"))
    one = values(one, setting=f"{label}, phases of 120 ms")
    at_old_rates = results.final(results.load(f"{experiment}-alone"))["value"]
    tried = searched(f"{experiment}-tuning", f"{deep}, ")
    return claim(
        "In phases of `120 ms`, for which {n} pairs of rates were tried, {name} does learn with "
        "two hidden layers: it ends at {e} % ({k} seeds), every seed lower than any with `60 ms`; "
        "without feedback such a network ends at {f:.1f} %. The length of the phases does it: at "
        "the rates of the shorter ones the seeds end at {old} %. One hidden layer with such phases "
        "is still better ({one:.2f} %, without feedback {f1:.1f}).",
        teaches(error, fixed)
        and teaches(one, fixed_one)
        and bool(error.max() < before.min())
        and bool(at_old_rates.max() < before.min())
        and greater(error, one)
        and run == tried.idxmin(),
        n=len(tried), name=study.named[label], e=mean_in_words(error), k=len(error), f=fixed.mean(),
        old=listed([f"{value:.1f}" for value in sorted(at_old_rates)]),
        one=one.mean(), f1=fixed_one.mean(),
    ).under("More hidden layers")  # fmt: skip


def in_longer_phases(study: InSpikes, notebook: str = "") -> tuple[str, pd.Series, pd.Series]:
    """The network with two hidden layers and phases twice as long, for InSpikes.in_brief: in words,
    and the errors of every seed with feedback and without.

    notebook  whose rule; by default the first of the study
    """
    notebook = notebook or study.experiments[0][:2]
    ends = results.final(results.load(f"{notebook}-spiking-longer"))
    (run,) = ends["setting"].unique()
    words = "two hidden layers and phases of `120 ms`"
    return words, values(ends, setting=run), _untold(study, LAYERS[2])


def _untold(study: InSpikes, net: str) -> pd.Series:
    """Phases of 120 ms and no feedback."""
    ends = results.final(results.load("05-spiking-longer-untold"))
    return values(ends, setting=f"{net} {study.fixed.partition(' ')[2]}, phases of 120 ms")


def own_feedback_in_two_layers(study: InSpikes, label: str) -> Claim:
    """What was searched for generalized recirculation with feedback weights of its own and two
    hidden layers, and what phases twice as long bring.

    label  of the network with one hidden layer
    """
    deep = f"{LAYERS[2]} {label.partition(' ')[2]}"
    tried, larger, long = (
        searched(f"08-spiking-{kind}-tuning", f"{deep}, ")
        for kind in ("depth", "depth-larger", "longer")
    )
    floor = searched("09-spiking-depth-tuning", f"{LAYERS[2]} untold, ")
    alike = floor[floor.index.str.contains("spread 50 mV")]
    (run,) = results.load("08-spiking-longer")["setting"].unique()
    _, error, fixed = in_longer_phases(study, "08")
    return claim(
        "In phases of `60 ms` the best of {k} settings, tried on part of the images with one seed, "
        "has {best:.1f} % validation error, from initial weights twice as large {larger:.1f} % "
        "(best of {j}); without feedback it is {alike:.1f} and {none:.1f} %. In phases of "
        "`120 ms`, for which {n} pairs of rates were tried, it ends at {e} % test error ({seeds} "
        "seeds), without feedback at {f:.1f} %.",
        teaches(error, fixed) and run == long.idxmin() and bool(long.min() < tried.min()),
        k=len(tried), best=tried.min(), larger=larger.min(), j=len(larger), alike=alike.min(),
        none=floor.min(), n=len(long), e=mean_in_words(error), seeds=len(error), f=fixed.mean(),
    )  # fmt: skip


def off() -> Claim:
    """What networks answer in which no synapse changes."""
    ends = pd.concat([results.final(results.load(f"{n}-spiking-off")) for n in ("02", "09")])
    events, phases = (part["value"] for _, part in ends.groupby("experiment"))
    return claim(
        "Where no synapse changes, the network by events answers {a:.0f} % of the test images "
        "wrongly and that of two phases {b:.0f} % ({n} seeds each): chance.",
        all(at_chance(runs) for runs in (events, phases)),
        a=events.mean(), b=phases.mean(), n=len(events),
    )  # fmt: skip
