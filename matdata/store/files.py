"""Writing files so that nothing half-written ever looks whole."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from matdata.digest import digest_file


def fsync_path(path: Path) -> None:
    """Flush a file or a folder's entries to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_tree(path: Path) -> None:
    """Flush a file, or a folder with everything in it."""
    if path.is_dir():
        for entry in path.iterdir():
            fsync_tree(entry)
    fsync_path(path)


def publish(temporary: Path, final: Path) -> None:
    """Flush `temporary` and give it its final name in one step."""
    fsync_tree(temporary)
    if final.is_dir():
        shutil.rmtree(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, final)
    fsync_path(final.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_text(text, encoding="utf-8")
    publish(temporary, path)


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and machines: sorted, indented, atomic."""
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def remove(path: Path) -> None:
    """Remove a file or a folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()


def file_records(root: Path, part: Path) -> dict[str, list[Any]]:
    """``{path relative to root: [bytes, sha256]}`` for a file, or for all files of a folder."""
    paths = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
    return {p.relative_to(root).as_posix(): [p.stat().st_size, digest_file(p)] for p in paths}
