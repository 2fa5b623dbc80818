"""Section: crystal graphs and formulas per second, in three modes and beside other loaders.

All end with the tensors of a batch on the device, shuffled, and with what models read of them. An
epoch is over when the device is done with it. Others hold the same graphs, prepared before.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

from gpu.crystals import NAME, TARGET, Place
from gpu.record import MEASURED, Section, Skip
from gpu.trial import wait

#: Settings of the two inputs, as CGCNN and Roost read them.
SETTINGS = {
    "graph": {"radius": 5.0, "max_neighbours": 12},
    "composition-set": {"table": "matscholar"},
}
BATCH = 128
#: Crystals that others hold, which take long to prepare.
OTHERS = 1500

Epoch = Callable[[], Iterable[Any]]


def run(section: Section, place: Place, device: str) -> None:
    """matdata's loaders, then the others'."""
    for spec, what in (("graph", "graphs"), ("composition-set", "formulas")):
        for mode in ("resident", "ram", "stream"):
            work = functools.partial(_ours, place, device, spec, mode, section)
            section.check(f"{what}, {mode}", work)
    others = {
        "graphs, PyG with pinned workers": _pyg,
        "formulas, aviary": _aviary,
        "formulas, TensorDataset": _tensors,
    }
    for name, other in others.items():
        section.check(name, functools.partial(other, place, device, section))


def loader_of(
    place: Place, device: str, spec: str, count: int | None = None, **options: Any
) -> Any:
    """A loader of one input, of the first `count` crystals."""
    import matdata as md
    from matdata.load.loader import make_loader

    dataset = md.open(NAME, cache=place.cache)
    ids = dataset.ids[:count]
    options = {"batch_size": 8 if place.rehearsal else BATCH, "shuffle": True, **options}
    settings = {spec: SETTINGS[spec]}
    return make_loader(
        dataset, ids, [spec], TARGET, device=device, input_settings=settings, **options
    )


def _ours(place: Place, device: str, spec: str, mode: str, section: Section) -> dict[str, Any]:
    import loader_rivals as rivals

    loader = loader_of(place, device, spec, mode=mode)
    read = rivals.crystals if spec == "graph" else rivals.formulas
    return _rate(lambda: map(read, loader), len(loader.ids), device, section)


def _rate(epoch: Epoch, count: int, device: str, section: Section) -> dict[str, Any]:
    """The median of some epochs, after one that is not counted."""
    times: list[float] = []
    most = 2.0 if device == "cuda" else 0.1
    end = time.monotonic() + min(most, max(section.left, 0.0))
    while len(times) < 3 or (time.monotonic() < end and len(times) < 20):
        started = time.perf_counter()
        for _ in epoch():
            pass
        wait(device)
        times.append(time.perf_counter() - started)
    later = times[1:]
    return {
        "status": MEASURED,
        "per second": round(count / statistics.median(later)),
        "first epoch": round(count / times[0]),
        "epochs": len(later),
        "crystals": count,
    }


def _sent(batches: Iterable[tuple[Any, ...]], device: str) -> Iterable[tuple[Any, ...]]:
    for batch in batches:
        yield tuple(value.to(device, non_blocking=True) for value in batch)


def _options(place: Place, device: str) -> dict[str, Any]:
    workers = 1 if place.rehearsal else 4
    return {
        "batch_size": 8 if place.rehearsal else BATCH,
        "shuffle": True,
        "num_workers": workers,
        "persistent_workers": True,
        "pin_memory": device == "cuda",
    }


def _pyg(place: Place, device: str, section: Section) -> dict[str, Any]:
    import loader_rivals as rivals

    try:
        from torch_geometric.loader import DataLoader
    except ImportError as error:
        raise Skip(f"{error.name} is not installed") from error
    items = rivals.graph_items(loader_of(place, "cpu", "graph", OTHERS, shuffle=False))
    loader = DataLoader(items, **_options(place, device))
    return _rate(lambda: _sent(map(rivals.of_pyg, loader), device), len(items), device, section)


def _aviary(place: Place, device: str, section: Section) -> dict[str, Any]:
    import loader_rivals as rivals
    from torch.utils.data import DataLoader

    try:
        from aviary.roost.data import collate_batch
    except ImportError as error:
        raise Skip(f"{error.name} is not installed") from error
    items = rivals.formula_items(loader_of(place, "cpu", "composition-set", OTHERS, shuffle=False))
    # its items are cached within a process, so workers would each parse anew
    options = {**_options(place, device), "num_workers": 0, "persistent_workers": False}
    loader = DataLoader(rivals.Cached(items), collate_fn=collate_batch, **options)
    epoch = functools.partial(map, rivals.of_aviary_formulas)
    return _rate(lambda: _sent(epoch(loader), device), len(items), device, section)


def _tensors(place: Place, device: str, section: Section) -> dict[str, Any]:
    """Dense fractions, the plainest form there is of a formula."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    parts = []
    for batch in loader_of(place, "cpu", "composition-set", OTHERS, shuffle=False):
        held = batch["composition-set"]
        dense = torch.zeros(len(batch), 119)
        dense[held.crystal, held.numbers] = held.fractions
        parts.append((dense, batch.targets))
    data = TensorDataset(*(torch.cat(part) for part in zip(*parts, strict=True)))
    options = {**_options(place, device), "num_workers": 0, "persistent_workers": False}
    loader = DataLoader(data, **options)
    return _rate(lambda: _sent(loader, device), len(data), device, section)
