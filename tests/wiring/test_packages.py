"""Each optional package belongs to an extra, and the error names it where one is missing."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.crystals import many
from support.files import write_csv

from matdata.core.errors import ConfigError
from matdata.core.packages import EXTRA_OF, MissingPackageError, needed_for, require_package

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
#: Distributions whose module has another name.
MODULES = {"scikit-learn": "sklearn", "umap-learn": "umap", "mlflow-skinny": "mlflow"}
#: What comes with another package and is imported beside it alone; pytest runs `matdata.testing`.
WITH_OTHERS = {
    "pytest": "the author of a plugin",
    "llvmlite": "numba",
    "requests": "mp_api",
    "pytorch_lightning": "lightning",
    "typing_extensions": "zarr",
}
#: Packages that a machine has which only loads and trains.
BASE = ("numpy", "pandas", "pyarrow", "h5py", "zarr", "tqdm", "platformdirs")


def _module(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)[0]
    return MODULES.get(name, name).replace("-", "_")


def _own(extra: str) -> set[str]:
    """Modules that an extra brings itself."""
    return {_module(one) for one in EXTRAS[extra] if not one.startswith("matdata")}


def _reached(extra: str) -> set[str]:
    """An extra and those that it stands for."""
    inner = re.findall(r"^matdata\[([\w,]+)\]", "\n".join(EXTRAS[extra]), re.MULTILINE)
    return {extra}.union(*(_reached(one) for text in inner for one in text.split(",")))


def test_each_optional_package_belongs_to_the_extra_that_errors_name():
    brought = {module: extra for extra in EXTRAS for module in _own(extra)}
    assert brought == EXTRA_OF


def test_the_base_is_light():
    assert {_module(one) for one in PROJECT["dependencies"]} == set(BASE)


def test_models_are_all_plugins_but_the_one_to_copy():
    plugins = {f"matdata-{path.name}" for path in (ROOT / "plugins").iterdir()}
    assert {one for one in EXTRAS["models"] if "[" not in one} == plugins - {"matdata-example"}


def test_all_is_every_extra():
    assert _reached("all") == set(EXTRAS)


def test_the_first_command_of_the_readme_installs_no_torch():
    (line,) = re.findall(r"^.*uv run .*build sample.*$", (ROOT / "README.md").read_text(), re.M)
    assert "--no-dev" in line
    extras = set().union(*map(_reached, re.findall(r"--extra (\w+)", line)))
    brought = set().union(*map(_own, extras))
    assert "pymatgen" in brought
    assert "torch" not in brought


def test_matdata_imports_no_package_that_no_extra_brings():
    known = {*EXTRA_OF, *BASE, *WITH_OTHERS, *sys.stdlib_module_names, "matdata"}
    for path in (ROOT / "matdata").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                assert name.partition(".")[0] in known, f"{path.relative_to(ROOT)} imports {name}"


def test_a_missing_package_is_named_with_its_extra_and_any_other_error_is_left():
    with (
        pytest.raises(MissingPackageError, match=r'pip install "matdata\[mp\]", or wait') as raised,
        needed_for("the Materials Project", "wait"),
    ):
        raise ModuleNotFoundError("No module named 'mp_api'", name="mp_api.client")
    assert isinstance(raised.value, ConfigError)
    assert isinstance(raised.value, ImportError)
    assert raised.value.what == "mp_api is not installed; it is needed for the Materials Project"
    with pytest.raises(ModuleNotFoundError, match="boto3"), needed_for("the Materials Project"):
        raise ModuleNotFoundError("No module named 'boto3'", name="boto3")
    require_package("pymatgen", "a test")


def _script(packages: list[str], code: str) -> str:
    """Code that runs where these packages are not installed."""
    hidden = "\n".join(f"sys.modules[{name!r}] = None" for name in packages)
    return f"import sys\n{hidden}\n{code}"


COMMANDS = {
    "build sample": "chemistry",
    "build {csv}": "chemistry",
    "build matminer:matbench_phonons": "matminer",
    "featurize golden magpie": "chemistry",
    "featurize golden matminer:DensityFeatures": "matminer",
    "report dataset:golden --output funnel.png": "pictures",
    "export golden out.extxyz": "chemistry",
    "train dummy golden --target gap": "train",
    "predict some NaCl": "train",
    "evaluate some": "train",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_name_the_extra_that_they_need(command, tmp_path):
    shutil.copytree(ROOT / "tests" / "golden" / "v1", tmp_path / "cache")
    csv = write_csv(tmp_path / "few.csv", many(4))
    words = command.format(csv=csv).split()
    code = f"""
from matdata.cli import main
sys.exit(main([*{words!r}, "--cache", {str(tmp_path / "cache")!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", _script([*EXTRA_OF], code)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not installed; it is needed for" in done.stderr
    assert f'pip install "matdata[{COMMANDS[command]}]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_trainer_names_the_extra_that_brings_models(monkeypatch):
    from matdata.core.errors import PluginError
    from matdata.training import TRAINERS

    with pytest.raises(PluginError, match="did you mean 'roost'") as typed:
        TRAINERS.get("roots")
    assert "pip install" not in str(typed.value)
    monkeypatch.setattr(type(TRAINERS), "names", lambda self: [])
    with pytest.raises(PluginError, match=r'known trainers: none; pip install "matdata\[models\]"'):
        TRAINERS.offer("crabnet2")


def test_a_package_that_a_library_reports_in_its_own_words_is_named_too():
    first = ModuleNotFoundError("No module named 's3fs'", name="s3fs")
    with (
        pytest.raises(MissingPackageError, match="s3fs is not installed"),
        needed_for("folders at s3://"),
    ):
        raise ImportError("Install s3fs to access S3") from first


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


HIDDEN = ["numba", "moyopy", "spglib", "gemmi", "ase", "matminer", "pymatgen"]


def test_a_feature_declares_the_packages_that_compute_it(tmp_path):
    """Those that declare nothing of an extra are computed where no extra is installed."""
    shutil.copytree(ROOT / "tests" / "golden" / "v1", tmp_path / "cache")
    code = f"""
import matdata as md
from matdata.features import FEATURIZERS, featurizer
names = {{*FEATURIZERS.names(), "element:mat2vec", "column:n_sites"}}
names -= {{"element", "column", "embedding", "matminer"}}
bare = sorted(name for name in names if not set(featurizer(name).packages) & {{*{HIDDEN!r}}})
made = md.open("golden", {str(tmp_path / "cache")!r}).featurize(*bare)
print(len(made), *bare)
"""
    done = _python(_script(HIDDEN, code))
    assert done.returncode == 0, done.stderr
    count, *names = done.stdout.split()
    assert int(count) == len(names)
    assert {"composition-set", "edm", "element:mat2vec", "lattice"} <= {*names}
    assert not {"ofm", "voronoi", "graph", "magpie", "wyckoff"} & {*names}


def test_a_feature_that_cannot_be_computed_is_refused_before_anything_is(tmp_path):
    cache, csv = tmp_path / "cache", write_csv(tmp_path / "few.csv", many(12))

    def build(names, hidden):
        words = ["build", str(csv), "--features", names, "--cache", str(cache), "--workers", "1"]
        code = f"from matdata.cli import main\nsys.exit(main({words!r}))"
        return _python(_script(hidden, code))

    refused = build("lattice,graph", ["numba"])
    assert refused.returncode == 1
    assert "numba is not installed; it is needed for the feature graph" in refused.stderr
    assert not [path for path in cache.rglob("*") if path.is_file()]
    assert build("graph", []).returncode == 0
    assert build("graph", ["numba"]).returncode == 0  # it is there
    (features,) = (cache / "features").iterdir()
    before = sorted(path.name for path in features.iterdir())
    # another graph is there, so that the dataset has to be known first
    code = f"""
from matdata.cli import main
words = ["featurize", "few", "lattice,graph", "--set", "graph.radius=3"]
sys.exit(main([*words, "--cache", {str(cache)!r}]))
"""
    refused = _python(_script(["numba"], code))
    assert "numba is not installed; it is needed for the feature graph" in refused.stderr
    assert sorted(path.name for path in features.iterdir()) == before
