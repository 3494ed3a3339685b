"""What a matrix of 10,000 requirements costs its reader: the page that a build wrote, opened from disk in Chromium.

Three forms of the same page take turns: as we write it; with the script of sphinx-needs' own tables instead of ours; and
without scripts, which is what the browser needs to show all rows.  Told are the first paint, when the controls answer, and
how long a keystroke takes until the rows that it leaves are in the page, and until the browser has drawn them.  What counts is
the shortest run of each, and what is compared ran beside it; another machine has other seconds.

Needs Playwright for Python and a Chromium (``XENFUSA_CHROMIUM``, or Debian's); says so and ends where there is none.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _report import say

ROWS, DOCUMENTS, TURNS = 10_000, 50, 3
KINDS = ("rule", "hazard", "permission", "prohibition")
REQUIREMENT = """\
.. xen:req:: Requirement {number} about {about}
   :id: XenArch~requirement_{number}~1
   :kind: {kind}
   :rationale: Reason {reason} of the safety concept

   Xen shall do something, for the {number}th time.

"""
ABOUT = ("grants", "channels", "boot", "memory", "emulation")
TYPED = ("requirement_99", "requirement_9", "hazard", "grants hazard")
"""What is in a filter after the keystroke that is measured."""
KEYSTROKE = """async ([selector, text]) => {
    const box = document.querySelector(selector), body = document.querySelector('table.xenfusa-matrix tbody');
    const type = (text) => { box.value = text; box.dispatchEvent(new Event('input', {bubbles: true})); };
    type(text.slice(0, -1));
    await new Promise(done => setTimeout(done, 600));
    let changed = 0;
    new MutationObserver(() => { changed = changed || performance.now(); }).observe(body, {childList: true});
    const start = performance.now();
    type(text);
    while (!changed) await new Promise(done => setTimeout(done, 0));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    return [changed - start, performance.now() - start];
}"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
ANSWERS = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def build(place: Path) -> Path:
    """The page of a matrix of all requirements."""
    source = place / "docs"
    source.mkdir()
    (source / "conf.py").write_text(
        'extensions = ["sphinx_xenfusa"]\nhtml_theme = "furo"\nxenfusa_confirm = "off"\n', "utf-8"
    )
    names = [f"part{number}" for number in range(DOCUMENTS)]
    listed = "".join(f"   {name}\n" for name in (*names, "matrix"))
    (source / "index.rst").write_text(f"Index\n=====\n\n.. toctree::\n\n{listed}", "utf-8")
    for part, name in enumerate(names):
        numbers = range(part, ROWS, DOCUMENTS)
        items = (
            REQUIREMENT.format(number=number, about=ABOUT[number % 5], kind=KINDS[number // 7 % 4], reason=number % 97)
            for number in numbers
        )
        (source / f"{name}.rst").write_text(f"Part {part}\n=======\n\n{''.join(items)}", "utf-8")
    columns = "requirement, kind, chapter, rationale, place, state"
    (source / "matrix.rst").write_text(f"Matrix\n======\n\n.. xen:matrix::\n   :columns: {columns}\n", "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-j", "2", str(source), str(place / "html")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return place / "html" / "matrix.html"


def as_of_needs(page: Path) -> Path:
    """The same page with the script of sphinx-needs, which the build has put beside ours."""
    library = "_static/sphinx-needs/libs/html/needstable"
    text = page.read_text("utf-8").replace("xenfusa-filterable", "NEEDS_DATATABLES")
    text = re.sub(r"<script[^>]*xenfusa-tables\.js[^>]*></script>", f'<script defer src="{library}.js"></script>', text)
    made = page.with_name("matrix-of-needs.html")
    made.write_text(text.replace("</head>", f'<link rel="stylesheet" href="{library}.css"></head>'), "utf-8")
    copied = page.parent / library
    if not copied.with_suffix(".js").is_file():
        spec = importlib.util.find_spec("sphinx_needs")
        assert spec is not None and spec.origin is not None
        copied.parent.mkdir(parents=True, exist_ok=True)
        for kind in (".js", ".css"):
            shutil.copy(Path(spec.origin).parent / "libs" / "html" / f"needstable{kind}", copied.with_suffix(kind))
    return made


def measured(browser: Any, page: Path, box: str) -> dict[str, float]:
    """One run: milliseconds of each kind; of keystrokes the longest."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(600_000)
    opened.goto(page.as_uri(), wait_until="load")
    took = {"first paint": opened.evaluate(PAINT), "controls answer": opened.evaluate(ANSWERS)}
    if box:
        opened.wait_for_timeout(1500)
        keystrokes = [opened.evaluate(KEYSTROKE, [box, text]) for text in TYPED]
        took["keystroke, rows changed"] = max(rows for rows, _ in keystrokes)
        took["keystroke, drawn"] = max(drawn for _, drawn in keystrokes)
    context.close()
    return took


def main() -> None:
    chromium = os.environ.get("XENFUSA_CHROMIUM") or shutil.which("chromium") or ""
    if importlib.util.find_spec("playwright") is None or not chromium:
        print("tables: not measured, there is no Playwright or no Chromium", file=sys.stderr)
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as place, sync_playwright() as started:
        page = build(Path(place))
        bare = page.with_name("matrix-bare.html")
        bare.write_text(re.sub(r"<script.*?</script>", "", page.read_text("utf-8"), flags=re.DOTALL), "utf-8")
        pages = {
            "ours": (page, ".xenfusa-search input"),
            "needs": (as_of_needs(page), ".needstable-search-input"),
            "bare": (bare, ""),
        }
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = started.chromium.launch(executable_path=chromium, args=options)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
        for _ in range(TURNS):
            for name, (one, box) in pages.items():
                runs[name].append(measured(browser, one, box))
        browser.close()
    best = {name: {kind: min(run[kind] for run in several) for kind in several[0]} for name, several in runs.items()}
    what = f"a matrix of {ROWS:,} requirements"
    for kind, value in best["ours"].items():
        of_needs = {"peer": "needstable.js of sphinx-needs on the same page", "peer_value": best["needs"][kind]}
        say(f"{what}: {kind}", value, "ms", **of_needs)
    whole = {"peer": "the same page without scripts, all rows laid out", "peer_value": best["bare"]["controls answer"]}
    say(f"{what}: controls answer", best["ours"]["controls answer"], "ms", **whole)
    worst = {kind: max(run[kind] for run in runs["ours"]) for kind in best["ours"]}
    if worst["first paint"] > 10 * 2000 or worst["keystroke, rows changed"] > 10 * 100:
        raise SystemExit("more than ten times what is promised: 2 s to the first paint, 100 ms for a keystroke")


if __name__ == "__main__":
    main()
