"""A setting, the run that trains it, its diagnostics, and training to a criterion.

May import: nets, tasks, rules.
"""
