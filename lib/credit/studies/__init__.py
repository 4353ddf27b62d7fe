"""Studies: measurements behind an argument that are no training run, a file per method.

May import: nets, tasks, rules, training, spiking, audit, evidence, experiments.
"""
