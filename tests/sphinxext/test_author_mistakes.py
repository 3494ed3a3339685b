"""Every mistake of an author costs one warning, with file, line, type, what was found and what was expected."""

from collections.abc import Callable

import pytest
from sphinx.util.inventory import InventoryFile
from sphinx_needs.api import get_needs_view
from tests_support import Built, requirement

from sphinx_xenfusa.sphinxext.warning_types import SUBTYPES, warn

TITLE = "Page\n====\n\n"


@pytest.mark.parametrize(
    ("text", "line", "subtype", "words"),
    [
        (requirement(kind="prohibitino"), 4, "kind", ["'prohibitino'", "prohibition", "assumption"]),
        (".. xen:req:: T\n   :id: XenArch~a~1\n\n   X.\n", 4, "kind", ["without :kind:", "definition"]),
        (".. xen:req:: T\n   :kind: rule\n\n   X.\n", 4, "option", ["without :id:", "XenArch~name~1"]),
        (
            ".. xen:req:: T\n   :id: XenArch-a-1\n   :kind: rule\n\n   X.\n",
            4,
            "tag",
            ["'XenArch-a-1'", "type~name~revision"],
        ),
        (
            ".. xen:req:: T\n   :id: XenArch~a~01\n   :kind: rule\n\n   X.\n",
            4,
            "revision",
            ["'XenArch~a~01'", "type~name~revision"],
        ),
        (".. xen:req:: T\n   :id: XenArch~a~0\n   :kind: rule\n\n   X.\n", 4, "revision", ["revision 0", "from 1"]),
        (requirement(kind="assumption", options=":owner: me"), 4, "option", ["without :discharge:", "who has to"]),
        (requirement(kind="assumption", options=":discharge: a test"), 4, "option", ["without :owner:"]),
        (requirement(kind="rule", options=":owner: me"), 4, "option", [":owner: at a rule", "assumption only"]),
        (requirement(kind="hazard", options=":discharge: x"), 4, "option", [":discharge: at a hazard"]),
        (requirement(options=":confirmed-by: hwdom_singel"), 4, "unknown_claim", ["'hwdom_singel'", "known claim"]),
        (requirement(options=":covers: XenProd~none~1"), 4, "orphaned", ["XenProd~none~1"]),
        (requirement(options=":covers: XenProd-none"), 4, "tag", ["XenProd-none"]),
    ],
)
def test_one_located_warning(build: Callable[..., Built], text: str, line: int, subtype: str, words: list[str]) -> None:
    built = build({"index.rst": TITLE + text}, builder="dummy")
    assert len(built.warnings) == 1, built.warnings
    assert built.warnings[0].startswith(f"docs/index.rst:{line}: WARNING: ")
    assert built.warnings[0].endswith(f"[xenfusa.{subtype}]")
    for word in words:
        assert word in built.warnings[0]


def test_a_refused_requirement_keeps_its_text(build: Callable[..., Built]) -> None:
    built = build(
        {"index.rst": TITLE + requirement(kind="wrong", text="Text with *markup*.") + "\n" + requirement("other")}
    )
    page = built.page("index.html")
    assert "Not a requirement: A title" in page
    assert "Text with <em>markup</em>." in page
    assert 'id="XenArch~other~1"' in page
    assert [str(one.item.tag) for one in built.record.items] == ["XenArch~other~1"]


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_duplicate_names_both_places(build: Callable[..., Built], parallel: int) -> None:
    pages = {f"p{i}.rst": f"P{i}\n==\n\n" + requirement(f"n{i}") for i in range(6)}
    pages["p4.rst"] = "P4\n==\n\n" + requirement("n1", text="Another text.")
    toc = ".. toctree::\n\n" + "".join(f"   p{i}\n" for i in range(6))
    built = build({"index.rst": TITLE + toc, **pages}, parallel=parallel, builder="dummy")
    ours = [one for one in built.warnings if one.endswith("[xenfusa.duplicate]")]
    assert len(ours) == 1, built.warnings
    assert "p1.rst:4" in ours[0]
    assert "p4.rst:4" in ours[0]
    assert len(built.record.items) == 5


def test_requirements_are_typed_needs(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement(options=":needs: XenTest\n:rationale: Because.")})
    need = get_needs_view(built.app)["XenArch~hwdom_single~1"]
    assert need["type"] == "xen_rule"
    assert need["xen_rationale"] == "Because."
    assert list(need["xen_needs"]) == ["XenTest"]
    assert need["xen_state"] == "not run"
    assert len(need["xen_fingerprint"]) == 64


def test_texts_are_shown_as_they_stand(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement(title="About [[copy('id')]]", options=":source: [[none()]]")})
    assert built.warnings == []
    assert get_needs_view(built.app)["XenArch~hwdom_single~1"]["title"] == "About [[copy('id')]]"


def test_a_native_need_and_other_ids_still_work(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement() + "\n.. req:: Native\n   :id: NATIVE_1\n\n   Text.\n"})
    assert built.warnings == []
    assert 'id="NATIVE_1"' in built.page("index.html")


def test_a_link_by_role_and_the_inventory(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement() + "\nSee :xen:req:`XenArch~hwdom_single~1`.\n"})
    assert built.warnings == []
    assert 'href="#XenArch~hwdom_single~1"' in built.page("index.html")
    inventory = InventoryFile.loads((built.out / "objects.inv").read_bytes(), uri="")
    assert "XenArch~hwdom_single~1" in inventory.data["xen:req"]


def test_a_dangling_link_is_reported(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + "See :xen:req:`XenArch~none~1`.\n"})
    assert len(built.warnings) == 1
    assert "XenArch~none~1" in built.warnings[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("policy", "dumy"),
        ("policy", ["dummy"]),
        ("confirm", "maybe"),
        ("claim_timeout", -1),
        ("cache_dir", "a\0b"),
        ("test_reports", [1]),
        ("test_reports", ["a\0b"]),
        ("test_report_limit", 0),
        ("test_report_limit", -1),
        ("test_case_limit", True),
        ("oft", [1]),
        ("test_runs", ["a\0b"]),
        ("commit", "HEAD"),
        ("commit", "ABCDEF1"),
        ("require_provenance", 3),
    ],
)
def test_a_setting_out_of_range(build: Callable[..., Built], name: str, value: object) -> None:
    built = build({"index.rst": TITLE}, builder="dummy", verdicts=(), **{f"xenfusa_{name}": value})
    ours = [one for one in built.warnings if one.endswith("[xenfusa.config]")]
    assert len(ours) == 1
    assert f"xenfusa_{name} = {value!r}" in ours[0]
    assert ours[0].startswith("docs/conf.py:1: WARNING: ")


def test_a_setting_that_there_is_not(build: Callable[..., Built]) -> None:
    conf = 'extensions = ["sphinx_xenfusa"]\nif True:\n    xenfusa_own = 1\nxenfusa_polcy: str = "dummy"\n'
    built = build({"conf.py": conf, "index.rst": TITLE}, builder="dummy")
    (told,) = built.warnings
    assert "docs/conf.py:4: WARNING: found the setting xenfusa_polcy, which there is not" in told
    assert "(did you mean xenfusa_policy?)" in told
    assert told.endswith("[xenfusa.config]")


@pytest.mark.parametrize(
    ("toml", "subtype", "words"),
    [
        ("[xenfusa]\npolcy = 'dummy'\n", "config", "polcy"),
        ("[xenfusa\n", "input", "TOML"),
        ("xenfusa = 3\n", "config", "table"),
        (b"\xff\xfe", "input", "UTF-8"),
    ],
)
def test_a_bad_ubproject(build: Callable[..., Built], toml: str | bytes, subtype: str, words: str) -> None:
    # sphinx-needs reads the file too and has words of its own; it is told to leave this one alone.
    built = build({"index.rst": TITLE, "ubproject.toml": toml}, needs_from_toml=None, builder="dummy")
    ours = [one for one in built.warnings if f"[xenfusa.{subtype}]" in one]
    assert len(ours) == 1, built.warnings
    assert "ubproject.toml" in ours[0]
    assert words in ours[0]


def test_ubproject_sets_a_setting(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE, "ubproject.toml": "[xenfusa]\nclaim_timeout = 7.5\n"}, builder="dummy")
    assert built.app.config.xenfusa_claim_timeout == 7.5


@pytest.mark.parametrize(
    ("register", "line", "words"),
    [
        ("", 1, ""),
        ("xen_commit: [\n", None, "YAML"),
        ("xen_comit: x\n", 1, "no key"),
        (b"\xff", 1, "UTF-8"),
    ],
)
def test_a_bad_register_is_one_error_and_the_pages_are_there(
    build: Callable[..., Built], register: str | bytes, line: int | None, words: str
) -> None:
    built = build({"index.rst": TITLE + requirement(), "register.yaml": register}, xenfusa_divergences="register.yaml")
    ours = [one for one in built.warnings if one.endswith("[xenfusa.input]")]
    assert len(ours) == 1, built.warnings
    assert "register.yaml" in ours[0]
    assert words in ours[0]
    assert 'id="XenArch~hwdom_single~1"' in built.page("index.html")


def test_the_table_of_warnings_is_closed() -> None:
    with pytest.raises(KeyError):
        warn("no_such_subtype", "x", None)
    assert all(meaning.endswith(".") for meaning in SUBTYPES.values())


def test_a_mistake_is_told_again_until_it_is_mended(build: Callable[..., Built]) -> None:
    """A second build reads nothing and must not pass in silence; the totals show what is not a requirement."""
    files = {"index.rst": TITLE + requirement(kind="wrong") + "\n.. xen:summary::\n"}
    first, second = build(files), build({})
    assert len(first.warnings) == 1
    assert second.warnings == first.warnings
    page = second.page("index.html")
    assert "What is wrong in the sources and reports: 1" in page
    assert "xenfusa.kind" in page
    mended = build({"index.rst": TITLE + requirement() + "\n.. xen:summary::\n"})
    assert mended.warnings == []
    assert "What is wrong" not in mended.page("index.html")


def test_an_item_file_that_cannot_be_read_is_among_the_findings(build: Callable[..., Built]) -> None:
    text = "Reqs\n====\n\n`XenMkt~a~1`\n\nA\0\n"
    built = build(
        {"index.rst": TITLE + ".. toctree::\n\n   reqs\n\n.. xen:summary::\n", "reqs.rst": text},
        xenfusa_oft=["reqs.rst"],
    )
    assert [(one.subtype, str(one.place)) for one in built.record.findings] == [("input", "reqs.rst:6")]
    assert built.types() == ["xenfusa.input"]
    assert "its items are missing from the record" in built.page("index.html")


def test_a_character_that_turns_the_direction_of_writing_is_told_at_its_line(build: Callable[..., Built]) -> None:
    text = "Reqs\n====\n\n`XenMkt~a~1`\n\nXen shall \u202ereject\u202c it.\n"
    built = build(
        {"index.rst": TITLE + ".. toctree::\n\n   reqs\n", "reqs.rst": text},
        xenfusa_oft=["reqs.rst"],
    )
    assert built.types() == ["xenfusa.character"]
    assert [(one.subtype, str(one.place)) for one in built.record.findings] == [("character", "reqs.rst:6")]
