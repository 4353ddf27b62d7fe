"""Probes that exchange what lies behind a rule's channels and report what becomes of its update.

May import: nets, rules. `probes` holds the questions and their words; bench is where a rule is
tried, worlds are what is exchanged, statements say how many seeds gave which answer.
"""
