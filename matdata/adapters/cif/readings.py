"""The symmetry operations that a block can mean: all candidates, for the checks to choose from."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass

import gemmi

from matdata.adapters.cif.document import Block
from matdata.adapters.cif.operations import Operations, of_hall, of_triplets, with_centrings
from matdata.adapters.cif.space_groups import (
    of_setting,
    settings_of_number,
    settings_of_symbol,
    with_code,
)
from matdata.core.ledger import Unusable

TRIPLETS = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_as_xyz",
    "_space_group_symop_xyz",
)
HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
SYMBOLS = (
    "_space_group_name_h-m_alt",
    "_space_group_name_h-m_full",
    "_symmetry_space_group_name_h-m",
    "_symmetry_space_group_name_h-m_full",
    "_space_group_name_h-m",
)
NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
CODE = ("_space_group_it_coordinate_system_code",)
MAGNETIC = ("_space_group_symop_magn_operation_xyz", "_space_group_symop_magn_operation_xyzt")
CENTRINGS = ("_space_group_symop_magn_centering_xyz", "_space_group_symop_magn_centring_xyz")
MODULATED = ("_cell_wave_vector", "_space_group_symop_ssg", "_space_group_symop_magn_ssg")


@dataclass(frozen=True)
class Readings:
    """The operations that a block can mean.

    Attributes
    ----------
    operations
        All that it can mean, at least one.
    doubt
        Why none is accepted without a proof; None if the block is consistent.
    """

    operations: tuple[Operations, ...]
    doubt: Unusable | None = None


@dataclass(frozen=True)
class _Names:
    """The space group of a block as stated by symbols and number.

    Attributes
    ----------
    text
        Symbols and number as written, for messages; empty if there are none.
    settings
        The settings compatible with them.
    number
        The number stated.
    """

    text: str
    settings: tuple[gemmi.SpaceGroup, ...]
    number: int | None

    @property
    def numbers(self) -> set[int]:
        """The compatible space group numbers; empty if no known one is stated."""
        stated = {self.number} if self.number else set()
        return {setting.number for setting in self.settings} or stated

    @property
    def origin(self) -> Operations | None:
        """The setting, if one of two origins or of two kinds of axes is stated."""
        unambiguous = len(self.settings) == 1 and self.settings[0].ext in ("1", "2", "H", "R")
        return self.operations()[0] if unambiguous else None

    def operations(self) -> tuple[Operations, ...]:
        """The operations of the settings."""
        return tuple(of_setting(s.xhm(), s.hall) for s in self.settings)


def readings_of(block: Block) -> Readings:
    """The operations listed; else those of the Hall symbol, Hermann-Mauguin symbol or number.

    Raises
    ------
    Unusable
        If the block states no known symmetry, or several that contradict each other.
    """
    if block.any_of(*MODULATED) or block.value("_cell_modulation_dimension") not in (None, "0"):
        raise Unusable("not_periodic", "a modulated crystal, without three periods")
    magnetic = _magnetic(block)
    if magnetic is not None:
        return Readings((magnetic,))
    listed = [text for text in block.column(*TRIPLETS) or [] if text not in ("?", ".", "")]
    symbols = tuple(dict.fromkeys(text for tag in SYMBOLS if (text := block.value(tag))))
    number, code = block.value(*NUMBERS), block.value(*CODE)
    return _readings(tuple(listed), block.value(*HALL), symbols, number or "", code or "")


@functools.lru_cache(4096)
def _readings(
    listed: tuple[str, ...], hall: str | None, symbols: tuple[str, ...], number: str, code: str
) -> Readings:
    names = _names(symbols, number, code)
    if listed:
        return _checked(of_triplets(listed), names, hall)
    if hall is not None:
        return _checked(of_hall(hall), names)
    if names.settings:
        return Readings(names.operations())
    if names.text:
        raise Unusable("unknown_symmetry", f"no operations, and {names.text} is not known")
    doubt = Unusable("unknown_symmetry", "neither operations nor a space group are stated")
    return Readings((of_triplets(("x,y,z",)),), doubt)


def _magnetic(block: Block) -> Operations | None:
    triplets = block.column(*MAGNETIC)
    if triplets is not None:
        return of_triplets(with_centrings(triplets, block.column(*CENTRINGS) or ["x,y,z"]))
    if block.any_of("_space_group_magn", "_space_group_symop_magn"):
        raise Unusable("unknown_symmetry", "a magnetic space group without operations")
    return None


def _names(symbols: tuple[str, ...], number: str, code: str) -> _Names:
    stated_number = (
        int(number) if number.isdecimal() and len(number) <= 3 and number.isascii() else 0
    )
    stated_number = stated_number if stated_number <= 230 else 0
    text = " and ".join(repr(symbol[:40]) for symbol in symbols)
    text += f"{', ' if text else ''}number {stated_number}" if stated_number else ""
    candidates = [settings for symbol in symbols if (settings := settings_of_symbol(symbol))]
    if not symbols and stated_number:
        candidates = [settings_of_number(stated_number)]
    settings = candidates[0] if candidates else []
    for others in candidates[1:]:
        halls = {setting.hall for setting in others}
        settings = [setting for setting in settings if setting.hall in halls]
    if stated_number:
        settings = [setting for setting in settings if setting.number == stated_number]
    if candidates and not settings:
        raise Unusable("contradiction", f"space groups {text} are not the same")
    return _Names(text, tuple(with_code(settings, code) or settings), stated_number or None)


def _checked(operations: Operations, names: _Names, hall: str | None = None) -> Readings:
    """Operations, checked against the space group that the block names."""
    others = [*names.operations()]
    agree = operations.number is None or operations.number in (names.numbers or [operations.number])
    if hall:
        with contextlib.suppress(Unusable):  # an unreadable one contradicts nothing
            others.append(of_hall(hall))
            agree = agree and operations.number in (others[-1].number, None)
    if agree and (names.origin is None or names.origin.triplets == operations.triplets):
        return Readings((operations,))
    group = "P 1" if len(operations) == 1 else f"space group {operations.number}"
    stated = " and ".join(text for text in (names.text, f"Hall {hall}" if hall else "") if text)
    doubt = Unusable(
        "contradiction", f"the {operations.name} are {group}, the file states {stated}"
    )
    return Readings((operations, *others), doubt)
