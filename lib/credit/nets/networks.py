"""Dense networks, one or many side by side, and the trace that a pass through them leaves.

Layers are counted as in the papers: h_0 is the input, layer l = 1..L holds W_l [..., n_l, n_{l-1}],
h_L is the output y. Everything per layer is a dict keyed by l. Leading axes are independent
networks: the same lines serve one network or fifty seeds at once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial

import torch
from torch import Tensor
from torch.nn import functional

from credit.nets.plain import check_sizes, one_of, plain
from credit.nets.streams import streams


@dataclass(frozen=True)
class Init:
    """How a matrix or a bias is drawn.

    kind     zero, uniform (+-scale), uniform_fan_in (+-scale / sqrt(fan_in)),
             normal (standard deviation scale), normal_fan_in (scale / sqrt(fan_in)),
             uniform_fan_sum and normal_fan_sum (scale / sqrt(fan_in + fan_out); Glorot's uniform
             one has the scale sqrt(6)), orthogonal (times scale),
             coherent_fan_in (normal_fan_in, every row with the sign of its unit, see `signs`)
    scale    dimensionless
    The fan_in of W_l [n_l, n_{l-1}] is its last axis; a bias has the fans of its layer's matrix.
    """

    kind: str = "uniform_fan_in"
    scale: float = 1.0

    KINDS = (
        "zero", "uniform", "uniform_fan_in",
        "normal", "normal_fan_in", "normal_fan_sum", "orthogonal", "coherent_fan_in",
        "uniform_fan_sum",
    )  # fmt: skip

    def __post_init__(self):
        if self.kind not in self.KINDS:
            raise ValueError(f"unknown init {self.kind!r}, expected one of {', '.join(self.KINDS)}")

    def draw(self, shape, generator, fans=None, dtype=torch.float32) -> Tensor:
        """One draw of `shape`; fans = (fan_out, fan_in), by default the shape itself."""
        fan_out, fan_in = fans or shape
        if self.kind == "zero":
            return torch.zeros(shape, dtype=dtype)
        if self.kind == "orthogonal":
            if len(shape) == 1:
                raise ValueError("a bias cannot be orthogonal, choose another init for biases")
            # torch's orthogonal_ takes a generator and draws a tall or wide semi-orthogonal matrix
            empty = torch.empty(shape, dtype=dtype)
            return self.scale * torch.nn.init.orthogonal_(empty, generator=generator)
        width = {
            "uniform": 1.0,
            "normal": 1.0,
            "uniform_fan_in": 1 / math.sqrt(fan_in),
            "normal_fan_in": 1 / math.sqrt(fan_in),
            "coherent_fan_in": 1 / math.sqrt(fan_in),
            "normal_fan_sum": 1 / math.sqrt(fan_in + fan_out),
            "uniform_fan_sum": 1 / math.sqrt(fan_in + fan_out),
        }[self.kind] * self.scale
        if self.kind.startswith("uniform"):
            return (torch.rand(shape, generator=generator, dtype=dtype) * 2 - 1) * width
        drawn = torch.randn(shape, generator=generator, dtype=dtype) * width
        if self.kind == "coherent_fan_in":
            return (drawn.abs().mT * signs(shape[0], dtype)).mT
        return drawn


def check_inits(name: str, inits, layers: int):
    """Refuse what is neither one Init nor a tuple with one for each layer."""
    each = inits if isinstance(inits, tuple) else (inits,) * layers
    if not all(isinstance(init, Init) for init in each):
        raise ValueError(f"{name} is {inits!r}, expected an Init, or a tuple with one a layer")
    if len(each) != layers:
        raise ValueError(f"{name} has {len(each)} inits, expected {layers}: one a layer")


def signs(units: int, dtype=torch.float32) -> Tensor:
    """+1, -1, +1, ...: the fixed signs of the units of a signed layer, [units]."""
    return 1 - 2 * (torch.arange(units) % 2).to(dtype)


def _signed(h: Tensor) -> Tensor:
    return h * signs(h.shape[-1], h.dtype)


def _leaky(a: Tensor) -> Tensor:
    return functional.leaky_relu(a, LEAK)


def _clip(a: Tensor) -> Tensor:
    return a.clamp(0, 1)


LEAK = 0.1  # slope of the leaky rectifier below zero


@dataclass(frozen=True)
class Nonlinearity:
    """phi, its slope and, where there is one, its inverse; the slope is given both a and
    h = phi(a) and uses the cheaper one."""

    phi: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor] | None = None


NONLINEARITIES = {
    "tanh": Nonlinearity(torch.tanh, lambda a, h: 1 - h * h),
    "logistic": Nonlinearity(torch.sigmoid, lambda a, h: h * (1 - h)),
    "relu": Nonlinearity(torch.relu, lambda a, h: (h > 0).to(h.dtype)),
    "linear": Nonlinearity(lambda a: a, lambda a, h: torch.ones_like(h), lambda h: h),
    "leaky_relu": Nonlinearity(
        _leaky,
        lambda a, h: LEAK + (1 - LEAK) * (h > 0).to(h.dtype),
        lambda h: torch.where(h < 0, h / LEAK, h),
    ),
    # slope 1 at both ends too: a unit that has been clipped must be able to come back
    "hard_sigmoid": Nonlinearity(_clip, lambda a, h: ((a >= 0) & (a <= 1)).to(a.dtype)),
    # every other unit is an inhibitory one: its rate counts negatively
    "signed_relu": Nonlinearity(
        lambda a: _signed(torch.relu(a)), lambda a, h: _signed((a > 0).to(a.dtype))
    ),
    # The audit's: with tanh a rule can rebuild the slope from h, with this one it cannot.
    "odd": Nonlinearity(
        lambda a: torch.tanh(a) + 0.15 * torch.sin(2 * a),
        lambda a, h: 1 - torch.tanh(a) ** 2 + 0.3 * torch.cos(2 * a),
    ),
}


@dataclass(frozen=True)
class Output:
    """The output units with their loss: y(a_L), the loss per example and e = d loss / d a_L.

    y        a_L [..., n_L] -> y, one number per answer
    loss     (a_L, t) -> [..., batch]
    error    (a_L, y, t) -> [..., batch, n_L]
    units    output units per answer
    slope    (a_L, y) -> d y / d a_L per unit, for outputs with a unit-wise one
    inverse  y -> a_L, where there is one
    spare    whether there may be more units than targets: the others then have no error
    """

    y: Callable[[Tensor], Tensor]
    loss: Callable[[Tensor, Tensor], Tensor]
    error: Callable[[Tensor, Tensor, Tensor], Tensor]
    units: int = 1
    slope: Callable[[Tensor, Tensor], Tensor] | None = None
    inverse: Callable[[Tensor], Tensor] | None = None
    spare: bool = False


def _softmax(a: Tensor) -> Tensor:
    # by hand: torch's own walks row by row, and takes half an ensemble's step for ten classes
    exp = torch.exp(a - a.amax(-1, keepdim=True))
    return exp / exp.sum(-1, keepdim=True)


def _half_squares(y: Tensor, t: Tensor) -> Tensor:
    return 0.5 * ((y - t) ** 2).sum(-1)


def _difference(y: Tensor, t: Tensor) -> Tensor:
    """y - t, and zero for the units beyond the targets."""
    answered = t.shape[-1]
    return functional.pad(y[..., :answered] - t, (0, y.shape[-1] - answered))


def _pairs(a: Tensor) -> Tensor:
    """Rectified output units in pairs, the second of each pair counting negatively."""
    return _signed(torch.relu(a)).unflatten(-1, (-1, 2)).sum(-1)


_LEAKY, _SIGNED = NONLINEARITIES["leaky_relu"], NONLINEARITIES["signed_relu"]
_HARD = NONLINEARITIES["hard_sigmoid"]

OUTPUTS = {
    "softmax": Output(
        _softmax,
        lambda a, t: -(t * torch.log_softmax(a, -1)).sum(-1),
        lambda a, y, t: y - t,
    ),
    "logistic": Output(  # independent logistic units with cross-entropy
        torch.sigmoid,
        lambda a, t: (functional.softplus(a) - t * a).sum(-1),
        lambda a, y, t: y - t,
        slope=lambda a, y: y * (1 - y),
    ),
    "logistic_squared": Output(
        torch.sigmoid,
        lambda a, t: _half_squares(torch.sigmoid(a), t),
        lambda a, y, t: (y - t) * y * (1 - y),
        slope=lambda a, y: y * (1 - y),
    ),
    "hard_sigmoid_squared": Output(
        _HARD.phi,
        lambda a, t: _half_squares(_HARD.phi(a), t),
        lambda a, y, t: (y - t) * _HARD.slope(a, y),
        slope=_HARD.slope,
    ),
    "linear": Output(
        lambda a: a, _half_squares, lambda a, y, t: y - t, slope=lambda a, y: torch.ones_like(y)
    ),
    "leaky_squared": Output(  # GAIT-prop's: invertible, with units that have no target
        _LEAKY.phi,
        lambda a, t: _half_squares(_LEAKY.phi(a)[..., : t.shape[-1]], t),
        lambda a, y, t: _difference(y, t) * _LEAKY.slope(a, y),
        slope=_LEAKY.slope,
        inverse=_LEAKY.inverse,
        spare=True,
    ),
    "pair": Output(  # Kickback's: an excitatory and an inhibitory rectifier for each number
        _pairs,
        lambda a, t: _half_squares(_pairs(a), t),
        lambda a, y, t: (y - t).repeat_interleave(2, -1) * _SIGNED.slope(a, a),
        units=2,
        slope=lambda a, y: _SIGNED.slope(a, a),
    ),
}


# the same, written over a
IN_PLACE = {
    torch.tanh: torch.tanh_,
    torch.sigmoid: torch.sigmoid_,
    torch.relu: torch.relu_,
    _clip: partial(torch.clamp_, min=0, max=1),
}


@cache
def _projects(phi: Callable[[Tensor], Tensor]) -> bool:
    h = phi(torch.linspace(-3, 3, 30))
    return torch.equal(phi(h), h)


@dataclass
class Product:
    """dW = post^T pre / batch, kept as its factors: what a synapse does is a local product.

    post     [..., batch, out], mostly delta_l;  pre  [..., batch, in], mostly h_{l-1}
    """

    post: Tensor
    pre: Tensor

    def dense(self) -> Tensor:
        """The update written out, [..., out, in]."""
        return torch.matmul(self.pre.mT, self.post / self.post.shape[-2]).mT

    def descend(self, W: Tensor, rate: float):
        """W -= rate * dense(), in one pass over W [out, in] or [n, out, in]."""
        alpha = -rate / self.post.shape[-2]
        if W.dim() == 2:
            W.mT.addmm_(self.pre.mT, self.post, alpha=alpha)
        else:
            pre = self.pre.expand(len(W), *self.pre.shape[-2:])
            W.mT.baddbmm_(pre.mT, self.post, alpha=alpha)


@dataclass
class Dense:
    """A layer of dense connections: W [..., out, in], b [..., out].

    W is stored as the transpose of a contiguous [..., in, out]: the forward product and the update
    are the faster for it.
    """

    W: Tensor
    b: Tensor

    def __post_init__(self):
        self.W = self.W.mT.contiguous().mT

    def drive(self, h: Tensor) -> Tensor:
        """a = h W^T + b, [..., batch, in] -> [..., batch, out]."""
        if self.W.dim() == 2:
            return functional.linear(h, self.W, self.b)
        return torch.matmul(h, self.W.mT) + self.b.unsqueeze(-2)

    @staticmethod
    def transpose(signal: Tensor, weights: Tensor) -> Tensor:
        """Carry a signal against the layer's direction through GIVEN weights of W's shape."""
        return torch.matmul(signal, weights)

    @staticmethod
    def gradient(delta: Tensor, h: Tensor) -> tuple[Product, Tensor]:
        """(dW, db) = (delta^T h, sum of delta) / batch, for delta [..., batch, out]."""
        return Product(delta, h), delta.mean(-2)


@dataclass
class Trace:
    """What one pass through a network leaves behind.

    h        {0: x, 1: h_1, ..., L: y}, each [..., batch, n_l]
    a        {1: a_1, ..., L: a_L}; of a network that has settled, empty
    slopes   {l: phi'(a_l)}, filled when first asked for
    phases   further traces by name, for rules that visit more than one state
    steps    how many it took to settle; 0 for a pass
    """

    h: dict[int, Tensor]
    a: dict[int, Tensor]
    slopes: dict[int, Tensor] = field(default_factory=dict)
    phases: dict[str, "Trace"] = field(default_factory=dict)
    steps: int = 0

    def as_phase(self) -> "Trace":
        """The same states as a phase that took no further step."""
        return Trace(self.h, self.a)

    def taken(self) -> dict[str, int]:
        """{phase: steps}, those of this state itself as "free"."""
        return {"free": self.steps} | {name: phase.steps for name, phase in self.phases.items()}


SENT = ("graded", "sign")


@dataclass
class Network:
    """Dense layers 1..L with one hidden nonlinearity and an output with its loss.

    sent  what hidden layers send each other: "graded", h itself, or "sign", only its sign
    """

    layers: dict[int, Dense]
    nonlinearity: str = "tanh"
    output: str = "softmax"
    sent: str = "graded"

    def __post_init__(self):
        choices = {"nonlinearity": NONLINEARITIES, "output": OUTPUTS, "sent": SENT}
        for name, known in choices.items():
            one_of(name, getattr(self, name), known)

    @property
    def L(self) -> int:
        return len(self.layers)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units per layer, input first."""
        return (self.layers[1].W.shape[-1], *(layer.W.shape[-2] for layer in self.layers.values()))

    @property
    def answers(self) -> int:
        """How many numbers the network answers with: the length of y."""
        return self.sizes[-1] // OUTPUTS[self.output].units

    def graded(self, l: int) -> bool:
        """Whether layer l receives h_{l-1} itself, as the first and the last always do."""
        return self.sent == "graded" or l in (1, self.L)

    def received(self, l: int, h: Tensor) -> Tensor:
        """What layer l receives when layer l-1 is at h."""
        return h if self.graded(l) else h.sign()

    def drive(self, l: int, h: Tensor) -> Tensor:
        """a_l when layer l-1 is at h."""
        if l == 1:
            self.check_input(h)
        return self.layers[l].drive(self.received(l, h))

    def check_input(self, x: Tensor):
        """Refuse what is not a row of n_0 numbers for each example."""
        W = self.layers[1].W
        if x.shape[-1] != W.shape[-1] or not 2 <= x.dim() <= W.dim():
            axes = "networks, batch" if W.dim() > 2 else "batch"
            raise ValueError(
                f"x is {list(x.shape)}, expected [{axes}, {W.shape[-1]}]: a row for each example"
            )

    def phi(self, l: int, a: Tensor) -> Tensor:
        return self._phi(l)(a)

    def overwriting_phi(self, l: int) -> Callable[[Tensor], Tensor]:
        """phi of layer l that writes its result over a_l."""
        phi = self._phi(l)
        return IN_PLACE.get(phi) or (lambda a: a.copy_(phi(a)))

    def projects(self, l: int) -> bool:
        """Whether phi(phi(a)) = phi(a), as it is for clipped units."""
        return _projects(self._phi(l))

    def _phi(self, l: int) -> Callable[[Tensor], Tensor]:
        return OUTPUTS[self.output].y if l == self.L else NONLINEARITIES[self.nonlinearity].phi

    def slope(self, l: int, trace: Trace) -> Tensor:
        """phi'(a_l), computed once for each trace; of the output, d y / d a_L of each unit."""
        if l not in trace.slopes:
            trace.slopes[l] = self._has(l, "slope")(trace.a[l], trace.h[l])
        return trace.slopes[l]

    def inverse(self, l: int, h: Tensor) -> Tensor:
        """a_l from h_l = phi(a_l), for invertible units."""
        return self._has(l, "inverse")(h)

    def _has(self, l: int, function: str) -> Callable:
        table, name = (OUTPUTS, self.output) if l == self.L else (NONLINEARITIES, self.nonlinearity)
        found = getattr(table[name], function)
        if found is None:
            having = [n for n, kind in table.items() if getattr(kind, function) is not None]
            raise ValueError(f"{name} units have no {function}, those of {', '.join(having)} have")
        return found

    def error(self, trace: Trace, t: Tensor) -> Tensor:
        """e = d loss / d a_L, [..., batch, n_L]."""
        return OUTPUTS[self.output].error(trace.a[self.L], trace.h[self.L], t)

    def loss(self, x: Tensor, t: Tensor) -> Tensor:
        """Loss per example, [..., batch]."""
        return self.loss_at(self.forward(x).a[self.L], t)

    def loss_at(self, a: Tensor, t: Tensor) -> Tensor:
        """Loss per example, [..., batch], of an output driven by a_L."""
        return OUTPUTS[self.output].loss(a, t)

    def forward(self, x: Tensor) -> Trace:
        """a_l = h_{l-1} W_l^T + b_l, h_l = phi(a_l), from x [..., batch, n_0]."""
        trace = Trace(h={0: x}, a={})
        for l in self.layers:
            trace.a[l] = self.drive(l, trace.h[l - 1])
            trace.h[l] = self.phi(l, trace.a[l])
        return trace

    def make_coherent(self):
        """Clamp W_l, l >= 2, to the signs of its units: W_l <- s_l max(0, s_l W_l)."""
        for l in range(2, self.L + 1):
            W = self.layers[l].W
            s = signs(W.shape[-2], W.dtype).unsqueeze(-1)
            W.mul_((W * s) > 0)

    def parameters(self) -> list[Tensor]:
        return [p for layer in self.layers.values() for p in (layer.W, layer.b)]

    def copy(self) -> "Network":
        layers = {l: Dense(layer.W.clone(), layer.b.clone()) for l, layer in self.layers.items()}
        return replace(self, layers=layers)


def make_network(sizes, seed=0, nonlinearity="tanh", output="softmax", weights=Init(),
                 biases=Init("zero"), dtype=torch.float32, sent="graded") -> Network:  # fmt: skip
    """A network with freshly drawn weights; a sequence of seeds gives an ensemble of them.

    sizes    units per layer, input first; at least input, one hidden layer, output
    seed     one seed, or a sequence of n seeds: then W is [n, out, in]
    weights  Init of every W_l, or a tuple with one Init per layer; biases likewise
    sent     what hidden layers send each other, see Network
    """
    sizes, seed, weights, biases = map(plain, (sizes, seed, weights, biases))
    check_sizes(sizes)
    check_inits("weights", weights, len(sizes) - 1)
    check_inits("biases", biases, len(sizes) - 1)
    if isinstance(seed, tuple | range):
        if len(seed) == 0:
            raise ValueError("seed is an empty sequence, expected one seed or several")
        members = [
            make_network(sizes, s, nonlinearity, output, weights, biases, dtype, sent) for s in seed
        ]
        stacked = {
            l: Dense(
                torch.stack([m.layers[l].W for m in members]),
                torch.stack([m.layers[l].b for m in members]),
            )
            for l in members[0].layers
        }
        return Network(stacked, nonlinearity, output, sent)
    generator = streams(seed)["weights"]
    layers = {}
    for l, shape in enumerate(zip(sizes[1:], sizes[:-1], strict=True), start=1):
        of_w, of_b = (i[l - 1] if isinstance(i, tuple) else i for i in (weights, biases))
        layers[l] = Dense(
            of_w.draw(shape, generator, dtype=dtype),
            of_b.draw(shape[:1], generator, fans=shape, dtype=dtype),
        )
    return Network(layers, nonlinearity, output, sent)
