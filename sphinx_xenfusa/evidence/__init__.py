"""Evidence: what test runs say, read from their reports.  Reports are untrusted: what cannot be judged never counts."""
