"""Readers of comma-separated text: a table with a header, cell by cell and row by row."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from matdata.core.errors import SourceError
from matdata.core.numerals import number_of_text
from matdata.sources.limits import MAX_COLUMNS, MAX_RECORD
from matdata.sources.readers.base import DAMAGED, Record, is_cif, is_missing
from matdata.sources.readers.opening import open_text
from matdata.sources.roles import FORMULA_NAMES, ID_NAMES

TEXT_NAMES = frozenset((*ID_NAMES, *FORMULA_NAMES))
BOOLEANS = {"True": True, "true": True, "False": False, "false": False}
UNNAMED = re.compile(r"Unnamed: [0-9]+(\.[0-9]+)?")  # pandas' name for a nameless column
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(path: Path, text_columns: frozenset[str] = frozenset()) -> Iterator[Record]:
    """Rows of a CSV file with a header; nameless columns (pandas' index) are left out.

    Ids and formulas stay text as written: 007 is not 7, and NaN is sodium nitride. A row with
    another number of cells than the header is passed on as damaged, since it is unknown which cell
    is missing or was split; empty cells beyond the header are no damage.

    Raises
    ------
    SourceError
        If two columns have one name, other separators than commas are used, or the file ends
        within a quotation.
    """
    with open_text(path) as file:
        yield from _records(csv_rows(file, str(path)), str(path), text_columns)


def csv_rows(lines: Iterable[str], name: str) -> Iterator[list[str]]:
    """Cells of each row of comma-separated text.

    Raises
    ------
    SourceError
        If it cannot be read, or ends within a quotation: all that follows the opening quote would
        be one cell, including whole records.
    """
    csv.field_size_limit(MAX_RECORD)
    row_lines: list[str] = []  # lines of the row being read

    def recorded_lines() -> Iterator[str]:
        for line in lines:
            row_lines.append(line)
            yield line

    reader = csv.reader(recorded_lines())
    try:
        for row in reader:
            if sum(line.count('"') for line in row_lines) % 2 and _is_open(row_lines):
                raise SourceError(
                    f"{name} ends within a quotation that begins in line "
                    f"{reader.line_num - len(row_lines) + 1:,} or later",
                    cause="the file is truncated, or a quotation mark is missing or superfluous",
                    next_step="download the file again, or repair that line",
                )
            row_lines.clear()
            yield row
    except csv.Error as error:
        raise SourceError(
            f"{name} is not a readable CSV file: {error} (line {reader.line_num:,})",
            next_step="check that it is text with a header line and separated by commas",
        ) from error


def _is_open(lines: Sequence[str]) -> bool:
    """Whether the quotation in which a row ends is never closed."""
    try:
        next(csv.reader(lines, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _records(
    lines: Iterable[list[str]], file_name: str, text_columns: frozenset[str]
) -> Iterator[Record]:
    rows = (row for row in lines if any(map(str.strip, row)) or len(row) > 1)
    header = next(rows, None)
    if header is None:
        return
    if len(header) > MAX_COLUMNS:
        raise SourceError(
            f"{file_name} has more than {MAX_COLUMNS:,} columns",
            cause="a matrix, or a transposed table",
        )
    check_separator(header, file_name)
    check_names(header, file_name)
    # once for all rows: a table may have thousands of columns
    named = [
        (place, name, _text_cell if is_text_column(name, text_columns) else cell_value)
        for place, name in enumerate(header)
        if not _is_nameless(name)
    ]
    for row in rows:
        n_cells = len(row)
        cells = {name: value(row[place]) for place, name, value in named if place < n_cells}
        damage = damage_of(row, header)
        yield {**cells, DAMAGED: damage} if damage else cells


def _text_cell(cell: str) -> str | None:
    return cell.strip() or None


def _is_nameless(name: str) -> bool:
    return not name.strip() or UNNAMED.fullmatch(name.strip()) is not None


def header_of(path: Path) -> list[str]:
    """Names of the columns that are read."""
    return [name for name in _header(path) if not _is_nameless(name)]


def unnamed_columns(path: Path) -> list[str]:
    """Columns that pandas named ``Unnamed: 0`` because they had no name; they are left out."""
    return [name for name in _header(path) if name.strip() and _is_nameless(name)]


def _header(path: Path) -> list[str]:
    with open_text(path) as file:
        return next(csv_rows(file, str(path)), [])


def mentions_cif(path: Path) -> bool:
    """Whether a line may be of a CIF: a quick look, without parsing any cell."""
    with open_text(path) as file:
        return any(is_cif(line) for line in file)


def check_separator(header: Sequence[str], file_name: str) -> None:
    """Reject a header whose names are not separated by commas.

    Raises
    ------
    SourceError
        If they are not; names the separator.
    """
    for sign, name in SEPARATORS.items():
        if len(header) == 1 and sign in header[0]:
            raise SourceError(
                f"{file_name} is separated by {name}, not by commas: its header is "
                f"{header[0][:80]!r}",
                cause="a table from a spreadsheet in a locale with the comma as decimal sign",
                next_step=f'pandas.read_csv(FILE, sep={sign!r}, decimal=",").to_csv("new.csv", '
                "index=False) writes it with commas and decimal points (check the numbers)",
            )


def check_names(header: Sequence[str], file_name: str) -> None:
    """Reject a header in which columns share a name.

    Raises
    ------
    SourceError
        If some do; lists them.
    """
    counts = Counter(name.strip() for name in header if name.strip())
    shared = [repr(name) for name, count in counts.items() if count > 1]
    if shared:
        raise SourceError(
            f"{file_name}: several columns are named {', '.join(shared)}",
            cause="only one of them could be kept, and it is ambiguous which",
            next_step="give them different names, or remove the ones you do not need",
        )


def damage_of(row: Sequence[str], header: Sequence[str]) -> str | None:
    """The fault in the number of cells of a row, None if there is none."""
    extra = any(cell.strip() for cell in row[len(header) :])
    if not extra and len(row) >= len(header):
        return None
    hint = "a decimal comma, or a text with a comma outside quotes" if extra else "a line cut off"
    return f"{len(row)} cells for {len(header)} columns ({hint}?)"


def is_text_column(column: str, text_columns: frozenset[str] = frozenset()) -> bool:
    """Whether cells of a column stay as they are written: ids, formulas, and what was asked for."""
    return column in text_columns or column.lower().strip().replace(" ", "_") in TEXT_NAMES


def cell_value(text: str) -> Any:
    """The value of a cell: a number in decimal notation, a boolean, missing, or the text itself.

    A number that no float64 holds (``1e400``, ``-inf``) stays text, so that it is counted with
    the cells that are not numbers.
    """
    number = number_of_text(text)  # first, as most cells are numbers, and no other value is one
    if number is not None:
        return number
    stripped = text.strip()
    if is_missing(stripped):
        return None
    return BOOLEANS.get(stripped, text)
