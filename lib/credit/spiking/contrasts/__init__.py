"""Rules of the network of two_phases, one file each: how the teacher acts, what feedback carries,
and what a synapse makes of the two phases. `base` says what they have in common.
"""
