"""Embeddings as files: NPZ, Parquet, CSV."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matdata.core.given import ending_of
from matdata.store import files
from matdata.store.csv import write_csv
from matdata.store.tables import schema_of, write_arrow

if TYPE_CHECKING:
    from matdata.training.embeddings import Embeddings


def _write_npz(path: Path, embeddings: Embeddings) -> None:
    """``ids`` (n,) text, ``vectors`` (n, d) float32, ``about`` JSON; nothing is pickled."""
    with open(path, "wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            ids=embeddings.ids,
            vectors=embeddings.vectors,
            about=np.array(json.dumps(about_of(embeddings), sort_keys=True)),
        )


def _write_parquet(path: Path, embeddings: Embeddings) -> None:
    """``material_id``, and ``embedding``, a list of d float32; the rest in the file's metadata."""
    import pyarrow as pa

    width = embeddings.vectors.shape[1]
    flat = pa.array(np.ascontiguousarray(embeddings.vectors).ravel())
    vectors = pa.FixedSizeListArray.from_arrays(flat, width)
    schema = schema_of(
        {"material_id": pa.string(), "embedding": vectors.type}, about=about_of(embeddings)
    )
    ids = pa.array(embeddings.ids.tolist(), pa.string())
    write_arrow(path, pa.Table.from_arrays([ids, vectors], schema=schema))


def _write_csv(path: Path, embeddings: Embeddings) -> None:
    """``material_id``, and a column for each number."""
    columns = {f"embedding_{k}": one.tolist() for k, one in enumerate(embeddings.vectors.T)}
    write_csv(path, {"material_id": embeddings.ids.tolist(), **columns})


FORMATS: dict[str, Callable[[Path, Embeddings], None]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}


def about_of(embeddings: Embeddings) -> dict[str, str]:
    """The run and its data, and how its members were combined, as texts."""
    combined = {"combine": embeddings.combine, "members": str(embeddings.members)}
    return {**embeddings.about, **combined}


def require_format(path: str | Path) -> str:
    """The ending of a file's name by which embeddings are written, in small letters.

    Raises
    ------
    ConfigError
        If it is none of `FORMATS`.
    """
    return ending_of(path, FORMATS, "embeddings")


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write embeddings in the format of the name's ending: a temporary file, then a rename.

    Raises
    ------
    ConfigError
        If the ending stands for no format.
    StoreError
        If the file cannot be written.
    """
    write = FORMATS[require_format(path)]
    with files.writing(path) as temporary:
        write(temporary, embeddings)
