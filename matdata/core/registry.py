"""Typed registry with lazy entries: names are known at once, code is imported when asked for.

What a stranger's distribution does wrong shows when its own name is asked for, and in
``matdata plugins``; nowhere else.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matdata.core.errors import MatdataError, PluginError, did_you_mean
from matdata.core.given import require_name
from matdata.core.offers import UNINSTALL, Fault, Offer, read_offers
from matdata.core.packages import needed_for
from matdata.core.redaction import excerpt

T = TypeVar("T")
ENV = "MATDATA_PLUGINS"  # distributions that win where several register one name
PATIENCE = 20.0  # seconds of an import after which a line says what is waited for


@dataclass(frozen=True)
class _Plugins:
    """Usable offers by name, rivals of names that are offered several times, and all faults."""

    offers: dict[str, Offer]
    rivals: dict[str, list[Offer]]
    faults: list[Fault]


class Registry(Generic[T]):
    """Names to things of one kind: the core's own, and those of installed plugins.

    The core's names win over plugins. A name that two distributions register is used by none of
    them until ``MATDATA_PLUGINS`` names one of the two.

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
    base
        ``"module:class"`` that plugins must be subclasses (or, if not `classes`, instances) of.
    needs
        Texts that a plugin must have as attributes, beside its name.
    more
        How to get names that are not there, for the error of an unknown one.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        builtin: dict[str, str],
        error: type[MatdataError],
        base: str,
        needs: tuple[str, ...] = (),
        classes: bool = True,
        more: str = "",
    ) -> None:
        self.kind = kind
        self.group = group
        self._builtin = dict(builtin)
        self._error = error
        self._base = base
        self._needs = needs
        self._classes = classes
        self._more = more
        self._known: _Plugins | None = None

    def names(self) -> list[str]:
        """All names that can be asked for, in sorted order. Imports nothing."""
        return sorted({*self._builtin, *self._plugins().offers})

    def plugins(self) -> dict[str, Offer]:
        """What installed distributions offer beside the core, by name. Imports nothing."""
        return dict(self._plugins().offers)

    def faults(self) -> list[Fault]:
        """What installed distributions register and cannot be used. Imports nothing."""
        return list(self._plugins().faults)

    def refresh(self) -> None:
        """Look at the installed distributions again."""
        self._known = None

    def __contains__(self, name: str) -> bool:
        """Whether the name is one that `get` says more of than that it is unknown."""
        plugins = self._plugins()
        faulty = {fault.name for fault in plugins.faults if fault.name}
        return name in self._builtin or name in plugins.offers or name in faulty

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def get(self, name: str, version: str | None = None) -> T:
        """Import and return what `name` stands for.

        Parameters
        ----------
        name
            A name.
        version
            Its version; distinguishes those that register the same name.

        Raises
        ------
        MatdataError
            Of the registry's error class if the name is unknown, with the closest known one.
        PluginError
            If the plugin that registered the name cannot be imported, is not what it should be,
            or is one of several.
        """
        require_name(name, f"a {self.kind}")
        if name in self._builtin:
            with needed_for(f"{self.kind} {name!r}"):
                own: T = _attribute(self._builtin[name])
                return own
        rivals = self._plugins().rivals.get(name, [])
        if rivals and version is not None:
            fitting = list(self._of_version(rivals, version))
            if len(fitting) == 1:
                return fitting[0]
        return self._load(self.offer(name))

    def offer(self, name: str) -> Offer:
        """The plugin that registers `name`. Imports nothing.

        Raises
        ------
        MatdataError
            Of the registry's error class if the name is unknown.
        PluginError
            If it is registered and cannot be used.
        """
        plugins = self._plugins()
        if name in plugins.offers:
            return plugins.offers[name]
        for fault in plugins.faults:
            if name and fault.name == name:
                raise PluginError(fault.what, next_step=fault.next_step)
        names = self.names()
        closest = did_you_mean(name, names)
        more = f"; {self._more}" if self._more and not closest else ""
        raise self._error(
            f"unknown {self.kind} {name!r}{closest}",
            next_step=f"known {self.kind}s: {', '.join(names) or 'none'}{more}",
        )

    def _of_version(self, rivals: list[Offer], version: str) -> Iterator[T]:
        for offer in rivals:
            with contextlib.suppress(PluginError):
                loaded = self._load(offer)
                if getattr(loaded, "version", None) == version:
                    yield loaded

    def _load(self, offer: Offer) -> T:
        what = f"{self.kind} {offer.name!r} of {offer.maker} ({offer.value})"
        try:
            # What a plugin prints must not become part of a result.
            with _patience(what), contextlib.redirect_stdout(sys.stderr):
                loaded: T = offer.point.load()
            wrong = self._wrong(offer, loaded)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit, too: a plugin must not end what asks for it
            raise PluginError(
                f"{what} fails on import: {type(error).__name__}: {excerpt(error, 500)}",
                next_step=UNINSTALL,
            ) from error
        if wrong:
            raise PluginError(f"{what} is not what it should be: {wrong}", next_step=UNINSTALL)
        return loaded

    def _wrong(self, offer: Offer, loaded: object) -> str | None:
        base: Any = _attribute(self._base)
        if self._classes and not (isinstance(loaded, type) and issubclass(loaded, base)):
            return f"expected a subclass of {base.__name__}, got {excerpt(repr(loaded), 100)}"
        if not self._classes and not isinstance(loaded, base):
            return f"expected a {base.__name__}, got {excerpt(repr(loaded), 100)}"
        lacking = sorted(getattr(loaded, "__abstractmethods__", ()))
        if self._classes and lacking:
            return f"it does not define {', '.join(lacking)}"
        for needed in ("name", *self._needs):
            if not isinstance(getattr(loaded, needed, None), str):
                return f"it has no {needed}, expected a text"
        own = getattr(loaded, "name", None)
        return None if own == offer.name else f"it calls itself {own!r}"

    def _plugins(self) -> _Plugins:
        if self._known is None:
            offers, faults = read_offers(self.group, self.kind)
            by_name: dict[str, list[Offer]] = {}
            for offer in offers:
                if offer.name in self._builtin:
                    faults.append(self._shadowed(offer))
                else:
                    by_name.setdefault(offer.name, []).append(offer)
            chosen = {name: _chosen(rivals) for name, rivals in by_name.items()}
            rivals = {name: by_name[name] for name, one in chosen.items() if one is None}
            faults += [self._contested(name, several) for name, several in rivals.items()]
            usable = {name: one for name, one in chosen.items() if one is not None}
            self._known = _Plugins(usable, rivals, faults)
        return self._known

    def _shadowed(self, offer: Offer) -> Fault:
        what = f"{offer.maker} registers {self.kind} {offer.name!r}, a name of matdata's own"
        step = "rename it in the plugin's entry points, or uninstall it"
        return Fault(offer.name, offer.maker, f"{what}; matdata's own is used", step)

    def _contested(self, name: str, rivals: list[Offer]) -> Fault:
        makers = " and ".join(offer.maker for offer in rivals)
        return Fault(
            name,
            makers,
            f"{makers} both register {self.kind} {name!r}; neither is used",
            f"uninstall one of them, or set {ENV}={rivals[0].distribution} to use that one",
        )


def _chosen(rivals: list[Offer]) -> Offer | None:
    """The one that is used: the only one, or the only one that the user prefers."""
    if len({offer.value for offer in rivals}) == 1:
        return rivals[0]
    named = {word.strip() for word in os.environ.get(ENV, "").split(",")}
    preferred = [offer for offer in rivals if offer.distribution in named]
    return preferred[0] if len(preferred) == 1 else None


def _attribute(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


@contextlib.contextmanager
def _patience(what: str) -> Iterator[None]:
    """Say who is waited for: an import cannot be broken off from outside, but Ctrl-C can."""
    text = f"warning: {what} is still being imported after {PATIENCE:.0f} s; Ctrl-C stops it"
    timer = threading.Timer(PATIENCE, lambda: print(text, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
