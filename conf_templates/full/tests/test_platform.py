"""Tests of the platform's own file, each of which says what it verifies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

PLATFORM = Path(__file__).parents[1] / "platform.yaml"


@pytest.fixture
def platform() -> dict[str, Any]:
    return yaml.safe_load(PLATFORM.read_text("utf-8"))


@pytest.mark.verifies("PlatReq~devices_have_owners~1")
def test_every_device_has_an_owner(platform: dict[str, Any]) -> None:
    domains = {domain["name"] for domain in platform["domains"]}
    assert platform["devices"]
    assert [device["name"] for device in platform["devices"] if device.get("owner") not in domains] == []
