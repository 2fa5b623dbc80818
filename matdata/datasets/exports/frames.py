"""Extended XYZ: crystals, with the cells of the table in their comment lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from matdata.adapters.ase import append_frames
from matdata.adapters.xyz_text import text_for_comment
from matdata.core.errors import ConfigError
from matdata.datasets.exports.content import ID, Exported
from matdata.datasets.exports.headers import headers_of
from matdata.datasets.exports.kinds import columns_of, is_text

#: Keys of a comment line that describe the frame; ASE takes ``stress`` for that of the cell.
OF_FRAME = ("Lattice", "Properties", "pbc", "stress")
_PLAIN_ID = re.compile(r"[\w.:/+-]+")


def write_extxyz(path: Path, content: Exported) -> None:
    """Write a frame per material; units are in the keys.

    Raises
    ------
    ConfigError
        If a text would make its frame unreadable, or a column has the name of a part of the frame.
    """
    headers = headers_of(content)
    content.require_distinct([*headers.values(), *OF_FRAME], "a frame")
    texts = columns_of(content, is_text)
    with open(path, "w", encoding="utf-8") as file:
        for block in content.blocks():
            columns = block.columns()
            for name in texts:
                columns[name] = [_cell(name, cell) for cell in columns[name]]
            ids = [_id(one) for one in columns.pop(ID)]
            cells = {ID: ids, **{headers[n]: column for n, column in columns.items()}}
            append_frames(file, block.structures.crystals, cells)


def _id(text: str) -> str | None:
    """An id in a comment line: plain ones as they are, since readers of ids take 007 for a text."""
    return text if _PLAIN_ID.fullmatch(text) else _cell(ID, text)


def _cell(name: str, cell: str | None) -> str | None:
    if cell is None:
        return None
    form = text_for_comment(cell)
    if form is None:
        raise ConfigError(
            f"{name}: {cell[:60]!r} in a comment line would make the frame unreadable",
            next_step="write jsonl or hf, which hold any text",
        )
    return form[0]


def has_changed_ids(content: Exported) -> Sequence[str] | None:
    """Applies where an id is read back as another one."""
    ids = (one for block in content.blocks() for one in block.ids)
    odd = (one for one in ids if not _PLAIN_ID.fullmatch(one))
    return () if any(not (text_for_comment(one) or (one, True))[1] for one in odd) else None


def changed_texts(content: Exported) -> Sequence[str] | None:
    """Columns with a text that is read back as another one; None if there is none."""
    texts = columns_of(content, is_text)
    changed = {
        name
        for block in content.blocks()
        if texts
        for name in texts
        for cell in block.table[name].unique().to_pylist()
        if cell is not None and not (text_for_comment(cell) or (cell, True))[1]
    }
    return [name for name in texts if name in changed] or None
