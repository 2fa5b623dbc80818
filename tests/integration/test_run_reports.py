"""`matdata report RUN`: what a run has learnt, and never a test part that nobody opened."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from support import rich
from support.pages import require_sound

import matdata as md
from matdata.cli import main
from matdata.training.run import OPENED, RECORD, TABLE

pytestmark = pytest.mark.slow
SECTIONS = [
    "overview", "scores", "training", "parity", "uncertainty", "residuals", "worst", "origin",
]  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A dataset, a forest and a network of two members on it, and a network on classes."""
    built = rich.build(tmp_path_factory.mktemp("runs"), split="60/20/20")
    built.featurize("magpie")
    built.featurize("composition-set")
    common = {"cache": built.cache, "quiet": True}
    md.train("rf-magpie", "rich", target="density", name="forest", **common)
    small = {"width": 16, "layers": 1, "gates": 16, "hidden": 16, "trunk": "32", "output": "16"}
    network = {"epochs": 3, "threads": 1, "train": {"tensorboard": False}}
    md.train("roost", "rich", target="density", name="pair", ensemble=2, loss="robust_l1",
             set=small, **network, **common)  # fmt: skip
    md.train("roost", "rich", target="metal", name="classes", set=small, **network, **common)
    return built.cache


def _page(cache, name, folder):
    output = md.report(name, folder / "run.html", cache=cache).output
    return require_sound(output.read_text(encoding="utf-8")), output.read_bytes()


@pytest.mark.parametrize("name", ["forest", "pair", "classes"])
def test_a_run_has_every_section_and_its_test_part_stays_closed(cache, name, tmp_path):
    page, first = _page(cache, name, tmp_path)
    assert set(page.ids) <= set(SECTIONS)
    assert {"overview", "scores", "training", "parity", "origin"} <= set(page.ids)
    folder = cache / "runs" / name
    assert not any((folder / file).exists() for file in (OPENED, RECORD, TABLE))
    assert not list((cache / "datasets").rglob("*.openings.jsonl"))
    assert "closed" in page.words
    assert "CC-BY-4.0" in page.words
    assert _page(cache, name, tmp_path)[1] == first


def test_no_material_of_a_closed_test_part_is_named(cache, tmp_path, monkeypatch):
    """Nor is its true value read: with other values there, the page is the same."""
    from matdata.training import data

    dataset = md.open("rich", cache)
    split = dataset.split()
    asked: set[str] = set()
    original = data.truth

    def watched(view, ids, targets):
        asked.update(np.asarray(ids).tolist())
        return original(view, ids, targets)

    monkeypatch.setattr("matdata.reports.run.results.truth", watched)
    page, _ = _page(cache, "forest", tmp_path)
    assert asked == set(split["val"])
    for identity in split["test"]:
        assert f" {identity} " not in page.words
    assert any(f" {identity} " in page.words for identity in split["val"])


def test_curves_and_calibration_of_an_ensemble(cache, tmp_path):
    page, _ = _page(cache, "pair", tmp_path)
    for words in ("Losses by epoch", "Waited for data", "miscalibration_area", "coverage_68"):
        assert words in page.words or words in page.labels, words
    assert page.ids == SECTIONS


def test_the_test_part_is_shown_once_it_was_opened(cache, tmp_path):
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    before, _ = _page(copy, "forest", tmp_path)
    record = md.evaluate("forest", cache=copy)
    after, _ = _page(copy, "forest", tmp_path)
    assert "density (g/cm^3): test part" not in before.words
    assert "density (g/cm^3): test part" in after.words
    (scored,) = record["targets"].values()
    assert f"{scored['metrics']['mae']:.4g}" in after.words
    text = md.report("forest", cache=copy).text
    assert "test part, density (g/cm^3)" in text


def test_a_name_of_both_is_refused_and_said_apart(cache, tmp_path, capsys):
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    shutil.copytree(copy / "runs" / "forest", copy / "runs" / "rich")
    assert main(["report", "rich", "--cache", str(copy)]) == 1
    error = capsys.readouterr().err
    assert "run:rich" in error
    assert "dataset:rich" in error
    assert main(["report", "run:rich", "--json", "--cache", str(copy)]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == "rich"
    assert main(["report", "dataset:rich", "--json", "--cache", str(copy)]) == 0
    assert json.loads(capsys.readouterr().out)["dataset"].startswith("rich@")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (["forest", "--output", "run.svg"], "has no funnel"),
        (["forest", "--pictures", "folder"], "has no funnel"),
        (["nothing"], "no dataset or run 'nothing'"),
        (["forst"], "did you mean 'forest'"),
        (["rich", "--output", "rich.docx"], "end the name in one of .html"),
    ],
)
def test_what_cannot_be_written_is_refused(cache, wrong, why, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["report", *wrong, "--cache", str(cache)]) == 1
    assert why in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_run_whose_dataset_is_gone_says_so(cache, tmp_path):
    shutil.copytree(cache / "runs", tmp_path / "cache" / "runs")
    page, _ = _page(tmp_path / "cache", "forest", tmp_path)
    assert "the dataset is not in the cache" in page.words
