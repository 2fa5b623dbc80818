"""A guard: the values of a target have one functional, one correction scheme and one unit.

Databases state this per record, in columns of well-known names. If such a column
holds several values, the numbers of these records cannot be compared: the lowest energy of a
formula would be that of the functional that happens to give lower ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from matdata.core.errors import CurationError
from matdata.core.ledger import count_reasons
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.store.cells import FLOAT, INT

RUN_TYPE, SCHEME = "run_type", "correction_scheme"
LEVELS = (
    "thermo_type", "functional", "xc_functional", "dft_functional", "xc", "func", RUN_TYPE, SCHEME,
)  # fmt: skip
#: Run types that correction schemes make comparable with GGA.
WITH_GGA = frozenset(("GGA+U", "GGA_U", "PBE+U", "PBE_U"))
ENERGY_TYPE = "energy_type"  # GGA and GGA+U per record: only corrections make them comparable
UNITS = re.compile(r"(?P<stem>.+?)[ _-]units?$|units?$", re.IGNORECASE)


def check_levels(records: Records, settings: CurateSettings) -> None:
    """Reject records whose numbers have several levels of theory or units.

    Raises
    ------
    CurationError
        If a column states several and `settings.mixed` is ``refuse``.
    """
    if settings.mixed == "allow":
        return
    for name in records.store.kinds:
        if not _states_level(name, records):
            continue
        cells = _levels(name, records)
        counts = count_reasons(str(value) for value in cells if value is not None)
        if len(counts) > 1:
            shares = ", ".join(f"{count:,} {value}" for value, count in list(counts.items())[:6])
            raise CurationError(
                f"the records mix values that must not be compared: column {name!r} holds {shares}",
                cause="a collection of several functionals, correction schemes or units",
                next_step="take one of them from the source (mp: --thermo GGA_GGA+U), or mix them "
                "deliberately with --allow-mixed",
            )


def _levels(name: str, records: Records) -> Sequence[object]:
    """Cells of a column; a run type that the record's correction reconciles with GGA is GGA."""
    cells = records.table[name]
    if name.lower() != RUN_TYPE or SCHEME not in records.store.kinds:
        return cells
    schemes = records.table[SCHEME]
    return [
        "GGA" if scheme is not None and cell in WITH_GGA else cell
        for cell, scheme in zip(cells, schemes, strict=True)
    ]


def _states_level(name: str, records: Records) -> bool:
    """Whether a column states the level of theory or the unit of other columns."""
    lowered = name.lower()
    if lowered in LEVELS:
        return True
    if lowered == ENERGY_TYPE:
        corrected = not (records.energy_column or "").startswith("uncorrected")
        return not (corrected and "thermo_type" in records.store.kinds)
    match = UNITS.fullmatch(lowered)
    if match is None:
        return False
    # A unit belongs to the numeric columns whose names begin with the same stem.
    stem = match["stem"] or ""
    return any(
        other != name and other.lower().startswith(stem) and kind in (INT, FLOAT)
        for other, kind in records.store.kinds.items()
    )
