"""``matdata embed`` and ``matdata nearest``: files, features, and what similar materials say."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import toy

import matdata as md
from matdata.cli import main
from matdata.cli.json_documents import COMMON, SCHEMAS
from matdata.cli.json_schema import faults
from matdata.evaluation.similarity import embedded_query, neighbours
from matdata.evaluation.similarity.embed import EmbedRequest
from matdata.evaluation.similarity.feature import store_embeddings, stored_embeddings
from matdata.evaluation.similarity.request import NearestRequest
from matdata.evaluation.similarity.surprises import Limits
from matdata.store.tables import read_arrow, read_table
from matdata.training import TRAINERS, trainer
from matdata.training.embeddings import Embeddings
from matdata.training.inputs import inputs_of

WIDTH = trainer("example").hypers.width


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A toy dataset with an ensemble on it, a run of one member, and a forest without a network."""
    rows = toy.rows()
    for place, row in enumerate(rows):
        row["doi"] = f"10.1/{place}"
    dataset = toy.build(tmp_path_factory.mktemp("embed") / "cache", rows)
    toy.train(dataset, "y", "pair", ensemble=2, loss="robust_l1")
    toy.train(dataset, "y", "one", epochs=2)
    toy.train(dataset, ["kind", "spectrum"], "several", ensemble=2, epochs=2)
    md.train("dummy", dataset, "y", split="s", name="dummy", quiet=True)
    return dataset


def printed(dataset, capsys, *words):
    capsys.readouterr()
    code = toy.command(dataset, *words, "--json")
    document = json.loads(capsys.readouterr().out)
    if code == 0:
        assert faults(SCHEMAS[words[0]], COMMON, document) == []
    return document


def run_of(dataset, name="pair"):
    return md.open_run(name, dataset.cache)


@pytest.mark.slow
def test_vectors_of_an_ensemble_are_those_of_its_members(dataset):
    run = run_of(dataset)
    joined, mean, first = (
        md.embed(run, dataset, combine=how, output=dataset.cache / f"{how}.npz")
        for how in ("joined", "mean", "first")
    )
    assert joined.members == mean.members == first.members == 2
    assert joined.vectors.shape == (len(dataset.ids), 2 * WIDTH)
    np.testing.assert_array_equal(joined.vectors[:, :WIDTH], first.vectors)
    both = (joined.vectors[:, :WIDTH] + joined.vectors[:, WIDTH:]) / 2
    np.testing.assert_allclose(mean.vectors, both, rtol=1e-6)
    assert joined.vectors.dtype == np.float32


def test_neither_order_nor_batch_size_matters(dataset):
    run, ids = run_of(dataset), dataset.ids
    whole = md.embed(run, dataset, output=dataset.cache / "whole.npz", batch_size=200)
    small = md.embed(run, dataset, output=dataset.cache / "small.npz", batch_size=7)
    np.testing.assert_allclose(small.vectors, whole.vectors, rtol=1e-5, atol=1e-6)
    formulas = [dataset.columns["formula"][row] for row in range(len(ids))][::-1]
    given = md.embed(run, formulas, batch_size=5)
    assert given.ids.tolist() == formulas
    np.testing.assert_allclose(given.vectors, whole.vectors[::-1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ending", ["npz", "parquet", "csv"])
def test_vectors_as_files(dataset, ending, tmp_path, capsys):
    path = tmp_path / f"vectors.{ending}"
    document = printed(dataset, capsys, "embed", "one", "toy", "--output", str(path))
    assert document["output"] == str(path)
    assert document["embeddings"] == []
    assert (document["width"], document["materials"]) == (WIDTH, len(dataset.ids))
    expected = md.embed(run_of(dataset, "one"), dataset, output=tmp_path / "again.npz")
    if ending == "npz":
        with np.load(path, allow_pickle=False) as file:
            ids, vectors = file["ids"], file["vectors"]
            assert json.loads(str(file["about"]))["run"] == "one"
    elif ending == "parquet":
        table = read_arrow(path)
        assert table.schema.metadata[b"combine"] == b"joined"
        ids = np.array(table["material_id"].to_pylist())
        vectors = np.array(table["embedding"].to_pylist(), dtype=np.float32)
    else:
        header, *lines = path.read_text().splitlines()
        assert header.split(",")[:2] == ["material_id", "embedding_0"]
        cells = [line.split(",") for line in lines]
        ids = np.array([row[0] for row in cells])
        vectors = np.array([[float(cell) for cell in row[1:]] for row in cells])
    assert ids.tolist() == dataset.ids.tolist()
    np.testing.assert_allclose(vectors, expected.vectors, rtol=1e-6)


def test_vectors_as_a_feature_that_loaders_read(dataset, capsys):
    first = printed(dataset, capsys, "embed", "one", "toy")
    assert first["feature"].rpartition("/")[2].startswith("embedding-one-")
    assert first["unchanged"] is False
    again = printed(dataset, capsys, "embed", "one", "toy")
    assert again["unchanged"] is True
    assert again["feature"] == first["feature"]
    feature = dataset.feature("embedding:one")
    assert feature.ids.tolist() == dataset.ids.tolist()
    vectors = md.embed(run_of(dataset, "one"), dataset, output=dataset.cache / "v.npz").vectors
    np.testing.assert_array_equal(feature.dense(), vectors)
    assert len(feature.labels) == WIDTH
    (batch,) = dataset.loader(inputs=["embedding:one"], batch_size=1000)
    rows = dataset.rows(np.array(batch.ids))
    np.testing.assert_array_equal(batch["embedding:one"].values.numpy(), vectors[rows])
    assert not md.verify(dataset).faults
    # what only the network can compute is refused with the command that does
    with pytest.raises(md.FeatureError, match="not computed from materials alone") as refusal:
        md.featurize(dataset, ["embedding:other"], workers=1)
    assert "matdata embed other" in refusal.value.next_step


@pytest.mark.slow
def test_a_feature_lacks_the_materials_that_the_run_cannot_read(tmp_path):
    rows = [{**row, "extra": 1.0 if k % 10 else None} for k, row in enumerate(toy.rows())]
    dataset = toy.build(tmp_path / "cache", rows)
    md.featurize(dataset, ["column:extra"], workers=1)
    whole = toy.train(dataset, "y", "whole", epochs=1)
    # as if the run had read the column as well: a tenth of the materials lacks it
    column = dataset.feature("column:extra")
    rejects = tuple(column.rejects())
    assert len(rejects) == 14
    given = inputs_of(whole, dataset)
    keep = np.isin(given.ids, column.ids)
    vectors = np.arange(keep.sum() * 3, dtype=np.float32).reshape(-1, 3)
    order = np.random.default_rng(0).permutation(keep.sum())
    some = Embeddings(given.ids[keep][order], vectors[order], "joined", 1, rejects)
    store_embeddings(whole, dataset, some)
    stored = stored_embeddings(whole, dataset, "joined")
    assert stored.ids.tolist() == given.ids[keep].tolist()
    np.testing.assert_array_equal(stored.dense(), vectors)
    assert [one.material_id for one in stored.rejects()] == [one.material_id for one in rejects]
    assert {one.reason for one in stored.rejects()} == {"missing_value"}


def test_formulas_are_printed(dataset, capsys):
    document = printed(dataset, capsys, "embed", "one", "NaCl2", "Na(Cl")
    assert [one["material_id"] for one in document["embeddings"]] == ["NaCl2"]
    assert len(document["embeddings"][0]["embedding"]) == WIDTH
    assert [one["reason"] for one in document["rejects"]] == ["unreadable"]


@pytest.mark.parametrize("command", ["embed", "nearest"])
def test_what_has_no_network_is_refused(dataset, command, capsys):
    document = printed(dataset, capsys, command, "dummy", "NaCl")
    assert "has no network" in document["error"]["what"]


def test_bad_options_are_refused(dataset):
    run = run_of(dataset)
    for fields, why in (
        ({"what": ["NaCl"], "combine": "meen"}, "did you mean 'mean'"),
        ({"what": ["NaCl"], "output": "x.txt"}, "npz"),
        ({}, "no materials were named"),
    ):
        with pytest.raises(md.ConfigError, match=why):
            EmbedRequest.of({"run": run, **fields})
    for fields, why in (
        ({"query": ["NaCl"], "top": 0}, "cannot be listed"),
        ({"query": ["NaCl"], "metric": "cosin"}, "did you mean 'cosine'"),
        ({}, "no materials were named"),
    ):
        with pytest.raises(md.ConfigError, match=why):
            NearestRequest.of({"run": run, **fields})
    with pytest.raises(md.StoreError, match="did you mean 'doi'"):
        NearestRequest.of({"run": run, "query": ["NaCl"], "columns": "doy"})


# nearest


def test_the_nearest_training_materials_of_a_formula(dataset, capsys):
    words = ["nearest", "pair", "NaCl2", "--top", "4", "--columns", "doi"]
    document = printed(dataset, capsys, *words)
    (query,) = document["queries"]
    train = set(dataset.split("s")["train"])
    assert document["trained"] == len(train)
    assert document["limits"] is None
    assert query["surprising"] == {}
    assert query["prediction_y_total"] > 0
    ids = [one["material_id"] for one in query["neighbours"]]
    assert len(ids) == 4
    assert train.issuperset(ids)
    similarities = [one["similarity"] for one in query["neighbours"]]
    assert similarities == sorted(similarities, reverse=True)
    row = dataset.row(ids[0])
    own = query["neighbours"][0]
    assert own["formula"] == dataset.columns["formula"][row]
    assert own["truth_y"] == dataset.columns["y"][row]
    assert own["doi"] == dataset.columns["doi"][row]
    # by hand
    run = run_of(dataset)
    vectors = md.embed(run, dataset, output=dataset.cache / "v.npz").vectors.astype(float)
    asked = md.embed(run, ["NaCl2"]).vectors[0].astype(float)
    cosines = vectors @ asked / np.linalg.norm(vectors, axis=1) / np.linalg.norm(asked)
    ranked = sorted(train, key=lambda name: -cosines[dataset.row(name)])
    assert ids == ranked[:4]
    assert similarities[0] == pytest.approx(cosines[row], rel=1e-5)


def test_a_material_is_never_its_own_neighbour(dataset):
    run, train = run_of(dataset), np.array(dataset.split("s")["train"])
    found = md.nearest(run, train[:5].tolist(), top=3)
    assert found.queries == train[:5].tolist()
    assert all(name not in near for name, near in zip(found.queries, found.ids, strict=True))
    assert {len(near) for near in found.ids} == {3}
    every = md.nearest(run, dataset, top=2, metric="euclidean")
    assert len(every) == len(dataset.ids)
    frame = every.to_frame()
    assert (frame["query"] != frame["material_id"]).all()
    assert set(frame["rank"]) == {1, 2}
    assert (frame["distance"] > 0).all()


def test_a_stored_feature_gives_the_same_neighbours(dataset):
    run = run_of(dataset)
    before = md.nearest(run, "NaCl2", top=5)
    md.embed(run, dataset)
    after = md.nearest(run, "NaCl2", top=5)
    assert before.columns() == after.columns()


@pytest.mark.slow
def test_true_values_are_read_where_they_may_be(dataset, capsys):
    split = dataset.split("s")
    names = [split[part][0] for part in ("train", "val", "test")]
    run = toy.train(dataset, "y", "sealed", ensemble=2, epochs=3)
    known = md.nearest(run, names).query.predictions.true[:, 0]
    np.testing.assert_array_equal(np.isnan(known), [False, False, True])
    md.evaluate(run)
    known = md.nearest(run, names).query.predictions.true[:, 0]
    np.testing.assert_allclose(known, [dataset.columns["y"][dataset.row(name)] for name in names])


@pytest.mark.slow
def test_a_wrong_true_value_is_found(tmp_path, capsys, monkeypatch):
    rows = toy.rows()
    rows[40]["y"] += 50.0
    dataset = toy.build(tmp_path / "cache", rows)
    row = int(np.argmax(dataset.columns["y"]))
    ids = dataset.ids.tolist()
    val = [ids[row], *[name for k, name in enumerate(ids) if k % 5 == 0 and k != row]]
    path = tmp_path / "split.csv"
    lines = [f"{name},{'val' if name in val else 'train'}" for name in ids]
    path.write_text("\n".join(["material_id,part", *lines]))
    dataset.split(method="fixed", name="mine", set={"file": str(path)})
    chosen = {"epochs": 60, "batch_size": 16, "threads": 1, "tensorboard": False, "ensemble": 3,
              "loss": "l1"}  # fmt: skip
    run = md.train("example", dataset, "y", split="mine", name="r", quiet=True, train=chosen)
    found = md.nearest(run, dataset, top=1)
    predictions, limits = found.query.predictions, found.limits
    assert limits.materials == len(val)
    error = np.abs(predictions.mean - predictions.true)[:, 0]
    assert error[found.queries.index(ids[row])] > 40.0 > limits.error["y"]
    closest = np.array([near[0] for near in found.values])
    expected = (
        (error > limits.error["y"])
        & (predictions.total[:, 0] <= limits.deviation["y"])
        & (closest >= limits.similar)
    )
    assert [flags["y"] for flags in found.flags] == expected.tolist()
    # with a run that is always certain the mistake, and it alone, is pointed out
    sure = Limits({"y": 40.0}, {"y": np.inf}, -1.0, len(val))
    monkeypatch.setattr(neighbours, "limits_of", lambda *given: sure)
    words = ["nearest", "r", ids[row], ids[row + 1], "--top", "1"]
    capsys.readouterr()
    assert toy.command(dataset, *words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [("though the run is certain" in line) for line in lines[1:]] == [
        False, False, True, False, False,
    ]  # fmt: skip
    document = printed(dataset, capsys, *words)
    assert [one["surprising"] for one in document["queries"]] == [{"y": True}, {"y": False}]


def test_targets_of_other_kinds(dataset, capsys):
    document = printed(dataset, capsys, "nearest", "several", dataset.ids[0], "--top", "1")
    (neighbour,) = document["queries"][0]["neighbours"]
    row = dataset.row(neighbour["material_id"])
    assert neighbour["truth_kind"] == dataset.columns["kind"][row]
    assert neighbour["truth_spectrum"] == dataset.columns["spectrum"][row]


@pytest.mark.slow
def test_names_with_two_meanings_are_refused(dataset, tmp_path, monkeypatch):
    rows = [{**row, "material_id": row["formula"]} for row in toy.rows()]
    named = toy.build(tmp_path / "cache", rows)
    run = toy.train(named, "y", "r", epochs=1)
    name = str(named.ids[0])
    with pytest.raises(md.ConfigError, match="is the name of a material and a formula") as refusal:
        md.nearest(run, name)
    assert f"id:{name}" in refusal.value.next_step
    by_id, by_formula = md.nearest(run, f"id:{name}"), md.nearest(run, f"({name})")
    assert by_id.query.own is not None
    assert by_formula.query.own is None
    with pytest.raises(md.ConfigError, match="some of what is asked about are ids"):
        md.nearest(run, [f"id:{name}", "NaCl7"])
    with pytest.raises(md.StoreError, match="holds no material 'nothing'"):
        md.nearest(run, "id:nothing")
    with pytest.raises(md.ConfigError, match=f"'{name}' is asked about more than once"):
        md.nearest(run, [f"id:{name}"] * 2)
    with pytest.raises(md.StructureError, match=f"nor is it an id of {named.ref}.*did you mean"):
        md.nearest(run, f"{name}?")


def test_neighbours_as_a_table(dataset, tmp_path, capsys):
    path = tmp_path / "near.parquet"
    words = ["nearest", "pair", "NaCl2", "MgO2", "--top", "2", "--output", str(path)]
    assert toy.command(dataset, *words) == 0
    assert "wrote the neighbours of 2 materials" in capsys.readouterr().out
    table = read_table(path)
    assert list(table) == ["query", "rank", "material_id", "similarity", "formula", "truth_y"]
    assert table["query"] == ["NaCl2", "NaCl2", "MgO2", "MgO2"]
    config = tmp_path / "near.toml"
    assert toy.command(dataset, *words, "--write-config", str(config)) == 0
    path.unlink()
    assert main(["nearest", "--config", str(config), "--cache", str(dataset.cache)]) == 0
    assert read_table(path) == table


def test_a_network_whose_embedding_is_zero_has_no_angles(dataset, monkeypatch):
    run = run_of(dataset)
    plain = embedded_query.embed_view
    monkeypatch.setattr(embedded_query, "embed_view", lambda *a: (plain(*a)[0] * 0.0, 2))
    with pytest.raises(md.TrainError, match="has no angle"):
        md.nearest(run, "NaCl2")
    assert len(md.nearest(run, "NaCl2", metric="euclidean")) == 1


@pytest.mark.slow
def test_a_damaged_feature_is_made_again_by_its_command_alone(tmp_path):
    dataset = toy.build(tmp_path / "cache", toy.rows())
    run = toy.train(dataset, "y", "r", epochs=1)
    before = md.embed(run, dataset).vectors
    (folder,) = (dataset.cache / "features").glob("*/embedding-r-*")
    shard = max(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    shard.write_bytes(shard.read_bytes()[:-7])
    assert md.verify(dataset).faults
    with pytest.raises(md.MatdataError, match="not computed from materials alone") as refusal:
        md.repair(dataset)
    assert "matdata embed r" in refusal.value.next_step
    np.testing.assert_array_equal(md.embed(run, dataset).vectors, before)
    assert not md.verify(dataset).faults


def test_another_run_learns_from_the_embeddings(dataset):
    """Nearest neighbours on what a network has learnt, as transfer between tasks does."""
    pytest.importorskip("matdata_baselines")
    if "knn" not in TRAINERS.names():
        pytest.skip("the plugin baselines has no knn")
    md.embed(run_of(dataset), dataset)
    hyper = {"features": ("embedding:pair",)}
    run = md.train("knn", dataset, "y", split="s", name="on-top", quiet=True, hyper=hyper)
    targets = md.evaluate(run)["targets"]["y"]
    assert targets["metrics"]["mae"] < 0.5 * targets["baselines"]["dummy_mean"]["mae"]
    with pytest.raises(md.FeatureError, match="not computed from materials alone"):
        md.predict(run, "NaCl2")
