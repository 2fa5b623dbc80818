"""What `gc --keep` keeps for caches of others."""

from pathlib import Path

from matdata.housekeeping.artefacts import Artefact
from matdata.housekeeping.policy import _snapshots_of


def _artefact(kind, ref, provides=(), needs=()):
    return Artefact(kind, ref, (Path(ref),), (), frozenset(provides), frozenset(needs))


def test_a_snapshot_that_a_dataset_of_others_was_made_from_stays():
    snapshot = _artefact("snapshot", "s", ["snapshot:s"])
    version = _artefact("dataset", "mine@1", ["rows:1"], ["snapshot:s"])
    theirs = _artefact("dataset", "theirs@1", ["rows:2"], ["snapshot:s"])
    here = [snapshot, version]
    assert _snapshots_of(here, [version], version, []) == [snapshot]
    assert _snapshots_of(here, [version], version, [theirs]) == []
    copy = _artefact("snapshot", "copy", ["snapshot:s"])
    assert _snapshots_of(here, [version], version, [theirs, copy]) == [snapshot]
