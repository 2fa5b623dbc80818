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

from matdata.core.elements import atomic_number
from matdata.core.errors import CurationError
from matdata.core.expressions import parse_expression
from matdata.curate.records import Records, numbers_of
from matdata.curate.rows import DatasetTable
from matdata.curate.settings import CurateSettings
from matdata.curate.survey import Traits
from matdata.curate.symmetry import Wyckoff

HULL_NAMES = ("energy_above_hull", "e_above_hull", "ehull")


@dataclass(frozen=True)
class Subject:
    """What filters look at, one entry per record; energies (n,) are per atom."""

    records: Records
    traits: Traits
    energy: npt.NDArray[np.float64]


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
    if "deprecated" not in subject.records.store.kinds or not settings.drop_deprecated:
        return None
    marks = subject.records.store.array("deprecated")
    drops = np.array([mark is True for mark in marks.to_pylist()], dtype=np.bool_)
    return Filter("deprecated records", "deprecated", "its database deprecated it", drops)


def _holds(traits: Traits, symbols: Sequence[str]) -> npt.NDArray[np.bool_]:
    """For each element of the records whether it is among `symbols`."""
    numbers = [atomic_number(symbol) for symbol in symbols]
    return np.isin(traits.numbers, np.array(numbers, dtype=np.uint8))


def _elements(subject: Subject, settings: CurateSettings) -> Filter | None:
    if not settings.elements and not settings.exclude_elements:
        return None
    traits = subject.traits
    wrong = _holds(traits, settings.exclude_elements)
    if settings.elements:
        wrong |= ~_holds(traits, settings.elements)
    row = np.repeat(np.arange(len(traits)), traits.n_elements)
    drops = np.bincount(row, wrong, minlength=len(traits)) > 0
    return Filter("elements", "element_not_wanted", "it holds an element not wanted", drops)


def wyckoff_of(subject: Subject) -> Wyckoff:
    """The symmetry of the records.

    Raises
    ------
    CurationError
        If none was searched.
    """
    if subject.traits.wyckoff is None:
        raise CurationError(
            "a filter or --dedupe protostructure needs symmetry, and there is none",
            cause="the records hold compositions only, or --symmetry none was given",
            next_step="choose an engine (--symmetry moyopy), or leave the filter out",
        )
    return subject.traits.wyckoff


def _valid_wyckoff(subject: Subject, settings: CurateSettings) -> Filter | None:
    if not settings.valid_wyckoff:
        return None
    message = "the multiplicities of its Wyckoff positions do not sum to its composition"
    drops = ~wyckoff_of(subject).valid & subject.records.store.present
    return Filter("valid Wyckoff representations", "invalid_wyckoff", message, drops)


def _few_wyckoff(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.wyckoff_below is None:
        return None
    limit = settings.wyckoff_below
    drops = wyckoff_of(subject).n_wyckoff >= limit
    step = f"fewer than {limit} Wyckoff positions"
    return Filter(step, "many_wyckoff_positions", f"{limit} or more Wyckoff positions", drops)


def _require_structures(subject: Subject, what: str) -> None:
    if not subject.records.has_structures:
        raise CurationError(f"the filter {what} needs structures; these records hold formulas only")


def _few_sites(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.sites_below is None:
        return None
    limit = settings.sites_below
    _require_structures(subject, "sites_below")
    drops = (subject.traits.n_sites >= limit) & subject.records.store.present
    return Filter(f"fewer than {limit} sites", "many_sites", f"{limit} or more sites", drops)


def _dense(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.volume_per_atom_below is None:
        return None
    limit = settings.volume_per_atom_below
    _require_structures(subject, "volume_per_atom_below")
    drops = ~(subject.traits.volume_per_atom < limit) & subject.records.store.present
    step = f"less than {limit:g} Å^3 a site"
    return Filter(step, "large_volume", f"{limit:g} Å^3 a site or more", drops)


def _stable(subject: Subject, settings: CurateSettings) -> Filter | None:
    if settings.hull_below is None:
        return None
    columns = subject.records.store.kinds
    name = next((name for name in HULL_NAMES if name in columns), None)
    if name is None:
        raise CurationError(
            f"hull_below needs a column {' or '.join(HULL_NAMES)}; columns seen: "
            f"{', '.join(columns)}"
        )
    drops = ~(numbers_of(subject.records, name) < settings.hull_below)
    step = f"less than {settings.hull_below:g} eV/atom above the hull"
    return Filter(step, "above_hull", "too high above the hull, or not known", drops)


def _where(subject: Subject, settings: CurateSettings) -> Filter | None:
    """The user's own condition, over columns as the table of the dataset will have them."""
    if settings.where is None:
        return None
    records, rows = subject.records, np.arange(len(subject.traits), dtype=np.int64)
    table = DatasetTable(records, subject.traits, subject.energy, rows)
    condition = parse_expression(settings.where, table, "the table of the dataset")
    condition.unit(records.units)
    drops = ~np.array(condition.holds(table, range(len(rows))), dtype=np.bool_)
    shown = settings.where if len(settings.where) <= 60 else f"{settings.where[:57]}…"
    return Filter(f"where {shown}", "not_selected", f"it is not known that {shown}", drops)


BEFORE_DEDUPE: tuple[Rule, ...] = (_deprecated, _elements, _valid_wyckoff, _where)
AFTER_DEDUPE: tuple[Rule, ...] = (_few_wyckoff, _few_sites, _dense, _stable)
