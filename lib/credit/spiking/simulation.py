"""A Brian2 network compiled once and run many times, with other weights, stimuli and seeds.

The same model runs on three code generators: numpy needs no compiler, cython compiles piece by
piece, cpp_standalone makes one program of everything and is by far the fastest: it is what runs
wherever there is a compiler, on one thread. Two threads of OpenMP are slower than one, and cython
is no faster than numpy, in the networks of data/results/spiking-bench.csv, made by
`python -m credit.spiking.bench`.
"""

import atexit
import functools
import os
import platform
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import brian2
import numpy as np
from brian2 import Network, Quantity, TimedArray, prefs, set_device
from brian2.devices import reset_device

from credit import paths

TARGETS = ("numpy", "cython", "cpp_standalone")
FLAGS = ["-w", "-O3", "-march=native", "-ffast-math", "-fno-finite-math-only", "-std=c++11"]
# Read by make after Brian2's own makefile: all files of a program include the same headers, which
# take longer to parse than what each adds; so they are compiled once, before the others.
PRECOMPILED = """
CXXFLAGS += -include objects.h
$(OBJS) make.deps: objects.h.gch
objects.h.gch: objects.h $(wildcard *.h brianlib/*.h) makefile
	@rm -f $@
	$(CXX) $(CXXFLAGS) -x c++-header objects.h -o $@
"""
# compiled programs, for the processor of this machine; safe to delete
FOLDERS = paths.BUILD / "brian" / platform.node()
SLOTS = 64  # copies of one program that may run side by side


@dataclass
class Model:
    """A network that is ready to run.

    given      {name: variable or TimedArray} that every run may set
    read       {name: (group or monitor, its variable)} that every run gives back
    randomness a group with an integer shared variable `seed`, where the network draws random
               numbers while it runs; set by every run as "seed"
    """

    network: Network
    duration: Quantity
    given: dict
    read: dict
    randomness: object = None


def target() -> str:
    """The fastest code generator that this machine can use."""
    compiler = os.environ.get("CXX", "c++").split()[0]
    if shutil.which(compiler) and shutil.which("make"):
        return "cpp_standalone"
    warnings.warn(
        f"no C++ compiler ({compiler}) and make found: Brian2 runs on numpy, many times slower; "
        "install them, or name a compiler in CXX",
        stacklevel=2,
    )
    return "numpy"


class Simulation:
    """One model on one code generator.

    make     builds the Model; every object in it has a fixed name, as names enter the program
    name     of the program's folder: models that differ in more than values should differ in it
    on       one of TARGETS
    threads  of OpenMP, in cpp_standalone; 0 is without

    There is one cpp_standalone simulation at a time in a process: a new one ends the one before.
    """

    program: ClassVar["Simulation | None"] = None

    def __init__(
        self, make: Callable[[], Model], name: str, on: str | None = None, threads: int = 0
    ):
        on = on or target()
        if on not in TARGETS:
            raise ValueError(f"unknown code generator {on!r}, expected one of {', '.join(TARGETS)}")
        self.on = on
        if on == "cpp_standalone":
            self._build(make, own_folder(f"{name}-{threads}"), threads)
            return
        prefs.codegen.target = on
        # one cache a process: two that compile the same piece at once would spoil it
        prefs.codegen.runtime.cython.cache_dir = str(own_folder(on))
        self.model = make()
        self.model.network.store()
        given = self.model.given.items()
        self.stimuli = {k: v.values.copy() for k, v in given if isinstance(v, TimedArray)}

    def _build(self, make, folder: Path, threads: int):
        """Write and compile the program; Brian2 is left as it was, ready for other networks."""
        self.folder, self.device = folder, brian2.devices.all_devices["cpp_standalone"]
        prefs.devices.cpp_standalone.openmp_threads = threads
        (folder / "precompiled.mk").write_text(PRECOMPILED, encoding="utf-8")
        prefs.devices.cpp_standalone.extra_make_args_unix = [
            "-j2", "--silent", "-f", "makefile", "-f", "precompiled.mk"
        ]  # fmt: skip
        prefs.codegen.cpp.extra_compile_args_gcc = FLAGS
        self.device.reinit()
        Simulation.program = self
        set_device("cpp_standalone", build_on_run=False)
        try:
            self.model = make()
            self.device.apply_run_args()  # from here on values are the run's, not the script's
            if self.model.randomness is not None:
                seed = self.device.get_array_name(self.model.randomness.variables["seed"])
                self.device.insert_code("main", f"_random_generators[0].seed({seed}[0]);")
            self.model.network.run(self.model.duration)
            self.device.build(directory=str(folder), run=False, with_output=False)
        finally:
            reset_device()

    @property
    def ended(self) -> bool:
        """Whether another simulation has taken the place of this program."""
        return self.on == "cpp_standalone" and self is not Simulation.program

    def run(self, values: dict, seed: int = 0) -> dict[str, np.ndarray]:
        """Run from the start with these values, in place of those that the model came with.

        values   {name in Model.given: array without units, in SI; weights as [synapses]}
        Returns  {name in Model.read: array without units, in SI}
        """
        unknown = values.keys() - self.model.given.keys()
        if unknown:
            raise ValueError(
                f"no {', '.join(sorted(unknown))} in this model, expected "
                f"{', '.join(self.model.given)}"
            )
        if self.on == "cpp_standalone":
            self._run_program(values, seed)
        else:
            self._run_here(values, seed)
        return {
            name: np.array(getattr(owner, variable))  # an array, where a view has units
            for name, (owner, variable) in self.model.read.items()
        }

    def _run_here(self, values, seed):
        self.model.network.restore()
        brian2.seed(seed)
        for name, value in (self.stimuli | values).items():
            place = self.model.given[name]
            if isinstance(place, TimedArray):
                place.values[...] = value  # in place: the code holds this very array
            else:
                place.group.variables[place.name].get_value()[:] = value
        self.model.network.run(self.model.duration)

    def _run_program(self, values, seed):
        if self.ended:
            raise RuntimeError("this simulation has ended: build it again, another has its place")
        places = {self.model.given[name]: value for name, value in values.items()}
        given = {place: Quantity(value, dim=place.dim) for place, value in places.items()}
        if self.model.randomness is not None:
            given[self.model.randomness.seed] = seed
        self.device.run(run_args=given, with_output=False)
        self.device.delete(code=False, data=False, directory=False)  # the values on disk alone


def kept(make: Callable[..., Simulation]) -> Callable[..., Simulation]:
    """A function that makes a simulation, to give back the one before if it serves: most of a
    series of runs asks for one program. It is made again where another has taken its place."""
    last = functools.lru_cache(maxsize=1)(make)

    @functools.wraps(make)
    def simulation(*asked) -> Simulation:
        if last(*asked).ended:
            last.cache_clear()
        return last(*asked)

    simulation.cache_clear = last.cache_clear
    return simulation


def own_folder(name: str) -> Path:
    """A folder that no other process uses as long as this one lives.

    What an earlier process has compiled there is taken up, as far as it is the same.
    """
    try:
        import fcntl
    except ImportError:  # no such locks on this system: a folder that starts empty
        folder = tempfile.mkdtemp(prefix=f"{name}-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)
    FOLDERS.mkdir(parents=True, exist_ok=True)
    for slot in range(SLOTS):
        folder = FOLDERS / f"{name}-{slot}"
        if (os.getpid(), folder) in _HELD:
            return folder
        lock = os.open(FOLDERS / f"{name}-{slot}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        _HELD.add((os.getpid(), folder))  # until the process ends, however it ends
        folder.mkdir(exist_ok=True)
        return folder
    raise OSError(f"all {SLOTS} folders {FOLDERS / name}-* are in use by other processes")


_HELD: set[tuple[int, Path]] = set()
