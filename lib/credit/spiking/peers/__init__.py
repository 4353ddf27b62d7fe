"""Learning in spikes by other libraries, one program each, for credit.spiking.speed.

They run in an environment of their own, which has no credit: they import none of it.
"""
