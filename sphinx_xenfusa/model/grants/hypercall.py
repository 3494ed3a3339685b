"""``HYPERVISOR_grant_table_op`` as a caller sees it: a number, a pointer, a count; and two results.

The call as a whole returns success or an error of its own: the number is unknown, the count is wrong, the elements cannot be
read.  Each element has a status besides, in the caller's memory.  A call that succeeds may have failed in every element: a caller
that looks at the one result only is wrong.

Source: ``xen/common/grant_table.c`` (``do_grant_table_op``); fact sheet 3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants.copying import copy
from sphinx_xenfusa.model.grants.layout import Op, Status
from sphinx_xenfusa.model.grants.mapping import map_grant_ref, unmap_grant_ref
from sphinx_xenfusa.model.grants.table import Machine
from sphinx_xenfusa.model.grants.tables import (
    cache_flush,
    get_status_frames,
    get_version,
    query_size,
    set_version,
    setup_table,
    swap_grant_ref,
)
from sphinx_xenfusa.model.grants.transferring import transfer

ONE_ELEMENT = frozenset({Op.SETUP_TABLE, Op.QUERY_SIZE, Op.GET_STATUS_FRAMES})
"""Operations that want a count of one."""
COUNT_IS_IGNORED = frozenset({Op.SET_VERSION, Op.GET_VERSION})
"""Operations that take one argument, whatever the count."""


@dataclass(frozen=True)
class Result:
    """Both results.

    :param code: what the call returns.
    :param statuses: one for each element that was reached; ``None`` for one whose caller was crashed over it.
    """

    machine: Machine
    code: Code
    statuses: tuple[Status | None, ...] = ()


def grant_table_op(
    machine: Machine,
    caller: int,
    number: int,
    elements: tuple[Any, ...],
    *,
    count: int | None = None,
    readable: bool = True,
) -> Result:
    """Make the call.

    :param elements: the arguments of each element: a request of the operation, or a tuple of its arguments.
    :param count: the count that is passed; by default that of the elements.
    :param readable: whether the pointer leads to memory of the caller's.
    """
    given = len(elements) if count is None else count
    code = check_call(machine, number, given, readable)
    if code is not Code.SUCCESS:
        return Result(machine, code)
    return _CARRY_OUT[Op(number)](machine, caller, elements)


def check_call(machine: Machine, number: int, count: int, readable: bool) -> Code:
    """The errors of the call as a whole that come before its first element."""
    if count < 0:
        return Code.EINVAL
    if number not in _CARRY_OUT:
        return Code.ENOSYS
    if number in ONE_ELEMENT and count != 1:
        return Code.EINVAL
    if not readable and (count > 0 or number in COUNT_IS_IGNORED):
        return Code.EFAULT
    if number == Op.TRANSFER and not machine.transfer:
        return Code.EOPNOTSUPP
    return Code.SUCCESS


def _map(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    statuses: list[Status | None] = []
    for one in elements:
        made = map_grant_ref(machine, caller, one)
        machine = made.machine
        statuses.append(made.status)
    return Result(machine, Code.SUCCESS, tuple(statuses))


def _unmap(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    statuses: list[Status | None] = []
    for one in elements:
        made = unmap_grant_ref(machine, caller, one)
        machine = made.machine
        statuses.append(made.status)
        if made.status is None:
            break
    return Result(machine, Code.SUCCESS, tuple(statuses))


def _copy(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    machine, statuses = copy(machine, caller, elements)
    return Result(machine, Code.SUCCESS, statuses)


def _transfer(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    statuses = []
    for one in elements:
        machine, status = transfer(machine, caller, one)
        statuses.append(status)
    return Result(machine, Code.SUCCESS, tuple(statuses))


def _setup_table(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    machine, status = setup_table(machine, caller, *elements[0])
    return Result(machine, Code.SUCCESS, (status,))


def _query_size(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    return Result(machine, Code.SUCCESS, (query_size(machine, caller, *elements[0]).status,))


def _set_version(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    machine, code, _ = set_version(machine, caller, *elements[0])
    return Result(machine, code)


def _get_version(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    return Result(machine, get_version(machine, caller, *elements[0])[0])


def _get_status_frames(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    return Result(machine, Code.SUCCESS, (get_status_frames(machine, caller, *elements[0]),))


def _swap(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    statuses = []
    for one in elements:
        machine, status = swap_grant_ref(machine, caller, *one)
        statuses.append(status)
    return Result(machine, Code.SUCCESS, tuple(statuses))


def _cache_flush(machine: Machine, caller: int, elements: tuple[Any, ...]) -> Result:
    for one in elements:
        code = cache_flush(machine, caller, one)
        if code is not Code.SUCCESS:
            return Result(machine, code)
    return Result(machine, Code.SUCCESS)


_CARRY_OUT: dict[int, Callable[[Machine, int, tuple[Any, ...]], Result]] = {
    Op.MAP_GRANT_REF: _map,
    Op.UNMAP_GRANT_REF: _unmap,
    Op.SETUP_TABLE: _setup_table,
    Op.TRANSFER: _transfer,
    Op.COPY: _copy,
    Op.QUERY_SIZE: _query_size,
    Op.UNMAP_AND_REPLACE: _unmap,
    Op.SET_VERSION: _set_version,
    Op.GET_STATUS_FRAMES: _get_status_frames,
    Op.GET_VERSION: _get_version,
    Op.SWAP_GRANT_REF: _swap,
    Op.CACHE_FLUSH: _cache_flush,
}
"""What carries an operation out; the dumping of a table is not built in."""
