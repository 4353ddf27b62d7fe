"""Blocks with batch normalisation, which the networks of the library do not have."""

import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from credit.nets.streams import streams
from credit.rules.decoupled_neural_interfaces import DecoupledNeuralInterfaces
from credit.rules.shallow import Shallow
from credit.tasks import data
from credit.training.run import Diverged, must_be_finite
from credit.training.setting import Setting


def run_normalised(setting: Setting, seed: int) -> list[dict]:
    """Train once with batch normalisation in every hidden block, as the paper does.

    For BP, shallow and linear cDNI. By torch.autograd, which in cDNI never crosses from one block
    to the next: what comes in from below is detached. Rows as of training.run, without angles; a
    run whose weights or outputs are no longer finite ends with its row "diverged".
    """
    clock, random = time.process_time(), streams(seed)
    torch.manual_seed(int(torch.randint(2**31, (), generator=random["weights"])))
    dataset = data.load(setting.dataset)
    (x, label), classes = (dataset.train.x, dataset.train.label), len(dataset.classes)
    x, label = x[: setting.examples], label[: setting.examples]
    t = data.one_hot(label, classes)
    blocks, hidden, top = nn.ModuleList(), setting.sizes[1:-1], len(setting.sizes) - 2
    for fan_in, n in zip(setting.sizes[:-1], setting.sizes[1:], strict=True):
        linear = nn.Linear(fan_in, n)
        nn.init.normal_(linear.weight, 0.0, (2 / fan_in) ** 0.5)
        nn.init.zeros_(linear.bias)
        blocks.append(nn.Sequential(linear, nn.BatchNorm1d(n), nn.ReLU()))
    blocks[top] = blocks[top][0]
    models = nn.ModuleList(nn.Linear(n + classes, n) for n in hidden)
    for parameter in models.parameters():
        nn.init.zeros_(parameter)
    taught = blocks[top] if isinstance(setting.rule, Shallow) else blocks
    groups = [
        {"params": list(taught.parameters()), "lr": setting.learning_rate},
        {"params": list(models.parameters()), "lr": setting.own_learning_rate},
    ]
    optimiser = torch.optim.Adam(groups)
    updates = -(-len(x) // setting.batch)
    falls = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 1 - step / (updates * setting.epochs)
    )
    decoupled = isinstance(setting.rule, DecoupledNeuralInterfaces)

    def learn(h, label, t):
        """Gradients of a batch; returns how many answers were wrong."""
        for l, block in enumerate(blocks):
            below = h.detach().requires_grad_(l > 0) if decoupled else h
            h = block(below)
            if l == top:
                cross_entropy(h, label).backward()
            elif decoupled:
                with torch.no_grad():
                    ghat = models[l](torch.cat([h, t], -1))
                h.backward(ghat / len(h))
            if decoupled and l > 0:
                model = models[l - 1](torch.cat([below.detach(), t], -1))
                distance = 0.5 * (model - len(h) * below.grad).square().sum(-1).mean()
                distance.backward()
        return int((h.argmax(-1) != label).sum())

    def error(split):
        with torch.no_grad():
            h = split.x
            for block in blocks.eval():
                h = block(h)
        blocks.train()
        must_be_finite(h, *blocks.parameters(), *models.parameters())
        return 100 * float((h.argmax(-1) != split.label).float().mean())

    rows = []

    def record(epoch, metric, value, unit="%"):
        row = {"epoch": float(epoch), "layer": 0, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    try:
        for epoch in range(1, setting.epochs + 1):
            missed = 0
            for index in setting.batches(len(x), random["order"]):
                optimiser.zero_grad()
                missed += learn(x[index], label[index], t[index])
                optimiser.step()
                falls.step()
            found = error(dataset.validation)
            record(epoch, "train error", 100 * missed / len(x))
            record(epoch, "validation error", found)
        record(epoch, "test error", error(dataset.test))
    except Diverged:
        record(epoch, "diverged", epoch, "1")
    record(epoch, "cpu time", time.process_time() - clock, "s")
    return rows
