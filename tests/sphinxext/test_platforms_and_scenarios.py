"""``xen:platform`` and ``xen:scenario``: what the page shows, what is warned of, and that no result goes stale."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from sphinx.util.inventory import InventoryFile
from tests_support import Built, requirement

from sphinx_xenfusa.claims import interference
from sphinx_xenfusa.claims.interference import examine
from sphinx_xenfusa.model.policies import DUMMY
from sphinx_xenfusa.model.rules import RULES

TITLE = "Page\n====\n\n"
SUMMARY = ".. xen:summary::\n"
HW = "- {name: hw, roles: [hardware], criticality: unsafe}"
BRAKE = "- {name: brake, criticality: safe}"
SECOND = "- {name: hw2, roles: [hardware], criticality: safe}"


def platform(*domains: str, options: str = "", title: str = "A platform", more: str = "") -> str:
    lines = [f".. xen:platform:: {title}", *(f"   {line}" for line in options.splitlines()), "", "   domains:"]
    lines += [f"     {line}" for line in domains]
    lines += [f"   {line}" for line in more.splitlines()]
    return "\n".join([*lines, ""]) + "\n"


def scenario(*steps: str, options: str = "", on: str = "a-platform", title: str = "A scenario") -> str:
    lines = [f".. xen:scenario:: {title}", *(f"   {line}" for line in options.splitlines()), ""]
    lines += [f"   platform: {on}", "   steps:", *(f"     - {{{step}}}" for step in steps)]
    return "\n".join([*lines, ""]) + "\n"


YIELD = "who: brake, does: SCHEDOP_yield, expect: allowed"
OFF = "who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: allowed"


def boxes(built: Built, kind: str, page: str = "index.html") -> list[Tag]:
    return BeautifulSoup(built.page(page), "html.parser").select(f"div.xenfusa-{kind}")


def cells(box: Tag, table: str) -> list[list[str]]:
    rows = box.select(f"table.xenfusa-{table} tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("td")] for row in rows]


def wrong_rows(box: Tag) -> list[str]:
    return [row.get_text(" ") for row in box.select("tr.xenfusa-wrong")]


# --- platforms ----------------------------------------------------------------------------------------------------------


def test_a_compatible_platform(build: Callable[..., Built]) -> None:
    text = platform(
        HW,
        "- {name: brake, criticality: safe, safety_tasks: true}",
        options=":expect: compatible",
        more="devices:\n  - {name: eth0, reach: dma}\n  - {name: can, owner: brake, iommu: false}\n"
        "  - {name: gic, kind: interrupt-controller}\n"
        "links:\n  - {protocol: virtio, backend: hw, frontend: brake, device: eth0, grants: true, nonblocking: true}\n"
        "  - {protocol: argo, backend: hw, frontend: brake}",
    )
    built = build({"index.rst": TITLE + requirement() + "\n" + text})
    assert built.warnings == []
    (box,) = boxes(built, "platform")
    said = (
        f"Platform: A platform — ≠ breaks none of the {len(RULES)} rules, as expected; not safe under Xen, policy dummy"
    )
    assert said in box.get_text()
    assert cells(box, "domains") == [
        ["hw", "Hardware Domain", "UnsafeVM", "no", "eth0"],
        ["brake", "DomU", "SafeVM", "yes", "can"],
    ]
    assert cells(box, "devices") == [
        ["eth0", "peripheral", "hw (by default)", "dma", "yes"],
        ["can", "peripheral", "brake (passthrough)", "self", "no"],
        ["gic", "interrupt-controller", "Xen keeps it", "self", "yes"],
    ]
    assert cells(box, "links") == [
        ["virtio", "hw", "brake", "eth0", "VirtIO with grants, non-blocking VirtIO"],
        ["argo", "hw", "brake", "none", "none exist"],
    ]
    rules = cells(box, "rules")
    assert len(rules) == len(RULES) >= 4
    assert {row[-1] for row in rules} == {"✓ as expected"}
    assert {row[-2] for row in rules} == {"✓ obeyed"}
    assert wrong_rows(box) == []
    (link,) = box.select("table.xenfusa-rules tbody a")
    assert (link["href"], link.get_text()) == ("#XenArch~hwdom_single~1", "hwdom_single")


def test_a_wrong_expectation_is_one_located_warning_and_red_rows(build: Callable[..., Built]) -> None:
    text = platform(HW, SECOND, options=":expect: ctrldom_single")
    built = build({"index.rst": TITLE + SUMMARY + "\n" + text})
    assert built.warnings == [
        "docs/index.rst:6: WARNING: the platform 'A platform': found that it breaks hwdom_single (by hw, hw2); "
        "expected that it breaks ctrldom_single [xenfusa.platform]"
    ]
    (box,) = boxes(built, "platform")
    assert "✗ breaks hwdom_single; expected to break ctrldom_single" in box.get_text()
    assert ["✗ broken by hw, hw2" in row for row in wrong_rows(box)] == [True, False]
    assert "✗ expected to be obeyed" in wrong_rows(box)[0]
    assert "✗ expected to be broken" in wrong_rows(box)[1]
    assert [one.about for one in built.record.findings] == ["A platform"]
    assert "xenfusa.platform" in built.page("index.html")


def test_rules_that_are_expected_to_be_broken(build: Callable[..., Built]) -> None:
    for expected in ("hwdom_single", "XenArch~hwdom_single~1"):
        built = build({"index.rst": TITLE + platform(HW, SECOND, options=f":expect: {expected}")})
        assert built.warnings == []
        (box,) = boxes(built, "platform")
        assert "✓ breaks hwdom_single, as expected" in box.get_text()
        (row,) = [row for row in cells(box, "rules") if row[0] == "hwdom_single"]
        assert row[-2:] == ["✗ broken by hw, hw2", "✓ as expected"]


def test_what_is_not_rejected_is_reported(build: Callable[..., Built]) -> None:
    text = platform(
        HW,
        "- {name: idle, criticality: safe}",
        options=":expect: compatible",
        more="devices:\n  - {name: reset, reach: platform}\n"
        "links:\n  - {protocol: virtio, backend: hw, frontend: idle, grants: true, nonblocking: true}",
    )
    built = build({"index.rst": TITLE + text})
    (warning,) = built.warnings
    assert "found interference with a SafeVM under the document (hw issues reset by a device" in warning
    (box,) = boxes(built, "platform")
    reported = [" ".join(one.get_text().split()) for one in box.select("li")]
    assert [one.split(", broken by ")[0] for one in reported] == [
        "advice: safevm_definition",
        "advice: ffi_virtio_unsafe_only",
        "assumption of use: aou_dev",
    ]
    assert [one.split(", broken by ")[1].split(".")[0] for one in reported] == ["idle", "idle", "reset"]


def test_without_an_expectation_nothing_is_shown_as_expected(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + platform(HW)})
    (box,) = boxes(built, "platform")
    assert built.warnings == []
    assert f"∅ breaks none of the {len(RULES)} rules; nothing expected" in box.get_text()
    assert "✓ as expected" not in box.get_text()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            platform(HW, options=":expect: hwdom_singel"),
            4,
            ["'hwdom_singel' (did you mean hwdom_single?)", "compatible"],
        ),
        (platform(HW, options=":expect:"), 4, ["found nothing", "expected compatible"]),
        (platform(HW, options=":expect: compatible, hwdom_single"), 4, ["compatible beside hwdom_single"]),
        (platform(HW, BRAKE.replace("safe", "save")), 8, ["'save'", "did you mean safe?", "safe, unsafe"]),
        (platform(HW, HW), 8, ["the domain name 'hw' is used 2 times"]),
        (platform(HW, options=":id: a b"), 4, ["the id 'a b'", "letter or digit"]),
        (platform(HW, options=":file: p.yaml"), 4, ["a body and :file:", "one of the two"]),
        (".. xen:platform:: T\n   :file: ../secret.yaml\n", 4, ["'../secret.yaml'", "inside the source folder"]),
        (".. xen:platform:: T\n   :file: none.yaml\n", 4, ["none.yaml: found no such file", "a platform in YAML"]),
        (".. xen:platform:: T\n", 4, ["found no body", ":file:"]),
        (platform(HW) + platform(HW, options=":id: a-platform"), 9, ["'a-platform'", "index.rst:4"]),
    ],
)
def test_one_warning_for_each_mistake(build: Callable[..., Built], text: str, line: int, words: list[str]) -> None:
    built = build({"index.rst": TITLE + text, "../secret.yaml": "domains: [{name: secret, criticality: safe}]"})
    ours = [one for one in built.warnings if f"docs/index.rst:{line}: " in one]
    assert len(ours) == 1, built.warnings
    assert ours[0].endswith("[xenfusa.platform]")
    for word in words:
        assert word in ours[0]
    # Of an id that stands twice each place is told.
    assert len(built.warnings) == text.count("xen:platform::"), built.warnings
    box = boxes(built, "platform")[-1]
    assert "!" in box.get_text()
    assert "✓ breaks none" not in box.get_text()
    assert "secret" not in box.get_text().replace("secret.yaml", "")


def test_what_cannot_be_read_stays_on_the_page(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + platform("- {name: hw, criticality: <script>alert(1)</script>}")})
    (box,) = boxes(built, "platform")
    assert "! not judged: it cannot be read" in box.get_text()
    assert "criticality: <script>alert(1)</script>" in box.get_text()
    assert "<script>alert" not in built.page("index.html")
    assert "✓" not in box.get_text()


def test_a_tag_of_another_revision_is_not_the_rule(build: Callable[..., Built]) -> None:
    text = platform(HW, SECOND, options=":expect: XenArch~hwdom_single~2")
    built = build({"index.rst": TITLE + requirement() + "\n" + text})
    (warning,) = built.warnings
    assert "found XenArch~hwdom_single~2; expected XenArch~hwdom_single~1" in warning


def test_a_file_in_place_of_a_body(build: Callable[..., Built]) -> None:
    files = {
        "index.rst": TITLE + ".. xen:platform:: T\n   :file: sub/p.yaml\n   :expect: compatible\n",
        "sub/p.yaml": f"domains:\n  {HW}\n",
    }
    assert build(files).warnings == []
    edited = build({"sub/p.yaml": f"domains:\n  {HW}\n  {SECOND}\n"})
    assert edited.types() == ["xenfusa.platform"]
    assert "✗ breaks hwdom_single" in edited.page("index.html")
    faulty = build({"sub/p.yaml": f"domains:\n  {HW}\n  {BRAKE.replace('safe', 'save')}\n"})
    assert [one.partition(" WARNING")[0] for one in faulty.warnings] == ["docs/sub/p.yaml:3:"]


def test_interference_is_searched_under_the_document_and_the_configured_policy(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + platform(HW, BRAKE, options=":expect: compatible")})
    assert built.warnings == []
    (box,) = boxes(built, "platform")
    document, dummy = cells(box, "interference")
    assert (document[0], dummy[0]) == ("The document", "Xen, policy dummy")
    assert re.fullmatch(r"2 pairs of domains; [1-9][0-9,]* steps let through", document[1])
    assert document[2] == "✓ none found"
    assert dummy[2].startswith("✗ found: ")
    assert "hw (C)" in dummy[2]
    # Beside the headline about the rules, not only below.
    line = " ".join(box.select("p.xenfusa-headline")[1].get_text().split())
    assert "✓ none found under the document; ✗ found: hw (C)" in line
    titles = [one.get_text() for one in box.select("summary")]
    assert "hw, Xen, policy dummy: trace (C)" in titles
    assert "SCHEDOP_shutdown" in " ".join(" ".join(row) for row in cells(box, "trace"))


def test_interference_that_no_rule_forbids_is_a_finding(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        interference, "examine", lambda platform, policy: replace(examine(platform, DUMMY), policy=policy.name)
    )
    built = build({"index.rst": TITLE + platform(HW, BRAKE, options=":expect: compatible")})
    assert built.types() == ["xenfusa.platform"]
    assert "found interference with a SafeVM under the document (hw issues SCHEDOP_shutdown" in built.warnings[0]


def test_without_a_safe_vm_nothing_is_shown_as_searched(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + platform(HW)})
    rows = cells(boxes(built, "platform")[0], "interference")
    assert {row[2] for row in rows} == {"∅ none to be tried"}


def test_a_platform_that_is_too_large_is_not_shown_as_searched(build: Callable[..., Built]) -> None:
    many = [f"- {{name: d{i}, criticality: {'safe' if i % 2 else 'unsafe'}}}" for i in range(17)]
    built = build({"index.rst": TITLE + platform(*many)})
    assert cells(boxes(built, "platform")[0], "interference") == [
        ["any policy", "nothing: more than 16 domains", "– not searched"]
    ]


def test_platforms_can_be_linked_to(build: Callable[..., Built]) -> None:
    see = "\nSee :xen:platform:`a-platform`, :xen:platform:`words <own>`, :any:`own`, :xen:platform:`none`.\n"
    files = {
        "index.rst": TITLE + ".. toctree::\n\n   other\n" + see,
        "other.rst": TITLE + platform(HW) + platform(HW, options=":id: own", title="Ünïcödé"),
    }
    built = build(files, nitpicky=True)
    assert [one for one in built.warnings if "xen:platform" in one or "none" in one] == built.warnings
    assert len(built.warnings) == 1
    page = BeautifulSoup(built.page("index.html"), "html.parser")
    targets = [link["href"] for link in page.select("a.reference.internal") if "xen-platform" in str(link["href"])]
    assert targets == [f"other.html#xen-platform-{name}" for name in ("a-platform", "own", "own")]
    other = built.page("other.html")
    assert 'id="xen-platform-a-platform"' in other
    assert 'id="xen-platform-own"' in other
    inventory = InventoryFile.load((built.out / "objects.inv").open("rb"), "", lambda base, name: name)
    assert set(inventory["xen:platform"]) == {"a-platform", "own"}


# --- scenarios ----------------------------------------------------------------------------------------------------------


def test_a_scenario_under_the_document_and_the_configured_policy(build: Callable[..., Built]) -> None:
    text = platform(HW, BRAKE) + scenario(
        OFF + ", changes: {hw: {life-cycle: shut down}}, "
        "under: {dummy: {expect: allowed, changes: {hw: {life-cycle: shut down}, platform: {power: down}}}}",
        YIELD + ", under: {dummy: impossible}, note: It goes on.",
    )
    built = build({"index.rst": TITLE + text})
    assert built.warnings == []
    (box,) = boxes(built, "scenario")
    assert "✓ 4 steps under 2 policies, all as expected" in box.get_text()
    captions = [one.get_text() for one in box.select(".xenfusa-trace caption")]
    assert [one.partition(", step")[0] for one in captions] == ["Under the document", "Under Xen, policy dummy"]
    compared = cells(box, "side-by-side")
    assert [row[-1] for row in compared] == ["≠ differs", "≠ differs"]
    assert compared[1][2].startswith("allowed brake: configuration : original → changed")
    assert compared[1][3] == "impossible: the machine is down"
    assert "a difference in 2 of 2 steps" in box.select(".xenfusa-side-by-side caption")[0].get_text()
    rows = cells(box, "trace")
    assert len(rows) == 4
    assert rows[0][:2] == ["1", "hw"]
    assert "SCHEDOP_shutdown" in rows[0][2]
    assert "argument: poweroff" in rows[0][2]
    assert "xen/common/sched/core.c" in rows[0][2]
    assert rows[0][3].endswith("✓ as expected")
    assert rows[0][5] == "hw: life-cycle : running → shut down"
    assert rows[2][5].startswith("platform: power : up → down")
    assert rows[3][4] == "impossible: the machine is down"
    assert "It goes on." in rows[1][2]
    link = box.select_one("p a")
    assert link is not None
    assert link["href"] == "#xen-platform-a-platform"


def test_a_wrong_step_is_one_warning_at_its_line_and_hides_nothing(build: Callable[..., Built]) -> None:
    text = platform(HW, BRAKE) + scenario(OFF, YIELD, YIELD.replace("allowed", "denied"))
    built = build({"index.rst": TITLE + SUMMARY + "\n" + text})
    assert built.warnings == [
        "docs/index.rst:17: WARNING: step 2 of the scenario 'A scenario': under dummy found impossible; expected allowed "
        "[xenfusa.scenario]",
        "docs/index.rst:18: WARNING: step 3 of the scenario 'A scenario': under specification found allowed; expected "
        "denied; under dummy found impossible; expected denied [xenfusa.scenario]",
    ]
    (box,) = boxes(built, "scenario")
    assert "✗ 3 steps not as expected" in box.get_text()
    assert len(cells(box, "trace")) == 6
    assert len(wrong_rows(box)) == 3
    assert all("✗ found" in row for row in wrong_rows(box))
    assert [one.subtype for one in built.record.findings] == ["scenario", "scenario"]


def test_the_policies_of_a_scenario(build: Callable[..., Built]) -> None:
    def captions(options: str, step: str = YIELD) -> list[str]:
        built = build({"index.rst": TITLE + platform(HW, BRAKE) + scenario(step, options=options)})
        assert built.warnings == []
        found = boxes(built, "scenario")[0].select(".xenfusa-trace caption")
        return [one.get_text().partition(", step")[0] for one in found]

    assert captions("", YIELD + ", under: {dummy: allowed}") == ["Under the document", "Under Xen, policy dummy"]
    assert captions(":policy: dummy") == ["Under Xen, policy dummy"]
    assert captions(":policy: dummy, specification") == ["Under Xen, policy dummy", "Under the document"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (scenario(YIELD.replace("brake", "brak")), 14, ["the domain 'brak' (did you mean brake?)", "hw, brake"]),
        (scenario(YIELD.replace("yield", "yeld")), 14, ["'SCHEDOP_yeld' (did you mean SCHEDOP_yield?)"]),
        (scenario(YIELD + ", under: {dumy: denied}"), 14, ["'dumy' (did you mean dummy?)", "specification, dummy"]),
        (scenario(YIELD, on="a-platfrom"), 12, ["'a-platfrom', which is not there (did you mean a-platform?)"]),
        (scenario(YIELD, options=":policy: dumy"), 10, ["'dumy' in :policy:", "specification, dummy"]),
        (scenario(YIELD, options=":policy:"), 10, ["nothing in :policy:"]),
        (
            scenario(YIELD + ", under: {dummy: denied}", options=":policy: specification"),
            10,
            ["expects something under dummy, which :policy: leaves out"],
        ),
        (".. xen:scenario:: T\n", 10, ["found no body; expected YAML"]),
        (".. xen:scenario:: T\n\n   platform: [\n", 12, ["malformed YAML"]),
    ],
)
def test_a_scenario_that_cannot_run(build: Callable[..., Built], text: str, line: int, words: list[str]) -> None:
    built = build({"index.rst": TITLE + platform(HW, BRAKE) + text})
    (warning,) = built.warnings
    assert warning.startswith(f"docs/index.rst:{line}: WARNING: "), warning
    assert warning.endswith("[xenfusa.scenario]")
    for word in words:
        assert word in warning
    (box,) = boxes(built, "scenario")
    assert "! not run" in box.get_text()
    assert "✓" not in box.get_text()
    assert [block.get_text().startswith("platform:") for block in box.select("pre")] == [True] * ("platform:" in text)


def test_a_platform_that_cannot_be_read_runs_nothing(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + platform(HW.replace("unsafe", "x")) + scenario(YIELD)})
    assert built.types() == ["xenfusa.platform", "xenfusa.scenario"]
    assert "which cannot be read (see index.rst:4)" in built.warnings[1]
    assert "! not run" in boxes(built, "scenario")[0].get_text()


def test_lines_in_included_files_and_behind_a_prolog(build: Callable[..., Built]) -> None:
    files = {
        "index.rst": TITLE + "Text.\n\n.. include:: part.txt\n\n.. note::\n\n"
        + "".join(f"   {line}\n" for line in scenario(YIELD.replace("yield", "yeld")).splitlines()),
        "part.txt": "More text.\n\n" + platform(HW, BRAKE.replace("safe", "save")),
    }  # fmt: skip
    built = build(files, exclude_patterns=["part.txt"], rst_prolog=".. |x| replace:: y\n")
    places = sorted(one.partition(": WARNING")[0] for one in built.warnings)
    assert places == ["docs/index.rst:12", "docs/part.txt:7"]


# --- no stale result ----------------------------------------------------------------------------------------------------


def test_a_platform_that_changes_changes_the_scenario_of_another_page(
    build: Callable[..., Built],
) -> None:
    toc = TITLE + ".. toctree::\n\n   a\n   b\n"
    good = {
        "index.rst": toc,
        "a.rst": TITLE + platform(HW, BRAKE),
        "b.rst": TITLE + scenario(OFF, options=":policy: dummy"),
    }
    assert build(good).warnings == []
    edited = build({"a.rst": TITLE + platform(HW.replace("hardware", "control"), BRAKE)})
    assert edited.warnings == []
    assert "platform: power" not in edited.page("b.html")
    assert "Control Domain" in edited.page("b.html")
    gone = build({"a.rst": TITLE + "Nothing.\n"})
    assert gone.types() == ["xenfusa.scenario"]
    assert "! not run" in boxes(gone, "scenario", "b.html")[0].get_text()
    back = build({"a.rst": TITLE + "More.\n\n" + platform(HW, BRAKE)})
    assert back.warnings == []
    assert "platform: power" in back.page("b.html")


def test_a_warning_is_told_in_every_build(build: Callable[..., Built]) -> None:
    files = {"index.rst": TITLE + platform(HW, SECOND, options=":expect: compatible") + scenario(OFF)}
    first = build(files)
    again = build()
    assert "0 added, 0 changed" in again.log
    assert first.types() == again.types() == ["xenfusa.platform"]


def test_an_unchanged_page_is_not_written_again(build: Callable[..., Built]) -> None:
    files = {"index.rst": TITLE + platform(HW, BRAKE) + scenario(OFF)}
    written = build(files).out / "index.html"
    before = written.stat().st_mtime_ns
    build()
    assert written.stat().st_mtime_ns == before


def test_a_new_requirement_is_linked_from_the_rule(build: Callable[..., Built]) -> None:
    toc = TITLE + ".. toctree::\n\n   a\n   b\n"
    first = build({"index.rst": toc, "a.rst": TITLE + platform(HW), "b.rst": TITLE + "None.\n"})
    assert "XenArch~hwdom_single~1" not in first.page("a.html")
    second = build({"b.rst": TITLE + requirement()})
    assert 'href="b.html#XenArch~hwdom_single~1"' in second.page("a.html")


@pytest.mark.parametrize("builder", ["html", "dirhtml", "singlehtml", "latex", "epub", "text"])
def test_all_builders_in_two_processes(build: Callable[..., Built], builder: str) -> None:
    files = {f"p{i}.rst": f"P{i}\n==\n\n" + platform(HW, BRAKE, title=f"Platform {i}") for i in range(6)}
    files |= {f"s{i}.rst": f"S{i}\n==\n\n" + scenario(OFF, on=f"platform-{i}") for i in range(6)}
    files["index.rst"] = TITLE + ".. toctree::\n   :glob:\n\n   p*\n   s*\n\nSee :xen:platform:`platform-3`.\n"
    built = build(files, builder=builder, parallel=2)
    assert [one for one in built.warnings if "epub" not in one] == []
    pages = [path for path in built.out.rglob("*") if path.suffix in (".html", ".xhtml", ".tex", ".txt")]
    text = "\n".join(path.read_text("utf-8") for path in pages)
    words = re.sub(r"<[^>]*>|\\[a-zA-Z]+|[{}*\s|+-]", "", text)
    assert words.count("breaksnoneofthe") >= 6
    assert words.count("2stepsunder2policies,allasexpected") >= 6


def test_nothing_of_a_removed_platform_is_left(build: Callable[..., Built], tmp_path: Path) -> None:
    toc = TITLE + ".. toctree::\n   :glob:\n\n   *\n"
    build({"index.rst": toc, "a.rst": TITLE + platform(HW, SECOND, options=":expect: compatible")})
    (tmp_path / "docs" / "a.rst").unlink()
    assert build({"b.rst": TITLE + platform(HW)}).warnings == []
