"""What a build sets aside from the garbage collector is given back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sphinx.application import Sphinx
from tests_support import Built, requirement

from sphinx_xenfusa.sphinxext import build as build_module

PAGE = {"index.rst": "Page\n====\n\n" + requirement()}


@pytest.fixture(autouse=True)
def nothing_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many objects were aside when the evidence of each page was shown."""
    aside: list[int] = []
    show = build_module.Build.show

    def counting(self: build_module.Build, app: Sphinx, *rest: Any) -> None:
        aside.append(gc.get_freeze_count())
        show(self, app, *rest)

    monkeypatch.setattr(build_module.Build, "show", counting)
    return aside


def test_what_was_read_is_aside_while_pages_are_written_and_given_back(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = counted(monkeypatch)
    build(PAGE)
    assert aside and min(aside) > 0
    assert gc.get_freeze_count() == 0


def test_it_is_given_back_when_the_build_breaks(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the page breaks")

    monkeypatch.setattr(build_module.Build, "show", broken)
    with pytest.raises(Exception, match="the page breaks"):
        build(PAGE)
    assert gc.get_freeze_count() == 0


def test_what_somebody_else_set_aside_stays_there(build: Callable[..., Built]) -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    build(PAGE)
    assert gc.get_freeze_count() >= before - 100 > 0
