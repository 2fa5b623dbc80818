"""Maps of embeddings: places, colours, and test parts that stay sealed."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from support.toy import build, command, rows, train

import matdata as md
from matdata.adapters.projections import principal_components, project

pytest.importorskip("matplotlib")

from support.figures import faint, outside, overlapping, words_of

from matdata.figures.latent_map import latent_map
from matdata.figures.picture import Look


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("maps") / "cache", rows())


@pytest.fixture(scope="module")
def run(toy):
    return train(toy, "y", "mapped", epochs=1)


def test_principal_components_are_those_of_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    values = np.random.default_rng(0).normal(size=(40, 7)) * np.arange(1, 8)
    found = principal_components(values)
    theirs = decomposition.PCA(2).fit_transform(values)
    for k in (0, 1):
        sign = np.sign(found[:, k] @ theirs[:, k])
        np.testing.assert_allclose(found[:, k], sign * theirs[:, k], atol=1e-9)
    shifted = principal_components(values + 5.0)
    np.testing.assert_allclose(shifted, found, atol=1e-9)


def test_maps_of_one_number_and_of_too_few_materials():
    line = principal_components(np.arange(5.0)[:, None])
    np.testing.assert_allclose(np.abs(line), np.abs(np.arange(5) - 2.0)[:, None] * [1, 0])
    with pytest.raises(md.ConfigError, match="at least 4"):
        project(np.zeros((3, 2)), "pca")
    with pytest.raises(md.ConfigError, match="1 embeddings are not finite"):
        project(np.array([[0.0], [1.0], [np.nan], [2.0]]), "pca")


@pytest.mark.parametrize(
    ("method", "package"),
    [("tsne", "sklearn"), pytest.param("umap", "umap", marks=pytest.mark.slow)],
)
def test_neighbours_stay_neighbours_and_places_are_the_same_again(method, package):
    pytest.importorskip(package)
    random = np.random.default_rng(1)
    values = np.concatenate([random.normal(size=(15, 5)), 20 + random.normal(size=(15, 5))])
    found = project(values, method)
    gap = np.linalg.norm(found[:15].mean(0) - found[15:].mean(0))
    assert gap > 2 * max(found[:15].std(), found[15:].std()) / 2
    np.testing.assert_array_equal(project(values, method), found)


def test_a_map_is_drawn_and_its_places_written(toy, run, tmp_path, capsys):
    words = ["--map", "pca", "--colour", "offset", "--pictures", str(tmp_path)]
    assert command(toy, "embed", run.name, "toy", *words) == 0
    assert "map-pca.png" in capsys.readouterr().out
    with open(tmp_path / "map-pca.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["material_id"] for row in table] == toy.ids.tolist()
    vectors = md.embed(run, toy, output=tmp_path / "v.npz").vectors
    expected = principal_components(np.asarray(vectors, dtype=np.float64))
    found = [[float(row["x"]), float(row["y"])] for row in table]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_values_of_the_test_part_that_are_learnt_stay_sealed(toy, run, monkeypatch):
    from matdata.evaluation.similarity import maps

    request = maps.MapRequest.of({"map": "pca", "colour": "y"}, run, toy)
    cells, grey = maps._colours(request, run, toy, md.embed(run, toy))
    test = set(toy.split("s")["test"])
    assert grey == "test part, sealed"
    assert {name for name, cell in zip(toy.ids, cells, strict=True) if cell is None} == test


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"colour": "offset"}, "none is asked for"),
        ({"map": "pac"}, "did you mean 'pca'"),
        ({"map": "pca", "colour": "ofset"}, "did you mean 'offset'"),
        ({"map": "pca", "colour": "spectrum"}, "lists or records"),
        ({"part": "test"}, "none is asked for"),
        ({"style": "dark"}, "none is asked for"),
        ({"map": "pca", "beside": "mapped"}, "compared with itself"),
        ({"map": "pca", "part": "tset"}, "did you mean 'test'"),
        ({"map": "pca", "containing": "Xe"}, "no materials that contain Xe"),
        ({"map": "tsne", "beside": "mapped"}, "no common axes"),
    ],
)
def test_maps_that_cannot_be_drawn(toy, run, options, match):
    with pytest.raises(md.ConfigError, match=match):
        md.embed(run, toy, **options)


def test_what_is_wrong_is_said_before_anything_is_embedded(toy, run, tmp_path, monkeypatch):
    monkeypatch.setattr("matdata.evaluation.similarity.embed._embedded", pytest.fail)
    (tmp_path / "file").write_text("")
    with pytest.raises(md.MatdataError, match="file"):
        md.embed(run, toy, map="pca", pictures=tmp_path / "file")
    with pytest.raises(md.ConfigError, match="lists or records"):
        md.embed(run, toy, map="pca", colour="spectrum")


def test_formulas_have_no_column(run):
    with pytest.raises(md.ConfigError, match="materials in memory have no column"):
        md.embed(run, ["NaCl", "KCl"], map="pca", colour="offset")


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("kind", ["none", "numbers", "classes"])
def test_maps_can_be_read(style, kind):
    points = np.random.default_rng(2).normal(size=(90, 2))
    cells = {
        "none": None,
        "numbers": [None if k % 9 == 0 else k / 7 for k in range(90)],
        "classes": [f"class {k % 9}" for k in range(90)],
    }[kind]
    figure = latent_map(points, cells, "gap (eV)", "UMAP", "Embeddings", Look(style))
    assert outside(figure) == overlapping(figure) == faint(figure) == []
    assert ("without a value (10)" in words_of(figure)) == (kind == "numbers")


def places_in(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_part_of_the_materials_is_drawn_alone(toy, run, tmp_path):
    md.embed(run, toy, map="pca", part="test", pictures=tmp_path)
    drawn = [row["material_id"] for row in places_in(tmp_path / "map-pca.csv")]
    assert sorted(drawn) == sorted(toy.split("s")["test"])
    with pytest.raises(md.ConfigError, match="choose among the materials that the run"):
        md.embed(run, ["NaCl", "KCl"], map="pca", part="test")


def test_components_of_two_runs_are_compared(toy, run, tmp_path, capsys):
    other = train(toy, "y", "beside", epochs=2)
    words = ["--map", "pca", "--beside", other.name, "--pictures", str(tmp_path)]
    assert command(toy, "embed", run.name, "toy", *words) == 0
    assert "principal components correlate: " in capsys.readouterr().out
    table = places_in(tmp_path / f"components-{other.name}.csv")
    assert len(table) == len(toy.ids)
    embeddings = md.embed(run, toy, map="pca", beside=other, pictures=tmp_path)
    for k, found in enumerate(embeddings.correlations, 1):
        pair = np.array(
            [[float(row[f"{name}_{k}"]) for name in ("own", "beside")] for row in table]
        )
        assert found == pytest.approx(np.corrcoef(pair.T)[0, 1], abs=1e-6)
        assert 0.0 <= found <= 1.0
    twin = train(toy, "y", "twin", epochs=1)  # of the same seed
    own = md.embed(run, toy, map="pca", beside=twin, pictures=tmp_path)
    assert own.correlations == pytest.approx((1.0, 1.0))


def test_a_constant_component_has_no_correlation():
    from matdata.evaluation.similarity.components import correlations_of

    values = np.random.default_rng(0).normal(size=(9, 2))
    flat = values * [1.0, 0.0]
    assert correlations_of(values, flat) == (pytest.approx(1.0), None)
    assert correlations_of(values, -values) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize("style", ["light", "dark"])
def test_components_can_be_read(style):
    from matdata.figures.components import components

    values = np.random.default_rng(0).normal(size=(90, 2))
    figure = components(values, values, ("a-run", "another-run"), (1.0, None), Look(style))
    assert outside(figure) == overlapping(figure) == faint(figure) == []
    heads = [axes.get_title(loc="left") for axes in figure.axes]
    assert heads == ["correlation 1.000, 90 materials", "one is constant, 90 materials"]
