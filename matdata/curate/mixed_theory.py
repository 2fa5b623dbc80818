"""A guard: one target holds numbers of one functional, one correction scheme and one unit.

Databases say per record what its numbers are, in columns of well-known names. Where such a column
holds several values, the numbers beside it cannot be compared: the lowest energy of a formula
would be that of the functional which happens to give lower ones.
"""

from __future__ import annotations

import re

from matdata.core.errors import CurationError
from matdata.core.ledger import count_reasons
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings

LEVELS = (
    "thermo_type", "functional", "xc_functional", "dft_functional", "xc", "func", "run_type",
    "correction_scheme",
)  # fmt: skip
ENERGY_TYPE = "energy_type"  # GGA and GGA+U of one record each: only corrections make them one
UNITS = re.compile(r"(?P<stem>.+?)[ _-]units?$|units?$", re.IGNORECASE)


def check_levels(records: Records, settings: CurateSettings) -> None:
    """Refuse records whose numbers belong to several levels of theory or units.

    Raises
    ------
    CurationError
        If a column says so and `settings.mixed` is ``refuse``.
    """
    if settings.mixed == "allow":
        return
    for name, column in records.table.items():
        if not _tells(name, records):
            continue
        found = count_reasons(str(value) for value in column if value is not None)
        if len(found) > 1:
            shares = ", ".join(f"{count:,} {value}" for value, count in list(found.items())[:6])
            raise CurationError(
                f"the records mix what must not be compared: column {name!r} holds {shares}",
                cause="a collection of several functionals, correction schemes or units",
                next_step="take one of them from the source (mp: --thermo GGA_GGA+U), or mix them "
                "on purpose with --allow-mixed",
            )


def _tells(name: str, records: Records) -> bool:
    """Whether a column says what the numbers beside it are."""
    plain = name.lower()
    if plain in LEVELS:
        return True
    if plain == ENERGY_TYPE:
        corrected = not (records.energy_column or "").startswith("uncorrected")
        return not (corrected and "thermo_type" in records.table)
    found = UNITS.fullmatch(plain)
    if found is None:
        return False
    # A unit belongs to the columns of numbers whose names begin like its own.
    stem = found["stem"] or ""
    return any(
        other != name and other.lower().startswith(stem) and _is_numeric(column)
        for other, column in records.table.items()
    )


def _is_numeric(column: list[object]) -> bool:
    first = next((value for value in column if value is not None), None)
    return isinstance(first, (int, float)) and not isinstance(first, bool)
