"""A grown dataset copies the symmetry of the same crystals from older versions, bit by bit."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pyarrow.parquet as pq
import pytest
from support import mixed
from support.executors import InCaller

import matdata as md
from matdata.cli import main
from matdata.curate import known_symmetry, symmetry
from matdata.store.files import temporary_beside, write_json
from matdata.store.manifest import RECEIPT
from matdata.store.older_versions import MADE_BY
from matdata.store.records import read_record, seal_record

pytestmark = pytest.mark.slow


@pytest.fixture
def searched(monkeypatch):
    """Numbers of crystals that an engine was given."""
    counts = []
    real = symmetry.analyse

    def counted(crystals, *given):
        counts.append(len(crystals))
        return real(crystals, *given)

    monkeypatch.setattr(symmetry, "analyse", counted)
    return counts


@pytest.fixture
def records():
    """66 records, of which every third has no structure."""
    return mixed.rows(66)


def build(tmp_path, records, cache="c", **options):
    path = mixed.write_csv(tmp_path / "records.csv", records)
    options = {"name": "a", "dedupe": "none", "workers": 1, **options}
    return md.build(path, cache=tmp_path / cache, split=None, target="gap", **options)


def sample(tmp_path, size, cache="c", **options):
    options = {"name": "s", "dedupe": "none", "workers": 1, **options}
    return md.build(f"sample:{size}", cache=tmp_path / cache, split=None, **options)


def contents(dataset):
    """Every byte of a dataset but the receipt."""
    return {
        path.name: path.read_bytes()
        for path in dataset.folder.iterdir()
        if path.is_file() and path.name != RECEIPT
    }


def counts(dataset):
    record = read_record(dataset.folder / RECEIPT)["symmetry"]
    return record["computed"], record["reused"]


@pytest.mark.parametrize("engine", ["moyopy", "both"])
def test_a_grown_dataset_has_the_bytes_of_one_curated_anew(engine, records, searched, tmp_path):
    build(tmp_path, records[:60], symmetry=engine)
    searched.clear()
    grown = build(tmp_path, records[6:], symmetry=engine)
    assert sum(searched) == 4 * (2 if engine == "both" else 1)
    anew = build(tmp_path, records[6:], symmetry=engine, reuse=False)
    assert anew.folder == grown.folder  # it is there
    anew = build(tmp_path, records[6:], "anew", symmetry=engine)
    assert contents(grown) == contents(anew)
    assert (counts(grown), counts(anew)) == ((4, 36), (40, 0))
    assert not list((tmp_path / "c").rglob(f"*{known_symmetry.FILE}"))
    assert md.verify(cache=tmp_path / "c").faults == []


def test_ids_and_order_do_not_matter_but_bits_do(records, searched, tmp_path):
    build(tmp_path, records)
    for number, record in enumerate(reversed(records)):
        record["material_id"] = f"other-{number:03d}"
    grown = build(tmp_path, records)
    assert counts(grown) == (0, 44)
    assert contents(grown) == contents(build(tmp_path, records, "anew"))
    records[1]["structure"] = records[1]["structure"].replace("90.0", "90.00000000001", 1)
    assert counts(build(tmp_path, records)) == (1, 43)


def test_the_build_says_how_many(tmp_path, capsys):
    command = ["--name", "s", "--dedupe", "none", "--split", "none", "--json",
               "--cache", str(tmp_path / "c")]  # fmt: skip
    assert main(["build", "sample:20", *command]) == 0
    assert json.loads(capsys.readouterr().out)["symmetry"] == {"computed": 20, "reused": 0}
    assert main(["build", "sample:22", *command]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["symmetry"] == {"computed": 2, "reused": 20}
    assert "symmetry: 2 computed, 20 copied from older versions" in printed.err
    assert main(["build", "sample:22", *command]) == 0  # it is there
    assert json.loads(capsys.readouterr().out)["symmetry"] == {"computed": 0, "reused": 0}
    assert main(["build", "sample:23", *command, "--no-reuse"]) == 0
    assert json.loads(capsys.readouterr().out)["symmetry"] == {"computed": 23, "reused": 0}
    assert main(["build", "sample:24", *command, "--symmetry", "none"]) == 0
    assert json.loads(capsys.readouterr().out)["symmetry"] == {"computed": 0, "reused": 0}


def test_other_settings_another_name_or_maker_are_no_source(tmp_path):
    first = sample(tmp_path, 20)
    assert counts(sample(tmp_path, 21, name="t")) == (21, 0)
    assert counts(sample(tmp_path, 21, symmetry="spglib")) == (21, 0)
    assert counts(sample(tmp_path, 21, set={"symmetry": {"symprec": 0.1000001}})) == (21, 0)
    receipt = read_record(first.folder / RECEIPT)
    receipt[MADE_BY]["moyopy"] = "0.1"
    write_json(first.folder / RECEIPT, seal_record(receipt))
    assert counts(sample(tmp_path, 22)) == (22, 0)
    del receipt[MADE_BY]
    write_json(first.folder / RECEIPT, seal_record(receipt))
    assert counts(sample(tmp_path, 23)) == (1, 22)


def test_versions_without_structures_or_symmetry_hold_nothing(records, tmp_path, monkeypatch):
    bare = [{**record, "structure": None} for record in records]
    assert counts(build(tmp_path, bare)) == (0, 0)
    with monkeypatch.context() as patched:
        patched.setattr(
            "matdata.symmetry.search.usable_cells", lambda crystals: np.zeros(len(crystals))
        )
        lacking = build(tmp_path, records[:50])
    assert counts(lacking) == (33, 0)
    assert set(lacking.columns["space_group_number"]) == {None}
    assert counts(build(tmp_path, records)) == (44, 0)
    none_left = build(tmp_path, records, "left", where="n_sites == 0 or space_group_number < 1 or "
                      "formula_given != ''")  # fmt: skip
    assert set(none_left.columns["space_group_number"]) == {None}
    assert counts(build(tmp_path, records, "left")) == (0, 44)
    assert counts(build(tmp_path, records[:65])) == (0, 43)


def test_a_version_that_holds_more_is_read_too(tmp_path):
    sample(tmp_path, 40)
    sample(tmp_path, 10)  # used last
    assert counts(sample(tmp_path, 42)) == (2, 40)


def test_what_has_no_symmetry_is_searched(tmp_path, monkeypatch):
    real = symmetry.analyse

    def finds_none_in_cubes(crystals, *given):
        cubes = np.ptp(np.linalg.norm(crystals.lattice, axis=2), axis=1) < 1e-9
        crystals = crystals.take(slice(None))
        crystals.lattice[cubes, 0] = 0.0
        return real(crystals, *given)

    monkeypatch.setattr(symmetry, "analyse", finds_none_in_cubes)
    first = sample(tmp_path, 200)
    lacking = first.columns["space_group_number"].count(None)
    assert 0 < lacking < 200
    grown, anew = sample(tmp_path, 210), sample(tmp_path, 210, "anew")
    assert counts(grown) == (10 + lacking, 200 - lacking)
    assert contents(grown) == contents(anew)


@pytest.mark.parametrize("engine", ["moyopy", "both"])
def test_what_left_the_dataset_is_known_as_well(engine, tmp_path):
    options = {"dedupe": "polymorph", "symmetry": engine}
    first = sample(tmp_path, 200, **options)
    assert len(first) < 100
    left = pq.read_table(first.folder / known_symmetry.LEFT)
    assert len(left) == 200 - len(first)
    grown, anew = sample(tmp_path, 212, **options), sample(tmp_path, 212, "anew", **options)
    assert (counts(grown), counts(anew)) == ((12, 200), (212, 0))
    assert contents(grown) == contents(anew)
    whole = sample(tmp_path, 212, symmetry=engine)
    assert counts(whole) == (0, 212)
    assert contents(whole) == contents(sample(tmp_path, 212, "anew", symmetry=engine, reuse=False))
    assert not (whole.folder / known_symmetry.LEFT).exists()
    path = grown.folder / known_symmetry.LEFT
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert counts(sample(tmp_path, 213, name="s", **options)) == (1, 212)  # of the whole one
    repaired = sample(tmp_path, 212, **options)
    assert repaired.folder == grown.folder
    assert contents(repaired) == contents(anew)
    md.rm(whole.ref, cache=tmp_path / "c")
    assert counts(sample(tmp_path, 214, **options)) == (2, 212)  # of the repaired one


@pytest.mark.parametrize("file", ["table.parquet", "crystals.h5", "manifest.json", RECEIPT])
def test_what_is_damaged_is_searched(file, tmp_path):
    first = sample(tmp_path, 20)
    path = first.folder / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    grown = sample(tmp_path, 21)
    assert counts(grown) == (21, 0)
    assert contents(grown) == contents(sample(tmp_path, 21, "anew"))


@pytest.mark.parametrize("first", [True, False])
def test_a_version_that_is_removed_meanwhile_is_searched(first, tmp_path, monkeypatch):
    sample(tmp_path, 20)
    real = known_symmetry.crystal_keys

    def removing(rows):
        keys = None if first else real(rows)
        md.rm(rows.dataset.ref, cache=tmp_path / "c", cascade=True)
        return real(rows) if first else keys

    monkeypatch.setattr(known_symmetry, "crystal_keys", removing)
    assert counts(sample(tmp_path, 21)) == ((21, 0) if first else (1, 20))


def test_a_file_of_a_killed_build_is_removed(tmp_path):
    first = sample(tmp_path, 20)
    left = temporary_beside(first.folder.with_name(known_symmetry.FILE))
    dead = left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-"))
    dead.write_bytes(b"of a process that was killed")
    assert counts(sample(tmp_path, 21)) == (1, 20)
    assert not dead.exists()


@pytest.mark.parametrize("where", ["caller", "own"])
def test_workers_copy_as_well(where, tmp_path, monkeypatch):
    monkeypatch.setattr("matdata.curate.survey.SYMMETRY_POOL", 1)
    sample(tmp_path, 1100)
    anew = sample(tmp_path, 1600, "anew")
    options = {"executor": InCaller()} if where == "caller" else {"workers": 2}
    grown = sample(tmp_path, 1600, **options)
    assert counts(grown) == (500, 1100)
    assert contents(grown) == contents(anew)


@pytest.mark.slow
def test_processes_of_the_caller_copy_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr("matdata.curate.survey.SYMMETRY_POOL", 1)
    sample(tmp_path, 700)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        grown = sample(tmp_path, 800, executor=pool)
    assert counts(grown) == (100, 700)
    assert contents(grown) == contents(sample(tmp_path, 800, "anew"))
