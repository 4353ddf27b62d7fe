"""Probes that exchange what lies behind a rule's channels and report what becomes of its update.

May import: nets, rules. probes asks, bench is where a rule is tried, worlds are exchanged.
"""
