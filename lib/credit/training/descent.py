"""How updates change a network: plain gradient descent by hand, the others by torch.optim."""

from collections import defaultdict
from collections.abc import Iterator

from torch import Tensor

from credit.nets.networks import Network, Product
from credit.rules.base import Update
from credit.training.optimisers import OPTIMISERS
from credit.training.setting import Setting


class Descent:
    """Applies updates in place: plain gradient descent by hand, the others by torch.optim."""

    def __init__(self, setting: Setting, network: Network, own: dict):
        self.layers, self.own, self.decay = network.layers, own, setting.weight_decay
        self.schedule = setting.schedule
        self.biased = setting.biases is not None
        self.coherent = network.make_coherent if setting.coherent else None
        rates = setting.learning_rate
        if not isinstance(rates, tuple):
            rates = (rates,) * len(network.layers)
        self.rates = dict(zip(network.layers, rates, strict=True))
        given = setting.own_learning_rate
        self.own_rates = self.rates if given is None else dict.fromkeys(self.rates, given)
        self.optimiser = None
        if setting.optimiser != "sgd":
            groups = defaultdict(list)  # by rate and decay
            for l, layer in network.layers.items():
                groups[self.rates[l], self.decay].append(layer.W)
                groups[self.rates[l], 0.0].append(layer.b)
            for name in setting.rule.learned:
                for l, w in own[name].items():
                    groups[self.own_rates[l], self.decay].append(w)
            self.optimiser = OPTIMISERS[setting.optimiser](
                [{"params": p, "lr": r, "weight_decay": d} for (r, d), p in groups.items()],
                lr=self.rates[1],
            )
            self.full = [group["lr"] for group in self.optimiser.param_groups]

    def fraction(self, done: float) -> float:
        """Of the learning rates, when this share of all updates is done."""
        return 1 - done if self.schedule == "linear" else 1.0

    def apply(self, update: Update, fraction: float = 1.0):
        """One step at this fraction of the learning rates."""
        if not self.biased:
            update = Update(update.W, {}, update.own)
        self._step(update, fraction)
        if self.coherent:
            self.coherent()

    def _step(self, update: Update, fraction: float):
        if self.optimiser is not None:
            for group, full in zip(self.optimiser.param_groups, self.full, strict=True):
                group["lr"] = full * fraction
            for parameter, direction in self._pairs(update.dense()):
                parameter.grad = direction
            self.optimiser.step()
            self.optimiser.zero_grad()  # frees the update before the next one is made
            return
        for l, db in update.b.items():
            self.layers[l].b.sub_(db, alpha=self.rates[l] * fraction)
        for l, dW in update.W.items():
            self._descend(self.layers[l].W, dW, self.rates[l] * fraction)
        for name, updates in update.own.items():
            for l, dB in updates.items():
                self._descend(self.own[name][l], dB, self.own_rates[l] * fraction)

    def _pairs(self, update: Update) -> Iterator[tuple[Tensor, Tensor]]:
        for l, dW in update.W.items():
            yield self.layers[l].W, dW
        for l, db in update.b.items():
            yield self.layers[l].b, db
        for name, updates in update.own.items():
            for l, dB in updates.items():
                yield self.own[name][l], dB

    def _descend(self, W: Tensor, dW: Product | Tensor, rate: float):
        if self.decay:
            W.mul_(1 - rate * self.decay)
        if isinstance(dW, Product):
            dW.descend(W, rate)
        else:
            W.sub_(dW, alpha=rate)
