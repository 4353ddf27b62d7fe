"""Neurons of the label: one a class, that fires while an image of its class is shown."""

from brian2 import NeuronGroup


def label_neurons(
    name: str, parts, rate: str, label="teacher", trace=False, besides=""
) -> NeuronGroup:
    """Spikes at a constant rate.

    rate     in an image of the class, as equations say it
    label    whose: "label", that of the output, or "teacher", that of hidden neurons
    trace    whether it has rho, of its own spikes
    besides  further equations
    """
    model = f"dx/dt = said * {rate} : 1\nsaid : 1\n{besides}"
    model += "drho/dt = -rho / tau_r : 1\n" * trace
    group = NeuronGroup(
        parts.sizes[-1], model, threshold="x > 1", reset="x -= 1" + "; rho += 1" * trace,
        method="euler", namespace=parts.here, name=name,
    )  # fmt: skip
    begins = f"said = {label}(t, i)\nx = 0.5" + "\nrho = 0" * trace
    group.run_regularly(begins, parts.here["image"], name=f"{name}_begin")
    return group
