"""A last batch of one crystal with one site: every network trains, and goes on where it stopped."""

from __future__ import annotations

import numpy as np
import pytest
from support.small import NETWORKS

import matdata as md
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions
from matdata.store.safetensors import read_tensors
from matdata.training import trainer as make_trainer

pytestmark = pytest.mark.slow

SYMBOLS = ("Li", "Na", "K", "Mg", "Ca", "Al", "Fe", "Cu", "Ag", "Au", "Pt", "W", "Ti")
BATCH = 4


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Crystals of one site, and splits that leave one of them to the last batch of an epoch."""
    home = tmp_path_factory.mktemp("single")
    frames = []
    for row, symbol in enumerate(SYMBOLS):
        a = 2.7 + 0.1 * row
        head = f'Lattice="{a} 0 0 0 {a} 0 0 0 {a}" Properties=species:S:1:pos:R:3 pbc="T T T"'
        frames.append(f"1\n{head} material_id=m{row:02d} y={0.3 * row}\n{symbol} 0 0 0\n")
    (home / "single.extxyz").write_text("".join(frames))
    dataset = md.build(
        home / "single.extxyz",
        cache=home / "cache",
        workers=1,
        dedupe="none",
        name="single",
        target="y",
    )
    ids = dataset.ids.tolist()
    for name, size in (("nine", 2 * BATCH + 1), ("five", BATCH + 1), ("one", 1)):
        lines = [f"{i},{'train' if k < size else 'val'}" for k, i in enumerate(ids[: size + 2])]
        (home / f"{name}.csv").write_text("\n".join(["material_id,part", *lines]))
        dataset.split(method="fixed", name=name, set={"file": str(home / f"{name}.csv")})
    return dataset


def prepared(dataset, plugin):
    """Build the inputs of a plugin."""
    made = make_trainer(plugin)
    wanted = {spec: dict(values) for spec, values in made.input_settings().items()}
    for spec in made.inputs():
        chosen = {name: values for name, values in wanted.items() if name == spec}
        options = BuildOptions(features=(spec,), feature_settings=chosen, workers=1)
        add_features(dataset, dataset.cache, options)


def train(dataset, plugin, name, split, **settings):
    chosen = {"epochs": 2, "threads": 1, "tensorboard": False, **settings}
    if not any(key.startswith("max_") for key in settings):
        chosen.setdefault("batch_size", BATCH)
    return md.train(plugin, dataset, "y", split=split, name=name, quiet=True, train=chosen)


@pytest.mark.parametrize("plugin", NETWORKS)
def test_every_network_trains_on_a_last_batch_of_one_site(single, plugin):
    prepared(single, plugin)
    for split in ("nine", "five", "one"):
        run = train(single, plugin, f"{plugin}-{split}", split, epochs=1)
        assert run.result()["steps"] == {"nine": 3, "five": 2, "one": 1}[split]
        assert np.isfinite(md.predict(run, single).mean).all()


@pytest.mark.parametrize("plugin", ["cgcnn", "ogcnn"])
def test_a_training_stopped_at_such_a_batch_ends_in_the_same_bits(single, plugin, monkeypatch):
    if plugin not in NETWORKS:
        pytest.skip(f"{plugin} is not installed")
    from matdata.training import checkpoint
    from matdata.training import fit_networks as job

    class Stop(Exception):
        pass

    save = checkpoint.save_checkpoint

    def stop(loop, folder, run):
        save(loop, folder, run)
        if loop.progress.step == loop.per_epoch - 1:  # the batch of one site comes next
            raise Stop

    prepared(single, plugin)
    monkeypatch.setattr(job, "save_checkpoint", stop)
    with pytest.raises(Stop):
        train(single, plugin, f"{plugin}-cut", "nine", checkpoint_seconds=0)
    monkeypatch.setattr(job, "save_checkpoint", save)
    runs = [train(single, plugin, f"{plugin}-{name}", "nine") for name in ("cut", "whole")]
    cut, whole = (read_tensors(run.folder / "best.safetensors")[0] for run in runs)
    assert cut.keys() == whole.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(cut[name], value, strict=True)
