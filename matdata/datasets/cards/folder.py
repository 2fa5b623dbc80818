"""The exported folder that a card describes: Parquet shards by part, each with its digest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError, first_few
from matdata.datasets.exports.content import ID, Exported
from matdata.datasets.exports.hf import CALLED
from matdata.datasets.exports.hf_header import header
from matdata.datasets.exports.writing import NOTE
from matdata.store import files
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.tables import read_arrow

CARD, CROISSANT = "README.md", "croissant.json"
PARQUET, CSV = "application/x-parquet", "text/csv"
#: Files that a card writes itself, and so does not describe.
OWN = (CARD, CROISSANT, NOTE)


@dataclass(frozen=True)
class DataFolder:
    """An export of the format ``hf``, whose files are as they were written.

    Attributes
    ----------
    path
        The folder.
    note
        What the export says of itself.
    records
        Size in bytes and SHA-256 by name of file.
    """

    path: Path
    note: JsonObject
    records: dict[str, tuple[int, str]]

    @property
    def shards(self) -> dict[str, list[str]]:
        """Names of the Parquet files by part, as Hugging Face calls parts."""
        found = {
            part: sorted(name for name in self.records if name.startswith(f"data/{part}-"))
            for part in CALLED.values()
        }
        return {part: names for part, names in found.items() if names}

    @property
    def encoding(self) -> str:
        """Media type of the files."""
        return PARQUET

    @property
    def opening(self) -> str:
        """How it is opened, in Markdown."""
        return (
            '```python\nfrom datasets import load_dataset\n\ncrystals = load_dataset("FOLDER")\n'
            'import mlcroissant\n\nfile = mlcroissant.Dataset("FOLDER/croissant.json")\n'
            'materials = file.records("materials")\n```\n'
        )

    def header(self, content: Exported) -> str:
        """The header of Hugging Face."""
        paths = {part: [self.path / name for name in names] for part, names in self.shards.items()}
        return header(content, self.schema, paths)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by part."""
        return {
            part: sum(pq.read_metadata(self.path / name).num_rows for name in names)
            for part, names in self.shards.items()
        }

    @property
    def schema(self) -> pa.Schema:
        """Types of the columns."""
        first = next(iter(self.shards.values()))[0]
        return pq.read_schema(self.path / first)

    def parts(self) -> dict[str, list[str]]:
        """Sorted ids by part, as a split has them."""
        names = {called: part for part, called in CALLED.items()}
        return {
            names[part]: sorted(
                identity
                for shard in shards
                for identity in read_arrow(self.path / shard, (ID,)).column(ID).to_pylist()
            )
            for part, shards in self.shards.items()
        }

    def named(self, name: str) -> str:
        """Name of a file of the card."""
        return name

    def write(self, texts: dict[str, str]) -> None:
        """Write files of the card, and note their digests beside those of the export.

        Raises
        ------
        StoreError
            If one was edited since it was written, or cannot be written.
        """
        edited = [name for name, text in texts.items() if self._is_edited(name, text)]
        if edited:
            raise StoreError(
                f"{self.path} holds {first_few(edited)} as somebody edited it",
                next_step="move it away, or name a new folder; then bring the edits over",
            )
        for name, text in texts.items():
            with files.writing(self.path / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        written = files.file_records(self.path, self.path)
        written.pop(NOTE)
        files.write_json(self.path / NOTE, {**self.note, "files": written})

    def _is_edited(self, name: str, text: str) -> bool:
        """Whether a file is neither what was noted of it, nor what a killed card wrote already."""
        path = self.path / name
        if not path.exists() or path.read_bytes() == text.encode():
            return False
        return bool(files.file_records(self.path, path)[name] != self.note["files"].get(name))


def is_new(path: Path) -> bool:
    """Whether there is nothing yet."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def open_folder(path: Path, dataset: DatasetFolder) -> DataFolder:
    """The export in a folder, which must be one of this dataset, and whole.

    Raises
    ------
    StoreError
        If it is none, of another dataset or format, or its files were changed.
    """
    export = f"`matdata export {dataset.ref} FOLDER --format hf` writes one"
    try:
        note = json.loads((path / NOTE).read_text(encoding="utf-8"))
        form, of = note["format"], note["dataset_digest"]
        named = {name: (int(size), str(digest)) for name, (size, digest) in note["files"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} holds no export of matdata that a card could describe",
            cause=f"its {NOTE} is missing, or not what an export writes",
            next_step=f"name a new folder, which gets the data as well; or {export}",
        ) from error
    if form != "hf" or of != dataset.digest:
        raise StoreError(
            f"{path} holds {note.get('dataset')} as {form}, and the card is of {dataset.ref} as hf",
            next_step=f"name a new folder, which gets the data as well; or {export}",
        )
    files.sweep(path)  # what a killed card left
    records = {name: one for name, one in named.items() if name not in OWN}
    there = files.file_records(path, path)
    changed = [name for name, one in records.items() if tuple(there.get(name, ())) != one]
    changed += [name for name in there if name not in named and name not in OWN]
    if changed:
        raise StoreError(
            f"{path} holds files that are not those of its export: {first_few(sorted(changed))}",
            cause="they were changed, added or removed since",
            next_step=f"move them away, and export again: {export}",
        )
    return DataFolder(path, note, records)
