"""Pairs of initial and relaxed structures: rows, roles, duplicates, splits."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import matdata as md
from matdata.core.errors import SourceError, SplitError
from matdata.splits import make_splits

ROLE = "structure_role"


def _pairs(count=20):
    """Salts, and the same salts before relaxation: 10 % larger and not quite symmetric."""
    salts = itertools.product(("Li", "Na", "K", "Rb", "Cs"), ("F", "Cl", "Br", "I"))
    for k, (cation, anion) in enumerate(itertools.islice(salts, count)):
        relaxed = Structure(
            Lattice.cubic(4 + 0.05 * k), [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )
        initial = relaxed.copy()
        initial.scale_lattice(relaxed.volume * 1.1)
        initial.translate_sites([1], [0.02 + 0.02 * (k % 2), 0, 0])
        yield f"s{k}", relaxed, initial, -1 - 0.1 * k


def _json(path, change=None):
    rows = [
        {"material_id": name, "structure": relaxed.as_dict(), "before": initial.as_dict(),
         "e_form_per_atom": energy, "basin": "mine"}
        for name, relaxed, initial, energy in _pairs()
    ]  # fmt: skip
    for row, values in (change or {}).items():
        rows[row] = {k: v for k, v in {**rows[row], **values}.items() if v is not None}
    path.write_text(json.dumps(rows))
    return path


def _build(path, tmp_path, **options):
    given = {"initial_col": "before", "symmetry": "none", "workers": 1, "split": None, **options}
    return md.build(path, cache=tmp_path / "cache", **given)


def test_a_record_becomes_the_rows_of_its_two_structures(tmp_path):
    dataset = _build(_json(tmp_path / "p.json"), tmp_path)
    table = dataset.table
    assert len(table) == 40
    assert set(table.index) == {f"s{k}{end}" for k in range(20) for end in ("", "-initial")}
    assert table.basin.tolist() == [name.removesuffix("-initial") for name in table.index]
    initial = table.index.str.endswith("-initial")
    assert (table[ROLE] == np.where(initial, "initial", "relaxed")).all()
    assert (table.basin_given == "mine").all()  # the source's own column of that name
    assert "before" not in table.columns
    for name, relaxed, before, energy in _pairs():
        for row, structure in ((name, relaxed), (f"{name}-initial", before)):
            assert table.e_form_per_atom[row] == energy
            assert table.volume_per_atom[row] == pytest.approx(structure.volume / 2)


def test_tables_of_text_and_of_objects_give_the_same_pairs(tmp_path):
    import pandas as pd

    path = tmp_path / "p.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["material_id", "cif", "before", "e_form_per_atom"])
        rows.writerows(
            [name, one.to(fmt="cif"), two.to(fmt="cif"), energy]
            for name, one, two, energy in _pairs()
        )
    read = _build(path, tmp_path)
    frame = pd.DataFrame(
        [(a, b, c, d) for a, b, c, d in _pairs()],
        columns=["material_id", "structure", "before", "e_form_per_atom"],
    )
    given = _build(frame, tmp_path, name="frame")
    assert read.table.index.tolist() == given.table.index.tolist()
    for column in ("basin", ROLE, "formula", "e_form_per_atom"):
        assert read.table[column].tolist() == given.table[column].tolist()


def test_a_missing_structure_is_a_ledger_row_and_the_other_one_stays(tmp_path):
    change = {2: {"before": None}, 5: {"structure": None}, 7: {"before": "no structure"}}
    dataset = _build(_json(tmp_path / "p.json", change), tmp_path)
    left = set(dataset.ids.tolist())
    assert {"s2", "s5-initial", "s7"} <= left
    assert not {"s2-initial", "s5", "s7-initial"} & left
    rejected = {row["material_id"] for row in dataset.ledger.to_dict("records")}
    assert rejected == {"s2-initial", "s5", "s7-initial"}


def _two(tmp_path, relaxed, initial):
    """Documents of relaxed structures with energies, and of those before relaxation."""
    paths = tmp_path / "relaxed.json", tmp_path / "before.json"
    for path, rows in zip(paths, (relaxed, initial), strict=True):
        path.write_text(json.dumps(rows))
    return paths


def _rows():
    relaxed = [
        {"material_id": name, "structure": one.as_dict(), "e_form_per_atom": energy}
        for name, one, _, energy in _pairs()
    ]
    initial = [
        {"material_id": name, "structure": two.as_dict(), "steps": k}
        for k, (name, _, two, _) in enumerate(_pairs())
    ]
    return relaxed, initial[::-1]  # their order says nothing


def test_structures_of_two_files_are_those_of_two_columns(tmp_path):
    path, before = _two(tmp_path, *_rows())
    two = _build(path, tmp_path, initial_col=None, initial=before, split="60/20/20")
    rows = [
        {**row, "before": two_.as_dict()}
        for row, (_, _, two_, _) in zip(_rows()[0], _pairs(), strict=True)
    ]
    (tmp_path / "one.json").write_text(json.dumps(rows))
    one = _build(tmp_path / "one.json", tmp_path, split="60/20/20")
    assert two.ids.tolist() == one.ids.tolist()
    for column in ("basin", ROLE, "formula", "e_form_per_atom", "volume_per_atom"):
        assert two.table[column].tolist() == one.table[column].tolist()
    assert "steps" not in two.table.columns  # values are those of the relaxed structures
    assert two.split()["test"] == one.split()["test"]
    again = _build(path, tmp_path, initial_col=None, initial=before, split="60/20/20")
    assert again.ref == two.ref
    _two(tmp_path, _rows()[0], _rows()[1][:-1])
    other = _build(path, tmp_path, initial_col=None, initial=before, split="60/20/20")
    assert other.ref != two.ref  # the other file belongs to what the dataset is made of


def test_what_has_no_counterpart_is_a_ledger_row(tmp_path):
    relaxed, initial = _rows()
    initial = [row for row in initial if row["material_id"] != "s3"]
    initial += [{**initial[0], "material_id": "nobody"}, initial[4]]
    initial[7] = {"material_id": initial[7]["material_id"], "structure": "no structure"}
    path, before = _two(tmp_path, relaxed, initial)
    dataset = _build(path, tmp_path, initial_col=None, initial=before)
    ledger = dataset.ledger.set_index("material_id")
    assert ledger.reason["s3-initial"] == "no_initial_structure"
    assert ledger.reason["nobody-initial"] == "no_relaxed_structure"
    twice, text = initial[4]["material_id"], initial[7]["material_id"]
    assert ledger.reason[f"{twice}-initial"] == "repeated_initial_structure"
    assert "before.json" in ledger.message[f"{twice}-initial"]
    assert ledger.reason[f"{text}-initial"] == "unreadable"
    assert len(ledger) == 4
    assert {"s3", twice, text} <= set(dataset.ids.tolist())
    assert len(dataset) == 20 + 20 - 3
    limited = _build(path, tmp_path, initial_col=None, initial=before, limit=5, name="few")
    assert "nobody-initial" not in limited.ledger.material_id.tolist()


def test_folders_and_frames_are_matched_by_their_names(tmp_path):
    from ase.io import write
    from pymatgen.io.ase import AseAtomsAdaptor

    frames = {"relaxed": [], "before": []}
    for name, *both, energy in _pairs():
        for kind, structure in zip(frames, both, strict=True):
            (tmp_path / kind).mkdir(exist_ok=True)
            structure.to(filename=str(tmp_path / kind / f"{name}.cif"))
            atoms = AseAtomsAdaptor.get_atoms(structure)
            atoms.info = {"material_id": name, "e_form_per_atom": energy, "role": kind}
            frames[kind].append(atoms)
    for kind, all_atoms in frames.items():
        write(tmp_path / f"{kind}.extxyz", all_atoms)
    folders = _build(tmp_path / "relaxed", tmp_path, initial_col=None, initial=tmp_path / "before")
    xyz = _build(
        tmp_path / "relaxed.extxyz", tmp_path, initial_col=None,
        initial=tmp_path / "before.extxyz",
    )  # fmt: skip
    mixed = _build(
        tmp_path / "relaxed.extxyz", tmp_path, initial_col=None, initial=tmp_path / "before",
        name="mixed",
    )  # fmt: skip
    expected = {f"s{k}{end}" for k in range(20) for end in ("", "-initial")}
    for dataset in (folders, xyz, mixed):
        assert set(dataset.ids.tolist()) == expected
        assert len(dataset.ledger) == 0
        volume = dataset.table.volume_per_atom
        for name, one, two, _ in _pairs():
            assert volume[name] == pytest.approx(one.volume / 2, rel=1e-6)
            assert volume[f"{name}-initial"] == pytest.approx(two.volume / 2, rel=1e-6)
    energy = xyz.table.e_form_per_atom
    assert all(energy[name] == energy[f"{name}-initial"] == e for name, _, _, e in _pairs())
    assert set(xyz.table.role) == {"relaxed"}  # values of a record are those of its relaxed row


def test_bad_initial_paths_are_refused(tmp_path):
    relaxed, initial = _rows()
    path, before = _two(tmp_path, relaxed, initial)
    given = {"initial_col": None}
    with pytest.raises(SourceError, match=r"there is no file .*befor\.json"):
        _build(path, tmp_path, **given, initial=tmp_path / "befor.json")
    with pytest.raises(SourceError, match="in a column, or in another file"):
        _build(path, tmp_path, initial_col="structure", initial=before)
    with pytest.raises(SourceError, match="own structures"):
        _build("sample:10", tmp_path, **given, initial=before)
    (tmp_path / "f.csv").write_text("material_id,formula\ns1,NaCl\n")
    with pytest.raises(SourceError, match="holds no structures"):
        _build(path, tmp_path, **given, initial=tmp_path / "f.csv")
    for rows in (relaxed, initial):
        _two(tmp_path, relaxed, initial)
        target = path if rows is relaxed else before
        target.write_text(json.dumps([{"structure": row["structure"]} for row in rows]))
        with pytest.raises(SourceError, match="no column of ids"):
            _build(path, tmp_path, **given, initial=before)


def test_a_limit_counts_records(tmp_path):
    assert len(_build(_json(tmp_path / "p.json"), tmp_path, limit=3)) == 6


def test_structures_of_two_roles_are_no_duplicates(tmp_path):
    change = {1: {"structure": next(_pairs())[1].as_dict()}}  # two of LiF, relaxed
    path = _json(tmp_path / "p.json", change)
    dataset = _build(path, tmp_path, dedupe="polymorph", energy="e_form_per_atom")
    assert {"s0-initial", "s1", "s1-initial"} <= set(dataset.ids.tolist())
    assert "s0" not in dataset.ids  # s1 is lower
    (lost,) = dataset.ledger.message
    assert lost.startswith("LiF (relaxed): s1 is 0.1")


def test_build_keeps_basins_on_one_side_and_roles_apart(tmp_path):
    dataset = _build(_json(tmp_path / "p.json"), tmp_path, split="60/20/20")
    split = dataset.split()
    assert {part: len(ids) for part, ids in split.items()} == {"train": 12, "val": 4, "test": 4}
    assert not any("protostructure" in note for note in split.notes)  # no symmetry was searched
    assert all(name.endswith("-initial") for name in split["test"])
    assert not any(name.endswith("-initial") for name in split["train"] + split["val"])
    both = dataset.split(method="pairs", split="60/20/20", set={"train": "both", "val": "both"})
    assert {part: len(ids) for part, ids in both.items()} == {"train": 24, "val": 8, "test": 4}
    basins = [{name.removesuffix("-initial") for name in ids} for ids in both.values()]
    assert sum(map(len, basins)) == len(set.union(*basins)) == 20
    assert both["test"] == split["test"]
    assert not dataset.audit(split=both.name).leaks


def test_a_split_of_pairs_says_how_often_relaxation_changes_the_representation(tmp_path):
    dataset = _build(_json(tmp_path / "p.json"), tmp_path, symmetry="moyopy", split="60/20/20")
    labels = dataset.table.protostructure
    changed = sum(labels[f"s{k}"] != labels[f"s{k}-initial"] for k in range(20))
    assert changed > 0
    note = f"relaxation changes the protostructure of {changed} of 20 basins"
    assert note in dataset.split().notes


def test_what_cannot_be_a_split_of_pairs(tmp_path):
    dataset = _build(_json(tmp_path / "p.json"), tmp_path)
    with pytest.raises(SplitError, match="divide basins: 's0' is in two"):
        dataset.split(method="pairs", split="80/20", set={"by": "volume_per_atom"})
    with pytest.raises(SplitError, match="empty cells, each of which is a group"):
        dataset.split(method="pairs", split="80/20", set={"by": "volume_per_atom"})
    single = _build(_json(tmp_path / "single.json"), tmp_path, initial_col=None)
    with pytest.raises(SplitError, match="holds no pairs of structures"):
        single.split(method="pairs", split="80/20")


def test_a_part_left_without_structures_of_its_role_is_refused(tmp_path):
    without = {k: {"before": "one line of text"} for k in range(20)}
    dataset = _build(_json(tmp_path / "p.json", without), tmp_path)
    assert len(dataset) == 20
    with pytest.raises(SplitError, match=r"no group of part test holds .* role 'initial'"):
        dataset.split(method="pairs", split="80/20")
    split = dataset.split(method="pairs", split="80/20", set={"test": "relaxed"})
    assert (len(split["train"]), len(split["test"])) == (16, 4)


def test_files_without_a_second_structure_are_refused(tmp_path):
    path = _json(tmp_path / "p.json")
    with pytest.raises(SourceError, match="'befor'"):
        _build(path, tmp_path, initial_col="befor")
    with pytest.raises(SourceError, match="as the structure before relaxation and as"):
        _build(path, tmp_path, initial_col="structure", structure_col="structure")
    rows = [{"formula": "NaCl", "before": next(_pairs())[2].as_dict()}]
    alone = tmp_path / "alone.json"
    alone.write_text(json.dumps(rows))
    with pytest.raises(SourceError, match="no column of structures beside 'before'"):
        _build(alone, tmp_path)
    (tmp_path / "cifs").mkdir()
    for name, relaxed, _, _ in _pairs(3):
        relaxed.to(filename=str(tmp_path / "cifs" / f"{name}.cif"))
    with pytest.raises(SourceError, match="one structure per record"):
        _build(tmp_path / "cifs", tmp_path)


@pytest.mark.slow
def test_presets_of_relaxed_and_of_both_are_tested_on_the_same_initial_structures(tmp_path):
    import importlib

    names = {"before": "initial_structure", "e_form_per_atom": "formation_energy_per_atom"}
    rows = json.loads(_json(tmp_path / "pairs.json").read_text())
    renamed = [{names.get(k, k): v for k, v in row.items()} for row in rows]
    (tmp_path / "pairs.json").write_text(json.dumps(renamed))
    train, cache = importlib.import_module("matdata_recipes.train"), tmp_path / "cache"
    words = ["--from", str(tmp_path / "pairs.json"), "--cache", str(cache), "--quiet"]
    small = [*("--epochs", "1", "--set", "width=8", "--set", "layers=1", "--set", "hidden=8")]
    tested = []
    for preset, trained in (("pairs-cgcnn", 16), ("pairs-cgcnn-d", 32)):
        assert train.main([preset, *small, "--results", str(tmp_path / "r"), *words]) == 0
        split = md.open("pairs", cache=cache).split(
            md.open_run(f"{preset}-seed0", cache).split["name"]
        )
        assert len(split["train"]) == trained
        tested.append(split["test"])
    assert tested[0] == tested[1]
    assert all(name.endswith("-initial") for name in tested[0])


def test_structures_before_relaxation_are_no_numbers(tmp_path):
    path = _json(tmp_path / "p.json")
    with pytest.raises(SourceError, match="'e_form_per_atom' holds numbers"):
        _build(path, tmp_path, initial_col="e_form_per_atom")


def test_a_method_in_place_of_ratios_names_the_command_for_it(tmp_path):
    path = _json(tmp_path / "p.json")
    with pytest.raises(md.ConfigError, match="matdata split DATASET --method pairs`; pairs of"):
        _build(path, tmp_path, split="pairs")
    with pytest.raises(md.ConfigError, match=r"matdata split DATASET --method time`$"):
        _build(path, tmp_path, split="time")
    assert not (tmp_path / "cache").exists()


def test_protostructures_are_compared_where_both_are_known():
    initial = ["x", "x", None, "y", "", *"zzzzz"]
    relaxed = ["x", "y", "x", None, "z", *"zzzzz"]
    table = {
        "basin": [f"b{k}" for k in range(10)] * 2,
        ROLE: ["initial"] * 10 + ["relaxed"] * 10,
        "protostructure": initial + relaxed,
    }
    ids = [f"{basin}-{role}" for basin, role in zip(table["basin"], table[ROLE], strict=True)]
    (split,) = make_splits("pairs", ids, table, {"ratios": "60/20/20"})
    assert "relaxation changes the protostructure of 1 of 7 basins" in split.notes
