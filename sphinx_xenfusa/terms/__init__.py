"""Floor 2: the vocabulary that a document may use - roles, privilege levels, operations, targets, what a rule restricts.

``term``  what a term is; ``ours``  the terms that are read from the model, and the closed sets of the typed fields;
``installed``  those of a user's package, and the look-up of all; ``callers``  who may call an operation under each policy,
asked of the policies' own decisions.
"""
