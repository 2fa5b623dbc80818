"""Which symmetry operations a block can mean: all of them, for the checks to decide among."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import gemmi

from matdata.adapters.cif.document import Block
from matdata.adapters.cif.operations import Operations, of_hall, of_triplets, with_centrings
from matdata.adapters.cif.space_groups import (
    of_setting,
    settings_of_number,
    settings_of_symbol,
    with_code,
)
from matdata.ledger import Unusable

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
        Why none may be believed without a proof; None where the block does not contradict itself.
    """

    operations: tuple[Operations, ...]
    doubt: Unusable | None = None


@dataclass(frozen=True)
class _Symbols:
    """What a block says by names: symbols as written, the settings they leave, the number."""

    text: str
    settings: tuple[gemmi.SpaceGroup, ...]
    number: int | None

    @property
    def names_origin(self) -> bool:
        """Whether one of two origins, or one kind of axes, is stated."""
        return len(self.settings) == 1 and self.settings[0].ext in ("1", "2", "H", "R")

    def operations(self) -> tuple[Operations, ...]:
        return tuple(of_setting(s.xhm(), s.hall) for s in self.settings)


def readings_of(block: Block) -> Readings:
    """The operations listed; else those of the Hall symbol, the Hermann-Mauguin symbol, the number.

    Raises
    ------
    Unusable
        If the block states no symmetry that is known, or several that contradict each other.
    """
    if block.any_of(*MODULATED) or block.value("_cell_modulation_dimension") not in (None, "0"):
        raise Unusable("not_periodic", "a modulated crystal, without three periods")
    magnetic = _magnetic(block)
    if magnetic is not None:
        return Readings((magnetic,))
    symbols = _symbols(block)
    listed = [text for text in block.column(*TRIPLETS) or [] if text not in ("?", ".", "")]
    hall = block.value(*HALL)
    if listed:
        return _checked(of_triplets(tuple(listed)), symbols, hall)
    if hall is not None:
        return _checked(of_hall(hall), symbols)
    if symbols.settings:
        return Readings(symbols.operations())
    if symbols.text:
        raise Unusable(
            "unknown_symmetry", f"no operations, and the symbol {symbols.text} is not known"
        )
    doubt = Unusable("unknown_symmetry", "neither operations nor a space group are stated")
    return Readings((of_triplets(("x,y,z",)),), doubt)


def _magnetic(block: Block) -> Operations | None:
    triplets = block.column(*MAGNETIC)
    if triplets is None:
        if block.any_of("_space_group_magn", "_space_group_symop_magn"):
            raise Unusable(
                "unknown_symmetry", "a magnetic space group without its list of operations"
            )
        return None
    found = of_triplets(with_centrings(triplets, block.column(*CENTRINGS) or ["x,y,z"]))
    return replace(found, name="the magnetic operations listed")


def _symbols(block: Block) -> _Symbols:
    texts = list(dict.fromkeys(text for tag in SYMBOLS if (text := block.value(tag))))
    number = _number(block)
    named = [settings for text in texts if (settings := settings_of_symbol(text))]
    if not texts:
        settings = settings_of_number(number) if number else []
        text = f"number {number}" if number else ""
    else:
        settings = named[0] if named else []
        for others in named[1:]:
            halls = {s.hall for s in others}
            settings = [s for s in settings if s.hall in halls]
        text = " and ".join(repr(text[:40]) for text in texts)
        text += f", number {number}" if number else ""
        if named and number:
            settings = [s for s in settings if s.number == number]
        if named and not settings:
            raise Unusable("contradiction", f"space groups {text} are not the same")
    settings = with_code(settings, block.value(*CODE) or "") or settings
    return _Symbols(text, tuple(settings), number)


def _number(block: Block) -> int | None:
    text = block.value(*NUMBERS)
    return int(text) if text and text.isdecimal() and 1 <= int(text[:9]) <= 230 else None


def _checked(operations: Operations, symbols: _Symbols, hall: str | None = None) -> Readings:
    """Operations held against what the block says by names."""
    others = [*symbols.operations()]
    with contextlib.suppress(Unusable):  # a Hall symbol that cannot be read contradicts nothing
        others += [of_hall(hall)] if hall else []
    numbers = {each.number for each in others} | {symbols.number}
    agree = operations.number is None or numbers - {None} <= {operations.number}
    if agree and symbols.names_origin:
        agree = any(each.triplets == operations.triplets for each in others)
    if agree:
        return Readings((operations,))
    name = "P 1" if len(operations) == 1 else f"space group {operations.number}"
    said = " and ".join(text for text in (symbols.text, f"Hall {hall}" if hall else "") if text)
    doubt = Unusable("contradiction", f"{operations.name} are {name}, the file states {said}")
    return Readings((operations, *others), doubt)
