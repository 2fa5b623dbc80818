"""The first records of a file, from which the roles of its columns are inferred."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from matdata.adapters.ase import frame_values
from matdata.core.ledger import Unusable
from matdata.sources.limits import CHUNK_WEIGHT
from matdata.sources.readers.base import DAMAGED, WEIGHT, Raw, Record
from matdata.sources.readers.records import XYZ_TEXT

PEEK = 50  # records sampled before reading, to distinguish numbers from text


def weight_of(record: Record) -> int:
    """Approximate bytes in memory: from the reader, plus those of the texts."""
    texts = sum(len(value) for value in record.values() if isinstance(value, str))
    return texts + int(record.get(WEIGHT, 0))


def first_readable(records: Iterator[Record]) -> tuple[list[Record], list[str]]:
    """The first readable records, and the faults of the unreadable ones among them."""
    first, damage, weight = [], [], 0
    for record in itertools.islice(records, PEEK):
        weight += weight_of(record)
        if DAMAGED in record:
            damage.append(str(record[DAMAGED]))
            continue
        try:
            values = frame_values(record[XYZ_TEXT]) if XYZ_TEXT in record else {}
        except Unusable as error:
            damage.append(str(error))
            values = {}
        first.append({**record, **values})
        if weight > CHUNK_WEIGHT:
            break
    return first, damage


def first_raw(raws: Iterator[Raw]) -> list[Raw]:
    """The first records, as many as are read to infer kinds of columns."""
    first, weight = [], 0
    for raw in itertools.islice(raws, PEEK):
        first.append(raw)
        weight += raw.weight
        if weight > CHUNK_WEIGHT:
            break
    return first


def column_names(records: Iterable[Record]) -> list[str]:
    """Names of the columns of some records, in their order."""
    names = dict.fromkeys(name for record in records for name in record)
    return [name for name in names if not name.startswith("__")]


def first_where(records: Iterable[Record], test: Callable[[str, object], bool]) -> list[Record]:
    """The first record with a name and value that pass a test, in a list; empty if none has."""
    passing = (one for one in records if any(test(*item) for item in one.items()))
    return list(itertools.islice(passing, 1))
