"""The engines: each searches a compiled system, and must give the same counts, verdicts and lengths as the others.

A module per engine; only here does floor 0 import more than the standard library.
"""
