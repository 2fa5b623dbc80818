"""Reading the batches of WBM: files of pymatgen's computed structure entries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from gathered import Item

from matdata.plugin import (
    CHUNK_ROWS,
    Chunk,
    Origin,
    Reject,
    Request,
    Sites,
    Source,
    SourceError,
    Unusable,
    digest_file,
    from_pymatgen_dict,
    read_list,
    require_object,
    to_crystals,
)

WHERE = (
    "step_1.json.bz2 to step_5.json.bz2 of https://archive.materialscloud.org/record/2021.68 "
    "(Wang, Botti and Marques, npj Comput. Mater. 7, 12, 2021)"
)


class Entries(Source):
    """The entries of one batch, ``{"entries": [{"structure": …, "energy": …}, …]}``.

    Parameters
    ----------
    path
        Compressed or not.
    batch
        Its number; entries are named ``wbm-<batch>-<row from 1>``.
    limit
        At most so many entries.
    """

    name: ClassVar[str] = "wbm"

    def __init__(self, path: Path, batch: int, limit: int | None = None) -> None:
        if not path.is_file():
            raise SourceError(f"there is no file {path}", next_step=f"the data: {WHERE}")
        self.path, self.batch, self.limit = path, batch, limit

    @classmethod
    def make(cls, request: Request) -> Entries:
        """Recipes make this source themselves."""
        raise SourceError("this source is made by recipes only")

    def origin(self) -> Origin:
        """Energies are those of the cell, in ``energy_per_atom`` after reading."""
        request = {"source": self.name, "content": digest_file(self.path), "batch": self.batch}
        return Origin(
            source=self.name,
            name="wbm",
            version="2021.68",
            kind="structure",
            request={**request, "limit": self.limit},
            licence="CC BY 4.0",
            url="https://archive.materialscloud.org/record/2021.68",
            citation="Wang, Botti and Marques, npj Comput. Mater. 7, 12 (2021)",
            energy_column="energy_per_atom",
            targets={"energy_per_atom": "eV/atom"},
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Numbered entries, read as a stream."""
        numbered = enumerate(read_list(self.path, "entries"), start=1)
        chosen = itertools.islice(numbered, start * CHUNK_ROWS, self.limit)
        while chunk := list(itertools.islice(chosen, CHUNK_ROWS)):
            yield [(number, item.value) for number, item in chunk]

    def parse(self, raw: Any) -> Chunk:
        """Structures and energies per atom."""
        ids: list[str] = []
        sites: list[Sites] = []
        energies: list[float | None] = []
        rejects: list[Reject] = []
        for row, value in raw:
            identity = f"wbm-{self.batch}-{row}"
            try:
                entry = require_object(value)
                one = from_pymatgen_dict(entry.get("structure") or {})
            except Unusable as error:
                rejects.append(Reject(identity, "source", error.reason, str(error)))
                continue
            energy = entry.get("energy")
            ids.append(identity)
            sites.append(one)
            energies.append(None if energy is None else float(energy) / len(one.numbers))
        table: dict[str, list[Any]] = {"material_id": ids, "energy_per_atom": energies}
        return Chunk(to_crystals(ids, sites), table, rejects)


def batches(paths: list[Path], limit: int | None, **columns: str) -> list[Item]:
    """The batches in the order of the files, numbered from 1 in the column ``batch``."""
    return [
        Item(Entries(path, number, limit), {"batch": number, **columns})
        for number, path in enumerate(paths, start=1)
    ]
