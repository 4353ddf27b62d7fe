"""Networks, the channels through which rules reach them, randomness, relaxation to a fixed point.

May import: nothing.
"""
