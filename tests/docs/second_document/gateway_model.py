"""What the gateway does with a frame: the model that its claims are made about."""

from __future__ import annotations

from typing import NamedTuple

DIAGNOSTICS = 0x7DF


class Frame(NamedTuple):
    """A frame: its identifier, whether it goes to the vehicle bus, and whether it is authenticated."""

    identifier: int
    to_vehicle: bool
    authenticated: bool


def forwards(frame: Frame) -> bool:
    """Whether the gateway forwards a frame."""
    if frame.to_vehicle and not frame.authenticated:
        return False
    return frame.identifier != DIAGNOSTICS
