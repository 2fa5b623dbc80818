"""What a reader yields, and how files are opened: compressed or not, truncated or not."""

from __future__ import annotations

import contextlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

from matdata.errors import SourceError

Form = Literal["dict", "cif", "poscar", "xyz", "ase", "formula", "none"]
COMPRESSED = (".gz", ".xz", ".bz2")


@dataclass(frozen=True)
class Raw:
    """One record as it stands in the file, not yet parsed.

    Attributes
    ----------
    place
        Where it stands, for messages and for records without an id.
    form
        Notation of `payload`; ``none`` when there is nothing to read a structure from.
    payload
        Text or document of the structure, or the formula.
    values
        All other columns, and the material id as ``id``.
    id_key
        For payloads that hold the columns themselves (extended XYZ): which of them is the id.
    """

    place: str
    form: Form
    payload: Any
    values: dict[str, Any] = field(default_factory=dict)
    id_key: str | None = None


def plain_suffix(path: Path) -> str:
    """The suffix that tells the format, a compression suffix left aside (``.csv.gz`` -> .csv)."""
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def plain_stem(path: Path) -> str:
    """File name without its suffixes of format and compression."""
    name = path.name
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).stem


def open_text(path: Path) -> IO[str]:
    """Open a text file, compressed or not."""
    return cast(
        IO[str], _opener(path)(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    )


def open_binary(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, compressed or not."""
    return cast(IO[bytes], _opener(path)(path, "rb"))


def _opener(path: Path) -> Callable[..., Any]:
    import bz2
    import gzip

    openers: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
    opener: Callable[..., Any] = openers.get(path.suffix.lower(), open)
    return opener


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever a damaged or forbidden file raises into one clear error."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise SourceError(
            f"{path} ends in the middle of its compressed data ({error})",
            cause="the file is truncated: a download or a copy was cut off",
            next_step="fetch the file again; nothing was lost, the build goes on from there",
        ) from error
    except OSError as error:
        what = error.strerror or str(error)
        raise SourceError(
            f"{path} cannot be read: {what}",
            cause="not the kind of file its name says" if error.errno is None else None,
            next_step="check the path, its permissions and its suffix",
        ) from error


def read_frames(file: IO[str], place: str) -> Iterator[str]:
    """Texts of the frames of an extended XYZ file.

    Raises
    ------
    SourceError
        If it is no such file, or ends in the middle of a frame.
    """
    while header := file.readline():
        if not header.strip():
            continue
        try:
            count = int(header)
        except ValueError:
            raise SourceError(
                f"{place}: expected a number of atoms, got {header.strip()[:40]!r}",
                cause="the file is not extended XYZ, or a frame has fewer lines than it says",
            ) from None
        lines = [header, *(file.readline() for _ in range(count + 1))]
        if not lines[-1]:
            raise SourceError(
                f"{place} ends in the middle of a frame", cause="the file is truncated"
            )
        yield "".join(lines)


def flatten(document: dict[str, Any]) -> dict[str, Any]:
    """A document's scalar and numeric-list values; one level of nesting becomes ``a.b``."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict) and not is_structure_dict(value):
            flat |= {f"{key}.{k}": v for k, v in value.items() if _is_plain(v)}
        elif _is_plain(value):
            flat[key] = value
    return flat


def is_structure_dict(value: Any) -> bool:
    """Whether a value has the form of a pymatgen or JARVIS structure."""
    return isinstance(value, dict) and ("lattice_mat" in value or {"lattice", "sites"} <= {*value})


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(item, (int, float)) for item in value)
    return value is None or isinstance(value, (str, int, float, bool))
