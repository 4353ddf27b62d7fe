"""The seven-joint arm: its mechanics against known torques and conservation laws, and its data."""

import numpy as np
import pytest
import torch

from credit.studies.kickback import linear_regression
from credit.tasks import arm, data

POSE = np.array([[0, -0.3, 0, -2.2, 0, 2, np.pi / 4]])
STILL = np.zeros((1, 7))


def states(n, seed=0):
    """(q, qd, qdd), each [n, 7], positions within the limits."""
    random = np.random.default_rng(seed)
    return random.uniform(arm.LOW, arm.HIGH, (n, 7)), *random.standard_normal((2, n, 7))


def gravity(q):
    return arm.inverse_dynamics(q, 0 * q, 0 * q)


def inertia(q):
    """M(q) of one pose [1, 7], column by column: the torques of unit accelerations."""
    many = np.repeat(q, 7, 0)
    return arm.inverse_dynamics(many, 0 * many, np.eye(7), gravity=0).T


# mechanics


@pytest.mark.parametrize(
    ("motion", "torque"),
    [
        (0, (0, -16.719977, -0.269146, 19.326841, 0.599809, 1.752636, -0.003191)),
        (1, (3.387629, -17.744933, 3.904748, 18.274128, 0.600354, 1.588904, -0.015429)),
    ],
)
def test_the_torques_of_a_known_pose(motion, torque):
    found = arm.inverse_dynamics(POSE, STILL + motion, STILL + motion)
    np.testing.assert_allclose(found[0], torque, rtol=0, atol=1e-6)


def test_without_gravity_an_arm_at_rest_needs_no_torque():
    q, *_ = states(20)
    np.testing.assert_array_equal(arm.inverse_dynamics(q, 0 * q, 0 * q, gravity=0), 0)


def test_gravity_and_acceleration_add_and_velocity_counts_by_its_square():
    q, qd, qdd = states(20)
    of_velocity = arm.inverse_dynamics(q, qd, 0 * q, gravity=0)
    of_acceleration = arm.inverse_dynamics(q, 0 * q, qdd, gravity=0)
    whole = arm.inverse_dynamics(q, qd, qdd)
    np.testing.assert_allclose(whole, of_velocity + of_acceleration + gravity(q), atol=1e-10)
    twice = arm.inverse_dynamics(q, 2 * qd, 0 * q, gravity=0)
    np.testing.assert_allclose(twice, 4 * of_velocity, atol=1e-10)


def test_gravity_does_not_load_the_vertical_first_joint_or_care_where_it_stands():
    q, *_ = states(20)
    np.testing.assert_allclose(gravity(q)[:, 0], 0, atol=1e-12)
    turned = q + np.array([1.3, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(gravity(turned), gravity(q), atol=1e-12)


def test_the_inertia_matrix_is_symmetric_and_positive():
    for q in states(20)[0]:
        M = inertia(q[None])
        np.testing.assert_allclose(M, M.T, atol=1e-12)
        assert np.linalg.eigvalsh(M).min() > 0


def test_gravity_has_a_potential():
    """Its torques by the angles are symmetric: going round in a circle costs nothing."""
    h = 1e-5
    for q in states(10)[0]:
        both = (gravity(q + sign * h * np.eye(7)) for sign in (1, -1))
        by_angle = np.subtract(*both) / (2 * h)
        np.testing.assert_allclose(by_angle, by_angle.T, atol=1e-6)


def test_the_motors_power_is_what_the_kinetic_energy_gains():
    """d/dt (qd M qd / 2) = qd (torque - gravity): holds only if the velocity terms are right."""
    h = 1e-5
    for q, qd, qdd in zip(*states(10), strict=True):

        def energy(t, q=q, qd=qd, qdd=qdd):
            speed = qd + t * qdd
            return speed @ inertia((q + t * qd + t**2 / 2 * qdd)[None]) @ speed / 2

        torque = arm.inverse_dynamics(*(v[None] for v in (q, qd, qdd)), gravity=0)[0]
        gained = (energy(h) - energy(-h)) / (2 * h)
        assert gained == pytest.approx(qd @ torque, abs=1e-6)


def test_the_torques_are_pinocchios():
    pinocchio = pytest.importorskip("pinocchio")
    model, parent = pinocchio.Model(), 0
    for i in range(7):
        c, s = np.cos(arm.ALPHA[i]), np.sin(arm.ALPHA[i])
        turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        place = pinocchio.SE3(turn, np.array([arm.A[i], -s * arm.D[i], c * arm.D[i]]))
        parent = model.addJoint(parent, pinocchio.JointModelRZ(), place, arm.JOINTS[i])
        body = pinocchio.Inertia(arm.MASS[i], arm.COM[i], arm.INERTIA[i])
        model.appendBodyToJoint(parent, body, pinocchio.SE3.Identity())
    work = model.createData()
    motion = states(100)
    theirs = [pinocchio.rnea(model, work, *state) for state in zip(*motion, strict=True)]
    np.testing.assert_allclose(arm.inverse_dynamics(*motion), theirs, rtol=0, atol=1e-11)


# data


def test_the_trajectories_keep_to_the_limits_and_their_velocities_are_derivatives():
    q, qd, qdd = np.split(arm.generate()[0], 3, axis=1)
    assert bool(((q > arm.LOW) & (q < arm.HIGH)).all())
    assert bool((np.abs(qd) <= arm.FASTEST + 1e-12).all())
    inside = np.arange(len(q)) % arm.SAMPLES  # a difference must not reach across trajectories
    middle = np.flatnonzero((inside > 0) & (inside < arm.SAMPLES - 1))[:-1]
    for value, derivative in ((q, qd), (qd, qdd)):
        slope = (value[middle + 1] - value[middle - 1]) * arm.RATE / 2
        error = np.sqrt(np.mean((slope - derivative[middle]) ** 2, 0))
        assert bool((error < 0.01 * derivative.std(0)).all())


def test_the_sizes_are_those_of_sarcos():
    (x, y), *rest = arm.splits()
    assert x.shape[1:] == (21,) and y.shape[1:] == (7,)
    lengths = [len(x), *(len(part) for part, _ in rest)]
    assert lengths == [40_000, 4_484, 4_449]
    assert sum(lengths[:2]) == 44_484


@pytest.mark.parametrize("by_trajectory", [False, True])
def test_the_columns_have_the_training_parts_mean_and_variance(by_trajectory):
    train, _, test = arm.splits(by_trajectory)
    for values in train:
        np.testing.assert_allclose(values.mean(0), 0, atol=1e-3)
        np.testing.assert_allclose(values.std(0), 1, atol=1e-3)
    assert float(test[0].mean(0).abs().max()) > 1e-3  # and not the test part's


def test_the_checksum_notices_one_changed_value():
    x, torque = arm.generate()
    assert arm.checksum(x, torque) == arm.CHECKSUM
    other = torque.copy()
    other[7, 3] += 0.002
    assert arm.checksum(x, other) != arm.CHECKSUM
    assert arm.checksum(x, torque + 1e-9 * (torque < 0)) == arm.CHECKSUM  # another machine


def test_data_of_another_checksum_are_refused(monkeypatch):
    monkeypatch.setattr(arm, "CHECKSUM", "0" * 64)
    with pytest.raises(ValueError, match="the arm's data have sha256"):
        arm.splits()


@pytest.mark.parametrize(("by_trajectory", "shared"), [(True, False), (False, True)])
def test_which_split_shares_trajectories(by_trajectory, shared):
    """A hundredth of a second apart an example looks nearly the same: then its neighbour in time
    is in the training part."""
    train, _, test = (x.double() for x, _ in arm.splits(by_trajectory))
    nearest = torch.cdist(test[::40], train).min(1).values
    assert (float(nearest.median()) < 0.5) == shared


@pytest.mark.parametrize(
    ("name", "sheet", "margin"),
    [
        ("arm", (0.085, 0.031, 0.093, 0.028, 0.178, 0.129, 0.127), 0.02),
        ("arm-trajectories", (0.085, 0.031, 0.093, 0.028, 0.178, 0.129, 0.127), 0.07),
    ],
)
def test_linear_regression_leaves_a_tenth_of_the_variance(name, sheet, margin):
    found = linear_regression(name)
    assert tuple(found.index) == data.load(name).classes == arm.JOINTS
    np.testing.assert_allclose(found, sheet, atol=margin)
    assert found.mean() == pytest.approx(0.1, abs=0.02)
