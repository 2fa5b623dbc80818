"""Section: the dataset, and every input that the plugins at hand read. Needs no GPU."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from gpu.crystals import Place, add_feature, make_dataset
from gpu.record import PASSED, SKIPPED, Section, Skip
from gpu.trial import inputs_of, networks, plugins
from matdata.core.packages import MissingPackageError

#: Inputs that no plugin reads, or not in these settings.
MORE: list[tuple[str, Mapping[str, Any]]] = [
    *(("lattice", {}), ("space-group", {}), ("voronoi-facets", {}), ("element:mat2vec", {})),
    *(("magpie", {}), ("ofm", {}), ("graph", {"radius": 5.0, "max_neighbours": 12})),
]


def run(section: Section, place: Place, device: str) -> None:
    """Make them; one that cannot be made here is named with the reason."""
    section.check("dataset", lambda: make_dataset(place))
    names = networks()
    for name, reason in plugins().items():
        section.add(f"plugin {name}", SKIPPED if reason else PASSED, reason)
    for spec, settings in all_inputs(names):
        work = functools.partial(_add, place, spec, settings)
        section.check(named(spec, settings), work)


def _add(place: Place, spec: str, settings: Mapping[str, Any]) -> None:
    try:
        add_feature(place, spec, settings)
    except MissingPackageError as error:
        raise Skip(error.what) from error
    except ModuleNotFoundError as error:
        raise Skip(f"{error.name} is not installed") from error


def named(spec: str, settings: Mapping[str, Any]) -> str:
    """A feature with its settings, as one text."""
    return f"{spec} {', '.join(f'{name}={value}' for name, value in settings.items())}".strip()


def all_inputs(names: list[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """What the plugins read, and more."""
    specs = inputs_of(names)
    return specs + [entry for entry in MORE if entry not in specs]
