"""Curation: from the records of a snapshot to the rows of a dataset, every reject accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from matdata.composition import Compositions, parse_formula
from matdata.crystals import Crystals
from matdata.curate.dedupe import lowest_in_group
from matdata.curate.funnel import Funnel
from matdata.curate.validity import REASONS, invalid
from matdata.digest import digest_json
from matdata.errors import CurationError
from matdata.ledger import Reject, count_reasons
from matdata.settings import Settings, setting

Table = dict[str, list[Any]]
OWN_COLUMNS = ("material_id", "formula", "chemsys", "n_elements", "n_sites", "volume_per_atom")
RANK = "energy_per_atom"


@dataclass(frozen=True)
class CurateSettings(Settings):
    """What makes a record part of a dataset."""

    dedupe: str = setting("auto", "which duplicates go", choices=("auto", "polymorph", "none"))
    min_distance: float = setting(0.5, "smallest distance between atoms in Å", minimum=0.0)


@dataclass(frozen=True)
class Records:
    """What enters curation.

    Attributes
    ----------
    crystals
        Structures, or None for compositions.
    table
        Columns of the source; ``formula`` is there when there are no structures.
    rejects
        Records that could not be read.
    energy_column, energy_per
        Column that ranks polymorphs, and what its energies are counted for.
    """

    crystals: Crystals | None
    table: Table
    rejects: list[Reject]
    energy_column: str | None
    energy_per: Literal["atom", "cell"]


@dataclass(frozen=True)
class Curated:
    """What leaves curation: rows ordered by material id, the ledger, and the funnel."""

    crystals: Crystals | None
    table: Table
    rejects: list[Reject]
    funnel: Funnel
    dedupe: str


class _Pass:
    """The rows still kept, and what happened to the others."""

    def __init__(self, ids: Sequence[str], rejects: list[Reject], read: int) -> None:
        self.ids = ids
        self.rows = np.arange(len(ids), dtype=np.int64)
        self.rejects = list(rejects)
        self.funnel = Funnel()
        self.funnel.add("reading", read, count_reasons(r.reason for r in rejects))

    def drop(self, step: str, reasons: npt.NDArray[np.str_], messages: Sequence[str]) -> None:
        """Drop the kept rows whose reason is not empty."""
        gone = np.flatnonzero(reasons != "")
        for k in gone.tolist():
            identity = str(self.ids[self.rows[k]])
            self.rejects.append(Reject(identity, "curate", str(reasons[k]), messages[k]))
        self.funnel.add(step, len(self.rows), count_reasons(str(reasons[k]) for k in gone))
        self.rows = self.rows[reasons == ""]


def curate(records: Records, settings: CurateSettings) -> Curated:
    """Apply the steps of curation.

    The result does not depend on the order of the records: rows come out ordered by material id,
    and ties are broken by id.

    Raises
    ------
    CurationError
        If polymorphs are to be ranked and there is no energy.
    """
    ids = records.table["material_id"]
    dedupe = _resolve_dedupe(records, settings)
    state = _Pass(ids, records.rejects, len(ids) + len(records.rejects))
    if records.crystals is not None:
        found = invalid(records.crystals, settings.min_distance)
        texts = {k: v.format(min_distance=settings.min_distance) for k, v in REASONS.items()}
        state.drop("validity", found, [texts.get(str(reason), "") for reason in found])
    compositions = _compositions(records)
    formulas = np.asarray(compositions.reduced_formulas(), dtype=np.str_)
    energy = _energy(records, compositions)
    _drop_repeated_ids(state, records, energy)
    if dedupe == "polymorph":
        _drop_higher_polymorphs(state, formulas, energy)
    rows = state.rows[np.argsort(np.asarray(ids, dtype=np.str_)[state.rows], kind="stable")]
    crystals = records.crystals.take(rows) if records.crystals is not None else None
    table = _dataset_table(records, rows, compositions.take(rows), formulas[rows], energy[rows])
    rejects = sorted(state.rejects, key=lambda r: (r.stage, r.reason, r.material_id, r.message))
    return Curated(crystals, table, rejects, state.funnel, dedupe)


def _resolve_dedupe(records: Records, settings: CurateSettings) -> str:
    if settings.dedupe == "auto":
        usable = records.energy_column is not None and records.crystals is not None
        return "polymorph" if usable else "none"
    if settings.dedupe == "polymorph" and records.energy_column is None:
        raise CurationError(
            "--dedupe polymorph keeps the lowest energy of each formula, and no energy column is "
            f"known; columns seen: {', '.join(records.table)}",
            next_step="name one with --energy COLUMN, or keep all records with --dedupe none",
        )
    return settings.dedupe


def _compositions(records: Records) -> Compositions:
    if records.crystals is not None:
        return Compositions.from_crystals(records.crystals)
    amounts = [parse_formula(formula) for formula in records.table["formula"]]
    return Compositions.from_amounts(records.table["material_id"], amounts)


def _energy(records: Records, compositions: Compositions) -> npt.NDArray[np.float64]:
    column = records.table.get(records.energy_column or "")
    if column is None:
        return np.full(len(compositions), np.nan)
    if any(isinstance(value, (str, list)) for value in column):
        raise CurationError(
            f"the energy column {records.energy_column!r} holds text, expected numbers",
            next_step="name another with --energy COLUMN",
        )
    energy = np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    if records.energy_per == "cell":
        entry = np.repeat(np.arange(len(compositions)), compositions.n_elements)
        atoms = np.bincount(entry, compositions.amounts, minlength=len(compositions))
        energy = energy / np.where(atoms > 0, atoms, np.nan)
    return energy


def _drop_repeated_ids(state: _Pass, records: Records, energy: npt.NDArray[np.float64]) -> None:
    ids = [str(state.ids[row]) for row in state.rows.tolist()]
    if len(set(ids)) == len(ids):
        return
    # Equal ids and energies are told apart by content, so that input order does not matter.
    content = [_content_digest(records, int(row)) for row in state.rows]
    kept = lowest_in_group(ids, energy[state.rows], content)
    reasons = np.where(kept == np.arange(len(ids)), "", "repeated_id").astype("<U32")
    state.drop("repeated ids", reasons, ["another record has the same id"] * len(ids))


def _content_digest(records: Records, row: int) -> str:
    if records.crystals is not None:
        return records.crystals.take([row]).digest()
    return digest_json([records.table["formula"][row]])


def _drop_higher_polymorphs(
    state: _Pass, formulas: npt.NDArray[np.str_], energy: npt.NDArray[np.float64]
) -> None:
    rows = state.rows
    missing = np.where(np.isnan(energy[rows]), "no_energy", "").astype("<U32")
    if np.any(missing != ""):
        state.drop("missing energies", missing, ["no energy to rank it by"] * len(rows))
        rows = state.rows
    ids = [str(state.ids[row]) for row in rows.tolist()]
    kept = lowest_in_group(formulas[rows].tolist(), energy[rows], ids)
    gap = energy[rows] - energy[rows][kept]
    messages = [
        f"{formulas[rows[k]]}: {ids[kept[k]]} lies {gap[k]:.6f} eV/atom lower"
        for k in range(len(rows))
    ]
    higher = np.where(kept == np.arange(len(rows)), "", "higher_polymorph").astype("<U32")
    state.drop("lowest-energy polymorphs", higher, messages)


def _dataset_table(
    records: Records,
    rows: npt.NDArray[np.int64],
    compositions: Compositions,
    formulas: npt.NDArray[np.str_],
    energy: npt.NDArray[np.float64],
) -> Table:
    table: Table = {
        "material_id": compositions.ids.tolist(),
        "formula": formulas.tolist(),
        "chemsys": compositions.chemical_systems(),
        "n_elements": compositions.n_elements.tolist(),
    }
    if records.crystals is not None:
        kept = records.crystals.take(rows)
        table["n_sites"] = kept.n_sites.tolist()
        table["volume_per_atom"] = (kept.volume / kept.n_sites).tolist()
    else:
        table["formula_given"] = [records.table["formula"][row] for row in rows]
    if records.energy_column is not None and records.energy_per == "cell":
        table[RANK] = [None if np.isnan(value) else float(value) for value in energy]
    for name, column in records.table.items():
        if name not in OWN_COLUMNS and name not in table:
            table[name] = [column[row] for row in rows]
    return table
