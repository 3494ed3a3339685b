"""Commands that are imported when they are asked for: what one of them needs costs the others no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module

import click


class OnDemand(MutableMapping[str, click.Command]):
    """Commands by name.

    :param places: for each name the module and the attribute, as ``package.module:attribute``.
    :param prepare: what is done to a command, given its name, when it is imported.
    """

    def __init__(
        self,
        places: Mapping[str, str],
        prepare: Callable[[str, click.Command], click.Command] = lambda name, command: command,
    ) -> None:
        self._places = dict(places)
        self._prepare = prepare
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """The command of that name, imported the first time.

        :raises KeyError: there is none.
        :raises TypeError: what stands at its place is no command.
        """
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            command = getattr(import_module(module), attribute)
            if not isinstance(command, click.Command):
                raise TypeError(f"found {command!r} at {self._places[name]}; expected a command")
            self._loaded[name] = self._prepare(name, command)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        self._places.pop(name, None)
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places | dict.fromkeys(self._loaded))

    def __len__(self) -> int:
        return len(self._places | dict.fromkeys(self._loaded))
