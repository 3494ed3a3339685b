"""Registers that are none: one error each, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.inputs import InputError

GOOD = """\
# a register
xen_commit: 0123456789abcdef0123456789abcdef01234567
reviewer: somebody
date: "2026-01-01"
divergences:
  D1:
    document: The machine stays up.
    xen: It does not.
    source: xen/common/domain.c:1396
  D2:
    document: Nobody else is reached.
    xen: Somebody is.
    source: xen/arch/arm/x.c:1
    not_modelled: DMA.
expected:
  - claim: first
    policy: dummy
    by:
      D2: [console]
      D1:
        - shutdown
        - reset
  - claim: second
    policy: dummy
    by: {D1: [shutdown]}
"""


@pytest.fixture
def fault(tmp_path: Path):
    def fault(text: str | bytes) -> tuple[int | None, str]:
        path = tmp_path / "register.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with pytest.raises(InputError) as caught:
            read_register(path)
        assert caught.value.file == str(path)
        return caught.value.line, caught.value.message

    return fault


def line_of(text: str, part: str) -> int:
    assert text.count(part) == 1
    return text[: text.index(part)].count("\n") + 1


def test_good_register(tmp_path: Path) -> None:
    path = tmp_path / "register.yaml"
    path.write_text(GOOD, "utf-8")
    register = read_register(path)
    assert (register.xen_commit[:4], register.reviewer, register.date) == ("0123", "somebody", "2026-01-01")
    assert [one.not_modelled for one in register.divergences.values()] == ["", "DMA."]
    first, second = register.expected["first", "dummy"], register.expected["second", "dummy"]
    assert first.by == (("D1", ("shutdown", "reset")), ("D2", ("console",)))
    assert (first.witnesses, first.divergences) == ({"console", "shutdown", "reset"}, {"D1", "D2"})
    assert (first.line, second.line) == (line_of(GOOD, "- claim: first"), line_of(GOOD, "- claim: second"))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_register(tmp_path / "none.yaml")
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "none.yaml"), None)


@pytest.mark.parametrize("text", ["", "# a comment\n"])
def test_empty(fault, text: str) -> None:
    assert fault(text)[0] == 1


def test_not_utf8(fault) -> None:
    assert fault(GOOD.encode().replace(b"somebody", b"some\xffbody"))[0] == line_of(GOOD, "somebody")


def test_malformed(fault) -> None:
    line, message = fault(GOOD.replace("[console]", "[console"))
    assert line in (line_of(GOOD, "[console]"), line_of(GOOD, "D1:\n        -"))
    assert "malformed YAML" in message


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_cut_off(fault, share: float) -> None:
    """Cut inside a value or between two, it is no register any more."""
    text = GOOD[: int(len(GOOD) * share)]
    line, _ = fault(text)
    assert line is not None
    assert 1 <= line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("reviewer: somebody", "reviewers: somebody", "the unknown key 'reviewers'"),
        ("reviewer: somebody", "reviewer: ''", "the text ''"),
        ("xen_commit: 0123456789abcdef", "xen_commit: 0123456789ABCDEF", "the text '0123456789ABCDEF"),
        ('date: "2026-01-01"', 'date: "yesterday"', "the text 'yesterday'"),
        ("xen: Somebody is.", "xens: Somebody is.", "the unknown key 'xens'"),
        ("policy: dummy\n    by: {D1", "policies: dummy\n    by: {D1", "the unknown key 'policies'"),
        ("policy: dummy\n    by: {D1", "policy: specification\n    by: {D1", "'specification'"),
        ("      D2: [console]", "      D3: [console]", "'D3'"),
        ("      D1:\n        - shutdown", "      D4:\n        - shutdown", "'D4'"),
        ("D2: [console]", "D2: []", "a list of 0"),
        ("D2: [console]", "D2: console", "the text 'console'"),
        ("D2: [console]", "D2: [5]", "the number 5"),
        ("by: {D1: [shutdown]}", "by: {}", "a mapping"),
        ("- claim: second", "- claim: first", "a second entry for first under dummy"),
        ("  D2:\n    document", "  D1:\n    document", "the key 'D1' again"),
    ],
)
def test_bad_value(fault, old: str, new: str, words: str) -> None:
    line, message = fault(GOOD.replace(old, new))
    assert line == line_of(GOOD, old)
    assert message.startswith(f"found {words}")


@pytest.mark.parametrize("key", ["xen_commit", "reviewer", "date"])
def test_missing_key(fault, key: str) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(key))
    line, message = fault(text)
    assert line == 2
    assert message.startswith(f"found no key '{key}'")


def test_nothing_in_it(fault) -> None:
    text = GOOD[: GOOD.index("divergences:")] + "divergences: {}\nexpected: []\n"
    assert fault(text)[1].startswith("found no entries")
