"""Each export is built again and compared with what was exported: only what is declared is lost."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support import mixed, rich

import matdata as md
from matdata.cli import main
from matdata.datasets.exporting import ExportRequest, Written, export_dataset
from matdata.datasets.exports import kinds
from matdata.datasets.exports.content import ID, Exported
from matdata.datasets.exports.formats import FORMATS
from matdata.datasets.exports.headers import headers_of
from matdata.datasets.exports.losses import ASPECTS

pytestmark = pytest.mark.slow

BUILT_AGAIN = [name for name, one in FORMATS.items() if one.rebuilt_from is not None]
#: Formats of which nothing at all is lost but splits that were not asked for.
EXACT = ("hf", "aselmdb", "pyg", "optimade")
FILES = {"optimade": "out.json", "parquet": "out.parquet", "aselmdb": "out.aselmdb"}
OF_KIND: dict[str, Callable[[pa.DataType], bool]] = {
    "texts": kinds.is_text,
    "numbers": kinds.is_number,
    "truth": kinds.is_truth,
    "arrays": kinds.is_array,
    "nested": kinds.is_nested,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rich")


@pytest.fixture(scope="module")
def dataset(folder):
    return rich.build(folder)


@pytest.fixture(scope="module")
def rebuilt(dataset, tmp_path_factory):
    """By format an export, and what was built of it; each is made once."""

    @functools.cache
    def made(form: str) -> tuple[Written, Any]:
        place = tmp_path_factory.mktemp(form)
        written = write(dataset, place, form)
        return written, build_again(written, place / "cache", "--parts", "none")

    return made


def write(dataset: Any, folder: Any, form: str, **options: Any) -> Written:
    path = folder / FILES.get(form, f"out.{form}")
    return export_dataset(dataset, ExportRequest(path, form, **options))


def build_again(written: Written, cache: Any, *more: str) -> Any:
    """What the command that the export printed makes."""
    command = shlex.split(written.rebuild)
    assert command[:2] == ["matdata", "build"]
    options = ["--cache", str(cache), "--workers", "1", "--split", "none", "--quiet", *more]
    assert main([*command[1:], *options]) == 0
    return md.open(command[command.index("--name") + 1], cache=cache)


def columns_of(content: Exported) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in content.names.values()}
    for block in content.blocks(5):
        for name, cells in block.columns().items():
            columns[name] += cells
    return columns


def differences(dataset: Any, again: Any) -> set[str]:
    """Aspects in which a rebuilt dataset differs from the exported one."""
    before, after = Exported(dataset), Exported(again)
    lost = set()
    if dataset.structures.digest() != again.structures.digest():
        lost.add("structures")
    headers, ours, theirs = headers_of(before), columns_of(before), columns_of(after)
    same = {name: name if name in theirs else headers[name] for name in ours}
    if any(name != other for name, other in same.items()):
        lost.add("names")
    assert set(same.values()) == set(theirs)
    for name, cells in ours.items():
        if cells != theirs[same[name]]:
            kind = before.types.get(name)
            of_kind = (one for one, test in OF_KIND.items() if kind and test(kind))
            lost.add("ids" if name == ID else next(of_kind, f"cells {name}"))
    if {same[name]: unit for name, unit in before.units.items()} != after.units:
        lost.add("units")
    if {same[name]: same[axis] for name, axis in before.axes.items()} != after.axes:
        lost.add("axes")
    if before.words != after.words:
        lost.add("words")
    return lost


@pytest.mark.parametrize("form", BUILT_AGAIN)
def test_only_what_is_declared_is_lost(form, dataset, rebuilt):
    written, again = rebuilt(form)
    declared = {loss["aspect"] for loss in written.losses}
    assert declared <= set(ASPECTS)
    assert differences(dataset, again) == declared - {"splits"}
    same = written.content_digest == Exported(again).content_digest
    assert same is (form in EXACT)


@pytest.mark.parametrize("form", BUILT_AGAIN)
def test_an_export_of_the_rebuilt_is_the_same_export(form, dataset, rebuilt, tmp_path):
    raw = form == "csv"  # else each export puts an apostrophe in front of a formula
    _, again = rebuilt(form)
    if raw:
        written = write(dataset, tmp_path, form, raw_text=True)
        again = build_again(written, tmp_path, "--parts", "none")
    (tmp_path / "again").mkdir()
    twice = write(again, tmp_path / "again", form, raw_text=raw)
    third = build_again(twice, tmp_path / "third", "--parts", "none")
    assert Exported(third).content_digest == Exported(again).content_digest
    assert third.structures.digest() == again.structures.digest() or form == "extxyz"


@pytest.mark.parametrize("form", ["csv", "jsonl", "hf", "matbench"])
@pytest.mark.parametrize("kind", ["mixed", "composition"])
def test_materials_without_a_structure_come_back(form, kind, tmp_path):
    records = mixed.rows(9)
    for number, record in enumerate(records):
        record["formula"] = f"{record['formula']} " if number else "CuSO4·5H2O"
        record |= {"structure": None} if kind == "composition" else {}
    path = mixed.write_csv(tmp_path / "some.csv", records)
    options = {"cache": tmp_path / "c", "split": None, "workers": 1, "name": "some"}
    dataset = md.build(path, formula_col="formula", **options)
    assert dataset.kind == kind
    if form == "matbench" and kind == "mixed":
        with pytest.raises(md.ConfigError, match="structures or compositions"):
            write(dataset, tmp_path, form)
        return
    written = write(dataset, tmp_path, form)
    again = build_again(written, tmp_path / "again", "--dedupe", "none")
    declared = {loss["aspect"] for loss in written.losses}
    if form == "csv" and kind == "mixed":
        assert declared == {"structures"}
        return
    assert declared == set()
    assert again.columns["formula"] == dataset.columns["formula"]
    assert again.columns["formula_given"] == dataset.columns["formula_given"]
    assert Exported(again).content_digest == written.content_digest


@pytest.mark.parametrize("form", FORMATS)
def test_equal_datasets_give_equal_bytes(form, dataset, tmp_path):
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
    outputs = [write(dataset, place, form).path for place in places]
    assert _bytes(outputs[0]) == _bytes(outputs[1])


def _bytes(path: Any) -> dict[str, bytes]:
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {one.name: one.read_bytes() for one in files}


@pytest.mark.parametrize("form", BUILT_AGAIN)
def test_blocks_leave_no_mark(form, dataset, rebuilt, tmp_path, monkeypatch):
    _, whole = rebuilt(form)
    monkeypatch.setattr(Exported.blocks, "__defaults__", (5,))
    written = write(dataset, tmp_path, form)
    again = build_again(written, tmp_path / "c", "--parts", "none")
    monkeypatch.undo()
    assert Exported(again).content_digest == Exported(whole).content_digest


def test_derived_columns_are_left_out_unless_asked_for(dataset, tmp_path, capsys):
    plain = write(dataset, tmp_path, "csv").path.read_text().splitlines()[0].split(",")
    assert "chemsys" not in plain
    assert "n_sites" in plain
    assert "energy_per_atom" not in plain
    path = tmp_path / "all.csv"
    cache = ["--cache", str(dataset.cache)]
    assert main(["export", "rich", str(path), "--derived", *cache]) == 0
    assert "not kept: derived: a rebuild computes them anew" in capsys.readouterr().out
    header = path.read_text().splitlines()[0]
    assert "chemsys" in header
    assert "volume_per_atom (Å^3/atom)" in header
    assert "n_sites_given_given" in header


def test_json_names_features_losses_and_the_way_back(dataset, tmp_path, capsys):
    dataset.featurize("fractions", workers=1)
    path = tmp_path / "out.csv"
    options = ["--features", "fractions", "--json", "--cache", str(dataset.cache)]
    assert main(["export", "rich", str(path), *options]) == 0
    record = json.loads(capsys.readouterr().out)
    feature = dataset.feature("fractions")
    columns = len(feature.labels)
    assert record["features"] == [{"feature": "fractions", "rows": 12, "columns": columns}]
    aspects = {loss["aspect"] for loss in record["losses"]}
    assert {"features", "structures", "names"} <= aspects
    assert record["rebuild"].startswith(f"matdata build {path} --name rich")
    assert record["content_digest"] == Exported(dataset).content_digest


def test_a_folder_of_other_files_is_not_replaced(dataset, tmp_path):
    write(dataset, tmp_path, "pyg")
    before = _bytes(tmp_path / "out.pyg")
    write(dataset, tmp_path, "pyg")
    assert _bytes(tmp_path / "out.pyg") == before
    (tmp_path / "out.pyg" / "mine.txt").write_text("notes")
    with pytest.raises(md.MatdataError, match=r"not of an export: mine\.txt"):
        write(dataset, tmp_path, "pyg")
    assert (tmp_path / "out.pyg" / "mine.txt").read_text() == "notes"
    (tmp_path / "out.hf").write_text("a file")
    with pytest.raises(md.MatdataError, match="is a file, and the format is a folder"):
        write(dataset, tmp_path, "hf")


@pytest.mark.parametrize("form", ["hf", "pyg", "matbench", "aselmdb", "optimade"])
def test_nothing_half_written_is_left(form, dataset, tmp_path, monkeypatch):
    def fail(*_: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matdata.store.dataset_rows.DatasetRows.structures", fail)
    content_digest = property(lambda self: "0" * 64)
    monkeypatch.setattr(Exported, "content_digest", content_digest)
    with pytest.raises(md.MatdataError, match="no space is left"):
        write(dataset, tmp_path, form)
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_would_spoil_a_frame_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    record = {**rich.records(1)[0], "note": 'a="\n'}
    path.write_text(json.dumps(record))
    dataset = md.build(path, cache=tmp_path / "c", split=None, workers=1)
    with pytest.raises(md.ConfigError, match="would make the frame unreadable"):
        write(dataset, tmp_path, "extxyz")


def test_odd_units_never_become_others(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("material_id,formula,band_gap,x\na,NaCl,1.5,2\nb,KCl,2.5,3\n")
    unit = {"band_gap": "furlong", "x": "eV/f.u."}
    options = {"cache": tmp_path / "c", "split": None, "workers": 1}
    dataset = md.build(path, name="odd", unit=unit, **options)
    assert dataset.units == {**unit, "volume_per_atom": "Å^3/atom"} or dataset.units == unit
    written = write(dataset, tmp_path, "csv")
    header = written.path.read_text().splitlines()[0]
    assert header == "material_id,formula,band_gap (furlong),x (eV/f.u.)"
    again = build_again(written, tmp_path / "d")
    units = {name: unit for name, unit in again.units.items() if name != "volume_per_atom"}
    assert units == {"x (eV/f.u.)": "eV/f.u."}
    (loss,) = [loss for loss in written.losses if loss["aspect"] == "units"]
    assert loss["of"] == ["band_gap"]


def _odd(folder: Any, count: int = 3, /, **cells: Any) -> Any:
    """A dataset of some crystals; of each column a function of the row."""
    records = [
        {name: one[name] for name in ("material_id", "structure", "hardness")}
        | {name: cell(k) for name, cell in cells.items()}
        for k, one in enumerate(rich.records(count))
    ]
    path = folder / "odd.json"
    path.write_text(json.dumps(records))
    return md.build(path, cache=folder / "c", split=None, workers=1, name="odd")


IDS = ["a=b", "c \"d\", 'e'", " f ", "007", "g\\h", "ü/ä", "=1+1", "i" * 300, "None", "1e5"]


@pytest.fixture(scope="module")
def oddly_named(tmp_path_factory):
    """A dataset whose ids have signs, blanks and lengths that formats may not take."""
    return _odd(tmp_path_factory.mktemp("ids"), len(IDS), material_id=lambda k: IDS[k])


@pytest.mark.parametrize("form", BUILT_AGAIN)
def test_odd_ids_come_back_or_their_loss_is_declared(form, oddly_named, tmp_path):
    written = write(oddly_named, tmp_path, form)
    again = build_again(written, tmp_path / "d")
    declared = {loss["aspect"] for loss in written.losses}
    assert len(again) == len(IDS)
    assert ("ids" in declared) == (set(again.ids) != set(IDS)) == (form in ("csv", "extxyz"))


REFUSED = [
    ("pyg", "lattice", "several values of lattice"),
    ("hf", "species", "several values of species"),
    ("matbench", "structure_given", None),
    ("aselmdb", "frac_coords", "replaced by the coordinates"),
    ("extxyz", "stress", "several values of stress"),
    ("extxyz", "Lattice", "several values of Lattice"),
    ("csv", "-x", "run the name '-x' as a formula"),
    ("hdf5", "hardness/x", "several values of hardness"),
]


@pytest.mark.parametrize(("form", "name", "message"), REFUSED)
def test_a_column_named_as_a_part_of_the_format_is_refused(form, name, message, tmp_path):
    dataset = _odd(tmp_path, **{name: lambda k: k / 3})
    if message is None:
        assert write(dataset, tmp_path, form).path.is_dir()
        return
    with pytest.raises(md.ConfigError, match=message):
        write(dataset, tmp_path, form)
    assert not list(tmp_path.glob("out*"))


def test_columns_of_other_formats_come_back(tmp_path):
    """Names that a reader may take for ids, structures or parts."""
    dataset = _odd(
        tmp_path,
        **{name: lambda k: k + 0.5 for name in ("sites", "cell", "index", "y", "data", "e/f")},
        unique_id=lambda k: k,
        big=lambda k: 2**60 + k,
    )
    for form in BUILT_AGAIN:
        (tmp_path / form).mkdir()
        written = write(dataset, tmp_path / form, form)
        again = build_again(written, tmp_path / form / "d")
        declared = {loss["aspect"] for loss in written.losses}
        assert differences(dataset, again) == declared, form
        assert ("numbers" in declared) == (form == "csv")


def test_the_printed_command_says_how_rows_were_chosen(tmp_path):
    records = [{**one, "deprecated": k < 2} for k, one in enumerate(rich.records(4))]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records))
    given = {"filter": ["drop_deprecated=false"], "symmetry": "spglib", "min_distance": 0.25}
    symmetry = {"symmetry": {"symprec": 0.01}}
    dataset = md.build(
        path, cache=tmp_path / "c", split=None, workers=1, name="a", set=symmetry, **given
    )
    written = write(dataset, tmp_path, "jsonl")
    for words in ("--symmetry spglib", "symmetry.symprec=0.01", "--min-distance 0.25"):
        assert words in written.rebuild
    again = build_again(written, tmp_path / "d")
    assert len(again) == 4
    assert again.manifest["identity"]["curation"] == dataset.manifest["identity"]["curation"]


@pytest.mark.parametrize("name", ["-a.csv", "sample", "a b 'c\"d", "$HOME.csv"])
def test_the_printed_command_is_what_a_shell_takes(name, dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    form = "csv" if name.endswith("csv") else "hf"
    written = export_dataset(dataset, ExportRequest(Path(name), form))
    assert len(build_again(written, tmp_path / "d")) == len(dataset)
