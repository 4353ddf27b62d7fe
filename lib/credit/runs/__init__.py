"""The store of finished runs, found again by what they depend on.

May import: tasks, paths.
"""
