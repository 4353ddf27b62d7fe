"""What was found out about networks of spikes that do not do what they should: those below 95 %
right with one hidden layer, controls that learn, two hidden layers that do not."""

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import at_chance, difference, greater, less, same, teaches, values
from credit.evidence.methods import LAYERS
from credit.evidence.verdicts import mean_in_words
from credit.experiments import jobs
from credit.experiments.common import COURSE
from credit.experiments.event_driven import EXPLORED
from credit.studies.course_in_spikes import ANGLES
from credit.studies.in_spikes import ALONE_TOO, InSpikes, against
from credit.studies.searches_in_spikes import at_edges, searched

NEAR = 1.0  # points of validation error, of one seed
SELDOM = 1.0  # % of the test images, of which a class has a tenth


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
    fires, fires_tied = study.hidden_rate(own), study.hidden_rate(through)
    return claim(
        "The feedback is the reason: with feedback through $W$, and all else the same, it is "
        "{e:.2f} %. In a shorter run, over {images:,} images, the change of hidden synapses by "
        "weights of its own ends {off:.0f}° from that by transposed weights in rates, through $W$ "
        "{tied:.0f}° ({n} seeds). Hidden neurons also fire at {fires:.0f} instead of "
        "{fires_tied:.0f} Hz. Whether the random start, the size or the learning of $V$ matters is "
        "open.",
        less(tied, apart) and less(off_tied, off) and bool(fires > fires_tied),
        e=tied.mean(), images=COURSE["paper"], off=off.mean(), tied=off_tied.mean(), n=len(off),
        fires=fires, fires_tied=fires_tied,
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
    lost, fixed = least[least < SELDOM], study.fixed_alone
    return claim(
        "With errors in spikes {k} of {n} seeds stay behind, at {e} %. In exactly these one class "
        "is the answer to hardly any test image ({share} %): its neuron is not chosen, and so does "
        "not learn. With a choice in ten at random instead of one in fifty, and all else the same, "
        "every class is answered in every seed, and the error is {more} % ({fixed:.1f} with hidden "
        "synapses fixed).",
        set(behind.index) == set(lost.index)
        and len(lost) > 0
        and bool((least_more > SELDOM).all())
        and less(more, errors[behind.index].min())
        and teaches(more, fixed),
        k=len(behind), n=len(errors), e=_each(behind), share=_each(lost), more=mean_in_words(more),
        fixed=fixed.mean(),
    ).under("Seeds that stay behind")  # fmt: skip


def a_rate_may_cost(study: InSpikes) -> Claim:
    """How far random feedback with errors in spikes falls at higher rates.

    study  with random feedback, one hidden layer
    """
    own = study.alone("200 direct")
    # an inverse that stays as it was drawn is random feedback
    other = values(results.final(results.load("06-spiking-standstill")))
    here, there = (
        jobs(name, "paper")[0].setting
        for name in ("02-spiking-populations", "06-spiking-standstill")
    )
    times = there.learning_rate / here.learning_rate
    return claim(
        "Random feedback with errors in spikes ends at {a:.2f} %, at the best rates of a search on "
        "part of the images; with {times:.0f} times both rates and feedback a third as large, "
        "those of target differences, whose inverse at a standstill is random feedback, "
        "at {b:.2f} %. So {d:.1f} points between pathways may be those of a rate.",
        less(other, own) and there.hidden_rate == times * here.hidden_rate,
        a=own.mean(), b=other.mean(), times=times, d=-difference(other, own)[0],
    ).under("What a rate may cost")  # fmt: skip


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
        "with fixed synapses ({n} seeds; signed events). Why the same term does not help pathways "
        "that follow the forward weights was not tested.",
        same(answer, others, within=0.5) and greater(label, study.errors["200 none"]),
        answer=answer.mean(), others=others.mean(), label=label.mean(), x=0.5, n=len(answer),
    ).under("What other labels teach")  # fmt: skip


def longer(study: InSpikes, label: str) -> Claim:
    """How two hidden layers fail at the rates of the search, and what prevents it: a lower rate,
    or phases twice as long.

    label  of the network with one
    """
    rule, experiment = label.partition(" ")[2], f"{study.experiments[0]}-longer"
    deep = f"{LAYERS[2]} {rule}"
    (run,) = results.load(experiment)["setting"].unique()
    (_, error, fixed), kept = in_longer_phases(study), values(study.deep, setting=deep)
    untold = study.fixed_deeper(deep)
    short, long = (
        results.final(results.load(name))["value"]
        for name in (f"{study.experiments[0]}-depth-searched", f"{experiment}-alone")
    )
    first = searched(f"{study.experiments[0]}-depth-tuning", f"{deep}, ").min()
    tried = searched(f"{experiment}-tuning", f"{deep}, ")
    fixed_one = _untold(study, "200")
    one = results.final(results.load(f"{study.experiments[0]}-explained"))
    one = values(one, setting=f"{label}, phases of 120 ms")
    return claim(
        "At the rates that were best on part of the images, shown once ({first:.1f} % validation "
        "error), {name} fails with two hidden layers at full length: the seeds end at "
        "{short} %. A lower rate of the output prevents this ({kept} %; chosen at full length, on "
        "another seed), and so do phases of `120 ms` at the same rates ({long} %). At the best of "
        "{n} pairs of rates{edge} such phases end at {e} % ({k} seeds), without feedback at "
        "{f:.1f} %; with one hidden layer at {one:.2f} %, without feedback at {f1:.1f}.",
        teaches(error, fixed)
        and teaches(one, fixed_one)
        and teaches(kept, untold)
        and bool(first < untold.min() < untold.max() < short.min())
        and bool(long.max() < untold.min())
        and greater(error, one)
        and run == tried.idxmin(),
        name=study.named[label], first=first, short=_each(short), kept=mean_in_words(kept),
        long=_each(long), n=len(tried), edge=at_edges(tried), e=mean_in_words(error), k=len(error),
        f=fixed.mean(), one=one.mean(), f1=fixed_one.mean(),
    ).under("More hidden layers")  # fmt: skip


def _each(runs: pd.Series) -> str:
    return listed([f"{value:.1f}" for value in sorted(runs)])


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
    gain = f", gain {_gain('08-spiking-longer'):g}"
    both = pd.concat([_by_rates(tried.filter(like=gain)), _by_rates(long)], axis=1, join="inner")
    slower = searched("08-spiking-slower-tuning", f"{deep}, ")
    in_full = results.final(results.load("09-spiking-depth"), "validation error")
    in_full = values(in_full, "validation error", setting=f"{LAYERS[2]} untold")
    (run,) = results.load("08-spiking-longer")["setting"].unique()
    _, error, fixed = in_longer_phases(study, "08")
    return claim(
        "In phases of `60 ms` no setting was below the best without feedback on part of the "
        "images, with one seed: the best of {k} has {best:.1f} % validation error, from initial "
        "weights twice as large {larger:.1f} % (best of {j}), without feedback {none:.1f} %; at "
        "full length lower rates of the output end at {slower} %, without feedback at {full} %. At "
        "{m} settings that were tried "
        "with both lengths `120 ms` have the lower error in each. The best of {n} pairs of rates "
        "in such phases{edge} ends at {e} % test error ({seeds} seeds), without feedback at "
        "{f:.1f} %.",
        teaches(error, fixed)
        and run == long.idxmin()
        and bool(floor.min() < min(tried.min(), larger.min()))
        and bool(in_full.min() < slower.min())
        and len(both) > 1
        and bool((both.iloc[:, 1] < both.iloc[:, 0]).all()),
        k=len(tried), best=tried.min(), larger=larger.min(), j=len(larger), none=floor.min(),
        slower=_each(slower), full=_each(in_full), m=len(both), n=len(long), edge=at_edges(long),
        e=mean_in_words(error), seeds=len(error), f=fixed.mean(),
    )  # fmt: skip


def at_lower_rates(study: InSpikes) -> Claim:
    """Whether lower rates at full length would change what the other rules of two phases come to.

    study  of two phases
    """
    said, holds = [], []
    for notebook, experiment, rule in (
        ("08", "08-spiking-tied-depth", "GeneRec, V is W"),
        ("09", "09-spiking-depth", "contrastive Hebbian"),
    ):
        net = f"{LAYERS[2]} {rule}"
        lower = searched(f"{notebook}-spiking-slower-tuning", f"{net}, ")
        used = values(
            results.final(results.load(experiment), "validation error"),
            "validation error", setting=net,
        )  # fmt: skip
        said.append(
            f"{study.named[f'200 {rule}']} has {_each(lower)} % validation error "
            f"({_each(used)} at the rates used)"
        )
        holds.append(bool(used.min() - NEAR < lower.min() < used.max() + NEAR))
    return claim(
        "With two hidden layers lower rates of the output were tried at full length, too, with one "
        "seed each: {said}. The better of each two is within {x:g} points of the range at the "
        "rates used; without feedback the test error is {f:.1f} %.",
        all(holds),
        said=listed(said), x=NEAR,
        f=study.fixed_deeper(LAYERS[2]).mean(),
    ).under("Lower rates")  # fmt: skip


def _by_rates(tried: pd.Series) -> pd.Series:
    return tried.set_axis(tried.index.str.extract(r"rates (\S+ and \S+) mV")[0])


def _gain(experiment: str) -> float:
    return jobs(experiment, "paper")[0].setting.rule.gain


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
