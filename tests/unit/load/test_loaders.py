"""`Dataset.loaders` and `Dataset.loader`, and loaders for other frameworks."""

from __future__ import annotations

import itertools
import subprocess
import sys
import types

import numpy as np
import pytest
import torch

import matdata as md
from matdata.load.loaders import find_split
from matdata.load.normalizer import Normalizer
from matdata.load.reading import FeatureColumns
from matdata.store import notes
from matdata.store.records import write_record


def test_three_parts_and_a_normalizer_of_train(toy, capsys):
    loaders = toy.loaders("70/15/15", inputs=["lattice"], target="gap", batch_size=8)
    train, val, test = loaders
    assert "resident: " in capsys.readouterr().out
    parts = [set(part.ids.tolist()) for part in (train, val, test)]
    assert [len(part) for part in parts] == [42, 9, 9]
    assert not parts[0] & parts[1] | parts[1] & parts[2] | parts[0] & parts[2]
    values = np.array([toy.columns["gap"][toy.row(name)] for name in train.ids])
    assert loaders.normalizer.shift[0] == pytest.approx(values.mean())
    assert loaders.normalizer.scale[0] == pytest.approx(values.std(), rel=1e-5)
    assert [b.ids for b in val] == [b.ids for b in val]
    assert [b.ids for b in train] != [b.ids for b in train]
    assert "waited for data" in capsys.readouterr().out


@pytest.mark.slow
def test_parts_splits_and_options_of_training_alone(toy):
    split = {"train": toy.ids[:30], "test": toy.ids[30:]}
    options = {"fraction": 0.5, "weights": {toy.ids[0]: 2.0}}
    loaders = toy.loaders(split, inputs=["lattice"], target="gap", quiet=True, **options)
    assert loaders.val is None
    assert len(loaders.train.ids) == 15
    assert len(loaders.test.ids) == 30
    assert next(iter(loaders.test)).weights is None
    with pytest.raises(md.SplitError, match="no loader for 'val'"):
        loaders["val"]
    only = toy.loaders(split, inputs=["lattice"], parts=["test"], quiet=True)
    assert only.train is only.normalizer is None
    assert len(toy.loader("test", split=split, inputs=["lattice"]).ids) == 30
    assert len(toy.loader(inputs=["lattice"]).ids) == 60


def test_a_split_that_does_not_belong(toy):
    split = {"train": toy.ids[:30], "test": ["other-1", "other-2"]}
    with pytest.raises(md.SplitError, match=r"2 of 2 ids of part 'test' .*(.|\n)*another version"):
        toy.loaders(split, inputs=["lattice"], quiet=True)
    with pytest.raises(md.StoreError, match="saved splits"):
        find_split(toy, "no-such-split")
    with pytest.raises(md.ConfigError, match="of part 'train' of split"):
        toy.loaders("70/15/15", inputs=["lattice"], target="eps", quiet=True)


def test_a_saved_split_of_another_version_says_what_to_do(toy, tmp_path):
    import json
    import shutil

    shutil.copytree(toy.folder, tmp_path / "copy")
    copied = md.Dataset(tmp_path / "copy", toy.cache)
    copied.split(method="random", name="theirs")
    path = tmp_path / "copy" / "splits" / "theirs.json"
    note = json.loads(path.read_text()) | {"dataset_digest": "0123456789abcdef"}
    del note[notes.KEY]
    write_record(path, note, notes.KEY)
    with pytest.raises(md.StoreError, match="made from dataset 01234567") as caught:
        copied.loaders("theirs", inputs=["lattice"], quiet=True)
    assert f"`matdata split {copied.ref} --method random --name NAME`" in str(caught.value)


@pytest.mark.parametrize("kind", ["standard", "robust", "log10", "none"])
def test_normalizers_go_there_and_back(kind):
    values = np.random.default_rng(0).lognormal(2.0, 1.0, (200, 3))
    mask = np.ones(values.shape, bool)
    mask[::3, 1] = False
    fitted = Normalizer.fit(kind, np.where(mask, values, -1e9), mask)
    there = fitted.encode(torch.tensor(values, dtype=torch.float32))
    assert there.dtype == torch.float32
    np.testing.assert_allclose(there, fitted.encode(values), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(fitted.decode(there), values, rtol=1e-4)
    same = Normalizer.from_json(fitted.to_json())
    np.testing.assert_array_equal(same.encode(values), fitted.encode(values))
    inside = fitted.encode(values)[mask[:, 1], 1]
    if kind in ("standard", "log10"):
        assert inside.mean() == pytest.approx(0, abs=1e-9)
        assert inside.std() == pytest.approx(1)
    if kind == "robust":
        assert np.median(inside) == pytest.approx(0)
    tiny = 1e-6
    slope = (fitted.decode(inside[:5, None] + tiny) - fitted.decode(inside[:5, None])) / tiny
    got = fitted.decode_std(np.ones((5, 3)), np.repeat(inside[:5, None], 3, 1))
    np.testing.assert_allclose(got[:, 1], slope[:, 1], rtol=1e-4)


def test_normalizers_of_strange_targets():
    assert Normalizer.fit("standard", np.ones((4, 1))).scale.tolist() == [0.0]
    assert Normalizer.fit("robust", np.array([[0.0]] * 9 + [[5.0]])).scale[0] > 0
    with pytest.raises(md.ConfigError, match="2 of 3 targets are not positive"):
        Normalizer.fit("log10", np.array([[0.0], [-1.0], [2.0]]))
    with pytest.raises(md.ConfigError, match="did you mean 'standard'"):
        Normalizer.fit("standrad", np.ones((2, 1)))
    with pytest.raises(md.ConfigError, match="with their means"):
        Normalizer.fit("log10", np.ones((2, 1))).decode_std(np.ones((2, 1)))


@pytest.mark.slow
def test_numpy_batches_without_torch(toy):
    script = f"""
import sys
sys.modules["torch"] = None
import matdata as md
ds = md.open("toy", {str(toy.cache)!r})
total = 0
for batch in ds.loader(inputs=["graph", "ofm"], target="gap", device="numpy", shuffle=True):
    assert batch["ofm"].dense().values.shape[1] == 1056
    total += len(batch)
print(total, batch.targets.dtype)
try:
    ds.loader(inputs=["graph"])
except md.ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("55 float32")  # the graphs of five have no edges
    assert 'pip install "matdata[train]"' in done.stdout


@pytest.mark.slow
def test_loading_needs_no_chemistry(toy):
    script = f"""
import sys
for name in ("pymatgen", "ase", "matminer", "mp_api", "moyopy", "spglib", "numba", "sklearn"):
    sys.modules[name] = None
import matdata as md
ds = md.open("toy", {str(toy.cache)!r})
for batch in ds.loader(inputs=["graph", "wyckoff", "magpie", "ofm"], target="gap"):
    print(batch["ofm"].dense().shape[1], batch["graph"].basis("cgcnn").shape[1])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1056", "41"]


@pytest.mark.filterwarnings("error")
@pytest.mark.slow
def test_pyg_batches_come_apart_again(toy):
    pytest.importorskip("torch_geometric")
    from torch_geometric.data import Batch

    from matdata.load.integrations.pyg import PygLoader, pyg_data

    loader = toy.loader(inputs=["graph", "lattice"], target="gap", batch_size=13)
    batches = list(loader)
    loader.set_epoch(0)
    for batch, made in zip(batches, PygLoader(loader), strict=True):
        items = pyg_data(batch)
        assert [item.material_id for item in items] == batch.ids
        again = Batch.from_data_list(items)
        for name in ("z", "frac_coords", "edge_index", "distance", "image", "y", "batch", "ptr"):
            assert torch.equal(made[name], again[name]), name
        assert made.num_graphs == len(batch)
        assert items[1].edge_index.max() == items[1].num_nodes - 1
        assert [item["num_nodes"] for item in items] == batch["graph"].segments[
            "site"
        ].host_lengths.tolist()
    with pytest.raises(md.ConfigError, match="no crystal graph"):
        pyg_data(batch, "lattice")


def test_missing_frameworks_say_what_to_install(toy, monkeypatch):
    from matdata.load.integrations.lightning import data_module
    from matdata.load.integrations.pyg import PygLoader

    for name in ("torch_geometric", "torch_geometric.data", "lightning", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(md.ConfigError, match=r'pip install "matdata\[pyg\]"'):
        PygLoader(toy.loader(inputs=["graph"]))
    with pytest.raises(md.ConfigError, match=r'pip install "matdata\[lightning\]"'):
        data_module(toy.loaders("70/15/15", inputs=["lattice"], quiet=True))


def test_a_lightning_module_hands_out_loaders_and_keeps_their_state(toy, monkeypatch):
    from matdata.load.integrations.lightning import data_module

    stand_in = types.SimpleNamespace(LightningDataModule=object)
    monkeypatch.setitem(sys.modules, "lightning", stand_in)
    loaders = toy.loaders("80/20", inputs=["lattice"], target="gap", batch_size=8, quiet=True)
    module = data_module(loaders)
    assert module.train_dataloader() is loaders.train
    assert module.val_dataloader() == []
    assert module.test_dataloader() is loaders.test
    batches = iter(module.train_dataloader())
    next(batches)
    state = module.state_dict()
    rest = [batch.ids for batch in batches]
    module.load_state_dict(state)
    assert [batch.ids for batch in module.train_dataloader()] == rest
    batch = next(iter(module.train_dataloader()))
    moved = module.transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert moved["lattice"].values.device == torch.device("meta")


def test_a_consumer_that_counts_batches_still_gets_the_next_epoch(toy):
    chosen = {"inputs": ["lattice"], "batch_size": 8, "shuffle": True}
    counted, exhausted = toy.loader(**chosen), toy.loader(**chosen)
    expected = [[batch.ids for batch in exhausted] for _ in range(3)]
    assert expected[0] != expected[1]
    # takes len(loader) batches and does not ask whether there are more, as Lightning does
    taken = [itertools.islice(counted, len(counted)) for _ in expected]
    found = [[batch.ids for batch in epoch] for epoch in taken]
    assert found == expected


@pytest.mark.slow
def test_lightning_trains_and_goes_on_in_the_order_of_the_loader(toy, tmp_path):
    lightning = pytest.importorskip("lightning", reason="uv sync --extra lightning")
    import torch

    from matdata.load.integrations.lightning import data_module

    class Network(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer, self.seen = torch.nn.Linear(1, 1), []

        def training_step(self, batch, _):
            self.seen.append(batch.ids)
            return (self.layer(batch.targets) - 1.0).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 1e-6)

    def loaders():
        return toy.loaders("80/20", inputs=["lattice"], target="gap", batch_size=8, quiet=True)

    def fit(epochs, checkpoint=None):
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        trainer = lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            use_distributed_sampler=False,
            default_root_dir=tmp_path,
            **quiet,
        )
        network = Network()
        trainer.fit(network, data_module(loaders()), ckpt_path=checkpoint)
        return network.seen, trainer.checkpoint_callback.best_model_path

    train = loaders()["train"]
    expected = [batch.ids for _ in range(5) for batch in train]
    first, checkpoint = fit(3)
    rest, _ = fit(5, checkpoint)
    assert first + rest == expected


def test_an_error_while_reading_ahead_comes_out(toy, monkeypatch):
    loader = toy.loader(inputs=["lattice"], mode="stream", window=10)

    def broken(feature, members):
        raise OSError("the disk went away")

    monkeypatch.setattr(FeatureColumns, "read_some", broken)
    with pytest.raises(OSError, match="went away"):
        list(loader)
