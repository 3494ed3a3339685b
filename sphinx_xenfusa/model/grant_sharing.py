"""Sharing pages by grants, as rules: a granter, who may write its entries as it likes, and domains that map and copy.

One step is one hypercall, or one write of the granter's to an entry.  Of an entry there is what the granter wrote, the two marks
of its use, and Xen's private note with its pins; :mod:`sphinx_xenfusa.model.grants` has the same to the byte, and tests hold the
two against each other step by step.  Fields that begin with ``seen`` remember what stood in an entry at an instant: nothing
decides by them, and invariants are said with them.

Not here: what the granter writes *while* Xen looks at an entry (the byte-level model has it), device mappings, errors of
arguments, and the copying of grants that are passed on.

Source: ``xen/common/grant_table.c:743-824,826-,934-948,1003-1383,1409-1604,2926-3222,3891``; fact sheet 3.3 to 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, one_of, require, within


class Entry(Enum):
    """What an entry offers."""

    INVALID = "nothing"
    WHOLE = "a page"
    PART = "a part of a page, for copying"
    PASSED_ON = "a grant of another domain's, for copying"


@dataclass(frozen=True)
class Bounds:
    """The constants.

    :param version: of the granter's table; Arm has version 1 only.
    :param mappers: domains that may use grants.
    :param refs: entries of the table.
    :param pages: pages of the granter's.
    :param handles: mappings that a mapper can have at once.
    :param hostile: whether the granter writes its entries at any time, in use or not.
    """

    version: int = 1
    mappers: int = 2
    refs: int = 1
    pages: int = 2
    handles: int = 2
    hostile: bool = False

    @property
    def all_handles(self) -> int:
        """The mappings of all mappers together."""
        return self.mappers * self.handles


class Sharing(State):
    """The granter's entries, Xen's notes of them, and the mappings."""

    entry: list[Entry] = array(lambda c: c.refs, one_of(Entry))
    entry_to: list[int] = array(lambda c: c.refs, within(0, lambda c: c.mappers - 1))
    entry_readonly: list[bool] = array(lambda c: c.refs, flag())
    entry_page: list[int] = array(lambda c: c.refs, within(0, lambda c: c.pages - 1))
    reading: list[bool] = array(lambda c: c.refs, flag())
    writing: list[bool] = array(lambda c: c.refs, flag())
    readers: list[int] = array(lambda c: c.refs, within(0, lambda c: c.all_handles))
    writers: list[int] = array(lambda c: c.refs, within(0, lambda c: c.all_handles + 1))
    holder: list[int] = array(lambda c: c.refs, within(0, lambda c: c.mappers - 1))
    note_page: list[int] = array(lambda c: c.refs, within(0, lambda c: c.pages - 1))
    note_part: list[bool] = array(lambda c: c.refs, flag())
    mapped: list[int] = array(lambda c: c.all_handles, within(0, lambda c: c.refs))
    mapped_writing: list[bool] = array(lambda c: c.all_handles, flag())
    mapped_page: list[int] = array(lambda c: c.all_handles, within(0, lambda c: c.pages - 1))
    copying: int = within(0, lambda c: c.refs)
    dead: list[bool] = array(lambda c: c.mappers, flag())
    tampered: list[bool] = array(lambda c: c.refs, flag())
    seen_entry: list[Entry] = array(lambda c: c.refs, one_of(Entry))
    seen_to: list[int] = array(lambda c: c.refs, within(0, lambda c: c.mappers - 1))
    seen_readonly: list[bool] = array(lambda c: c.refs, flag())
    seen_cleared: bool = flag()
    seen_ended_in_use: bool = flag()
    seen_kept_unused: bool = flag()
    seen_robbed: bool = flag()
    seen_outside: bool = flag()


SHARING = RuleModel("sharing pages by grants", Sharing, Bounds())


@inlined
def forget(s: Sharing, ref: int) -> None:
    """Nobody uses the entry: what was noted of it means nothing any more."""
    if s.readers[ref] + s.writers[ref] == 0:
        s.tampered[ref] = False
        s.seen_cleared = False
        s.holder[ref] = 0
        s.note_page[ref] = 0
        s.note_part[ref] = False
        s.seen_entry[ref] = Entry.INVALID
        s.seen_to[ref] = 0
    if s.writers[ref] == 0:
        s.seen_readonly[ref] = False


@inlined
def settle(s: Sharing, ref: int, wrote: bool) -> None:
    """The marks of use go with the last use of their kind."""
    if wrote and s.writers[ref] == 0:
        s.writing[ref] = False
    if s.readers[ref] + s.writers[ref] == 0:
        s.reading[ref] = False


@inlined
def give_back(s: Sharing, handle: int) -> None:
    """A mapping ends."""
    ref = s.mapped[handle] - 1
    wrote = s.mapped_writing[handle]
    if wrote:
        s.writers[ref] -= 1
    else:
        s.readers[ref] -= 1
    settle(s, ref, wrote)
    forget(s, ref)
    s.mapped[handle] = 0
    s.mapped_writing[handle] = False
    s.mapped_page[handle] = 0


# ---- the granter ------------------------------------------------------------------------------------------------------------


@SHARING.rule(
    "granter",
    "xen/include/public/grant_table.h",
    ref=lambda c: range(c.refs),
    kind=(Entry.WHOLE, Entry.PART, Entry.PASSED_ON),
    to=lambda c: range(c.mappers),
    readonly=(False, True),
    page=lambda c: range(c.pages),
)
def grant(s: Sharing, c: Bounds, ref: int, kind: Entry, to: int, readonly: bool, page: int) -> None:
    """Offer a page in an entry that is empty and not in use."""
    require(s.entry[ref] == Entry.INVALID and not s.reading[ref] and not s.writing[ref])
    s.entry[ref] = kind
    s.entry_to[ref] = to
    s.entry_readonly[ref] = readonly
    s.entry_page[ref] = page


@SHARING.rule("granter", "xen/include/public/grant_table.h (ending a grant)", ref=lambda c: range(c.refs))
def end_access(s: Sharing, c: Bounds, ref: int) -> None:
    """Take a grant back: version 1 only if it is not in use, version 2 in any case, and then it looks whether it is."""
    require(s.entry[ref] != Entry.INVALID)
    if s.reading[ref] or s.writing[ref]:
        if s.readers[ref] + s.writers[ref] == 0 and not s.tampered[ref]:
            s.seen_kept_unused = True
        if c.version == 2:
            s.entry[ref] = Entry.INVALID
            s.entry_to[ref] = 0
            s.entry_readonly[ref] = False
            s.entry_page[ref] = 0
    else:
        if s.readers[ref] + s.writers[ref] > 0 and not s.tampered[ref]:
            s.seen_ended_in_use = True
        s.entry[ref] = Entry.INVALID
        s.entry_to[ref] = 0
        s.entry_readonly[ref] = False
        s.entry_page[ref] = 0


@SHARING.rule("granter", "xen/include/public/grant_table.h (to read only)", ref=lambda c: range(c.refs))
def make_readonly(s: Sharing, c: Bounds, ref: int) -> None:
    """Take the right to write back, if nobody writes."""
    require(s.entry[ref] != Entry.INVALID and not s.entry_readonly[ref] and not s.writing[ref])
    s.entry_readonly[ref] = True


@SHARING.rule(
    "hostile granter",
    "xen/common/grant_table.c: the table is the granter's memory",
    ref=lambda c: range(c.refs),
    kind=Entry,
    to=lambda c: range(c.mappers),
    readonly=(False, True),
    page=lambda c: range(c.pages),
    marks=(False, True),
)
def overwrite(s: Sharing, c: Bounds, ref: int, kind: Entry, to: int, readonly: bool, page: int, marks: bool) -> None:
    """Write an entry whatever stands there; in version 1 the marks of its use with it, unless they are written as they were.

    An entry that offers nothing is written as zeros.
    """
    require(c.hostile and (marks or c.version == 1))
    require(kind != Entry.INVALID or (to == 0 and page == 0 and not readonly))
    s.entry[ref] = kind
    s.entry_to[ref] = to
    s.entry_readonly[ref] = readonly
    s.entry_page[ref] = page
    if s.readers[ref] + s.writers[ref] > 0:
        s.tampered[ref] = True
    if c.version == 1 and not marks:
        s.reading[ref] = False
        s.writing[ref] = False


# ---- those that use grants --------------------------------------------------------------------------------------------------


@SHARING.rule(
    "mapper",
    "xen/common/grant_table.c:1003-1383",
    mapper=lambda c: range(c.mappers),
    ref=lambda c: range(c.refs),
    handle=lambda c: range(c.handles),
    writing=(False, True),
)
def map_grant(s: Sharing, c: Bounds, mapper: int, ref: int, handle: int, writing: bool) -> None:
    """Map a page; what is in use already is judged by Xen's note, the rest by the entry."""
    require(not s.dead[mapper] and s.mapped[mapper * c.handles + handle] == 0)
    used = s.readers[ref] + s.writers[ref] > 0
    if used:
        require(s.holder[ref] == mapper and not s.note_part[ref])
    if s.entry[ref] == Entry.INVALID:
        s.seen_cleared = True
    if not used or (writing and s.writers[ref] == 0):
        if not used:
            require(s.entry[ref] == Entry.WHOLE and s.entry_to[ref] == mapper)
            s.holder[ref] = mapper
            s.note_page[ref] = s.entry_page[ref]
            s.note_part[ref] = False
            s.seen_entry[ref] = s.entry[ref]
            s.seen_to[ref] = s.entry_to[ref]
        if writing:
            require(not s.entry_readonly[ref])
            s.writing[ref] = True
            s.seen_readonly[ref] = s.entry_readonly[ref]
        s.reading[ref] = True
    if writing:
        s.writers[ref] += 1
    else:
        s.readers[ref] += 1
    s.mapped[mapper * c.handles + handle] = ref + 1
    s.mapped_writing[mapper * c.handles + handle] = writing
    s.mapped_page[mapper * c.handles + handle] = s.note_page[ref]


@SHARING.rule(
    "mapper",
    "xen/common/grant_table.c:1409-1604",
    mapper=lambda c: range(c.mappers),
    handle=lambda c: range(c.handles),
)
def unmap(s: Sharing, c: Bounds, mapper: int, handle: int) -> None:
    """Give a mapping back: a handle is the caller's own, whatever its number."""
    require(not s.dead[mapper] and s.mapped[mapper * c.handles + handle] > 0)
    if s.holder[s.mapped[mapper * c.handles + handle] - 1] != mapper:
        s.seen_robbed = True
    give_back(s, mapper * c.handles + handle)


@SHARING.rule(
    "mapper",
    "xen/common/grant_table.c:2926-3222",
    mapper=lambda c: range(c.mappers),
    ref=lambda c: range(c.refs),
)
def begin_copy(s: Sharing, c: Bounds, mapper: int, ref: int) -> None:
    """Have Xen write into a granted page: for as long as the batch takes, the entry is in use."""
    require(not s.dead[mapper] and s.copying == 0)
    used = s.readers[ref] + s.writers[ref] > 0
    if used:
        require(s.holder[ref] == mapper)
        # A grant that is passed on takes another way, which is not here.
        require(c.version == 1 or s.entry[ref] != Entry.PASSED_ON)
    if not used or s.writers[ref] == 0:
        if not used:
            require(s.entry[ref] == Entry.WHOLE or s.entry[ref] == Entry.PART)
            require(s.entry_to[ref] == mapper)
            s.holder[ref] = mapper
            s.note_page[ref] = s.entry_page[ref]
            s.note_part[ref] = c.version == 2 and s.entry[ref] == Entry.PART
            s.seen_entry[ref] = s.entry[ref]
            s.seen_to[ref] = s.entry_to[ref]
        require(not s.entry_readonly[ref])
        s.reading[ref] = True
        s.writing[ref] = True
        s.seen_readonly[ref] = s.entry_readonly[ref]
    s.writers[ref] += 1
    s.copying = ref + 1


@SHARING.rule("mapper", "xen/common/grant_table.c:2926-3222", part=(0, 1))
def copy_bytes(s: Sharing, c: Bounds, part: int) -> None:
    """Xen writes bytes: the part that was granted, or, of a whole page, any."""
    require(s.copying > 0)
    require(not s.note_part[max(s.copying, 1) - 1] or part == 0)
    if s.note_part[max(s.copying, 1) - 1] and part == 1:
        s.seen_outside = True


@SHARING.rule("mapper", "xen/common/grant_table.c:2926-3222")
def end_copy(s: Sharing, c: Bounds) -> None:
    """The batch ends."""
    require(s.copying > 0)
    ref = max(s.copying, 1) - 1
    s.writers[ref] -= 1
    settle(s, ref, True)
    forget(s, ref)
    s.copying = 0


@SHARING.rule("mapper", "xen/common/grant_table.c:3891", mapper=lambda c: range(c.mappers))
def die(s: Sharing, c: Bounds, mapper: int) -> None:
    """The end of a domain: Xen gives back all that it had mapped.  A copy is carried out before a domain can end."""
    require(not s.dead[mapper] and s.copying == 0)
    for handle in range(c.handles):
        if s.mapped[mapper * c.handles + handle] > 0:
            give_back(s, mapper * c.handles + handle)
    s.dead[mapper] = True


# ---- what is said of it -----------------------------------------------------------------------------------------------------


def first_use_was_granted(s: Sharing, c: Bounds) -> bool:
    """I1: when an entry came into use, it offered something to the domain that uses it."""
    return all(
        s.readers[ref] + s.writers[ref] == 0
        or (s.seen_to[ref] == s.holder[ref] and (s.seen_entry[ref] == Entry.WHOLE or s.seen_entry[ref] == Entry.PART))
        for ref in range(c.refs)
    )


def nobody_writes_what_was_readonly(s: Sharing, c: Bounds) -> bool:
    """I2: who writes began when the entry allowed it."""
    return all(s.writers[ref] == 0 or not s.seen_readonly[ref] for ref in range(c.refs))


def marks_tell_the_use(s: Sharing, c: Bounds) -> bool:
    """I3: unless the granter wrote an entry while it was in use, its marks say whether it is, and for writing."""
    return all(
        s.tampered[ref]
        or (s.reading[ref] == (s.readers[ref] + s.writers[ref] > 0) and s.writing[ref] == (s.writers[ref] > 0))
        for ref in range(c.refs)
    )


def grants_end_exactly_unused(s: Sharing, c: Bounds) -> bool:
    """I4: unless the granter wrote an entry while it was in use, it takes a grant back if, and only if, nobody uses it."""
    return not s.seen_ended_in_use and not s.seen_kept_unused


def one_domain_an_entry(s: Sharing, c: Bounds) -> bool:
    """I5: all mappings through an entry are of one domain."""
    return all(
        s.mapped[mapper * c.handles + handle] != ref + 1 or s.holder[ref] == mapper
        for ref in range(c.refs)
        for mapper in range(c.mappers)
        for handle in range(c.handles)
    )


def mappings_keep_their_page(s: Sharing, c: Bounds) -> bool:
    """I6: a mapping leads to the page with which the entry came into use, whatever the granter wrote since."""
    return all(
        s.mapped[handle] != ref + 1 or s.mapped_page[handle] == s.note_page[ref]
        for ref in range(c.refs)
        for handle in range(c.all_handles)
    )


def handles_are_one_s_own(s: Sharing, c: Bounds) -> bool:
    """I7: no domain ends a mapping of another's."""
    return not s.seen_robbed


def what_is_for_copying_is_not_mapped(s: Sharing, c: Bounds) -> bool:
    """I8: no mapping through an entry that came into use as one for copying."""
    return all(
        s.mapped[handle] != ref + 1 or s.seen_entry[ref] == Entry.WHOLE
        for ref in range(c.refs)
        for handle in range(c.all_handles)
    )


def copies_stay_inside(s: Sharing, c: Bounds) -> bool:
    """I9: a copy changes nothing beyond what was granted."""
    return not s.seen_outside


def the_dead_use_nothing(s: Sharing, c: Bounds) -> bool:
    """I10: a domain that has ended uses no entry."""
    return all(
        not s.dead[mapper] or s.holder[ref] != mapper or s.readers[ref] + s.writers[ref] == 0
        for mapper in range(c.mappers)
        for ref in range(c.refs)
    )


def mapped_after_clearing(s: Sharing, c: Bounds) -> bool:
    """The hazard: a mapping was made through an entry that the granter had cleared."""
    return s.seen_cleared


SYSTEMS = {
    "version 1": SHARING.system(),
    "version 2": SHARING.system(Bounds(2)),
    "version 1, hostile granter": SHARING.system(Bounds(1, 2, pages=1, handles=1, hostile=True)),
    "version 2, hostile granter": SHARING.system(Bounds(2, 2, pages=1, handles=1, hostile=True)),
}
"""What is counted by other tools as well."""
