"""Overlays: sentences found where they stand, drift told with what stands there now, and nothing claimed that is not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from sphinx_xenfusa.interop.overlay import OverlaySource, unclaimed_findings
from sphinx_xenfusa.interop.overlay_skeleton import skeleton
from sphinx_xenfusa.terms.installed import load_vocabulary
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.sentences import text_fingerprint

DOCUMENT = """\
Roles
=====

There can *only* be
one Hardware Domain. It runs ``Linux``.

Limits
------

- A DomU cannot map pages.
- Nobody else shall.

Other
=====

Xen shall run. It must not stop. Only so.
"""


def entry(name: str = "a", **options: object) -> dict[str, object]:
    return {"id": f"XenArch~{name}~1", "kind": "rule", **options}


def numbered(section: str, sentence: int, text: str, **options: object) -> dict[str, object]:
    return {"section": section, "sentence": sentence, "fingerprint": text_fingerprint(text), **options}


def source(folder: Path, *requirements: dict[str, object], document: str = DOCUMENT, **more: object) -> OverlaySource:
    (folder / "doc.rst").write_text(document, "utf-8")
    data = {"document": "doc.rst", "requirements": list(requirements), **more}
    (folder / "overlay.yaml").write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")
    return OverlaySource([folder / "overlay.yaml"], folder, load_vocabulary())


def told(made: OverlaySource) -> list[tuple[str, str]]:
    return [(one.subtype, one.message) for one in made.findings()]


def test_a_quote_is_found_white_space_and_markup_aside(tmp_path: Path) -> None:
    made = source(tmp_path, entry(quote="There can only\n be one   Hardware Domain", title="One", needs=["XenTest"]))
    (item,) = made.items()
    assert told(made) == []
    assert (item.text, item.place, item.origin) == (
        "There can only be one Hardware Domain.",
        Place("doc.rst", 4),
        "overlay",
    )
    assert (item.title, item.needs, item.source, item.kind) == ("One", ("XenTest",), "Roles", "rule")


def test_a_quote_may_be_several_sentences_and_no_part_of_one(tmp_path: Path) -> None:
    made = source(
        tmp_path, entry(quote="Xen shall run. It must not stop."), entry("b", quote="be one Hardware Domain.")
    )
    (item,) = made.items()
    assert item.text == "Xen shall run. It must not stop."
    ((subtype, message),) = told(made)
    assert subtype in ("overlay", "drifted")
    assert "expected whole sentences" in message


def test_a_sentence_is_found_by_section_number_and_fingerprint(tmp_path: Path) -> None:
    made = source(
        tmp_path,
        entry(**numbered("Limits", 2, "Nobody else shall.")),
        entry("b", **numbered("Roles > Limits", 1, "A DomU cannot map pages.")),
        entry("c", **numbered("Other", 1, "Xen shall run. It must not stop.", to=2)),
    )
    assert told(made) == []
    assert [(one.text, one.place.line) for one in made.items()] == [
        ("Nobody else shall.", 11),
        ("A DomU cannot map pages.", 10),
        ("Xen shall run. It must not stop.", 16),
    ]
    assert {one.text for one in made.coverage()[0].unclaimed} == {"There can only be one Hardware Domain.", "Only so."}


def test_changed_words_are_drift_and_claim_nothing(tmp_path: Path) -> None:
    made = source(tmp_path, entry(**numbered("Limits", 1, "A DomU can map pages.")))
    (item,) = made.items()
    assert item.text == "A DomU cannot map pages."
    assert made.drifted() == {item.tag}
    (finding,) = made.findings()
    assert (finding.subtype, finding.place, finding.about) == ("drifted", Place("overlay.yaml", 3), "XenArch~a~1")
    assert "found 'A DomU cannot map pages.'" in finding.message
    assert text_fingerprint("A DomU cannot map pages.") in finding.message
    assert "Nobody else shall." in finding.message
    assert made.coverage()[0].claimed == 0


def test_a_quote_that_changed_is_drift_shown_as_a_diff(tmp_path: Path) -> None:
    made = source(tmp_path, entry(quote="A DomU can map pages."))
    ((subtype, message),) = told(made)
    assert subtype == "drifted"
    assert "A DomU [-can-] {+cannot+} map" in message
    assert [item.text for item in made.items()] == ["A DomU can map pages."]
    assert [str(tag) for tag in made.drifted()] == ["XenArch~a~1"]
    assert made.coverage()[0].claimed == 0


def test_words_that_moved_are_found_and_told(tmp_path: Path) -> None:
    made = source(tmp_path, entry(**numbered("Limits", 1, "Nobody else shall.")))
    ((subtype, message),) = told(made)
    assert (subtype, made.drifted()) == ("drifted", frozenset())
    assert "section 'Roles > Limits', sentence 2" in message
    assert made.coverage()[0].claimed == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"quote": "Something else entirely, of aeroplanes."}, "at no sentence"),
        (numbered("Limit", 1, "x"), "did you mean Limits?"),
        (numbered("Limits", 9, "x"), "found 2 sentences in 'Limits'"),
        ({"section": "Limits"}, "no fingerprint and no sentence"),
        ({}, "expected a quote, or section, sentence and fingerprint"),
        (numbered("Limits", 2, "x", to=1), "expected the first before the last"),
        ({"quote": "Only so.", "sentence": 1}, "found quote and sentence"),
    ],
)
def test_what_leads_nowhere_is_no_requirement(tmp_path: Path, address: dict[str, object], words: str) -> None:
    made = source(tmp_path, entry(**address), entry("good", quote="Only so."))
    ((subtype, message),) = told(made)
    assert subtype == "overlay"
    assert words in message
    assert [item.tag.name for item in made.items()] == ["good"]


def test_several_matches_are_an_error_that_names_them_all(tmp_path: Path) -> None:
    twice = "A\n=\n\nIt shall run.\n\nB\n=\n\nIt shall run.\n"
    ((subtype, message),) = told(source(tmp_path, entry(quote="It shall run."), document=twice))
    assert (subtype, "doc.rst:4, doc.rst:9" in message) == ("overlay", True)
    made = source(tmp_path, entry(quote="It shall run.", section="B"), document=twice)
    assert (told(made), [item.place.line for item in made.items()]) == ([], [9])
    again = source(
        tmp_path, entry(**numbered("T", 1, "It shall run.")), document=twice.replace("B\n=", "T\n=") + "\nT\n=\n"
    )
    assert told(again) == []


def test_sections_of_one_title_want_the_titles_around_them(tmp_path: Path) -> None:
    text = "A\n=\n\nX\n-\n\nOne shall.\n\nB\n=\n\nX\n-\n\nTwo shall.\n"
    ((_, message),) = told(source(tmp_path, entry(**numbered("X", 1, "none")), document=text))
    assert "'A > X', 'B > X'" in message
    assert told(source(tmp_path, entry(**numbered("B > X", 1, "Two shall.")), document=text)) == []


def test_every_normative_sentence_is_claimed_informative_or_unclaimed(tmp_path: Path) -> None:
    made = source(
        tmp_path, entry(quote="Only so."), informative=[{"quote": "Nobody else shall.", "reason": "Said before."}]
    )
    (document,) = made.coverage()
    assert (document.file, document.normative, document.claimed) == ("doc.rst", 6, 1)
    assert [(one.text, one.reason) for one in document.informative] == [("Nobody else shall.", "Said before.")]
    assert len(document.unclaimed) == 4
    assert [one.place.line for one in unclaimed_findings([document])] == [4, 10, 16, 16]


@pytest.mark.parametrize(
    ("quote", "words"), [("Only so.", "claimed as a requirement"), ("It runs Linux.", "no normative word")]
)
def test_informative_is_only_what_is_normative_and_not_claimed(tmp_path: Path, quote: str, words: str) -> None:
    made = source(tmp_path, entry(quote="Only so."), informative=[{"quote": quote, "reason": "So."}])
    ((subtype, message),) = told(made)
    assert (subtype, words in message) == ("overlay", True)
    assert made.coverage()[0].informative == ()


def test_a_drifted_sentence_is_not_informative(tmp_path: Path) -> None:
    made = source(tmp_path, informative=[numbered("Limits", 1, "Other words.", reason="So.")])
    assert [subtype for subtype, _ in told(made)] == ["drifted"]
    assert made.coverage()[0].informative == ()


@pytest.mark.parametrize(
    ("options", "subtype"),
    [
        ({"id": "XenArch~a~0"}, "revision"),
        ({"id": "a"}, "tag"),
        ({"kind": "wish"}, "kind"),
        ({"kind": "assumption"}, "option"),
        ({"owner": "nobody"}, "option"),
        ({"role": "Emperor"}, "vocabulary"),
        ({"operation": "all operations"}, "option"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_at_its_line(
    tmp_path: Path, options: dict[str, object], subtype: str
) -> None:
    made = source(tmp_path, entry("first", quote="Xen shall run."), entry(quote="Only so.") | options)
    assert {one.subtype for one in made.findings()} == {subtype}
    assert all(one.place is not None and one.place.line >= 6 for one in made.findings())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("document: doc.rst\nrequirements: {}\n", 2, "a list"),
        ("document: doc.rst\nwhat: 1\n", 2, "unknown key 'what'"),
        ("requirements: []\n", 1, "no key 'document'"),
        ("document: gone.rst\n", 1, "no such file"),
        ("document: ../doc.rst\n", 1, "leads out of the project"),
        ("document: link.rst\n", 1, "leads out of the project"),
        ("document: [\n", 2, "malformed YAML"),
        ("document: doc.rst\ninformative:\n- quote: Only so.\n", 3, "no key 'reason'"),
    ],
)
def test_a_file_that_is_no_overlay_costs_itself_only(tmp_path: Path, text: str, line: int, words: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "doc.rst").write_text("Outside.")
    (folder / "link.rst").symlink_to(tmp_path / "doc.rst")
    source(folder, entry(quote="Only so."))
    (folder / "bad.yaml").write_text(text)
    made = OverlaySource([folder / "bad.yaml", folder / "overlay.yaml"], folder, load_vocabulary())
    (finding,) = made.findings()
    assert (finding.subtype, finding.place) == ("input", Place("bad.yaml", line))
    assert words in finding.message
    assert len(list(made.items())) == 1


def test_the_skeleton_of_a_document_claims_all_of_it_and_repeats_none(tmp_path: Path) -> None:
    made = skeleton(DOCUMENT, "doc.rst", "XenArch")
    assert made == skeleton(DOCUMENT, "doc.rst", "XenArch")
    assert "DomU cannot" not in made
    (tmp_path / "doc.rst").write_text(DOCUMENT)
    (tmp_path / "new.yaml").write_text(made)
    read = OverlaySource([tmp_path / "new.yaml"], tmp_path, load_vocabulary())
    assert told(read) == []
    assert [(one.tag.name, one.kind) for one in read.items()] == [
        ("roles_1", "rule"),
        ("limits_1", "prohibition"),
        ("limits_2", "rule"),
        ("other_1", "rule"),
        ("other_2", "prohibition"),
        ("other_3", "rule"),
    ]
    assert read.coverage()[0].unclaimed == ()


def test_the_skeleton_of_a_document_without_demands_is_an_overlay(tmp_path: Path) -> None:
    (tmp_path / "doc.rst").write_text("It runs.")
    (tmp_path / "new.yaml").write_text(skeleton("It runs.", "doc.rst", "XenArch"))
    assert told(OverlaySource([tmp_path / "new.yaml"], tmp_path, load_vocabulary())) == []


def test_documents_without_an_overlay_are_counted_too(tmp_path: Path) -> None:
    (tmp_path / "doc.rst").write_text(".. xen:req:: T\n   :id: XenArch~a~1\n\n   It shall run.\n\nIt shall stop.\n")
    made = OverlaySource([], tmp_path, load_vocabulary())
    made.add_documents([tmp_path / "doc.rst", tmp_path / "gone.rst"])
    assert [one.subtype for one in made.findings()] == ["input"]
    assert [(one.normative, one.claimed) for one in made.coverage({"XenArch~a~1"})] == [(2, 1)]
    assert [one.claimed for one in made.coverage(set())] == [0]


def test_many_entries_are_found_in_time_that_grows_with_their_number(tmp_path: Path) -> None:
    def seconds(number: int) -> float:
        folder = tmp_path / str(number)
        folder.mkdir()
        document = "".join(f"The part {one} of Xen shall run.\n\n" for one in range(number))
        half = [entry(f"q{one}", quote=f"The part {one} of Xen shall run.") for one in range(0, number, 2)]
        rest = [entry(f"q{one}", quote=f"The part {one} of Linux must stop here.") for one in range(1, number, 2)]
        begin = time.process_time()
        made = source(folder, *half, *rest, document=document)
        assert len(list(made.items())) >= number // 2
        assert made.coverage()[0].claimed == number // 2
        return time.process_time() - begin

    assert seconds(2_000) < 16 * max(seconds(500), 0.05)
