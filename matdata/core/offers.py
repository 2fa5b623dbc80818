"""Entry points that installed distributions register, read without importing them.

A distribution with unreadable metadata, or with an entry point that cannot be used, is a `Fault`,
shown by ``matdata plugins``; it does not affect the entry points of others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, EntryPoints, distributions
from typing import Any

#: Names appear on a command line, before a colon, and in file names.
NAME = re.compile(r"\w[\w.+-]*")
VALUE = re.compile(r"[\w.]+\s*:\s*[\w.]+\s*(\[.*\])?")
_entry_points: Any = vars(Distribution)["entry_points"].fget
UNINSTALL = "repair or uninstall that distribution"


@dataclass(frozen=True)
class Offer:
    """A name and what a distribution registers under it.

    Attributes
    ----------
    name, value
        The entry point: ``module:attribute`` by name.
    distribution, version
        The distribution that registers it.
    point
        The entry point that imports it.
    """

    name: str
    value: str
    distribution: str
    version: str
    point: EntryPoint

    @property
    def maker(self) -> str:
        """The distribution with its version."""
        return f"{self.distribution} {self.version}".strip()


@dataclass(frozen=True)
class Fault:
    """Something registered that cannot be used.

    Attributes
    ----------
    name
        The unusable name; empty if the whole distribution cannot be read.
    maker
        The distribution (or several) that it comes from.
    what, next_step
        What is wrong, and what the user can do about it.
    """

    name: str
    maker: str
    what: str
    next_step: str


def forgive_broken_metadata() -> None:
    """Limit the effect of unreadable entry points to their own distribution, in this process.

    numba, torch and zarr read those of all distributions, and fail at the first that is
    broken. For matdata's own processes: the command line, workers.
    """

    def entry_points(self: Distribution) -> Any:
        try:
            return _entry_points(self)
        except Exception:  # reported by `Registry.faults` where it concerns matdata
            return EntryPoints(())

    setattr(Distribution, "entry_points", property(entry_points))  # noqa: B010


def read_offers(group: str, kind: str) -> tuple[list[Offer], list[Fault]]:
    """All usable entry points of a group, and the faults of the others.

    Parameters
    ----------
    group
        The entry-point group.
    kind
        What it holds, for messages.
    """
    offers: list[Offer] = []
    faults: list[Fault] = []
    read_names: set[str] = set()
    for distribution in distributions():
        try:
            points = _points(distribution, group)
        except Exception as error:  # foreign metadata may raise anything
            maker = _label(distribution)
            what = f"the entry points of {maker} cannot be read: {type(error).__name__}: {error}"
            faults.append(Fault("", maker, what, UNINSTALL))
            continue
        name, version = _identity(distribution) if points else ("", "")
        canonical = re.sub(r"[-_.]+", "-", name).lower()
        if canonical in read_names:
            continue  # the first on the path is the one that is imported
        if points:
            read_names.add(canonical)
        for point in points:
            offer = Offer(point.name, point.value, name, version, point)
            fault = _fault(offer, kind)
            if fault is None:
                offers.append(offer)
            else:
                faults.append(fault)
    return offers, faults


def _points(distribution: Distribution, group: str) -> list[EntryPoint]:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except UnicodeDecodeError as error:
        if group.encode() not in error.object:
            return []  # of another group
        raise
    if group not in text:
        return []
    points = [point for point in _entry_points(distribution) if point.group == group]
    if not points and re.search(rf"^\W*{re.escape(group)}\b", text, re.MULTILINE):
        raise ValueError(f"no entry of {group} in entry_points.txt")
    return points


def _identity(distribution: Distribution) -> tuple[str, str]:
    try:
        about = distribution.metadata
        return about["Name"] or _label(distribution), about["Version"] or ""
    except Exception:
        return _label(distribution), ""


def _label(distribution: Distribution) -> str:
    """The folder of its metadata: a name that does not depend on their content."""
    return str(getattr(distribution, "_path", distribution.locate_file("")))


def _fault(offer: Offer, kind: str) -> Fault | None:
    if not NAME.fullmatch(offer.name):
        what = f"{offer.maker} registers a {kind} under a name that cannot be requested"
        return Fault(offer.name, offer.maker, f"{what}: {offer.name!r}", UNINSTALL)
    if not VALUE.fullmatch(offer.value):
        what = f"{offer.maker} registers {kind} {offer.name!r} as {offer.value!r}"
        return Fault(offer.name, offer.maker, f"{what}, expected module:class", UNINSTALL)
    return None
