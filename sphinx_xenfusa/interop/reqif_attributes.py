"""The attributes that an item has in ReqIF: names as the ReqIF implementation guide recommends them, ours for the rest."""

from __future__ import annotations

TAG = "ReqIF.ForeignID"
"""OpenFastTrace's ``type~name~revision``."""

WORDS = (
    TAG,
    "xenfusa.kind",
    "xenfusa.oft_status",
    "xenfusa.forwards",
    "xenfusa.line",
    "xenfusa.state",
    "xenfusa.inherited",
    "xenfusa.coverage",
    "xenfusa.fingerprint",
)
"""Words of closed sets and numbers: strings in an XML attribute, which cannot hold a line end."""

TEXTS = {
    "ReqIF.Name": "title",
    "ReqIF.Text": "text",
    "xenfusa.rationale": "rationale",
    "xenfusa.comment": "comment",
    "xenfusa.source": "source",
    "xenfusa.level": "level",
    "xenfusa.owner": "owner",
    "xenfusa.discharge": "discharge",
}
"""Texts of any kind, as XHTML, with the field of the item."""

FILE = "xenfusa.file"
"""Where the item stood, as XHTML."""

LISTS = {
    "xenfusa.covers": "covers",
    "xenfusa.needs": "needs",
    "xenfusa.depends": "depends",
    "xenfusa.labels": "labels",
    "xenfusa.confirmed_by": "confirmed_by",
}
"""Lists, as XHTML lists, with the field of the item."""

FIELDS = {f"xenfusa.{name}": name for name in ("role", "privilege", "operation", "target", "restricts")}
"""The typed fields, as XHTML lists."""

LACKING = "xenfusa.uncovered"
"""The types that it needs and lacks, as an XHTML list; it follows from the items and is not read back."""

XHTML = (*TEXTS, FILE, *LISTS, *FIELDS, LACKING)
"""All attributes that are XHTML."""

STATUS = "xenfusa.status"
"""Of a relation: the status of the link."""
