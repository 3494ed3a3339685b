"""Catalogues that are none: one error each, with file and line; and the catalogue that comes with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.effects import Call, DomainState, System, apply
from sphinx_xenfusa.model.operations import ActsOn, TargetParameter, catalogue, read_catalogue
from sphinx_xenfusa.model.policies import DUMMY

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GOOD = f"""\
# two operations

xen_commit = "{COMMIT}"

[[operation]]
name = "first"
hypercall = "domctl"
hypercall_number = 36
number = 1
hook = "xsm_domctl"
action = "XSM_PRIV"
target = "domain"
acts_on = "target"
effect = "pause target"
gates = ["after self EINVAL", "before not-hardware EPERM D4"]
unknown_as = ["EPERM", "ESRCH"]
versioned = true
source = "xen/common/domctl.c:1"

[[operation]]
name = "second"
hypercall = "sched_op"
action = "none"
target = "none"
acts_on = "caller"
effect = "shut down caller"
arguments = ["poweroff", "reboot"]
architectures = ["arm"]
source = "xen/common/sched/core.c:1"
"""


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str | bytes):
        path = tmp_path / "catalogue.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_catalogue(path)

    return read


@pytest.fixture
def fault(read, tmp_path: Path):
    """Read a catalogue that is none; the line of the error and its message."""

    def fault(text: str | bytes) -> tuple[int | None, str]:
        with pytest.raises(InputError) as caught:
            read(text)
        assert caught.value.file == str(tmp_path / "catalogue.toml")
        return caught.value.line, caught.value.message

    return fault


def line_of(text: str, start: str) -> int:
    (line,) = [number for number, one in enumerate(text.splitlines(), 1) if one.startswith(start)]
    return line


def test_good_catalogue(read) -> None:
    read_back = read(GOOD)
    first, second = read_back.operations
    assert read_back.xen_commit == COMMIT
    assert read_back.by_name == {"first": first, "second": second}
    assert [(gate.before, gate.condition, gate.code, gate.divergence) for gate in first.gates] == [
        (False, "self", "EINVAL", ""),
        (True, "not-hardware", "EPERM", "D4"),
    ]
    assert (first.unknown_as, first.versioned, first.arguments) == (("EPERM", "ESRCH"), True, ("",))
    assert (second.hypercall_number, second.number, second.hook, second.versioned) == (None, None, "", False)
    assert (second.arguments, second.architectures) == (("poweroff", "reboot"), {"arm"})
    assert (second.denied_as, second.unknown_as, second.implemented) == ("EPERM", ("ESRCH", "ESRCH"), True)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_catalogue(tmp_path / "none.toml")
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "none.toml"), None)
    assert "no such file" in caught.value.message


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="directory"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n"])
def test_empty(fault, text: str) -> None:
    assert fault(text)[0] == 1


def test_not_utf8(fault) -> None:
    line = line_of(GOOD, 'name = "second"')
    assert fault(GOOD.encode().replace(b'"second"', b'"sec\xffond"')) == (
        line,
        "found the byte 0xff; expected an operation catalogue in UTF-8",
    )


def test_nul(fault) -> None:
    line, message = fault(GOOD.replace('"second"', '"sec\0ond"'))
    assert line == line_of(GOOD, 'name = "second"')
    assert "NUL" in message


def test_malformed(fault) -> None:
    line, message = fault(GOOD.replace('hypercall = "sched_op"', "hypercall = sched_op"))
    assert line == line_of(GOOD, 'hypercall = "sched_op"')
    assert "malformed TOML" in message


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.97])
def test_cut_off(fault, share: float) -> None:
    text = GOOD[: int(len(GOOD) * share)].rstrip("\n")
    line, _ = fault(text)
    assert line is not None
    assert 1 <= line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("number = 1\n", "numbre = 1\n", "the key 'numbre'"),
        ("number = 1\n", 'number = "1"\n', "number = '1'"),
        ("number = 1\n", "number = true\n", "number = True"),
        ("number = 1\n", "number = 1.0\n", "number = 1.0"),
        ("versioned = true\n", 'versioned = "yes"\n', "versioned = 'yes'"),
        ('action = "XSM_PRIV"\n', 'action = "XSM_SW_PRIV"\n', "action = 'XSM_SW_PRIV'"),
        ('action = "XSM_PRIV"\n', 'action = "xsm_priv"\n', "action = 'xsm_priv'"),
        ('target = "domain"\n', 'target = "remote"\n', "target = 'remote'"),
        ('acts_on = "target"\n', 'acts_on = "everybody"\n', "acts_on = 'everybody'"),
        ('effect = "pause target"\n', 'effect = "pause"\n', "effect = 'pause'"),
        ('hook = "xsm_domctl"\n', 'family = "virtio"\n', "family = 'virtio'"),
        ('hook = "xsm_domctl"\n', 'denied_as = "ENOENT"\n', "denied_as = 'ENOENT'"),
        ("unknown_as = ", 'unknown_as = ["EPERM"] # ', "1 codes"),
        ("unknown_as = ", 'unknown_as = ["EPERM", "NO"] # ', "unknown_as = 'NO'"),
        ('architectures = ["arm"]', 'architectures = ["riscv"]', "architectures = 'riscv'"),
        ('arguments = ["poweroff", "reboot"]', "arguments = []", "arguments = []"),
        ('arguments = ["poweroff", "reboot"]', "arguments = [1]", "arguments = [1]"),
        ("gates = ", 'gates = ["never self EINVAL"] # ', "the gate 'never self EINVAL'"),
        ("gates = ", 'gates = ["after self"] # ', "the gate 'after self'"),
        ("gates = ", 'gates = ["after nobody EPERM"] # ', "gates = 'nobody'"),
        ("gates = ", 'gates = ["after self EWHAT"] # ', "gates = 'EWHAT'"),
        ("gates = ", 'gates = ["after self EPERM d4"] # ', "the gate 'after self EPERM d4'"),
        ("gates = ", 'gates = ["after self EPERM !4"] # ', "the gate 'after self EPERM !4'"),
        ("gates = ", 'gates = ["after self EPERM D4 D5"] # ', "the gate 'after self EPERM D4 D5'"),
        ("gates = ", "gates = [4] # ", "the gate 4"),
        ('name = "second"', 'name = "first"', "a second operation 'first'"),
        (f'xen_commit = "{COMMIT}"', 'xen_commit = "c447b73"', "xen_commit = 'c447b73'"),
        (f'xen_commit = "{COMMIT}"', "xen_commit = 4", "xen_commit = 4"),
        (f'xen_commit = "{COMMIT}"', f'xen_commit = "{COMMIT.upper()}"', "xen_commit = '0123456789ABCDEF"),
        ("# two operations\n", f'commit = "{COMMIT}"\n', "the top-level key 'commit'"),
    ],
)
def test_bad_value(fault, old: str, new: str, words: str) -> None:
    """The line is the one that was changed, and the error quotes what stands there."""
    assert GOOD.count(old) == 1
    line, message = fault(GOOD.replace(old, new))
    assert line == GOOD[: GOOD.index(old)].count("\n") + 1
    assert f"found {words}" in message


@pytest.mark.parametrize("key", ["name", "hypercall", "action", "target", "acts_on", "effect", "source"])
def test_required_key(fault, key: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} =")]
    text = "\n".join([*GOOD.splitlines()[:4], *lines[lines.index("[[operation]]") :]])
    line, message = fault(text)
    assert line == 5
    assert message.startswith(f"found an operation without '{key}'")


def test_unknown_table(fault) -> None:
    text = GOOD + "\n[policy]\nname = 'x'\n"
    assert fault(text)[0] == line_of(text, "[policy]")


def test_no_commit(fault) -> None:
    assert fault(GOOD.replace("xen_commit", "# xen_commit"))[1].startswith("found the top-level keys operation")


@pytest.mark.parametrize(
    "operations", ["operation = []\n", "operation = 4\n", "operation = [1]\n", "operation = [{}]\n"]
)
def test_operations_that_are_no_tables(fault, operations: str) -> None:
    assert fault(f'xen_commit = "{COMMIT}"\n{operations}')[0] == 1


def test_every_gate_s_divergence_is_a_switch_of_xen_s_policy() -> None:
    """A gate of any other divergence would be in force nowhere."""
    named = {gate.divergence for one in catalogue().operations for gate in one.gates if gate.divergence}
    assert named
    assert named <= DUMMY.switches


def test_catalogue_names_a_source_for_every_operation() -> None:
    for one in catalogue().operations:
        if one.hypercall not in ("device", "MMIO"):
            assert one.source.startswith("xen/"), one.name
        assert one.source
        assert (one.hook == "") is (one.action == "none") or one.name == "XEN_ARGO_OP_unregister_ring", one.name


def test_acts_on_agrees_with_the_step() -> None:
    """The label that the document's decision reads, against the state that the step changes."""
    start = System(frozenset(), (DomainState(), DomainState()))
    for one in catalogue().operations:
        pair = (0, 1) if one.target is TargetParameter.DOMAIN else (0, 0)
        for argument in one.arguments:
            after, _ = apply(one.transformer, start, Call(*pair, argument, frozenset({"D2"})))
            if one.acts_on is ActsOn.CALLER or one.acts_on is ActsOn.OFFER:
                assert (after.domains[1], after.power, after.configuration, after.console) == (
                    start.domains[1],
                    start.power,
                    start.configuration,
                    start.console,
                ), one.name
            if one.acts_on is ActsOn.TARGET:
                assert one.target is TargetParameter.DOMAIN, one.name
                assert after.domains[0] == start.domains[0], one.name
