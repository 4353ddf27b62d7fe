"""The cited methods, and which of the committed results answer the question for each of them."""

from dataclasses import dataclass

from credit.rules import catalogue
from credit.rules.base import Rule


@dataclass(frozen=True)
class Trained:
    """A network that was trained on MNIST, by the labels of its runs in an experiment.

    network  the label of backprop and of the shallow baseline
    variant  what stands behind it in the rule's own label
    fair     and in that of its fair baselines, where those of the same network are not
    shallow  the experiment of the fair shallow baseline, where that is another one
    note     what else must be said of it, in a few words
    """

    experiment: str
    network: str
    variant: str = ""
    fair: str = ""
    shallow: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        return joined(self.network, self.variant)

    @property
    def beside(self) -> str:
        return joined(self.network, self.fair)


@dataclass(frozen=True)
class Spiking:
    """A network of spiking neurons that was trained, by the label of its runs in an experiment.

    floor     label of the control in which the hidden synapses learn nothing
    backprop  label of backprop in rates; none where there is none for the task
    beside    the experiments of floor and backprop, where these are others
    variant   in what it is not the method's own form, in a few words
    metric    of the task, as a share where it is no error in percent
    """

    experiment: str
    label: str
    floor: str
    backprop: str = ""
    task: str = "MNIST"
    beside: tuple[str, ...] = ()
    variant: str = ""
    metric: str = "test error"


@dataclass(frozen=True)
class Method:
    """A row of the answer: the notebook, the method and, once they exist, its rule and results.

    notebook  its number, or "" for a rule of one's own
    """

    notebook: str
    name: str
    rule: str = ""  # file name in credit.rules
    mnist: Trained | None = None  # the best network of its notebook, with few layers if it has one
    deep: Trained | None = None  # a network of three hidden layers or more
    spiking: Spiking | None = None
    # what its notebook measured of a method that carries no error and so trains nothing
    carries_none: str = ""
    # where the audit does not ask this form of the rule, as its neurons spike, say: what the probes
    # of its notebook say of weight transport and teacher
    probed: tuple[str, str] | None = None


def joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _event_driven(notebook: str, pathway: str, variant: str = "", spikes: bool = True) -> Spiking:
    """With the errors of the output in spikes, or signed events where these did better on the
    validation images."""
    how = "errors in spikes" if spikes else ""
    return Spiking(
        f"{notebook}-spiking" + "-populations" * spikes, joined(f"200 {pathway}", how),
        joined("200 none", how), RATES,
        beside=("02-spiking-floor" if spikes else "02-spiking", "02-rates"),
        variant=joined(how or "errors as signed events", variant),
    )  # fmt: skip


def _two_phases(experiment: str, label: str, variant: str = "") -> Spiking:
    beside = tuple(e for e in ("09-spiking", "02-rates") if e != experiment)
    return Spiking(experiment, label, "200 untold", RATES, beside=beside, variant=variant)


LENGTH = ", best at full length"  # rates of what spikes are compared with
RATES = "1x200 relu" + LENGTH  # backprop beside both
LARGEST = "sign symmetry", Spiking(  # the best so far, named below the network that all share
    "01-spiking-long", "500 signs, errors in spikes", "500 none", "1x500 relu" + LENGTH,
    variant="500 hidden neurons, six passes, all errors in spikes",
)  # fmt: skip
LONGER = "equilibrium propagation", Spiking(  # the shared network, with more time for every image
    "05-spiking-explained", "200 equilibrium propagation, phases of 120 ms",
    "200 untold, phases of 120 ms", RATES, beside=("05-spiking-longer-untold", "02-rates"),
    variant="120 ms in place of 60",
)  # fmt: skip


# {hidden layers: the neurons of each}, as in the labels of networks in spikes.
LAYERS = {1: "200", 2: "200-100", 4: "200-100-100-100"}


def _four_layers(experiment: str, pathway: str, floor: str = "none") -> Spiking:
    layers = LAYERS[4]
    return Spiking(
        experiment, f"{layers} {pathway}", f"{layers} {floor}", f"{layers} relu{LENGTH}",
        beside=tuple(e for e in ("01-spiking-four", "02-rates-four") if e != experiment),
    )  # fmt: skip


DEEPEST = (  # four hidden layers in spikes, errors as signed events
    ("Kickback", _four_layers("07-spiking-four", "Kickback", "none, coherent")),
    ("attention-gated learning", _four_layers("11-spiking-four", "attention")),
    ("Kolen-Pollack", _four_layers("01-spiking-four", "Kolen-Pollack")),
)


AKROUT = Trained("01-akrout", "1x500 logistic")
EIGHT = Trained("02-depth", "8x240 tanh")  # on equal terms

METHODS = (
    Method(
        "01",
        "feedback alignment",
        "feedback_alignment",
        mnist=Trained("01-mnist", "1x1000 logistic"),
        deep=EIGHT,
        spiking=_event_driven("02", "direct", "one hidden layer: as direct feedback"),
    ),
    Method(
        "01",
        "sign symmetry",
        "sign_symmetry",
        mnist=AKROUT,
        deep=EIGHT,
        spiking=_event_driven("01", "signs"),
    ),
    Method(
        "01",
        "weight mirror",
        "weight_mirror",
        mnist=AKROUT,
        spiking=_event_driven("01", "weight mirror"),
    ),
    Method(
        "01",
        "Kolen-Pollack",
        "kolen_pollack",
        mnist=AKROUT,
        spiking=_event_driven("01", "Kolen-Pollack"),
    ),
    Method(
        "02",
        "direct feedback alignment",
        "direct_feedback_alignment",
        mnist=Trained("02-table1", "2x800 tanh"),
        deep=EIGHT,
        spiking=_event_driven("02", "direct"),
    ),
    Method(
        "03",
        "SuperSpike",
        "superspike",
        spiking=Spiking(
            "03-mnist",
            "784-200-10, random",
            "784-200-10, hidden synapses fixed",
            "200, rates",  # on as many images; its rate falls, that of 03's own backprop does not
            beside=("13-mnist",),
            variant="random feedback",
        ),
        probed=("independent", "full target"),
    ),
    Method(
        "04",
        "segregated dendrites",
        spiking=Spiking(
            "04-mnist",
            "784-500-10, random",
            "784-500-10, none",
            "784-500-10, backprop",
            beside=("04-floor",),
        ),
    ),
    Method(
        "05",
        "equilibrium propagation",
        "equilibrium_propagation",
        mnist=Trained("05-mnist", "784-500-10", "rates of the code", "linear output", "05-shallow"),
        deep=Trained("05-depth", "6x256 hard_sigmoid", fair="linear output", shallow="05-shallow"),
        spiking=_two_phases("05-spiking", "200 equilibrium propagation"),
    ),
    Method(
        "06",
        "difference target propagation",
        "difference_target_propagation",
        mnist=Trained("06-mnist", "7x240 tanh"),
        deep=Trained("06-mnist", "7x240 tanh"),
        spiking=_event_driven("06", "target difference", "SDTP: no weight transport"),
    ),
    Method(
        "07",
        "Kickback",
        "kickback",
        mnist=Trained("07-mnist", "10 x 64-32 coherent"),
        deep=Trained("07-depth", "6x64 signed_relu"),
        spiking=Spiking(
            "07-spiking-populations",
            "200-100 Kickback, errors in spikes",
            "200-100 none, coherent",
            "200-100 relu" + LENGTH,
            beside=("07-spiking", "02-rates"),
            variant="errors in spikes, two hidden layers",
        ),
    ),
    Method(
        "08",
        "generalized recirculation",
        "generalized_recirculation",
        mnist=Trained("08-mnist", "1x120 logistic", "GR-mid, V apart"),
        spiking=_two_phases("08-spiking", "200 GeneRec, V apart"),
    ),
    Method(
        "08",
        "generalized recirculation through W",
        "generalized_recirculation",
        mnist=Trained("08-mnist", "1x120 logistic", "GR-mid, weak"),
        deep=Trained("08-depth", "6x100 logistic", "GR-mid, gain 0.2"),
        spiking=_two_phases("08-spiking", "200 GeneRec, V is W", "at full strength"),
        probed=("depends", "full target"),  # of this variant, by its notebook
    ),
    Method(
        "08",
        "recirculation",
        "recirculation",
        spiking=Spiking(
            "08-recirculation",
            "100 recirculation",
            "100 recirculation, hidden synapses fixed",
            "1x100 logistic",
            task="reconstruction",
            variant="fixed hidden neurons that are as active do better",
            metric="test nMSE",
        ),
    ),
    Method(
        "09",
        "contrastive Hebbian learning",
        "contrastive_hebbian",
        mnist=Trained("09-mnist", "1x120 tanh"),
        deep=Trained("09-depth", "6x64 tanh", note="double precision, backprop at the same rate"),
        spiking=_two_phases("09-spiking", "200 contrastive Hebbian"),
    ),
    Method(
        "10",
        "two sites of synaptic integration",
        "two_sites",
        mnist=Trained("10-depth", "1x100 logistic"),
        deep=Trained("10-depth", "3x100 logistic"),
        spiking=Spiking("10-spiking", "2-4-1", "2-4-1, apical off", task="XOR"),
    ),
    Method(
        "11",
        "attention-gated learning (BrainProp)",
        "attention_gated",
        mnist=Trained("11-mnist", "300-100 relu"),
        deep=Trained("11-depth", "6x100 relu"),
        spiking=_event_driven("11", "attention", spikes=False),
    ),
    Method(
        "12",
        "GAIT-prop",
        "gait_prop",
        mnist=Trained("12-mnist", "4x196 leaky_relu"),
        deep=Trained("12-mnist", "4x196 leaky_relu"),
        spiking=_event_driven("12", "GAIT"),
    ),
    Method(
        "13",
        "the NEF route",
        spiking=Spiking("13-mnist", "200, spikes", "200, hidden synapses fixed", "200, rates"),
    ),
    Method(
        "14",
        "decoupled neural interfaces",
        "decoupled_neural_interfaces",
        mnist=Trained("14-mnist", "2x256 relu"),
        deep=Trained("14-normalised", "5x256 relu, batch normalised"),
        spiking=_event_driven("14", "synthetic", "not unlocked"),
    ),
    Method("15", "FORCE"),
    Method("16", "conceptors"),
    Method("17", "weight sharing"),
    Method(
        "18",
        "the backpropagating action potential",
        carries_none="in a model without feedback synapses flipping a teacher changes the last "
        "layer's synapses alone",
    ),
)
BASELINES = ("backprop", "shallow", "almeida_pineda")  # stand beside every method


def project_rules() -> dict[str, type[Rule]]:
    """The rules of the project's own methods and baselines, {file name: class}."""
    known = {*BASELINES, *(method.rule for method in METHODS)}
    return {name: kind for name, kind in catalogue().items() if name in known}


def own_rules() -> dict[str, type[Rule]]:
    """The reader's rules: whatever else the catalogue finds, {file name: class}."""
    return {name: kind for name, kind in catalogue().items() if name not in project_rules()}
