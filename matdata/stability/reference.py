"""References of known phases: entries with their energies, and their convex hull, as artefacts.

A reference is ``references/<name>-<digest8>`` in a cache. Its identity is that of its entries, so
one that is made again of the same entries is the one that is there. It holds ``entries.parquet``
(ids, formulas, energies) and ``hull.safetensors`` (compositions, and the hull ready to be used).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.cache import ensure_writable, places
from matdata.core.composition import Compositions
from matdata.core.console import SILENT, Console
from matdata.core.crystals import as_ids
from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonObject
from matdata.core.elements import symbols
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.phases.formation import energies_of_elements
from matdata.phases.reference import HullReference
from matdata.stability.energies import Kind
from matdata.stability.entries import Entries
from matdata.stability.place import HOME, KIND
from matdata.store import tables
from matdata.store.artefact import building
from matdata.store.catalogue import clean_name
from matdata.store.damage import damage_of
from matdata.store.manifest import read_manifest
from matdata.store.parts import check_once
from matdata.store.safetensors import read_tensors, write_tensors

ENTRIES, HULL = "entries.parquet", "hull.safetensors"
PREFIX = "hull."  # of the arrays of the hull beside those of the entries
Float = npt.NDArray[np.float64]


class StoredReference:
    """A reference in a cache.

    Parameters
    ----------
    folder
        ``references/<name>-<digest8>``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder, KIND)

    @property
    def ref(self) -> str:
        """Its exact name, ``name-digest8``."""
        return self.folder.name

    @property
    def digest(self) -> str:
        """Digest of its entries."""
        return str(self.manifest["identity_digest"])

    @property
    def kind(self) -> Kind:
        """What its energies are."""
        kind: Kind = self.manifest["identity"]["energies"]
        return kind

    @property
    def scheme(self) -> str:
        """Which corrections were applied to its energies."""
        return str(self.manifest["identity"]["scheme"])

    @property
    def columns(self) -> list[str]:
        """Columns that its energies were read from, by source."""
        return [str(one["column"]) for one in self.manifest["made_from"]]

    def is_of(self, digest: str) -> bool:
        """Whether all of its entries are of one dataset, the one with this digest of its data."""
        return [one["digest"] for one in self.manifest["made_from"]] == [digest]

    @functools.cached_property
    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return read_tensors(check_once(self.folder, self.manifest, HULL))[0]

    @functools.cached_property
    def hull(self) -> HullReference:
        """The hull of its energies."""
        own = {k.removeprefix(PREFIX): v for k, v in self._arrays.items() if k.startswith(PREFIX)}
        return HullReference.from_arrays(own)

    @functools.cached_property
    def _table(self) -> tables.Columns:
        return tables.read_table(check_once(self.folder, self.manifest, ENTRIES))

    @functools.cached_property
    def compositions(self) -> Compositions:
        """Compositions of its entries, with their ids."""
        arrays = self._arrays
        return Compositions(
            as_ids(self._table["material_id"]), arrays["numbers"], arrays["amounts"],
            arrays["offsets"],
        )  # fmt: skip

    @property
    def entries(self) -> Entries:
        """Its entries, to be joined with others."""
        sources = tuple(self.manifest["made_from"])
        return Entries(self.compositions, self._arrays["energies"], self.kind, self.scheme, sources)

    def names_of(self, entries: npt.NDArray[np.int64]) -> list[tuple[str, str]]:
        """Ids and reduced formulas of entries of its hull (k,), by their rows.

        Elements that were added to formation energies are named by their symbols.
        """
        ids, formulas = self._table["material_id"], self._table["formula"]
        added, size = self.manifest["elements_added"], len(ids)
        return [
            (ids[row], formulas[row]) if row < size else (added[row - size], added[row - size])
            for row in entries.tolist()
        ]

    def formation_hull(self, compositions: Compositions, workers: Workers = SEQUENTIAL) -> Float:
        """Formation energy of the hull at n compositions, (n,), eV/atom; NaN where it has none."""
        energies = self.hull.energies(compositions, workers)
        if self.kind == "formation":
            return energies
        return energies - energies_of_elements(compositions, self.hull.table.elements)


def store_reference(
    cache: Path, name: str, entries: Entries, workers: Workers = SEQUENTIAL,
    console: Console = SILENT, parts: Iterable[StoredReference] = (),
) -> StoredReference:  # fmt: skip
    """The reference of some entries: built and stored, or the one that is there.

    Parameters
    ----------
    cache
        Where it is stored.
    name
        What its folder is named by.
    entries
        Its entries.
    workers, console
        Threads, and where a wait for another process is reported.
    parts
        References that may hold some of the entries: the largest that does is extended, which
        costs less than building anew and gives the same bytes.
    """
    identity = entries.identity()
    key = digest_json(identity)
    folder = cache / HOME / f"{clean_name(name)}-{key[:SHORT]}"
    for place in places(cache):  # some may be for reading only
        stored = place / HOME / folder.name
        if stored.is_dir() and not damage_of(stored, KIND):
            return StoredReference(stored)
    ensure_writable(cache)
    with building(folder.parent, KIND, key, console.warn) as writer:
        if folder.is_dir() and not writer.take_over(folder, console):
            return StoredReference(folder)
        hull = _hull(entries, parts, workers)
        arrays = {**entries.arrays(), **{f"{PREFIX}{k}": v for k, v in hull.arrays().items()}}
        writer.write(HULL, lambda path: write_tensors(path, arrays))
        writer.write(ENTRIES, lambda path: _write_entries(path, entries, hull))
        content = {"name": clean_name(name), "identity": identity, "identity_digest": key}
        writer.commit(folder.name, {**content, **_described(entries, hull)}, {})
    return StoredReference(folder)


def _hull(entries: Entries, parts: Iterable[StoredReference], workers: Workers) -> HullReference:
    """The hull of some entries, by extending that of the largest part there is."""
    for part in sorted(parts, key=lambda one: -int(one.manifest["entries"])):
        places = entries.places_of(part.entries)
        if places is not None:
            return entries.hull_by(part.hull, places, workers)
    return entries.hull(workers)


def _described(entries: Entries, hull: HullReference) -> JsonObject:
    """What a manifest says of entries and their hull."""
    elements = [symbols()[z] for z in np.unique(entries.compositions.numbers).tolist()]
    n = len(entries.energies)
    return {
        "made_from": list(entries.sources),
        "entries": n,
        "on_hull": int((hull.on_hull < n).sum()),
        "elements": elements,
        "elements_added": elements if entries.kind == "formation" else [],
    }


def _write_entries(path: Path, entries: Entries, hull: HullReference) -> None:
    on_hull = np.zeros(hull.size, bool)
    on_hull[hull.on_hull] = True
    columns: Mapping[str, Sequence[object]] = {
        "material_id": entries.compositions.ids.tolist(),
        "formula": entries.compositions.reduced_formulas(),
        "energy_per_atom": entries.energies.tolist(),
        "on_hull": on_hull[: len(entries.energies)].tolist(),
    }
    tables.write_table(path, columns, {"energy_per_atom": "eV/atom"})
