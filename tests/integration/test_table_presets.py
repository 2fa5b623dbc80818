"""Presets of the papers' tables and of plugins: each starts for two epochs on small data."""

from __future__ import annotations

import importlib
import json
from dataclasses import fields

import pytest
from matdata_recipes.table_presets import COMPARED, ROWS
from support.stand_ins import jarvis_file, mp_file

from matdata.training import TRAINERS, trainer
from matdata.training.run_lookup import find_run

pytestmark = pytest.mark.slow


#: Splits of the stand-ins, which are too small for the numbers of the paper.
SHARES = "shares-of-60000-4619-4620-seed0"
#: A row for each model with settings of its own.
DISTINCT = {
    json.dumps([row.plugin, dict(row.settings), dict(row.hypers)], sort_keys=True): row
    for row in reversed(ROWS)
    if row.paper is not None
}
#: Rows of the stand-in for JARVIS in the parts of a published split.
PARTS = {"train": (0, 40), "val": (40, 48), "test": (48, 58)}


def other_presets() -> list[tuple[str, str]]:
    """Presets of the tables' models that no row starts with."""
    others = []
    for plugin in sorted({plugin for plugin, _ in COMPARED.values()} & set(TRAINERS.names())):
        hypers = TRAINERS.get(plugin).Hypers
        started = {
            row.hypers.get("preset", hypers().preset)
            for row in DISTINCT.values()
            if row.plugin == plugin
        }
        (preset,) = (field for field in fields(hypers) if field.name == "preset")
        others += [(plugin, name) for name in preset.metadata["choices"] if name not in started]
    return others


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with stand-ins for the files of the data sets, and a cache that presets share."""
    folder = tmp_path_factory.mktemp("tables")
    mp = mp_file(folder / "mp.jsonl")
    jarvis = jarvis_file(folder / "dft_3d.json", [f"JVASP-{k}" for k in range(60)])
    ids = {part: [f"JVASP-{k}" for k in range(*own)] for part, own in PARTS.items()}
    (folder / "dft_3d_mbj_bandgap.json").write_text(json.dumps({**ids, "dev": ["JVASP-gone"]}))
    return {"mp": mp, "jarvis": jarvis, "cache": folder / "cache", "folder": folder}


@pytest.fixture
def train():
    return importlib.import_module("matdata_recipes.train")


def started(train, home, preset: str, *words: str) -> dict:
    """Carry out a preset for two epochs; returns the record of its results."""
    results = home["folder"] / "results"
    where = ["--cache", str(home["cache"]), "--results", str(results), "--quiet"]
    assert train.main([preset, "--epochs", "2", *words, *where]) == 0
    name = importlib.import_module("matdata_recipes.presets").PRESETS[preset].run(0)
    run = find_run(home["cache"], words[words.index("--name") + 1] if "--name" in words else name)
    assert run.finished
    assert run.settings.epochs == 2
    return json.loads((results / f"{run.name}.json").read_text())


@pytest.mark.parametrize("row", DISTINCT.values(), ids=lambda row: row.name)
def test_a_row_of_a_table_starts(train, home, row):
    if row.plugin not in TRAINERS.names():
        pytest.skip(f"no trainer {row.plugin}")
    if row.data.startswith("finder-jarvis-dielectric"):
        pytest.skip("its recipe reads files of spectra, see test_recipes_jarvis.py")
    source = home["jarvis" if row.data.startswith("ocrystalnet-jarvis") else "mp"]
    words = ["--from", str(source)]
    smaller = row.data in ("ocrystalnet-mp-band-gap", "ocrystalnet-mp-formation-energy")
    result = started(train, home, row.name, *words, *(["--split", SHARES] if smaller else []))
    ((target, score),) = result["targets"].items()
    assert target == importlib.import_module("matdata_recipes.preset_data").DATA[row.data].target
    assert score["metrics"]["mae"] > 0
    # an error on another split than the paper's does not stand beside the paper's
    assert (score["paper"] is None) is smaller
    assert result["hypers"] == dict(row.hypers)


@pytest.mark.parametrize(("plugin", "preset"), other_presets())
def test_a_preset_of_a_plugin_starts(train, home, plugin, preset):
    name = f"{plugin}-{preset}"
    words = ["--from", str(home["mp"]), "--split", SHARES, "--name", name]
    started(train, home, f"ocrystalnet-mp-band-gap-{plugin}", *words, "--set", f"preset={preset}")
    run = find_run(home["cache"], name)
    usual = trainer(plugin, {"preset": preset}).loop_defaults()
    chosen = run.settings.to_dict()
    assert {key: chosen[key] for key in usual if key != "epochs"} == {
        key: value for key, value in usual.items() if key != "epochs"
    }


def test_moduli_are_scored_as_logarithms(train, home):
    result = started(
        train, home, "ocrystalnet-mp-log-bulk-modulus-cgcnn", "--from", str(home["mp"])
    )
    score = result["targets"]["log10(k_vrh)"]
    assert score["unit"] == "log10(GPa)"
    assert score["paper"] == {"value": 0.054, "table": "Yang table 2"}
    assert 0 < score["metrics"]["mae"] < 2  # moduli are 10 to 40 GPa
    assert result["split"]["name"] == "KG-80-10-10-seed0"


def test_a_leaderboard_row_uses_the_ids_of_the_file(train, home):
    preset = "leaderboard-jarvis-mbj-gap-cgcnn"
    files = [str(home["jarvis"]), str(home["folder"] / "dft_3d_mbj_bandgap.json")]
    result = started(train, home, preset, "--from", *files)
    assert result["split"]["name"] == "leaderboard-dft_3d_mbj_bandgap"
    score = result["targets"]["mbj_bandgap"]
    assert score["paper"] is None
    assert score["materials"] == sum(k % 5 != 4 for k in range(*PARTS["test"]))
    # another property of the same dataset has a file of its own
    words = ["leaderboard-jarvis-energy-above-hull-cgcnn", "--cache", str(home["cache"])]
    assert train.main(words) == 1
