"""A ring between two peers as a transition system: a split virtqueue, with each side honest, silent, crashing or hostile.

* ``state``: the fields, the constants, and the harm that a step can do.
* ``driver_rules``, ``device_rules``: each side as it is written, with and without its hardening.
* ``peers``: what a hostile peer may write, how a peer crashes, and the system that two given peers make.
* ``mechanisms``: the catalogue of what goes wrong, and the measure that stops each.
"""
