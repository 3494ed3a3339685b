"""Floor 1: what helps a project to begin: the templates of ``xenfusa init``.  Standard library and ``inputs`` only."""
