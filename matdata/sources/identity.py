"""Material ids: derived from file names, and the criteria of unusable ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from matdata.core.crystals import MAX_ID
from matdata.sources.readers.opening import COMPRESSED

SHOWN = 100  # characters of an unusable id in the ledger
SUFFIXES = (".cif", ".mcif", ".vasp", ".poscar", ".xyz", ".extxyz")
GENERIC = ("POSCAR", "CONTCAR")  # VASP keeps these in a folder named after the material


def stem_of(name: str) -> str:
    """File name without the suffixes of format and compression: ``POSCAR.mp-11`` has neither."""
    stem = PurePosixPath(name).name
    for suffixes in (COMPRESSED, SUFFIXES):
        suffix = next((candidate for candidate in suffixes if stem.lower().endswith(candidate)), "")
        if suffix and len(stem) > len(suffix):
            stem = stem[: -len(suffix)]
    return stem


def ids_of_files(names: Sequence[str]) -> list[str]:
    """One unique id per file.

    The id is the name without its suffixes, or the folder of a file called POSCAR or CONTCAR.
    Files that would share it get the path without suffixes, then the whole path, and members of
    an archive with the same path are numbered.

    Parameters
    ----------
    names
        Paths with ``/``, relative to the folder or archive.
    """
    ids = ["" for _ in names]
    ambiguous = list(range(len(names)))
    for name_of in (_by_name, path_stem, str):
        for row in ambiguous:
            ids[row] = name_of(names[row])
        counts = Counter(ids)
        ambiguous = [row for row in ambiguous if counts[ids[row]] > 1]
        if not ambiguous:
            return ids
    n_used: Counter[str] = Counter()
    for row in ambiguous:
        n_used[ids[row]] += 1
        ids[row] = f"{ids[row]}#{n_used[ids[row]]}"
    return ids


def _by_name(name: str) -> str:
    stem, parent = stem_of(name), PurePosixPath(name).parent.name
    return parent if stem.upper() in GENERIC and parent else stem


def path_stem(name: str) -> str:
    """A path without the suffixes of format and compression."""
    return (PurePosixPath(name).parent / stem_of(name)).as_posix()


def problem_of(identity: str) -> str | None:
    """Why a text cannot be an id, None if it can."""
    if not identity.strip():
        return "the id is empty"
    if len(identity) > MAX_ID:
        return f"the id has {len(identity):,} characters, more than {MAX_ID}"
    if identity.isprintable() and "\ufffd" not in identity:
        return None
    tests: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("a control character", lambda sign: sign < " " or "\x7f" <= sign < "\xa0"),
        ("half of a surrogate pair", lambda sign: "\ud800" <= sign <= "\udfff"),
        ("a byte that is no text", lambda sign: sign == "\ufffd"),
        ("a line separator", lambda sign: sign in "\u2028\u2029"),
    )
    kind = next((kind for kind, test in tests if any(map(test, identity))), None)
    return None if kind is None else f"the id holds {kind}"


def printable(identity: str) -> str:
    """An id for the ledger: an unusable one escaped and truncated, others unchanged."""
    if problem_of(identity) is None:
        return identity
    return identity[:SHOWN].encode("unicode_escape").decode("ascii").strip() or "(empty)"
