"""CSV: what is a number, rows of another width, names of columns, and cells that are counted."""

from __future__ import annotations

import pytest

import matdata as md
from matdata.core.errors import SourceError
from matdata.core.numerals import number_of_text
from matdata.curate.coercion import as_numbers
from matdata.sources.files import Files
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.csv_table import cell_value, read_csv


def _read(tmp_path, text, **options):
    path = tmp_path / "t.csv"
    path.write_text(text)
    source = Files(path, ReadOptions(**options))
    (chunk,) = source.chunks()
    return source.origin(), chunk.table, {r.material_id: r.message for r in chunk.rejects}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        (" -0.5 ", -0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1e-3", 1e-3),
        ("9" * 19, float("9" * 19)),
    ],
)
def test_decimal_notation_is_a_number(text, number):
    assert number_of_text(text) == number
    assert type(number_of_text(text)) is type(number)


@pytest.mark.parametrize(
    "text",
    ["1_000", "0x10", "١٢", "5,1", "inf", "-inf", "1e400", "1e", "e5", "--1", "5 1", "", "9" * 400],
)
def test_all_else_is_none(text):
    assert number_of_text(text) is None
    assert not isinstance(cell_value(text), (int, float))


def test_rows_of_another_width_are_ledger_rows(tmp_path):
    text = "material_id,formula,gap\na,NaCl,5,1\nb,KCl,4.9\nc,RbCl\nd,CsCl,4,7,9\ne,LiCl,5.5,,\n\n"
    _, table, rejects = _read(tmp_path, text)
    assert table["material_id"] == ["b", "e"]
    assert table["gap"] == [4.9, 5.5]
    assert {name: message.split(" (")[0] for name, message in rejects.items()} == {
        "a": "record 1: 4 cells for 3 columns",
        "c": "record 3: 2 cells for 3 columns",
        "d": "record 4: 5 cells for 3 columns",
    }


def test_a_file_of_damaged_rows_reports_the_damage(tmp_path):
    with pytest.raises(SourceError, match="4 cells for 3 columns"):
        _read(tmp_path, "material_id,formula,gap\na,NaCl,5,1\nb,KCl,4,9\n")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("material_id;formula;gap", "separated by semicolons"),
        ("material_id\tformula\tgap", "separated by tabs"),
        ("material_id,formula,gap,gap", "several columns are named 'gap'"),
        ("formula,gap, gap ,Tc,Tc", "'gap', 'Tc'"),
    ],
)
def test_headers_that_cannot_be_read_are_refused_by_name(header, words, tmp_path):
    with pytest.raises(SourceError, match=words) as refusal:
        _read(tmp_path, f"{header}\na;NaCl;5,0\n")
    assert "next step" in str(refusal.value)


def test_row_numbers_of_pandas_are_no_target(tmp_path):
    origin, table, _ = _read(tmp_path, "Unnamed: 0,,formula,gap\n0,0,NaCl,5\n1,1,KCl,4\n")
    assert sorted(table) == ["formula", "gap", "material_id"]
    assert origin.targets == {"gap": ""}
    assert origin.note == "Unnamed: 0 is left out: the row number that pandas wrote"


def test_an_energy_next_to_a_formula_is_not_divided_by_its_atoms(tmp_path):
    text = "formula,energy\nNa4Cl4,-8\n"
    origin, _, _ = _read(tmp_path, text)
    assert origin.energy_column is None
    assert "--energy energy/atom" in origin.note
    assert origin.targets == {"energy": ""}
    with pytest.raises(SourceError, match=r"per atom, or for the formula") as refusal:
        _read(tmp_path, text, energy="energy")
    assert "energy/atom" in str(refusal.value)
    for basis in ("atom", "cell"):
        origin, _, _ = _read(tmp_path, text, energy=f"energy/{basis}")
        assert (origin.energy_column, origin.energy_per) == ("energy", basis)


def test_cells_that_are_no_numbers_are_counted(tmp_path):
    cells = [*map(str, range(40)), "-inf", "1e400", "1_000", ""]
    path = tmp_path / "c.csv"
    rows = (f"m{k},NaCl,{cell}" for k, cell in enumerate(cells))
    path.write_text("\n".join(["material_id,formula,gap", *rows]))
    dataset = md.build(path, cache=tmp_path, split=None, workers=1)
    gap = dataset.table["gap"]
    assert gap.index[gap.isna()].tolist() == ["m40", "m41", "m42", "m43"]
    told = "gap: 3 of 43 values are not numbers and counted as missing (first m40: '-inf')"
    assert told in dataset.manifest["note"]


def test_infinity_in_json_is_counted_as_in_csv(tmp_path):
    cells = [*map(str, range(40)), "-Infinity", "1e400", "NaN", "null"]
    path = tmp_path / "c.json"
    row = '{{"material_id": "m{}", "formula": "NaCl", "gap": {}}}'
    path.write_text(f"[{','.join(row.format(k, cell) for k, cell in enumerate(cells))}]")
    dataset = md.build(path, cache=tmp_path, split=None, workers=1)
    gap = dataset.table["gap"]
    assert gap.index[gap.isna()].tolist() == ["m40", "m41", "m42", "m43"]
    told = "gap: 2 of 42 values are not numbers and counted as missing (first m40: '-inf')"
    assert told in dataset.manifest["note"]


def test_text_that_python_takes_for_a_number_is_none():
    numbers, notes = as_numbers("y", [*map(str, range(10)), "1_000"], "abcdefghijk")
    assert numbers == [*range(10), None]
    assert notes == ["y: 1 of 11 values is not a number and counted as missing (first k: '1_000')"]


@pytest.mark.parametrize("cut", ['f-3,"NaCl', '"f-3,NaCl,1.0\nf-4,KCl,2.0\n'])
def test_a_file_that_ends_within_a_quotation_is_refused(cut, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('material_id,formula,gap\nf-1,NaCl,0.5\nf-2,"K\nCl",1.5\n' + cut)
    with pytest.raises(SourceError, match="ends within a quotation that begins in line 5"):
        list(read_csv(path))
    path.write_text('material_id,formula,gap\nf-1,Na"Cl,0.5\nf-2,KCl,1.5\n')  # a stray sign is text
    assert [row["formula"] for row in read_csv(path)] == ['Na"Cl', "KCl"]
