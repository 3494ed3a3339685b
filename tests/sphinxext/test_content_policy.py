"""What we emit works under a Content-Security-Policy that allows the theme's inline parts by hash, and nothing else inline.

The theme's are those of a project without our extension, so that one of ours is refused by the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Seen, names_in_theme, needs_a_browser, served
from click.testing import CliRunner
from every_kind import THEMES
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.interop.content_policy import Inline, content_policy, inline_parts

LISTEN = """window.addEventListener('securitypolicyviolation', one => {
    (window.refused ||= []).push(`${one.effectiveDirective} ${one.blockedURI} line ${one.lineNumber} ${one.sample}`);
});"""


def refused(browser: Any, folder: Path, policy: str, names: list[str]) -> list[str]:
    """What the browser refuses on the pages, each unfolded."""
    found = []
    with served(folder, ("Content-Security-Policy", policy)) as origin:
        context = browser.new_context()
        context.add_init_script(LISTEN)
        page, seen = context.new_page(), Seen()
        seen.watch(page, origin)
        for name in names:
            page.goto(origin + name, wait_until="load")
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            page.wait_for_timeout(20)
            found += [f"{name}: {one}" for one in page.evaluate("window.refused || []")]
        context.close()
    assert (seen.dialogs, seen.errors, seen.requests) == ([], [], [])
    return found


def of_the_theme(tmp_path: Path, theme: str) -> list[Inline]:
    """What stands inline in the pages of a project that does not know us."""
    source = tmp_path / "plain"
    (source / "below").mkdir(parents=True)
    (source / "conf.py").write_text(f'project = "P"\ncopyright = "nobody"\nhtml_theme = "{theme}"\n')
    (source / "index.rst").write_text("P\n=\n\n.. toctree::\n\n   below/a\n\nA\n-\n\nText.\n")
    (source / "below" / "a.rst").write_text("Below\n=====\n\n.. list-table::\n\n   * - a\n     - b\n")
    with patch_docutils(str(source)), docutils_namespace():
        app = Sphinx(str(source), str(source), str(tmp_path / "out"), str(tmp_path / "trees"), "html", status=None)
        app.build()
    return inline_parts(tmp_path / "out")


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_of_ours_stands_inline(every_kind: Callable[..., Path], tmp_path: Path, theme: str) -> None:
    theirs = of_the_theme(tmp_path, theme)
    more = [one for one in inline_parts(every_kind(theme)) if one not in theirs]
    assert [one for one in more if not is_of_others(one)] == []


def is_of_others(part: Inline) -> bool:
    """sphinx-needs' page permalink.html, the widths of columns that docutils writes, and what pydata writes anew on each page."""
    name = part.text.strip().startswith("DOCUMENTATION_OPTIONS.pagename = '")
    return name or "loadJSON" in part.text or (part.kind == "attribute" and part.text.startswith("width: "))


@needs_a_browser
@pytest.mark.parametrize("theme", THEMES)
def test_the_pages_work_under_the_policy(
    every_kind: Callable[..., Path], request: pytest.FixtureRequest, tmp_path: Path, theme: str
) -> None:
    folder = every_kind(theme)
    others = [one for one in inline_parts(folder) if is_of_others(one)]
    policy = content_policy([*of_the_theme(tmp_path, theme), *others])
    assert "unsafe-inline" not in policy
    assert refused(request.getfixturevalue("browser"), folder, policy, names_in_theme(folder, theme)) == []


@needs_a_browser
def test_what_is_inline_is_refused_and_by_its_hash_allowed(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        "<!doctype html><title>t</title><style>p { color: red }</style><p style='color: blue' onclick='go()'>x</p>"
        "<script>window.x = 1</script><script type='application/json'>{}</script><img src='//127.0.0.1:9/x.png'>"
    )
    parts = inline_parts(tmp_path)
    assert [one.kind for one in parts] == ["attribute", "handler", "script", "style"]
    with pytest.raises(AssertionError):  # the picture, which no policy of ours allows, is a request to elsewhere
        refused(browser, tmp_path, content_policy(parts), ["index.html"])
    page = (tmp_path / "index.html").read_text().partition("<img")[0]
    (tmp_path / "index.html").write_text(page)
    assert refused(browser, tmp_path, content_policy(parts), ["index.html"]) == []
    for part in parts:
        if part.kind != "handler":  # that is refused when it is called
            without = content_policy(one for one in parts if one is not part)
            assert len(refused(browser, tmp_path, without, ["index.html"])) == 1


def test_the_command_prints_the_policy(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<script>1</script>")
    done = CliRunner().invoke(main, ["audit", "policy", str(tmp_path)])
    assert done.exit_code == 0
    # printf 1 | openssl dgst -sha256 -binary | base64
    assert "script-src 'self' 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='; style-src 'self';" in done.output
    assert "script: 1" in done.output
    assert CliRunner().invoke(main, ["audit", "policy", str(tmp_path / "none")]).exit_code == 2
