"""Learning by events as in `online`, with the answers of every class apart.

Where a neuron learns only when it is chosen, a class can be lost: its neuron is never chosen.
"""

import torch

from credit.spiking.online import Learner, missed
from credit.tasks import data


def run(setting, seed: int) -> list[dict]:
    """Train as online.run does; rows of epoch, layer, metric, value, unit.

    Metrics: validation error after each epoch and test error after the last; and as often the
    share of the split's images that are answered with class k, right or wrong.
    """
    dataset, learner = data.load(setting.dataset), Learner(setting, seed)
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    chunks, rows = len(x) // setting.chunk, []

    def record(epoch, name, split):
        answers, _ = learner.show(split.x, split.label)
        values = {f"{name} error": missed(answers, split.label)}
        share = 100 * torch.bincount(answers, minlength=len(dataset.classes)) / len(answers)
        values |= {f"{name} answers, class {k}": value for k, value in enumerate(share.tolist())}
        for metric, value in values.items():
            row = {"epoch": epoch, "layer": 0, "metric": metric}
            rows.append(row | {"value": value, "unit": "%"})

    for epoch in range(setting.epochs):
        order = torch.randperm(len(x), generator=learner.random["order"]).split(setting.chunk)
        for k, index in enumerate(order):
            done = (epoch + k / chunks) / setting.epochs
            rate = 1 - done if setting.schedule == "linear" else 1.0
            learner.show(x[index], label[index], rate)
        record(epoch + 1, "validation", dataset.validation)
    record(setting.epochs, "test", dataset.test)
    return rows
