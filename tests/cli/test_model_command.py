"""``xenfusa model`` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.explore.compiler import compile_system
from sphinx_xenfusa.model.systems import shipped_systems

SMALL = "notification-ring.small"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["model", *map(str, words)])


def test_the_list_names_each_system_with_its_size_and_its_constants() -> None:
    found = run("list")
    assert found.exit_code == 0
    line = next(line for line in found.output.splitlines() if line.startswith("notification-ring.forging"))
    assert line.split() == ["notification-ring.forging", "12", "19", "size=2,", "buffers=1,", "forged=1"]


def test_the_list_is_the_same_after_the_systems_were_compiled() -> None:
    before = run("list").output
    for one in shipped_systems().values():
        compile_system(one.system)
    assert run("list").output == before


def test_a_text_for_spin_goes_to_the_standard_output_or_to_a_file(tmp_path: Path) -> None:
    shown = run("export", SMALL, "--format", "promela")
    written = run("export", SMALL, "--format", "promela", "-o", tmp_path / "new" / "ring.pml")
    assert shown.exit_code == written.exit_code == 0
    assert "active proctype steps() {" in shown.output
    assert written.output == ""
    assert (tmp_path / "new" / "ring.pml").read_text("utf-8") == shown.output


def test_a_module_for_tlc_is_named_after_its_file_and_has_its_configuration_beside_it(tmp_path: Path) -> None:
    assert run("export", SMALL, "--format", "tla", "-o", tmp_path / "Channel.tla").exit_code == 0
    assert (tmp_path / "Channel.tla").read_text("utf-8").startswith("---- MODULE Channel ----\n")
    assert (tmp_path / "Channel.cfg").read_text("utf-8").startswith("SPECIFICATION Spec\n")
    assert {one.name for one in tmp_path.iterdir()} == {"Channel.tla", "Channel.cfg"}


def test_the_predicates_of_the_model_are_in_both_texts() -> None:
    assert "#define is_freed_what_was_not_posted" in run("export", SMALL, "--format", "promela").output
    assert (
        "never_freed_what_was_not_posted == ~is_freed_what_was_not_posted"
        in run("export", SMALL, "--format", "tla").output
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("notification-ring.smal", "--format", "tla"),
            "found the model 'notification-ring.smal'; expected one that 'xenfusa model list' names; did you",
        ),
        ((SMALL, "--format", "tla", "-o", "ar-go.tla"), "ar-go.tla: found the name ar-go; expected letters, digits"),
        ((SMALL, "--format", "promela", "-o", "/dev/null/x.pml"), "/dev/null/x.pml: cannot be written"),
        ((SMALL,), "Missing option '--format'"),
        ((SMALL, "--format", "smv"), "'smv' is not one of 'promela', 'tla'"),
    ],
)
def test_what_cannot_be_done_is_said_and_ends_with_2(words: tuple[str, ...], told: str) -> None:
    found = run("export", *words)
    assert found.exit_code == 2
    assert told in found.output
    assert "Traceback" not in found.output
