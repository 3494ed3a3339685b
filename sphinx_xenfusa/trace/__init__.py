"""Floor 2: the trace record - items, links, evidence, verdicts, findings - as pure data.  Every output is a view of it."""
