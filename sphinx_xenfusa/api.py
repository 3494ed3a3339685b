"""The Python API for notebooks and scripts: what the commands and the pages do, as a few functions that return data.

Nothing here decides anything itself: each function is a way in to the room that does, and gives its data classes.  Input that
cannot be used is an :class:`~sphinx_xenfusa.inputs.InputError` that names file and line, what was found and what was expected.
Sphinx is neither imported nor needed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sphinx_xenfusa.assessment.assess import Assessment, assess
from sphinx_xenfusa.assessment.judgement import Compatibility, Judgement
from sphinx_xenfusa.assessment.search import Repairs, repairs
from sphinx_xenfusa.confirm.confirmation import carry_out, known_policies, plan
from sphinx_xenfusa.confirm.executors import Workers
from sphinx_xenfusa.confirm.plan_inputs import PLAIN_INPUTS
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.read_record import read_record
from sphinx_xenfusa.model.decision import Decision
from sphinx_xenfusa.model.operations import Operation, TargetParameter, catalogue
from sphinx_xenfusa.model.policies import POLICIES, available, relation
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.configuration import Configuration
from sphinx_xenfusa.platforms.located_yaml import did_you_mean
from sphinx_xenfusa.platforms.reading import Asked, Group, files_of, grouped, read_configuration
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.states import Coverage, LinkStatus, Result

__all__ = [
    "Assessment",
    "Claim",
    "Compatibility",
    "Configuration",
    "Coverage",
    "Decision",
    "InputError",
    "Judgement",
    "LinkStatus",
    "Repairs",
    "Result",
    "Trace",
    "TraceRecord",
    "Verdict",
    "VerdictKind",
    "assess",
    "claims",
    "confirm",
    "decide",
    "load_platform",
    "policies",
    "read_trace_record",
    "repairs",
]

_CALLER = "the call"
"""What errors name as their file where no file is at fault."""


# --- platforms --------------------------------------------------------------------------------------------------------


def load_platform(
    *files: str | Path,
    statement: str | Path | None = None,
    boot_line: str = "",
    architecture: str = "arm",
    include: Sequence[str | Path] = (),
    root: str | Path | None = None,
) -> Configuration:
    """Read the files of one platform, with what is stated beside them.

    :param files: a device tree (``.dts`` or ``.dtb``), our YAML, or ``xl.cfg`` files; a folder stands for the files in it.
    :param statement: what no configuration file says; by default the statement beside the files, where there is one.
    :param boot_line: Xen's command line, for files that have none.
    :param architecture: ``arm`` or ``x86``, of a platform that is made of ``xl.cfg`` files.
    :param include: folders in which ``#include`` of device trees looks.
    :param root: nothing outside of it is included; by default the folder of the first file.
    :return: what the files say, each value with who says it; what nobody says is missing in it.
    :raises InputError: a file cannot be used, or the files make none or several platforms.
    """
    group = _one_group([Path(one) for one in files])
    asked = Asked(
        group.files[0].resolve().parent if root is None else Path(root),
        tuple(Path(one) for one in include),
        None if statement is None else Path(statement),
        boot_line,
        Architecture(_known(architecture, [one.value for one in Architecture], "architecture")),
    )
    return read_configuration(group, asked)


def _one_group(paths: Sequence[Path]) -> Group:
    """The one platform that files make.

    :raises InputError: one of them cannot be read, or they make none or several.
    """
    found = list(grouped(files_of(paths)))
    for one in found:
        if isinstance(one, InputError):
            raise one
    groups = [one for one in found if isinstance(one, Group)]
    if len(groups) != 1:
        named = ", ".join(one.name for one in groups)
        first = str(paths[0]) if paths else _CALLER
        raise InputError(first, None, f"{len(groups)} platforms{f' ({named})' if named else ''}", "the files of one")
    return groups[0]


def decide(assessment: Assessment, by: str, operation: str, to: str = "", policy: str = "") -> Decision:
    """Whether a domain of a platform may issue an operation towards another, and who decides that.

    A call that is let through may still fail: what another domain does not offer cannot be used.

    :param assessment: of the platform; one of which everything is said that the model needs.
    :param by: the name of the domain that calls.
    :param operation: as the catalogue of operations names it, such as ``SCHEDOP_shutdown``.
    :param to: the name of the domain that it is done to; empty for an operation that has no target.
    :param policy: ``specification`` (the document), ``dummy``, ``silo`` or ``proposed``; by default that of the platform's Xen.
    :raises InputError: there is no such domain, operation or policy, the target is missing or one too many, that Xen has no
        such operation, or the platform was not searched.
    """
    configuration, platform = assessment.configuration, assessment.platform
    if platform is None:
        asked = "; ".join(one.what for one in assessment.open)
        missing = f"{assessment.not_examined}{f' ({asked})' if asked else ''}"
        raise InputError(
            configuration.name, None, f"a platform that the model cannot take: {missing}", "a complete one"
        )
    names = [one.name for one in platform.domains]
    call = catalogue().by_name[_known(operation, catalogue().by_name, "operation")]
    rules = POLICIES[_known(policy or str(configuration.policy.value), POLICIES, "policy")]
    if not call.implemented or not call.is_service or not available(call, platform, rules):
        raise InputError(_CALLER, None, f"the operation {call.name!r}", "one that this Xen offers")
    subject = names.index(_known(by, names, "domain"))
    target = names.index(_known(_target(call, by, to), names, "domain"))
    return rules.decide(call, relation(platform, subject, target, call, rules))


def _target(call: Operation, by: str, to: str) -> str:
    """The domain that a call is about: the caller itself where it has no target.

    :raises InputError: a target is missing, or there is one too many.
    """
    if call.target is TargetParameter.NONE and to not in ("", by):
        raise InputError(_CALLER, None, f"the target {to!r} of {call.name}", "no target: the operation has none")
    if call.target is not TargetParameter.NONE and not to:
        raise InputError(_CALLER, None, f"no target of {call.name}", "the name of the domain that it is done to")
    return to or by


# --- claims -----------------------------------------------------------------------------------------------------------


def claims() -> Mapping[str, Claim]:
    """The claims that are installed, by id: ours, and those of packages that offer some.

    :raises InputError: what some package offers cannot be used.
    """
    offered = PLAIN_INPUTS.installed()
    for problem in offered.problems:
        raise problem
    return offered.claims


def policies() -> tuple[str, ...]:
    """The policies that claims run under: the document first, then those of Xen, then those that packages bring."""
    return known_policies(claims().values())


def confirm(
    claim: str, *under: str, seconds: float = DEFAULT_TIMEOUT, kept: str | Path | None = None
) -> tuple[Verdict, ...]:
    """Run a claim against the model, and give a verdict for each policy, each with its scope, its witness and its traces.

    It runs in this process, one policy after the other; ``xenfusa confirm`` runs many claims on all cores.  Under a policy of
    Xen the verdict is held against the reviewed register of divergences, as everywhere.

    :param claim: its id; :func:`claims` has them all.
    :param under: the policies; by default all that the claim runs under.  A claim that depends on none is run once.
    :param seconds: after which a search ends without an answer.
    :param kept: a folder of kept verdicts (``.xenfusa/cache``): what stands there for the same sources is taken, and what is
        found is kept there.  By default everything is run and nothing is kept.
    :return: sorted by policy.
    :raises InputError: there is no such claim or policy, or it does not run under these.
    """
    offered = claims()
    chosen = offered[_known(claim, offered, "claim")]
    for one in under:
        _known(one, chosen.policies or known_policies(offered.values()), f"policy of {claim}")
    planned = plan(
        offered,
        PLAIN_INPUTS.register(),
        names=(claim,),
        policies=under,
        equivalents=PLAIN_INPUTS.equivalents(),
        record=PLAIN_INPUTS.adequacy(),
    )
    with ThreadPoolExecutor(1) as here:
        folder = None if kept is None else Path(kept)
        return carry_out(planned, cache_dir=folder, timeout=seconds, workers=Workers(here)).verdicts


# --- the trace record -------------------------------------------------------------------------------------------------


def read_trace_record(path: str | Path) -> TraceRecord:
    """Read the trace record that a build wrote: its items with their states, links, verdicts, tests and findings.

    :param path: ``xenfusa/trace.json`` in the output of a build.
    :raises InputError: it is missing, cut off, no trace record, one that contradicts itself, or one of a newer version.
    """
    return read_record(Path(path))


def _known(word: str, known: Collection[str], what: str) -> str:
    """A word that names something.

    :raises InputError: it names nothing; with the nearest that does.
    """
    if word in known:
        return word
    names = sorted(known)
    few = ", ".join(names) if len(names) <= 16 else f"one of {len(names):,}"
    raise InputError(_CALLER, None, f"the {what} {word!r}", f"{few}{did_you_mean(word, names)}")
