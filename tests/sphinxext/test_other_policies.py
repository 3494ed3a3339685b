"""What Xen does under a policy that is not the target stands beside the state and never changes it."""

from collections.abc import Callable

from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.trace.states import Result

TITLE = "Page\n====\n\n"
TEXT = TITLE + requirement(options=":confirmed-by: hwdom_unprivileged") + "\n.. xen:matrix::\n"


def test_an_expected_divergence_elsewhere_is_shown_and_leaves_the_state(build: Callable[..., Built]) -> None:
    built = build(
        {"index.rst": TEXT},
        verdicts=(
            verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
            verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
        ),
        xenfusa_policy="specification",
    )
    (traced,) = built.record.items
    assert traced.result is Result.PASSED
    assert [one.policy for one in traced.verdicts] == ["specification"]
    assert "dummy" in [one.policy for one in traced.other_verdicts]
    page = built.page("index.html")
    assert "≠ diverges (D1)" in page
    assert "Divergence D1" in page


def test_an_unexpected_divergence_elsewhere_is_a_located_warning(build: Callable[..., Built]) -> None:
    built = build(
        {"index.rst": TEXT},
        verdicts=(
            verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
            verdict("hwdom_unprivileged", "dummy", VerdictKind.REFUTED),
        ),
        xenfusa_policy="specification",
    )
    assert built.record.items[0].result is Result.PASSED
    found = [one for one in built.warnings if one.endswith("[xenfusa.unexpected_divergence]")]
    assert len(found) == 1
    assert found[0].startswith("docs/index.rst:4: WARNING: XenArch~hwdom_single~1")
    assert "✗ refuted" in built.page("index.html")
