"""Curation: from the records of a snapshot to the rows of a dataset; every reject is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.digest import digest_json
from matdata.core.errors import CurationError
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.core.ledger import Reject, count_reasons
from matdata.curate.curated import Curated, SymmetryCounts
from matdata.curate.dedupe import lowest_in_group
from matdata.curate.filters import AFTER_DEDUPE, BEFORE_DEDUPE, Rule, Subject, wyckoff_of
from matdata.curate.funnel import (
    NO_ENERGY,
    OF_EACH_PART,
    POLYMORPHS,
    PROTOSTRUCTURES,
    READING,
    REPEATED,
    SPECTRA,
    VALIDITY,
    Funnel,
)
from matdata.curate.keys import Keys
from matdata.curate.known_symmetry import KnownSymmetry
from matdata.curate.mixed_theory import check_levels
from matdata.curate.records import Records, energies_of
from matdata.curate.rows import DatasetTable
from matdata.curate.settings import CurateSettings
from matdata.curate.survey import FAULTS, survey
from matdata.curate.validity import REASONS
from matdata.store.arrow import is_present, numbers_array

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


class _Pass:
    """The remaining rows, and the rejects and funnel so far."""

    def __init__(self, ids: npt.NDArray[np.str_], rejects: list[Reject]) -> None:
        self.ids = ids
        self.rows: Int = np.arange(len(ids), dtype=np.int64)
        self.rejects = list(rejects)
        self.funnel = Funnel()
        read = len(ids) + len(rejects)
        self.funnel.add(READING, read, count_reasons(r.reason for r in rejects))

    def drop(self, step: str, places: Int, reasons: Iterable[str], messages: Iterable[str]) -> None:
        """Drop the remaining rows at some places, each with its reason and message."""
        dropped = [
            Reject(identity, "curate", reason, message)
            for identity, reason, message in zip(
                self.ids[self.rows[places]].tolist(), reasons, messages, strict=True
            )
        ]
        self.rejects += dropped
        self.funnel.add(step, len(self.rows), count_reasons(one.reason for one in dropped))
        self.rows = np.delete(self.rows, places)

    def drop_where(self, step: str, drops: npt.NDArray[np.bool_], reason: str, text: str) -> None:
        """Drop the remaining rows selected by a mask over all rows."""
        places = np.flatnonzero(drops[self.rows])
        self.drop(step, places, [reason] * len(places), [text] * len(places))


def curate(
    records: Records,
    settings: CurateSettings,
    others: Others | None = None,
    workers: Workers = SEQUENTIAL,
    known: KnownSymmetry | None = None,
) -> Curated:
    """Apply the steps of curation, in the order of Goodall 2022 (thesis, table 6.2).

    The result does not depend on the order of the records: rows are sorted by material id,
    and ties are broken by id. Nor does it depend on what is `known` of symmetry.

    Raises
    ------
    CurationError
        If a setting needs data that the records lack (energies, structures, symmetry), or they
        mix functionals, correction schemes or units.
    """
    ids = records.store.ids
    check_levels(records, settings)
    dedupe = _resolve_dedupe(records, settings)
    state = _Pass(ids, records.rejects)
    traits = survey(records, settings, workers, known)
    energy = energies_of(records, traits.n_atoms)
    subject = Subject(records, traits, energy)
    _drop_invalid(state, subject, settings)
    _drop_faults(state, records)
    _drop_repeated_ids(state, subject)
    _apply(state, subject, settings, BEFORE_DEDUPE)
    _drop_duplicates(state, subject, dedupe)
    _apply(state, subject, settings, AFTER_DEDUPE)
    if others is not None and others.names:
        by_formula = settings.drop_by == "formula"
        keys = traits.formulas if by_formula else wyckoff_of(subject).protostructure
        _drop_others(state, Keys.of(keys), others)
    rows = state.rows[np.argsort(ids[state.rows], kind="stable")]
    rejects = sorted(state.rejects, key=lambda r: (r.stage, r.reason, r.material_id, r.message))
    table, wyckoff = DatasetTable(records, traits, energy, rows), traits.wyckoff
    engine, counts = "none", SymmetryCounts()
    if wyckoff is not None:
        engine, counts = wyckoff.engine, SymmetryCounts(wyckoff.searched, wyckoff.reused)
    return Curated(table, rejects, state.funnel, dedupe.by, engine, counts)


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
            f"available columns: {', '.join(records.store.kinds)}",
            next_step="name one with --energy COLUMN, or keep all records with --dedupe none",
        )
    return _Dedupe(settings.dedupe, ranks_formulas=settings.dedupe == "polymorph")


def _drop_invalid(state: _Pass, subject: Subject, settings: CurateSettings) -> None:
    if not subject.records.has_structures:
        return
    fault = subject.traits.fault
    places = np.flatnonzero(fault[state.rows])
    reasons = [FAULTS[code] for code in fault[state.rows[places]].tolist()]
    texts = {k: v.format(min_distance=settings.min_distance) for k, v in REASONS.items()}
    state.drop(VALIDITY, places, reasons, [texts[reason] for reason in reasons])


def _drop_faults(state: _Pass, records: Records) -> None:
    if not records.faults:
        return
    places = np.flatnonzero([row in records.faults for row in state.rows.tolist()])
    faults = [records.faults[row] for row in state.rows[places].tolist()]
    state.drop(SPECTRA, places, [one.reason for one in faults], map(str, faults))


def _apply(state: _Pass, subject: Subject, settings: CurateSettings, rules: Sequence[Rule]) -> None:
    for rule in rules:
        decision = rule(subject, settings)
        if decision is not None:
            state.drop_where(decision.step, decision.drops, decision.reason, decision.message)


def _drop_repeated_ids(state: _Pass, subject: Subject) -> None:
    _, group, count = np.unique(state.ids[state.rows], return_inverse=True, return_counts=True)
    places = np.flatnonzero(count[group] > 1)
    if not len(places):
        return
    # Equal ids and energies are distinguished by content, so that input order does not matter.
    rows = state.rows[places]
    content = _content_digests(subject.records, rows)
    representative = lowest_in_group(group[places], subject.energy[rows], content)
    lost = places[representative != np.arange(len(rows))]
    message = "another record has the same id"
    state.drop(REPEATED, lost, ["repeated_id"] * len(lost), [message] * len(lost))


def _content_digests(records: Records, rows: Int) -> list[str]:
    """Digests of structures; that of its formula if a record has none, sorted behind those."""
    structures = records.store.structures_of(rows)
    formulas = [None] * len(rows)
    if not structures.is_complete:
        formulas = records.store.array("formula").take(numbers_array(rows)).to_pylist()
    digests = []
    for place in range(len(rows)):
        crystal = structures.crystal(place)
        digests.append(
            f"~{digest_json([formulas[place]])}" if crystal is None else crystal.digest()
        )
    return digests


def _drop_duplicates(state: _Pass, subject: Subject, dedupe: _Dedupe) -> None:
    records, present = subject.records, subject.records.store.present
    if dedupe.by == "polymorph":
        ranked = present | dedupe.ranks_formulas
        _drop_without_energy(state, subject, ranked)
        keys = Keys.of(subject.traits.formulas)
        if records.has_structures:  # nothing shows that a formula is that structure
            keys = keys.divided(~present, ("", " (no structure)"))
        step = (POLYMORPHS, "higher_polymorph")
        _drop_higher(state, *_in_parts(records, keys, step), subject.energy, ranked)
    elif dedupe.by == "protostructure":
        wyckoff = wyckoff_of(subject)
        text = "no space group was found within the tolerances"
        lacks = (wyckoff.space_group_number == 0) & present
        state.drop_where("symmetry", lacks, "no_symmetry", text)
        _drop_without_energy(state, subject, present)
        step = (PROTOSTRUCTURES, "same_protostructure")
        keys = Keys.of(wyckoff.protostructure)
        _drop_higher(state, *_in_parts(records, keys, step), subject.energy, present)


def _in_parts(records: Records, keys: Keys, step: tuple[str, str]) -> tuple[Keys, tuple[str, str]]:
    """Keys and step of a search for duplicates within each role of structures, and within each
    part of a given split, alone."""
    if records.role_column is not None:
        roles = Keys.of(records.store.array(records.role_column))
        keys = keys.divided(roles.codes, [f" ({role})" for role in roles.names.to_pylist()])
    if records.part_column is None:
        return keys, step
    parts = Keys.of(records.store.array(records.part_column))
    name, reason = step
    divided = keys.divided(parts.codes, [f" in {part}" for part in parts.names.to_pylist()])
    return divided, (f"{name}{OF_EACH_PART}", reason)


def _drop_without_energy(state: _Pass, subject: Subject, ranked: npt.NDArray[np.bool_]) -> None:
    """Drop the rows to be ranked whose energy per atom is not known."""
    places = np.flatnonzero((np.isnan(subject.energy) & ranked)[state.rows])
    if not len(places):
        return
    records, rows = subject.records, state.rows[places]
    given = is_present(records.store.array(str(records.energy_column)))
    of_cells = ~records.store.present & (records.energy_per == "cell") & given
    messages = [
        "its energy is that of a cell, whose atoms are not known without a structure"
        if of_cell
        else "it has no energy to rank by"
        for of_cell in of_cells[rows].tolist()
    ]
    state.drop(NO_ENERGY, places, ["no_energy"] * len(places), messages)


def _drop_higher(
    state: _Pass,
    keys: Keys,
    step: tuple[str, str],
    energy: Energies,
    ranked: npt.NDArray[np.bool_],
) -> None:
    """Of the ranked rows of each key keep the one of lowest energy; others are kept."""
    places = np.flatnonzero(ranked[state.rows])
    rows = state.rows[places]
    ids = state.ids[rows]
    best = lowest_in_group(keys.codes[rows], energy[rows], ids)
    lost = np.flatnonzero(best != np.arange(len(rows)))
    gaps = energy[rows[lost]] - energy[rows[best[lost]]]
    messages = [
        f"{keys.text(row)}: {kept} is {gap:.6f} eV/atom lower"
        for row, kept, gap in zip(
            rows[lost].tolist(), ids[best[lost]].tolist(), gaps.tolist(), strict=True
        )
    ]
    name, reason = step
    state.drop(name, places[lost], [reason] * len(lost), messages)


def _drop_others(state: _Pass, keys: Keys, others: Others) -> None:
    repeated = np.array([name in others.keys for name in keys.names.to_pylist()], dtype=np.bool_)
    step = f"removal of materials of {', '.join(others.names)}"
    message = "the other dataset contains it already"
    state.drop_where(step, repeated[keys.codes], "in_other_dataset", message)
