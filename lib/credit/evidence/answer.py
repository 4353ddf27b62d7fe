"""The answer so far: a row per cited method, every cell from data or marked as not measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from credit.audit import probes
from credit.evidence import results, verdicts
from credit.evidence.agreement import AGREEING, BEST, WORDS, badness
from credit.evidence.published import READ, citation, has_value
from credit.evidence.verdicts import UNMEASURED
from credit.rules import catalogue
from credit.rules.base import Rule

NET = ["method", "setting"]  # what is trained, with any seed


@dataclass(frozen=True)
class Spiking:
    """Where a method was trained in spikes: an experiment, a setting of it and the task.

    beside  {in words: setting of the same experiment} of the controls to be shown with it
    """

    experiment: str
    setting: str
    task: str
    beside: Mapping[str, str]


@dataclass(frozen=True)
class Method:
    """A row of the answer: the notebook, the method and, once they exist, its rule and results.

    notebook  its number, those of several with commas between, or "" for a rule of one's own
    """

    notebook: str
    name: str
    rule: str = ""  # file name in credit.rules
    mnist: tuple[str, str] | None = None  # experiment and setting of the accuracy in the table
    depth: str = ""  # experiment of the depth sweep
    # what stands behind the network in the rule's own labels, of the one and of the other
    variant: tuple[str, str] = ("", "")
    # and in those of its fair backprop, where that is not the one in the same network
    fair: str = ""
    spiking: Spiking | None = None
    # what its notebook measured of a method that carries no error and so trains nothing
    carries_none: str = ""
    # of a rule that the audit does not know, as its neurons spike: what the probes of its notebook
    # say of weight transport and teacher
    probed: tuple[str, str] | None = None

    def label(self, network: str, depth: bool = False) -> str:
        """The rule's own label on this network; baselines have the network's alone."""
        return ", ".join(part for part in (network, self.variant[depth]) if part)

    def backprop(self, network: str = "") -> tuple[str, str]:
        """What backprop is called beside this method, and its label on this network."""
        if not self.fair:
            return "BP", network
        return f"BP with {self.fair}", f"{network}, {self.fair}"


LILLICRAP = ("01-mnist", "1x1000 logistic")
AKROUT = ("01-akrout", "1x500 logistic")
NOKLAND = ("02-table1", "2x800 tanh")

SCELLIER = ("05-mnist", "784-500-10")
OREILLY = ("08-mnist", "1x120 logistic")
XIE = ("09-mnist", "1x120 tanh")

FULL = ("GR-mid, V apart", "GR-mid")  # feedback at full strength, as in the paper
GENEREC = "generalized_recirculation"
EQPROP = "STDP and iterative inference, equilibrium propagation"
BRAINPROP = "attention-gated learning (BrainProp)"
DTP, DNI = "difference_target_propagation", "decoupled_neural_interfaces"

BY_EVENTS = Spiking("02-spiking", "200 direct", "MNIST", {"hidden synapses fixed": "200 none"})

TWO_SITES = "two sites of synaptic integration"
ENSEMBLES = Spiking("10-spiking", "2-4-1", "XOR", {"apical site off": "2-4-1, apical off"})

DENDRITES = Spiking(
    "04-mnist",
    "784-500-10, random",
    "MNIST, one epoch",
    {"in rates BP": "784-500-10, backprop", "shallow": "784-500-10, shallow"},
)

NET_03 = "784-200-10"
ON_IMAGES = Spiking(
    "03-mnist",
    f"{NET_03}, random",
    "MNIST",
    {word: f"{NET_03}, {word}" for word in ("hidden synapses fixed", "errors of other images")},
)

POPULATIONS = Spiking(
    "13-mnist", "200, spikes", "MNIST", {"hidden synapses fixed": "200, hidden synapses fixed"}
)

STOPS = "flipping a teacher changes the last layer's synapses alone"

METHODS = (
    Method("01", "feedback alignment", "feedback_alignment", LILLICRAP, "02-depth"),
    Method("01", "sign symmetry", "sign_symmetry", AKROUT, "02-depth"),
    Method("01", "weight mirror", "weight_mirror", AKROUT),
    Method("01", "Kolen-Pollack", "kolen_pollack", AKROUT),
    Method(
        "02",
        "direct feedback alignment",
        "direct_feedback_alignment",
        NOKLAND,
        "02-depth",
        spiking=BY_EVENTS,
    ),
    Method(
        "03",
        "SuperSpike",
        "superspike",
        ("03-mnist", NET_03),
        variant=("random", ""),
        spiking=ON_IMAGES,
        probed=("independent", "full target"),
    ),
    Method("04", "segregated dendrites", spiking=DENDRITES),
    Method(
        "05",
        EQPROP,
        "equilibrium_propagation",
        SCELLIER,
        "05-depth",
        ("rates of the code", ""),
        "linear output",
    ),
    Method("06", "difference target propagation", DTP, ("06-mnist", "7x240 tanh"), "06-depth"),
    Method("07", "Kickback", "kickback", ("07-mnist", "10 x 64-32 coherent"), "07-depth"),
    Method("08", "generalized recirculation", GENEREC, OREILLY, "08-depth", FULL),
    Method("08", "recirculation", "recirculation"),
    Method("09", "contrastive Hebbian learning", "contrastive_hebbian", XIE, "09-depth"),
    Method(
        "10",
        TWO_SITES,
        "two_sites",
        ("10-depth", "1x100 logistic"),
        "10-depth",
        spiking=ENSEMBLES,
    ),
    Method("11", BRAINPROP, "attention_gated", ("11-mnist", "300-100 relu"), "11-depth"),
    Method("12", "GAIT-prop", "gait_prop", ("12-mnist", "4x196 leaky_relu"), "12-depth"),
    Method("13", "the NEF route", spiking=POPULATIONS),
    Method("14", "decoupled neural interfaces", DNI, ("14-mnist", "5x256 relu")),
    Method("15", "FORCE"),
    Method("16", "conceptors"),
    Method("17", "weight sharing"),
    Method("18", "the backpropagating action potential", carries_none=STOPS),
)
BASELINES = ("backprop", "shallow", "almeida_pineda")  # stand beside every method


def project_rules() -> dict[str, type[Rule]]:
    """The rules of the project's own methods and baselines, {file name: class}."""
    known = {*BASELINES, *(method.rule for method in METHODS)}
    return {name: kind for name, kind in catalogue().items() if name in known}


def own_rules() -> dict[str, type[Rule]]:
    """The reader's rules: whatever else the catalogue finds, {file name: class}."""
    return {name: kind for name, kind in catalogue().items() if name not in project_rules()}


def table() -> pd.DataFrame:
    """One row per method; strings, ready to be shown."""
    return pd.DataFrame([_row(method) for method in METHODS])


def own_table() -> pd.DataFrame:
    """The same row for each of the reader's rules."""
    return pd.DataFrame([_row(Method("", k.name, name)) for name, k in own_rules().items()])


def markdown_table(frame: pd.DataFrame) -> str:
    """A frame in Markdown, text as it is and numbers with two decimals."""
    cells = frame.map(
        lambda v: str(v) if not isinstance(v, float) else f"{v:.2f}" if v == v else "–"
    )
    lines = ["| " + " | ".join(map(str, cells.columns)) + " |", "|" + " --- |" * len(cells.columns)]
    lines += ["| " + " | ".join(row) + " |" for row in cells.itertuples(index=False)]
    return "\n".join(lines)


def markdown() -> str:
    """The table as README.md shows it; methods without any measured cell share one line."""
    frame = table()
    nothing = (frame.drop(columns=["nb", "method"]) == UNMEASURED).all(axis=1)
    untrained = {m.name: m.carries_none for m in METHODS if m.carries_none}
    empty = [(row.method, f"{row.method} ({row.nb})") for row in frame[nothing].itertuples()]
    lines = [f"{name}: {untrained[method]}" for method, name in empty if method in untrained]
    rest = [name for method, name in empty if method not in untrained]
    shown = markdown_table(frame[~nothing])
    if lines:
        shown += f"\n\n**Carries no error:** {'; '.join(lines)}."
    return shown + (f"\n\n**Not yet measured:** {', '.join(rest)}." if rest else "")


BEGIN = "<!-- answer: generated by `credit table`, do not edit -->\n"
END = "\n<!-- /answer -->"


def in_readme(readme: str) -> str:
    """The table that stands in README.md now."""
    return readme.partition(BEGIN)[2].partition(END)[0]


def with_table(readme: str) -> str:
    """README.md with the table of today."""
    if BEGIN not in readme or END not in readme:
        raise ValueError(f"README.md has lost the lines {BEGIN.strip()!r} and {END.strip()!r}")
    return readme.partition(BEGIN)[0] + BEGIN + markdown() + END + readme.partition(END)[2]


def _row(method: Method) -> dict[str, str]:
    transport, teacher = method.probed or _audit(method.rule)
    return {
        "nb": method.notebook,
        "method": method.name,
        "spiking": _spiking(method.spiking),
        "by depth, MNIST": _depth(method),
        "MNIST, test error": _mnist(method),
        "CPU time, BP = 1": _cost(method),
        "ImageNet, published": _imagenet(method),
        "weight transport": transport,
        "teacher": teacher,
        "agreement with published values": _agreement(method),
    }


def _ends(experiment: str) -> pd.DataFrame:
    """Final test errors, one row per run, nan of those that diverged or left no value."""
    return results.final(results.load(experiment))


def _lost(runs: pd.Series) -> str:
    """', 1 of 5 diverged' of one value per run, '' where all have one."""
    lost = int(runs.isna().sum())
    return f", {lost} of {len(runs)} diverged" if lost else ""


def _mean(runs: pd.Series, digits: int = 2) -> str:
    """'2.21' of one value per run, and how many have none: '2.21 (1 of 5 diverged)'."""
    lost = _lost(runs).removeprefix(", ")
    if runs.isna().all():
        return lost
    return f"{runs.mean():.{digits}f}" + (f" ({lost})" if lost else "")


def _mnist(method: Method) -> str:
    if method.mnist is None or method.mnist[0] not in results.available():
        return UNMEASURED
    experiment, network = method.mnist
    by_run = dict(list(_ends(experiment).groupby(NET)["value"]))
    mine = (method.rule, method.label(network))
    if mine not in by_run:
        return UNMEASURED
    own = by_run[mine]
    if own.isna().all():
        return f"{_mean(own)} ({mine[1]})"
    name, label = method.backprop(network)
    baselines = {name: ("backprop", label), "shallow": ("shallow", network)}
    beside = [f"{name} {_mean(by_run[run])}" for name, run in baselines.items() if run in by_run]
    n = own.count()
    said = f"{mine[1]}, n = {n}{_lost(own)}; {', '.join(beside)}"
    return f"{verdicts.mean_in_words(own.dropna())} % ({said})"


def _spiking(where: Spiking | None) -> str:
    """'XOR: 4.20 ± 3.10 % (2-4-1, n = 5; apical site off 42.00)': test errors in spikes."""
    if where is None or where.experiment not in results.available():
        return UNMEASURED
    by_setting = dict(list(_ends(where.experiment).groupby("setting")["value"]))
    own = by_setting[where.setting]
    beside = ", ".join(f"{word} {_mean(by_setting[s])}" for word, s in where.beside.items())
    if own.isna().all():
        return f"{where.task}: {_mean(own)} ({where.setting}; {beside})"
    said = f"{where.setting}, n = {own.count()}{_lost(own)}; {beside}"
    return f"{where.task}: {verdicts.mean_in_words(own.dropna())} % ({said})"


def _cost(method: Method) -> str:
    """CPU time of an epoch beside backprop's, in the run of the MNIST cell."""
    if method.mnist is None or method.mnist[0] not in results.available():
        return UNMEASURED
    experiment, network = method.mnist
    costs = results.costs(results.load(experiment))
    own = costs[(costs["method"] == method.rule) & (costs["setting"] == method.label(network))]
    return f"{own['ratio'].iloc[0]:.1f}" if len(own) else UNMEASURED


def _depth(method: Method) -> str:
    if method.depth not in results.available():
        return UNMEASURED
    final = _ends(method.depth)
    networks = final.loc[final["method"] == "backprop", "setting"]
    networks = networks[~networks.str.contains(", ")].unique()
    wanted = {("backprop", method.backprop(network)[1]) for network in networks}
    wanted |= {(method.rule, method.label(network, depth=True)) for network in networks}
    final = final[pd.MultiIndex.from_frame(final[NET]).isin(wanted)]
    if not {method.rule, "backprop"} <= set(final["method"]):
        return UNMEASURED
    runs = dict(list(final.groupby(["method", "depth"])["value"]))
    depths = [depth for rule, depth in runs if rule == method.rule]
    ends = min(depths), max(depths)
    own, bp = (
        " → ".join(_mean(runs[rule, d], 1) for d in ends) for rule in (method.rule, "backprop")
    )
    return f"{ends[0]} → {ends[1]} layers: {own} % ({method.backprop()[0]} {bp})"


def _imagenet(method: Method) -> str:
    """The best published top-1 error on ImageNet, its network and backprop, and how it was read."""
    everything = verdicts.published()
    everything = everything[everything["metric"] == "top-1 error"].dropna(subset=["value"])
    everything = everything[everything["setting"].str.startswith("ImageNet ")]
    rows = everything[everything["method"] == method.rule]
    if rows.empty:
        return "no value read" if method.rule else UNMEASURED
    best = rows.loc[rows["value"].idxmin()]
    same = everything[everything["method"] == "backprop"]
    network = best["setting"].partition(", ")[0]  # without the rule's own label
    same = same[(same["setting"] == network) & (same["paper"] == best["paper"])]
    beside = "".join(f", BP {value:g}" for value in same["value"].head(1))
    source = f"{citation(best['paper'])}, {READ[best['read']]}"
    return (
        f"{best['value']:g} % top-1 error ({network.removeprefix('ImageNet ')}{beside}; {source})"
    )


def _audit(name: str) -> tuple[str, str]:
    if not name:
        return UNMEASURED, UNMEASURED
    transport, _, teacher = probes.audit(catalogue()[name]())
    return transport.verdict, teacher.verdict


def _agreement(method: Method) -> str:
    """What became of the published values that experiments here are to answer, a run counted once.

    'reproduced 1; near, worse 2; judged 3 of 8; difference to BP agrees in 1 of 2'
    """
    if not method.rule:
        return UNMEASURED
    rows = verdicts.published(method=method.rule)
    rows = rows[(rows["experiment"] != "") & has_value(rows)]
    if rows.empty:
        return "no value published for its runs"
    of = rows.drop_duplicates(["experiment", "setting", "paper"])
    found = [
        verdicts.verdict_table(results.with_accuracy(results.load(experiment)), experiment)
        for experiment in of["experiment"].unique()
        if experiment in results.available()
    ]
    found = [table[table["method"] == method.rule] for table in found]
    values = _counted(found, "verdict")
    parts = [f"{BEST['seen']} {values.pop(BEST['seen'], 0)}"]
    parts += [f"{word} {n}" for word, n in values.items()]
    judged = sum(_counted(found, "verdict").values())
    parts.append(f"judged {judged} of {len(of)}")
    differences = _counted(found, "difference_verdict")
    if differences:
        good = sum(n for word, n in differences.items() if word in AGREEING)
        parts.append(f"difference to BP agrees in {good} of {sum(differences.values())}")
    return "; ".join(parts)


def _counted(tables: list[pd.DataFrame], column: str) -> dict[str, int]:
    """{word: number of runs it was given to}, from good to bad."""
    words = [word for table in tables for word in verdicts.judgements(table, column)]
    places = sorted(place for word in words if (place := badness(word)) >= 0)
    return {WORDS[place]: places.count(place) for place in dict.fromkeys(places)}
