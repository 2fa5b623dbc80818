"""Filters: each states for every record why it is dropped, or nothing.

The bounds are those of Goodall 2022 (thesis 6.3.2, tables 6.1 to 6.3): fewer than 16 Wyckoff
positions, fewer than 64 sites, less than 500 Å³ per site. Filters of structures keep records
without one, of which they know nothing; a condition (``n_sites < 64``) does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.elements import atomic_number
from matdata.core.errors import CurationError
from matdata.core.expressions import parse_expression
from matdata.core.structures import Structures
from matdata.curate.records import Records, Wyckoff, energies_of, numbers_of
from matdata.curate.rows import dataset_table
from matdata.curate.settings import CurateSettings

HULL_NAMES = ("energy_above_hull", "e_above_hull", "ehull")


@dataclass(frozen=True)
class Subject:
    """What filters look at, one entry a record."""

    records: Records
    compositions: Compositions
    wyckoff: Wyckoff | None


@dataclass(frozen=True)
class Filter:
    """One filter.

    Attributes
    ----------
    step
        Name of its line in the funnel.
    reason
        Code in the ledger.
    message
        What is wrong, for a person.
    drops
        Records that go, (n,).
    """

    step: str
    reason: str
    message: str
    drops: npt.NDArray[np.bool_]


Rule = Callable[[Subject, CurateSettings], Filter | None]


def _deprecated(subject: Subject, settings: CurateSettings) -> Filter | None:
    column = subject.records.table.get("deprecated")
    if column is None or not settings.drop_deprecated:
        return None
    drops = np.array([value is True for value in column], dtype=np.bool_)
    return Filter("deprecated records", "deprecated", "its database deprecated it", drops)


def _holds(compositions: Compositions, symbols: Sequence[str]) -> npt.NDArray[np.bool_]:
    """For each entry of the compositions whether its element is among `symbols`."""
    numbers = [atomic_number(symbol) for symbol in symbols]
    return np.isin(compositions.numbers, np.array(numbers, dtype=np.uint8))


def _elements(subject: Subject, settings: CurateSettings) -> Filter | None:
    if not settings.elements and not settings.exclude_elements:
        return None
    compositions = subject.compositions
    wrong = _holds(compositions, settings.exclude_elements)
    if settings.elements:
        wrong |= ~_holds(compositions, settings.elements)
    row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    drops = np.bincount(row, wrong, minlength=len(compositions)) > 0
    return Filter("elements", "element_not_wanted", "it holds an element not wanted", drops)


def _wyckoff(subject: Subject) -> Wyckoff:
    if subject.wyckoff is None:
        raise CurationError(
            "a filter or --dedupe protostructure needs symmetry, and there is none",
            cause="the records hold compositions only, or --symmetry none was given",
            next_step="choose an engine (--symmetry moyopy), or leave the filter out",
        )
    return subject.wyckoff


def _valid_wyckoff(subject: Subject, settings: CurateSettings) -> Filter | None:
    if not settings.valid_wyckoff:
        return None
    message = "the multiplicities of its Wyckoff positions do not sum to its composition"
    drops = ~_wyckoff(subject).valid & subject.records.structures.present
    return Filter("valid Wyckoff representations", "invalid_wyckoff", message, drops)


def _few_wyckoff(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.wyckoff_below is None:
        return None
    limit = settings.wyckoff_below
    drops = _wyckoff(subject).n_wyckoff >= limit
    step = f"fewer than {limit} Wyckoff positions"
    return Filter(step, "many_wyckoff_positions", f"{limit} or more Wyckoff positions", drops)


def _structures(subject: Subject, what: str) -> Structures:
    if not subject.records.has_structures:
        raise CurationError(f"the filter {what} needs structures; these records hold formulas only")
    return subject.records.structures


def _few_sites(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.sites_below is None:
        return None
    limit = settings.sites_below
    structures = _structures(subject, "sites_below")
    drops = structures.scatter(structures.crystals.n_sites >= limit, False)
    return Filter(f"fewer than {limit} sites", "many_sites", f"{limit} or more sites", drops)


def _dense(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.volume_per_atom_below is None:
        return None
    limit = settings.volume_per_atom_below
    structures = _structures(subject, "volume_per_atom_below")
    crystals = structures.crystals
    with np.errstate(divide="ignore", invalid="ignore"):
        drops = structures.scatter(~(crystals.volume / crystals.n_sites < limit), False)
    step = f"less than {limit:g} Å^3 a site"
    return Filter(step, "large_volume", f"{limit:g} Å^3 a site or more", drops)


def _stable(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.hull_below is None:
        return None
    table = subject.records.table
    name = next((name for name in HULL_NAMES if name in table), None)
    if name is None:
        raise CurationError(
            f"hull_below needs a column {' or '.join(HULL_NAMES)}; columns seen: {', '.join(table)}"
        )
    drops = ~(numbers_of(table, name) < settings.hull_below)
    step = f"less than {settings.hull_below:g} eV/atom above the hull"
    return Filter(step, "above_hull", "too high above the hull, or not known", drops)


def _where(subject: Subject, settings: CurateSettings) -> Filter | None:
    """The user's own condition, over columns as the table of the dataset will have them."""
    if settings.where is None:
        return None
    records, compositions = subject.records, subject.compositions
    rows = np.arange(len(compositions))
    formulas = np.asarray(compositions.reduced_formulas(), dtype=np.str_)
    energy = energies_of(records, compositions)
    with np.errstate(divide="ignore", invalid="ignore"):  # cells that validity has refused
        table = dataset_table(records, rows, compositions, formulas, energy, subject.wyckoff)
    condition = parse_expression(settings.where, table, "the table of the dataset")
    condition.unit(records.units)
    drops = ~np.array(condition.holds(table, range(len(rows))), dtype=np.bool_)
    shown = settings.where if len(settings.where) <= 60 else f"{settings.where[:57]}…"
    return Filter(f"where {shown}", "not_selected", f"it is not known that {shown}", drops)


BEFORE_DEDUPE: tuple[Rule, ...] = (_deprecated, _elements, _valid_wyckoff, _where)
AFTER_DEDUPE: tuple[Rule, ...] = (_few_wyckoff, _few_sites, _dense, _stable)


def protostructure_labels(subject: Subject) -> npt.NDArray[np.str_]:
    """Labels of all records.

    Raises
    ------
    CurationError
        If no symmetry was determined.
    """
    return _wyckoff(subject).protostructure
