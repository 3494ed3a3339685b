"""Floor 3: other tools' formats, read into items and written from the trace record, without Sphinx and docutils."""
