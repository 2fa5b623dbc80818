"""Section: the dataset, and every input that the plugins at hand read. Needs no GPU."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from gpu.crystals import Place, add_feature, make_dataset
from gpu.record import Section
from gpu.trial import inputs_of, networks

#: Inputs that no plugin reads, or not in these settings.
MORE: list[tuple[str, Mapping[str, Any]]] = [
    *(("lattice", {}), ("space-group", {}), ("voronoi-facets", {}), ("element:mat2vec", {})),
    *(("magpie", {}), ("ofm", {}), ("graph", {"radius": 5.0, "max_neighbours": 12})),
]


def run(section: Section, place: Place, device: str) -> None:
    """Make them; one that cannot be made here is named with the reason."""
    section.check("dataset", lambda: make_dataset(place))
    names = networks()
    section.add("plugins", "passed", ", ".join(names))
    for spec, settings in _all(names):
        text = ", ".join(f"{name}={value}" for name, value in settings.items())
        section.check(f"{spec} {text}".strip(), functools.partial(add_feature, place, spec, settings))


def _all(names: list[str]) -> list[tuple[str, Mapping[str, Any]]]:
    found = inputs_of(names)
    return found + [entry for entry in MORE if entry not in found]
