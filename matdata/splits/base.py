"""Base classes: `Split` and the split `Method`.

A split is a statement about material ids, never about row numbers: a dataset may be sorted,
filtered or merged afterwards and every material stays in its part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import SplitError, did_you_mean, first_few
from matdata.core.html import card
from matdata.core.part_names import PARTS
from matdata.core.row_index import RowIndex
from matdata.core.settings import Settings
from matdata.splits.columns import Columns, Ids, aligned


@dataclass(frozen=True, eq=False, repr=False)
class Split(Mapping[str, list[str]]):
    """Disjoint parts of a dataset, by material id; a mapping of each part to the list of its ids.

    Attributes
    ----------
    name
        Short name that can be a file name (``70-15-15-seed0``).
    method
        Name of the method that made it.
    settings
        The settings of the method, as JSON values.
    parts
        Part name (``train``, ``val``, ``test``) to the sorted ids of that part. ``train`` is
        always present and no part is empty; a part that was not requested is absent.
    notes
        Remarks for the user: ratios obtained, materials left out.
    unmatched
        Of a published split, as JSON values: ``not_in_data`` are the ids by part that the data do
        not have, ``repeated`` the ids that stand in several places, with their parts. Empty if
        all ids match. Materials that are in no part are those of which `part_of` says so.

    Raises
    ------
    SplitError
        If a part is unknown or empty, an id occurs twice, or there is no part besides ``train``.
    """

    name: str
    method: str
    settings: JsonObject
    parts: dict[str, Ids]
    notes: tuple[str, ...] = field(default=())
    unmatched: JsonMapping = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in self.parts:
            if part not in PARTS:
                raise _unknown_part(part, PARTS)
        parts = {p: _frozen(self.parts[p]) for p in PARTS if p in self.parts}
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "notes", tuple(self.notes))
        _check_not_empty(self.name, parts)
        _check_disjoint(self.name, parts)

    def __getitem__(self, part: str) -> list[str]:
        if part not in self.parts:
            raise KeyError(part)
        return [str(identity) for identity in self.parts[part]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part} {count:,}" for part, count in self.sizes.items())
        return f"Split({self.name!r}, {sizes})"

    def _repr_html_(self) -> str:
        total = sum(self.sizes.values())
        rows = [(p, f"{n:,}", f"{100 * n / total:.1f} %") for p, n in self.sizes.items()]
        caption = f"{self.method}; digest {self.digest()[:8]}"
        return card(
            f"Split {self.name}", [caption, *self.notes], ("part", "materials", "share"), rows
        )

    def digest(self) -> str:
        """SHA-256 (hex) of the ids of each part; nothing else of the split enters it."""
        return digest_json({part: ids.tolist() for part, ids in self.parts.items()})

    def ids(self, part: str) -> Ids:
        """The sorted ids of one part, (n,).

        Raises
        ------
        SplitError
            If the split has no such part.
        """
        if part not in self.parts:
            raise _unknown_part(part, self.parts, f"split {self.name!r}: ")
        return self.parts[part]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of materials in each part."""
        return {part: len(ids) for part, ids in self.parts.items()}

    def part_of(self, ids: npt.ArrayLike) -> Ids:
        """Name of each id's part, (n,); ``""`` for an id that is in none."""
        split_ids = np.concatenate(list(self.parts.values()))
        names = np.repeat([*self.parts, ""], [*self.sizes.values(), 1]).astype(np.str_)
        parts: Ids = names[RowIndex(split_ids).find(ids)]  # the last name is that of none
        return parts

    def require_validation(self) -> Ids:
        """The validation ids, (n,); trainers call this, so that test never replaces them.

        Raises
        ------
        SplitError
            If the split has no validation part.
        """
        if "val" in self.parts:
            return self.parts["val"]
        shares = "/".join(self.parts)
        raise SplitError(
            f"split {self.name!r} has no validation part (it has {shares}); expected one to "
            "choose the model and the stopping epoch with",
            cause="it was made with two ratios, or a validation fraction of 0",
            next_step="make a split with three ratios such as 70/15/15 (or val_fraction above 0), "
            "or let `matdata train` go through all epochs with --no-validation "
            "(validation=False); the test part is never used for validation",
        )

    def describe(self) -> str:
        """Name, sizes and notes as text, one per line."""
        total = sum(self.sizes.values())
        lines = [f"{self.name} ({self.method}), {total} materials, digest {self.digest()[:8]}"]
        lines += [f"  {p:<5} {n:>8}  {100 * n / total:5.1f} %" for p, n in self.sizes.items()]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


SplitFunction = Callable[[Ids, Columns, Any], list[Split]]


@dataclass(frozen=True)
class Method:
    """A split method: its settings and its function.

    Calling it checks and sorts the ids (and the columns with them), so that no function can
    depend on the order of rows.

    Attributes
    ----------
    name
        Name in the registry.
    settings
        Settings class of the method.
    function
        ``(ids, columns, settings) -> list[Split]``; ids arrive sorted and unique.
    """

    name: str
    settings: type[Settings]
    function: SplitFunction

    def __call__(
        self, ids: npt.ArrayLike, table: Mapping[str, object], settings: Settings | None = None
    ) -> list[Split]:
        """Split `ids`, (n,); `table` holds the dataset's columns by name, in the order of `ids`."""
        sorted_ids, columns = aligned(ids, table)
        return self.function(sorted_ids, columns, settings or self.settings())


def parts_from_names(ids: Ids, names: npt.NDArray[Any]) -> dict[str, Ids]:
    """Group ids (n,) by their part's name (n,); ids whose name is ``""`` are left out."""
    return {part: ids[names == part] for part in PARTS if np.any(names == part)}


def _frozen(ids: npt.ArrayLike) -> Ids:
    sorted_ids = np.sort(np.array(ids, dtype=np.str_, ndmin=1))
    sorted_ids.setflags(write=False)
    return sorted_ids


def _unknown_part(part: str, available: Any, prefix: str = "") -> SplitError:
    return SplitError(
        f"{prefix}unknown part {part!r}{did_you_mean(part, available)}",
        next_step=f"available parts: {', '.join(available)}",
    )


def _check_not_empty(name: str, parts: Mapping[str, Ids]) -> None:
    empty = [part for part, ids in parts.items() if not len(ids)]
    if empty or "train" not in parts or len(parts) < 2:
        sizes = ", ".join(f"{part} {len(ids)}" for part, ids in parts.items()) or "no parts"
        raise SplitError(
            f"split {name!r} is not usable: expected materials in train and in at least one "
            f"other part, got {sizes}",
            cause="too few materials (or groups) for these ratios",
            next_step="choose other ratios, or leave out a part by setting it to 0",
        )


def _check_disjoint(name: str, parts: Mapping[str, Ids]) -> None:
    merged = np.sort(np.concatenate(list(parts.values())))
    twice = np.unique(merged[1:][merged[1:] == merged[:-1]])
    if len(twice):
        raise SplitError(
            f"split {name!r}: {len(twice)} ids occur more than once: {first_few(twice)}",
            cause="the same id is listed in two parts, or twice in one",
            next_step="keep each id in one part",
        )
