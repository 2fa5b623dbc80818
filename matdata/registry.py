"""Typed registry with lazy entries: names are known at once, code is imported when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from matdata.errors import MatdataError, PluginError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things of one kind: the core's own, and those of installed plugins.

    Parameters
    ----------
    kind
        What the registry holds, for messages ("feature", "source").
    group
        Entry-point group in which installed distributions offer more.
    builtin
        Name to ``"module:attribute"``.
    error
        The error class to raise for an unknown name.
    """

    def __init__(
        self, kind: str, group: str, builtin: dict[str, str], error: type[MatdataError]
    ) -> None:
        self.kind = kind
        self.group = group
        self._builtin = dict(builtin)
        self._error = error
        self._entry_points: dict[str, EntryPoint] | None = None

    def names(self) -> list[str]:
        """All names in sorted order. Imports nothing."""
        return sorted({*self._builtin, *self._plugins()})

    def __contains__(self, name: str) -> bool:
        return name in self._builtin or name in self._plugins()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def get(self, name: str) -> T:
        """Import and return what `name` stands for.

        Raises
        ------
        MatdataError
            Of the registry's error class if the name is unknown, with the closest known one.
        PluginError
            If the plugin that registered the name fails on import.
        """
        if name in self._builtin:
            return self._load(self._builtin[name])
        plugins = self._plugins()
        if name not in plugins:
            known = self.names()
            raise self._error(
                f"unknown {self.kind} {name!r}{did_you_mean(name, known)}",
                next_step=f"known {self.kind}s: {', '.join(known)}",
            )
        try:
            loaded: T = plugins[name].load()
        except Exception as error:
            raise PluginError(
                f"the plugin that registers {self.kind} {name!r} ({plugins[name].value}) "
                f"fails on import: {type(error).__name__}: {error}",
                next_step="repair or uninstall that distribution",
            ) from error
        return loaded

    @staticmethod
    def _load(target: str) -> T:
        module, _, attribute = target.partition(":")
        loaded: T = getattr(importlib.import_module(module), attribute)
        return loaded

    def _plugins(self) -> dict[str, EntryPoint]:
        if self._entry_points is None:
            found: dict[str, EntryPoint] = {}
            for point in entry_points(group=self.group):
                if point.name in self._builtin:
                    raise PluginError(
                        f"{point.value} registers {self.kind} {point.name!r}, "
                        "a name that matdata itself holds",
                        next_step="rename it in the plugin's entry points, or uninstall it",
                    )
                other = found.get(point.name)
                if other is not None and other.value != point.value:
                    raise PluginError(
                        f"{other.value} and {point.value} both register {self.kind} {point.name!r}",
                        next_step="uninstall one of the two distributions",
                    )
                found[point.name] = point
            self._entry_points = found
        return self._entry_points
