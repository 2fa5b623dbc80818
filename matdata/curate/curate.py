"""Curation: from the records of a snapshot to the rows of a dataset; every reject is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_json
from matdata.core.errors import CurationError
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.core.ledger import Reject, count_reasons
from matdata.core.structures import Structures
from matdata.curate.dedupe import lowest_in_group
from matdata.curate.filters import (
    AFTER_DEDUPE,
    BEFORE_DEDUPE,
    Rule,
    Subject,
    protostructure_labels,
)
from matdata.curate.funnel import (
    NO_ENERGY,
    OF_EACH_PART,
    POLYMORPHS,
    PROTOSTRUCTURES,
    READING,
    REPEATED,
    VALIDITY,
    Funnel,
)
from matdata.curate.mixed_theory import check_levels
from matdata.curate.records import (
    Records,
    Str,
    Table,
    Wyckoff,
    compositions_of,
    energies_of,
    wyckoff_of,
)
from matdata.curate.rows import dataset_table
from matdata.curate.settings import CurateSettings
from matdata.curate.validity import REASONS, invalid

Energies = npt.NDArray[np.float64]
DUPLICATE_REASONS = ("higher_polymorph", "same_protostructure", "in_other_dataset")


@dataclass(frozen=True)
class Others:
    """Materials of other datasets that must not be included again.

    Attributes
    ----------
    names
        References of those datasets.
    keys
        Their formulas or protostructures, depending on the settings.
    """

    names: tuple[str, ...] = ()
    keys: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Curated:
    """Result of curation: rows sorted by material id, the ledger, and the funnel."""

    structures: Structures
    table: Table
    rejects: list[Reject]
    funnel: Funnel
    dedupe: str
    symmetry: str

    @property
    def kind(self) -> str:
        """``structure`` or ``composition`` if all rows are of one kind, ``mixed`` otherwise."""
        if not len(self.structures.crystals):
            return "composition"
        return "structure" if self.structures.is_complete else "mixed"


class _Pass:
    """The remaining rows, and the rejects and funnel so far."""

    def __init__(self, ids: Sequence[str], rejects: list[Reject], read: int) -> None:
        self.ids = ids
        self.rows = np.arange(len(ids), dtype=np.int64)
        self.rejects = list(rejects)
        self.funnel = Funnel()
        self.funnel.add(READING, read, count_reasons(r.reason for r in rejects))

    def kept_ids(self) -> list[str]:
        """Ids of the remaining rows."""
        return [str(self.ids[row]) for row in self.rows.tolist()]

    def drop(self, step: str, reasons: Str, messages: Sequence[str]) -> None:
        """Drop the remaining rows whose reason is not empty."""
        dropped = np.flatnonzero(reasons != "").tolist()
        for k in dropped:
            identity = str(self.ids[int(self.rows[k])])
            self.rejects.append(Reject(identity, "curate", str(reasons[k]), messages[k]))
        self.funnel.add(step, len(self.rows), count_reasons(str(reasons[k]) for k in dropped))
        self.rows = self.rows[reasons == ""]

    def drop_where(self, step: str, drops: npt.NDArray[np.bool_], reason: str, text: str) -> None:
        """Drop the remaining rows selected by a mask over all rows."""
        marked = drops[self.rows]
        self.drop(step, np.where(marked, reason, "").astype("<U32"), [text] * len(marked))


def curate(
    records: Records,
    settings: CurateSettings,
    others: Others | None = None,
    workers: Workers = SEQUENTIAL,
) -> Curated:
    """Apply the steps of curation, in the order of Goodall 2022 (thesis, table 6.2).

    The result does not depend on the order of the records: rows are sorted by material id,
    and ties are broken by id.

    Raises
    ------
    CurationError
        If a setting needs data that the records lack (energies, structures, symmetry), or they
        mix functionals, correction schemes or units.
    """
    ids = records.table["material_id"]
    check_levels(records, settings)
    dedupe = _resolve_dedupe(records, settings)
    state = _Pass(ids, records.rejects, len(ids) + len(records.rejects))
    _drop_invalid(state, records, settings)
    wyckoff = _symmetry(state, records, settings, workers)
    compositions = compositions_of(records)
    formulas = np.asarray(compositions.reduced_formulas(), dtype=np.str_)
    energy = energies_of(records, compositions)
    subject = Subject(records, compositions, wyckoff)
    _drop_repeated_ids(state, records, energy)
    _apply(state, subject, settings, BEFORE_DEDUPE)
    _drop_duplicates(state, subject, dedupe, formulas, energy)
    _apply(state, subject, settings, AFTER_DEDUPE)
    if others is not None and others.names:
        by_formula = settings.drop_by == "formula"
        _drop_others(state, formulas if by_formula else protostructure_labels(subject), others)
    rows = state.rows[np.argsort(np.asarray(ids, dtype=np.str_)[state.rows], kind="stable")]
    table = dataset_table(records, rows, compositions, formulas, energy, wyckoff)
    rejects = sorted(state.rejects, key=lambda r: (r.stage, r.reason, r.material_id, r.message))
    engine = wyckoff.engine if wyckoff is not None else "none"
    structures = records.structures.take(rows)
    return Curated(structures, table, rejects, state.funnel, dedupe.by, engine)


class _Dedupe(NamedTuple):
    """What duplicates are, and whether records without a structure are ranked by their formula."""

    by: str
    ranks_formulas: bool = False


def _resolve_dedupe(records: Records, settings: CurateSettings) -> _Dedupe:
    has_energy = records.energy_column is not None
    if settings.dedupe == "auto":
        return _Dedupe("polymorph" if has_energy and records.has_structures else "none")
    if settings.dedupe != "none" and not has_energy:
        raise CurationError(
            f"--dedupe {settings.dedupe} keeps the lowest energy, but there is no energy column; "
            f"available columns: {', '.join(records.table)}",
            next_step="name one with --energy COLUMN, or keep all records with --dedupe none",
        )
    return _Dedupe(settings.dedupe, ranks_formulas=settings.dedupe == "polymorph")


def _drop_invalid(state: _Pass, records: Records, settings: CurateSettings) -> None:
    if not records.has_structures:
        return
    structures = records.structures
    reasons = structures.scatter(invalid(structures.crystals, settings.min_distance), "")
    texts = {k: v.format(min_distance=settings.min_distance) for k, v in REASONS.items()}
    state.drop(VALIDITY, reasons, [texts.get(str(reason), "") for reason in reasons])


def _symmetry(
    state: _Pass, records: Records, settings: CurateSettings, workers: Workers
) -> Wyckoff | None:
    if not records.has_structures or settings.symmetry == "none":
        return None
    tolerances = (settings.symprec, settings.angle_tolerance)
    return wyckoff_of(records.structures, state.rows, settings.symmetry, tolerances, workers)


def _apply(state: _Pass, subject: Subject, settings: CurateSettings, rules: Sequence[Rule]) -> None:
    for rule in rules:
        decision = rule(subject, settings)
        if decision is not None:
            state.drop_where(decision.step, decision.drops, decision.reason, decision.message)


def _drop_repeated_ids(state: _Pass, records: Records, energy: Energies) -> None:
    ids = state.kept_ids()
    if len(set(ids)) == len(ids):
        return
    # Equal ids and energies are distinguished by content, so that input order does not matter.
    content = [_content_digest(records, row) for row in state.rows.tolist()]
    representative = lowest_in_group(ids, energy[state.rows], content)
    reasons = np.where(representative == np.arange(len(ids)), "", "repeated_id").astype("<U32")
    state.drop(REPEATED, reasons, ["another record has the same id"] * len(ids))


def _content_digest(records: Records, row: int) -> str:
    """Digest of a record's structure; that of its formula if it has none, sorted behind those."""
    crystal = records.structures.crystal(row)
    if crystal is not None:
        return crystal.digest()
    return f"~{digest_json([records.table['formula'][row]])}"


def _drop_duplicates(
    state: _Pass, subject: Subject, dedupe: _Dedupe, formulas: Str, energy: Energies
) -> None:
    present = subject.records.structures.present
    if dedupe.by == "polymorph":
        ranked = present | dedupe.ranks_formulas
        _drop_without_energy(state, subject.records, energy, ranked)
        keys = formulas
        if subject.records.has_structures:  # nothing shows that a formula is that structure
            keys = np.where(present, formulas, np.char.add(formulas, " (no structure)"))
        step = (POLYMORPHS, "higher_polymorph")
        _drop_higher(state, *_in_parts(subject.records, keys, step), energy, ranked)
    elif dedupe.by == "protostructure":
        labels = protostructure_labels(subject)
        text = "no space group was found within the tolerances"
        state.drop_where("symmetry", (labels == "") & present, "no_symmetry", text)
        _drop_without_energy(state, subject.records, energy, present)
        step = (PROTOSTRUCTURES, "same_protostructure")
        _drop_higher(state, *_in_parts(subject.records, labels, step), energy, present)


def _in_parts(records: Records, keys: Str, step: tuple[str, str]) -> tuple[Str, tuple[str, str]]:
    """Keys and step of a search for duplicates within each part of a given split alone."""
    parts = records.parts
    if parts is None:
        return keys, step
    name, reason = step
    return np.char.add(np.char.add(keys, " in "), parts), (f"{name}{OF_EACH_PART}", reason)


def _drop_without_energy(
    state: _Pass, records: Records, energy: Energies, ranked: npt.NDArray[np.bool_]
) -> None:
    """Drop the rows to be ranked whose energy per atom is not known."""
    missing = (np.isnan(energy) & ranked)[state.rows]
    if not missing.any():
        return
    given = records.table[str(records.energy_column)]
    of_cells = ~records.structures.present & (records.energy_per == "cell")
    messages = [
        "its energy is that of a cell, whose atoms are not known without a structure"
        if of_cells[row] and given[row] is not None
        else "it has no energy to rank by"
        for row in state.rows.tolist()
    ]
    state.drop(NO_ENERGY, np.where(missing, "no_energy", ""), messages)


def _drop_higher(
    state: _Pass,
    keys: Str,
    step: tuple[str, str],
    energy: Energies,
    ranked: npt.NDArray[np.bool_],
) -> None:
    """Of the ranked rows of each key keep the one of lowest energy; others are kept."""
    places = np.flatnonzero(ranked[state.rows])
    rows = state.rows[places]
    ids = [str(state.ids[row]) for row in rows.tolist()]
    representative = lowest_in_group(keys[rows].tolist(), energy[rows], ids)
    gap = energy[rows] - energy[rows][representative]
    name, reason = step
    reasons, messages = np.full(len(state.rows), "", dtype="<U32"), [""] * len(state.rows)
    for k in np.flatnonzero(representative != np.arange(len(rows))).tolist():
        reasons[places[k]] = reason
        messages[places[k]] = (
            f"{keys[rows[k]]}: {ids[representative[k]]} is {gap[k]:.6f} eV/atom lower"
        )
    state.drop(name, reasons, messages)


def _drop_others(state: _Pass, keys: Str, others: Others) -> None:
    repeated = np.array([str(key) in others.keys for key in keys], dtype=np.bool_)
    step = f"removal of materials of {', '.join(others.names)}"
    state.drop_where(step, repeated, "in_other_dataset", "the other dataset contains it already")
