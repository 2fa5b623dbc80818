"""Ids of a published split beside those of the data: which match, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matdata.core.documents import JsonObject
from matdata.core.errors import SplitError, first_few
from matdata.core.part_names import PARTS
from matdata.splits.columns import Ids

UNKNOWN = ("error", "drop")
REPEATED = ("error", "drop", "held_out")


@dataclass(frozen=True)
class Matched:
    """A published split as far as the data have its materials.

    Attributes
    ----------
    parts
        Ids by part, all of them in the data, each in one part.
    notes
        What was left out and what is in no part, counted, with the first ids.
    unmatched
        The whole lists, as in `Split.unmatched`.
    """

    parts: dict[str, list[str]]
    notes: tuple[str, ...]
    unmatched: JsonObject


def match(
    listed: Mapping[str, list[str]], ids: Ids, unknown: str = "error", repeated: str = "error"
) -> Matched:
    """Match the ids of a published split with those of the data.

    Parameters
    ----------
    listed
        Ids by part, as published.
    ids : (n,) str
        Ids of the data, sorted.
    unknown
        What to do about ids that are not in the data: ``error`` or ``drop``.
    repeated
        What to do about ids that stand in several places: ``error``, ``drop`` (they are in no
        part), or ``held_out`` (they stay in the last of train, val and test: the published test
        part stays whole, and nothing of it is trained on).

    Raises
    ------
    SplitError
        If ids are unknown or repeated and that is an error, or no id at all is in the data.
    """
    available = set(ids.tolist())
    places = _places(listed)
    missing = {part: [i for i in members if i not in available] for part, members in listed.items()}
    missing = {part: list(dict.fromkeys(own)) for part, own in missing.items() if own}
    twice = {i: parts for i, parts in places.items() if len(parts) > 1}
    if places and not available.intersection(places):
        raise _nothing_matches(listed, ids)
    if missing and unknown == "error":
        raise _unknown(missing, len(places), ids)
    if twice and repeated == "error":
        raise _repeated(twice)
    parts: dict[str, list[str]] = {part: [] for part in PARTS if part in listed}
    for identity, own in places.items():
        if identity in available and (len(own) == 1 or repeated == "held_out"):
            parts[own[-1]].append(identity)
    notes = (*_notes(missing, twice, repeated), *_left_over(ids, parts))
    lists = {"not_in_data": missing, "repeated": twice}
    return Matched(parts, notes, {name: value for name, value in lists.items() if value})


def _places(listed: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The parts that each id stands in, in the order of train, val and test."""
    places: dict[str, list[str]] = {}
    for part in PARTS:
        for identity in listed.get(part, ()):
            places.setdefault(identity, []).append(part)
    return places


def _distinct(by_part: Mapping[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(identity for own in by_part.values() for identity in own))


def _notes(
    missing: Mapping[str, list[str]], twice: Mapping[str, list[str]], repeated: str
) -> list[str]:
    notes = []
    if missing:
        names = _distinct(missing)
        counts = ", ".join(f"{part} {len(own):,}" for part, own in missing.items())
        notes.append(
            f"{len(names):,} ids are not in the data ({counts}), dropped: {first_few(names)}"
        )
    if twice:
        fate = "in no part" if repeated == "drop" else "kept in the last of their parts"
        notes.append(
            f"{len(twice):,} ids stand in several places, {fate}: {first_few(_shown(twice))}"
        )
    return notes


def _left_over(ids: Ids, parts: Mapping[str, list[str]]) -> list[str]:
    taken = {identity for members in parts.values() for identity in members}
    rest = [identity for identity in ids.tolist() if identity not in taken]
    return [f"{len(rest):,} materials are in no part: {first_few(rest)}"] if rest else []


def _shown(twice: Mapping[str, list[str]]) -> list[str]:
    return [f"{identity} ({' and '.join(parts)})" for identity, parts in twice.items()]


def _nothing_matches(listed: Mapping[str, list[str]], ids: Ids) -> SplitError:
    examples = [members[0] for members in listed.values() if members]
    return SplitError(
        f"none of the {sum(map(len, listed.values())):,} ids of the split is in the data: they "
        f"look like {first_few(examples)}, those of the data like {first_few(ids[:3].tolist())}",
        cause="the split belongs to other data, or ids are written differently",
        next_step="build the dataset with the ids that the split names (`--id COLUMN`)",
    )


def _unknown(missing: Mapping[str, list[str]], listed: int, ids: Ids) -> SplitError:
    names = _distinct(missing)
    return SplitError(
        f"{len(names):,} of the {listed:,} ids of the split are not in the data: "
        f"{first_few(names)}",
        cause="the split belongs to another version of the data, curation dropped these "
        "materials, or ids are written differently",
        next_step=f"compare with the data's own ids (such as {ids[0]}), or set unknown to "
        "drop to continue without them",
    )


def _repeated(twice: Mapping[str, list[str]]) -> SplitError:
    return SplitError(
        f"{len(twice):,} ids of the split occur more than once: {first_few(_shown(twice))}",
        cause="they are listed in two parts, or twice in one: what is tested would be trained on",
        next_step="correct the file, or set repeated to held_out (they stay in the last of train, "
        "val and test) or to drop (they are in no part)",
    )
