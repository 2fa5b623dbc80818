"""Section: every batch form and its expansions, line graphs too, against the CPU's."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import torch

from gpu.crystals import NAME, TARGET, Place
from gpu.data import all_inputs, named
from gpu.leaves import expanded, same
from gpu.record import Section, Skip, require
from gpu.trial import networks
from matdata.core.errors import FeatureError

#: Views that no plugin asks for: bases of graphs, all labellings.
VIEWS: list[tuple[str, Mapping[str, Any]]] = [
    ("graph", {"radius": 5.0, "max_neighbours": 12, "basis": "megnet"}),
    ("wyckoff", {"labellings": "all"}),
]


def run(section: Section, place: Place, device: str) -> None:
    """A batch of each input in three modes."""
    for spec, settings in [*all_inputs(networks()), *VIEWS]:
        work = functools.partial(_compare, place, device, spec, settings)
        section.check(named(spec, settings), work)


def _compare(place: Place, device: str, spec: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    worst, count = 0.0, 0
    wanted = _batches(place, "cpu", "resident", spec, settings)
    for mode in ("resident", "ram", "stream"):
        actual = _batches(place, device, mode, spec, settings)
        for k, (one, other) in enumerate(zip(actual, wanted, strict=True)):
            require(one.ids == other.ids, f"batch {k} in mode {mode} holds other materials")
            ours, theirs = expanded(one[spec]), expanded(other[spec])
            require(ours.keys() == theirs.keys(), f"{set(ours) ^ set(theirs)} on one side alone")
            for name, value in theirs.items():
                require(ours[name].device.type == torch.device(device).type, f"{name} is elsewhere")
                worst = max(worst, same(ours[name], value, f"{name} in mode {mode}"))
            count += len(theirs)
    return {"tensors": count, "largest difference": worst}


def _batches(
    place: Place, device: str, mode: str, spec: str, settings: Mapping[str, Any]
) -> list[Any]:
    import matdata as md
    from matdata.load.loader import make_loader

    dataset = md.open(NAME, cache=place.cache)
    options: dict[str, Any] = {"batch_size": 7, "device": device, "mode": mode, "shuffle": True}
    try:
        loader = make_loader(
            dataset,
            dataset.ids[:28],
            [spec],
            TARGET,
            input_settings={spec: dict(settings)},
            **options,
        )
    except FeatureError as error:
        raise Skip(error.what) from error
    return list(loader)
