"""Older versions of a dataset: what they computed of the same materials serves a new one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from matdata.core.documents import JsonMapping
from matdata.core.errors import StoreError
from matdata.store.catalogue import committed
from matdata.store.latest import order
from matdata.store.manifest import RECEIPT
from matdata.store.records import read_record

MADE_BY = "made_by"  # key of a receipt: versions of packages and features of the processor


def versions_used_last(home: Path) -> list[Path]:
    """Folders of all versions of a dataset, the one used last first."""
    place: dict[str, int] = {}
    with contextlib.suppress(StoreError):
        place = {name: k for k, name in enumerate(order(home))}
    return sorted(committed(home), key=lambda folder: (-place.get(folder.name, -1), folder.name))


def is_made_by(folder: Path, maker: JsonMapping) -> bool:
    """Whether an artefact was computed by such packages on such a processor, as its receipt says.

    Raises
    ------
    StoreError
        If the receipt is missing or damaged.
    """
    return read_record(folder / RECEIPT).get(MADE_BY) == dict(maker)
