"""Audit: what the parts of a split share with each other.

A random split of a database that holds polymorphs puts the same composition on both sides, and a
test error then measures memory. The audit counts, for each key, how many materials of a later
part share a value with an earlier one, and names some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import SplitError, first_few
from matdata.core.printable import printable
from matdata.splits.base import Split
from matdata.splits.columns import Columns, Ids, Labels, aligned
from matdata.splits.purpose import JOINED, NEAR, REACTION, Level, kept_apart, level_of

PAIRS = (("train", "val"), ("train", "test"), ("val", "test"))
KEYS = ("formula", "chemsys", "protostructure")
#: Columns that a table of reactions has (source `reactions`); its key is the same product from the
#: same precursors.
OF_REACTIONS = frozenset({REACTION, "precursors"})
N_EXAMPLES = 5


@dataclass(frozen=True)
class Overlap:
    """Overlap of one part with another under one key.

    Attributes
    ----------
    key
        Column, or ``near_duplicate``.
    source, target
        The two parts: what a model sees, and what it is measured on.
    n_shared
        Materials of `target` that share a value with some material of `source`.
    n_target
        Materials of `target`.
    examples
        Up to five of (id in `target`, an id in `source`, the value).
    level
        What it means if some are shared (`matdata.splits.purpose`).
    """

    key: str
    source: str
    target: str
    n_shared: int
    n_target: int
    examples: tuple[tuple[str, str, str], ...]
    level: Level = "information"


@dataclass(frozen=True)
class Report:
    """The audit of one split.

    Attributes
    ----------
    split, digest
        Name and digest of the split.
    overlaps
        One entry per key and pair of parts.
    skipped
        Keys for which there is no column.
    unlabelled
        Key to the number of materials of the split without a value; they share nothing. Under
        ``near_duplicate``, where some have no structure to compare, how many.
    kept_apart
        Columns whose values the split keeps apart, taken together.
    """

    split: str
    digest: str
    overlaps: tuple[Overlap, ...]
    skipped: tuple[str, ...]
    unlabelled: dict[str, int]
    kept_apart: tuple[str, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether any two parts share a value under any of the keys checked."""
        return any(overlap.n_shared for overlap in self.overlaps)

    def shared(self, level: Level) -> list[Overlap]:
        """The overlaps of one level that share something."""
        return [o for o in self.overlaps if o.n_shared and o.level == level]

    def to_json(self) -> JsonObject:
        """The report as JSON values."""
        overlaps = [asdict(o) | {"examples": [list(e) for e in o.examples]} for o in self.overlaps]
        return {
            "split": self.split,
            "digest": self.digest,
            "leaks": self.leaks,
            "kept_apart": list(self.kept_apart),
            "overlaps": overlaps,
            "skipped": list(self.skipped),
            "unlabelled": self.unlabelled,
        }

    def to_text(self) -> str:
        """The report as text for reading."""
        return "\n".join(map(printable, self.lines()))

    def lines(self) -> list[str]:
        """The report for reading, line by line."""
        verdict = "parts share values" if self.leaks else "parts share nothing"
        apart = JOINED.join(self.kept_apart)
        keeps = f", which keeps {printable(apart)} apart" if apart else ""
        lines = [f"audit of {self.split}{keeps}: {verdict} under the keys checked"]
        for o in self.overlaps:
            percent = 100 * o.n_shared / o.n_target
            key, pair = printable(o.key), f"{o.source} -> {o.target}"
            lines.append(
                f"  {key:<16} {pair:<14} {o.n_shared:>8} of {o.n_target} ({percent:.1f} %)"
                + (f"  {o.level}" if o.n_shared else "")
            )
            lines += [f"      {a} as {b}: {value}" for a, b, value in o.examples]
        lines += [f"  no value of {key}: {n} materials" for key, n in self.unlabelled.items() if n]
        if self.skipped:
            lines.append(f"  not checked, no such column: {', '.join(self.skipped)}")
        return lines


def audit(
    split: Split,
    table: Mapping[str, object],
    keys: Iterable[str] | None = None,
    near_duplicates: Iterable[tuple[str, str]] | None = None,
) -> Report:
    """Count what each part shares with the parts before it.

    Parameters
    ----------
    split
        The split to audit.
    table
        The dataset's columns by name, ``material_id`` among them.
    keys
        Columns to compare by, or labels that `columns.DERIVED` derives from the formula; `KEYS`,
        of reactions also ``reaction``, and what the split keeps apart (joined by ``+``) if not
        given.
    near_duplicates
        Pairs of ids that are nearly the same material, from any search; ids
        outside the split are ignored.

    Raises
    ------
    SplitError
        If the table has no ids, or lacks some of the split's.
    """
    ids, columns = _aligned(table)
    parts = _parts_of(split, ids)
    apart = kept_apart(split)
    joint = JOINED.join(apart)
    overlaps: list[Overlap] = []
    unlabelled: dict[str, int] = {}
    available = set(columns.names())
    of_table = (*KEYS, REACTION) if available >= OF_REACTIONS else KEYS
    asked = (*of_table, *filter(None, (joint,))) if keys is None else keys
    requested_keys = tuple(dict.fromkeys(asked))
    skipped = []
    for key in requested_keys:
        names = apart if key == joint else (key,)
        if not available.issuperset(names):
            skipped.append(key)
            continue
        codes, values = _codes(columns.joint_labels(names))
        unlabelled[key] = int(np.sum((codes < 0) & (parts != "")))
        overlaps += _overlaps_by_key(key, ids, parts, codes, values)
    if near_duplicates is not None:
        overlaps += _overlaps_by_pairs(ids, parts, near_duplicates)
    structures = "protostructure" in available
    judged = [replace(o, level=level_of(o.key, o.source, apart, structures)) for o in overlaps]
    return Report(split.name, split.digest(), tuple(judged), tuple(skipped), unlabelled, apart)


def _aligned(table: JsonMapping) -> tuple[Ids, Columns]:
    if "material_id" not in table:
        raise SplitError(
            "an audit needs the column 'material_id'",
            next_step=f"available columns: {', '.join(table) or 'none'}",
        )
    return aligned(table["material_id"], table)


def _parts_of(split: Split, ids: Ids) -> Ids:
    split_ids = np.concatenate(list(split.parts.values()))
    unknown = split_ids[~np.isin(split_ids, ids)]
    if len(unknown):
        raise SplitError(
            f"{len(unknown)} ids of split {split.name!r} are not in the table: "
            f"{first_few(unknown)}",
            cause="the split belongs to another dataset or version",
            next_step="audit it with the table it was made from",
        )
    return split.part_of(ids)


def _codes(labels: Labels) -> tuple[np.ndarray, list[str]]:
    """Integer code of each material's label, (n,), -1 without one; and the labels by code."""
    numbers: dict[str | None, int] = {None: -1}
    for label in labels:
        numbers.setdefault(label, len(numbers) - 1)
    del numbers[None]
    codes = np.array([-1 if x is None else numbers[x] for x in labels], dtype=np.int64)
    return codes, [str(label).replace("\x1f", JOINED) for label in numbers]


def _overlaps_by_key(
    key: str, ids: Ids, parts: Ids, codes: np.ndarray, values: list[str]
) -> list[Overlap]:
    overlaps = []
    for source, target in _pairs(parts):
        first = np.full(len(values) + 1, -1, dtype=np.int64)  # the last entry is that of code -1
        rows = np.flatnonzero((parts == source) & (codes >= 0))[::-1]
        first[codes[rows]] = rows  # reversed, so that the smallest id stays
        inside = np.flatnonzero(parts == target)
        shared = inside[first[codes[inside]] >= 0]
        examples = tuple(
            (str(ids[row]), str(ids[first[codes[row]]]), values[codes[row]])
            for row in shared[:N_EXAMPLES].tolist()
        )
        overlaps.append(Overlap(key, source, target, len(shared), len(inside), examples))
    return overlaps


def _overlaps_by_pairs(
    ids: Ids, parts: Ids, near_duplicates: Iterable[tuple[str, str]]
) -> list[Overlap]:
    part_of = dict(zip(ids.tolist(), parts.tolist(), strict=True))
    partners: dict[tuple[str, str], dict[str, str]] = {}
    for a, b in near_duplicates:
        for id_, other in ((a, b), (b, a)):
            pair_of_parts = (part_of.get(other, ""), part_of.get(id_, ""))
            partner_of = partners.setdefault(pair_of_parts, {})
            partner_of[id_] = min(other, partner_of.get(id_, other))
    overlaps = []
    for source, target in _pairs(parts):
        shared = sorted(partners.get((source, target), {}).items())
        examples = tuple((a, b, "near duplicate") for a, b in shared[:N_EXAMPLES])
        n_target = int(np.sum(parts == target))
        overlaps.append(Overlap(NEAR, source, target, len(shared), n_target, examples))
    return overlaps


def _pairs(parts: Ids) -> list[tuple[str, str]]:
    present = set(parts.tolist())
    return [pair for pair in PAIRS if present.issuperset(pair)]
