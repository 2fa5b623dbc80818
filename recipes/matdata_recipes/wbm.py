"""Reading the batches of WBM: files of pymatgen's computed structure entries.

Energies in the files are not corrected. Those of the Materials Project are, so that the two cannot
be compared, and no hull of the one says anything of the other, before the same scheme corrected
both: that of 2020 (Wang et al., Sci. Rep. 11, 15496, 2021) here. An entry that the scheme does not
apply to is a row of the ledger.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

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
    open_binary,
    parse_formula,
    read_list,
    recorrected,
    reduced_formula,
    require_object,
    to_crystals,
)
from matdata_recipes.gathered import Item

WHERE = (
    "step_1.json.bz2 to step_5.json.bz2 of https://archive.materialscloud.org/record/2021.68 "
    "(Wang, Botti and Marques, npj Comput. Mater. 7, 12, 2021)"
)
SCHEME = "mp2020"
#: Columns of matbench-discovery's summary, and what they are called here; eV/atom.
FORMATION, HULL = "formation_energy_per_atom", "energy_above_hull"
SUMMARY = {
    FORMATION: "e_form_per_atom_mp2020_corrected",
    HULL: "e_above_hull_mp2020_corrected_ppd_mp",
}
#: Marks of prototypes that are new, which later summaries have; `matdata discover` scores by them.
UNIQUE = "unique_prototype"


class Summary:
    """Formation energies and hull distances of WBM as matbench-discovery publishes them.

    Parameters
    ----------
    path
        Its summary, a CSV file, compressed or not (``wbm-summary.csv.gz``).

    Raises
    ------
    SourceError
        If a column is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._rows = path, dict[str, tuple[str, dict[str, float | None]]]()
        with open_binary(path) as file:
            table = csv.DictReader(line.decode() for line in file)
            needed = {"material_id", "formula", *SUMMARY.values()}
            missing = needed - {*(table.fieldnames or ())}
            if missing:
                raise SourceError(
                    f"{path} has no column {min(missing)}",
                    next_step="give the summary of WBM that matbench-discovery publishes",
                )
            marked = UNIQUE in (table.fieldnames or ())
            self.columns = (*SUMMARY, UNIQUE) if marked else (*SUMMARY,)
            for row in table:
                values = {name: _number(row[theirs]) for name, theirs in SUMMARY.items()}
                if marked:
                    values[UNIQUE] = {"True": True, "False": False}.get(row[UNIQUE])
                formula = reduced_formula(parse_formula(row["formula"]))
                self._rows[row["material_id"]] = formula, values

    def values(self, identity: str, one: Sites) -> dict[str, float | None]:
        """The `columns` of one entry.

        Raises
        ------
        Unusable
            If the summary lacks it, or has another composition under its id.
        """
        if identity not in self._rows:
            raise Unusable("not_selected", "the summary of matbench-discovery does not hold it")
        formula, values = self._rows[identity]
        own = reduced_formula(Counter(one.numbers.tolist()))
        if formula != own:
            raise Unusable("other_formula", f"the summary has {formula} under its id, it is {own}")
        return values


def _number(text: str) -> float | None:
    return float(text) if text else None


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
    summary
        Formation energies and hull distances; entries that it lacks are left out.
    """

    name: ClassVar[str] = "wbm"

    def __init__(
        self, path: Path, batch: int, limit: int | None = None, summary: Summary | None = None
    ) -> None:
        if not path.is_file():
            raise SourceError(f"there is no file {path}", next_step=f"the data: {WHERE}")
        self.path, self.batch, self.limit, self.summary = path, batch, limit, summary

    @classmethod
    def make(cls, request: Request) -> Entries:
        """Recipes make this source themselves."""
        raise SourceError("this source is made by recipes only")

    def origin(self) -> Origin:
        """Energies are those of the cell, corrected and in ``energy_per_atom`` after reading."""
        request = {
            "source": self.name,
            "content": digest_file(self.path),
            "batch": self.batch,
            "corrections": SCHEME,
            "summary": self.summary and digest_file(self.summary.path),
        }
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
            targets=dict.fromkeys(
                ("energy_per_atom", *(SUMMARY if self.summary else ())), "eV/atom"
            ),
            units={"uncorrected_energy_per_atom": "eV/atom"},
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Numbered entries, read as a stream."""
        numbered = enumerate(read_list(self.path, "entries"), start=1)
        chosen = itertools.islice(numbered, start * CHUNK_ROWS, self.limit)
        while chunk := list(itertools.islice(chosen, CHUNK_ROWS)):
            yield [(number, item.value) for number, item in chunk]

    @property
    def _of_summary(self) -> tuple[str, ...]:
        return self.summary.columns if self.summary else ()

    def parse(self, raw: Any) -> Chunk:
        """Structures and energies per atom."""
        sites: list[Sites] = []
        rejects: list[Reject] = []
        names = ("energy_per_atom", "uncorrected_energy_per_atom", "correction_scheme")
        table: dict[str, list[Any]] = {
            name: [] for name in ("material_id", *names, *self._of_summary)
        }
        for row, value in raw:
            identity = f"wbm-{self.batch}-{row}"
            try:
                entry = require_object(value)
                one = from_pymatgen_dict(entry.get("structure") or {})
                values = _energies(entry)
                values |= self.summary.values(identity, one) if self.summary else {}
            except Unusable as error:
                rejects.append(Reject(identity, "source", error.reason, str(error)))
                continue
            sites.append(one)
            for name, column in table.items():
                column.append({"material_id": identity, **values}[name])
        return Chunk(to_crystals(table["material_id"], sites), table, rejects)


def _energies(entry: dict[str, Any]) -> dict[str, Any]:
    """Energies per atom of an entry, corrected and as calculated.

    Raises
    ------
    Unusable
        If the scheme does not apply to it, or it has no energy.
    """
    energy = entry.get("energy")
    if not isinstance(energy, (int, float)) or isinstance(energy, bool):
        raise Unusable("no_energy", "the entry has no energy")
    return recorrected(entry, SCHEME)


def batches(
    paths: list[Path], limit: int | None, summary: str | None = None, **columns: str
) -> list[Item]:
    """The batches in the order of the files, numbered from 1 in the column ``batch``.

    Parameters
    ----------
    paths, limit
        Files, and the most entries of each.
    summary
        matbench-discovery's summary, for formation energies and hull distances.
    columns
        Constant columns of all entries.
    """
    known = Summary(Path(summary)) if summary else None
    return [
        Item(Entries(path, number, limit, known), {"batch": number, **columns})
        for number, path in enumerate(paths, start=1)
    ]


def add_summary(parser: argparse.ArgumentParser) -> None:
    """The option that names the summary."""
    parser.add_argument(
        "--summary",
        metavar="FILE",
        help="WBM summary of matbench-discovery: formation energies and hull distances",
    )
