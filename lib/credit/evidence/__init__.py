"""From runs to statements: committed results, published values, verdicts, the answer table.

May import: nets, rules, audit, experiments, runs, paths.
"""
