"""How quickly each code generator simulates and learns: `python -m credit.spiking.bench`."""

import itertools
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from credit import paths
from credit.spiking import event_driven, online, simulation
from credit.tasks import data

SIZES = (784, 100, 10), (784, 400, 10), (784, 400, 400, 10)
WAYS = {  # name: code generator, threads of OpenMP, images in one run
    "numpy": ("numpy", 0, 20),
    "cython": ("cython", 0, 20),
    "cpp_standalone": ("cpp_standalone", 0, 1000),
    "cpp_standalone, 2 threads": ("cpp_standalone", 2, 1000),
}
COLUMNS = [
    "network", "way", "images", "build s", "ms/image", "CPU ms/image", "simulated s/s", "events/s",
    "spikes/image",
]  # fmt: skip


def measure(sizes: tuple[int, ...], on: str, threads: int, images: int, repeats: int = 3) -> dict:
    """Learning with direct feedback, the best of several runs; nothing compiled beforehand.

    Returns build s, what the first run took beyond the best; ms/image; CPU ms/image, of all threads
    and what they wait for each other, the one number that other programs change little;
    simulated s/s, simulated seconds per second; events/s, synaptic events per second;
    spikes/image, of all neurons
    """
    setting = event_driven.Setting(sizes=sizes, chunk=images)
    train, random = data.load(setting.dataset).train, np.random.default_rng(0)
    values = {
        "pixels": train.x[:images].numpy(),
        "label": data.one_hot(train.label[:images], sizes[-1]).numpy(),
        "x": random.random(sizes[0]),
        "learning": 1.0,
    }
    for l, (n, m) in enumerate(itertools.pairwise(sizes), 1):
        spread = 1e-3 * setting.spread / np.sqrt(n)
        values |= {f"w{l}": spread * random.standard_normal(n * m), f"eta{l}": 1e-6}
        if l < len(sizes) - 1:
            values[f"feedback{l}"] = random.standard_normal(sizes[-1] * m)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        simulation.FOLDERS = Path(folder)
        start = time.perf_counter()
        network = simulation.Simulation(
            lambda: event_driven.build(setting), "bench", on=on, threads=threads
        )
        times, cpu = [], []
        for _ in range(1 + repeats):
            worked = online.cpu_time()
            got = network.run(values | {"teacher": values["label"]})
            times.append(time.perf_counter() - start)
            cpu.append(online.cpu_time() - worked)
            start = time.perf_counter()
    best = min(times[1:])
    layers = ["input", *(f"hidden{l}" for l in range(1, len(sizes) - 1)), "output"]
    spikes = [got[f"count_{name}"].sum() for name in layers]
    events = sum(count * n for count, n in zip(spikes, sizes[1:], strict=False))
    return {
        "build s": times[0] - best,
        "ms/image": 1000 * best / images,
        "CPU ms/image": 1000 * min(cpu[1:]) / images,
        "simulated s/s": images * setting.image / 1000 / best,
        "events/s": events / best,
        "spikes/image": sum(spikes) / images,
    }


def main(ways=WAYS, networks=SIZES):
    """Print the table and keep it in data/results/spiking-bench.csv."""
    rows = []
    for sizes in networks:
        for way, (on, threads, images) in ways.items():
            context = multiprocessing.get_context("spawn")  # each in a process that is like new
            with ProcessPoolExecutor(1, context) as pool:
                row = pool.submit(measure, sizes, on, threads, images).result()
            name = "-".join(map(str, sizes))
            rows.append({"network": name, "way": way, "images": images, **row})
            print(rows[-1], file=sys.stderr)
    table = pd.DataFrame(rows, columns=COLUMNS)
    head = {
        "command": "python -m credit.spiking.bench",
        **{name: version(name) for name in ("brian2", "numpy", "cython")},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
    }
    text = "".join(f"# {key}: {value}\n" for key, value in head.items())
    text += table.to_csv(index=False, float_format="%.4g")
    (paths.RESULTS / "spiking-bench.csv").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
