"""A request of ``matdata hull`` from its options, and as a configuration file."""

from __future__ import annotations

from typing import NamedTuple

from matdata.core.documents import JsonMapping
from matdata.core.executors import Workers, default_workers
from matdata.stability.options import HULL_OPTIONS, HullSettings
from matdata.store.config_file import Entry, config_text

SETTINGS = ("energy", "formation", "scheme", "prefix")


class HullRequest(NamedTuple):
    """References, settings of energies, and threads."""

    references: tuple[str, ...]
    settings: HullSettings
    workers: Workers


def request_of(asked: JsonMapping) -> HullRequest:
    """The request of options, by their names."""
    values = {name: asked[name] for name in SETTINGS if asked.get(name) is not None}
    return HullRequest(
        tuple(asked.get("reference") or ()),
        HullSettings(**values),
        Workers(asked.get("workers") or default_workers()),
    )


def config_of_hull(dataset: str, request: HullRequest) -> str:
    """A configuration file that says all options as they are in effect."""
    values = {
        "dataset": dataset,
        "reference": list(request.references) or None,
        **{name: getattr(request.settings, name) for name in SETTINGS},
    }
    entries = [
        Entry(one.name, values[one.name], one.help) for one in HULL_OPTIONS if one.name in values
    ]
    title = ("Options of `matdata hull --config FILE`, as they were in effect.",)
    return config_text(title, entries, {})
