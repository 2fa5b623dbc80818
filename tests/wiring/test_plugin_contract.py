"""`matdata.plugin` holds what authors need, and the plugins of this repository need no more."""

from __future__ import annotations

import ast
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import matdata
from matdata import api, nn, plugin

ROOT = Path(__file__).parents[2]
SOURCE = Path(plugin.__file__).read_text()
#: Modules of matdata that plugins, and what stands in for one, may import.
PUBLIC = ("matdata", "matdata.plugin", "matdata.plugin.nn")
#: And their tests: the contracts that they subclass, and the command line.
OF_TESTS = (
    *PUBLIC,
    "matdata.cli",
    "matdata.testing",
    *(f"matdata.testing.{path.stem}" for path in (ROOT / "matdata" / "testing").glob("*.py")),
)
PLUGINS = sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())
#: What every plugin has; `{package}` is its own.
FILES = (
    "README.md",
    "pyproject.toml",
    "tests",
    "{package}/__init__.py",
    "{package}/hypers.py",
    "{package}/model.py",
    "{package}/py.typed",
)
#: Sources of recipes are written as plugins are.
STAND_INS = [
    ROOT / "recipes" / "matdata_recipes" / name
    for name in ("gathered.py", "reactions.py", "wbm.py")
]


def _checker_names() -> dict[str, str]:
    """Where type checkers are sent for each name: the imports under `TYPE_CHECKING`."""
    tree = ast.parse(SOURCE)
    (guarded,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and not node.orelse and isinstance(node.test, ast.Name)
    )
    homes = {}
    for node in guarded.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            renamed = "" if alias.asname is None else f":{alias.name}"
            homes[alias.asname or alias.name] = f"{node.module}{renamed}"
    return homes


def test_names_are_listed_alike_for_readers_checkers_and_python():
    message = "edit matdata/plugin: imports, __all__, and HOMES of homes.py must agree"
    assert _checker_names() == plugin.HOMES, message
    assert sorted(plugin.HOMES) == sorted(plugin.__all__), message
    assert dir(plugin) == sorted(plugin.__all__)


@pytest.mark.parametrize("name", sorted(plugin.HOMES))
def test_each_name_is_that_of_its_home(name):
    module, _, attribute = plugin.HOMES[name].partition(":")
    assert getattr(plugin, name) is getattr(import_module(module), attribute or name)


def test_no_name_has_two_meanings():
    for name in {*plugin.__all__} & {*matdata.__all__}:
        assert getattr(plugin, name) is getattr(api, name)
    for name in {*plugin.__all__} & {*nn.__all__}:
        assert getattr(plugin, name) is getattr(nn, name)


def test_blocks_of_networks_are_those_of_matdata_nn():
    blocks = import_module("matdata.plugin.nn")
    assert blocks.__all__ == nn.__all__
    assert all(getattr(blocks, name) is getattr(nn, name) for name in nn.__all__)


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="no_such"):
        plugin.no_such  # noqa: B018


def _imported(path: Path) -> set[str]:
    """Modules of matdata that a file imports, those that are only looked at by checkers too."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
            if node.module == "matdata":
                submodules = (f"matdata.{alias.name}" for alias in node.names)
                modules |= {one for one in submodules if one not in _public_names()}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    return {name for name in modules if name.partition(".")[0] == "matdata"}


def _public_names() -> set[str]:
    return {f"matdata.{name}" for name in matdata.__all__}


def _inner(paths: list[Path], allowed: tuple[str, ...]) -> dict[str, list[str]]:
    """Modules that files import and may not, by file."""
    wrong = {str(path.relative_to(ROOT)): sorted(_imported(path) - {*allowed}) for path in paths}
    return {path: modules for path, modules in wrong.items() if modules}


def test_plugins_import_nothing_inner():
    code = [*ROOT.glob("plugins/*/matdata_*/*.py"), *ROOT.glob("plugins/*/tools/*.py"), *STAND_INS]
    assert len(code) > 40
    message = "export what they need in matdata/plugin/__init__.py, and import it from there"
    assert not _inner(code, PUBLIC), message


def test_tests_of_plugins_import_nothing_inner():
    tests = list(ROOT.glob("plugins/*/tests/*.py"))
    assert len(tests) > 15
    assert not _inner(tests, OF_TESTS), "tests of a plugin need what its author has"


def _package(name: str) -> str:
    return "matdata_" + name.replace("-", "_")


@pytest.mark.parametrize("name", PLUGINS)
def test_every_plugin_has_the_same_files(name):
    folder = ROOT / "plugins" / name
    lacking = [
        file for file in FILES if not (folder / file.format(package=_package(name))).exists()
    ]
    assert not lacking, f"plugins/{name} lacks {', '.join(lacking)}"
    kinds = {path.name for path in folder.iterdir()} - {"__pycache__"}
    known = {"README.md", "pyproject.toml", "tests", "tools", _package(name)}
    assert kinds <= known, f"plugins/{name} holds {', '.join(sorted(kinds - known))} besides"


def test_tools_look_at_every_plugin():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    packages = {_package(name) for name in PLUGINS}
    linter = settings["importlinter"]
    assert set(linter["root_packages"]) == {"matdata", "matdata_recipes", *packages}
    (forbidden,) = (one for one in linter["contracts"] if one["name"].startswith("plugins import"))
    assert set(forbidden["source_modules"]) == packages
    packages_of_matdata = Path(matdata.__file__).parent.glob("*/__init__.py")
    folders = {path.parent.name for path in packages_of_matdata}
    inner = {f"matdata.{name}" for name in folders - {"plugin"}}
    assert set(forbidden["forbidden_modules"]) == inner
    checked = settings["mypy"]["files"]
    folders_of_code = {
        "matdata",
        "plugins/*/matdata_*",
        "recipes/matdata_recipes",
        "benchmarks",
        "tools",
    }
    assert folders_of_code | {"docs/_ext/matdata_site"} == {*checked}
    (independent,) = (one for one in linter["contracts"] if one["type"] == "independence")
    assert set(independent["modules"]) == packages


@pytest.mark.parametrize("name", PLUGINS)
def test_wheels_of_plugins_hold_their_packages(name):
    settings = tomllib.loads((ROOT / "plugins" / name / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": [_package(name)]}  # with all files in them, py.typed too
    assert settings["build-system"]["build-backend"] == "hatchling.build"


def test_matdata_says_that_it_is_typed():
    assert Path(matdata.__file__).with_name("py.typed").is_file()
