"""What tests of networks of spikes have in common."""

import pytest

from credit.spiking.simulation import Simulation


@pytest.fixture
def uncompiled(monkeypatch):
    """uncompiled(module): from here on networks of this module need no compiler."""

    def made(module):
        monkeypatch.setattr(
            module, "_simulation", lambda s: Simulation(lambda: module.build(s), "small", "numpy")
        )

    return made
