"""ngc-learn: a spiking network learns with broadcast feedback alignment (Samadi et al. 2017).

Built of ngc-learn's components with the constants of its museum's exhibit; the steps of a batch are
compiled scans, which is quicker than to call each from Python as the exhibit does. In the first
steps, which the exhibit calls burn-in, nothing is learned; then all weights change in every step.
"""

import json
import sys
from importlib.metadata import version
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from jax import random
from ngclearn import Context
from ngclearn.components import (
    BernoulliCell,
    GaussianErrorCell,
    HebbianSynapse,
    SLIFCell,
    StaticSynapse,
)
from ngclearn.utils.distribution_generator import DistributionGenerator
from ngclearn.utils.JaxProcessesMixin import JaxMethodProcess
from ngcsimlib.global_state import stateManager
from rounds import answer

DT, GAIN = 0.25, 0.25  # ms; how probable a spike of a white pixel is in one step
SPREAD = DistributionGenerator.gaussian(0.0, 0.055)
ZERO = DistributionGenerator.constant(0.0)


def network(n: list[int], batch: int):
    """The input, the error of the output, the first weights, and three processes: to rest, a step
    without learning and one with it."""
    keys = random.split(random.PRNGKey(0), 6)
    cell = {"tau_m": 20.0, "resist_m": 1.0, "thr": 0.4, "thr_jitter": 0.0, "refract_time": 1.0}
    cell |= {"sticky_spikes": True, "batch_size": batch}
    synapse = {"eta": 1.0, "weight_init": SPREAD, "bias_init": ZERO, "w_bound": 0.0}
    synapse |= {"sign_value": -1.0, "optim_type": "sgd", "batch_size": batch}
    with Context("network"):
        z0 = BernoulliCell("z0", n[0], batch_size=batch, key=keys[0])
        z1, z2 = (SLIFCell(f"z{l}", n[l], key=keys[l], **cell) for l in (1, 2))
        W1, W2 = (
            HebbianSynapse(f"W{l}", shape, post_wght=1 / shape[0], key=keys[2 + l], **synapse)
            for l, shape in enumerate(pairwise(n), 1)
        )
        e2 = GaussianErrorCell("e2", n[2], batch_size=batch)
        B = StaticSynapse("B", (n[2], n[1]), SPREAD, batch_size=batch, key=keys[5])
        e1 = GaussianErrorCell("e1", n[1], batch_size=batch)
        for source, place in (
            (z0.outputs, W1.inputs), (W1.outputs, z1.j), (z1.s, W2.inputs), (W2.outputs, z2.j),
            (z2.s, e2.mu), (e2.dmu, B.inputs), (B.outputs, e1.target), (z1.surrogate, e1.modulator),
            (z0.outputs, W1.pre), (e1.dmu, W1.post), (z1.s, W2.pre), (e2.dmu, W2.post),
        ):  # fmt: skip
            source >> place
        rest, step, learn = map(JaxMethodProcess, ("rest", "step", "learn"))
        for part in (z0, W1, z1, W2, z2, e2, B, e1):
            rest.then(part.reset)
            step.then(part.advance_state)
            learn.then(part.advance_state)
        learn.then(W1.evolve).then(W2.evolve)
        learn.watch(z2.s)
    return z0, e2, W1, rest, step, learn


def main(images: str, sizes: list[int], batch: int, n: int, steps: int, silent: int):
    """Answer; arguments as in credit.spiking.speed."""
    given = np.load(images)
    pixels, label = (jnp.asarray(given[k][:n], jnp.float32) for k in ("pixels", "label"))
    z0, e2, W1, rest, step, learn = network(sizes, batch)

    rows = {
        process: jnp.asarray(process.pack_rows(number - 1, t=lambda k: k * DT, dt=DT))
        for process, number in ((step, silent), (learn, steps - silent))
    }

    def show(process):
        process.run(t=0.0, dt=DT)  # rest leaves some values in another shape than a scan keeps
        state, watched = process.scan(rows[process])
        stateManager.set_state(state)
        return watched

    def learn_all():
        right = 0
        for k in range(0, n, batch):
            rest.run()
            z0.inputs.set(GAIN * pixels[k : k + batch])
            e2.target.set(label[k : k + batch])
            show(step)
            (spikes,) = show(learn)
            right += (spikes.sum(0).argmax(1) == label[k : k + batch].argmax(1)).sum()
        W1.weights.get().block_until_ready()
        return {"right": int(right) / n}

    answer(learn_all, **{name: version(name) for name in ("ngclearn", "jax")})


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
