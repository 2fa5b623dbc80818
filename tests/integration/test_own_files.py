"""Own files keep all rows, databases their rule; a build that lost too much fails, and is kept."""

from __future__ import annotations

import json

import pytest
from support.crystals import few, real
from support.files import cif, write_csv

import matdata as md
from matdata.cli import main
from matdata.sources.matminer_data import MatminerData

pytestmark = pytest.mark.slow

ROWS = ["NaCl,-1.0", "NaCl,-2.0", "NaCl,-3.0", "MgO,-3.0"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("\n".join(["formula,energy_per_atom", *ROWS, ""]))
    return path


@pytest.fixture
def structures(tmp_path):
    """Three polymorphs of one formula, with energies."""
    crystals = md.Crystals.concat([few().take([0])] * 3)
    crystals = md.Crystals(["a", "b", "c"], **crystals.columns())
    return write_csv(tmp_path / "polymorphs.csv", crystals)


def run(cache, *words):
    return main([*map(str, words), "--cache", str(cache)])


def test_own_files_keep_all_rows_unless_asked(structures, table, tmp_path, capsys):
    for path, count in ((structures, 3), (table, 4)):
        assert len(md.build(path, cache=tmp_path / "c", split=None)) == count
        assert len(md.build(path, cache=tmp_path / "c", split=None, dedupe="auto")) == count
    asked = ["build", structures, "--split", "none"]
    assert run(tmp_path / "c", *asked, "--dedupe", "polymorph") == 0
    assert "(-2, --dedupe none keeps them)" in capsys.readouterr().out
    config = tmp_path / "build.toml"
    config.write_text('dedupe = "polymorph"\nsplit = "none"\n')
    assert len(md.build(structures, cache=tmp_path / "c", config=config)) == 1


def test_all_rows_and_dedupe_none_are_one_dataset(structures, tmp_path):
    digests = {
        md.build(structures, cache=tmp_path / "c", split=None, **options).digest
        for options in ({}, {"dedupe": "none"}, {"dedupe": "auto"})
    }
    assert len(digests) == 1


def test_a_saved_snapshot_keeps_the_rule_of_its_source(structures, tmp_path):
    for source in (structures, "sample:60"):
        built = md.build(source, cache=tmp_path / "c", split=None)
        saved = tmp_path / f"{built.manifest['name']}.jsonl"
        assert run(tmp_path / "c", "export", built.ref, saved, "--snapshot") == 0
        again = md.build(saved, cache=tmp_path / "other", split=None)
        assert again.digest == built.digest
        assert again.manifest["dedupe"] == built.manifest["dedupe"]
    assert built.manifest["dedupe"] == "polymorph"


def test_the_embedded_sample_and_databases_keep_their_rule(tmp_path, capsys, monkeypatch):
    assert run(tmp_path, "build", "sample") == 0
    assert "lowest-energy polymorphs" in capsys.readouterr().out
    phonons = real("matbench/phonons.csv.gz")
    assert md.build(phonons, cache=tmp_path, split=None, limit=20).manifest["dedupe"] == "none"
    assert MatminerData.name == "matminer"


def test_carbon_keeps_its_polymorphs(tmp_path):
    built = md.build(real("carbon24/val.csv.gz"), cache=tmp_path, limit=200, symmetry="none")
    assert len(built) == 200


@pytest.fixture
def lossy(tmp_path):
    """A folder with one whole file of four."""
    folder = tmp_path / "cifs"
    folder.mkdir()
    (folder / "good.cif").write_text(cif(few(), 0))
    for k in range(3):
        (folder / f"bad-{k}.cif").write_text("this is no CIF")
    return folder


def test_a_lossy_build_fails_and_is_kept(lossy, tmp_path, capsys):
    for _ in range(2):
        assert run(tmp_path / "c", "build", lossy, "--json") == 3
        printed = json.loads(capsys.readouterr().out)
        assert printed["exit_code"] == 3
        assert printed["error"]["kind"] == "IncompleteError"
        assert "--allow-loss" in printed["error"]["next_step"]
        assert printed["rows"] == 1
    assert printed["unchanged"]
    assert len(md.open("cifs", tmp_path / "c")) == 1
    with pytest.raises(md.IncompleteError, match="3 OF 4") as caught:
        md.build(lossy, cache=tmp_path / "c")
    assert caught.value.result["rows"] == 1
    assert len(md.build(lossy, cache=tmp_path / "c", allow_loss=True)) == 1
    config = tmp_path / "build.toml"
    config.write_text("allow-loss = true\n")
    assert len(md.build(lossy, cache=tmp_path / "c", config=config)) == 1
    assert run(tmp_path / "c", "build", lossy, "--allow-loss") == 0
    assert "accepted by --allow-loss" in capsys.readouterr().err


def test_repeated_ids_are_lost_records(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("material_id,formula\n" + "a,NaCl\n" * 5 + "b,MgO\n")
    with pytest.raises(md.IncompleteError, match="4 repeated_id"):
        md.build(path, cache=tmp_path / "c", split=None)


def test_what_was_asked_for_is_no_loss(table, tmp_path, capsys):
    cache = tmp_path / "c"
    for more in (
        ["--dedupe", "polymorph"],
        ["--filter", "elements=Mg,O"],
        ["--filter", "energy_per_atom < -2.5 and energy_per_atom > -3.5"],
        ["--limit", "1"],
    ):
        assert run(cache, "build", table, *more) == 0, more
    assert "REJECTED" not in capsys.readouterr().err


def test_a_split_that_was_asked_for_must_be_made(table, tmp_path, capsys):
    cache, asked = tmp_path / "c", ["build", table, "--limit", "2"]
    assert run(cache, *asked) == 0
    assert "no split was made" in capsys.readouterr().err
    for more in (["--split", "70/15/15"], ["--group-by", "nothing"]):
        assert run(cache, *asked, *more, "--json") == 3
        printed = json.loads(capsys.readouterr().out)
        assert printed["split"] is None
        assert printed["rows"] == 2
        assert "--allow-no-split" in printed["error"]["next_step"]
        assert run(cache, *asked, *more, "--allow-no-split") == 0
        assert "no split was made" in capsys.readouterr().err
    assert len(md.build(table, cache=cache, limit=2, split="70/15/15", allow_no_split=True)) == 2


def test_impossible_ratios_are_refused_before_anything_is_read(table, tmp_path, capsys):
    asked = ["build", table, "--split", "70/15/16", "--allow-no-split"]
    assert run(tmp_path / "c", *asked) == 1
    assert "70/15/16" in capsys.readouterr().err
    assert not (tmp_path / "c" / "snapshots").exists()
