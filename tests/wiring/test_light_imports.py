"""`import matdata` and `matdata --help` stay light; the load path does without chemistry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.crystals import many
from support.files import write_csv

import matdata
from matdata import api

MISSING = {
    *("pymatgen", "ase", "matminer", "mp_api", "moyopy", "spglib", "numba", "zarr", "sklearn"),
    *("pydantic", "ijson", "platformdirs", "scipy"),
}
HEAVY = ("torch", "pymatgen", "pandas", "ase", "matminer", "mp_api", "numba", "zarr", "sklearn")


def _loaded(code: str) -> set[str]:
    script = f"{code}\nimport sys, json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_importing_matdata_imports_nothing_heavy():
    assert not _loaded("import matdata").intersection(HEAVY)
    assert not _loaded("import matdata.cli").intersection(HEAVY)


def test_the_python_api_imports_no_chemistry():
    loaded = _loaded("import matdata; matdata.open; matdata.build")
    assert not loaded.intersection(HEAVY)


@pytest.mark.slow
def test_a_small_build_without_compiled_features_loads_neither_pandas_nor_compiled_code(tmp_path):
    """Either takes as long to import as hundreds of crystals to read."""
    source = write_csv(tmp_path / "few.csv", many(4))
    build = f"matdata.build({str(source)!r}, cache={str(tmp_path)!r}, workers=1, split=None)"
    loaded = _loaded(f"import matdata; print(len({build}))")
    assert "pyarrow" in loaded
    assert not loaded.intersection({"pandas", "numba", "scipy", "multiprocessing"})


@pytest.mark.slow
def test_importing_the_contract_of_plugins_imports_nothing_heavy():
    assert not _loaded("import matdata.plugin").intersection(HEAVY)
    names = "Featurizer, Source, TorchTrainer, FitTrainer, Settings, Chunk, Schema, Split"
    assert not _loaded(f"from matdata.plugin import {names}").intersection(HEAVY)
    assert "torch" in _loaded("from matdata.plugin import Batch")


def test_help_answers_in_well_under_half_a_second():
    """Of processor time: how long it waits for others says nothing about matdata."""
    fastest = min(_seconds() for _ in range(5))
    assert fastest < 0.5


def _seconds() -> float:
    before = os.times()
    command = [sys.executable, "-m", "matdata.cli", "--help"]
    subprocess.run(command, capture_output=True, check=True)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def test_the_package_names_what_the_api_offers():
    assert matdata.__all__ == api.__all__
    with pytest.raises(AttributeError, match="no_such"):
        matdata.no_such  # noqa: B018


def test_every_command_has_a_module():
    from importlib import import_module

    from matdata.cli.arguments import make_parser
    from matdata.cli.commands import COMMANDS, module_of
    from matdata.cli.plugin_commands import PLUGIN_COMMANDS

    (subparsers,) = (a for a in make_parser()._actions if a.dest == "command")
    own = set(subparsers.choices) - set(PLUGIN_COMMANDS.plugins())
    assert own == set(COMMANDS), "edit matdata/cli/commands.py"
    for command in COMMANDS:
        assert callable(import_module(module_of(command)).run)


@pytest.mark.slow
def test_datasets_and_features_are_read_without_chemistry(tmp_path):
    """What a GPU node has: NumPy, pandas, pyarrow, h5py. What it lacks may not be asked for."""
    golden = Path(__file__).parents[1] / "golden" / "v1"
    shutil.copytree(golden, tmp_path / "cache")
    script = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MISSING}:
            raise ImportError("not on this machine: " + name)

sys.meta_path.insert(0, Refuse())
import matdata as md
from matdata.store.feature_catalogue import features
dataset = md.open("golden", {str(tmp_path / "cache")!r})
(folder,) = [f for f in features(dataset.cache, dataset.ref) if list(f.glob("shards/*.h5"))]
feature = md.Feature(folder, dataset.ids, dataset.digest)
print(dataset.table.shape[0], feature["nacl"].shape, dataset.crystals.n_sites.sum())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("11 (8, 1056)")
