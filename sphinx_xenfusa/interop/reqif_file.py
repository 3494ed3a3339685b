"""ReqIF 1.2 (OMG): the items with their states, and the links between them.

An object type for each type of item; a relation for each link between two items that exist.  What a link names and does not
exist, ReqIF cannot point to: it stands in the attribute ``xenfusa.covers``, which holds all tags as written.  Identifiers are
made of tags; the time of the last change, which the schema asks for, is always the same.

:mod:`reqif_source` reads it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from sphinx_xenfusa import __version__
from sphinx_xenfusa.interop import reqif_attributes as names
from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.trace.record import Link, TracedItem, TraceRecord

_TIME = "1970-01-01T00:00:00+00:00"
_STRING, _XHTML = "datatype-string", "datatype-xhtml"
_RELATION, _STATUS = "type-link", "attribute-link-status"
_SPECIFICATION = "type-specification"


def reqif_file(record: TraceRecord) -> dict[str, bytes]:
    """``items.reqif``."""
    from reqif.models.reqif_core_content import ReqIFCoreContent
    from reqif.models.reqif_namespace_info import ReqIFNamespaceInfo
    from reqif.models.reqif_req_if_content import ReqIFReqIFContent
    from reqif.models.reqif_reqif_header import ReqIFReqIFHeader
    from reqif.object_lookup import ReqIFObjectLookup
    from reqif.reqif_bundle import ReqIFBundle
    from reqif.unparser import ReqIFUnparser

    types = list(dict.fromkeys(one.item.tag.type for one in record.items))
    content = ReqIFReqIFContent(
        data_types=_data_types(),
        spec_types=[*map(_object_type, types), _relation_type(), _specification_type()],
        spec_objects=[_object(one) for one in record.items],
        spec_relations=_relations(record),
        specifications=[_specification(record)],
    )
    bundle = ReqIFBundle(
        namespace_info=ReqIFNamespaceInfo(
            original_reqif_tag_dump=None,
            doctype_is_present=True,
            encoding="UTF-8",
            namespace="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd",
            configuration=None,
            namespace_id=None,
            namespace_xhtml="http://www.w3.org/1999/xhtml",
            schema_namespace=None,
            schema_location=None,
            language=None,
        ),
        req_if_header=ReqIFReqIFHeader(
            identifier="header",
            comment="A trace record.",
            creation_time=_TIME,
            repository_id="sphinx_xenfusa",
            req_if_tool_id=f"sphinx_xenfusa {__version__}",
            req_if_version="1.0",
            source_tool_id=f"sphinx_xenfusa {__version__}",
            # The name of the project is the specification's: the library does not escape this one.
            title="Trace record",
        ),
        core_content=ReqIFCoreContent(content),
        tool_extensions_tag_exists=False,
        lookup=ReqIFObjectLookup.empty(),
        exceptions=[],
    )
    text: str = ReqIFUnparser.unparse(bundle)
    return {"items.reqif": text.encode("utf-8")}


def _id(*parts: str) -> str:
    """An identifier made of what it stands for: XML's identifiers may not hold a ``~``."""
    return "id-" + hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _one_line(text: str) -> str:
    return " ".join(legal(text).split())


# --- types ------------------------------------------------------------------------------------------------------------


def _data_types() -> list[Any]:
    from reqif.models.reqif_data_type import ReqIFDataTypeDefinitionString, ReqIFDataTypeDefinitionXHTML

    return [
        ReqIFDataTypeDefinitionString(_STRING, last_change=_TIME, long_name="string", max_length="2147483647"),
        ReqIFDataTypeDefinitionXHTML(_XHTML, last_change=_TIME, long_name="xhtml"),
    ]


def _object_type(type: str) -> Any:
    from reqif.models.reqif_spec_object_type import ReqIFSpecObjectType
    from reqif.models.reqif_types import SpecObjectAttributeType

    strings = [_definition(_attribute_id(type, name), name, SpecObjectAttributeType.STRING) for name in names.WORDS]
    texts = [_definition(_attribute_id(type, name), name, SpecObjectAttributeType.XHTML) for name in names.XHTML]
    identifier = _id("type", type)
    return ReqIFSpecObjectType(identifier, last_change=_TIME, long_name=type, attribute_definitions=[*strings, *texts])


def _attribute_id(type: str, name: str) -> str:
    return _id("attribute", type, name)


def _definition(identifier: str, name: str, kind: Any) -> Any:
    from reqif.models.reqif_spec_object_type import SpecAttributeDefinition

    data_type = _STRING if kind.name == "STRING" else _XHTML
    return SpecAttributeDefinition(kind, identifier, data_type, last_change=_TIME, long_name=name)


def _relation_type() -> Any:
    from reqif.models.reqif_spec_relation_type import ReqIFSpecRelationType
    from reqif.models.reqif_types import SpecObjectAttributeType

    status = _definition(_STATUS, names.STATUS, SpecObjectAttributeType.STRING)
    return ReqIFSpecRelationType(
        _RELATION, last_change=_TIME, long_name="covers", is_self_closed=False, attribute_definitions=[status]
    )


def _specification_type() -> Any:
    from reqif.models.reqif_specification_type import ReqIFSpecificationType

    return ReqIFSpecificationType(_SPECIFICATION, last_change=_TIME, long_name="trace record", is_self_closed=True)


# --- objects and links --------------------------------------------------------------------------------------------------


def _object(traced: TracedItem) -> Any:
    from reqif.models.reqif_spec_object import ReqIFSpecObject

    item, type = traced.item, traced.item.tag.type
    words = {
        names.TAG: str(item.tag),
        "xenfusa.kind": "" if item.kind is None else item.kind.value,
        "xenfusa.oft_status": item.oft_status.value,
        "xenfusa.forwards": "yes" if item.forwards else "",
        "xenfusa.line": str(item.place.line),
        "xenfusa.state": traced.result.value,
        "xenfusa.inherited": "" if traced.inherited is None else traced.inherited.value,
        "xenfusa.coverage": traced.coverage.value,
        "xenfusa.fingerprint": traced.fingerprint,
    }
    texts = {name: getattr(item, field) for name, field in names.TEXTS.items()} | {names.FILE: item.place.file}
    lists: dict[str, Sequence[str]] = {name: getattr(item, field) for name, field in names.LISTS.items()}
    lists |= {name: item.fields.words(field) for name, field in names.FIELDS.items()}
    lists[names.LACKING] = traced.uncovered
    values = [_string(_attribute_id(type, name), word) for name, word in words.items() if word]
    values += [_xhtml(_attribute_id(type, name), _lines(text)) for name, text in texts.items() if text]
    values += [_xhtml(_attribute_id(type, name), _points(entries)) for name, entries in lists.items() if entries]
    return ReqIFSpecObject(_id(str(item.tag)), values, _id("type", type), last_change=_TIME)


def _string(definition: str, word: str) -> Any:
    from reqif.models.reqif_spec_object import SpecObjectAttribute
    from reqif.models.reqif_types import SpecObjectAttributeType

    return SpecObjectAttribute(SpecObjectAttributeType.STRING, definition, word)


def _xhtml(definition: str, inner: str) -> Any:
    from reqif.models.reqif_spec_object import SpecObjectAttribute
    from reqif.models.reqif_types import SpecObjectAttributeType

    return SpecObjectAttribute(SpecObjectAttributeType.XHTML, definition, f"<xhtml:div>{inner}</xhtml:div>")


def _lines(text: str) -> str:
    """The text as XHTML; a carriage return as a reference, or XML would make a line feed of it."""
    return escape(legal(text), {"\r": "&#13;", "\n": "<xhtml:br/>"})


def _points(entries: Iterable[str]) -> str:
    points = "".join(f"<xhtml:li>{_lines(entry)}</xhtml:li>" for entry in entries)
    return f"<xhtml:ul>{points}</xhtml:ul>"


def _relations(record: TraceRecord) -> list[Any]:
    ids = {str(one.item.tag) for one in record.items}
    between = [link for link in record.links if link.source in ids and link.target in ids]
    return [_relation(number, link) for number, link in enumerate(between)]


def _relation(number: int, link: Link) -> Any:
    from reqif.models.reqif_spec_relation import ReqIFSpecRelation

    return ReqIFSpecRelation(
        _id("link", str(number), link.source, link.target),
        _RELATION,
        _id(link.source),
        _id(link.target),
        last_change=_TIME,
        values=[_string(_STATUS, link.status.value)],
    )


def _specification(record: TraceRecord) -> Any:
    from reqif.models.reqif_spec_hierarchy import ReqIFSpecHierarchy
    from reqif.models.reqif_specification import ReqIFSpecification

    children = [
        ReqIFSpecHierarchy(
            identifier=_id("place", str(one.item.tag)),
            spec_object=_id(str(one.item.tag)),
            level=1,
            last_change=_TIME,
            editable=None,
            is_table_internal=None,
        )
        for one in record.items
    ]
    return ReqIFSpecification(
        "specification",
        last_change=_TIME,
        long_name=_one_line(record.project) or "Trace record",
        specification_type=_SPECIFICATION,
        children=children,
    )
