"""The words of the gateway's requirements."""

from sphinx_xenfusa.terms.term import Term, TermKind

TERMS = (
    Term(
        TermKind.ROLE,
        "Gateway",
        "The domain through which every frame between the two buses passes.",
        facts=(("Runs in", "a SafeVM"), ("Owns", "both bus controllers")),
    ),
    Term(TermKind.ROLE, "Infotainment", "The domain with the untrusted side of the gateway."),
    Term(TermKind.OPERATION, "forward", "Hands a frame on to the other bus.", group="gateway", families=("frames",)),
    Term(
        TermKind.OPERATION, "drop", "Takes a frame off the bus and forgets it.", group="gateway", families=("frames",)
    ),
    Term(TermKind.TARGET, "vehicle bus", "The bus of the brakes and of the steering."),
    Term(TermKind.RESTRICTION, "frame identifiers", "Which frames there can be at all."),
)
