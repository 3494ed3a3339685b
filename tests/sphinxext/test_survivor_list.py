"""The page of mutants that nothing kills."""

import re
from collections.abc import Callable

import pytest
from tests_support import Built, verdict

from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.explore.survivors import Killing, Mutants, Survivor
from sphinx_xenfusa.explore.verdict import MutantReport, VerdictKind
from sphinx_xenfusa.sphinxext.build import ConfirmationProcess
from sphinx_xenfusa.trace.record import Finding, Place
from sphinx_xenfusa.trace.serialise import to_json, validate

PAGE = {"index.rst": "Page\n====\n\n.. xen:survivors::\n"}
VERDICTS = (verdict("roles_closed_set", None, VerdictKind.CONFIRMED),)
MUTANTS = Mutants(
    12,
    8,
    1,
    (
        Survivor(MutantReport("model/a.py:3 f", "off by one", "0", "<b>1</b>"), "return 0, x", tuple("abcdef")),
        Survivor(MutantReport("model/a.py:7 g", "drop guard", "if b:", "pass"), "if b:"),
        Survivor(MutantReport("catalogue.toml OP", "flip cell action", "none", "priv"), "", ("a",), "It is the same."),
    ),
    claims=(
        Killing("a", 11, 8, MutantReport("model/a.py:3 f", "off by one", "<i>0</i>", "2")),
        Killing("b", 5, 0, None),
    ),
)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def listed(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Built]:
    """Builds a page with the list."""

    def run(mutants: Mutants, *findings: Finding, **more: object) -> Built:
        monkeypatch.setattr(ConfirmationProcess, "__init__", lambda self, app, register: None)
        monkeypatch.setattr(ConfirmationProcess, "stop", lambda self: None)
        made = Confirmation(VERDICTS, 1, 0, findings, mutants=mutants)
        monkeypatch.setattr(ConfirmationProcess, "wait", lambda self: (made, ""))
        return build(PAGE, xenfusa_confirm="force", **more)

    return run


def test_survivors_and_reviewed_equivalents(listed: Callable[..., Built]) -> None:
    built = listed(MUTANTS)
    assert built.warnings == []
    page = built.page("index.html")
    said = words(page)
    assert (
        "12 mutants of the model: 8 refute at least one claim, 1 broke every search that tried them, 3 refute none."
        in said
    )
    assert "Of these 1 are reviewed as equivalent and 2 are not reviewed." in said
    assert "Mutants that nothing kills and nobody has reviewed: 2" in said
    assert "model/a.py:3 f off by one 0 → &lt;b&gt;1&lt;/b&gt; in return 0, x a, b, c, d and 2 more" in said
    assert "model/a.py:7 g drop guard if b: → pass no claim reaches it" in said
    assert "catalogue.toml OP flip cell action none → priv It is the same." in said
    assert "Mutants that each claim kills (2 claims)" in said
    assert "a 8 of 11 off by one: &lt;i&gt;0&lt;/i&gt; → 2 at model/a.py:3 f b 0 of 5 none" in said
    data = to_json(built.record)
    validate(data)
    assert data["mutants"]["generated"] == 12


def test_edits_of_one_text_share_a_row_and_all_are_counted(listed: Callable[..., Built]) -> None:
    cells = [Survivor(MutantReport("catalogue.toml OP", "flip cell action", "none", to), "", ("a",)) for to in "xyz"]
    page = listed(Mutants(3, 0, 0, tuple(cells))).page("index.html")
    assert "nobody has reviewed: 3" in words(page)
    assert "none → x or y or z a" in words(page)


def test_a_change_reaches_the_page(listed: Callable[..., Built]) -> None:
    listed(MUTANTS)
    assert "nobody has reviewed: 1 " in words(listed(Mutants(12, 10, 1, MUTANTS.survivors[:1])).page("index.html"))


def test_what_is_not_known_is_not_said(listed: Callable[..., Built], build: Callable[..., Built]) -> None:
    said = words(listed(Mutants(12, 8, 1, MUTANTS.survivors, ("slow",))).page("index.html"))
    assert "! not complete : the record of the mutation run tells nothing of these claims" in said
    assert "makes it anew): slow." in said
    assert "– not run : which mutants nothing kills" in words(
        build(PAGE, folder="off", xenfusa_confirm="off").page("index.html")
    )


def test_an_entry_that_matches_nothing_is_a_located_warning(listed: Callable[..., Built]) -> None:
    finding = Finding("equivalent", Place("equivalents.yaml", 5), "a.py f", "found 0 surviving mutants")
    built = listed(MUTANTS, finding)
    assert built.types() == ["xenfusa.equivalent"]
    assert "claims/equivalents.yaml:5: WARNING: found 0 surviving mutants" in built.warnings[0]


@pytest.mark.parametrize("builder", ["latex", "epub", "text", "singlehtml", "dirhtml"])
def test_every_builder_writes_the_list(listed: Callable[..., Built], builder: str) -> None:
    built = listed(MUTANTS, builder=builder, epub_show_urls="no", copyright="nobody", version="1")
    assert built.warnings == []
