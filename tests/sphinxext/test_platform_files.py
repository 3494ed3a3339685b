"""Platforms in files: the page and the command give one answer, and everything on the page leads to what explains it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browsing import NARROW, NEEDS_A_BROWSER, WIDE, Browsing
from bs4 import BeautifulSoup, Tag
from click.testing import CliRunner
from tests_support import Built, requirement, run_build

from sphinx_xenfusa.assessment.assess import assess
from sphinx_xenfusa.cli import main
from sphinx_xenfusa.platforms.configuration import Configuration
from sphinx_xenfusa.sphinxext import platform_answers
from sphinx_xenfusa.sphinxext.platform_facts import found_in
from sphinx_xenfusa.sphinxext.platform_files import PlatformFiles, read_platform
from sphinx_xenfusa.trace.record import Place

BOARDS = Path(__file__).parents[2] / "docs" / "fusa" / "boards"
TITLE = "Page\n====\n\n"
STATEMENT = """xen: {policy: dummy}
assumptions:
  aou_dev: {owner: integrator, by: review 3}
  aou_iommu: {owner: integrator, by: review 4}
  aou_sched: {owner: integrator, by: schedule 12}
"""
SAFE = """domains:
  - {name: control, roles: [control], criticality: safe, safety_tasks: true}
  - {name: radio, criticality: unsafe}
"""
UNSAFE = SAFE.replace("criticality: safe, safety_tasks: true", "criticality: unsafe") + (
    "  - {name: brakes, criticality: safe, safety_tasks: true}\n"
)
XL = {
    "cars/dom0.cfg": 'name = "dom0"\ntype = "pvh"\nmemory = 512\n',
    "cars/radio.cfg": 'name = "radio"\ntype = "pvh"\nmemory = 512\nvirtio = ["type=virtio,device,backend=io,transport=mmio"]\n',
    "cars/io.cfg": 'name = "io"\ntype = "pvh"\nmemory = 512\ndriver_domain = 1\n',
}


def platform(files: str, *options: str, title: str = "A car", id: str = "car") -> str:
    lines = [f".. xen:platform:: {title}", f"   :id: {id}", f"   :file: {files}", *(f"   {one}" for one in options)]
    return "\n".join([*lines, ""]) + "\n"


def box(built: Built, number: int = 0) -> Tag:
    return BeautifulSoup(built.page("index.html"), "html.parser").select("div.xenfusa-platform")[number]


def headline(shown: Tag) -> str:
    return " ".join(shown.select("p.xenfusa-headline")[0].get_text().split())


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The board of our docs, beside requirements that explain two rules; only to be read."""
    folder = tmp_path_factory.mktemp("car")
    (folder / "docs").mkdir()
    shutil.copytree(BOARDS, folder / "docs" / "boards")
    names = (("mem_frontend_unsafe", "rule"), ("sync_frontend_unsafe", "rule"), ("sync_stuck", "hazard"))
    text = TITLE + platform("boards/car.dts", ":expect: not compatible") + "\nMore\n----\n\n"
    text += "\n".join(requirement(name, kind) for name, kind in names)
    with pytest.MonkeyPatch.context() as patch:
        yield run_build(folder, patch, {"index.rst": text}, verdicts=(), html_theme="furo")


def asked_of_the_command(folder: Path, patch: pytest.MonkeyPatch, files: str) -> dict[str, Any]:
    patch.chdir(folder)
    # Of several platforms the command searches no repairs, which takes minutes for the board of our docs.
    (folder / "another.yaml").write_text(SAFE)
    result = CliRunner().invoke(main, ["check-platform", "--format", "json", files, "another.yaml"])
    answer, _ = json.loads(result.stdout)["platforms"]
    return dict(answer)


# --- one answer -------------------------------------------------------------------------------------------------------


def place_of(where: dict[str, Any]) -> str:
    file = f"{where['file']}:{where['line']}" if where["line"] else str(where["file"])
    return f"{file} ({where['path']})" if where["path"] and not where["line"] else file


def agrees(shown: Tag, answer: dict[str, Any]) -> None:
    """Hold a page against what the command says of the same files."""
    assert f"{answer['compatibility']} (" in headline(shown)
    judged = answer["judged"]
    assert isinstance(judged, list)
    rows = {
        row.select("td")[0].select_one("code").get_text(): row for row in shown.select(".xenfusa-verdicts tbody tr")
    }
    assert set(rows) == {one["id"] for one in judged}
    for one in judged:
        _, state, demands, who = (" ".join(cell.get_text().split()) for cell in rows[one["id"]].select("td"))
        assert state.split(" ", 1)[1] == one["judgement"]
        assert " ".join(one["says"].split()) in demands
        for breach in one["breaches"]:
            assert f"{breach['name']} ({place_of(breach['place'])})" in who
    text = " ".join(shown.get_text().split())
    examinations = answer["examinations"]
    assert isinstance(examinations, list)
    for examined in examinations:
        for harm in examined["interference"]:
            assert " ".join(harm["trace"]["title"].split()) in text
    for asked in answer["asked"]:
        assert asked["what"] in text


@pytest.mark.parametrize(
    ("files", "named", "compatibility"),
    [
        ({"car.yaml": SAFE, "car.statement.yaml": STATEMENT}, "car.yaml", "compatible"),
        ({"car.yaml": UNSAFE, "car.statement.yaml": STATEMENT}, "car.yaml", "not compatible"),
        ({"car.yaml": SAFE, "car.statement.yaml": "xen: {policy: silo}\n"}, "car.yaml", "cannot tell"),
        (XL, "cars", "not compatible"),
        ({"board.dts": (BOARDS / "car.dts").read_text("utf-8")}, "board.dts", "cannot tell"),
    ],
    ids=["compatible", "not compatible", "not stated", "xl.cfg", "device tree alone"],
)
def test_the_page_and_the_command_say_the_same(
    build: Callable[..., Built],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    named: str,
    compatibility: str,
) -> None:
    built = build({**files, "index.rst": TITLE + platform(named, f":expect: {compatibility}")}, verdicts=())
    assert built.warnings == []
    shown = box(built)
    answer = asked_of_the_command(tmp_path / "docs", monkeypatch, named)
    assert answer["compatibility"] == compatibility
    agrees(shown, answer)
    assert "✓ as expected" in headline(shown)
    assert str(tmp_path) not in shown.get_text()


def test_the_board_of_our_docs_gets_the_answer_of_the_command(car: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    assert car.warnings == []
    agrees(box(car), asked_of_the_command(Path(car.app.srcdir), monkeypatch, "boards/car.dts"))


# --- the way from arrow to trace --------------------------------------------------------------------------------------


def drawing_of(shown: Tag) -> ElementTree.Element:
    found = shown.select_one("div.xenfusa-drawing > svg")
    assert found is not None
    return ElementTree.fromstring(str(found))


def labels(shown: Tag) -> dict[str, str]:
    """Where each label of the picture leads to, by what a pointer on it is told."""
    name = "{http://www.w3.org/2000/svg}"
    return {one.findtext(f"{name}title", ""): one.get("href", "") for one in drawing_of(shown).iter(f"{name}a")}


def test_from_an_arrow_to_rule_hazard_and_trace(car: Built) -> None:
    shown = box(car)
    (target,) = (to for words, to in labels(shown).items() if words.startswith("Interference, io → cluster: time (T)"))
    row = shown.find(id=target.removeprefix("#"))
    assert isinstance(row, Tag)
    assert row.name == "tr"
    ways = {link.get_text(): str(link["href"]) for link in row.select("a")}
    assert ways["sync_frontend_unsafe"] == "#XenArch~sync_frontend_unsafe~1"
    assert ways["sync_stuck"] == "#XenArch~sync_stuck~1"
    place = shown.find(id=ways["io → cluster: time (T)"].removeprefix("#"))
    assert isinstance(place, Tag)
    trace = place.find_next("div", class_="xenfusa-stepper")
    assert isinstance(trace, Tag)
    assert "io interferes with cluster through their link (T)" in trace.get_text()


def test_every_link_of_the_page_leads_somewhere(car: Built) -> None:
    page = BeautifulSoup(car.page("index.html"), "html.parser")
    known = {str(one["id"]) for one in page.select("[id]")}
    targets = [str(link["href"]) for link in page.select("div.xenfusa-platform a[href^='#']")]
    assert len(targets) > 30
    assert [one for one in targets if one.removeprefix("#") not in known] == []
    ids = [str(one["id"]) for one in page.select("[id]")]
    assert len(ids) == len(set(ids))


LINK = "links:\n  - {protocol: virtio, backend: io, frontend: brakes, grants: %s, nonblocking: %s}\n"


@pytest.mark.parametrize(
    ("grants", "nonblocking", "broken"),
    [
        ("true", "true", set()),
        ("false", "true", {"mem_frontend_unsafe"}),
        ("true", "false", {"sync_frontend_unsafe"}),
        ("false", "false", {"mem_frontend_unsafe", "sync_frontend_unsafe"}),
    ],
)
def test_what_is_named_with_an_interference_is_what_keeps_it_away(
    tmp_path: Path, grants: str, nonblocking: str, broken: set[str]
) -> None:
    domains = "domains:\n  - {name: io, roles: [hardware], criticality: unsafe}\n"
    domains += "  - {name: brakes, criticality: safe, safety_tasks: true}\n"
    (tmp_path / "car.yaml").write_text(domains + LINK % (grants, nonblocking))
    (tmp_path / "car.statement.yaml").write_text(STATEMENT)
    read = read_platform(PlatformFiles(("car.yaml",)), tmp_path, Place("index.rst", 1))
    assert read.configuration is not None
    found = [one for one in found_in(assess(read.configuration)) if "specification" in one.policies]
    assert {name for one in found for name in one.against.names} == broken
    assert all(one.against.names for one in found)


def test_what_no_rule_forbids_leads_to_the_check_or_the_trace(car: Built) -> None:
    found = labels(box(car))
    (stops,) = (to for words, to in found.items() if "io → the machine: control (C)" in words)
    assert stops == "#xenfusa-car-rule-c3"
    (stuck,) = (to for words, to in found.items() if "io serves media" in words)
    assert stuck == "#xenfusa-car-trace-link-io-media-dummy"


# --- the picture ------------------------------------------------------------------------------------------------------


def test_the_picture_says_in_words_what_it_draws(car: Built) -> None:
    shown = box(car)
    drawn = " ".join(drawing_of(shown).itertext())
    for name, words in (("brakes", "● SafeVM, safety task"), ("media", "○ UnsafeVM"), ("io", "Hardware Domain")):
        assert name in drawn
        assert words in drawn
    listed = shown.select_one("div.xenfusa-drawing + details")
    assert listed is not None
    said = " ".join(listed.get_text().split())
    for words in (
        "io: Hardware Domain, ○ UnsafeVM; devices: ethernet@fe300000 (reach dma, behind an IOMMU), mmc@fe310000",
        "VirtIO ×2 (mmc@fe310000, ethernet@fe300000): io serves media; no grants, blocking",
        "static shared memory: brakes and cluster",
        "io → control, brakes, cluster: memory (M), under Xen, policy dummy; ! advised against: C3",
        "serial@fe010000 (uart): Xen keeps it",
    ):
        assert words in said
    assert "style=" not in str(drawing_of(shown))


def test_sixteen_domains_stay_within_the_picture_and_nothing_lies_on_anything(build: Callable[..., Built]) -> None:
    domains = "".join(
        f"  - {{name: {'safe' if i % 2 else 'other'}-{i}, criticality: {'safe, safety_tasks: true' if i % 2 else 'unsafe'}}}\n"
        for i in range(14)
    )
    links = "".join(
        f"  - {{protocol: virtio, backend: io, frontend: {'safe' if i % 2 else 'other'}-{i}, grants: true}}\n"
        for i in range(14)
    )
    yaml = f"{SAFE.replace('radio, ', 'io, roles: [hardware], ')}{domains}links:\n{links}"
    built = build({"car.yaml": yaml, "car.statement.yaml": STATEMENT, "index.rst": TITLE + platform("car.yaml")})
    top = drawing_of(box(built))
    width, height = (float(part) for part in top.get("viewbox", "").split()[2:])
    rects = [
        tuple(float(one.get(name, "")) for name in ("x", "y", "width", "height"))
        for one in top.iter()
        if one.tag.endswith("rect")
    ]
    assert len(rects) == 16 + 2
    for number, (x, y, wide, high) in enumerate(rects):
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + high <= height
        for other in rects[:number]:
            apart = x >= other[0] + other[2] or other[0] >= x + wide or y >= other[1] + other[3] or other[1] >= y + high
            assert apart, (rects[number], other)


def test_of_a_large_platform_there_is_a_list_and_no_picture(build: Callable[..., Built]) -> None:
    many = "".join(f"  - {{name: radio-{number}, criticality: unsafe}}\n" for number in range(60))
    links = "".join(f"  - {{protocol: virtio, backend: io, frontend: radio-{number}}}\n" for number in range(60))
    yaml = f"{UNSAFE}  - {{name: io, roles: [hardware], criticality: unsafe}}\n{many}links:\n{links}"
    files = {"car.yaml": yaml, "car.statement.yaml": STATEMENT}
    shown = box(build({**files, "index.rst": TITLE + platform("car.yaml")}))
    assert "There is no picture of more than 32 domains; this platform has 64." in shown.get_text()
    assert "VirtIO ×60: io serves radio-0, radio-1" in shown.get_text()
    assert "and 52 more" in shown.get_text()
    assert shown.select_one("svg.xenfusa-platform-picture, g.xenfusa-platform-picture") is None
    known = {str(one["id"]) for one in shown.select("[id]")}
    places = [str(link["href"])[1:] for link in shown.select("a[href^='#xenfusa']")]
    assert places
    assert set(places) <= known


# --- what has not run, what is wrong ----------------------------------------------------------------------------------


def test_with_the_confirmation_switched_off_nothing_is_searched_or_shown_as_if(build: Callable[..., Built]) -> None:
    files = {"car.yaml": SAFE, "car.statement.yaml": STATEMENT}
    built = build({**files, "index.rst": TITLE + platform("car.yaml", ":expect: not compatible")})
    assert built.warnings == []
    shown = box(built)
    assert "– not run: the confirmation is switched off (xenfusa_confirm); expected: not compatible" in headline(shown)
    text = shown.get_text()
    assert "– not searched" in text
    assert "none found" not in text
    assert "✓ compatible" not in text
    assert "as expected" not in text


def test_a_wrong_expectation_is_one_located_warning(build: Callable[..., Built]) -> None:
    files = {"car.yaml": UNSAFE, "car.statement.yaml": STATEMENT}
    built = build({**files, "index.rst": TITLE + platform("car.yaml", ":expect: compatible")}, verdicts=())
    (warning,) = built.warnings
    assert re.match(
        r"docs/index\.rst:4: WARNING: the platform 'A car': found that it is not compatible \(2 broken, ", warning
    )
    assert warning.endswith("; expected compatible [xenfusa.platform]")
    assert "✗ expected: compatible" in headline(box(built))


@pytest.mark.parametrize(
    ("expect", "wrong"), [("ctrldom_is_safe", ""), ("hwdom_single", "found that it breaks ctrldom_is_safe")]
)
def test_the_rules_that_are_expected_to_be_broken(build: Callable[..., Built], expect: str, wrong: str) -> None:
    files = {"car.yaml": UNSAFE, "car.statement.yaml": STATEMENT}
    built = build({**files, "index.rst": TITLE + platform("car.yaml", f":expect: {expect}")}, verdicts=())
    assert len(built.warnings) == bool(wrong)
    assert all(wrong in one for one in built.warnings)


@pytest.mark.parametrize(
    ("files", "text", "place", "words"),
    [
        ({"a.dtb": b"\xd0\x0d\xfe\xedrubbish"}, platform("a.dtb"), "index.rst:4", "a.dtb: found"),
        ({"a.dts": "/dts-v1/;\n/ { broken\n"}, platform("a.dts"), "a.dts:", "found"),
        ({"a.cfg": 'name = "a"\nmemory = __import__\n'}, platform("a.cfg"), "a.cfg:2", "found"),
        ({}, platform("none.dts"), "index.rst:4", "none.dts: found no such file"),
        ({}, platform("../out.dts"), "index.rst:4", "'../out.dts'; expected one inside the source folder"),
        ({}, platform(","), "index.rst:4", "found :file: ,, which names no file"),
        ({"a.yaml": SAFE}, platform("a.yaml", ":statement: b.yaml"), "index.rst:4", "b.yaml: found no such file"),
        (
            {"a.yaml": SAFE, "a.statement.yaml": "domains: {radio: {criticality: safe}}\n"},
            platform("a.yaml"),
            "a.statement.yaml:1",
            "against a.yaml:3",
        ),
        ({"a.yaml": SAFE, "b.yaml": SAFE}, platform("a.yaml, b.yaml"), "index.rst:4", "2 platforms (a.yaml, b.yaml)"),
        (
            {"a.cfg": 'name = "a"\n'},
            platform("a.cfg", ":architecture: vax"),
            "index.rst:4",
            "'vax'; expected arm or x86",
        ),
        ({"a.cfg": 'name = "a"\n'}, platform("a.cfg", ":expect: fine"), "index.rst:4", "'fine'"),
        (
            {"a.cfg": 'name = "a"\n'},
            platform("a.cfg", ":expect: compatible, C1"),
            "index.rst:4",
            "compatible beside C1",
        ),
        (
            {},
            ".. xen:platform:: T\n   :statement: a.yaml\n\n   domains: []\n",
            "index.rst:4",
            ":statement: beside a body",
        ),
    ],
)
def test_a_bad_file_is_one_located_warning_and_the_others_are_shown(
    build: Callable[..., Built], files: dict[str, str | bytes], text: str, place: str, words: str
) -> None:
    good = {"good.yaml": SAFE, "good.statement.yaml": STATEMENT}
    index = TITLE + text + platform("good.yaml", title="Good", id="good")
    built = build({**good, **files, "index.rst": index}, verdicts=())
    (warning,) = built.warnings
    assert warning.startswith(f"docs/{place}")
    assert words in warning
    assert warning.endswith("[xenfusa.platform]")
    assert "✓ compatible" not in headline(box(built, 0))
    assert headline(box(built, 1)).startswith("Platform: Good — ✓ compatible (")


@pytest.mark.parametrize("where", [":file: loop.dts", ":file: loop.yaml", ":file: good.yaml\n   :statement: loop.yaml"])
def test_a_link_that_leads_back_to_itself_is_one_located_warning(
    tmp_path: Path, build: Callable[..., Built], where: str
) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("loop.dts", "loop.yaml"):
        (tmp_path / "docs" / name).symlink_to(name)
    files = {"good.yaml": SAFE, "good.statement.yaml": STATEMENT}
    text = TITLE + f".. xen:platform:: T\n   {where}\n\n" + platform("good.yaml", title="Good", id="good")
    built = build({**files, "index.rst": text}, verdicts=())
    (warning,) = built.warnings
    assert warning.startswith("docs/index.rst:4")
    assert "loop." in warning
    assert warning.endswith("[xenfusa.platform]")
    assert headline(box(built, 1)).startswith("Platform: Good — ✓ compatible (")


def test_of_many_open_questions_the_first_are_shown_and_the_others_unfold(build: Callable[..., Built]) -> None:
    files = {f"cars/d{at}.cfg": f'name = "d{at}"\ntype = "pvh"\nmemory = 512\n' for at in range(15)}
    shown = box(build({**files, "index.rst": TITLE + platform("cars")}, verdicts=()))
    first = next(one for one in shown.select("p") if one.get_text().startswith("To be said")).find_next_sibling("ul")
    assert first is not None
    assert len(first.select(":scope > li")) == 12
    rest = next(one for one in shown.select("details") if one.select("summary")[0].get_text().startswith("And "))
    assert f"And {len(rest.select('li'))} values more" in rest.get_text()
    asked = first.get_text() + rest.get_text()
    assert all(f"criticality of d{at} " in asked for at in range(15))


# --- built again ------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The platforms that were searched, in order."""
    found: list[str] = []
    search = platform_answers.assessed

    def noted(configuration: Configuration) -> platform_answers.Answer:
        found.append(configuration.name)
        return search(configuration)

    monkeypatch.setattr(platform_answers, "assessed", noted)
    return found


def test_only_what_changed_is_searched_again_and_the_pages_are_as_if_fresh(
    build: Callable[..., Built], tmp_path: Path, asked: list[str]
) -> None:
    files = dict.fromkeys(("a.yaml", "b.yaml"), SAFE) | {f"{name}.statement.yaml": STATEMENT for name in "ab"}
    text = TITLE + platform("a.yaml", id="a") + platform("b.yaml", id="b")
    build({**files, "index.rst": text}, verdicts=())
    assert asked == ["a.yaml", "b.yaml"]
    build({}, verdicts=())
    build({"index.rst": text + "\nWords.\n"}, verdicts=())
    assert asked == ["a.yaml", "b.yaml"]
    edited = build({"b.statement.yaml": STATEMENT.replace("dummy", "silo")}, verdicts=())
    assert asked == ["a.yaml", "b.yaml", "b.yaml"]
    assert "policy silo" in edited.page("index.html")
    fresh = build({}, verdicts=(), doctrees="other", out="fresh")
    assert fresh.page("index.html") == edited.page("index.html")
    again = build({}, verdicts=(), doctrees="third", out="parallel", parallel=2)
    assert again.page("index.html") == edited.page("index.html")


def test_a_statement_that_comes_and_goes(build: Callable[..., Built], tmp_path: Path) -> None:
    first = build({"car.yaml": SAFE, "index.rst": TITLE + platform("car.yaml")}, verdicts=())
    assert "breaks none of the" in headline(box(first))
    stated = build({"car.statement.yaml": STATEMENT}, verdicts=())
    assert "✓ compatible (" in headline(box(stated))
    assert any(one.file == "car.statement.yaml" for one in stated.record.inputs)
    (tmp_path / "docs" / "car.statement.yaml").unlink()
    assert "breaks none of the" in headline(box(build({}, verdicts=())))


def test_every_file_is_an_input_of_the_build(build: Callable[..., Built]) -> None:
    files = {
        "board.dts": (
            '/dts-v1/;\n/include/ "soc/parts.dtsi"\n'
            '/ { chosen { one { compatible = "xen,domain"; memory = <0 0x20000>; cpus = <1>; }; }; };\n'
        ),
        "soc/parts.dtsi": "/ { };\n",
        "index.rst": TITLE + platform("board.dts"),
    }
    built = build(files)
    assert {"board.dts", "soc/parts.dtsi"} <= {one.file for one in built.record.inputs}


@pytest.mark.parametrize("builder", ["text", "latex", "singlehtml", "epub"])
def test_other_formats_say_the_same_in_words(build: Callable[..., Built], builder: str) -> None:
    files = {"car.yaml": UNSAFE, "car.statement.yaml": STATEMENT}
    built = build({**files, "index.rst": TITLE + platform("car.yaml")}, verdicts=(), builder=builder, copyright="T")
    assert [one for one in built.warnings if "mimetype" not in one] == []
    (page,) = (one for one in built.out.rglob("*") if one.name in ("index.txt", "t.tex", "index.html", "index.xhtml"))
    text = page.read_text("utf-8")
    plain = (
        " ".join(BeautifulSoup(text, "html.parser").get_text().split()) if "<" in text[:9] else " ".join(text.split())
    )
    for words in ("not compatible", "interference", "control", "brakes"):
        assert words in plain


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("javascript", [True, False])
class TestInABrowser:
    pytestmark = NEEDS_A_BROWSER

    def test_a_click_on_an_arrow_leads_to_the_rule_and_from_there_to_the_trace(
        self, car: Built, opened: Browsing, javascript: bool
    ) -> None:
        window = WIDE if javascript else NARROW
        page = opened(car.out, "index.html", javascript=javascript, window=window, reduced_motion="reduce")
        from playwright.sync_api import expect

        page.locator("svg a", has_text="time (T)").first.click()
        assert page.url.endswith("#xenfusa-car-rule-sync-frontend-unsafe")
        row = page.locator("tr:target")
        assert "✗ broken" in row.inner_text()
        row.locator("a", has_text="time (T)").click()
        part = page.locator(":target + p")
        assert part.inner_text().startswith("✗ interference: io → cluster: time (T), under the document")
        expect(part).to_be_in_viewport()
