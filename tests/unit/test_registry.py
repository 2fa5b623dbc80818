from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from matdata.errors import FeatureError, PluginError
from matdata.features import FEATURIZERS, featurizer
from matdata.registry import Registry


def _registry(monkeypatch, *points: tuple[str, str]) -> Registry[object]:
    found = [EntryPoint(name, value, "group") for name, value in points]
    monkeypatch.setattr("matdata.registry.entry_points", lambda group: found)
    return Registry("feature", "group", {"own": "matdata.digest:digest_json"}, FeatureError)


def test_names_are_known_without_importing(monkeypatch):
    registry = _registry(monkeypatch, ("other", "no_such_module:thing"))
    assert registry.names() == ["other", "own"]
    assert "other" in registry


def test_a_broken_plugin_is_named_and_breaks_nothing_else(monkeypatch):
    registry = _registry(monkeypatch, ("other", "no_such_module:thing"))
    with pytest.raises(PluginError, match="no_such_module"):
        registry.get("other")
    assert callable(registry.get("own"))


def test_names_are_not_overwritten(monkeypatch):
    with pytest.raises(PluginError, match="matdata itself"):
        _registry(monkeypatch, ("own", "a:b")).names()
    with pytest.raises(PluginError, match="both register"):
        _registry(monkeypatch, ("x", "a:b"), ("x", "c:d")).names()


def test_unknown_names_come_with_the_closest():
    with pytest.raises(FeatureError, match="did you mean 'ofm'"):
        featurizer("ofn")
    with pytest.raises(FeatureError, match="did you mean 'DensityFeatures'"):
        featurizer("matminer:DensityFeature")


def test_the_example_plugin_is_found():
    assert "cell-density" in FEATURIZERS.names()
