"""``--scheduler`` of commands beside build and featurize: the same answers, whoever computes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from support.crystals import many
from support.executors import InCaller
from support.files import write_csv

import matdata as md
from matdata.checks.report import Report
from matdata.cli import main
from matdata.core.crystals import Crystals, Ragged
from matdata.core.executors import Workers
from matdata.features import featurizer
from matdata.materials.compute import stored_fields
from matdata.store.verify import verify_folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    source = write_csv(folder / "some.csv", many(60))
    return md.build(source, cache=folder / "c", dedupe="none", features=["lattice"], workers=1)


def test_files_are_reread_on_an_executor(built):
    executor = InCaller()
    assert verify_folder(built.folder, built.manifest, ("splits",), Workers(2, executor)) == []
    assert executor.functions == ["_reread"]  # small files are reread by one task


@pytest.mark.slow
def test_verify_says_the_same_on_each_scheduler(built, capsys):
    alone = md.verify(built)
    assert not alone.faults
    for scheduler in ("threads", "processes", "dask"):
        assert (
            main(["verify", "--cache", str(built.cache), "--scheduler", scheduler, "--json"]) == 0
        )
        printed = json.loads(capsys.readouterr().out)
        assert printed == md.verify(cache=built.cache).to_json()
    path = built.folder / "table.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    try:
        report = md.verify(built, scheduler="processes")
        assert isinstance(report, Report)
        assert [fault.path for fault in report.faults] == [path]
    finally:
        path.write_bytes(whole)


def test_near_duplicates_are_searched_on_a_scheduler(built, capsys):
    expected = built.audit(near_duplicates=True).to_json()
    assert built.audit(near_duplicates=True, scheduler="threads").to_json() == expected
    with pytest.raises(md.ConfigError, match="--scheduler is about near duplicates"):
        built.audit(scheduler="threads")
    assert main(["audit", built.ref, "--cache", str(built.cache), "--scheduler", "thread"]) == 1
    assert "--scheduler is about near duplicates" in capsys.readouterr().err


@pytest.fixture(scope="module")
def doubled(tmp_path_factory):
    """Each crystal thrice, 2 % larger each time: the first and the third are linked by the second
    alone, as 5 % are the limit."""
    crystals = many(20)
    copies = [
        replace(
            crystals,
            ids=np.array([f"{name}-{copy}" for name in crystals.ids]),
            lattice=crystals.lattice * (1 + 0.012 * copy),
        )
        for copy in range(3)
    ]
    folder = tmp_path_factory.mktemp("doubled")
    source = write_csv(folder / "d.csv", Crystals.concat(copies))
    return md.build(source, cache=folder / "c", dedupe="none", split=None, workers=1)


def test_near_duplicates_stay_together_in_a_split_on_any_scheduler(doubled, capsys):
    split = doubled.split("60/20/20", group_by="near_duplicate", name="alone")
    assert any("pairs of near duplicates" in note for note in split.notes)
    report = doubled.audit("alone", near_duplicates=True)
    assert not [one for one in report.overlaps if one.key == "near_duplicate" and one.n_shared]
    parts = {name.rpartition("-")[0]: set() for name in doubled.ids}
    for name, part in zip(doubled.ids.tolist(), split.part_of(doubled.ids), strict=True):
        parts[name.rpartition("-")[0]].add(part)
    assert all(len(one) == 1 for one in parts.values())
    assert doubled.audit(doubled.split("60/20/20", name="r").name, near_duplicates=True).leaks
    for where in ("threads", "processes"):
        again = doubled.split("60/20/20", group_by="near_duplicate", name=where, scheduler=where)
        assert (again.digest(), again.notes) == (split.digest(), split.notes)
    words = ["split", doubled.ref, "--cache", str(doubled.cache), "--scheduler", "threads"]
    assert main([*words, "--by", "near_duplicate", "--split", "60/20/20", "--name", "cli"]) == 0
    assert doubled.split("cli").digest() == split.digest()
    capsys.readouterr()
    assert main(words) == 1
    assert "--scheduler is about near duplicates" in capsys.readouterr().err


def test_near_duplicates_cannot_be_grouped_by_without_structures(tmp_path):
    (tmp_path / "f.csv").write_text(
        "id,formula,y\n" + "".join(f"{k},NaCl{k},1\n" for k in range(9))
    )
    formulas = md.build(tmp_path / "f.csv", cache=tmp_path / "c", split=None)
    with pytest.raises(md.SplitError, match="no near_duplicate to group by"):
        formulas.split(group_by="near_duplicate")


@pytest.mark.parametrize("spec", ["ofm", "wyckoff", "lattice"])
def test_materials_in_memory_are_featurized_on_an_executor(built, spec):
    made, executor = featurizer(spec), InCaller()
    rows, fields, rejects = stored_fields(made, built.crystals)
    again = stored_fields(made, built.crystals, Workers(2, executor))
    assert executor.functions == ["compute_batch"]
    assert again[0].tolist() == rows.tolist()
    assert again[2] == rejects
    for name, column in fields.items():
        one, other = (x.values if isinstance(x, Ragged) else x for x in (column, again[1][name]))
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("command", ["verify", "build sample:9", "split none"])
def test_what_is_no_scheduler_is_refused_before_anything_is_read(command, tmp_path, capsys):
    words = [*command.split(), "--cache", str(tmp_path / "c"), "--scheduler", "dusk"]
    assert main(words) == 1
    assert "unknown scheduler 'dusk' (did you mean 'dask'?)" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()
