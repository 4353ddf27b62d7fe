"""What notebooks show: figures, sources of rules, tables.

May import: rules, audit, runs, evidence, paths.
"""
