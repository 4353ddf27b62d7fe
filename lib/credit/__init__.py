"""Plausible learning rules on one shared, small library."""
