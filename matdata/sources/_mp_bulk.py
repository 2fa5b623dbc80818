"""The whole Materials Project from its open data, in the order and form of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matdata.core.documents import JsonObject
from matdata.sources._mp_bucket import Collection, fetch_parts, find_collection
from matdata.sources._mp_fields import (
    FIELDS,
    THERMO_FIELDS,
    PageSizes,
    deprecated_page,
    with_thermo,
)
from matdata.sources._mp_rows import Documents, by_id
from matdata.store import files

#: The API shows documents under this licence only to users who agreed to its terms.
RESTRICTED = "BY-NC"
Place = tuple[int, int]


class OpenData:
    """Documents of the newest version of the open data.

    Parameters
    ----------
    thermo
        Level of theory of the energies.
    cache
        The cache, for downloads.
    sizes
        Documents and ids per page.
    """

    def __init__(self, thermo: str, cache: Path, sizes: PageSizes) -> None:
        self._thermo, self._cache, self._sizes = thermo, cache, sizes
        self._cached: tuple[Collection, Collection | None] | None = None

    def _collections(self) -> tuple[Collection, Collection | None]:
        if self._cached is None:
            summary = find_collection("summary")
            thermo = None
            if self._thermo != "summary":
                thermo = find_collection("thermo", summary.version, thermo_type=self._thermo)
            self._cached = summary, thermo
        return self._cached

    def version(self) -> str:
        """Version of the database."""
        return self._collections()[0].version

    def request(self) -> JsonObject:
        """What determines the records, besides fields and level of theory."""
        summary, thermo = self._collections()
        return {
            "open_data": [summary.digest, thermo.digest if thermo else None],
            "files": [len(summary.parts), len(thermo.parts) if thermo else 0],
            "documents": summary.rows,
        }

    def pages(self, start: int) -> Iterator[list[JsonObject] | dict[str, list[str]]]:
        """Pages of documents, then of deprecated ids, from page `start` on."""
        summary, thermo = self._collections()
        paths = fetch_parts(summary, self._cache)
        energies = fetch_parts(thermo, self._cache) if thermo else []
        scratch = self._cache / "downloads" / f".scratch-mp-{summary.digest[:16]}"
        files.remove(scratch)
        try:
            columns = (*FIELDS, "builder_meta")
            documents = Documents(summary, paths, columns, scratch)
            level_energies = None
            if thermo is not None:
                names = ("material_id", *THERMO_FIELDS)
                level_energies = _Energies(
                    thermo, Documents(thermo, energies, names, scratch), self._thermo
                )
            places = by_id(documents, summary)
            yield from _pages(documents, places, level_energies, start, self._sizes)
        finally:
            files.remove(scratch)


class _Energies:
    """Energies of one level of theory by material id."""

    def __init__(self, collection: Collection, documents: Documents, level: str) -> None:
        self._documents = documents
        partition_levels = [part.values.get("thermo_type") for part in collection.parts]
        levels = documents.column("thermo_type")
        matching = {
            (file, row) for file, row, value in levels if (value or partition_levels[file]) == level
        }
        ids = documents.column("material_id")
        self._positions = {
            str(value): (file, row) for file, row, value in ids if (file, row) in matching
        }
        self._level = level

    def of(self, ids: list[str]) -> dict[str, JsonObject]:
        """The energies of those of `ids` that have any."""
        with_energy = [identity for identity in ids if identity in self._positions]
        rows = self._documents.read([self._positions[identity] for identity in with_energy])
        return {
            identity: {**row, "thermo_type": self._level}
            for identity, row in zip(with_energy, rows, strict=True)
        }


def _pages(
    documents: Documents,
    positions: dict[str, Place],
    energies: _Energies | None,
    start: int,
    sizes: PageSizes,
) -> Iterator[Any]:
    rows = documents.column("builder_meta.license")
    restricted = {(file, row) for file, row, value in rows if value == RESTRICTED}
    rows = documents.column("deprecated")
    deprecated_rows = {(file, row) for file, row, value in rows if value}
    public = {
        identity: position for identity, position in positions.items() if position not in restricted
    }
    current = sorted(
        identity for identity, position in public.items() if position not in deprecated_rows
    )
    for first in range(start * sizes.documents, len(current), sizes.documents):
        ids = current[first : first + sizes.documents]
        page = documents.read([public[identity] for identity in ids])
        for document in page:
            document.pop("builder_meta", None)
        yield with_thermo(page, energies.of(ids)) if energies else page
    deprecated = sorted(
        identity for identity, position in public.items() if position in deprecated_rows
    )
    done = max(start - -(-len(current) // sizes.documents), 0)
    for first in range(done * sizes.deprecated, len(deprecated), sizes.deprecated):
        yield deprecated_page(deprecated[first : first + sizes.deprecated])
