"""Ends the process while it is imported."""

raise SystemExit("it leaves")
