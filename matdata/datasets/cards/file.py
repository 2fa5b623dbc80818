"""The exported file that a card describes: Parquet or CSV, as an export writes it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matdata.core.digest import digest_file
from matdata.core.errors import StoreError
from matdata.datasets.cards.folder import CROISSANT, CSV, PARQUET
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.headers import headers_of
from matdata.datasets.exports.hf_header import header
from matdata.datasets.exports.table_files import UNIT, table_schema
from matdata.store import files
from matdata.store.dataset_folder import DatasetFolder

#: Endings of files that a card can describe.
ENDINGS = (".parquet", ".csv")


@dataclass(frozen=True)
class DataFile:
    """One file with all materials; the files of its card stand beside it, under its name.

    Attributes
    ----------
    path
        The file.
    content
        What it holds.
    """

    path: Path
    content: Exported

    @functools.cached_property
    def records(self) -> dict[str, tuple[int, str]]:
        """Size in bytes and SHA-256, by the name of the file."""
        ((name, (size, digest)),) = files.file_records(self.path.parent, self.path).items()
        return {name: (size, digest)}

    @property
    def encoding(self) -> str:
        """Its media type."""
        return PARQUET if self.path.suffix == ".parquet" else CSV

    @property
    def shards(self) -> dict[str, list[str]]:
        """Its name, as that of the only part."""
        return {"train": [self.path.name]}

    @property
    def patterns(self) -> dict[str, str]:
        """The file of the only part."""
        return {"train": self.path.name}

    @property
    def counts(self) -> dict[str, int]:
        """Rows by part."""
        return {"train": len(self.content)}

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """Types of the columns; of CSV lists and records are text, and headers state units."""
        if self.encoding == PARQUET:
            return pq.read_schema(self.path)
        fields, headers = list(table_schema(self.content)), headers_of(self.content)
        fields += [
            pa.field(label, pa.float64(), metadata={UNIT: unit} if unit else None)
            for feature in self.content.features.values()
            for label, unit in zip(feature.labels, feature.units, strict=True)
        ]
        return pa.schema(
            [_as_csv(one).with_name(headers.get(one.name, one.name)) for one in fields]
        )

    @property
    def opening(self) -> str:
        """How it is opened, in Markdown."""
        reader, name = self.path.suffix.removeprefix("."), self.path.name
        return (
            f'```python\nimport pandas as pd\n\ntable = pd.read_{reader}("{name}")\n'
            f'import mlcroissant\n\nfile = mlcroissant.Dataset("{name}.{CROISSANT}")\n'
            'materials = file.records("materials")\n```\n'
        )

    def parts(self) -> None:
        """Nothing: a file has no parts."""

    def header(self, content: Exported) -> str:
        """The header of Hugging Face; types are stated of Parquet alone, which has such."""
        return header(
            content,
            self.schema if self.encoding == PARQUET else None,
            {"train": [self.path]},
            self.patterns,
        )

    def write(self, texts: dict[str, str]) -> None:
        """Write the files of the card.

        Raises
        ------
        StoreError
            If one is there that says something else, or it cannot be written.
        """
        named = {self.path.with_name(self.named(name)): text for name, text in texts.items()}
        other = [
            path.name
            for path, text in named.items()
            if path.exists() and path.read_bytes() != text.encode()
        ]
        if other:
            raise StoreError(
                f"{other[0]} is there already, and says something else",
                cause="somebody edited it, or it is the card of another version",
                next_step="move it away; then bring edits over",
            )
        for path, text in named.items():
            with files.writing(path) as temporary:
                temporary.write_text(text, encoding="utf-8")

    def named(self, name: str) -> str:
        """Name of a file of the card: ``mine.parquet.README.md``."""
        return f"{self.path.name}.{name}"


def _as_csv(field: pa.Field) -> pa.Field:
    kind = field.type
    scalar = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return field if scalar else field.with_type(pa.string())


def require_export(path: Path, fresh: Path, dataset: DatasetFolder) -> None:
    """Check that a file is what an export of the dataset writes.

    Parameters
    ----------
    path, fresh
        The file, and what an export wrote just now.

    Raises
    ------
    StoreError
        If they differ.
    """
    if digest_file(path) != digest_file(fresh):
        raise StoreError(
            f"{path} is not what an export of {dataset.ref} writes",
            cause="it is of another dataset or version, has other features, or was changed since",
            next_step=f"`matdata export {dataset.ref} {path}` writes it again; name its features "
            "with --features",
        )
