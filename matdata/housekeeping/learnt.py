"""What commands learnt from datasets that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from matdata.core.cache import LEARNT
from matdata.core.digest import SHORT
from matdata.core.errors import StoreError
from matdata.housekeeping.artefacts import Artefact
from matdata.housekeeping.leftovers import Leftover, of_other_places
from matdata.store.files import was_left
from matdata.store.learnt import DATASET, checked
from matdata.store.walk import children


def forgotten(cache: Path, artefacts: Sequence[Artefact]) -> Iterator[Leftover]:
    """Files whose dataset is neither here nor in a second place, and damaged ones."""
    there = {key for one in artefacts for key in one.provides}
    there |= {f"dataset:{dataset.digest[:SHORT]}" for dataset in of_other_places(cache)}
    for path in children(cache / LEARNT)[0]:
        if path.name.startswith("."):
            if was_left(path):
                yield Leftover("temporary", "whoever wrote it has ended", (path,))
            continue
        try:
            identity = checked(path)[1]
        except StoreError:
            yield Leftover("learnt", "it is damaged, and learnt again when it is needed", (path,))
            continue
        if f"dataset:{str(identity.get(DATASET))[:SHORT]}" not in there:
            yield Leftover("learnt", "from a dataset that is gone", (path,))
