"""Probes that intervene in a rule's channels and report what becomes of its update.

May import: nets, rules.
"""
