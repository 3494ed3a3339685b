"""Shared by all tests."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester", "sphinx.testing.fixtures"]

# A loaded machine is slow, and chance drops many examples on some days: neither is a failure of what is tested.
settings.register_profile(
    "loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("loaded")
