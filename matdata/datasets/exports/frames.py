"""Extended XYZ: crystals, with the cells of the table in their comment lines."""

from __future__ import annotations

from pathlib import Path

from matdata.adapters.ase import append_frames
from matdata.datasets.exports.content import Exported


def write_extxyz(path: Path, content: Exported) -> None:
    """Write a frame per material."""
    with open(path, "w", encoding="utf-8") as file:
        for block in content.blocks():
            append_frames(file, block.structures.crystals, block.columns())
