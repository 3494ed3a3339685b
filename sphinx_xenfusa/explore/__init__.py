"""Floor 0: what checks any model - traces, verdicts, claims, mutation.  Standard library only."""
