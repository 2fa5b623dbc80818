"""Features that curation has computed already are read from the dataset's table, bit by bit."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from support import mixed
from support.executors import InCaller

import matdata as md
from matdata.features import featurizer
from matdata.features import symmetry as feature_symmetry
from matdata.features.cell import SpaceGroup
from matdata.features.wyckoff import Wyckoff
from matdata.store.files import write_json
from matdata.store.manifest import RECEIPT
from matdata.store.older_versions import MADE_BY
from matdata.store.records import read_record, seal_record
from matdata.symmetry import moyo
from matdata.symmetry.cell import NoSymmetry

pytestmark = pytest.mark.slow

BOTH = ["wyckoff", "space-group"]


def build(tmp_path, records, cache="c", features=BOTH, **options):
    path = mixed.write_csv(tmp_path / "records.csv", records)
    options = {"workers": 1, "shard_rows": 16, **options}
    return md.build(path, cache=tmp_path / cache, name="a", dedupe="none", split=None,
                    target="gap", features=features, **options)  # fmt: skip


@pytest.fixture
def searched(monkeypatch):
    """Numbers of crystals whose symmetry was searched for features."""
    sizes = []
    compute = feature_symmetry.SymmetrySearch.compute
    monkeypatch.setattr(
        feature_symmetry.SymmetrySearch,
        "compute",
        lambda self, batch: sizes.append(len(batch)) or compute(self, batch),
    )
    return sizes


@pytest.fixture
def odd(monkeypatch):
    """An engine that finds no symmetry in some cells, and merges sites of others."""
    real = moyo.prepare

    def prepare(*given):
        version, search = real(*given)

        def odd_search(cell):
            if cell[2][0] % 5 == 0:
                raise NoSymmetry(f"element {cell[2][0]}")
            found = search(cell)
            merges = found.number == 221 and cell[2][0] % 2
            return found._replace(orbits=[0] * len(cell[2])) if merges else found

        return version, odd_search

    monkeypatch.setattr(moyo, "prepare", prepare)


def contents(dataset, features=BOTH):
    """Every byte of features but the receipts."""
    return {
        (name, path.name, path.parent.name): path.read_bytes()
        for name in features
        for path in dataset.feature(name).folder.rglob("*")
        if path.is_file() and path.name != RECEIPT
    }


def searching(monkeypatch):
    for cls in (Wyckoff, SpaceGroup):
        monkeypatch.setattr(cls, "curated_columns", lambda self, curation: ())


@pytest.mark.parametrize("executor", [None, InCaller()])
def test_what_is_read_has_the_bytes_of_what_is_searched(executor, searched, tmp_path, monkeypatch):
    records = mixed.rows(66)
    read = build(tmp_path, records, executor=executor)
    assert searched == []
    searching(monkeypatch)
    assert contents(build(tmp_path, records, "searched")) == contents(read)
    assert sum(searched) == 44  # once for both


@pytest.mark.slow
def test_processes_read_as_well(tmp_path, monkeypatch):
    records = mixed.rows(66)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        read = build(tmp_path, records, executor=pool)
    searching(monkeypatch)
    assert contents(build(tmp_path, records, "searched")) == contents(read)


def test_what_has_no_symmetry_or_is_invalid(odd, searched, tmp_path, monkeypatch):
    def sample(cache):
        return md.build("sample:300", cache=tmp_path / cache, dedupe="none", split=None, workers=1,
                        features=BOTH)  # fmt: skip

    read = sample("c")
    rejects = read.feature("wyckoff").rejects()
    reasons = [one.reason for one in rejects]
    assert reasons.count("no_symmetry") > 1
    assert reasons.count("invalid_wyckoff") > 1
    assert sum(searched) == 2 * reasons.count("no_symmetry")  # their messages are in no column
    searching(monkeypatch)
    assert contents(sample("searched")) == contents(read)


@pytest.mark.parametrize(
    ("curation", "settings"),
    [
        ({"symmetry": "none"}, {}),
        ({"symmetry": "spglib"}, {}),
        ({"set": {"symmetry": {"symprec": 0.01}}}, {}),
        ({}, {"symprec": 0.01}),
        ({}, {"engine": "spglib"}),
        ({}, {"convention": "aviary"}),
    ],
)
def test_another_search_is_made(curation, settings, searched, tmp_path):
    dataset = build(tmp_path, mixed.rows(9), features=[], **curation)
    dataset.featurize("wyckoff", set={"wyckoff": settings}, workers=1)
    assert sum(searched) == 6


@pytest.mark.parametrize(
    ("engine", "settings"),
    [
        ("moyopy", {"terms": "sites", "labellings": "all"}),
        ("both", {}),
        ("spglib", {"engine": "spglib"}),
    ],
)
def test_an_equal_search_is_not_made(engine, settings, searched, tmp_path):
    dataset = build(tmp_path, mixed.rows(9), features=[], symmetry=engine)
    dataset.featurize("wyckoff", set={"wyckoff": settings}, workers=1)
    assert searched == []


def test_a_dataset_of_another_maker_is_searched(searched, tmp_path):
    dataset = build(tmp_path, mixed.rows(9), features=[])
    path = dataset.folder / RECEIPT
    receipt = read_record(path)
    receipt[MADE_BY]["moyopy"] = "0.1"
    write_json(path, seal_record(receipt))
    dataset.featurize("space-group", workers=1)
    del receipt[MADE_BY]
    write_json(path, seal_record(receipt))
    dataset.featurize("wyckoff", workers=1)
    assert searched == [6, 6]


def test_without_a_dataset_it_is_searched(searched, tmp_path):
    dataset = build(tmp_path, mixed.rows(9), features=["wyckoff"])
    block = featurizer("wyckoff").featurize(dataset.crystals)
    assert searched == [6]
    stored = dataset.feature("wyckoff").stored()["positions"]
    assert np.array_equal(block.fields["positions"].values, stored.values)
