"""Inverse dynamics of a seven-joint arm: a regression set of the size and kind of SARCOS.

The torques that move a Franka Panda along random smooth trajectories, from positions, velocities
and accelerations. SARCOS itself is not carried along; this twin has its number of joints, inputs
and examples. SI units throughout; the recursion and the noise are NumPy's work alone,
so that the set is the same everywhere (to 0.001 Nm, see CHECKSUM).
"""

import hashlib
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

JOINTS = tuple(f"joint {i}" for i in range(1, 8))
# modified Denavit-Hartenberg: a_{i-1} (m), alpha_{i-1} (rad), d_i (m)
A = np.array([0, 0, 0, 0.0825, -0.0825, 0, 0.088])
ALPHA = np.array([0, -1, 1, 1, -1, 1, 1]) * np.pi / 2
D = np.array([0.333, 0, 0.316, 0, 0.384, 0, 0.107])
# identified by Gaz et al. 2019, as in roboticstoolbox's model
MASS = np.array([4.970684, 0.646926, 3.228604, 3.587895, 1.225946, 1.666555, 0.735522])
COM = np.array(
    [
        [0.003875, 0.002081, 0],
        [-0.003141, -0.02872, 0.003495],
        [0.027518, 0.039252, -0.066502],
        [-0.05317, 0.104419, 0.027454],
        [-0.011953, 0.041065, -0.038437],
        [0.060149, -0.014117, -0.010517],
        [0.010517, -0.004252, -0.045403],
    ]
)
INERTIA = np.array(  # Ixx, Iyy, Izz, Ixy, Iyz, Ixz about the centre of mass
    [
        [0.70337, 0.70661, 0.009117, -0.000139, 0.019169, 0.006772],
        [0.007962, 0.02811, 0.025995, -0.003925, 0.000704, 0.010254],
        [0.037242, 0.036155, 0.01083, -0.004761, -0.012805, -0.011396],
        [0.025853, 0.019552, 0.028323, 0.007796, 0.008641, -0.001332],
        [0.035549, 0.029474, 0.008627, -0.002117, 0.000229, -0.004037],
        [0.001964, 0.004354, 0.005433, 0.000109, 0.000341, -0.001158],
        [0.012516, 0.010027, 0.004815, -0.000428, -0.000741, -0.001196],
    ]
)[:, [[0, 3, 5], [3, 1, 4], [5, 4, 2]]]
LOW = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])  # rad
HIGH = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
FASTEST = np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])  # rad/s
# friction fc tanh(qd / 0.05) + fv qd: sizes as published ones, values invented (Nm, Nm s)
COULOMB = np.array([0.5, 0.8, 0.6, 1.2, 0.8, 0.3, 0.5])
VISCOUS = np.array([0.5, 0.5, 0.5, 0.5, 0.3, 0.2, 0.2])

TRAJECTORIES, SAMPLES, RATE = 60, 816, 100  # of each, per second
EXAMPLES, TRAIN, VALIDATION = 48_933, 40_000, 4_484  # and 4,449 to test: SARCOS's 44,484 + 4,449
NOISE = 0.02  # of each torque's standard deviation
CHECKSUM = "54c13ec9b4f5298efa8e11aaa0d24aee0643a78832dae403668c692ef3441930"


def inverse_dynamics(q, qd, qdd, gravity: float = 9.81) -> np.ndarray:
    """Joint torques without friction, by recursive Newton-Euler in the frames of the links.

    q, qd, qdd  rad, rad/s, rad/s^2, each [n, 7]
    Returns     Nm, [n, 7]
    """
    n = len(q)
    z = np.array([0.0, 0.0, 1.0])
    w, wd, a = np.zeros((n, 3)), np.zeros((n, 3)), np.tile([0, 0, gravity], (n, 1))
    R, P, F, N = [], [], [], []
    for i in range(7):
        c, s, ca, sa = np.cos(q[:, i]), np.sin(q[:, i]), np.cos(ALPHA[i]), np.sin(ALPHA[i])
        zero = np.zeros(n)
        rows = ((c, -s, zero), (s * ca, c * ca, zero - sa), (s * sa, c * sa, zero + ca))
        rotation = np.moveaxis(np.array(rows), -1, 0)
        p = np.array([A[i], -sa * D[i], ca * D[i]])
        a = _turn(rotation, np.cross(wd, p) + np.cross(w, np.cross(w, p)) + a)
        turned, rate, push = _turn(rotation, w), qd[:, [i]], qdd[:, [i]]
        wd = _turn(rotation, wd) + np.cross(turned, z * rate) + z * push
        w = turned + z * rate
        F.append(MASS[i] * (np.cross(wd, COM[i]) + np.cross(w, np.cross(w, COM[i])) + a))
        N.append(wd @ INERTIA[i] + np.cross(w, w @ INERTIA[i]))
        R.append(rotation)
        P.append(p)
    torque = np.empty((n, 7))
    f = moment = np.zeros((n, 3))
    for i in reversed(range(7)):
        if i < 6:
            f, moment = (np.einsum("nij,nj->ni", R[i + 1], v) for v in (f, moment))
            moment = moment + np.cross(P[i + 1], f)
        moment = moment + N[i] + np.cross(COM[i], F[i])
        f = f + F[i]
        torque[:, i] = moment[:, 2]
    return torque


def _turn(rotation: np.ndarray, v: np.ndarray) -> np.ndarray:
    """R^T v for every sample."""
    return np.einsum("nji,nj->ni", rotation, v)


@lru_cache
def generate(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(inputs [n, 21], torques [n, 7]), trajectory after trajectory, with friction and noise."""
    random = np.random.default_rng(seed)
    middle, half = (HIGH + LOW) / 2, (HIGH - LOW) / 2
    t = np.arange(SAMPLES) / RATE
    parts = []
    for _ in range(TRAJECTORIES):
        omega = 2 * np.pi * random.uniform(0.2, 1.5, (7, 5))
        phase = random.uniform(0, 2 * np.pi, (7, 5))
        size = random.dirichlet(np.ones(5), 7) * 0.35 * half[:, None]
        offset = middle + random.uniform(-0.05, 0.05, 7) * half
        size *= np.minimum(1, FASTEST / (size * omega).sum(1))[:, None]
        angle = omega[..., None] * t + phase[..., None]
        waves = ((size, np.sin(angle)), (size * omega, np.cos(angle)))
        q, qd = (np.einsum("jk,jkt->tj", *wave) for wave in waves)
        qdd = -np.einsum("jk,jkt->tj", size * omega**2, np.sin(angle))
        parts.append(np.concatenate([offset + q, qd, qdd], 1))
    x = np.concatenate(parts)[:EXAMPLES]
    q, qd, qdd = np.split(x, 3, axis=1)
    torque = inverse_dynamics(q, qd, qdd) + COULOMB * np.tanh(qd / 0.05) + VISCOUS * qd
    torque += NOISE * torque.std(0) * random.standard_normal(torque.shape)
    return x, torque


def checksum(x: np.ndarray, torque: np.ndarray) -> str:
    """sha256 of the values in steps of 0.001: the last bits differ between machines."""
    steps = np.round(np.concatenate([x, torque], 1) * 1000).astype("<i4")
    return hashlib.sha256(steps.tobytes()).hexdigest()


def splits(by_trajectory: bool = False, seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    """(x [n, 21], y [n, 7]) to train, validate and test, each column with the training part's
    mean 0 and variance 1.

    by_trajectory  whole trajectories are kept apart; otherwise examples are shuffled first, as
                   SARCOS's were, and neighbours in time end up on both sides
    """
    x, torque = generate(seed)
    if seed == 0 and (found := checksum(x, torque)) != CHECKSUM:
        raise ValueError(f"the arm's data have sha256 {found}, expected {CHECKSUM}: another NumPy?")
    if by_trajectory:
        ends = (48 * SAMPLES, 54 * SAMPLES)
    else:
        order = np.random.default_rng((seed, 1)).permutation(len(x))
        x, torque, ends = x[order], torque[order], (TRAIN, TRAIN + VALIDATION)
    x, torque = (_standard(values, ends[0]) for values in (x, torque))
    return list(zip(*(torch.tensor_split(values, ends) for values in (x, torque)), strict=True))


def _standard(values: np.ndarray, train: int) -> Tensor:
    values = (values - values[:train].mean(0)) / values[:train].std(0)
    return torch.from_numpy(values.astype(np.float32))
