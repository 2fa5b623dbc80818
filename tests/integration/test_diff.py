"""`matdata diff`: each kind of change is found, and nothing else."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from support import mp_server
from support.crystals import many
from support.files import mp_document

import matdata as md
from matdata.cli import main
from matdata.datasets.diff import compare
from matdata.datasets.snapshot_view import SnapshotView


def _documents():
    crystals = many(20)
    return [{**mp_document(crystals, row), "deprecated": False} for row in range(20)]


def _build(path, documents, cache, **options):
    path.write_text("".join(json.dumps(d) + "\n" for d in documents))
    target = ["formation_energy_per_atom", "band_gap"]
    return md.build(path, cache=cache, workers=1, split=None, target=target, **options)


def _scaled(document, factor):
    made = copy.deepcopy(document)
    matrix = np.array(made["structure"]["lattice"]["matrix"]) * factor
    made["structure"]["lattice"] = {"matrix": matrix.tolist()}
    return made


@pytest.mark.slow
def test_every_kind_of_change_is_distinguished(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    documents = _documents()
    old = _build(path, documents, tmp_path, name="a")
    kept = set(old.ids.tolist())
    left = [d for d in documents if d["material_id"] in kept]
    new = copy.deepcopy(left)
    ids = [d["material_id"] for d in left]
    new[0]["formation_energy_per_atom"] += 0.01
    new[1]["formation_energy_per_atom"] += 0.0001  # within the tolerance
    new[2] = _scaled(new[2], 1.02)
    new[3] = _scaled(new[3], 1.0001)
    new[4]["deprecated"] = True
    new[5]["material_id"] = "m-new-polymorph"
    new[6]["band_gap"] = None
    gone = new.pop(7)
    newer = _build(path, new, tmp_path, name="a")
    found = compare(old, newer)
    assert [(c.material_id, c.what) for c in found.retargeted] == [
        (ids[0], "formation_energy_per_atom"),
        (ids[6], "band_gap"),
    ]
    assert [(c.material_id, c.what) for c in found.restructured] == [(ids[2], "volume_per_atom")]
    assert found.deprecated == [ids[4]]
    assert [(a, b) for _, a, b in found.swapped] == [(ids[5], "m-new-polymorph")]
    assert found.removed == {gone["material_id"]: "not in the source"}
    assert found.added == []
    assert found.unchanged == len(left) - 6
    back = compare(newer, old)
    assert sorted(back.added) == sorted([ids[4], gone["material_id"]])
    capsys.readouterr()
    arguments = ["diff", old.ref, newer.ref, "--cache", str(tmp_path)]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert f"retargeted: {ids[0]} formation_energy_per_atom -0.5 -> -0.49" in text
    assert main([*arguments, "--exit-code"]) == 1
    assert main(["diff", old.ref, old.ref, "--cache", str(tmp_path), "--exit-code"]) == 0
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["deprecated"] == 1


def test_another_cell_of_the_same_crystal_is_no_change(tmp_path):
    from pymatgen.core import Structure

    documents = _documents()
    old = _build(tmp_path / "a.jsonl", documents, tmp_path, name="a")
    for document in documents:
        structure = Structure.from_dict(document["structure"])
        structure.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
        structure.translate_sites(range(len(structure)), [0.1, 0.2, 0.3])
        document["structure"] = structure.as_dict()
    new = _build(tmp_path / "a.jsonl", documents, tmp_path, name="a")
    assert new.ref != old.ref
    found = compare(old, new)
    assert found.is_empty, found
    assert found.unchanged == len(old)


def test_a_tolerance_and_a_wrong_one(tmp_path, capsys):
    documents = _documents()
    old = _build(tmp_path / "a.jsonl", documents, tmp_path, name="a")
    for document in documents:
        document["band_gap"] += 0.05
    new = _build(tmp_path / "a.jsonl", documents, tmp_path, name="a")
    assert len(compare(old, new).retargeted) == len(old)
    arguments = ["diff", old.ref, new.ref, "--cache", str(tmp_path), "--exit-code", "--set"]
    assert main([*arguments, "target=0.1"]) == 0
    assert main([*arguments, "targets=0.1"]) == 1
    assert "did you mean 'target'" in capsys.readouterr().err


@pytest.mark.slow
def test_structures_and_compositions_are_not_compared(tmp_path):
    old = _build(tmp_path / "a.jsonl", _documents(), tmp_path)
    path = tmp_path / "b.csv"
    path.write_text("formula,y\nNaCl,1\nKCl,2\n")
    with pytest.raises(md.StructureError, match="they cannot be compared"):
        compare(old, md.build(path, cache=tmp_path, split=None))


def _snapshot(dataset):
    return dataset.manifest["made_from"]["snapshot"]


def test_snapshots_are_compared_too(tmp_path, capsys):
    documents = _documents()
    old = _build(tmp_path / "a.jsonl", documents, tmp_path, name="a")
    new = copy.deepcopy(documents)
    ids = [d["material_id"] for d in documents]
    new[0]["formation_energy_per_atom"] += 0.01
    new[2] = _scaled(new[2], 1.02)
    new[4]["deprecated"] = True
    new[5]["material_id"] = "m-new"
    new[6]["structure"] = None
    newer = _build(tmp_path / "a.jsonl", new, tmp_path, name="a")
    capsys.readouterr()
    refs = [_snapshot(old), _snapshot(newer)]
    assert main(["diff", *refs, "--cache", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["before"] == refs[0]
    assert [one["material_id"] for one in found["retargeted"]] == [ids[0]]
    changed = [tuple(one.values()) for one in found["restructured"]]
    assert [one[:2] for one in changed] == [(ids[2], "volume_per_atom"), (ids[6], "structure")]
    assert changed[1][2:] == ("yes", "no")
    assert found["deprecated"] == [ids[4]]
    assert found["added"] == ["m-new"]
    assert found["removed"] == {ids[5]: "not in the source"}
    assert found["swapped"] == []
    assert found["unchanged"] == 20 - 5
    assert main(["diff", refs[0], refs[0], "--cache", str(tmp_path), "--exit-code"]) == 0
    assert main(["diff", refs[0], newer.ref, "--cache", str(tmp_path)]) == 1
    assert "one is a dataset and one a snapshot" in capsys.readouterr().err
    assert main(["diff", "files/nope", refs[0], "--cache", str(tmp_path)]) == 1
    assert "no snapshot 'nope' of files" in capsys.readouterr().err


@pytest.mark.slow
def test_what_the_materials_project_deprecates_shows_as_deprecated(tmp_path, monkeypatch):
    monkeypatch.setenv("MP_API_KEY", mp_server.KEY)
    documents = _documents()
    built = []
    for version, gone in (("2025.09.25", []), ("2026.04.13", [3, 4])):
        for row in gone:
            documents[row]["deprecated"] = True
        monkeypatch.setattr(mp_server, "VERSION", version)
        with mp_server.serving(documents) as server:
            monkeypatch.setenv("MP_API_ENDPOINT", server.url)
            built.append(
                md.build(
                    "mp", cache=tmp_path, split=None, dedupe="none", query={"thermo": "summary"}
                )
            )
    old, new = built
    expected = [documents[3]["material_id"], documents[4]["material_id"]]
    found = compare(old, new)
    assert found.deprecated == expected
    assert found.removed == {}
    sides = [SnapshotView.find(tmp_path, version) for version in ("mp/2025", "mp/2026")]
    of_snapshots = compare(*sides)
    assert of_snapshots.deprecated == expected
    assert (of_snapshots.removed, of_snapshots.added, of_snapshots.unchanged) == ({}, [], 18)
