"""Neurons that spike, in Brian2, and what their plasticity computes.

May import: nets, tasks, paths.
"""
