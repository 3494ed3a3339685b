"""Floor 2: which claim confirms which statement, a module per chapter of the specification.

``scopes``  the platforms that are enumerated, and their number by a second method; ``attempts``  one domain tries one
operation, as a step of a trace; ``privilege_claims``, ``control_claims``, ``vocabulary_claims``, ``device_claims``,
``boot_claims``  the forms that claims take; ``platform_claims``  what those about descriptions of platforms share;
``roles`` and ``privileges``  the claims of the two chapters; ``divergences.yaml``  where Xen's policies are expected to differ.
"""
