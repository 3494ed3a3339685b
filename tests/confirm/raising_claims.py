"""A package whose import fails in a way of its own."""

raise RuntimeError("it fails")
