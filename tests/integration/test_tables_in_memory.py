"""Tables of pandas, structures and formulas in memory as sources of `matdata.build`."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from pymatgen.core import Composition, Lattice, Molecule, Structure
from support.crystals import rock_salt_structure

import matdata as md
from matdata.cli.main import main

PAIRS = (("Na", "Cl", 5.64), ("Mg", "O", 4.21), ("Li", "F", 4.02), ("K", "Cl", 6.29))


SALTS = [rock_salt_structure(length, cation, anion) for cation, anion, length in PAIRS]


def build(source, cache, **options):
    chosen = {"split": None, "workers": 1, "dedupe": "none", "name": "t", **options}
    return md.build(source, cache=cache, **chosen)


def frame(**columns):
    return pd.DataFrame({"structure": SALTS, "gap": [1.0, 2.0, np.nan, 4.0], **columns})


def test_the_index_holds_the_ids_and_comes_back(tmp_path):
    table = frame().set_index(pd.Index(list("dbca"), name="sample"))
    dataset = build(table, tmp_path, target="gap")
    assert dataset.ids.tolist() == list("abcd")
    back = dataset.to_frame()
    assert back.index.name == "material_id"
    pd.testing.assert_series_equal(
        back["gap"].loc[table.index], table["gap"], check_names=False, check_index=False
    )
    assert dataset["d"].structure == SALTS[0]
    joined = table.join(back[["formula"]])
    assert joined["formula"].tolist() == ["NaCl", "MgO", "LiF", "KCl"]


def test_whole_numbers_are_ids_unless_filtering_left_them(tmp_path):
    numbered = frame().set_index(pd.Index([7, 8, 9, 30], name="run"))
    assert build(numbered, tmp_path).ids.tolist() == ["30", "7", "8", "9"]
    filtered = frame(material_id=["w", "x", "y", "z"])[lambda t: t["gap"].notna()]
    assert build(filtered, tmp_path).ids.tolist() == ["w", "x", "z"]
    assert build(frame(), tmp_path).ids.tolist() == [f"t-{k:07d}" for k in range(4)]
    assert build(frame(k=list("wxyz")), tmp_path, id_col="k").ids.tolist() == list("wxyz")
    named = frame().set_index(pd.Index(list("wxyz"), name="k"))
    assert build(named, tmp_path, id_col="k").ids.tolist() == list("wxyz")


def test_a_table_is_the_same_dataset_as_its_csv(tmp_path):
    table = pd.DataFrame(
        {
            "material_id": list("abcd"),
            "cif": [one.to(fmt="cif") for one in SALTS],
            "gap": [1.5, None, 3.25, 4.0],
            "flag": [True, False, True, True],
            "note": ["x", "y", None, "z"],
        }
    )
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False)
    of_file = build(path, tmp_path / "1", target="gap")
    of_table = build(table, tmp_path / "2", target="gap")
    indexed = build(table.set_index("material_id"), tmp_path / "3", target="gap")
    assert of_file.digest == of_table.digest == indexed.digest
    assert of_file.ref == of_table.ref == indexed.ref
    for name in ("table.parquet", "crystals.h5", "ledger.parquet"):
        assert (of_file.folder / name).read_bytes() == (of_table.folder / name).read_bytes()
    assert main(["verify", "--cache", str(tmp_path / "2")]) == 0


@pytest.mark.slow
def test_equal_tables_are_read_once_and_others_are_others(tmp_path):
    first, again = build(frame(), tmp_path), build(frame().copy(), tmp_path)
    assert first.ref == again.ref
    assert len(list((tmp_path / "snapshots" / "files").glob("local-*"))) == 1
    moved = frame()
    moved.at[0, "structure"] = rock_salt_structure(5.65, "Na", "Cl")
    assert build(moved, tmp_path).ref != first.ref
    assert build(frame(gap=[1.0, 2.0, np.nan, 4.5]), tmp_path).ref != first.ref


@pytest.mark.slow
def test_workers_read_the_same(tmp_path):
    table = frame().set_index(pd.Index(list("abcd")))
    assert build(table, tmp_path / "1", workers=2).digest == build(table, tmp_path / "2").digest


def test_cells_of_all_kinds_are_what_they_say(tmp_path):
    table = frame(
        whole=pd.array([1, 2, None, 4], dtype="Int64"),
        kind=pd.Categorical(["a", "b", None, "a"]),
        when=pd.to_datetime(
            ["2020-01-02", None, "2021-03-04 05:06", "2022-01-01"], format="ISO8601"
        ),
        day=[datetime.date(2020, 1, 2), None, None, None],
        exact=[Decimal("1.25"), Decimal("NaN"), None, Decimal(3)],
        truth=pd.array([True, None, False, True], dtype="boolean"),
        text=pd.array(["x", pd.NA, "", "y"], dtype="string"),
        curve=[np.arange(3.0), [1.0, 2.0, 3.0], (4, 5, 6), None],
        far=[np.inf, 1.0, 2.0, 3.0],
        small=np.array([1, 2, 3, 4], dtype=np.int8),
    ).set_index(pd.Index(list("abcd")))
    columns = build(table, tmp_path, target=["gap"]).columns
    assert columns["whole"] == [1, 2, None, 4]
    assert columns["kind"] == ["a", "b", None, "a"]
    assert columns["when"][:2] == ["2020-01-02T00:00:00", None]
    assert columns["day"] == ["2020-01-02", None, None, None]
    assert columns["exact"] == [1.25, None, None, 3.0]
    assert columns["truth"] == [True, None, False, True]
    assert columns["text"] == ["x", None, None, "y"]  # an empty text is missing, as in files
    assert columns["curve"][:3] == [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert columns["small"] == [1, 2, 3, 4]
    assert columns["gap"] == [1.0, 2.0, None, 4.0]


def test_structures_that_cannot_be_used_are_ledger_rows_with_their_reason(tmp_path):
    shared = Structure(Lattice.cubic(4), [{"Na": 0.5, "K": 0.5}], [[0, 0, 0]])
    slab = bulk("Cu", cubic=True)
    slab.pbc = (True, True, False)
    water = Molecule(["H", "H"], [[0, 0, 0], [0, 0, 0.7]])
    items = {"a": SALTS[0], "b": shared, "c": slab, "d": water, "e": bulk("Si"), "f": None}
    dataset = build(items, tmp_path, allow_loss=True)
    assert dataset.ids.tolist() == ["a", "e"]
    reasons = dataset.ledger.set_index("material_id")["reason"].to_dict()
    assert reasons == {
        "b": "disordered",
        "c": "not_periodic",
        "d": "not_periodic",
        "f": "unreadable",
    }


@pytest.mark.slow
def test_lists_of_structures_atoms_and_formulas_with_targets(tmp_path):
    items = [*SALTS[:2], bulk("Si"), "Fe2O3", Composition("CaTi0.5Zr0.5O3"), SALTS[2].to(fmt="cif")]
    dataset = build(items, tmp_path, target=[1, 2, 3, 4, 5, 6])
    table = dataset.to_frame()
    assert table["target"].tolist() == [1, 2, 3, 4, 5, 6]
    assert dataset.kind == "mixed"
    assert table["formula_given"].tolist()[3:5] == ["Fe2O3", "CaTi0.5Zr0.5O3"]
    named = build(dict(zip("ab", SALTS, strict=False)), tmp_path, target={"gap": np.array([1, 2])})
    assert named.table["gap"].to_dict() == {"a": 1, "b": 2}
    series = pd.Series(SALTS, index=list("wxyz"))
    values = pd.Series([4.0, 3.0, 2.0, 1.0], index=list("wxyz"), name="gap")
    assert build(series, tmp_path, target=values).table["gap"].tolist() == [4.0, 3.0, 2.0, 1.0]
    assert len(build(SALTS[0], tmp_path)) == 1
    classes = build(SALTS[:2], tmp_path, target=["ionic", "ionic"])
    assert classes.table["target"].tolist() == ["ionic", "ionic"]
    assert build(["NaCl", "MgO"], tmp_path).kind == "composition"


@pytest.mark.slow
def test_own_energies_filters_and_features_as_with_files(tmp_path):
    table = frame(energy_per_atom=[-1.0, -2.0, -3.0, -4.0]).set_index(pd.Index(list("abcd")))
    table.loc["e"] = [rock_salt_structure(5.7, "Na", "Cl"), 9.0, -0.5]
    dataset = build(
        table,
        tmp_path,
        dedupe="polymorph",
        energy="energy_per_atom",
        filter=["gap > 0", "sites_below=20"],
        features="magpie",
        target="gap",
        split="60/40",
    )
    assert dataset.ids.tolist() == ["a", "b", "d"]  # e is NaCl of higher energy, c has no gap
    assert dataset.features() == ["magpie"]
    assert dataset.split().sizes == {"train": 2, "test": 1}


DEEP: list = []
for _ in range(30):
    DEEP = [DEEP]

WRONG = {
    "a number": (123, md.ConfigError, "got a value of type int"),
    "bytes": (b"NaCl", md.ConfigError, "bytes"),
    "an empty list": ([], md.SourceError, "no structures"),
    "numbers": ([3], md.ConfigError, "item 0 is a value of type int"),
    "paths": (["a.cif"], md.ConfigError, "is a path"),
    "no rows": (pd.DataFrame({"formula": []}), md.SourceError, "no rows"),
    "no columns": (pd.DataFrame(index=["a"]), md.SourceError, "no structure and no formula"),
    "a set": (frame(x=[{1}] * 4), md.SourceError, "column 'x' of the table holds a set"),
    "a complex number": (frame(x=[1j] * 4), md.SourceError, "holds a complex"),
    "a time span": (
        frame(x=pd.to_timedelta([1, 2, 3, 4])),
        md.SourceError,
        "holds a Timedelta",
    ),
    "deep lists": (frame(x=[DEEP] * 4), md.SourceError, "too deeply"),
    "equal labels": (frame().set_index(pd.Index(list("aabc"))), md.SourceError, "more than once"),
    "1 and '1'": (frame().set_index(pd.Index([1, "1", 2, 3])), md.SourceError, "more than once"),
    "joined": (pd.concat([frame(), frame()]), md.SourceError, "pd.concat"),
    "real labels": (frame().set_index(pd.Index([0.5, 1, 2, 3])), md.SourceError, "holds 0.5"),
    "missing labels": (frame().set_index(pd.Index(["a", None, "b", "c"])), md.SourceError, "None"),
    "levels": (frame().set_index("gap", append=True), md.SourceError, "levels"),
    "numbered columns": (pd.DataFrame([["NaCl"]]), md.SourceError, "no texts: 0"),
    "a name twice": (
        pd.DataFrame([["NaCl", "MgO"]], columns=["formula"] * 2),
        md.SourceError,
        "several columns are named 'formula'",
    ),
    "marks": (frame(__damaged__="x"), md.SourceError, "cannot be the name of a column"),
    "two structures": (
        pd.DataFrame({"before": SALTS, "after": SALTS}),
        md.SourceError,
        "several columns of the table hold structures",
    ),
    "two ids": (
        frame(material_id=list("abcd")).set_index(pd.Index(list("efgh"))),
        md.SourceError,
        "they differ",
    ),
}


@pytest.mark.parametrize(("source", "kind", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_source_is_refused_with_a_next_step(source, kind, words, tmp_path):
    with pytest.raises(kind, match=words) as caught:
        md.build(source, cache=tmp_path)
    assert caught.value.next_step
    assert not list(tmp_path.glob("datasets/*"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": [1, 2, 3]}, "'target' has 3 values for 4 structures"),
        ({"target": 5.0}, "'target' has 0 values for 4"),
        ({"target": {"gap": "wxyz"}}, "'gap' has 4 values"),
        ({"target": {"structure": [1, 2, 3, 4]}}, "is a column already"),
        ({"from_": "x.json"}, "from_ asks a source"),
        ({"snapshot": "1"}, "snapshot asks a source"),
        ({"thermo": "R2SCAN"}, "thermo asks a source"),
        ({"sites_below": 3}, "unknown option 'sites_below'"),
        ({"nme": "x"}, "did you mean 'name'"),
    ],
)
def test_wrong_options_of_structures_in_memory(options, words, tmp_path):
    with pytest.raises(md.ConfigError, match=words) as caught:
        md.build(SALTS, cache=tmp_path, **options)
    assert caught.value.next_step


def test_values_of_another_index_are_not_guessed_to_be_in_order(tmp_path):
    with pytest.raises(md.ConfigError, match="another index"):
        build(frame().drop(columns="gap"), tmp_path, target=pd.Series([1, 2, 3, 4], list("abcd")))


def test_a_table_given_is_not_changed(tmp_path):
    table = frame(curve=[[1.0, 2.0]] * 4)
    before = table.copy(deep=True)
    build(table, tmp_path)
    pd.testing.assert_frame_equal(table, before)
