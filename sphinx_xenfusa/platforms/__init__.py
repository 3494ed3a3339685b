"""Readers of platform configurations; all of them give a :class:`sphinx_xenfusa.model.platform.Platform`."""
