"""What the TAB key completes that click does not know by itself: claims, policies, models, ids.

Nothing is written and nothing is said while somebody types: what cannot be found is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from sphinx_xenfusa.inputs import InputError


def claims(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The installed claims, but for those that stand on the line already."""
    from sphinx_xenfusa.confirm.confirmation import DEFAULT_CACHE
    from sphinx_xenfusa.confirm.plan_inputs import PLAIN_INPUTS, KeptPlanInputs

    inputs = KeptPlanInputs(DEFAULT_CACHE) if DEFAULT_CACHE.is_dir() else PLAIN_INPUTS
    named = ctx.params.get(param.name or "") or ()
    return _beginning(set(inputs.installed().claims) - set(named), incomplete)


def policies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The policies of the model."""
    from sphinx_xenfusa.model.policies import POLICIES

    return _beginning(POLICIES, incomplete)


def explained(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What can be explained: claims, and the requirements of the newest record."""
    from sphinx_xenfusa.cli.explanation import newest_record
    from sphinx_xenfusa.interop.read_record import read_record

    tags: list[str] = []
    try:
        record = newest_record(Path())
        if record is not None:
            tags = [str(one.item.tag) for one in read_record(record).items]
    except (InputError, OSError):
        pass
    return _beginning([*claims(ctx, param, ""), *tags], incomplete)


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The systems that are shipped."""
    from sphinx_xenfusa.model.systems import shipped_systems

    return _beginning(shipped_systems(), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
