"""Every script of benchmarks/, tools/ and the recipes starts: imported, and run with tiny inputs.

A new script is found by itself. It is imported; one with a `main` must also stand in `TINY` (with
the arguments of a run of seconds), in `HELP` (public data or long work: `--help` alone), or in
`WRITES` (it rewrites files of the package: imported alone).
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.crystals import SHARED

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "recipes/matdata_recipes", "tools")
SCRIPTS = [f"{path.parent.name}/{path.name}" for f in FOLDERS for path in ROOT.glob(f"{f}/*.py")]
STEMS = {Path(script).stem for script in SCRIPTS}
#: Recipes are modules of a package, and are started as such.
PACKAGE = "matdata_recipes/"
FEW = ("--limit", "6", "--sample", "3")
#: Arguments of a run of seconds, for scripts that read public data at most.
TINY: dict[str, tuple[str, ...]] = {
    "benchmarks/cif_vs_pymatgen.py": FEW,
    "benchmarks/compositions_vs_models.py": FEW,
    "benchmarks/conformal_coverage.py": ("rf-magpie", "--limit", "120", "--resplits", "2"),
    "benchmarks/crabnet_vs_reference.py": ("--limit", "40", "--epochs", "1"),
    "benchmarks/ensembles.py": ("elemnet", "--members", "2", "--steps", "1"),
    "benchmarks/gated_sum.py": ("--edges", "60", "--width", "8"),
    "benchmarks/graph_stream.py": ("--crystals", "60", "--steps", "1"),
    "benchmarks/graph_vs_aviary.py": ("--limit", "6"),
    "benchmarks/graph_vs_pymatgen.py": ("--limit", "6"),
    "benchmarks/hull_extension.py": ("--size", "60", "--own", "60"),
    "benchmarks/hull_systems.py": ("--size", "60", "--systems", "20"),
    "benchmarks/hull_vs_pymatgen.py": ("--size", "60", "--compared", "40", "--queries", "20"),
    "benchmarks/line_graph_vs_alignn.py": ("--limit", "6"),
    "benchmarks/loaders_memory.py": ("--materials", "600"),
    "benchmarks/magpie_vs_matminer.py": FEW,
    "benchmarks/mp_bulk_vs_rest.py": ("--documents", "20", "--files", "2"),
    "benchmarks/nearest_vs_sklearn.py": ("--vectors", "500", "--width", "8", "--queries", "3"),
    "benchmarks/nightly.py": ("--size", "60", "--grown", "66", "--features", "lattice"),
    "benchmarks/ofm_vs_matminer.py": FEW,
    "benchmarks/primitive_cells.py": ("--limit", "6"),
    "benchmarks/products.py": ("--times", "1"),
    "benchmarks/reaction_graph.py": ("--limit", "40", "--repeats", "1"),
    "benchmarks/report_table.py": ("--rows", "2000", "--columns", "30", "--repeat", "1"),
    "benchmarks/spectra.py": ("--materials", "60", "--points", "20", "--epochs", "1"),
    "benchmarks/protostructure_vs_pymatgen.py": ("--limit", "6"),
    "benchmarks/quotient_lines.py": ("--limit", "40", "--seconds", "0.1", "--seeds", "2"),
    "benchmarks/quotient_sizes.py": ("--limit", "6"),
    "benchmarks/voronoi_vs_matminer.py": FEW,
    "benchmarks/wyckoff_vs_aviary.py": ("--limit", "6"),
    "matdata_recipes/results.py": (),
}
#: Runs of minutes.
HELP = (
    "benchmarks/dask_overhead.py",
    "benchmarks/epoch_vs_aviary.py",
    "benchmarks/loaders_vs_others.py",
    "benchmarks/scale.py",
    "benchmarks/sharing.py",
    "benchmarks/sizes.py",
    "benchmarks/structure_models.py",
    "benchmarks/structure_table.py",
    "matdata_recipes/cuprates.py",
    "matdata_recipes/finder_enz.py",
    "matdata_recipes/hull_distances.py",
    "matdata_recipes/ofm_valence.py",
    "matdata_recipes/precursor_folds.py",
    "matdata_recipes/reaction_examples.py",
    "matdata_recipes/reaction_null.py",
    "matdata_recipes/reaction_tables.py",
    "matdata_recipes/retrospective.py",
    "matdata_recipes/train.py",
)
#: Parts of others, without a `main`.
MODULES = {
    "benchmarks/timing.py", "benchmarks/loader_rivals.py", "benchmarks/process_memory.py",
    "benchmarks/quotient_pairs.py",
    "benchmarks/scale_children.py", "benchmarks/scale_table.py", "benchmarks/structure_rivals.py",
    "tools/wyckoff_geometry.py",
    *(f"matdata_recipes/{name}.py" for name in (
        "__init__", "calibration", "common", "cuprate_figures", "data_set", "dielectric_curves",
        "gathered",
        "hull_distance_figures",
        "leaderboards",
        "more_presets", "oscillators", "places", "plan", "plasma_edges", "preset_command",
        "preset_data",
        "presets", "properties", "published_ids", "reaction_figures", "reaction_rows",
        "reaction_scores", "script", "summaries", "table_data",
        "table_presets", "wbm",
    )),
}  # fmt: skip
#: They rewrite tables and golden files.
WRITES = {name for name in SCRIPTS if name.startswith("tools/make_")}
#: Recipes of papers share their arguments; `test_recipes*.py` runs each with records of its own.
RECIPES = {
    name
    for name in SCRIPTS
    if name.startswith("matdata_recipes/")
    and "def recipe(" in (ROOT / "recipes" / name).read_text("utf-8")
    and name not in MODULES
}


def _module(script: str) -> str:
    return script.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


@pytest.fixture
def isolated(monkeypatch):
    """Scripts of a folder import their neighbours; `common` is another one in each."""
    environment, before = dict(os.environ), set(sys.modules)
    yield monkeypatch.syspath_prepend
    for name in set(sys.modules) - before:
        if name in STEMS:
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_imported(script, isolated):
    if script.startswith(PACKAGE):
        importlib.import_module(_module(script))
        return
    isolated(str(ROOT / Path(script).parent))
    for name in STEMS:
        sys.modules.pop(name, None)
    try:
        importlib.import_module(Path(script).stem)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in {"matdata", "support"}:
            raise
        pytest.skip(f"{error.name} is not installed (`uv sync --group bench`)")


def test_every_script_is_started():
    known = {*TINY, *HELP, *MODULES, *WRITES, *RECIPES}
    assert known == set(SCRIPTS), "say how a new script is started with tiny inputs"


def started(script: str, *arguments: str, cache: Path) -> str:
    """What a script prints; benchmarks end with 1 where matdata is the slower one."""
    place = ["-m", _module(script)] if script.startswith(PACKAGE) else [str(ROOT / script)]
    environment = {**os.environ, "MATDATA_CACHE": str(cache), "MATDATA_SHARED": str(SHARED.parent)}
    done = subprocess.run(
        [sys.executable, *place, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=250,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr and "matdata" not in done.stderr.splitlines()[-1]:
        pytest.skip(done.stderr.splitlines()[-1])
    if "no such file" in done.stderr or "No such file or directory" in done.stderr:
        pytest.skip(f"the public data are not on this machine: {done.stderr.splitlines()[-1]}")
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in ((0, 1) if script.startswith("benchmarks/") else (0,)), done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("script", TINY)
def test_scripts_run_with_tiny_inputs(script, tmp_path):
    assert started(script, *TINY[script], cache=tmp_path).strip()


@pytest.mark.slow
@pytest.mark.parametrize("script", [*HELP, *sorted(RECIPES)])
def test_scripts_say_what_they_take(script, tmp_path):
    assert "usage:" in started(script, "--help", cache=tmp_path)
