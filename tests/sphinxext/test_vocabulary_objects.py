"""Roles, privilege levels and operations as objects: what they show is the model's, links lead to them, mistakes are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from docutils import nodes
from sphinx import addnodes
from sphinx.util.inventory import InventoryFile
from tests_support import Built, requirement

from sphinx_xenfusa.model.operations import Condition, Operation, catalogue
from sphinx_xenfusa.model.policies import POLICIES, Policy
from sphinx_xenfusa.model.vocabulary import Privilege, Role
from sphinx_xenfusa.sphinxext import objects
from sphinx_xenfusa.terms import callers

TITLE = "Page\n====\n\n"
PAUSE = "XEN_DOMCTL_pausedomain"


def facts(doctree: nodes.document, name: str) -> dict[str, str]:
    """The facts of the description of a term."""
    for described in doctree.findall(addnodes.desc):
        if described.next_node(addnodes.desc_name).astext() == name:
            return {field[0].astext(): field[1].astext() for field in described.findall(nodes.field)}
    raise AssertionError(f"{name} is not described")


def rows(doctree: nodes.document, css: str) -> list[list[str]]:
    """The body of the first table of a class."""
    table = next(one for one in doctree.findall(nodes.table) if css in one["classes"])
    body = table.next_node(nodes.tbody)
    return [[cell.astext().replace("\n\n", "; ") for cell in row] for row in body]


def test_an_operation_shows_what_the_catalogue_holds(build: Callable[..., Built]) -> None:
    text = f".. xen:operation:: {PAUSE}\n\n   Stops a domain, *for now*.\n"
    built = build({"index.rst": TITLE + text})
    assert built.warnings == []
    doctree = built.app.env.get_doctree("index")
    told = facts(doctree, PAUSE)
    assert told["Hypercall"] == "domctl (number 36), operation 3"
    assert told["Hook"] == "xsm_domctl, default action XSM_PRIV"
    assert told["Target"] == "a domain"
    assert "pause target" in told["Acts on"]
    assert told["Checks beside the hook"].startswith("EINVAL after the hook if the target is the caller")
    assert "of a domid that no domain has EPERM, with the control capability ESRCH" in told["A denied caller sees"]
    assert "wrong interface version EACCES" in told["A denied caller sees"]
    assert told["Architectures"] == "arm, x86"
    assert "xen/common/domctl.c:657" in told["Source"]
    assert "Stops a domain, <em>for now</em>." in built.page("index.html")


def who_may(doctree: nodes.document) -> dict[str, list[str]]:
    """Each caller of the first table, with its cell for each policy."""
    return {caller: row[1:] for row in rows(doctree, "xenfusa-callers") for caller in row[0].split("; ")}


def test_who_may_call_is_what_the_policies_decide(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + f".. xen:operation:: {PAUSE}\n"})
    told = who_may(built.app.env.get_doctree("index"))
    assert set(told) == {caller.words for caller in callers.CALLERS}
    at = list(POLICIES).index("dummy")
    # Xen's own rule, by hand: XSM_PRIV asks for control; the gate after it refuses the caller itself (domctl.c:657).
    assert told["DomU"][at] == "○ EPERM"
    assert told["Hardware Domain"][at] == "○ EPERM"
    assert told["Control Domain"][at] == "itself: ○ EINVAL; another domain: ● allowed"
    assert len(told["DomU"]) == len(POLICIES)


def test_who_may_call_follows_the_decision(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the table typed and not asked for, a decision that lets everything through would not show."""

    def nothing_refused(self: Policy, operation: Operation, asked: object) -> callers.Decision:
        return callers.Decision(callers.Code.SUCCESS, "a hole")

    callers.answers.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(Policy, "decide", nothing_refused)
        built = build({"index.rst": TITLE + f".. xen:operation:: {PAUSE}\n"})
    callers.answers.cache_clear()
    told = who_may(built.app.env.get_doctree("index"))
    assert {cell for cells in told.values() for cell in cells} == {"● allowed"}


def test_a_role_and_a_level_show_computed_numbers(build: Callable[..., Built]) -> None:
    text = "".join(f".. xen:role:: {role}\n\n" for role in Role)
    text += "".join(f".. xen:privilege:: {level}\n\n" for level in Privilege)
    built = build({"index.rst": TITLE + text})
    assert built.warnings == []
    doctree = built.app.env.get_doctree("index")
    assert facts(doctree, "Hardware Domain")["A domain holds it through"] == "the hardware capability"
    assert facts(doctree, "DomU")["A domain holds it through"] == "holding no capability"
    assert facts(doctree, "Control Domain")["Privilege level (the document)"] == "full"
    assert facts(doctree, "full")["Held by (the document)"] == "Control Domain"
    numbers = rows(doctree, "xenfusa-numbers")[0]
    words, *shown = numbers
    assert words == "The document"
    caller, document = callers.caller_of(Role.HARDWARE_DOMAIN), POLICIES["specification"]
    other = caller.position, callers.SPLIT.position("other")
    counted = sum(
        document.decide(one, callers.relation(callers.SPLIT, *other, one, document)).allowed
        for one in catalogue().operations
        if one.implemented and one.is_service and one.target == "domain"
    )
    assert shown[2].startswith(f"{counted} of ")


def test_operations_of_a_hypercall_are_all_described(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + ".. xen:operations::\n   :hypercall: sched_op, console_io\n"})
    assert built.warnings == []
    named = [one.astext() for one in built.app.env.get_doctree("index").findall(addnodes.desc_name)]
    wanted = [one.name for one in catalogue().operations if one.hypercall in ("sched_op", "console_io")]
    assert sorted(named) == sorted(wanted)
    # Links stand above the many, and none above the two of the console; each with the link of its own signature.
    page = built.page("index.html")
    assert page.count('href="#xen-operation-SCHEDOP_yield"') == 2
    assert page.count('href="#xen-operation-CONSOLEIO_read"') == 1


def test_all_operations_are_described_and_in_the_inventory(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + ".. xen:operations::\n"})
    assert built.warnings == []
    inventory = InventoryFile.loads((built.out / "objects.inv").read_bytes(), uri="")
    assert set(inventory.data["xen:operation"]) == set(catalogue().by_name)
    page = built.page("index.html")
    anchors = re.findall(r'id="(xen-operation-[^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert f"{PAUSE} (operation of domctl)" in built.page("genindex.html")


@pytest.mark.parametrize("builder", ["html", "dirhtml", "singlehtml", "latex", "epub", "text"])
def test_links_lead_to_objects_in_every_builder(build: Callable[..., Built], builder: str) -> None:
    pages = {
        "index.rst": TITLE + ".. toctree::\n\n   ops\n\nSee :xen:op:`XENMEM_exchange`, :xen:role:`a guest <DomU>`,"
        " :xen:priv:`full` and :any:`Control Domain`.\n",
        "ops.rst": "Ops\n===\n\n.. xen:operations::\n   :hypercall: memory_op\n\n.. xen:role:: DomU\n"
        "\n.. xen:role:: Control Domain\n\n.. xen:privilege:: full\n",
    }
    # Sphinx reads in parallel from six documents on.
    pages |= {f"p{i}.rst": f":orphan:\n\nP{i}\n==\n\n:xen:role:`DomU`\n" for i in range(6)}
    built = build(pages, builder=builder, parallel=2, copyright="nobody")
    assert built.warnings == []
    if builder == "html":
        page = built.page("index.html")
        assert 'href="ops.html#xen-operation-XENMEM_exchange"' in page
        assert 'href="ops.html#xen-role-Control-Domain"' in page
        assert 'id="xen-operation-XENMEM_exchange"' in built.page("ops.html")


def test_another_project_links_by_intersphinx(build: Callable[..., Built], tmp_path: Path) -> None:
    text = f".. xen:role:: DomU\n\n.. xen:privilege:: full\n\n.. xen:operation:: {PAUSE}\n\n" + requirement()
    first = build({"index.rst": TITLE + text}, folder="first")
    assert first.warnings == []
    links = f"See :xen:op:`{PAUSE}`, :xen:role:`DomU`, :xen:priv:`full`, :xen:req:`XenArch~hwdom_single~1`.\n"
    mapping = {"xen": ("https://example.org/", str(first.out / "objects.inv"))}
    second = build(
        {"index.rst": TITLE + links},
        folder="second",
        extensions=["sphinx_xenfusa", "sphinx.ext.intersphinx"],
        intersphinx_mapping=mapping,
    )
    assert second.warnings == []
    page = second.page("index.html")
    for anchor in (f"xen-operation-{PAUSE}", "xen-role-DomU", "xen-privilege-full", "XenArch~hwdom_single~1"):
        assert f'href="https://example.org/index.html#{anchor}"' in page


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (".. xen:role:: Hardwar Domain\n\n   Text.\n", 4, ["role 'Hardwar Domain'", "nearest is 'Hardware Domain'"]),
        (".. xen:privilege:: root\n\n   Text.\n", 4, ["privilege 'root'", "expected one of 'full', 'virtio'"]),
        (".. xen:operation:: XEN_DOMCTL_pause\n\n   Text.\n", 4, [f"nearest is '{PAUSE}'"]),
        ("Text.\n\n.. xen:operations::\n   :hypercall: domclt\n", 6, ["hypercall 'domclt'", "nearest is 'domctl'"]),
        ("Text.\n\nSee :xen:op:`XENMEM_exchnge`.\n", 6, ["nearest is 'XENMEM_exchange'"]),
    ],
)
def test_an_unknown_name_is_one_located_warning(
    build: Callable[..., Built], text: str, line: int, words: list[str]
) -> None:
    built = build({"index.rst": TITLE + text})
    assert len(built.warnings) == 1, built.warnings
    assert built.warnings[0].startswith(f"docs/index.rst:{line}: WARNING: ")
    assert built.warnings[0].endswith("[xenfusa.vocabulary]")
    for word in words:
        assert word in built.warnings[0]
    assert "Text." in built.page("index.html")


def test_an_unknown_name_is_told_again_and_says_so_on_the_page(build: Callable[..., Built]) -> None:
    first = build({"index.rst": TITLE + ".. xen:role:: Gateway\n\n   It stays.\n"})
    second = build({})
    assert second.warnings == first.warnings != []
    page = second.page("index.html")
    assert "Not in the vocabulary: the role Gateway" in page
    assert "It stays." in page
    assert "xen-role-Gateway" not in page


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_second_description_names_both_places(build: Callable[..., Built], parallel: int) -> None:
    pages = {f"p{i}.rst": f"P{i}\n==\n\nText.\n" for i in range(6)}
    pages["p1.rst"] += "\n.. xen:role:: DomU\n"
    pages["p4.rst"] += "\n\n.. xen:role:: DomU\n\n   Again.\n\n.. xen:role:: DomU\n   :no-index:\n"
    toc = ".. toctree::\n\n" + "".join(f"   p{i}\n" for i in range(6))
    built = build({"index.rst": TITLE + toc + "\n:xen:role:`DomU`\n", **pages}, parallel=parallel)
    assert built.types() == ["xenfusa.duplicate"]
    assert "p4.rst:7" in built.warnings[0]
    assert "p1.rst:6" in built.warnings[0]
    assert 'href="p1.html#xen-role-DomU"' in built.page("index.html")
    mended = build({"p4.rst": "P4\n==\n"})
    assert mended.warnings == []


def test_a_page_that_links_is_written_again_when_the_object_moves(build: Callable[..., Built]) -> None:
    pages = {
        "index.rst": TITLE
        + ".. toctree::\n   :titlesonly:\n\n   a\n   b\n\n:xen:role:`DomU`\n\n"
        + requirement(options=":role: DomU"),
        "a.rst": "A\n=\n\n.. xen:role:: DomU\n",
        "b.rst": "B\n=\n",
    }
    assert build(pages).page("index.html").count("a.html#xen-role-DomU") == 2
    moved = build({"a.rst": "A\n=\n", "b.rst": "B\n=\n\n.. xen:role:: DomU\n"})
    assert moved.warnings == []
    assert moved.page("index.html").count("b.html#xen-role-DomU") == 2


def test_every_condition_of_a_gate_has_words() -> None:
    assert {one.value for one in Condition} <= set(objects.CONDITION_WORDS)


def test_a_page_is_made_again_when_the_vocabulary_has_changed(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    build({"index.rst": TITLE + ".. toctree::\n\n   other\n\n.. xen:role:: DomU\n", "other.rst": "Other\n=====\n"})
    assert "0 added, 0 changed" in build({}).log
    monkeypatch.setattr("sphinx_xenfusa.terms.installed._sources_digest", lambda: "another model")
    assert "0 added, 1 changed" in build({}).log


def test_full_privileges_are_refused_nothing_that_is_asked_of_xen(build: Callable[..., Built]) -> None:
    """The document's own sentence, seen in the numbers; towards itself some calls make no sense (EINVAL)."""
    built = build({"index.rst": TITLE + ".. xen:role:: Control Domain\n"})
    document = rows(built.app.env.get_doctree("index"), "xenfusa-numbers")[0]
    without, _, another = document[1:]
    assert len({*without.split(" of ")}) == 1
    assert len({*another.split(" of ")}) == 1
