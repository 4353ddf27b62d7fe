"""What notebooks show: figures, sources of rules, tables.

May import: rules, audit, evidence, paths.
"""
