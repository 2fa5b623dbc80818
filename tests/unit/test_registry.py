from __future__ import annotations

import sys

import pytest
from support.distributions import CLASSES, install, whole

from matdata.core import registry as module
from matdata.core.errors import FeatureError, PluginError, SourceError
from matdata.core.registry import Registry
from matdata.evaluation.derive import DERIVATIONS
from matdata.features import FEATURIZERS, featurizer
from matdata.sources import SOURCES, find_source
from matdata.sources.base import Request
from matdata.sources.sample import Sample
from matdata.training import TRAINERS, trainer
from matdata.training.objectives import OBJECTIVES

REGISTRIES = {
    "trainers": TRAINERS,
    "featurizers": FEATURIZERS,
    "sources": SOURCES,
    "objectives": OBJECTIVES,
    "derivations": DERIVATIONS,
}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the path for distributions, and registries that look again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for registry in REGISTRIES.values():
        registry.refresh()
    yield tmp_path
    for registry in REGISTRIES.values():
        registry.refresh()
    for name, found in list(sys.modules.items()):
        if str(getattr(found, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(params=REGISTRIES)
def group(request):
    return request.param


def _fault(registry: Registry[object], name: str):
    (fault,) = [fault for fault in registry.faults() if fault.name == name]
    return fault


def test_names_are_known_without_importing(site, group):
    install(site, "absent", {group: {"some-name": "no_such_module:Thing"}})
    registry = REGISTRIES[group]
    assert "some-name" in registry.names()
    assert "some-name" in registry
    assert registry.plugins()["some-name"].maker == "absent 1.0"


BROKEN = {
    "a missing module": (None, "ModuleNotFoundError: No module named 'broken'"),
    "a missing class": ("", "AttributeError: module 'broken' has no attribute 'Thing'"),
    "sys.exit": ("import sys; sys.exit('\x1b[2J bye')", "SystemExit: \\x1b[2J bye"),
    "a BaseException": ("class E(BaseException): pass\nraise E('no')", "E: no"),
    "recursion": ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
    "a function": ("def Thing(): pass", "expected a subclass of"),
    "an instance": ("Thing = object()", "expected a subclass of"),
    "a stranger's class": ("class Thing: name = 'x'", "expected a subclass of"),
    "a class that lies": (
        "class M(type):\n    def __subclasscheck__(s, o): return True\n"
        "class Thing(metaclass=M): pass",
        "expected a subclass of",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_costs_its_own_name_alone(fault, site, group):
    code, told = BROKEN[fault]
    install(site, "broken", {group: {"some-name": "broken:Thing"}}, code)
    registry = REGISTRIES[group]
    with pytest.raises(PluginError) as raised:
        registry.get("some-name")
    assert told in str(raised.value)
    assert "of broken 1.0 (broken:Thing)" in str(raised.value)
    assert "repair or uninstall that distribution" in str(raised.value)


def test_a_plugin_is_imported_and_prints_nothing_into_results(site, group, capsys):
    code = "print('hello')\n" + whole(group, "some-name")
    install(site, "fine", {group: {"some-name": f"fine:{CLASSES[group]}"}}, code)
    assert REGISTRIES[group].get("some-name").name == "some-name"
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("name, version, citation", "nam, version, citation"), "it has no name"),
        (("'1'", "1"), "it has no version, expected a text"),
        (("def inputs", "def in_puts"), "it does not define inputs"),
        (("'some-name'", "'other'"), "it calls itself 'other'"),
    ],
)
def test_a_trainer_must_be_whole(change, told, site):
    code = whole("trainers", "some-name").replace(*change)
    install(site, "unfit", {"trainers": {"some-name": "unfit:Mean"}}, code)
    with pytest.raises(PluginError, match=f"is not what it should be: {told}"):
        TRAINERS.get("some-name")


def test_own_names_win(site):
    install(site, "shadow", {"sources": {"sample": "shadow:Thing"}, "featurizers": {"ofm": "a:B"}})
    assert isinstance(find_source("sample:5", Request()), Sample)
    assert featurizer("ofm").name == "ofm"
    assert "matdata's own is used" in _fault(SOURCES, "sample").what
    assert "shadow 1.0 registers feature 'ofm'" in _fault(FEATURIZERS, "ofm").what
    assert "sample" not in SOURCES.plugins()


def test_of_two_with_one_name_none_is_used_until_one_is_preferred(site, group, monkeypatch):
    registry = REGISTRIES[group]
    for name in ("one", "two"):
        code = whole(group, "some-name", version=name)
        install(site, name, {group: {"some-name": f"{name}:{CLASSES[group]}"}}, code)
    assert "some-name" not in registry.names()
    with pytest.raises(PluginError, match=r"(one|two) 1\.0 and (one|two) 1\.0 both register"):
        registry.get("some-name")
    with pytest.raises(PluginError, match="set MATDATA_PLUGINS="):
        registry.get("some-name", version="three")
    assert registry.get("some-name", version="two").__module__ == "two"
    monkeypatch.setenv("MATDATA_PLUGINS", "two, other")
    registry.refresh()
    assert registry.get("some-name").__module__ == "two"
    assert "some-name" in registry.names()
    assert registry.faults() == []


def test_a_run_is_served_by_the_plugin_that_trained_it(site):
    for name in ("one", "two"):
        code = whole("trainers", "some-name", version=name)
        install(site, name, {"trainers": {"some-name": f"{name}:Mean"}}, code)
    assert trainer("some-name", version="one").version == "one"
    with pytest.raises(PluginError, match="neither is used"):
        trainer("some-name")


def test_a_source_that_is_contested_is_no_unknown_source(site):
    for name in ("one", "two"):
        install(site, name, {"sources": {"data": f"{name}:Empty"}})
    with pytest.raises(PluginError, match="both register source 'data'"):
        find_source("data:x", Request())
    with pytest.raises(SourceError, match="unknown source 'dada'"):
        find_source("dada", Request())


METADATA = {
    "no section": "matdata.trainers\n[matdata.trainers\nx y",
    "no equals sign": "[matdata.trainers]\nsome-name",
    "bytes": b"[matdata.trainers]\nx\xff = a:b\n",
}


@pytest.mark.parametrize("text", METADATA.values(), ids=METADATA)
def test_unreadable_metadata_are_reported_and_hide_nothing(text, site):
    install(site, "garbled", {})
    install(site, "fine", {"trainers": {"some-name": "fine:Mean"}}, whole("trainers", "some-name"))
    path = site / "garbled-1.0.dist-info" / "entry_points.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert TRAINERS.get("some-name").name == "some-name"
    (fault,) = TRAINERS.faults()
    assert "garbled-1.0.dist-info cannot be read" in fault.what


def test_a_distribution_without_a_name_is_called_by_its_folder(site):
    install(site, "nameless", {"trainers": {"a": "nameless", "b:c": "x:y", "": "x:y"}})
    (site / "nameless-1.0.dist-info" / "METADATA").unlink()
    faults = {fault.name: fault.what for fault in TRAINERS.faults()}
    assert "nameless-1.0.dist-info registers trainer 'a' as 'nameless', expected" in faults["a"]
    assert "a name that cannot be requested: 'b:c'" in faults["b:c"]
    with pytest.raises(PluginError, match="expected module:class"):
        TRAINERS.get("a")


@pytest.mark.parametrize("name", ["two words", "x\x1b[2J", "\u202ex", "-x", "a,b"])
def test_names_that_cannot_be_requested(name, site):
    install(site, "odd", {"trainers": {name: "odd:Thing"}})
    assert name not in TRAINERS.names()
    assert "cannot be requested" in _fault(TRAINERS, name).what


def test_the_first_of_two_installations_is_the_one(site, tmp_path_factory, monkeypatch):
    behind = tmp_path_factory.mktemp("behind")
    monkeypatch.syspath_prepend(str(behind))
    monkeypatch.syspath_prepend(str(site))
    install(site, "same_one", {"trainers": {"some-name": "new:Mean"}})
    install(behind, "same-one", {"trainers": {"some-name": "old:Mean"}})
    assert TRAINERS.plugins()["some-name"].value == "new:Mean"
    assert TRAINERS.faults() == []


@pytest.mark.slow
def test_a_slow_import_is_named(site, monkeypatch, capsys):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    code = "import time; time.sleep(0.5)\n" + whole("trainers", "some-name")
    install(site, "slow", {"trainers": {"some-name": "slow:Mean"}}, code)
    assert TRAINERS.get("some-name")
    assert "trainer 'some-name' of slow 1.0 (slow:Mean) is still being" in capsys.readouterr().err


def test_ctrl_c_is_no_fault_of_a_plugin(site):
    install(site, "stopped", {"trainers": {"a": "stopped:x"}}, "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        TRAINERS.get("a")


def test_unknown_names_come_with_the_closest():
    with pytest.raises(FeatureError, match="did you mean 'ofm'"):
        featurizer("ofn")
    with pytest.raises(FeatureError, match="did you mean 'DensityFeatures'"):
        featurizer("matminer:DensityFeature")


def test_the_example_plugin_is_found():
    assert "cell-density" in FEATURIZERS.names()


def test_a_strangers_objective_trains(site):
    from support.training import make_loop

    from matdata.training.settings import TrainSettings

    code = whole("objectives", "quartic")
    install(site, "powers", {"objectives": {"quartic": "powers:Quartic"}}, code)
    loop, rows = make_loop(TrainSettings(loss="quartic", epochs=8, batch_size=16, lr=0.02))
    loop.run()
    assert rows[-1]["val_error"] < rows[0]["val_error"]
