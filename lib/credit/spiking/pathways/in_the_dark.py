"""The dark before an image: one hidden layer after the other fires at random, the next answers."""

from credit.spiking.pathways.base import hidden

DARK = """
phase = timestep(t, dt) % steps : 1 (shared)
shown = timestep(t, dt) // steps : 1 (shared)
noisy = int(phase < dark) * int(noise > 0*Hz) * (1 + shown % noisy_layers) : 1 (shared)  # 0: none
noise : Hz (shared, constant)
bias : volt
"""
TRACE = """
dx/dt = -x / tau_m : 1                                   # of own spikes, less those expected
"""


def in_the_dark(parts) -> None:
    """Spikes at random in hidden layer `noisy`, by which x is their surprise: in every step a spike
    less its probability. The membranes of the layer above are held half-way to threshold by a bias
    that is there in the dark alone. At the first light all rest.

    parts  of layers that have DARK, hidden ones TRACE too
    """
    top = parts.top
    parts.here["noisy_layers"] = top - 1
    for l, group in enumerate(parts.layers[1:], 1):
        parts.given[f"noise{l}"] = group.noise
        if l in hidden(parts.sizes):
            # a kick is a spike in this very step
            group.run_regularly(
                f"likely = int(not_refractory)*int(noisy == {l})*noise*dt\n"
                "kick = int(rand() < likely)\n"
                "v += 2*v_th*kick\n"
                "x += kick - likely",
                name=f"kick{l}",
            )
        if l > 1:
            group.run_regularly(
                f"v += int(noisy == {l - 1})*bias*dt/tau_m\n"
                f"bias += int(noisy == {l - 1})*(v_th/2 - v)*dt/(500*ms)",
                name=f"answer{l}",
            )
            parts.given[f"bias{l}"] = group.bias
            parts.read[f"bias{l}"] = (group, "bias")
        rest = "\n".join(
            f"{x} *= int(phase != dark)" for x in sorted(group.equations.diff_eq_names)
        )
        group.run_regularly(rest, when="before_start", name=f"light{l}")
