"""Modes, epochs, ranks, workers, resuming: one order, whatever the way."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from matdata.core.errors import ConfigError, FeatureError, SplitError
from matdata.load import gather
from matdata.load.integrations.torch_data import LoaderDataset
from matdata.load.loader import make_loader
from matdata.load.setup import batches_per_chunk

MODES = ("resident", "ram", "stream")
INPUTS = ("graph", "wyckoff", "lattice")


def joined(parts):
    return [name for part in parts for name in part]


def _content(batch):
    graph = batch["graph"]
    return (
        batch.ids,
        batch.targets.tolist(),
        graph.sender.tolist(),
        graph.distance.tolist(),
        batch["wyckoff"].positions.tolist(),
        batch["lattice"].values.tolist(),
    )


def _loader(toy, **options):
    chosen = {"batch_size": 7, "shuffle": True, "seed": 1, **options}
    return make_loader(toy, None, INPUTS, "gap", **chosen)


def _epochs(loader, count=2):
    return [_content(batch) for _ in range(count) for batch in loader]


@pytest.mark.parametrize("window", [None, 20, 9])
@pytest.mark.slow
def test_modes_give_the_same_batches(toy, window):
    window = window or 1000
    ways = [_epochs(_loader(toy, mode=mode, window=window)) for mode in MODES]
    assert ways[0] == ways[1] == ways[2]
    assert ways[0][:9] != ways[0][9:]
    for prefetch in (0, 1, 5):
        assert _epochs(_loader(toy, mode="stream", window=window, prefetch=prefetch)) == ways[0]


def test_batches_hold_what_the_table_and_the_features_say(toy):
    loader = _loader(toy)
    row = {name: k for k, name in enumerate(toy.ids.tolist())}
    for batch in loader:
        wanted = [toy.columns["gap"][row[name]] for name in batch.ids]
        torch.testing.assert_close(batch.targets, torch.tensor(wanted)[:, None])
        assert batch.mask.all()
        assert loader.ids[batch.rows].tolist() == batch.ids


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_the_mask_of_targets_that_are_all_known_takes_no_memory(toy, device):
    loader = _loader(toy, device=device)
    for batch in loader:
        assert batch.mask.shape == batch.targets.shape
        assert batch.mask.all()
        strides = batch.mask.stride() if device == "cpu" else batch.mask.strides
        assert strides[0] == 0
        if device == "numpy":
            moved = batch.to("cpu").mask
            assert moved.all()
            moved[0] = False  # one of its own
            assert batch.mask.all()


@pytest.mark.parametrize(
    ("points", "columns", "many"),
    [(1, 1 << 21, 9), (3000, 1 << 10, 5), (30_000, 1 << 10, 1), (3000, 1 << 30, 1)],
)
def test_targets_count_in_what_is_gathered_at_once(points, columns, many):
    """A thousand materials in ten batches, of which 2 MiB or five wide ones are a chunk."""
    plan = type("Plan", (), {"rows": np.arange(1000), "__len__": lambda self: 10})()
    planner = SimpleNamespace(plan=lambda epoch: plan, count=1000)
    setup = SimpleNamespace(
        views=SimpleNamespace(device="cpu"), planner=planner, columns_bytes=columns
    )
    targets = SimpleNamespace(bytes=4 * 1000 * points)
    assert batches_per_chunk(setup, targets) == many


@pytest.mark.slow
def test_epochs_differ_and_can_be_set(toy):
    loader = _loader(toy)
    first, second = ([b.ids for b in loader] for _ in range(2))
    assert loader.epoch == 2
    assert first != second
    assert sorted(joined(first)) == sorted(joined(second)) == loader.ids.tolist()
    loader.set_epoch(0)
    assert [b.ids for b in loader] == first
    assert [loader.ids[rows].tolist() for rows in loader.batch_rows(1)] == second


@pytest.mark.slow
def test_without_shuffling_materials_come_as_they_lie(toy):
    loader = _loader(toy, shuffle=False)
    assert joined(b.ids for b in loader) == loader.ids.tolist() == sorted(loader.ids)


@pytest.mark.slow
def test_a_look_at_the_first_batch_changes_nothing(toy):
    loader = _loader(toy, mode="ram")
    next(iter(loader))
    assert len(_epochs(loader, 1)) == len(loader) == 8
    assert loader.epoch == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", [{}, {"window": 20}, {"max_edges": 900, "batch_size": 0}])
@pytest.mark.slow
def test_resuming_is_exact(toy, mode, options):
    def made():
        chosen = {"batch_size": 7, "shuffle": True, "mode": mode, **options}
        return make_loader(toy, None, ["graph"], "gap", **chosen)

    def content(batch):
        return batch.ids, batch.targets.tolist(), batch["graph"].receiver.tolist()

    loader = made()
    whole = [content(batch) for _ in range(2) for batch in loader]
    first = len(loader.batch_rows(0))
    for stop in (1, first - 1, first, first + 2):
        loader, seen = made(), []
        while len(seen) < stop:
            for batch in loader:
                seen.append(content(batch))
                if len(seen) == stop:
                    break
        state = json.loads(json.dumps(loader.state()))
        loader.set_epoch(7)
        loader.load_state(state)
        while len(seen) < len(whole):
            seen += [content(batch) for batch in loader]
        assert seen == whole


@pytest.mark.slow
def test_a_state_of_another_order_is_refused(toy):
    state = _loader(toy).state()
    with pytest.raises(ConfigError, match="seed 1, here 2"):
        _loader(toy, seed=2).load_state(state)
    with pytest.raises(ConfigError, match="materials"):
        make_loader(toy, toy.ids[:9], INPUTS, "gap", batch_size=7, shuffle=True, seed=1).load_state(
            state
        )


@pytest.mark.slow
@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_ranks_together_are_one_process(toy, world, mode):
    def made(**options):
        chosen = {"shuffle": True, "mode": mode, "window": 30, **options}
        return [b.ids for b in make_loader(toy, None, ["ofm"], **chosen)]

    alone = made(batch_size=5 * world)
    ranks = [made(batch_size=5, rank=r, world_size=world) for r in range(world)]
    for step, together in enumerate(alone):
        parts = [rank[step] for rank in ranks]
        assert sorted(joined(parts)) == sorted(together)


@pytest.mark.slow
def test_ranks_of_an_uneven_set(toy):
    ids = toy.ids[:59]

    def share(uneven):
        options = {"batch_size": 4, "shuffle": True, "world_size": 4, "uneven": uneven}
        loaders = [make_loader(toy, ids, ["lattice"], rank=r, **options) for r in range(4)]
        return [joined(b.ids for b in loader) for loader in loaders]

    padded, dropped = share("pad"), share("drop")
    assert [len(part) for part in padded] == [15] * 4
    assert set(joined(padded)) == set(ids.tolist())
    assert [len(part) for part in dropped] == [14] * 4
    assert len(set(joined(dropped))) == 56


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.slow
def test_workers_of_torch_keep_the_order(toy, workers):
    wanted = _epochs(_loader(toy), 2)
    view = LoaderDataset(_loader(toy, mode="ram"))
    seen = []
    for epoch in range(2):
        view.set_epoch(epoch)
        loading = DataLoader(view, batch_size=None, num_workers=workers)
        seen += [_content(batch) for batch in loading]
    assert seen == wanted
    assert len(view) == 8


@pytest.mark.slow
def test_budget_of_edges(toy):
    loader = _loader(toy, max_edges=900, batch_size=0)
    batches = list(loader)
    assert max(b["graph"].segments["edge"].total for b in batches) <= 900
    assert sorted(joined(b.ids for b in batches)) == loader.ids.tolist()
    assert len({len(b) for b in batches}) > 1
    both = _loader(toy, max_sites=40, max_edges=900, batch_size=6)
    assert max(b["graph"].segments["site"].total for b in both) <= 40
    assert max(map(len, both)) <= 6


def test_a_budget_that_cannot_be(toy):
    with pytest.raises(ConfigError, match=r"m-\d+ has \d+ edges, a batch may hold 3 "):
        _loader(toy, max_edges=3)
    with pytest.raises(ConfigError, match="no input has edges"):
        make_loader(toy, None, ["lattice"], max_edges=100)


@pytest.mark.slow
def test_fractions_nest_and_do_not_depend_on_targets(toy):
    def kept(fraction, **options):
        return set(make_loader(toy, None, ["lattice"], fraction=fraction, **options).ids.tolist())

    sizes = [kept(fraction) for fraction in (0.1, 0.25, 0.5, 1.0)]
    assert [len(ids) for ids in sizes] == [6, 15, 30, 60]
    assert sizes[0] < sizes[1] < sizes[2] < sizes[3]
    assert kept(0.5, seed=1) != sizes[2]


def test_weights_and_weighted_draws(toy):
    chances = dict.fromkeys(toy.ids[:5].tolist(), 1.0)
    loader = make_loader(
        toy, None, ["lattice"], shuffle=True, sample_weights=chances, weights={toy.ids[0]: 3.0}
    )
    batches = list(loader)
    assert set(joined(b.ids for b in batches)) == set(chances)
    assert sum(map(len, batches)) == 60
    for batch in batches:
        heavy = [3.0 if name == toy.ids[0] else 1.0 for name in batch.ids]
        assert batch.weights.tolist() == heavy
    with pytest.raises(ConfigError, match="not negative"):
        make_loader(toy, None, ["lattice"], weights={toy.ids[0]: -1.0})


def test_several_array_and_missing_targets(toy):
    asked = {"batch_size": 60, "input_settings": {}}
    with pytest.raises(ConfigError, match=r"12 of 60 materials .* eps in 12") as caught:
        make_loader(toy, None, ["lattice"], ["eps", "spectrum"], **asked)
    assert 'missing="mask"' in str(caught.value)
    names = ["eps", "spectrum"]
    dropped = make_loader(toy, None, ["lattice"], names, missing="drop", **asked)
    assert len(dropped.ids) == 48
    assert set(dropped.left_out.values()) == {"no target"}
    loader = make_loader(toy, None, ["lattice"], names, missing="mask", **asked)
    assert [(t.name, t.size) for t in loader.targets] == [("eps", 1), ("spectrum", 3)]
    (batch,) = loader
    assert batch.targets.shape == batch.mask.shape == (60, 4)
    assert (~batch.mask[:, 0]).sum() == 12
    assert (batch.targets[~batch.mask] == 0).all()
    row = toy.row("m-0010")
    assert batch.targets[row].tolist() == [11.0, 10.5, 20.0, 11.0]
    alone = make_loader(toy, None, ["lattice"], ["eps"], missing="mask", **asked)
    assert len(alone.ids) == 48  # nothing is known of the others


def test_what_cannot_be_loaded_says_what_to_do(toy):
    with pytest.raises(FeatureError, match=f"matdata featurize {toy.ref} voronoi"):
        make_loader(toy, None, ["voronoi"])
    with pytest.raises(SplitError, match=r"2 of 3 ids (.|\n)* another version"):
        make_loader(toy, [toy.ids[0], "x-1", "x-2"], ["lattice"])
    with pytest.raises(ConfigError, match="did you mean 'gap'"):
        make_loader(toy, None, ["lattice"], "gapp")
    with pytest.raises(ConfigError, match="holds text"):
        make_loader(toy, None, ["lattice"], "formula")
    with pytest.raises(ConfigError, match="did you mean 'batch_size'"):
        make_loader(toy, None, ["lattice"], batchsize=3)
    with pytest.raises(ConfigError, match="did you mean 'stream'"):
        make_loader(toy, None, ["lattice"], mode="streem")
    with pytest.raises(ConfigError, match=f"1 ids .* stand more than once: {toy.ids[0]}"):
        make_loader(toy, [toy.ids[0]] * 2, ["lattice"])
    with pytest.raises(ConfigError, match="choose one of: error, drop, mask"):
        make_loader(toy, None, ["lattice"], missing="no")
    for wrong in ({"batch_size": 0}, {"rank": 2}, {"fraction": 0.0}):
        with pytest.raises(ConfigError, match="expected"):
            make_loader(toy, None, ["lattice"], **wrong)


def test_a_device_that_is_not_there():
    from matdata.load.devices import find_device

    with pytest.raises(ConfigError, match=r"'cuda:97' is not there(.|\n)*devices here: cpu"):
        find_device("cuda:97")
    with pytest.raises(ConfigError, match="no device"):
        find_device("gpu please")


def test_materials_without_an_input_are_left_out_and_named(toy, monkeypatch):
    feature = toy.feature("lattice")
    feature.__dict__["rows"] = feature.rows[:50]
    monkeypatch.setattr(toy, "feature", lambda spec: feature)
    loader = make_loader(toy, None, ["lattice"])
    assert loader.ids.tolist() == toy.ids[:50].tolist()
    assert loader.left_out == dict.fromkeys(toy.ids[50:].tolist(), "no lattice")
    assert "left out 10 (no lattice)" in loader.describe()


def test_meter_counts_what_is_waited(toy):
    loader = _loader(toy)
    list(loader)
    assert loader.meter.batches == len(loader)
    assert 0 < loader.meter.share <= 1
    assert len(loader.meter.history) == 1
    loader.meter.waited, loader.meter.total = 1.0, 2.0
    assert "50.0 %" in loader.meter.line("resident")
    assert "batches larger" in loader.meter.line("resident")
    loader.meter.total = 100.0
    assert loader.meter.line("resident") == "waited for data 1.0 % of 100.0 s"


@pytest.mark.slow
def test_columns_need_no_compiled_code(toy, monkeypatch):
    assert gather.compiled() is not None
    wanted = _epochs(_loader(toy))
    monkeypatch.setattr(gather, "ready", lambda: None)
    assert _epochs(_loader(toy)) == wanted


def test_compiled_code_is_made_ready_for_large_columns_alone(monkeypatch):
    asked = []
    monkeypatch.setattr(gather, "compiled", lambda: asked.append(True))
    gather.make_ready(gather.WORTH_COMPILING - 1)
    assert not asked
    gather.make_ready(gather.WORTH_COMPILING)
    assert asked
