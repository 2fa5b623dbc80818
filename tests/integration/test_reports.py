"""`matdata report`: one page that needs nothing else, complete, bounded, and safe to open."""

from __future__ import annotations

import json
import time

import numpy as np
import pyarrow as pa
import pytest
from support import rich, written
from support.pages import require_sound

import matdata as md
from matdata.cli import main
from matdata.core.ledger import Reject

pytestmark = pytest.mark.slow
SECTIONS = [
    "overview", "funnel", "losses", "chemistry", "symmetry", "sizes", "targets", "splits",
    "duplicates", "outliers", "columns", "features", "rights", "origin",
]  # fmt: skip
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    built = rich.build(tmp_path_factory.mktemp("rich"))
    built.featurize("magpie")
    return built


def test_a_report_has_every_section_in_one_sound_file(dataset, tmp_path, capsys):
    path = tmp_path / "rich.html"
    cache = ["--cache", str(dataset.cache)]
    assert main(["report", "rich", "--output", str(path), *cache]) == 0
    assert "records" in capsys.readouterr().out or path.is_file()
    page = require_sound(path.read_text(encoding="utf-8"))
    assert page.ids == SECTIONS
    for words in (
        *("CC-BY-4.0", "A. Author, 2024", "Crystals for tests", "band_gap (meV)", "No leak"),
        *("matdata build files --snapshot", "magpie", "Shortest bonds"),
    ):
        assert words in page.words, words
    assert f"{len(dataset):,}" in page.words


def test_equal_datasets_give_equal_bytes(dataset, tmp_path):
    one = md.report(dataset, tmp_path / "one.html").output
    two = dataset.report(tmp_path / "two.html").output
    assert one.read_bytes() == two.read_bytes()


def test_without_an_output_the_funnel_is_text(dataset, capsys):
    assert main(["report", "rich", "--cache", str(dataset.cache)]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines() == list(md.report(dataset).lines)
    assert "Full data set" in printed
    assert main(["report", "rich", "--json", "--cache", str(dataset.cache)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["output"], document["run"], document["dataset"]) == (None, None, dataset.ref)


def test_the_command_of_a_report_builds_the_dataset_again(dataset, tmp_path):
    """What the report says of rebuilding is typed word for word, and gives the same digest."""
    import html
    import re
    import shlex

    text = dataset.report(tmp_path / "r.html").output.read_text(encoding="utf-8")
    (line,) = re.findall(r"matdata build files [^\n<]*", text)
    words = shlex.split(html.unescape(line))[1:]
    assert main([*words, "--split", "none", "--quiet", "--cache", str(dataset.cache)]) == 0
    assert md.open("rich", dataset.cache).digest == dataset.digest


def test_texts_of_users_are_escaped(tmp_path):
    n = 12
    table = pa.table({
        "material_id": [f"{EVIL}{k}" for k in range(n)],
        "formula": ["NaCl"] * n,
        "chemsys": ["Cl-Na"] * n,
        EVIL: [float(k) if k else 1e9 for k in range(n)],
        f"class {EVIL}": [EVIL if k % 2 else "b" for k in range(n)],
    })  # fmt: skip
    words = {"licence": EVIL, "citation": EVIL, "description": EVIL}
    targets = {EVIL: EVIL, f"class {EVIL}": ""}
    rejects = [Reject(EVIL, "source", EVIL, EVIL)]
    made = written.write(tmp_path, "evil", table, targets, rejects, **words)
    made.split("50/25/25")
    text = made.report(tmp_path / "evil.html").output.read_text(encoding="utf-8")
    page = require_sound(text)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert EVIL in page.words
    assert "onerror" in page.words


def test_formulas_classes_truth_values_and_gaps(tmp_path):
    n = 30
    table = pa.table({
        "material_id": [f"m{k}" for k in range(n)],
        "formula": [("Fe2O3", "NaCl", "Si")[k % 3] for k in range(n)],
        "chemsys": [("Fe-O", "Cl-Na", "Si")[k % 3] for k in range(n)],
        "metal": [None if k == 4 else k % 3 == 0 for k in range(n)],
        "family": [("oxide", "salt", None)[k % 3] for k in range(n)],
        "empty": pa.array([None] * n, pa.float64()),
        "constant": [1.0] * n,
        "spectrum": [[0.5] * (k % 4) for k in range(n)],
    })  # fmt: skip
    targets = dict.fromkeys(("metal", "family", "empty", "constant", "spectrum"), "")
    made = written.write(tmp_path, "odd", table, targets)
    made.split("60/20/20", seed=1)
    made.split("60/20/20", seed=2)
    page = require_sound(made.report(tmp_path / "odd.html").output.read_text(encoding="utf-8"))
    for words in ("so that there is no symmetry", "No material has a value.",
                  "which have no distribution", "oxide", "lists of 0 to 3"):  # fmt: skip
        assert words in page.words, words


def test_spectra_and_folds(tmp_path):
    built = rich.build(tmp_path, grid="-1:1:9", symmetry="none", split=None)
    built.folds(method="kfold")
    page = require_sound(built.report(tmp_path / "r.html").output.read_text(encoding="utf-8"))
    assert "spectra" in page.ids
    assert "9 points" in page.words
    assert "No symmetry was searched" in page.words
    assert "Of 2 further splits no picture" in page.words


def test_a_dataset_without_materials(tmp_path):
    table = pa.table({
        "material_id": pa.array([], pa.string()),
        "formula": pa.array([], pa.string()),
        "chemsys": pa.array([], pa.string()),
        "gap": pa.array([], pa.float64()),
    })  # fmt: skip
    made = written.write(tmp_path, "none", table, {"gap": "eV"})
    page = require_sound(made.report(tmp_path / "none.html").output.read_text(encoding="utf-8"))
    assert "No material has a value." in page.words


def test_what_is_outside_of_a_picture_is_found_where_the_page_says(tmp_path):
    """Among the outliers where they are listed, else in the table; also of columns so wide that
    differences are no floats, or of which most values are equal."""
    rng = np.random.default_rng(0)
    n = 1_000
    mostly = np.where(np.arange(n) < 900, 0.0, rng.random(n))
    mostly[950] = 1e6
    wide = rng.normal(size=n) * 1e307
    wide[17], wide[18] = 1.7e308, -1.7e308
    few = np.full(n, np.nan)
    few[:5] = 0.1, 0.2, 0.3, 0.4, 1.5e308
    columns = {"mostly": mostly, "wide": wide, "few": few}
    table = pa.table({
        "material_id": [f"m{k}" for k in range(n)],
        "formula": ["NaCl"] * n,
        "chemsys": ["Cl-Na"] * n,
        **{name: pa.array(column, from_pandas=True) for name, column in columns.items()},
    })  # fmt: skip
    made = written.write(tmp_path, "far", table, dict.fromkeys(columns, ""))
    text = made.report(tmp_path / "far.html").output.read_text(encoding="utf-8")
    page = require_sound(text)
    assert page.words.count("outside of the pictures: see the outliers") == 2
    assert page.words.count("1 value outside of the pictures, which the table has") == 1
    worst = text[text.index('id="outliers"') :].partition("</section>")[0]
    for name in ("m950", "m17", "m18"):
        assert f"<code>{name}</code>" in worst, name
    assert "inf" not in worst


def test_a_million_rows_and_1700_columns(tmp_path):
    """Each under ten seconds and a megabyte: what is listed is bounded, and says what is not."""
    rng = np.random.default_rng(0)
    n = 1_000_000
    ids = pa.array(np.char.add("id-", np.arange(n).astype(str)))
    systems = pa.array(["Fe-O", "Cl-Na", "Si", "Al-O", "Ga-N"])
    kinds = pa.array(rng.integers(0, 5, n))
    long = pa.table({
        "material_id": ids,
        "formula": systems.take(kinds),
        "chemsys": systems.take(kinds),
        **{f"y{k}": rng.normal(size=n) for k in range(6)},
        "metal": rng.random(n) > 0.5,
    })  # fmt: skip
    wide = pa.table({
        "material_id": [f"m{k}" for k in range(2_000)],
        "formula": ["NaCl"] * 2_000,
        "chemsys": ["Cl-Na"] * 2_000,
        **{f"column-{k:04d}": rng.normal(size=2_000) for k in range(1_700)},
    })  # fmt: skip
    long_set = written.write(tmp_path, "long", long, dict.fromkeys(("y0", "y1", "metal"), "eV"))
    parts = np.array(["train", "val", "test"])[rng.choice(3, n, p=(0.8, 0.1, 0.1))]
    _save_split(long_set, ids, parts)
    targets = {f"column-{k:04d}": "" for k in range(1_700)}
    wide_set = written.write(tmp_path, "wide", wide, targets)
    wide_set.split("70/15/15")
    for made, more in ((long_set, "1,000,000"), (wide_set, "1,553 columns more")):
        begin = time.process_time()  # of this process: others share the machine
        path = made.report(tmp_path / "big.html").output
        seconds = time.process_time() - begin
        page = require_sound(path.read_text(encoding="utf-8"))
        assert more in page.words
        assert seconds < 10, (made.ref, seconds)


def _save_split(dataset, ids, parts):
    """A split of many rows, saved as `matdata split` does."""
    names = np.array(ids.to_pylist())
    split = md.Split("many", "random", {}, {p: names[parts == p] for p in np.unique(parts)})
    columns = {
        "material_id": np.concatenate(list(split.parts.values())).tolist(),
        "part": [p for p, ids in split.parts.items() for _ in ids],
    }
    note = {"name": "many", "method": "random", "settings": {}, "sizes": split.sizes,
            "digest": split.digest(), "notes": []}  # fmt: skip
    dataset.save_split("many", columns, note)
