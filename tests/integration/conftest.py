"""Small datasets that runs are trained on; recipes."""

from __future__ import annotations

import shutil

import pytest
from support import spectra
from support.recipes import runner

import matdata as md


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A cache with a dataset `s` of 100 materials, three splits, and the features of `example`."""
    cache = tmp_path_factory.mktemp("train")
    dataset = md.build("sample:300", features=["fractions"], cache=cache, workers=1, name="s")
    dataset.split("80/20", name="two")
    dataset.split("70/15/15", name="other", seed=5)
    dataset.split("70/15/15", name="main", seed=1)
    return cache


@pytest.fixture
def cache(built, tmp_path):
    """A copy to train in."""
    shutil.copytree(built, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def oscillators(tmp_path_factory):
    """A dataset of oscillators with spectra on one grid, a split `s`, and features of formulas."""
    options = {"unit": {"energy": "eV"}, "features": "fractions,formula-graph"}
    dataset = spectra.build(tmp_path_factory.mktemp("spectra"), spectra.arrays(), **options)
    dataset.split("60/20/20", name="s")
    return dataset


@pytest.fixture
def run(capsys):
    """``run(name, *arguments)`` carries out a recipe."""
    return runner(capsys)
