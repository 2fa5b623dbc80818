"""Artefacts of every format version ever written are still read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import matdata as md
from matdata.cli import main
from matdata.store.catalogue import features

GOLDEN = sorted((Path(__file__).parents[1] / "golden").iterdir())


def test_there_are_golden_artefacts_of_the_present_format():
    from matdata.store.manifest import FORMAT_VERSION

    assert [folder.name for folder in GOLDEN][-1] == f"v{FORMAT_VERSION}", (
        "run tools/make_golden.py"
    )


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda folder: folder.name)
def test_old_artefacts_are_read(golden, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(golden, cache)
    assert main(["verify", "--cache", str(cache)]) == 0
    dataset = md.open("golden", cache)
    assert len(dataset) == 11
    assert dataset.ledger.reason.tolist() == ["higher_polymorph", "unreadable"]
    assert {part: len(ids) for part, ids in dataset.split().items()} == {
        "train": 8,
        "val": 2,
        "test": 1,
    }
    folders = features(cache, dataset.ref)
    assert len(folders) == 2
    now = md.compute("ofm", dataset.crystals)
    for folder in folders:
        feature = md.Feature(folder, dataset.ids, dataset.digest)
        np.testing.assert_allclose(feature.dense().values, now.values, rtol=1e-5, atol=1e-9)
