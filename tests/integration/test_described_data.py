"""Units, licence, citation and description of own data, from header or option to every output."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest

import matdata as md
from matdata.cli import main
from matdata.store.feature_catalogue import features

pytestmark = pytest.mark.slow

FORMULAS = [f"{a}{b}{k}" for a in ("Na", "K", "Mg", "Ca", "Zn") for b in ("O", "S") for k in (1, 2)]
WORDS = {
    "licence": "cc by 4.0",
    "citation": "A. Author, J. Data 1 (2024)",
    "description": "Gaps of twenty binaries.",
}


@pytest.fixture
def table(tmp_path):
    """Two columns with units in their headers, brackets that are none, one without."""
    lines = ["id,formula,gap (eV),K [GPa],x (1),heat,label (eV)"]
    for row, formula in enumerate(FORMULAS):
        lines.append(
            f"m{row},{formula},{row / 7:.3f},{50 + row},{row % 3},{row * 0.1:.2f},text{row}"
        )
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def build(table, cache, *more, **options):
    return md.build(table, cache=cache, name="own", dedupe="none", workers=1, **options)


def test_units_of_headers_and_of_the_user(table, tmp_path):
    dataset = build(table, tmp_path / "c", unit={"heat": "kJ per mol", "K [GPa]": "MPa"})
    assert dataset.units == {"gap (eV)": "eV", "K [GPa]": "MPa", "heat": "kJ/mol"}
    assert dataset.manifest["targets"]["heat"] == "kJ/mol"
    assert dataset.manifest["targets"]["x (1)"] == ""
    own = build(table, tmp_path / "c", target=["heat"])
    assert own.units == {"gap (eV)": "eV", "K [GPa]": "GPa"}  # of columns that are no targets, too


def test_a_target_is_addressed_by_its_header(table, tmp_path):
    dataset = build(table, tmp_path / "c", features=["fractions"])
    batch = dataset.loader(inputs=["fractions"], target=["gap (eV)", "log10(`K [GPa]`)"])
    assert [target.unit for target in batch.targets] == ["eV", "log10(GPa)"]


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ({"bandgap": "eV"}, "did you mean|columns: "),
        ({"label (eV)": "eV"}, "holds no numbers"),
        ({"heat": ""}, "not a unit"),
        ({"heat": "e" * 61}, "not a unit"),
        ({"heat": "1000"}, "not a unit"),
        ({"heat": "eV\x1b[2J"}, "not a unit"),
    ],
)
def test_units_that_are_refused(table, tmp_path, unit, words):
    with pytest.raises(md.ConfigError, match=words):
        build(table, tmp_path / "c", unit=unit)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"citation": "x" * 5001}, "5,001 letters"),
        ({"description": "a\u202eb"}, "cannot be seen"),
    ],
)
def test_words_that_are_refused(table, tmp_path, words, message):
    with pytest.raises(md.ConfigError, match=message):
        build(table, tmp_path / "c", **words)


def test_units_and_words_are_part_of_the_identity_and_features_are_not_computed_again(
    table, tmp_path
):
    cache = tmp_path / "c"
    plain = build(table, cache, features=["fractions", "column:heat"])
    (fractions,) = (f for f in features(cache, plain.ref) if f.name.startswith("fractions"))
    before = fractions.stat().st_mtime_ns
    new = build(table, cache, features=["fractions", "column:heat"], unit={"heat": "eV"}, **WORDS)
    assert new.digest != plain.digest
    assert new.ref != plain.ref
    assert new.data_ref == plain.ref == plain.data_ref
    assert new.feature("fractions").folder == fractions == plain.feature("fractions").folder
    assert fractions.stat().st_mtime_ns == before
    assert main(["verify", "--cache", str(cache)]) == 0
    assert md.open("own", cache).manifest["licence"] == "CC-BY-4.0"
    # a column's unit is part of the column as an input: each version opens its own
    assert new.feature("column:heat").units == ["eV"]
    assert plain.feature("column:heat").units == ["1"]
    assert new.feature("column:heat").folder.parent == plain.feature("column:heat").folder.parent


def test_a_described_dataset_is_repaired_as_it_was(table, tmp_path):
    cache = tmp_path / "c"
    dataset = build(table, cache, features=["fractions"], unit={"heat": "eV"}, **WORDS)
    whole = {path: path.read_bytes() for path in dataset.folder.glob("*.parquet")}
    (feature,) = (cache / "features" / dataset.data_ref).glob("fractions-*")
    shard = next(path for path in feature.rglob("*") if path.is_file() and "shards" in path.parts)
    for path in (dataset.folder / "table.parquet", shard):
        path.write_bytes(b"damage")
    assert main(["verify", "--cache", str(cache)]) != 0
    assert main(["verify", "--repair", "own", "--cache", str(cache)]) == 0
    assert {path: path.read_bytes() for path in whole} == whole
    assert md.open("own", cache).units["heat"] == "eV"
    assert main(["verify", "--cache", str(cache)]) == 0


def test_repair_of_a_version_leaves_the_names_as_they_are(table, tmp_path, capsys):
    """Versions that differ in a unit have one folder of features, and columns by unit in it."""
    cache = tmp_path / "c"
    old = build(table, cache, features=["column:heat"], unit={"heat": "meV"})
    new = build(table, cache, features=["column:heat"], unit={"heat": "eV"})
    (column,) = (
        path.parent
        for path in (cache / "features" / old.data_ref).glob("column-heat-*/manifest.json")
        if json.loads(path.read_text())["settings"]["unit"] == "meV"
    )
    orders = {path: path.read_bytes() for path in cache.rglob("latest.json")}
    for path in (old.folder / "table.parquet", *column.rglob("c/0/0")):
        path.write_bytes(b"damage")
    assert main(["verify", "--repair", "--cache", str(cache)]) == 0, capsys.readouterr().err
    assert {path: path.read_bytes() for path in cache.rglob("latest.json")} == orders
    assert md.open("own", cache).ref == new.ref
    assert md.open(old.ref, cache).units["heat"] == "meV"


def test_parquet_that_was_exported_keeps_the_units_of_its_columns(table, tmp_path):
    cache = tmp_path / "c"
    build(table, cache, unit={"heat": "meV"})
    parts = {"train": "meV", "test": "meV", "val": "eV"}
    folder = tmp_path / "parts"
    folder.mkdir()
    md.export("own", folder / "train.parquet", cache=cache)
    again = md.build(folder / "train.parquet", cache=cache, name="again")
    assert again.units["heat"] == "meV"
    assert again.manifest["targets"]["heat"] == "meV"
    columns = pq.read_table(folder / "train.parquet")
    for part, unit in parts.items():
        field = columns.schema.field("heat").with_metadata({"unit": unit})
        place = columns.schema.get_field_index("heat")
        stated = columns.cast(columns.schema.set(place, field))
        pq.write_table(stated, folder / f"{part}.parquet")
    with pytest.raises(md.SourceError, match=r"val.parquet states the unit eV of heat, .* meV"):
        md.build(folder, cache=cache, name="parts")


def test_saying_what_the_source_says_is_the_same_dataset(table, tmp_path):
    plain = build(table, tmp_path / "c")
    assert build(table, tmp_path / "c", unit={"gap (eV)": "EV", "K [GPa]": "GPa"}).ref == plain.ref


def test_command_file_and_python_say_the_same(table, tmp_path, capsys):
    dataset = build(table, tmp_path / "python", unit={"heat": "eV"}, **WORDS)
    common = ["--name", "own", "--dedupe", "none", "--workers", "1", "--json"]
    words = [word for name, text in WORDS.items() for word in (f"--{name}", text)]
    config = tmp_path / "own.toml"
    command = ["build", str(table), *common, "--unit", "heat=eV", *words]
    assert main([*command, "--cache", str(tmp_path / "a"), "--write-config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == dataset.digest
    assert main(["build", "--config", str(config), "--cache", str(tmp_path / "b"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == dataset.digest


def test_info_shows_what_is_said(table, tmp_path, capsys):
    build(table, tmp_path / "c", unit={"heat": "eV"}, **WORDS)
    assert main(["info", "own", "--cache", str(tmp_path / "c")]) == 0
    text = capsys.readouterr().out
    for part in ("heat (eV)", "licence: CC-BY-4.0", WORDS["citation"], WORDS["description"]):
        assert part in text


def test_exports_carry_units_axes_and_words(tmp_path):
    rows = [
        {"id": f"m{k}", "formula": formula, "E": [0.0, 1.0, 2.0], "dos": [k, 2.0, 1.0]}
        for k, formula in enumerate(FORMULAS)
    ]
    path = tmp_path / "curves.json"
    path.write_text(json.dumps(rows))
    cache = tmp_path / "c"
    options = {"axis": ["dos=E"], "unit": {"E": "eV", "dos": "1/eV"}}
    dataset = build(path, cache, features=["fractions"], **options, **WORDS)
    for ending in ("parquet", "npz", "h5"):
        target = str(tmp_path / f"out.{ending}")
        assert (
            main(["export", "own", target, "--features", "fractions", "--cache", str(cache)]) == 0
        )
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.metadata[b"licence"] == b"CC-BY-4.0"
    assert schema.metadata[b"dataset"].decode() == dataset.ref
    assert schema.field("dos").metadata == {b"unit": b"1/eV", b"axis": b"E"}
    with np.load(tmp_path / "out.npz") as arrays:
        about = json.loads(str(arrays["about"]))
    assert about["units"] == {"E": "eV", "dos": "1/eV"}
    assert (about["axes"], about["citation"]) == ({"dos": "E"}, WORDS["citation"])
    with h5py.File(tmp_path / "out.h5") as file:
        assert file.attrs["description"] == WORDS["description"]
        assert dict(file["table/dos"].attrs) == {"unit": "1/eV", "axis": "E"}


def test_a_renamed_column_keeps_its_unit(tmp_path):
    path = tmp_path / "t.csv"
    lines = ["id,formula,volume_per_atom,n_elements"]
    lines += [f"m{k},{formula},{k + 1},2" for k, formula in enumerate(FORMULAS)]
    path.write_text("\n".join(lines))
    dataset = build(path, tmp_path / "c", unit={"n_elements_given": "mol"})
    assert dataset.units == {"n_elements_given": "mol"}


@pytest.mark.parametrize("header", ["E (eV)", "E [eV/cell]"])
def test_energies_per_atom_have_the_unit_of_those_per_cell(tmp_path, header):
    path = tmp_path / "t.csv"
    lines = [f"id,formula,{header}", *(f"m{k},{f},{-k}" for k, f in enumerate(FORMULAS))]
    path.write_text("\n".join(lines))
    dataset = build(path, tmp_path / "c", energy=f"{header}/cell")
    assert dataset.units["energy_per_atom"] == "eV/atom"


def test_scores_and_predictions_carry_unit_and_words(table, tmp_path):
    cache = tmp_path / "c"
    dataset = build(table, cache, features=["magpie"], split="60/20/20", **WORDS)
    run = md.train("rf-magpie", dataset, "gap (eV)", name="r", hyper={"trees": 5}, quiet=True)
    record = md.evaluate(run)
    assert record["targets"]["gap (eV)"]["unit"] == "eV"
    assert (record["licence"], record["citation"]) == ("CC-BY-4.0", WORDS["citation"])
    for ending in ("parquet", "json"):
        md.predict(run, ["NaCl"], output=tmp_path / f"p.{ending}")
    metadata = pq.read_schema(tmp_path / "p.parquet").metadata
    assert metadata[b"licence"] == b"CC-BY-4.0"
    assert metadata[b"dataset"].decode() == dataset.ref
    about = json.loads((tmp_path / "p.json").read_text())["about"]
    assert (about["run"], about["description"]) == ("r", WORDS["description"])
