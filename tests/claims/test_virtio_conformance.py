"""The demands of the VirtIO standard: all are there, each has its check or its reason, and each check can fail."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sphinx_xenfusa.claims.virtio_checks import CHECKS
from sphinx_xenfusa.claims.virtio_conformance import CLAIMS, CheckClaim, claim_of, rows
from sphinx_xenfusa.claims.virtio_sessions import Setting, sessions
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.explore.claim import Budget
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.model.virtqueue import chain, events, lifecycle, packed, sample_loop, split
from sphinx_xenfusa.model.virtqueue.layout import Feature
from sphinx_xenfusa.model.virtqueue.memory import Memory, Party, shared_memory, store

BY_CHECK = {one.check.name: one for one in CLAIMS if isinstance(one, CheckClaim)}
OF_NO_ROW = {"packed_notification", "layout_bytes", "end_to_end", "sample_loop"}
"""Packed notifications follow from 2.8.10, which has no conformance clause; the others are no demands."""


@pytest.mark.shared
def test_every_row_of_the_inventory_is_there_with_its_party_and_modality() -> None:
    path = Path(__file__).parents[3] / "shared" / "spec" / "virtio_normative.tsv"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    inventory = list(csv.DictReader(lines, delimiter="\t"))
    assert len(inventory) == 120
    ours = [(one.id, one.format, one.party, one.modality, one.condition, one.place) for one in rows()]
    columns = ("id", "format", "party", "modality", "feature_condition")
    assert ours == [(*(row[name] for name in columns), f"{row['file']}:{row['line']}") for row in inventory]
    for one, row in zip(rows(), inventory, strict=True):
        assert one.label in row["conformance_label"]
        assert one.says != row["paraphrase"]


def test_each_row_has_a_check_or_a_reason_and_each_check_a_row() -> None:
    assert len({one.id for one in rows()}) == len(rows())
    for one in rows():
        assert bool(one.check) is not bool(one.not_modelled), one.id
        assert one.says.endswith(".")
        assert not one.not_modelled.endswith(".")
    assert {one.check for one in rows() if one.check} | OF_NO_ROW == set(CHECKS)
    assert {claim_of(name) for name in CHECKS} <= set(load_claims())


@pytest.mark.parametrize("name", CHECKS)
def test_each_check_is_confirmed_and_could_have_failed(name: str) -> None:
    verdict = BY_CHECK[name].run(None, Budget())
    assert verdict.kind is VerdictKind.CONFIRMED, verdict.reason
    assert verdict.witness is not None
    assert verdict.witness.steps
    assert verdict.killer is not None


def _backwards(memory: Memory, queue: split.SplitQueue, idx: int) -> Any:
    return store(memory, Party.DRIVER, queue.available_ring + 2, (idx % 2).to_bytes(2, "little"))


def _forgets_to_tell(device: lifecycle.Device) -> None:
    device.status |= lifecycle.Status.NEEDS_RESET


def _reads_answers(memory: Memory, one: chain.Chain) -> bytes:
    return b"".join(bytes(0) for each in one.elements if chain.load(memory, Party.DEVICE, each.address, each.length))


BROKEN: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "no_taking_back": (split, "publish_available", _backwards),
    "device_status": (lifecycle, "fail", _forgets_to_tell),
    "device_notification": (events, "crosses", lambda event, old, new, modulus: event >= old),
    "packed_order": (packed, "is_available", lambda flags, wrap: bool(flags)),
    "suspension": (lifecycle, "settle_suspension", lambda device, succeeds: None),
    "chain_form": (chain, "wrong_with", lambda elements, most: None),
    "sample_loop": (sample_loop, "is_published", lambda one, queue: True),
    "queue_reset": (lifecycle, "complete_queue_reset", lambda device, queue: None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_side_that_breaks_a_demand_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function, broken = BROKEN[name]
    original = getattr(module, function)
    monkeypatch.setattr(original, "__code__", _as_code_of(original, broken))
    found = BY_CHECK[name].search(None, Budget(), small=False)
    assert found.counterexample is not None
    assert found.counterexample.title
    assert found.counterexample.steps


def _as_code_of(original: Any, broken: Any) -> Any:
    """The code that calls the broken function in the place of the original, in whatever module that is used."""
    name = f"_broken_{broken.__name__.strip('<>')}"
    original.__globals__[name] = broken
    parameters = ", ".join(original.__code__.co_varnames[: original.__code__.co_argcount])
    space: dict[str, Any] = {}
    exec(f"def replacement({parameters}): return {name}({parameters})", space)
    return space["replacement"].__code__


def test_a_device_that_reads_its_answers_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sphinx_xenfusa.claims.virtio_sessions.read_request", _reads_answers)
    found = BY_CHECK["device_accesses"].search(None, Budget(), small=True)
    assert found.counterexample is not None
    assert "loads" in found.counterexample.title


def test_sessions_are_what_they_say() -> None:
    setting = Setting(split, 2, frozenset({Feature.IN_ORDER}))
    scripts = [tuple(event.move for event in one.events) for one in sessions((setting,), 3)]
    assert len(scripts) == len(set(scripts))
    assert ("add a request", "take one", "use the oldest") in scripts
    assert all(one[0].startswith("add") for one in scripts)


def test_the_printed_loop_does_the_opposite_of_what_it_is_for() -> None:
    """split-ring.tex:721: with nothing published it processes an element, with something published it leaves."""
    memory, queue = shared_memory(1 << 16), split.SplitQueue(4, 0x1000, 0x2000, 0x3000)
    printed = sample_loop.receive(memory, queue, 0, sample_loop.leaves_as_printed)
    assert [one.idx for one in printed] == [0]
    assert not sample_loop.is_published(printed[0], queue)
    split.publish_used(memory, queue, 2)
    assert sample_loop.receive(memory, queue, 0, sample_loop.leaves_as_printed) == ()
    corrected = sample_loop.receive(memory, queue, 0, sample_loop.leaves_corrected)
    assert [one.idx for one in corrected] == [0, 1]
