"""What the names of a folder's files say: structure files, tables, and the parts of a split.

The rules are closed. A file belongs to a part if its folder (``train/``, ``data/val/``) or its
name without suffixes (``test.csv.gz``, ``train-00000-of-00002.parquet``) is a name of a part; a
folder in which some data files have a part and others have none is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from matdata.core.errors import SourceError
from matdata.core.part_names import GIVEN_SPLIT, PARTS, SYNONYMS
from matdata.sources.readers.folder import form_of
from matdata.sources.readers.id_prop import PROPERTIES
from matdata.sources.readers.opening import plain_stem, plain_suffix
from matdata.sources.readers.records import READERS

#: What `ReadOptions.parts` can say.
Reading = Literal["given", "none"]
#: Files of a data set repository that describe the others.
DESCRIPTIONS = frozenset(
    (
        "dataset_info.json",
        "dataset_infos.json",
        "dataset_dict.json",
        "state.json",
        "croissant.json",
        "matdata.json",
    )
)
_SHARD = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(-[0-9a-f]+)?")
_OUTER = "data"  # the folder in which repositories of data sets keep their files
SHOWN = 5  # names that a message lists
AS_ONE = "`--parts none` reads all of them as one dataset without a split"


@dataclass(frozen=True)
class Layout:
    """The data files of a folder.

    Attributes
    ----------
    parts
        Part of each file, in the order in which they are read; empty if there is no split.
    tables
        Files that hold many records each; empty if the files are structures.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[str, ...] = ()

    def note(self) -> str:
        """Which files make the split; empty if there is none."""
        if not self.parts:
            return ""
        places = dict.fromkeys(self.tables or map(_part_folder, self.parts))
        return f"{_listed([*places])} make the split `{GIVEN_SPLIT}`"


def layout_of(names: Sequence[str], place: Path, reading: str = "given") -> Layout:
    """The data files among the names of a folder's files, and the parts that they make.

    Parameters
    ----------
    names
        Relative paths with ``/``, in order, without hidden files.
    place
        The folder or archive, for messages.
    reading
        ``none`` to read files named by parts as one dataset.

    Raises
    ------
    SourceError
        If some files belong to a part and others to none, two files claim one part, shards are
        missing, or tables have no part and are not said to be one dataset.
    """
    data = [name for name in names if _is_data(name)]
    part_of = {name: part for name in data if (part := part_of_name(name)) is not None}
    structures = [name for name in data if not _is_table(name, data)]
    tables = [name for name in data if name not in structures]
    if reading == "none":
        return Layout() if structures else Layout(tables=_one_format(tables, place))
    if structures:
        return _of_structures(structures, tables, part_of, place)
    if not tables:
        return Layout()
    return _of_tables(tables, part_of, place)


def holds_tables_only(names: Sequence[str]) -> bool:
    """Whether there are data files among these names, and all hold many records each."""
    data = [name for name in names if _is_data(name)]
    return bool(data) and all(_is_table(one, data) for one in data)


def part_of_name(name: str) -> str | None:
    """The part that a file belongs to by its folder or its own name; None if to none."""
    *folders, _ = _inner(name)
    return SYNONYMS.get((folders[0] if folders else shard_stem(name)).lower())


def shard_stem(name: str) -> str:
    """A file's name without its folder, suffixes and number among shards."""
    stem = plain_stem(Path(PurePosixPath(name).name))
    shard = _SHARD.fullmatch(stem)
    return shard["name"] if shard else stem


def _inner(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    return parts[1:] if len(parts) > 1 and parts[0].lower() == _OUTER else parts


def _part_folder(name: str) -> str:
    """The folder by whose name a file has its part, or the file itself."""
    inner = _inner(name)
    return name if len(inner) == 1 else name[: -len("/".join(inner[1:]))]


def _is_data(name: str) -> bool:
    last = PurePosixPath(name).name
    if last == PROPERTIES or last in DESCRIPTIONS:
        return False
    return form_of(last) is not None or plain_suffix(Path(last)) in READERS


def _is_table(name: str, data: Sequence[str]) -> bool:
    return form_of(name) is None or _is_frames(name, data)


def _is_frames(name: str, data: Sequence[str]) -> bool:
    """Whether it is an extended XYZ file of a part, where all others are named by parts as well."""
    return form_of(name) == "xyz" and all(
        len(_inner(other)) == 1 and part_of_name(other) for other in data if form_of(other) == "xyz"
    )


def _of_structures(
    structures: list[str], tables: list[str], part_of: Mapping[str, str], place: Path
) -> Layout:
    named = [name for name in tables if name in part_of]
    if named:
        raise SourceError(
            f"{place} holds structure files and tables that are named by parts: {_listed(named)}",
            cause="it is ambiguous which of them are the materials",
            next_step="move one kind into a folder of its own, or build the files by their paths",
        )
    part_of = {k: part for k, part in part_of.items() if len(_inner(k)) > 1}  # by folders alone
    parts = {part_of.get(name) for name in structures}
    if "train" not in parts or parts == {"train"}:  # a folder that happens to be called `test`
        return Layout()
    _require_all(structures, part_of, place)
    return Layout(_in_order(structures, part_of))


def _of_tables(tables: list[str], part_of: Mapping[str, str], place: Path) -> Layout:
    named = [name for name in tables if name in part_of]
    if not named:
        raise SourceError(
            f"{place} holds no structure file (CIF, POSCAR, extended XYZ), but "
            f"{len(tables):,} tables: {_listed(tables)}",
            next_step="build one of them by its path; name them train, val and test if they are "
            f"the parts of a split; {AS_ONE}",
        )
    _require_all(tables, part_of, place)
    _one_format(tables, place)
    parts = _in_order(tables, part_of)
    for part in PARTS:
        _require_one_set([name for name in parts if parts[name] == part], part, place)
    if "train" not in parts.values():
        raise SourceError(
            f"{place} holds {_listed(tables)}, and no training part",
            next_step="add train.csv (or train/), or build a file by its path",
        )
    if set(parts.values()) == {"train"}:
        return Layout(tables=tuple(parts))
    return Layout(parts, tuple(parts))


def _require_all(names: Sequence[str], part_of: Mapping[str, str], place: Path) -> None:
    others = [name for name in names if name not in part_of]
    if others:
        named = [name for name in names if name in part_of]
        raise SourceError(
            f"{place}: {_listed(named)} {_belong(named)} of a split, {_listed(others)} to none",
            cause="a file with another name than train, val (valid, validation, dev) or test",
            next_step=f"rename or move {_listed(others)}; {AS_ONE}; or build one by its path",
        )


def _belong(names: Sequence[str]) -> str:
    return "belongs to a part" if len(names) == 1 else "belong to parts"


def _in_order(names: Sequence[str], part_of: Mapping[str, str]) -> dict[str, str]:
    return {name: part for part in PARTS for name in names if part_of[name] == part}


def _one_format(tables: Sequence[str], place: Path) -> tuple[str, ...]:
    kinds = sorted({plain_suffix(Path(name)) for name in tables})
    if len(kinds) > 1:
        raise SourceError(
            f"{place} holds tables of several formats ({', '.join(kinds)}): {_listed(tables)}",
            cause="the same data in several formats, which would be read twice",
            next_step="keep the files of one format in the folder",
        )
    return tuple(tables)


def _require_one_set(names: list[str], part: str, place: Path) -> None:
    """Of one part there is one file, all shards of one, or a folder."""
    shards = [_SHARD.fullmatch(plain_stem(Path(name))) for name in names]
    homes = {PurePosixPath(name).parent for name in names}
    if len(names) > 1 and (len(homes) > 1 or (None in shards and not _are_in_folder(names))):
        raise SourceError(
            f"{place}: several files are the part {part!r}: {_listed(names)}",
            next_step=f"keep one of them, or put all into a folder {part}/",
        )
    numbers = [(int(shard["number"]), int(shard["count"])) for shard in shards if shard]
    counts = {count for _, count in numbers}
    missing = set(range(max(counts, default=0))) - {number for number, _ in numbers}
    if len(counts) > 1 or missing:
        which = f"of {max(counts)} files, number {min(missing)}" if missing else "some"
        raise SourceError(
            f"{place}: the part {part!r} lacks shards ({which}): {_listed(names)}",
            cause="an incomplete download",
            next_step="download the others as well",
        )


def _are_in_folder(names: Sequence[str]) -> bool:
    return all(len(_inner(name)) > 1 for name in names)


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence; the first few where there are many."""
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])}, … ({len(names):,} in all)"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
