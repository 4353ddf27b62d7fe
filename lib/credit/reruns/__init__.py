"""Notebooks executed, checked and scheduled; what each depends on.

May import: evidence, experiments, runs, paths.
"""
