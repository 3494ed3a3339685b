"""Shared by all tests."""

pytest_plugins = ["pytester", "sphinx.testing.fixtures"]
