"""Extended XYZ: crystals, with the cells of the table in their comment lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matdata.adapters.ase import append_frames
from matdata.adapters.xyz_text import text_for_comment
from matdata.core.errors import ConfigError
from matdata.datasets.exports.content import ID, Exported
from matdata.datasets.exports.headers import headers_of
from matdata.datasets.exports.kinds import columns_of, is_text


def write_extxyz(path: Path, content: Exported) -> None:
    """Write a frame per material; units are in the keys.

    Raises
    ------
    ConfigError
        If a text would make its frame unreadable.
    """
    headers = headers_of(content)
    texts = columns_of(content, is_text)
    with open(path, "w", encoding="utf-8") as file:
        for block in content.blocks():
            columns = block.columns()
            for name in texts:
                columns[name] = [_cell(name, cell) for cell in columns[name]]
            cells = {ID: columns.pop(ID), **{headers[n]: column for n, column in columns.items()}}
            append_frames(file, block.structures.crystals, cells)


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
