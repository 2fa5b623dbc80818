"""An export as a whole: written beside its place, and moved there when it is complete."""

from __future__ import annotations

import json
import os
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.errors import StoreError
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.formats import FORMATS, require_holdable
from matdata.datasets.exports.hf_files import as_json, configs_of, divided
from matdata.store import files

#: File of a folder that says what the others are.
NOTE = "matdata.json"


def write_export(content: Exported, path: Path, form: str) -> Path:
    """Write a file or folder atomically; returns its path.

    Raises
    ------
    StoreError
        If it cannot be written, or is a folder that holds anything but an earlier export.
    FeatureError, ConfigError
        If the format cannot hold what was asked for.
    """
    require_holdable(form, content)
    folder = FORMATS[form].folder
    try:
        require_replaceable(path, folder=folder)
        files.sweep(path.parent, path.name)
        with files.replacing(path) as temporary:
            if folder:
                temporary.mkdir()
            FORMATS[form].write(temporary, content)
            if folder:
                _write_note(temporary, content, form)
    except OSError as error:
        raise storage_error(error, path, named=True) from error
    return path


def require_replaceable(path: Path, *, folder: bool) -> None:
    """Check that an export may take the place of what is there.

    Raises
    ------
    StoreError
        If a file is in the place of a folder, or the folder holds other files.
    """
    if not folder or not path.exists():
        return  # moving a file to its place refuses to replace a folder
    if not path.is_dir():
        raise StoreError(f"{path} is a file, and the format is a folder", next_step="name another")
    there = {one.relative_to(path).as_posix() for one in path.rglob("*") if not one.is_dir()}
    others = sorted(there - _written_before(path))
    if others:
        raise StoreError(
            f"{path} holds files that are not of an export: {', '.join(others[:3])}",
            cause="replacing the folder would remove them",
            next_step="name another folder, or move them",
        )


def _write_note(folder: Path, content: Exported, form: str) -> None:
    note = {
        **content.about(),
        "format": form,
        "rows": len(content),
        "units": content.units,
        "axes": content.axes,
        "targets": content.targets,
        "losses": FORMATS[form].lost(content),
        "provenance": content.provenance(),
        "files": files.file_records(folder, folder),
    }
    if content.split is not None and len(content.folds) > 1:
        note["configs"] = as_json(configs_of(content, divided(content)))
    files.write_json(folder / NOTE, note)


def _written_before(folder: Path) -> set[str]:
    """Names of the files of an export that is there; none if there is no export."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        return {NOTE, *map(os.fspath, note["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
