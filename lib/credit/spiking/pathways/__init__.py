"""Ways of the error through spiking networks, one file each: a method is the way that its rate rule
has, written for events. `base` says what a pathway may add to the network of event_driven.
"""
