"""Descriptions of the vocabulary: ``xen:role``, ``xen:privilege``, ``xen:operation``, ``xen:operations``.

What a description shows is read from the model, and who may call what is asked of the policies' own decisions.  The body
is the author's.  A name that the vocabulary does not know costs one warning, and the text stays on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_id

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import ActsOn, Gate, Operation, TargetParameter, catalogue
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Capability, Privilege, Role, roles_of
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.directives import XenDirective, words
from sphinx_xenfusa.sphinxext.views import Cell, count, paragraph, policy_words, table
from sphinx_xenfusa.sphinxext.warning_types import warn
from sphinx_xenfusa.terms import callers
from sphinx_xenfusa.terms.callers import CALLERS, Answer
from sphinx_xenfusa.terms.installed import expected
from sphinx_xenfusa.terms.term import Term, TermKind
from sphinx_xenfusa.trace.record import Finding

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.domain import XenDomain

ROLE_OF = {TermKind.ROLE: "role", TermKind.PRIVILEGE: "priv", TermKind.OPERATION: "op"}
"""By which cross-reference role a kind of term is linked to."""
KIND_OF = {role: kind for kind, role in ROLE_OF.items()}

KIND_WORDS = {TermKind.ROLE: "role", TermKind.PRIVILEGE: "privilege level", TermKind.OPERATION: "operation"}

ACTS_ON_WORDS = {
    ActsOn.CALLER: "the caller",
    ActsOn.TARGET: "the target",
    ActsOn.PLATFORM: "the platform",
    ActsOn.OFFER: "an object that the target offers to the caller, and only while it does",
}

CONDITION_WORDS = {
    "self": "the target is the caller",
    "other": "the target is not the caller",
    "domid-self": "the target is written as DOMID_SELF",
    "hardware": "the caller is the Hardware Domain",
    "not-hardware": "the caller is not the Hardware Domain",
    "no-control": "the caller does not hold the control capability",
    "neither": "the caller holds neither capability",
    "without-resource": "the caller does not itself hold the memory range, interrupt or port that it hands on",
    "without-virq": "no target is named and the caller does not own VIRQ_DOM_EXC",
    "translated": "no device of the caller writes memory past an IOMMU",
    "no-reach": "no device of the caller reaches the platform",
    "always": "the call is made: Xen has nothing of the kind",
}
"""When a check beside the hook stops a call, by the word of the catalogue."""

_OVERVIEW_FROM = 4
"""From so many operations on, links to them stand above their descriptions."""

ALLOWED = "● allowed"
"""Let through; the symbol is not that of a result, because nothing is confirmed by it."""


def _said(code: Code) -> list[nodes.Node]:
    return [nodes.Text(ALLOWED)] if code is Code.SUCCESS else [nodes.Text("○ "), nodes.literal("", code.value)]


def answered(answers: Sequence[Answer]) -> list[nodes.Node]:
    """What a caller gets, one line for each code."""
    lines: list[nodes.Node] = []
    for one in answers:
        towards = [nodes.Text(", ".join(one.towards) + ": ")] if one.towards else []
        lines.append(paragraph(*towards, *_said(one.code)))
    return lines


def _upper(words: str) -> str:
    """Words as they begin a line; names within them stay as they are."""
    return words[:1].upper() + words[1:]


def _columns(first: int) -> tuple[int, ...]:
    return (first, *((100 - first) // len(POLICIES) for _ in POLICIES))


def who_may(operation: Operation, anchor: str) -> nodes.table:
    """The callers, and what they get under each policy; those that get the same everywhere share a row."""
    alike: dict[tuple[tuple[Answer, ...], ...], list[str]] = {}
    for caller in CALLERS:
        got = tuple(callers.answers(caller, operation, policy) for policy in POLICIES.values())
        alike.setdefault(got, []).append(caller.words)
    rows: list[Sequence[Cell]] = [
        ([paragraph(one) for one in words], *(answered(one) for one in got)) for got, words in alike.items()
    ]
    headings = ("Caller", *(_upper(policy_words(name)) for name in POLICIES))
    return _small(table("Who may call it", headings, _columns(28), rows, "xenfusa-callers", id=f"{anchor}-callers"))


def _small(made: nodes.table) -> nodes.table:
    """A table that fits on a page and stands inside a description."""
    made["classes"].remove("longtable")
    return made


def fact_list(facts: Iterable[tuple[str, Sequence[nodes.Node]]]) -> nodes.field_list:
    """Names and values; one without a value is left out."""
    made = nodes.field_list(classes=["xenfusa-facts"])
    for name, value in facts:
        if value:
            made += nodes.field("", nodes.field_name("", name), nodes.field_body("", paragraph(*value)))
    return made


def gate_words(gate: Gate) -> str:
    """A check beside the hook: when it stops a call, what the caller sees then, and under which policies it is made."""
    when = "before" if gate.before else "after"
    made = [name for name, policy in POLICIES.items() if gate.in_force(policy.switches)]
    words = CONDITION_WORDS.get(gate.condition.value, gate.condition.value)
    limits = ""
    if len(made) < len(POLICIES):
        under = ", ".join(policy_words(name) for name in made) or "no policy as it is"
        limits = f" (under: {under}; divergence {gate.divergence})"
    return f"{gate.code} {when} the hook if {words}{limits}"


def _hypercall(operation: Operation) -> str:
    if not operation.is_service:
        return "none: what a device does by itself is asked of nobody"
    number = "" if operation.hypercall_number is None else f" (number {operation.hypercall_number})"
    inner = "" if operation.number is None else f", operation {operation.number}"
    return f"{operation.hypercall}{number}{inner}"


def _hook(operation: Operation) -> list[nodes.Node]:
    if not operation.hook:
        return [nodes.Text("none; the policy silo overrides a hook on its way" if operation.channel else "none")]
    said: list[nodes.Node] = [
        nodes.literal("", operation.hook),
        nodes.Text(", default action "),
        nodes.literal("", operation.action.value),
    ]
    if operation.proposed_action is not operation.action:
        said += [nodes.Text("; proposed, not merged: "), nodes.literal("", operation.proposed_action.value)]
    if operation.channel:
        said.append(nodes.Text("; the policy silo overrides a hook on its way"))
    return said


def _denied(operation: Operation) -> list[nodes.Node]:
    without, with_control = operation.unknown_as
    said: list[nodes.Node] = [nodes.literal("", operation.denied_as.value)]
    if operation.target is TargetParameter.DOMAIN:
        said += [nodes.Text("; of a domid that no domain has "), nodes.literal("", without.value)]
        if with_control is not without:
            said += [nodes.Text(", with the control capability "), nodes.literal("", with_control.value)]
    if operation.versioned:
        said += [nodes.Text("; before either, of a wrong interface version "), nodes.literal("", Code.EACCES.value)]
    return said


def _text(text: str) -> list[nodes.Node]:
    return [nodes.Text(text)] if text else []


class _TermDirective(XenDirective):
    """What the directives of this module share."""

    def tell(self, message: str, about: str) -> None:
        """Leave a finding about the vocabulary; every build warns of it until it is mended."""
        self.domain.note_finding(self.env.docname, Finding("vocabulary", self.place, about, message))

    def link(self, kind: TermKind, name: str) -> nodes.Node:
        """A link to the description of a term; the bare name where the project describes it nowhere."""
        role = ROLE_OF[kind]
        self.domain.note_link(self.env.docname, f"{role}:{name}")
        found = addnodes.pending_xref(
            "", refdomain="xen", reftype=role, reftarget=name, refdoc=self.env.docname, refwarn=False, refexplicit=False
        )
        found += nodes.literal("", name, classes=["xref", "xen", f"xen-{role}"])
        return found

    def describe(self, term: Term, body: Sequence[nodes.Node], *, contents: bool = True) -> list[nodes.Node]:
        """The description of a term: its name as a target, its words, the author's text, the facts.

        :param contents: whether it has an entry in the table of contents of its page.
        """
        no_index = "no-index" in self.options
        no_entry = no_index or "no-index-entry" in self.options
        hidden = not contents or "no-contents-entry" in self.options
        index = addnodes.index(entries=[])
        self.set_source_info(index)
        kind = term.kind.value
        described = addnodes.desc(domain="xen", objtype=kind, desctype=kind, classes=["xen", kind, "xenfusa-object"])
        for attribute in ("no-index", "noindex"):
            described[attribute] = no_index
        for attribute in ("no-index-entry", "noindexentry"):
            described[attribute] = no_entry
        for attribute in ("no-contents-entry", "nocontentsentry"):
            described[attribute] = hidden
        described["no-typesetting"] = False
        described.document = self.state.document
        signature = addnodes.desc_signature(term.name, "")
        self.set_source_info(signature)
        kind_words = KIND_WORDS[term.kind]
        signature += addnodes.desc_annotation(kind_words, kind_words, addnodes.desc_sig_space())
        signature += addnodes.desc_name(term.name, term.name)
        signature["_toc_parts"] = () if hidden else (term.name,)
        signature["_toc_name"] = "" if hidden else term.name
        described += signature
        anchor = make_id(self.env, self.state.document, f"xen-{kind}", term.name)
        if not no_index:
            signature["ids"].append(anchor)
            self.state.document.note_explicit_target(signature)
            self.domain.note_object(self.env.docname, term.kind.value, term.name, anchor, self.place)
        if not no_entry:
            group = f" of {term.group}" if term.group else ""
            index["entries"].append(("single", f"{term.name} ({kind_words}{group})", anchor, "", None))
        self.domain.note_vocabulary(self.env.docname, self.domain.vocabulary.digest)
        content = addnodes.desc_content()
        content += [paragraph(term.words)] if term.words else []
        content += list(body)
        content += self.facts(term, anchor)
        described += content
        return [index, described]

    def facts(self, term: Term, anchor: str) -> list[nodes.Node]:
        """What is known of a term; of one of a user's package, what the package says."""
        if term.package:
            told = [(name, _text(value)) for name, value in term.facts]
            origin = [nodes.Text("the package "), nodes.literal("", term.package)]
            group = [("Group", _text(term.group))]
            return [fact_list((*group, *told, ("Vocabulary of", origin)))]
        if term.kind is TermKind.OPERATION:
            return self._operation(catalogue().by_name[term.name], anchor)
        if term.kind is TermKind.ROLE:
            return self._role(Role(term.name), anchor)
        return self._privilege(Privilege(term.name), anchor)

    def _operation(self, operation: Operation, anchor: str) -> list[nodes.Node]:
        takes = "a domain" if operation.target is TargetParameter.DOMAIN else "none"
        arguments = [one for one in operation.arguments if one]
        architectures = ", ".join(sorted(one.value for one in operation.architectures))
        facts: list[tuple[str, Sequence[nodes.Node]]] = [
            ("Hypercall", _text(_hypercall(operation))),
            ("Hook", _hook(operation)),
            ("Target", _text(takes)),
            ("Acts on", _text(f"{ACTS_ON_WORDS[operation.acts_on]}; effect: {operation.transformer.value}")),
            ("Arguments that change the effect", _text(", ".join(arguments))),
            ("Family", _text("" if operation.family.value == "other" else operation.family.value)),
            ("Checks beside the hook", _text("; ".join(gate_words(gate) for gate in operation.gates))),
            ("A denied caller sees", _denied(operation)),
            ("Handler", _text("" if operation.implemented else "none: Xen fails every call that is let through")),
            ("Architectures", _text(architectures)),
            ("Source", _text(f"{operation.source} (Xen {catalogue().xen_commit[:12]})")),
        ]
        return [fact_list(facts), who_may(operation, anchor)]

    # --- roles and privilege levels -----------------------------------------------------------------------------

    def _role(self, role: Role, anchor: str) -> list[nodes.Node]:
        caller = callers.caller_of(role)
        level = callers.level(caller, callers.ANOTHER)
        said = [self.link(TermKind.PRIVILEGE, level.value)]
        serving = callers.serving(role)
        if serving is not None and callers.level(*serving) is not level:
            higher = callers.level(*serving).value
            said += [
                nodes.Text("; where it runs a VirtIO backend without the extensions, towards its frontends "),
                self.link(TermKind.PRIVILEGE, higher),
            ]
        facts: list[tuple[str, Sequence[nodes.Node]]] = [
            ("A domain holds it through", _text(_held_through(role))),
            ("Privilege level (the document)", said),
        ]
        return [fact_list(facts), self._numbers(caller, callers.ANOTHER, anchor)]

    def _numbers(self, caller: callers.Caller, other: str, anchor: str) -> nodes.table:
        """How many operations a caller may issue under each policy."""
        total = len(callers.implemented())
        taking = sum(one.target is TargetParameter.DOMAIN for one in callers.implemented())
        towards = ((callers.NO_TARGET, total - taking), (callers.ITSELF, taking), (other, taking))
        rows = [
            (
                _upper(policy_words(name)),
                *(f"{len(callers.allowed(caller, target, policy))} of {size}" for target, size in towards),
            )
            for name, policy in POLICIES.items()
        ]
        headings = ("Policy", "Without a target", "Towards itself", f"Towards {other}")
        title = f"Operations that it may call, of the {total} that Xen handles"
        return _small(table(title, headings, (34, 22, 22, 22), rows, "xenfusa-numbers", id=f"{anchor}-numbers"))

    def _privilege(self, privilege: Privilege, anchor: str) -> list[nodes.Node]:
        found = callers.holder_of(privilege)
        if found is None:
            return [paragraph("No domain of the platforms that the tool looks at is on this level.")]
        caller, target = found
        holders = [
            self.link(TermKind.ROLE, role.value)
            for role in Role
            if callers.level(callers.caller_of(role), callers.ANOTHER) is privilege
        ]
        said = [part for holder in holders for part in (nodes.Text(", "), holder)][1:]
        held = said or _text(f"{caller.words}, towards {target}")
        facts: list[tuple[str, Sequence[nodes.Node]]] = [("Held by (the document)", held)]
        return [fact_list(facts), self._numbers(caller, target, anchor), self._allowed_set(caller, target, anchor)]

    def _allowed_set(self, caller: callers.Caller, other: str, anchor: str) -> nodes.table:
        """The operations of a level under the document, by hypercall, with links."""
        policy = POLICIES["specification"]
        columns = [
            callers.allowed(caller, callers.NO_TARGET, policy) | callers.allowed(caller, callers.ITSELF, policy),
            callers.allowed(caller, other, policy),
        ]
        groups: dict[str, list[Operation]] = {}
        for operation in callers.implemented():
            groups.setdefault(operation.hypercall, []).append(operation)
        rows: list[Sequence[Cell]] = [
            (
                [paragraph(nodes.literal("", group)), paragraph(count(len(operations), "operation"))],
                *(self._named(operations, allowed) for allowed in columns),
            )
            for group, operations in groups.items()
        ]
        headings = ("Hypercall", "Towards itself, or without a target", f"Towards {other}")
        title = f"Its allowed set under the document: {len(columns[0])} and {len(columns[1])} operations"
        return table(title, headings, (20, 46, 34), rows, "xenfusa-allowed", id=f"{anchor}-allowed")

    def _named(self, operations: Sequence[Operation], allowed: frozenset[str]) -> Cell:
        found = [operation.name for operation in operations if operation.name in allowed]
        if not found:
            return "none"
        if len(found) == len(operations):
            return f"all {len(found)}" if len(found) > 1 else [paragraph(self.link(TermKind.OPERATION, found[0]))]
        parts = [part for name in found for part in (nodes.Text(", "), self.link(TermKind.OPERATION, name))][1:]
        return [paragraph(f"{len(found)}: ", *parts)]


def _held_through(role: Role) -> str:
    """The capabilities that give a role, asked of the model."""
    if role in roles_of(frozenset()):
        return "holding no capability"
    giving = [one.value for one in Capability if role in roles_of(frozenset({one}))]
    return " or ".join(f"the {name} capability" for name in giving)


class TermDirective(_TermDirective):
    """The description of one term; the subclass says of which kind."""

    kind: ClassVar[TermKind]
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "no-index": directives.flag,
        "no-index-entry": directives.flag,
        "no-contents-entry": directives.flag,
    }

    def run(self) -> Sequence[nodes.Node]:
        """The description; of a name that the vocabulary does not know, the body under a heading that says so."""
        name = " ".join(self.arguments[0].split())
        vocabulary = self.domain.vocabulary
        term = vocabulary.find(self.kind, name)
        body = self.parse_content_to_nodes()
        if term is None:
            self.domain.note_vocabulary(self.env.docname, vocabulary.names_digest)
            message = vocabulary.unknown(self.kind, name)
            self.tell(f"{message}; nothing is described", name)
            return [markup.unknown_term(KIND_WORDS[self.kind], name, body)]
        return self.describe(term, body)


class RoleDirective(TermDirective):
    """A role."""

    kind = TermKind.ROLE


class PrivilegeDirective(TermDirective):
    """A privilege level."""

    kind = TermKind.PRIVILEGE


class OperationDirective(TermDirective):
    """An operation."""

    kind = TermKind.OPERATION


class OperationsDirective(_TermDirective):
    """Many operations at once, hypercall by hypercall, as objects."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "hypercall": directives.unchanged,
        "except": directives.unchanged,
        "no-index": directives.flag,
        "no-index-entry": directives.flag,
    }

    def run(self) -> Sequence[nodes.Node]:
        """The descriptions, with a heading for each hypercall if there are several."""
        vocabulary = self.domain.vocabulary
        self.domain.note_vocabulary(self.env.docname, vocabulary.digest)
        groups: dict[str, list[Term]] = {}
        for term in vocabulary.of(TermKind.OPERATION):
            groups.setdefault(term.group, []).append(term)
        wanted, left_out = words(self.options.get("hypercall")), words(self.options.get("except"))
        made: list[nodes.Node] = [one for name in left_out if name not in groups for one in self._unknown(name, groups)]
        chosen = [name for name in wanted or groups if name not in left_out]
        for name in chosen:
            if name not in groups:
                made += self._unknown(name, groups)
                continue
            if len(chosen) > 1:
                made.append(nodes.rubric("", f"{name} ({count(len(groups[name]), 'operation')})"))
            described = [part for term in groups[name] for part in self.describe(term, (), contents=False)]
            made += [*self._overview(described), *described]
        return made

    def _overview(self, described: Sequence[nodes.Node]) -> list[nodes.Node]:
        """Links to the descriptions that follow, where there are several and they can be linked to."""
        signatures = [one for node in described for one in node.findall(addnodes.desc_signature) if one["ids"]]
        if len(signatures) < _OVERVIEW_FROM:
            return []
        links = nodes.bullet_list(classes=["xenfusa-overview"])
        for signature in signatures:
            name = nodes.literal("", "".join(one.astext() for one in signature.findall(addnodes.desc_name)))
            link = nodes.reference("", "", name, refid=signature["ids"][0], internal=True)
            links += nodes.list_item("", nodes.paragraph("", "", link))
        return [links]

    def _unknown(self, name: str, groups: Mapping[str, Sequence[Term]]) -> list[nodes.Node]:
        found = f"found the hypercall {name!r}, which no operation belongs to"
        self.tell(f"{found}; {expected(name, groups)}; nothing is described", name)
        return [markup.unknown_term("hypercall", name, ())]


def outdated(app: Sphinx, env: BuildEnvironment, *_: object) -> list[str]:
    """The documents that describe or name terms of a vocabulary or a model that has changed since they were read."""
    domain = cast("XenDomain", env.get_domain("xen"))
    known = {domain.vocabulary.digest, domain.vocabulary.names_digest}
    return sorted(docname for docname, noted in domain.noted_vocabularies.items() if not known.issuperset(noted))


def tell_faults(app: Sphinx) -> None:
    """Warn of each entry point of the vocabulary that cannot be used."""
    domain = cast("XenDomain", app.env.get_domain("xen"))
    for fault in domain.vocabulary.faults:
        warn("input", fault.message, fault.place)


def unknown_reference(app: Sphinx, domain: object, node: addnodes.pending_xref) -> bool | None:
    """Say of a link to a term that the vocabulary does not know which is the nearest; leave all others to Sphinx."""
    kind = KIND_OF.get(node["reftype"]) if node.get("refdomain") == "xen" else None
    if kind is None:
        return None
    vocabulary = cast("XenDomain", app.env.get_domain("xen")).vocabulary
    if vocabulary.find(kind, node["reftarget"]) is not None:
        return None
    warn("vocabulary", vocabulary.unknown(kind, node["reftarget"]), node)
    return True
