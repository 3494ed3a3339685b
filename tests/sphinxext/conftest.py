"""Builds small projects in a temporary folder, and opens built pages in a browser."""

import fcntl
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import every_kind as project
import pytest
from browsing import Browsing, started_browser
from tests_support import Built, run_build


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Built]:
    """Writes files and builds; called again, it builds incrementally (see ``run_build``)."""
    return partial(run_build, tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def every_kind(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[..., Path]:
    """The built folder of the project with every kind of page, in a theme: built once, shared by all tests; only to be read."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "every-kind"

    @cache
    def built(theme: str = "furo") -> Path:
        folder.mkdir(exist_ok=True)
        out = folder / f"{theme}-html"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "prepared").exists():
                project.prepare(folder)
                (folder / "prepared").touch()
            if not (folder / theme).exists():
                project.build_it(folder, theme)
                (folder / theme).touch()
        return out

    return built


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium for all tests of the session: for tests that say ``NEEDS_A_BROWSER``."""
    with started_browser() as started:
        yield started


@pytest.fixture
def opened(browser: Any) -> Iterator[Browsing]:
    """Opens pages from disk; the test fails if one of them says something to the console, or asks for anything outside."""
    browsing = Browsing(browser)
    yield browsing
    browsing.close()
