"""Names of the package stay what they are, whatever modules were imported."""

from __future__ import annotations

import importlib
import pkgutil
import types

import matdata
from matdata import api


def test_no_module_stands_in_the_place_of_a_public_name():
    modules = {found.name for found in pkgutil.iter_modules(matdata.__path__)}
    assert not modules & set(matdata.__all__)


def test_public_names_are_those_of_the_api_at_every_look():
    importlib.import_module("matdata.training.train")
    for _ in range(2):
        for name in matdata.__all__:
            assert getattr(matdata, name) is getattr(api, name)
            assert not isinstance(getattr(matdata, name), types.ModuleType)
