"""What a build sets aside from the garbage collector is given back."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sphinx.application import Sphinx
from tests_support import Built, requirement

from sphinx_xenfusa.sphinxext import build as build_module
from sphinx_xenfusa.sphinxext import outputs

PAGE = {"index.rst": "Page\n====\n\n" + requirement()}


@pytest.fixture(autouse=True)
def nothing_aside() -> Iterator[None]:
    gc.unfreeze()
    gc.enable()
    yield
    gc.unfreeze()
    gc.enable()


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
    assert gc.isenabled()


def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[bool]]:
    """Whether the collector was at work during some steps of the builds that follow."""
    at_work: dict[str, set[bool]] = {}
    for place, name in ((build_module, "assemble"), (build_module.Build, "show"), (outputs, "recount")):
        step = getattr(place, name)

        def noting(*given: Any, _name: str = name, _step: Callable[..., Any] = step, **named: Any) -> Any:
            at_work.setdefault(_name, set()).add(gc.isenabled())
            return _step(*given, **named)

        monkeypatch.setattr(place, name, noting)
    return at_work


def test_it_stops_where_there_is_no_garbage_and_goes_on_where_there_is(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = seen(monkeypatch)
    build(PAGE)
    assert at_work == {"assemble": {False}, "show": {True}, "recount": {False}}
    assert gc.isenabled()


def test_it_stays_stopped_where_somebody_else_stopped_it(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = seen(monkeypatch)
    gc.disable()
    build(PAGE)
    assert at_work == {"assemble": {False}, "show": {False}, "recount": {False}}
    assert not gc.isenabled()


def test_a_build_that_ends_in_its_beginning_does_not_leave_it_stopped_in_the_next(build: Callable[..., Built]) -> None:
    with pytest.raises(Exception, match="no-such-theme"):
        build(PAGE, html_theme="no-such-theme")
    build(PAGE)
    assert gc.isenabled()


def test_when_the_process_ends_nothing_is_gone_through_once_more(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Callable[[], object]] = []
    monkeypatch.setattr(atexit, "register", left.append)
    build(PAGE)
    assert gc.get_freeze_count() == 0
    gc.collect()
    for one in reversed(left):
        one()
    assert gc.get_freeze_count() > 100_000
    assert not gc.get_objects()


def test_what_somebody_else_set_aside_stays_there(build: Callable[..., Built]) -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    build(PAGE)
    assert gc.get_freeze_count() >= before - 100 > 0
