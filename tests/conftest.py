"""Shared by all tests."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester", "sphinx.testing.fixtures"]

# A loaded machine is slow, and that is no failure of what is tested.
settings.register_profile("loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loaded")
