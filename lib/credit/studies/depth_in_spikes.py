"""One, two and four hidden layers of spiking neurons: all pathways and rules trained so."""

from collections.abc import Iterator

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import difference, greater, less, teaches, values
from credit.evidence.methods import LAYERS, LENGTH, METHODS
from credit.evidence.verdicts import mean_in_words
from credit.experiments import event_driven, two_phases
from credit.studies.networks_in_spikes import synapses

REFERENCES = {
    "direct": ("direct feedback alignment", "direct_feedback_alignment"),
    "layered": ("feedback alignment", "feedback_alignment"),
    "symmetric": ("backprop (transposed weights)", "backprop"),
}
# Networks in which hidden synapses stay as they are, by what learns in such a network.
FLOORS = {
    "none": "hidden synapses fixed",
    "none, coherent": "hidden synapses fixed, coherent networks",
    "untold": "hidden synapses fixed, two phases",
}
PASSES = 2
EVENTS = "synaptic events, test"
LONGER = {  # rules of two phases: {hidden layers: what trained them in phases of 120 ms}
    "equilibrium propagation": {1: "05-spiking-explained", 2: "05-spiking-longer"},
    "generalized recirculation, own feedback": {2: "08-spiking-longer"},
}


def errors() -> pd.DataFrame:
    """MNIST in two passes, errors as signed events or in two phases: what has more than one depth.

    Returns  columns method, rule, floor (of FLOORS), layers, seed, error (test error, %), a row for
             every seed; a floor is a method, too, of the rule "shallow"
    """
    experiments = (*event_driven.ARMS, *two_phases.EXPERIMENTS)
    there = [name for name in experiments if name in results.available()]
    runs = pd.concat([results.load(name) for name in there], ignore_index=True)
    ends = results.final(runs[runs["epoch"] <= PASSES])
    parts = []
    for way, (name, rule, floor) in _known().items():
        for layers, neurons in LAYERS.items():
            # with one hidden layer the way from layer to layer is the direct one
            label = f"{neurons} {'direct' if (way, layers) == ('layered', 1) else way}"
            if (ends["setting"] == label).any():
                found = values(ends, setting=label).rename("error").reset_index()
                about = {"method": name, "rule": rule, "floor": floor, "layers": layers}
                parts.append(found.assign(**about))
    found = pd.concat(parts, ignore_index=True)
    depths = found.groupby("method")["layers"].transform("nunique")
    return found[depths > 1].reset_index(drop=True)


def additions() -> pd.Series:
    """{method: events of a test image at forward synapses, each an addition, for each multiply-add
    of the same network in rates}, with two hidden layers, where these are not coherent."""
    names = [n for n in results.available() if "-spiking-" in n and n.endswith("-depth")]
    runs = pd.concat([results.load(name) for name in names], ignore_index=True)
    last = runs[(runs["metric"] == EVENTS) & (runs["epoch"] == PASSES)]
    by = last.groupby("setting")["value"].mean()
    known = {f"{LAYERS[2]} {way}": name for way, (name, rule, _) in _known().items()
             if rule != "shallow"}  # fmt: skip
    return by[by.index.isin(known)].rename(known) / sum(synapses(None, LAYERS[2]))


def in_longer_phases() -> pd.DataFrame:
    """What was trained in longer phases, too, and what stands beside it without feedback; columns
    as `errors`, but for the floor."""
    parts = []
    ends = results.final(results.load("05-spiking-longer-untold"))
    for layers in (1, 2):
        of = f"{LAYERS[layers]} untold, phases of 120 ms"
        about = {"method": f"{FLOORS['untold']}, 120 ms", "rule": "shallow", "layers": layers}
        found = values(ends, setting=of).rename("error").reset_index()
        parts.append(found.assign(**about))
    for name, by_layers in LONGER.items():
        for layers, experiment in by_layers.items():
            ends = results.final(results.load(experiment))[["seed", "value"]]
            rule = name.partition(",")[0].replace(" ", "_")
            about = {"method": f"{name}, 120 ms", "rule": rule, "layers": layers}
            parts.append(ends.rename(columns={"value": "error"}).assign(**about))
    return pd.concat(parts, ignore_index=True)


def _known() -> dict[str, tuple[str, str, str]]:
    """{the way of a label: (name, rule, what has fixed hidden synapses beside it)}."""
    known = {way: (name, "shallow", name) for way, name in FLOORS.items()}
    known |= {way: (*named, FLOORS["none"]) for way, named in REFERENCES.items()}
    for method in METHODS:
        if method.spiking and method.spiking.label.split(" ")[0] in LAYERS.values():
            way = method.spiking.label.split(" ", 1)[1].removesuffix(", errors in spikes")
            floor = method.spiking.floor.split(" ", 1)[1].removesuffix(", errors in spikes")
            if way not in known and floor in FLOORS:
                known[way] = (method.name, method.rule, FLOORS[floor])
    return known


def backprop() -> dict[int, pd.Series]:
    """{hidden layers: test error of backprop in rates, of every seed, %}."""
    there = [name for name in ("02-rates", "02-rates-four") if name in results.available()]
    ends = results.final(pd.concat([results.load(name) for name in there], ignore_index=True))
    names = {n: f"{'1x' if n == 1 else ''}{neurons} relu{LENGTH}" for n, neurons in LAYERS.items()}
    return {
        layers: values(ends, setting=name, method="backprop")
        for layers, name in names.items()
        if (ends["setting"] == name).any()
    }


def sentences(rows: pd.DataFrame, in_rates: dict[int, pd.Series]) -> Iterator[Claim]:
    """What a second hidden layer brings to how many, and how four do.

    rows      of `errors`
    in_rates  of `backprop`
    """
    floors = rows[rows["rule"] == "shallow"].set_index("method")
    each = {
        name: {n: part.set_index("seed")["error"] for n, part in runs.groupby("layers")}
        for name, runs in rows[rows["rule"] != "shallow"].groupby("method", sort=False)
    }
    floor = rows.drop_duplicates("method").set_index("method")["floor"]

    def fixed(name, layers):
        runs = floors.loc[[floor[name]]]
        return runs[runs["layers"] == layers].set_index("seed")["error"]

    rules = {name: of for name, of in each.items() if name != REFERENCES["symmetric"][0]}
    two = {name: of for name, of in rules.items() if {1, 2} <= of.keys()}
    taught = [name for name, of in two.items() if teaches(of[2], fixed(name, 2))]
    back = each[REFERENCES["symmetric"][0]]
    by = pd.Series({name: difference(two[name][2], two[name][1])[0] for name in taught})
    more = [name for name in taught if greater(two[name][2], two[name][1])]
    fewer = [name for name in taught if less(two[name][2], two[name][1])]
    open_ = [name for name in taught if name not in (*more, *fewer)]
    lost = [f"{name} ({mean_in_words(two[name][2])} %)" for name in two if name not in taught]
    yield claim(
        "Of {n} pathways and rules with two hidden layers {k} do better than fixed hidden synapses"
        "{lost}. Of these, {m} make more errors than with one{rise}{fewer}{open_}. Transposed "
        "weights make {back:.1f} points more.",
        2 * len(taught) > len(two) and 2 * len(more) > len(taught) and greater(back[2], back[1]),
        n=len(two), k=len(taught), m=len(more),
        lost=f"; {listed(lost)} cannot be said to" if lost else "",
        rise=f", by {by[more].min():.1f} ({by[more].idxmin()}) to {by[more].max():.1f} points "
        f"({by[more].idxmax()})" if more else "",
        fewer=f"; {listed(fewer)} fewer" if fewer else "",
        back=difference(back[2], back[1])[0],
        open_=f"; for {listed(open_)} the seeds cannot tell" if open_ else "",
    )  # fmt: skip
    four = {name: of for name, of in rules.items() if 4 in of}
    said = [
        f"{mean_in_words(of[4])} % ({name}; fixed: {fixed(name, 4).mean():.0f} %)"
        for name, of in sorted(four.items(), key=lambda item: item[1][4].mean())
    ]
    yield claim(
        "With four hidden layers the errors are {said}; backprop in rates has {bp:.2f} %.",
        all(teaches(of[4], fixed(name, 4)) for name, of in four.items())
        and not any(less(of[4], in_rates[4]) for of in four.values()),
        said=listed(said), bp=in_rates[4].mean(),
    )  # fmt: skip
