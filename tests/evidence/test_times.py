"""Times of reports: a zone that is not said makes a span of them, and one that is malformed is never taken for a time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.evidence.reports import read_report
from sphinx_xenfusa.evidence.times import earliest, in_words, span_of

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00+02:00", "2026-11-22T08:00:00Z"),
        ("2026-11-22 10:00:00.999-0130", "2026-11-22T11:30:00Z"),
    ],
)
def test_a_time_with_a_zone_is_a_moment(text: str, moment: str) -> None:
    span = span_of(text)
    assert span.exact
    assert in_words(span.earliest) == moment


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00", "20261122 10:00:00.000"])
def test_a_time_without_a_zone_may_be_that_of_any_place_on_earth(text: str) -> None:
    span = span_of(text)
    assert not span.exact
    assert (in_words(span.earliest), in_words(span.latest)) == ("2026-11-21T20:00:00Z", "2026-11-22T22:00:00Z")


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T00:00:00", "２０２６-11-22", "9" * 400, "2026-11-22T25:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as"):
        span_of(text)


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    try:
        span = span_of(text)
    except ValueError:
        return
    assert span.earliest <= span.latest


def test_a_report_is_as_old_as_the_oldest_of_its_suites() -> None:
    assert earliest(["2026-11-22T10:00:00Z", "", "2026-11-22T10:00:00+05:00"]) == "2026-11-22T10:00:00+05:00"
    assert earliest(["", " "]) == ""


def test_one_malformed_time_is_not_hidden_by_good_ones() -> None:
    assert earliest(["2026-11-22T10:00:00Z", "soon"]) == "soon"


def test_the_zone_that_googletest_puts_after_the_local_time_is_not_believed() -> None:
    report = read_report(DATA / "googletest.json", DATA)
    assert report.error == ""
    assert not span_of(report.time).exact
