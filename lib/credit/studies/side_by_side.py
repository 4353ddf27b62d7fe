"""All pathways and rules of the spiking sections in one place: notebook 21."""

from collections.abc import Iterable, Iterator

import pandas as pd

from credit.evidence import results, verdicts
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import difference, greater, less, mostly, teaches, undecided, values
from credit.evidence.methods import METHODS
from credit.experiments import event_driven, jobs, two_phases
from credit.spiking import speed
from credit.spiking import two_phases as two_phases_network
from credit.spiking.online import Online
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.studies import depth_in_spikes, errors_in_spikes
from credit.studies.errors_in_spikes import fewer
from credit.studies.explained_in_spikes import in_longer_phases
from credit.studies.in_spikes import (
    ALONE_TOO,
    InSpikes,
    InTwoPhases,
    not_spikes,
)
from credit.studies.networks_in_spikes import synapses
from credit.studies.searches_in_spikes import searched
from credit.tasks import data

FIXED = {
    "200 none": "none: hidden synapses fixed",
    "200-100 none, coherent": "none: hidden synapses fixed, Kickback's networks",
}
EVENT_DRIVEN = [name for name in event_driven.ARMS if name.endswith("-spiking")]
TWO_PHASES = [f"{notebook}-spiking" for notebook in two_phases.RULES]
NONE = pd.Series({"–": 0.0})  # where nobody is left to be named
BACKPROP = errors_in_spikes.REFERENCES["200 symmetric"][0]
ALONE, EVENTS, PHASES = "errors in spikes", "signed events", "two phases"


def pathways() -> InSpikes:
    """The event-driven networks with one hidden layer, and Kickback's with two; the best first."""
    trained = {way.label for name in event_driven.ARMS for way in event_driven.arms(name)}
    named = {k: name for k, (name, _) in errors_in_spikes.known().items() if k in trained}
    found = InSpikes([*EVENT_DRIVEN, "02-spiking-floor"], named | FIXED)
    by = {label: found.errors[label].mean() for label in named}
    alone = {label: found.alone(label).mean() for label in named}
    order = sorted(named, key=lambda label: min(by[label], alone[label]))
    found.named = {label: found.named[label] for label in (*order, *FIXED)}
    return found


def rules() -> InTwoPhases:
    """The networks of two phases with one hidden layer."""
    named = {
        m.spiking.label: m.name
        for m in METHODS
        if m.spiking and m.spiking.experiment in TWO_PHASES and m.notebook != "09"
    }
    return InTwoPhases(TWO_PHASES, named)


def in_brief(
    events: InSpikes, phases: InTwoPhases, both: pd.DataFrame, by_layers: pd.DataFrame
) -> Iterator[Claim]:
    """The notebook's answer.

    events, phases  `pathways` and `rules`
    both            errors_in_spikes.pairs
    by_layers       depth_in_spikes.errors
    """
    taught = [label for label in events.named if label not in FIXED]
    ruled = [label for label in phases.named if label not in (phases.fixed, phases.frozen)]
    alone = [label for label in taught if len(events.alone(label))]
    lost = [k for k in alone if not less(events.alone(k), _floor(events, k, alone=True))]
    yield claim(
        "**Do they learn?** With signed events all {n} pathways, and {m} rules of two phases, end "
        "below networks with fixed hidden synapses; with errors in spikes {k} of {of} do "
        "({beside} beside fixed synapses with signed events){lost}.",
        all(less(events.errors[label], _floor(events, label)) for label in taught)
        and all(less(phases.errors[label], phases.errors[phases.fixed]) for label in ruled)
        and mostly(len(alone) - len(lost), len(alone)),
        n=len(taught), m=len(ruled), k=len(alone) - len(lost), of=len(alone),
        beside=listed([events.named[k] for k in alone if k.startswith("200-100")]),
        lost="".join(f"; {_cannot_be_told(events, k)}" for k in lost),
    )  # fmt: skip
    validation = results.final(events.runs, "validation error")
    best = {
        events.named[label]: _by_validation(events, label, validation)
        for label in taught
        if events.named[label] != BACKPROP
    } | {phases.named[label]: phases.errors[label] for label in ruled}
    by, backprop = pd.Series({k: v.mean() for k, v in best.items()}), events.errors["backprop"]
    yield claim(
        "**How near do they come?** Backprop in rates has {bp:.2f} % test error. The methods have "
        "{low:.2f} ({first}) to {high:.1f} times as much ({last}), each with the carrier of errors "
        "that did better on validation images.",
        all(greater(error, backprop) for error in best.values()),
        bp=backprop.mean(), low=by.min() / backprop.mean(), first=by.idxmin(),
        high=by.max() / backprop.mean(), last=by.idxmax(),
    )  # fmt: skip
    lower, n = len(fewer(both)), both["method"].nunique()
    floor, alone_floor = events.errors[events.fixed], events.fixed_alone
    yield claim(
        "**Must errors be numbers?** Not between neurons: {k} of {n} pathways end lower when the "
        "errors of the output are spikes than when they are signed events. Part of this may be the "
        "output's own learning: with fixed hidden synapses, too, the error is {gain:.1f} points "
        "lower.",
        mostly(lower, n) and less(alone_floor, floor),
        k=lower, n=n, gain=-difference(alone_floor, floor)[0],
    )  # fmt: skip
    nets = [(events, label) for label in taught] + [(phases, label) for label in ruled]
    spikes = [study.count(label, "spikes, test") for study, label in nets]
    adds = [study.additions(label) for study, label in nets]
    bright = float((data.load("mnist").test.x > 0).double().mean())
    skipped = [study.additions(label, bright) for study, label in nets]
    deep = depth_in_spikes.additions()
    yield claim(
        "**How many spikes?** With one hidden layer (Kickback: two), and signed events or two "
        "phases, a test image elicits {low:,.0f} to {high:,.0f} spikes, input included. They make "
        "{a:.2f} to {b:.2f} additions, one at each synapse that a spike reaches, for each "
        "multiply-add of the same network in rates; {c:.1f} to {d:.1f} beside one that skips dark "
        "pixels; up to {e:.1f} with two hidden layers, dark pixels counted.",
        max(adds) < 1 < min(skipped) and bool(deep.max() > max(adds)),
        low=min(spikes), high=max(spikes), a=min(adds), b=max(adds), c=min(skipped),
        d=max(skipped), e=deep.max(),
    )  # fmt: skip
    yield from _deeper(by_layers, phases)
    needed = needs(events, phases).set_index("not carried by spikes")[ALONE].eq("all")
    yield claim(
        "**What is still no spike?** Even with errors in spikes every network needs {k} things "
        "that no spike carries, among them a clock.",
        bool(needed.index[needed].str.contains("clock").any()),
        k=int(needed.sum()),
    )


def _cannot_be_told(study: InSpikes, label: str) -> str:
    """A pathway with errors in spikes whose seeds part, beside fixed hidden synapses."""
    alone, fixed = study.alone(label), _floor(study, label, alone=True)
    below = int((alone < fixed.min()).sum())
    return (
        f"of {study.named[label]} {below} of {len(alone)} seeds end below all of these, "
        f"{int((alone > fixed.max()).sum())} above"
    )


def _by_validation(study: InSpikes, label: str, ends: pd.DataFrame) -> pd.Series:
    """Test errors of the way to carry errors that has fewer validation errors, `ends`."""
    both = [label, label + ALONE_TOO] if len(study.alone(label)) else [label]
    means = {net: values(ends, "validation error", setting=net).mean() for net in both}
    return study.errors[label] if min(means, key=means.get) == label else study.alone(label)


def _deeper(by_layers: pd.DataFrame, phases: InTwoPhases) -> Iterator[Claim]:
    deep = by_layers[(by_layers["rule"] != "shallow") & (by_layers["method"] != BACKPROP)]
    floors = by_layers[by_layers["rule"] == "shallow"].set_index(["method", "layers", "seed"])
    runs: dict[int, dict[str, pd.Series]] = {1: {}, 2: {}, 4: {}}
    taught = {2: [], 4: []}
    for (name, layers), part in deep.groupby(["method", "layers"]):
        error = runs[layers][name] = part.set_index("seed")["error"]
        if layers > 1 and teaches(error, floors.loc[(part["floor"].iloc[0], layers), "error"]):
            taught[layers].append(name)
    worse = [k for k in taught[2] if k in runs[1] and greater(runs[2][k], runs[1][k])]
    name, (_, error, fixed) = phases.named["200 GeneRec, V apart"], in_longer_phases(phases, "08")
    yield claim(
        "**Do they hold with more layers?** Of {n} with two hidden layers {k} end below fixed "
        "hidden synapses ({later} in phases of `120 ms` alone), {worse} of them above what they "
        "reach with one. The {m} that were tried with four, the best with two, end below fixed "
        "synapses, too.",
        mostly(len(taught[2]), len(runs[2]))
        and name not in runs[2]
        and teaches(error, fixed)
        and len(taught[4]) == len(runs[4]),
        n=len(runs[2]) + 1, k=len(taught[2]) + 1, worse=len(worse), later=name,
        m=len(runs[4]),
    )  # fmt: skip


def _floor(study: InSpikes, label: str, alone: bool = False) -> pd.Series:
    """Errors with fixed hidden synapses, in coherent networks of an output taught by events."""
    if label.startswith("200-100"):
        return study.errors[list(FIXED)[1]]
    return study.fixed_alone if alone else study.errors[study.fixed]


def told(study: InSpikes) -> Iterator[Claim]:
    """What is learned by hidden neurons that are told the labels of other images, errors being
    signed events and spikes.

    study  `pathways`
    """
    signed = {k: (study.errors[k], study.told(k), k) for k in study.named}
    sent = "error events, learning"
    nets = [net for _, others, net in signed.values() if len(others)]
    events = [(study.count(f"{net}, shuffled", sent), study.count(net, sent)) for net in nets]
    more = [told / own for told, own in events if own] or [0.0]
    yield _told(
        "With hidden neurons told the labels of other images each of {n} pathways ends higher than "
        "with the right ones. Below fixed hidden synapses: {gains}; the others end at {low:.0f} "
        "({first}) to {high:.0f} % ({last}).",
        study, signed,
    )  # fmt: skip
    yield _told(
        "With errors in spikes, too, each of {n} ends higher. Below fixed hidden synapses: "
        "{gains}; the others: {low:.0f} ({first}) to {high:.0f} % ({last}).",
        study, {k: (study.alone(k), study.told_alone(k), k + ALONE_TOO) for k in study.named},
    )  # fmt: skip
    yield claim(
        "Errors for the labels of other images never vanish: they come as {a:.1f} to {b:.1f} times "
        "as many signed events, at the same rates.",
        len(more) == len(nets) and min(more) > 1,
        a=min(more), b=max(more),
    )  # fmt: skip


def _told(sentence: str, study: InSpikes, runs: dict) -> Claim:
    """runs  {label: errors, errors where other labels are told, label of the runs}"""
    runs = {label: of for label, of in runs.items() if len(of[1])}
    floor = {k: _floor(study, k, alone=net != k) for k, (*_, net) in runs.items()}
    helped = [k for k, (_, others, _) in runs.items() if less(others, floor[k])]
    by = pd.Series({study.named[k]: others.mean() for k, (_, others, _) in runs.items()})
    gains = [f"{study.named[k]} ({by[study.named[k]]:.1f} %)" for k in helped]
    rest = by.drop([study.named[k] for k in helped]) if len(helped) < len(runs) else NONE
    return claim(
        sentence,
        all(less(own, others) for own, others, _ in runs.values())
        and 2 * len(helped) < len(runs),
        n=len(runs), gains=listed(gains),
        low=rest.min(), first=rest.idxmin(), high=rest.max(), last=rest.idxmax(),
    )  # fmt: skip


def controls(study: InSpikes) -> Iterator[Claim]:
    """Two more controls: feedback that never mirrors, predictions without anything to predict from.

    study  `pathways`
    """
    errors = {
        name: values(study.ends, setting=f"200 {name}")
        for name in ("weight mirror", "weight mirror, blind", "synthetic")
    }
    label = values(study.ends, setting="200 synthetic, of the label alone")
    mirror, blind = errors["weight mirror"], errors["weight mirror, blind"]
    alone = study.alone("200 weight mirror")
    blind_alone = values(study.ends, setting=f"200 weight mirror{ALONE_TOO}, blind")
    yield claim(
        "Fixed random feedback of the size of the forward weights, in the network and at the rates "
        "of the weight mirror, ends at {b:.2f} % with signed events, which cannot be told from the "
        "{m:.2f} % of the mirror; with errors in spikes at {ba:.2f} %, higher than the mirror's "
        "{ma:.2f} %.",
        undecided(mirror, blind) and greater(blind_alone, alone),
        b=blind.mean(), m=mirror.mean(), ba=blind_alone.mean(), ma=alone.mean(),
    )  # fmt: skip
    yield claim(
        "Predictions of errors made from the label alone end at {a:.1f} %, below fixed hidden "
        "synapses ({f:.1f} %) and above those that hear their layer, too ({s:.2f} %), at the rates "
        "of the latter.",
        less(label, study.errors[study.fixed]) and less(errors["synthetic"], label),
        a=label.mean(), f=study.errors[study.fixed].mean(), s=errors["synthetic"].mean(),
    )  # fmt: skip


def larger_first_weights() -> Claim:
    """Whether fixed hidden synapses do better still where the first weights are larger."""
    larger = searched("02-spiking-larger-tuning", "200 none")
    usual = searched("02-spiking-tuning", "200 none")
    spread = usual.index.str.extract(r"spread (\S+) mV$")[0].astype(float)
    by = usual.groupby(spread.to_numpy()).min()
    return claim(
        "With fixed hidden synapses the best of {n} settings with first weights larger than those "
        "of the table has {a:.1f} % validation error, with those of the table {b:.1f} and with "
        "half of them {c:.1f} %, each on part of the images: the table has the best of these "
        "sizes.",
        bool(by.iloc[-1] < larger.min() and by.iloc[-1] < by.iloc[0]),
        n=len(larger), a=larger.min(), b=by.iloc[-1], c=by.iloc[0],
    )  # fmt: skip


AGAIN = {"05": "200 equilibrium propagation", "09": "200 contrastive Hebbian"}


def by_search_alone(study: InTwoPhases) -> Claim:
    """What the search alone would have chosen, where a second choice was made by all seeds.

    study  `rules`
    """
    validation, said, holds = results.final(study.runs, "validation error"), [], []
    for notebook, label in AGAIN.items():
        searched = results.load(f"{notebook}-spiking-searched")
        best, metric = f"{label}, best of the search", "validation error"
        error = values(results.final(searched), setting=best)
        there = values(results.final(searched, metric), metric, setting=best)
        holds.append(values(validation, metric, setting=label).mean() < there.mean())
        said.append(f"{study.named[label]} at {verdicts.mean_in_words(error)} %")
    return claim(
        "By the search alone, on part of the images and with one seed, {said} would stand in the "
        "table. The settings that do had the lower validation error of two that were trained with "
        "all seeds.",
        all(holds),
        said=listed(said),
    )


def costs() -> tuple[pd.DataFrame, str]:
    """How quickly a network of this kind learns beside other code, as measured by spiking.speed,
    and what a compiled run spends its time with."""
    file = results.path("spiking-speed")
    head = dict(
        line.removeprefix("# ").split(": ", 1)
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("# ")
    )
    return pd.read_csv(file, comment="#"), head["profile"]


def cost_sentences(rows: pd.DataFrame, profile: str) -> Iterator[Claim]:
    """What `costs` says: CPU time an image over that of many images in one compiled run, and what
    that run spends most of its time with."""
    by = rows.set_index("way")
    each, one, many = "here, one run an image", "feedback alignment", "feedback alignment, batch"
    ngc, ngc_batch = by.loc[f"ngc-learn, {one}"], by.loc[f"ngc-learn, {many}"]
    torch, torch_batch = (
        by.loc["snnTorch, surrogate gradient"],
        by.loc["snnTorch, surrogate gradient, batch"],
    )
    yield claim(
        "In one compiled run an image takes a {each:.0f}th of the CPU time of a run for every "
        "image. Image by image ngc-learn takes {a:.1f} and snnTorch {b:.1f} times as long as a run "
        "for every image here; in batches they take {ngc_batch:.1f} and {torch_batch:.1f} times as "
        "long as the compiled run.",
        bool((by.drop(speed.ONE_RUN)["low"] > 1).all())
        and bool(min(ngc["low"], torch["low"]) > by.loc[each, "high"]),
        a=ngc["ratio"] / by.loc[each, "ratio"], b=torch["ratio"] / by.loc[each, "ratio"],
        each=by.loc[each, "ratio"], ngc_batch=ngc_batch["ratio"], torch_batch=torch_batch["ratio"],
    )  # fmt: skip
    share, part = profile.partition(", ")[0].split(" % ")
    yield claim(
        "Of the compiled run {share} % of the time goes to the spikes of the input, which reach "
        "every hidden neuron and change its synapses.",
        part == "forward1_pre",
        share=int(share),
    )


def remember(events: InSpikes, both: pd.DataFrame) -> Iterator[Claim]:
    """Three sentences.

    events, both  as `in_brief`
    """
    error = events.errors
    yield claim(
        "Hidden spiking neurons learn from errors in signed events: all {n} pathways end below "
        "fixed hidden synapses, and lower than with labels of other images ({m} tested).",
        all(less(error[k], _floor(events, k)) for k in events.named if k not in FIXED)
        and all(less(error[k], events.told(k)) for k in events.named if len(events.told(k))),
        n=len(events.named) - len(FIXED),
        m=sum(len(events.told(k)) > 0 for k in events.named),
    )
    signs, back = "200 signs", "200 symmetric"
    yield claim(
        "With errors in spikes {n} seeds cannot tell feedback by the signs of the "
        "forward synapses ({e:.2f} %) from transposed weights ({t:.2f} %); with signed events it "
        "ends {d:.2f} points higher than they do.",
        undecided(events.alone(signs), events.alone(back)) and greater(error[signs], error[back]),
        n=len(events.alone(signs)), e=events.alone(signs).mean(), t=events.alone(back).mean(),
        d=difference(error[signs], error[back])[0],
    )  # fmt: skip
    lower, n = len(fewer(both)), both["method"].nunique()
    yield claim(
        "Between neurons an error need not be a number: {k} of {n} pathways end lower when the "
        "errors of the output are spikes than when they are signed events.",
        mostly(lower, n),
        k=lower, n=n,
    )  # fmt: skip


def needs(events: InSpikes, phases: InTwoPhases) -> pd.DataFrame:
    """What spikes do not carry, one in a row: by whom it is needed, for each way to carry errors
    and in two phases.

    events, phases  `pathways` and `rules`
    """
    ways = {way.label: way.rule for e in event_driven.ARMS for way in event_driven.arms(e)}
    columns = {
        EVENTS: {name: ways[label] for label, name in events.named.items() if label not in FIXED},
        PHASES: {
            phases.named[two_phases.setting(rule).label]: rule
            for of in two_phases.RULES.values()
            for rule in of
            if two_phases.setting(rule).label != InTwoPhases.fixed
        },
    }
    columns[ALONE] = {name: TwoPopulations(way=rule) for name, rule in columns[EVENTS].items()}
    kind = {EVENTS: InSpikes, ALONE: InSpikes, PHASES: InTwoPhases}
    needed = {
        column: {
            name: list(not_spikes(kind[column].no_spikes, rule).iloc[:, 0])
            for name, rule in columns[column].items()
        }
        for column in (EVENTS, ALONE, PHASES)
    }
    texts = dict.fromkeys(text for by in needed.values() for of in by.values() for text in of)
    return pd.DataFrame(
        [
            {"not carried by spikes": text}
            | {
                column: _who([name for name, of in by.items() if text in of], by)
                for column, by in needed.items()
            }
            for text in texts
        ]
    )


def by_run(study: InSpikes) -> pd.DataFrame:
    """Spikes of a test image in every layer, and events at the forward synapses into every layer, a
    network in a row, those with errors in spikes behind their own with signed events; and how fast
    its runs were: the seconds that were simulated for a second of CPU time, the median of the
    seeds.

    study  `pathways` or `rules`
    """
    names = [name for name in study.runs["experiment"].unique() if "spiking" in name]
    settings = {job.name: job.setting for name in names for job in jobs(name, "paper")}
    rows = []
    nets = [
        (net, name + how)
        for label, name in study.named.items()
        for net, how in ((label, ""), (label + ALONE_TOO, ALONE_TOO))
        if net == label or len(study.alone(label))
    ]
    for label, name in nets:
        input_, *hidden, output = study.by_layer(label, "spikes, test")
        of = (study.runs["setting"] == label) & (study.runs["metric"] == "cpu time")
        into = _into(study, label, settings[label])
        simulated = _simulated(settings[label]) / study.runs.loc[of, "value"].median()
        rows.append(
            {
                study.column: name,
                "input": f"{input_:,.0f}",
                "hidden": f"{hidden[0]:,.0f}",
                "second hidden": f"{hidden[1]:,.0f}" if hidden[1:] else "–",
                "output": f"{output:,.1f}",
                "events at synapses into each": " + ".join(f"{k:,.0f}" for k in into),
                "simulated s per CPU s": f"{simulated:.0f}",
            }
        )
    return pd.DataFrame(rows)


def _into(study: InSpikes, label: str, setting: Online) -> list[float]:
    """Events of a test image at the forward synapses into every layer but the first: a spike is one
    at each synapse of its neuron."""
    spikes = study.by_layer(label, "spikes, test")
    return [spikes[l] * k / setting.sizes[l] for l, k in enumerate(synapses(setting, label))]


def _simulated(setting: Online) -> float:
    """s, in a run with all that it shows: training, validation after every epoch, tests."""
    known = data.load(setting.dataset)
    phases = isinstance(setting, two_phases_network.Setting)
    image = setting.phase if phases else setting.rule.dark + setting.image
    taught = setting.epochs * (setting.examples or len(known.train.x)) * (1 + phases)
    tested = setting.epochs * len(known.validation.x) + len(known.test.x)
    return (taught + tested) * image / 1000


def _who(names: list[str], among: Iterable[str]) -> str:
    """Which of them all, in words: "all", "all but one", or who."""
    missing = [name for name in among if name not in names]
    if not names or not missing:
        return "all" if names else "–"
    return f"all but {missing[0]}" if len(missing) == 1 else listed(names)
