"""What a format does not keep, and whether a dataset has any of it.

A rebuild is `matdata build` of what was written. What it does not give back is a `Loss`, which
`export` prints and writes down; what no loss names comes back bit by bit.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matdata.core.documents import JsonObject
from matdata.core.part_names import PART_COLUMN
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.headers import renamed, without_place
from matdata.datasets.exports.kinds import (
    columns_of,
    is_array,
    is_nested,
    is_number,
    is_text,
    is_truth,
)
from matdata.sources.readers.csv_table import cell_value, is_text_column
from matdata.store.csv import csv_lines

#: What a dataset holds, as docs/export.md lists it.
ASPECTS = {
    "ids": "ids of materials",
    "structures": "lattices, fractional coordinates and elements, bit by bit",
    "formulas": "formulas of materials without a structure, as they were written",
    "rows": "all materials",
    "names": "names of columns",
    "texts": "cells of text",
    "numbers": "cells that are numbers",
    "truth": "cells that are true or false",
    "arrays": "cells that are lists of numbers",
    "nested": "cells that are records, or lists of texts or records",
    "units": "units of columns",
    "axes": "which column holds the points where the numbers of an array stand",
    "words": "licence, citation and description",
    "splits": "saved splits",
    "features": "features as features",
    "derived": "columns that matdata computes",
}


@dataclass(frozen=True)
class Loss:
    """Something that a rebuild does not give back.

    Attributes
    ----------
    aspect
        Key of `ASPECTS`.
    text
        What becomes of it.
    affected
        Columns, splits or features that it concerns, by their names; empty if it concerns all of
        the dataset, None if there is nothing of the kind.
    """

    aspect: str
    text: str
    affected: Callable[[Exported], Sequence[str] | None]

    def of(self, content: Exported) -> JsonObject | None:
        """The loss for a dataset as a record; None if it has nothing of the kind."""
        names = self.affected(content)
        if names is None:
            return None
        return {"aspect": self.aspect, "of": list(names), "text": self.text}


def sentence(loss: JsonObject) -> str:
    """A loss in one line."""
    names = loss["of"]
    shown = ", ".join(names[:5]) + (f", … ({len(names):,} in all)" if len(names) > 5 else "")
    return f"{loss['aspect']}{f' ({shown})' if names else ''}: {loss['text']}"


def some(names: Sequence[str]) -> Sequence[str] | None:
    """The names; None if there are none."""
    return names or None


def has_structures(content: Exported) -> Sequence[str] | None:
    """Applies where a material has a structure."""
    return None if content.dataset.kind == "composition" else ()


def arrays(text: str) -> Loss:
    """Lists of numbers are lost."""
    return Loss("arrays", text, lambda content: some(columns_of(content, is_array)))


def nested(text: str) -> Loss:
    """Records and lists of texts are lost."""
    return Loss("nested", text, lambda content: some(columns_of(content, is_nested)))


def _unwritten_splits(content: Exported) -> Sequence[str] | None:
    return some([name for name in content.dataset.split_names() if name not in content.folds])


def _left_out(content: Exported) -> Sequence[str] | None:
    if content.split is None:
        return None
    return None if sum(content.split.sizes.values()) == len(content) else (content.split.name,)


def _ambiguous_texts(content: Exported) -> Sequence[str] | None:
    """Columns of text with a cell that CSV does not give back."""
    names = dict.fromkeys(columns_of(content, is_text), False)
    for block in content.blocks() if names else ():
        for name in names:
            cells = block.table[name].unique().to_pylist()
            names[name] |= any(cell is not None and _is_ambiguous(cell, content) for cell in cells)
    return some([name for name, ambiguous in names.items() if ambiguous])


def _has_changed_ids(content: Exported) -> Sequence[str] | None:
    """Applies where CSV does not give back an id: a formula of a spreadsheet, blanks around it."""
    ids = (one for block in content.blocks() for one in block.ids)
    return () if any(_csv_text(one, content).strip() != one for one in ids) else None


def _read_as_texts(content: Exported) -> Sequence[str] | None:
    """Columns of numbers or truth values that sources take for ids or formulas by their names."""
    plain = columns_of(content, lambda kind: is_number(kind) or is_truth(kind))
    return some([name for name in plain if is_text_column(name)])


def _csv_text(text: str, content: Exported) -> str:
    (line,) = csv_lines({"": [text]}, header=False, raw=content.raw_text)
    ((cell,),) = csv.reader([line])
    return cell


def _is_ambiguous(text: str, content: Exported) -> bool:
    return bool(cell_value(_csv_text(text, content)) != text)


NAMES = Loss(
    "names", "their unit is in the header, and so in their name", lambda c: some([*renamed(c)])
)
ODD_UNITS = Loss(
    "units", "no header can state it; say it with --unit", lambda c: some(without_place(c))
)
CSV_TEXTS = Loss(
    "texts",
    "cells that look like numbers, truth values, missing values or formulas of a spreadsheet come "
    "back as those, or with an apostrophe",
    _ambiguous_texts,
)
CSV_IDS = Loss(
    "ids",
    "blanks around them are left out, and formulas of a spreadsheet come back with an apostrophe",
    _has_changed_ids,
)
CSV_NUMBERS = Loss(
    "numbers", "columns that are named as ids or formulas are come back as text", _read_as_texts
)
AXES = Loss("axes", "not written; say them with --axis", lambda c: some([*c.axes]))
WORDS = Loss(
    "words",
    "a rebuild does not read them; say them with --licence, --citation, --description",
    lambda c: some([*c.words]),
)
SPLITS = Loss("splits", "not written; `matdata split` makes them again", _unwritten_splits)
ROWS = Loss("rows", "materials that are in no part of the split are left out", _left_out)
FEATURES = Loss("features", "they come back as columns of the table", lambda c: some([*c.features]))
DERIVED = Loss(
    "derived",
    "a rebuild computes them anew, and has the written ones as `…_given`",
    lambda c: () if c.derived else None,
)
PART = Loss(
    "names",
    "the part of the split is a column of that name, and the table's is `part_given`",
    lambda c: (PART_COLUMN,) if c.split and PART_COLUMN in c.names.values() else None,
)
FOLDS = Loss(
    "splits",
    "in a file of their own, validation within train; a rebuild does not read it",
    lambda c: some([*c.folds]),
)
OTHERS = Loss(
    "splits",
    "a configuration each, which a rebuild does not read; it reads the first split",
    lambda c: some([*c.folds][1:]) if c.split else None,
)
#: Of formats that have a place for descriptions of the data.
STATING = (SPLITS, FEATURES, DERIVED)
ALWAYS = (WORDS, *STATING)
