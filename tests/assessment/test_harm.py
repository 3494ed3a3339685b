"""Who is harmed: every SafeVM to which it is done, the one of the trace first, and the machine apart from the domains."""

from __future__ import annotations

from pathlib import Path

from configurations import read

from sphinx_xenfusa.assessment.assess import assess
from sphinx_xenfusa.assessment.harm import Harm
from sphinx_xenfusa.claims.interference import Interference
from sphinx_xenfusa.platforms.configuration import Configuration

STATEMENT = "xen: {policy: dummy}\n"
DOMAINS = """domains:
  - {name: platform, roles: [hardware], criticality: unsafe}
  - {name: media, criticality: unsafe}
  - {name: lights, criticality: safe, safety_tasks: true}
  - {name: brakes, criticality: safe, safety_tasks: true}
  - {name: steering, criticality: safe, safety_tasks: true}
"""
LINKS = """links:
  - {protocol: virtio, backend: platform, frontend: media}
  - {protocol: virtio, backend: platform, frontend: brakes, grants: true}
  - {protocol: virtio, backend: platform, frontend: steering, grants: true}
"""


def harms(configuration: Configuration, policy: str) -> dict[tuple[str, Interference], Harm]:
    (found,) = (one for one in assess(configuration).examinations if one.policy == policy)
    return {(one.by, one.kind): one for one in found.harms}


def test_everybody_who_is_harmed_is_named_and_nobody_else(tmp_path: Path) -> None:
    found = harms(read(tmp_path, DOMAINS + LINKS, STATEMENT, "car.yaml"), "specification")
    blocked = found["platform", Interference.TIME]
    # Without grants and linked, but no SafeVM; a SafeVM that is not linked.
    assert blocked.victims == ("brakes", "steering")
    assert not blocked.machine
    assert blocked.trace.steps[-1].changed[0].field == "brakes: vCPU"


def test_the_machine_is_not_a_domain_that_is_called_so(tmp_path: Path) -> None:
    found = harms(read(tmp_path, DOMAINS, STATEMENT, "car.yaml"), "dummy")
    stops = found["platform", Interference.CONTROL]
    assert (stops.victims, stops.machine) == ((), True)
    writes = found["platform", Interference.MEMORY]
    assert (writes.victims, writes.machine) == (("lights", "brakes", "steering"), False)
