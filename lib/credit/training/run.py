"""`run`, a pure function of a Setting and a seed: train once, give tidy rows."""

import math
import time
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import OUTPUTS, Init, Network, make_network
from credit.nets.plain import whole
from credit.nets.streams import streams
from credit.rules.base import own_parameters
from credit.rules.contract import check
from credit.tasks import data
from credit.training.arithmetic import without_denormals
from credit.training.descent import Descent
from credit.training.diagnostics import alignment, in_double
from credit.training.setting import PRECISIONS, Setting

PROBE = 512  # validation examples on which the angles are measured
EARLY = (1, 3, 10, 30, 100, 300)  # updates of the first epoch after which they are,
ROUND = {first * 10**power for first in (1, 2, 5) for power in range(4)}  # and the epochs


def answers(y: Tensor) -> Tensor:
    """[batch, answers] from one network's y, or from [answers, batch, 1] of networks apart."""
    return y.squeeze(-1).mT if y.dim() == 3 else y


def misses(y: Tensor, label: Tensor) -> Tensor:
    """Wrong answers [1]; of values, squared errors [n]. An answer is right where the label's output
    is above all others: where the largest tie, there is no answer."""
    if label.dim() == 1:
        below = (y < y.gather(-1, label.unsqueeze(-1))).sum(-1)
        return (below != y.shape[-1] - 1).sum().view(1)
    return (y - label).square().sum(0)


def unanswered(y: Tensor) -> Tensor:
    """How many rows of y [n, classes] have no answer: the largest outputs tie."""
    first, second = y.topk(2).values.unbind(-1)
    return (first == second).sum()


def rates(missed: Tensor, label: Tensor, together: bool = False) -> Tensor:
    """misses over a split: in % of its examples or, of values, in units of their variance, of each
    or of all together [1]."""
    if label.dim() == 1:
        return 100 * missed / len(label)
    variance = len(label) * label.var(0, correction=0)
    return missed.sum().view(1) / variance.sum() if together else missed / variance


def outputs(
    answer: Callable[[Tensor], Tensor], x: Tensor, classes: int, chunk: int = 2000
) -> Tensor:
    """What a network answers to a whole split, [n, classes].

    answer  x -> y
    """
    return torch.cat([answers(answer(part))[:, :classes] for part in x.split(chunk)])


def error_rates(
    answer: Callable[[Tensor], Tensor], split: data.Split, classes: int, chunk: int = 2000
) -> Tensor:
    """The error in % [1] or, of a regression, the normalised error of every value [classes]."""
    return rates(misses(outputs(answer, split.x, classes, chunk), split.label), split.label)


def targets(label: Tensor, classes: int, apart: bool, dtype: torch.dtype) -> Tensor:
    """t [n, classes] of one network, or [classes, n, 1] of networks apart, classes as -1 and 1."""
    t = (data.one_hot(label, classes) if label.dim() == 1 else label).to(dtype)
    if not apart:
        return t
    return (t if label.dim() == 2 else 2 * t - 1).mT.unsqueeze(-1)


def build(setting: Setting, seed: int, classes: int) -> Network:
    """The network of a setting, or the `classes` networks side by side that answer for it."""
    seeds = range(seed * classes, (seed + 1) * classes) if setting.apart else seed
    return make_network(
        setting.sizes, seeds, setting.nonlinearity, setting.output, setting.weights,
        setting.biases or Init("zero"), PRECISIONS[setting.precision], setting.sent,
    )  # fmt: skip


class Diverged(Exception):
    """Weights or outputs are no longer finite."""


def must_be_finite(*tensors: Tensor):
    if not all(bool(w.isfinite().all()) for w in tensors):
        raise Diverged


@without_denormals()
def run(setting: Setting, seed: int) -> list[dict]:
    """Train once; returns tidy rows of epoch, layer, metric, value, unit.

    Epochs count from 1, with fractions inside the first. Metrics: train error (running, over the
    epoch) and validation error after each epoch; test error after the last one and after
    setting.test_epochs; beside these two, where it is not zero, the share of examples for which the
    largest outputs tie, "validation no answer" and "test no answer", which count as wrong; the rows
    of diagnostics.alignment at the start, early in the first epoch, after epochs 1, 2, 5, 10, ...
    and at the end; of a network that settles, the mean number of steps in every phase of an epoch;
    the CPU time of the whole run. Nothing is chosen by the test error. A regression has the
    normalised mean squared error, nMSE, in its place, the mean over the values, and at the end the
    test nMSE of each; a reconstruction that of all pixels together.

    A run whose weights or outputs are no longer finite ends where that is seen, after an epoch or
    early in the first, with a row "diverged": the epoch. It has no error of that epoch.
    """
    clock = time.process_time()
    seed = whole("seed", seed, 0, "a non-negative integer")
    random = streams(seed)
    dataset = data.load(setting.dataset)
    _check_fit(setting, dataset)
    classes, dtype = len(dataset.classes), PRECISIONS[setting.precision]
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    x = x.to(dtype)
    t = targets(label, classes, setting.apart, dtype)
    network = build(setting, seed, classes)
    own = own_parameters(setting.rule, setting.sizes, seed, dtype)
    check(setting.rule, network, own, x[: setting.batch], t[..., : setting.batch, :])
    ch = Channels(network, own, random, len(x))
    descent = Descent(setting, network, own)
    chance = streams(seed)  # of what is asked beside training
    asked = Channels(network, own, chance)
    probe = dataset.validation.x[:PROBE].double()
    wanted = targets(dataset.validation.label[:PROBE], classes, setting.apart, torch.float64)
    kind, unit = ("nMSE", "1") if dataset.regression else ("error", "%")
    together = dataset.reconstruction

    rows, step, running = [], 0, 100.0
    updates = math.ceil(len(x) / setting.batch)  # in an epoch
    total = updates * setting.epochs

    def record(metric, value, unit=unit, layer=0):
        row = {"epoch": step / updates, "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    def batches():
        return setting.batches(len(x), random["order"])

    def diagnose():
        for row in alignment(setting.rule, in_double(network, own, chance, wanted), probe):
            record(row["metric"], row["value"], row["unit"], row["layer"])

    def check_finite(y):
        must_be_finite(y, *network.parameters(), *(w for ws in own.values() for w in ws.values()))

    def test(name, split):
        """Record the errors of a split; returns them."""
        y = outputs(lambda x: setting.rule.answer(asked, x.to(dtype)), split.x, classes)
        must_be_finite(y)
        errors = rates(misses(y, split.label), split.label, together)
        record(f"{name} {kind}", errors.mean())
        if not dataset.regression and (silent := unanswered(y)):
            record(f"{name} no answer", 100 * silent / len(y))
        return errors

    def train(epoch):
        """One epoch; returns its running error and the steps of settling."""
        nonlocal step
        if epoch <= setting.rule.prepares:
            for index in batches():
                descent.apply(setting.rule.prepare(ch, x[index]), descent.fraction(step / total))
        missed, settled = 0, Counter()
        for index in batches():
            trace, update = setting.rule.step(ch.teach(t[..., index, :], index), x[index])
            descent.apply(update, descent.fraction(step / total))
            y = answers(trace.h[network.L])[:, :classes]
            missed = missed + misses(y, label[index])
            step += 1
            settled.update(trace.taken())
            if step in EARLY and step < updates:
                check_finite(y)
                diagnose()
        check_finite(y)
        return rates(missed, label, together).mean(), settled

    try:
        diagnose()
        for epoch in range(1, setting.epochs + 1):
            error, settled = train(epoch)
            running = 0.75 * running + 0.25 * float(error)
            enough = setting.stop_below is not None and running <= setting.stop_below
            last = enough or epoch == setting.epochs
            record(f"train {kind}", error)
            for name, steps in settled.items():
                if steps:
                    record(f"steps, {name}", steps / updates, "1")
            test("validation", dataset.validation)
            if last or epoch in setting.test_epochs:
                errors = test("test", dataset.test)
                if dataset.regression and not together:
                    for name, value in zip(dataset.classes, errors, strict=True):
                        record(f"test {kind} of {name}", value)
            if last or epoch in ROUND:
                diagnose()
            if last:
                break
    except Diverged:
        record("diverged", step / updates, "1")
    record("cpu time", time.process_time() - clock, "s")
    return rows


def _check_fit(setting: Setting, dataset: data.Dataset):
    """Refuse a network that does not fit the data, and more examples than there are."""
    if (setting.examples or 0) > len(dataset.train):
        raise ValueError(
            f"examples is {setting.examples}, {setting.dataset} has {len(dataset.train)} to train "
            f"on; {len(dataset.validation)} more are for validation"
        )
    output, given = OUTPUTS[setting.output], setting.sizes[-1]
    inputs = dataset.train.x.shape[1]
    outputs = output.units * (1 if setting.apart else len(dataset.classes))
    if setting.sizes[0] != inputs or not (given == outputs or (output.spare and given > outputs)):
        raise ValueError(
            f"sizes {setting.sizes} do not fit {setting.dataset}: expected {inputs} inputs and "
            f"{outputs} outputs{' or more' if output.spare else ''}"
        )
