"""The data sets listed by matminer, by name: only URL and SHA-256 come from its metadata.

The digest is compared each time a file is read, not only after the download. Rows of a Matbench
set get the ids of Matbench (``mb-<task>-<row>``), from which its folds are regenerated.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from matdata.core.cache import cache_dir
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError, did_you_mean
from matdata.core.packages import require_package
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.download import Remote, check_local, fetch
from matdata.sources.files import Files
from matdata.sources.parse import RecordChunk, parse_formulas, parse_structures
from matdata.sources.readers.base import is_structure_dict

MATBENCH = "matbench_"
INPUTS = ("structure", "composition")
#: Units that cannot be inferred from the columns' names.
UNITS = {
    "log10(G_VRH)": "log10(GPa)",
    "log10(K_VRH)": "log10(GPa)",
    "exfoliation_en": "meV/atom",
    "last phdos peak": "1/cm",
    "yield strength": "MPa",
    "gap expt": "eV",
    "gap pbe": "eV",
    "gap gllbsc": "eV",
    "e_form": "eV/atom",
    "e_hull": "eV/atom",
    "bulk modulus": "GPa",
    "shear modulus": "GPa",
    "k_expt": "W/m/K",
    "E_vasp_per_atom": "eV/atom",
    "Tc": "K",
    "n": "1",
}
#: Sets in which a column of that name has another unit: energies per cell of five atoms.
PER_CELL = {
    ("matbench_perovskites", "e_form"): "eV/cell",
    ("castelli_perovskites", "e_form"): "eV/cell",
}


@dataclass(frozen=True)
class Entry:
    """matminer's metadata of a set."""

    name: str
    url: str
    sha256: str
    rows: int
    columns: tuple[str, ...]
    reference: str


@functools.cache
def known_sets() -> dict[str, Entry]:
    """All sets of the installed matminer, without importing it.

    Raises
    ------
    MissingPackageError
        If matminer is not installed.
    """
    require_package("matminer", "matminer's data sets")
    spec = importlib.util.find_spec("matminer")
    if spec is None or spec.origin is None:
        raise SourceError("the installed matminer has no files", next_step="install it again")
    path = Path(spec.origin).parent / "datasets" / "dataset_metadata.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Entry(
            name,
            metadata["url"],
            metadata["hash"],
            int(metadata["num_entries"]),
            tuple(metadata["columns"]),
            str(metadata.get("reference", "")),
        )
        for name, metadata in data.items()
    }


class MatminerData(Source[RecordChunk]):
    """One of matminer's data sets.

    Parameters
    ----------
    request
        The argument is the name of the set; ``file`` a copy of its file.

    Raises
    ------
    SourceError
        If there is no such set, or the file is not the published one.
    """

    name: ClassVar[str] = "matminer"
    takes_file: ClassVar[bool] = True

    def __init__(self, request: Request) -> None:
        sets = known_sets()
        if request.argument not in sets:
            raise SourceError(
                f"matminer has no data set {request.argument!r}"
                f"{did_you_mean(request.argument, sets)}",
                next_step=f"write matminer:NAME with one of: {', '.join(sorted(sets))}",
            )
        self._entry = sets[request.argument]
        self._request = request
        self._files: Files | None = None

    @classmethod
    def make(cls, request: Request) -> MatminerData:
        """Create the source from a request."""
        return cls(request)

    def _reader(self) -> Files:
        """A reader of the file, whose digest is checked first."""
        if self._files is None:
            entry, file = self._entry, self._request.file
            if file is not None:
                check_local(file, entry.sha256)
                path = file
            else:
                remote = Remote(entry.url, f"{entry.name}.json.gz", entry.sha256)
                path, _ = fetch(remote, self._request.cache or cache_dir())
            self._files = Files(path, self._request.options, self._request.limit)
        return self._files

    @property
    def _task(self) -> str | None:
        """The task's name in Matbench's ids, None for other sets."""
        name = self._entry.name
        if not name.startswith(MATBENCH):
            return None
        return name.removeprefix(MATBENCH).replace("_", "-")

    def origin(self) -> Origin:
        """Download the file if needed, and describe it by its first records."""
        entry, options = self._entry, self._request.options
        of_file = self._reader().origin()
        targets = of_file.targets
        energy = of_file.energy_column
        if self._task is not None:
            targets = targets if options.targets else dict.fromkeys(self._learned(), "")
            # With an energy, duplicates would be dropped, but Matbench's folds contain every row.
            energy = energy if options.energy else None
        return replace(
            of_file,
            source=self.name,
            name=entry.name,
            version=f"sha256-{entry.sha256[:8]}",
            request={
                "source": self.name,
                "set": entry.name,
                "sha256": entry.sha256,
                "options": options.to_dict(),
                "limit": self._request.limit,
            },
            url=entry.url,
            citation=entry.reference,
            energy_column=energy,
            dedupe="polymorph",
            targets={name: self._unit(name, unit) for name, unit in targets.items()},
            count=min(entry.rows, self._request.limit or entry.rows),
        )

    def _learned(self) -> list[str]:
        return [name for name in self._entry.columns if name not in INPUTS]

    def _unit(self, column: str, unit: str) -> str:
        special = PER_CELL.get((self._entry.name, column))
        return special or unit or UNITS.get(column, "")

    def raw_chunks(self, start: int = 0) -> Iterator[RecordChunk]:
        """Raw records of the file, without further structures besides the one that is read."""
        n_read = 0
        for composition, records in self._reader().raw_chunks(0):
            n_read += len(records)
            if start > 0:
                start -= 1
                continue
            yield (
                composition,
                [
                    replace(record, values=self._values(record.values, number))
                    for number, record in enumerate(records, start=n_read - len(records) + 1)
                ],
            )

    def _values(self, values: JsonObject, number: int) -> JsonObject:
        columns = {k: v for k, v in values.items() if not is_structure_dict(v)}
        if self._task is not None:
            columns["id"] = f"mb-{self._task}-{number:0{len(str(self._entry.rows))}}"
        return columns

    def parse(self, raw: RecordChunk) -> Chunk:
        """Parse a list of raw records."""
        composition, records = raw
        return parse_formulas(records) if composition else parse_structures(records)
