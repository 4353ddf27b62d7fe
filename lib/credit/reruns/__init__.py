"""Notebooks executed, checked and scheduled; what each depends on.

May import: experiments, runs, paths.
"""
