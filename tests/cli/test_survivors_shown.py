"""The terminal says how many mutants nothing kills, once all claims were run under all policies, and lists them when asked."""

from sphinx_xenfusa.cli.tables import effort_words, plain, summary, survivor_parts
from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.explore.claim import Effort
from sphinx_xenfusa.explore.survivors import Mutants, Survivor
from sphinx_xenfusa.explore.verdict import MutantReport

MUTANTS = Mutants(
    1200,
    1190,
    1,
    (
        Survivor(MutantReport("catalogue.toml OP", "flip cell action", "none", "priv"), "", ("a",), "It is the same."),
        Survivor(MutantReport("model/a.py:3 f", "off by one", "0", "1"), "return 0", ("a", "b")),
        Survivor(MutantReport("model/a.py:7 g", "drop guard", "if b:", "pass"), "if b:"),
    ),
)


def test_the_summary_has_their_number() -> None:
    lines = summary(Confirmation((), 0, 0, mutants=MUTANTS), (), ())
    (line,) = [line for line in lines if "mutants of the model" in line]
    assert line.startswith(
        "1,200 mutants of the model: 1,190 killed, 3 survive every run, 1 of them reviewed as equivalent"
    )
    assert line.endswith(", 1 broke the search")
    assert not any("mutants of the model" in line for line in summary(Confirmation((), 0, 0), (), ()))


def test_what_is_not_known_is_said() -> None:
    lines = summary(Confirmation((), 0, 0, mutants=Mutants(1, 1, 0, (), ("slow",))), (), ())
    assert any(line.endswith("; not recorded of these sources: slow") for line in lines)


def test_those_that_nobody_reviewed_stand_first() -> None:
    rows = [line.split("  ") for line in plain(survivor_parts(MUTANTS)).splitlines()[3:]]
    assert [row[0].strip() for row in rows] == ["model/a.py:3 f", "model/a.py:7 g", "catalogue.toml OP"]
    text = plain(survivor_parts(MUTANTS))
    assert "2 claims" in text
    assert "no claim reaches it" in text
    assert "It is the same." in text


def test_how_far_a_run_is() -> None:
    assert effort_words("a", None, Effort(1234, rate=56.7)) == "a: 1,234 cases, 57/s"
    assert (
        effort_words("a", "dummy", Effort(1, 2000, 30, 4, 5))
        == "a under dummy: 2,000 states, 30 to expand, depth 4, 5/s"
    )
