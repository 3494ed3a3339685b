"""Everything that touches sphinx-needs, its private corners included, so that they are in one place.

Private: ``sphinx_needs.utils.add_doc`` (without it the HTML build of a page without a native need directive crashes),
the needs of a document that is read again (they would refuse a requirement that moved to another), the node of a need,
the store of needs (an item of Xen's own documents is put there without a card, for which no parser is needed),
what a need is made of (tests are copies of one that differ in a few fields),
the ids of its containers (random), its schema report (holds timings), how it writes ``needs.json`` (piece by piece), and
what it leaves in the output of every builder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst.states import RSTState
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx_needs.api import InvalidNeedException, add_need, generate_need
from sphinx_needs.config import NeedsSphinxConfig
from sphinx_needs.data import SphinxNeedsData
from sphinx_needs.need_item import NeedItem, NeedItemSourceExternal, NeedLink
from sphinx_needs.needsfile import NeedsList
from sphinx_needs.nodes import Need
from sphinx_needs.utils import add_doc

from sphinx_xenfusa.interop.typed_fields import FIELDS
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.case_places import ID_PREFIX
from sphinx_xenfusa.sphinxext.digests import digest
from sphinx_xenfusa.sphinxext.page_names import OURS
from sphinx_xenfusa.terms.installed import load_vocabulary
from sphinx_xenfusa.trace.canonical import dumps, write_text
from sphinx_xenfusa.trace.record import TAG, Item, TraceRecord
from sphinx_xenfusa.trace.states import Coverage, ItemKind, Outcome, Result

LAYOUT = "xenfusa"
_BASE = "xen_statement"
_OFT = "oft_item"
TEST = "XenTest"
"""The need type of a test."""
_ALL_OWN = "is_external==False"
"""The default of ``needs_builder_filter``: every need that is written in the project."""
_MOST = 1000
"""The longest id or link that sphinx-needs gets: it reads the digits in them as numbers, and Python ends at 4300 digits."""
_WRITES = "write_json"
"""The method of sphinx-needs that writes ``needs.json``."""
_STORE = "_needs_all_needs"
"""The attribute of the environment that is the store of needs."""
_OURS = ("xen_", "oft_")
"""What the names of our need types begin with."""


def need_type(kind: ItemKind) -> str:
    """The need type of a kind; prefixed, because sphinx-needs makes a global directive of each."""
    return f"xen_{kind.value}"


def oft_need_type(type: str, known: Iterable[str]) -> str:
    """The need type of an item type of OpenFastTrace.

    Capitals keep a need type from becoming a directive that an author could write: docutils asks for small letters.

    :param known: the item types that have a need type of their own.
    """
    return f"oft_{type}" if type in known else _OFT


def connect(app: Sphinx) -> None:
    """Register the need types before sphinx-needs reads them, and make its output deterministic."""
    setattr(NeedsList, _WRITES, _write_at_once)
    app.connect("config-inited", _add_types, priority=13)
    app.connect("config-inited", _allow_tags, priority=14)
    app.connect("write-started", _tell_needs_shortly, priority=1)
    app.connect("doctree-resolved", _name_containers, priority=900)
    app.connect("build-finished", _drop_timings)


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "nullable": True}


def _texts(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "array", "items": {"type": "string"}}, "nullable": True}


def _chosen(description: str, known: Sequence[str]) -> dict[str, Any]:
    """A field that holds words of a closed set."""
    schema = {"type": "array", "items": {"type": "string", "enum": list(known)}}
    return {"description": description, "schema": schema, "nullable": True}


def _base_type() -> dict[str, Any]:
    vocabulary = load_vocabulary()
    known = {name: vocabulary.words(field.terms) for name, field in FIELDS.items()}
    states = [state.value for state in Result]
    return {
        "directive": _BASE,
        "title": "Statement",
        "prefix": "XenArch~",
        "fields": {
            "xen_rationale": _text("Why the statement is made."),
            "xen_comment": _text("Anything else a reader should know."),
            "xen_source": _text("Where the statement comes from."),
            "xen_level": _text("The integrity level that the statement has, such as ASIL B."),
            "xen_owner": _text("Who has to ensure an assumption."),
            "xen_discharge": _text("By what evidence an assumption is shown to be ensured."),
            "xen_needs": _texts("The item types that must cover the statement."),
            "xen_confirmed_by": _texts("The claims that confirm the statement."),
            **{f"xen_{name}": _chosen(field.description, known[name]) for name, field in FIELDS.items()},
            "xen_fingerprint": _text("SHA-256 over the text and the fields that matter."),
            "xen_state": {
                "description": "The state of the statement in the trace record.",
                "schema": {"type": "string", "enum": states},
                "nullable": True,
            },
            "xen_coverage": {
                "description": "OpenFastTrace's deep coverage of the item.",
                "schema": {"type": "string", "enum": [coverage.value for coverage in Coverage]},
                "nullable": True,
            },
            "xen_test": {
                "description": "What the tests of the statement amount to.",
                "schema": {"type": "string", "enum": states},
                "nullable": True,
            },
            # Never without a value, so that a filter can ask what is in it.
            "xen_uncovered": {
                **_texts("The item types that must cover the item and do not."),
                "nullable": False,
                "default": [],
            },
        },
        "links": {
            "xen_covers": {
                "description": "The items that the statement covers.",
                "outgoing": "covers",
                "incoming": "is covered by",
                "allow_dead_links": True,
            },
        },
    }


def _add_types(app: Sphinx, config: Config) -> None:
    kinds = [
        {
            "directive": need_type(kind),
            "title": kind.value.capitalize(),
            "prefix": "XenArch~",
            "inherits": _BASE,
        }
        for kind in ItemKind
    ]
    config.needs_types = [
        *config.needs_types,
        _base_type(),
        *kinds,
        _test_type(),
        *_oft_types(config.xenfusa_oft_types),
    ]
    # The card shows what the statement is; the evidence that follows it shows the rest in words.
    config.needs_card_layouts = {**config.needs_card_layouts, LAYOUT: {"meta": False}}
    if "needs_reproducible_json" not in config.overrides:
        config.needs_reproducible_json = True
    # sphinx-needs leaves these in the output folder of every builder; an EPUB has no place for them.
    config.epub_exclude_files = [*config.epub_exclude_files, "permalink.html", "schema_violations.json"]


def _test_type() -> dict[str, Any]:
    """A test that verifies requirements.  It has no card: it is there for the links, tables and flows of sphinx-needs."""
    return {
        "directive": TEST,
        "title": "Test",
        "prefix": ID_PREFIX,
        "fields": {
            "xen_outcome": {
                "description": "The outcome of the test over all reports, the worst.",
                "schema": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
                "nullable": True,
            },
            "xen_flaky": {
                "description": "Whether the test came out differently when it was tried again.",
                "schema": {"type": "boolean"},
                "nullable": True,
            },
            "xen_stale": {
                "description": "Whether the results of the test are stale on some target: its passes there do not count.",
                "schema": {"type": "boolean"},
                "nullable": True,
            },
            "xen_targets": _texts("What the test ran on, as far as the reports say."),
        },
        "links": {
            "xen_verifies": {
                "description": "The statements that the test verifies as a whole.",
                "outgoing": "verifies",
                "incoming": "is verified by",
            },
            "xen_partially_verifies": {
                "description": "The statements of which the test verifies a part.",
                "outgoing": "verifies a part of",
                "incoming": "is verified in part by",
            },
        },
    }


def _oft_types(titles: dict[str, str]) -> list[dict[str, Any]]:
    base = {
        "directive": _OFT,
        "title": "OpenFastTrace item",
        "prefix": "",
        "inherits": _BASE,
        "fields": {
            "xen_depends": _texts("The items that the item says it depends on."),
        },
    }
    own = [
        {"directive": oft_need_type(type, titles), "title": title, "prefix": f"{type}~", "inherits": _OFT}
        for type, title in titles.items()
    ]
    return [base, *own]


def _allow_tags(app: Sphinx, config: Config) -> None:
    """Let ids be OpenFastTrace tags besides whatever the project allows."""
    config.needs_id_regex = f"(?:{config.needs_id_regex})|(?:{TAG.pattern}$)|(?:{ID_PREFIX}{OURS.pattern}$)"


@dataclass(frozen=True, slots=True)
class LinkedTest:
    """What sphinx-needs is told of a test.

    :param title: has nothing that steers PlantUML, Jinja or a function of sphinx-needs.
    :param address: its page and the place there.
    """

    id: str
    title: str
    address: str
    outcome: Outcome
    flaky: bool
    stale: bool
    targets: tuple[str, ...]
    verifies: tuple[str, ...]
    partially_verifies: tuple[str, ...]


class Refused(Exception):
    """sphinx-needs does not take the requirement; the message is its own, as a rule."""


def _refuse_long(tag: str) -> None:
    """Refuse an id that sphinx-needs could not write.

    :raises Refused: it is too long.
    """
    if len(tag) > _MOST:
        raise Refused(f"found an id of {len(tag):,} characters; expected {_MOST:,} at the most")


def _links(item: Item) -> list[str] | None:
    """What an item covers, but for what no need can be called."""
    return [target for target in item.covers if len(target) <= _MOST] or None


def add_requirement(
    app: Sphinx, state: RSTState, lineno: int, item: Item, kind: ItemKind, content: StringList, content_line: int
) -> Sequence[nodes.Node]:
    """Make a need of a requirement, in the document that is being read.

    :raises Refused: sphinx-needs does not take it.
    """
    _refuse_long(str(item.tag))
    docname = app.env.docname
    typed: dict[str, Any] = {f"xen_{name}": list(item.fields.words(name)) or None for name in FIELDS}
    add_doc(app.env, docname)
    try:
        return add_need(
            app,
            state,
            docname,
            lineno,
            need_type=need_type(kind),
            title=item.title,
            id=str(item.tag),
            content=content,
            lineno_content=content_line,
            # Else it is looked up, for each need anew.
            doctype=Path(state.document.get("source", "")).suffix or None,
            layout=LAYOUT,
            # Texts are what they say: no dynamic function of sphinx-needs may let the card differ from the record.
            allow_type_coercion=False,
            xen_rationale=item.rationale or None,
            xen_comment=item.comment or None,
            xen_source=item.source or None,
            xen_level=item.level or None,
            xen_owner=item.owner or None,
            xen_discharge=item.discharge or None,
            xen_needs=list(item.needs) or None,
            xen_confirmed_by=list(item.confirmed_by) or None,
            xen_covers=_links(item),
            **typed,
        )
    except InvalidNeedException as error:
        raise Refused(error.message) from error


def add_overlaid_need(app: Sphinx, docname: str, item: Item, sections: Sequence[str]) -> None:
    """Make a need of a requirement that stands on a sentence; its id is the anchor at the sentence.

    :param sections: the titles of the sections around it, innermost first.
    :raises Refused: sphinx-needs does not take it, or has a need of that id.
    """
    typed: dict[str, Any] = {f"xen_{name}": list(item.fields.words(name)) or None for name in FIELDS}
    _add_without_card(
        app,
        docname,
        item,
        sections,
        need_type(item.kind or ItemKind.RULE),
        xen_source=item.source or None,
        xen_owner=item.owner or None,
        xen_discharge=item.discharge or None,
        xen_confirmed_by=list(item.confirmed_by) or None,
        **typed,
    )


def add_oft_need(app: Sphinx, docname: str, item: Item, sections: Sequence[str]) -> None:
    """Make a need of an item that stands in a document as it is; its id is the anchor at the tag.

    :param sections: the titles of the sections around it, innermost first.
    :raises Refused: sphinx-needs does not take it, or has a need of that id.
    """
    _add_without_card(
        app,
        docname,
        item,
        sections,
        oft_need_type(item.tag.type, app.config.xenfusa_oft_types),
        status=item.oft_status.value,
        tags=list(item.labels) or None,
        xen_depends=list(item.depends) or None,
    )


def _add_without_card(app: Sphinx, docname: str, item: Item, sections: Sequence[str], type: str, **fields: Any) -> None:
    """Put a need into the store of sphinx-needs; nothing on a page stands for it but its anchor.

    :raises Refused: sphinx-needs does not take it, or has a need of that id.
    """
    tag = str(item.tag)
    _refuse_long(tag)
    data = SphinxNeedsData(app.env)
    _refuse_repeated(data, tag)
    try:
        need = generate_need(
            NeedsSphinxConfig(app.config),
            data.get_schema(),
            type,
            item.title or tag,
            docname=docname,
            lineno=item.place.line,
            id=tag,
            doctype=Path(app.env.doc2path(docname)).suffix,
            content=item.text,
            sections=sections,
            # Texts are what they say: no dynamic function of sphinx-needs may let the need differ from the record.
            allow_type_coercion=False,
            xen_rationale=item.rationale or None,
            xen_comment=item.comment or None,
            xen_level=item.level or None,
            xen_needs=list(item.needs) or None,
            xen_covers=_links(item),
            **fields,
        )
    except InvalidNeedException as error:
        raise Refused(error.message) from error
    data.add_need(need)


class KeptNeed(NamedTuple):
    """A need of the build before.

    :param made_of: a digest of everything that it was made of.
    """

    made_of: str
    need: NeedItem


def settings_of_needs(app: Sphinx) -> str:
    """A digest of what a need without a card is made of beside its item: versions, settings and the fields that there are.

    A setting that is a function has another digest in every build.
    """
    names = sorted(name for name in app.config.values if name.startswith("needs_"))
    settings = [(name, getattr(app.config, name)) for name in (*names, "xenfusa_oft_types")]
    schema = SphinxNeedsData(app.env).get_schema()
    return digest(version("sphinx-needs"), settings, list(schema.iter_all_fields()))


def take_needs(env: BuildEnvironment, tags: Iterable[str]) -> dict[str, NeedItem]:
    """Take the needs without a card out of the store that were made of some tags; one that somebody else made stays."""
    data = SphinxNeedsData(env)
    needs = data.get_needs_mutable()
    taken = {tag: needs[tag] for tag in tags if tag in needs and needs[tag]["type"].startswith(_OURS)}
    for tag in taken:
        data.remove_need(tag)
    return taken


def put_back(app: Sphinx, kept: KeptNeed) -> None:
    """Put a need back into the store that was taken out of it.

    :raises Refused: there is a need of that id.
    """
    data = SphinxNeedsData(app.env)
    _refuse_repeated(data, kept.need["id"])
    data.add_need(kept.need)


def _refuse_repeated(data: SphinxNeedsData, tag: str) -> None:
    """Refuse an id that another need has.

    :raises Refused: saying where that stands.
    """
    other = data.get_needs_mutable().get(tag)
    if other is not None:
        where = other["external_url"] or f"{other['docname']}:{other['lineno']}"
        raise Refused(f"a need of this id exists ({where})")


def forget_needs(env: BuildEnvironment, tags: Iterable[str]) -> None:
    """Forget the needs without a card that were made of some tags; one that somebody else made stays."""
    take_needs(env, tags)


def shows_needs(env: BuildEnvironment, docname: str, doctree: nodes.document) -> bool:
    """Whether a document shows needs by a directive or role of sphinx-needs, requirements of our own aside."""
    if docname not in SphinxNeedsData(env).get_or_create_docs().get("all", ()):
        return False
    return any(
        type(node).__module__.startswith("sphinx_needs.") and not _is_our_card(node) for node in markup.walk(doctree)
    )


def _is_our_card(node: nodes.Node) -> bool:
    return isinstance(node, Need) and any(name.startswith("need-xen_") for name in node["classes"])


def forget_document(env: BuildEnvironment, docname: str) -> None:
    """Forget the needs of a document that is about to be read again."""
    SphinxNeedsData(env).remove_doc(docname)


def take_card(evidence: nodes.Element) -> list[nodes.Node]:
    """Take the card that stands before a place of evidence off the page, and give its content."""
    content: list[nodes.Node] = []
    around = evidence.parent
    for before in reversed(around[: around.index(evidence)]):
        if not isinstance(before, nodes.Element) or evidence["tag"] not in before["ids"]:
            break
        if isinstance(before, Need):
            content = list(before.children)
        around.remove(before)
    return content


def sort_needs(needs: dict[str, NeedItem]) -> None:
    """Put needs into the order in which a build from nothing reads them: by document, and as they stand in it.

    A document that is read again, or by another process, comes behind all others in the store, and with it its needs in lists.
    """
    ordered = sorted(needs.items(), key=lambda pair: (pair[1]["docname"] is None, pair[1]["docname"] or ""))
    needs.clear()
    needs.update(ordered)


def write_states(needs: Any, record: TraceRecord) -> None:
    """Put state, fingerprint and coverage of each requirement into its need, for the tables and exports of sphinx-needs."""
    for traced in record.items:
        tag = str(traced.item.tag)
        if tag in needs and needs[tag]["type"].startswith(_OURS):
            need = needs[tag]
            # Set one by one, each of them would have the need computed anew what depends on none of them.
            need._extras |= {
                "xen_state": traced.result.value,
                "xen_fingerprint": traced.fingerprint,
                "xen_coverage": traced.coverage.value,
                "xen_test": None if traced.test is None else traced.test.value,
                "xen_uncovered": list(traced.uncovered),
            }
            if any("." in target or "[" in target for target in traced.item.covers):
                # Read from text, a link ends at the first full stop (a part of a need follows) or bracket (a condition).
                need["xen_covers"] = [NeedLink(id=target) for target in _links(traced.item) or ()]


def needs_files(app: Sphinx) -> tuple[list[Path], list[Path]]:
    """The ``needs.json`` that sphinx-needs wrote in this build, if it did.

    :returns: one with all needs, and one that holds those only which ``needs_builder_filter`` of the project chooses.
    """
    needs = NeedsSphinxConfig(app.config)
    if not needs.build_json and app.builder.name != "needs":
        return [], []
    written = [Path(app.outdir) / "needs.json"]
    return ([], written) if needs.builder_filter != _ALL_OWN else (written, [])


class Tests:
    """Makes needs of tests, before sphinx-needs makes the links; they are not kept from one build to the next.

    sphinx-needs fills in all fields of a need of the type once; what tells tests apart is put into copies of it, because
    asking for each field of each of thousands of tests takes longer than all else.
    """

    def __init__(self, app: Sphinx, needs: Any) -> None:
        """Make the need that the others are copies of.

        :param needs: those of the build; of the links only those to one of them are made.
        :raises Refused: sphinx-needs does not take such needs: a setting of the project's own is in the way.
        """
        self._needs = needs
        self._data = SphinxNeedsData(app.env)
        try:
            self._model = generate_need(
                NeedsSphinxConfig(app.config),
                self._data.get_schema(),
                TEST,
                "Test",
                id=ID_PREFIX,
                is_external=True,
                external_url="",
                external_css="xenfusa-test",
                allow_type_coercion=False,
                xen_outcome=Outcome.NOT_RUN.value,
            )
        except InvalidNeedException as error:
            raise Refused(error.message) from error

    def add(self, test: LinkedTest) -> None:
        """Make a need of a test.

        :raises Refused: sphinx-needs has a need of that id.
        """
        if test.id in self._needs:
            raise Refused("a need of this id exists")
        model = self._model
        known = {
            "xen_verifies": [NeedLink(id=tag) for tag in test.verifies if tag in self._needs],
            "xen_partially_verifies": [NeedLink(id=tag) for tag in test.partially_verifies if tag in self._needs],
        }
        fields: dict[str, Any] = {
            "xen_outcome": test.outcome.value,
            "xen_flaky": test.flaky,
            "xen_stale": test.stale,
            "xen_targets": list(test.targets) or None,
        }
        core = model._core | {"id": test.id, "title": test.title}
        need = NeedItem(
            source=NeedItemSourceExternal(url=test.address),
            content=model._content,
            core=core,
            extras=model._extras | fields,
            links=model._links | known,
            derived=model._derived,
            dynamic_fields=model._dynamic_fields,
            _validate=False,
        )
        self._data.add_need(need)


class _Needs(dict[str, NeedItem]):
    """The store of needs, of which not all is told where it is told.

    For each event Sphinx makes the text of all that it hands over, for a line of its log that few ever see.  sphinx-needs hands
    over the store, twice.
    """

    def __repr__(self) -> str:
        return f"<{len(self)} needs>"


def _tell_needs_shortly(app: Sphinx, builder: object) -> None:
    """Put a store in place that is told in a word, once the environment is kept: that has none of our classes for it."""
    data = SphinxNeedsData(app.env)
    if not data.needs_is_post_processed:
        setattr(app.env, _STORE, _Needs(data.get_needs_mutable()))


def _name_containers(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Number the containers of a page in place of their random ids."""
    number = 0
    for container in markup.walk(doctree):
        if isinstance(container, nodes.container) and "need_container" in container.get("classes", ()):
            number += 1
            container["ids"] = [f"SNCB-{number}"]


def _write_at_once(needs: NeedsList, needs_file: str = "needs.json", needs_path: str = "") -> None:
    """Write ``needs.json`` with the bytes of sphinx-needs, but at once: ``json.dump`` has no part in C, ``dumps`` has."""
    Path(needs_path or needs.outdir, needs_file).write_text(needs.dump_json())


def _drop_timings(app: Sphinx, exception: Exception | None) -> None:
    """Keep of the schema report what is the same in every build; the rest is timings."""
    path = Path(app.outdir) / "schema_violations.json"
    if not path.is_file():
        return
    report = json.loads(path.read_text("utf-8"))
    if isinstance(report, dict):
        kept = {key: report[key] for key in ("validated_needs_count", "validation_warnings") if key in report}
        write_text(path, dumps(kept))
