"""Builds small projects in a temporary folder, with the confirmation off or with verdicts that a test states."""

import re
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils
from tests_support import Built

from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.sphinxext import build as build_module
from sphinx_xenfusa.sphinxext.build import Build, ConfirmationProcess


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Built]:
    """Writes files and builds; called again, it builds incrementally."""

    def run(
        files: Mapping[str, str | bytes] | None = None,
        *,
        verdicts: tuple[Verdict, ...] | None = None,
        builder: str = "html",
        parallel: int = 1,
        fresh: bool = False,
        folder: str = "docs",
        doctrees: str = "",
        **conf: object,
    ) -> Built:
        source = tmp_path / folder
        source.mkdir(exist_ok=True)
        for name, text in (files or {}).items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if not (source / "conf.py").exists():
            (source / "conf.py").write_text(
                'project = "T"\nversion = "1"\nextensions = ["sphinx_xenfusa"]\nhtml_theme = "basic"\n'
            )
        settings: dict[str, object] = {"xenfusa_confirm": "off" if verdicts is None else "cache", **conf}
        if verdicts is not None:
            # The verdicts that a test states are about these two.
            monkeypatch.setattr(build_module, "known_policies", lambda claims: ("specification", "dummy"))
            monkeypatch.setattr(ConfirmationProcess, "__init__", lambda self, app, register: None)
            monkeypatch.setattr(ConfirmationProcess, "stop", lambda self: None)
            monkeypatch.setattr(ConfirmationProcess, "wait", lambda self: (Confirmation(verdicts, 1, 0), ""))
        out = tmp_path / f"{folder}-{builder}"
        log, warning = StringIO(), StringIO()
        made: list[Build] = []
        connect = Build.connect

        def noted(self: Build, app: Sphinx) -> None:
            made.append(self)
            connect(self, app)

        monkeypatch.setattr(Build, "connect", noted)
        with patch_docutils(str(source)), docutils_namespace():
            app = Sphinx(
                str(source),
                str(source),
                str(out),
                str(tmp_path / (doctrees or f"{folder}-doctrees-{builder}")),
                builder,
                confoverrides=settings,
                status=log,
                warning=warning,
                freshenv=fresh,
                parallel=parallel,
            )
            app.build(force_all=fresh)
        text = re.sub(r"\x1b\[[0-9;]*m", "", warning.getvalue()).replace(str(tmp_path) + "/", "")
        monkeypatch.setattr(Build, "connect", connect)
        return Built(
            app, made[-1], out, app.statuscode, log.getvalue(), [line for line in text.splitlines() if line.strip()]
        )

    return run
