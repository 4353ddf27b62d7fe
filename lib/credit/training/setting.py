"""One experiment, complete: a frozen Setting."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from credit.nets.networks import NONLINEARITIES, OUTPUTS, SENT, Init, check_inits
from credit.nets.plain import check_sizes, finite, flag, one_of, plain, real, whole
from credit.rules.base import Rule
from credit.training.optimisers import OPTIMISERS

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
CHOICES = {
    "nonlinearity": NONLINEARITIES,
    "output": OUTPUTS,
    "sent": SENT,
    "precision": PRECISIONS,
    "optimiser": OPTIMISERS,
    "schedule": ("constant", "linear"),
}


@dataclass(frozen=True)
class Setting:
    """One experiment, complete.

    The same Setting and seed give the same numbers on the same machine with the same versions.
    Another processor rounds the last bits otherwise: what is smooth then agrees to rounding, but a
    rule that chooses, or whose network settles, can make another run of a single seed.
    Numbers may be numpy's and sequences lists: they become plain ones, so that equal settings are
    equal, and one run in the store.
    """

    rule: Rule
    sizes: tuple[int, ...] = (784, 400, 400, 10)  # units per layer, input first
    nonlinearity: str = "tanh"  # of the hidden layers
    output: str = "softmax"  # output units with their loss, see networks.OUTPUTS
    weights: Init | tuple[Init, ...] = Init("uniform_fan_in")  # one, or one per layer
    biases: Init | tuple[Init, ...] | None = Init("zero")  # None: there are none
    coherent: bool = False  # weights above the first layer stay clamped to their units' signs
    sent: str = "graded"  # what hidden layers send each other, see networks.Network
    apart: bool = False  # a network of its own for every class or value, side by side
    precision: str = "float32"
    dataset: str = "mnist"
    examples: int | None = None  # the first n training examples; None: all
    optimiser: str = "sgd"
    learning_rate: float | tuple[float, ...] = 0.1  # one, or one per layer
    schedule: str = "constant"  # or "linear": the learning rate falls to zero at the end
    own_learning_rate: float | None = None  # of the rule's learned parameters; None: the same
    weight_decay: float = 0.0  # added to the update as weight_decay * W; not to biases
    batch: int = 64  # examples
    shuffled: bool = True  # anew for every epoch; else always in the order of the files
    epochs: int = 2
    stop_below: float | None = None  # running training error in %, 3/4 old + 1/4 new
    test_epochs: tuple[int, ...] = ()  # where the test set is looked at besides the end

    def __post_init__(self):
        for f in fields(self):
            object.__setattr__(self, f.name, plain(getattr(self, f.name), f.type))
        if not isinstance(self.rule, Rule):
            raise ValueError(f"rule is {self.rule!r}, expected a Rule such as Backprop()")
        check_sizes(self.sizes)
        layers = len(self.sizes) - 1
        check_inits("weights", self.weights, layers)
        if self.biases is not None:
            check_inits("biases", self.biases, layers)
        for name, known in CHOICES.items():
            one_of(name, getattr(self, name), known)
        for name in ("coherent", "apart", "shuffled"):
            flag(name, getattr(self, name))
        if self.coherent and self.nonlinearity != "signed_relu":
            raise ValueError(f"coherent needs signed_relu units, got {self.nonlinearity}")
        for name in ("batch", "epochs", "examples"):
            if name != "examples" or self.examples is not None:
                whole(name, getattr(self, name))
        least = self.rule.smallest_batch
        if min(self.batch, self.examples or self.batch) < least:
            given = f"batch is {self.batch}" + f" of {self.examples} examples" * bool(self.examples)
            raise ValueError(f"{given}, {self.rule.name} needs at least {least} side by side")
        layered = isinstance(self.learning_rate, tuple)
        for rate in self.learning_rate if layered else (self.learning_rate,):
            if not finite(rate) or not rate > 0:
                raise ValueError(
                    f"learning_rate is {self.learning_rate!r}, expected a positive number"
                )
        for name in ("own_learning_rate", "weight_decay", "stop_below"):
            value = getattr(self, name)
            if value is not None:
                real(name, value, "a number of at least 0", lambda v: v >= 0)
        if layered and len(self.learning_rate) != layers:
            raise ValueError(
                f"learning_rate has {len(self.learning_rate)} rates, expected {layers}: one a layer"
            )
        tested = self.test_epochs
        right = isinstance(tested, tuple) and all(type(n) is int and n > 0 for n in tested)
        # a shorter run may keep the list of a longer one, as long as it comes to the first of them
        if not right or min(tested, default=0) > self.epochs:
            raise ValueError(
                f"test_epochs is {tested!r}, expected a tuple of epochs from 1 to {self.epochs}"
            )

    def batches(self, n: int, random: torch.Generator) -> tuple[Tensor, ...]:
        """The indices of n examples, one tensor for each update of an epoch."""
        order = torch.randperm(n, generator=random) if self.shuffled else torch.arange(n)
        return order.split(self.batch)

    @property
    def label(self) -> str:
        """Hidden layers as in the papers' tables: "2x800 tanh"."""
        hidden = self.sizes[1:-1]
        widths = (
            f"{len(hidden)}x{hidden[0]}" if len(set(hidden)) == 1 else "-".join(map(str, hidden))
        )
        return f"{widths} {self.nonlinearity}"
