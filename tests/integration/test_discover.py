"""``matdata discover``: candidates ranked by predicted distance to the hull, and scored once."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pytest
from support import toy

import matdata as md
from matdata.core.composition import parse_formula, reduced_formula
from matdata.evaluation.column_groups import groups_of
from matdata.evaluation.openings import read_openings
from matdata.evaluation.polymorphs import pair_ranking

pytestmark = pytest.mark.slow
RESULT = "energy_above_hull"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An ensemble on formation energies, and its dataset."""
    rows = [{**one, "e_form": one["y"]} for one in toy.rows()]
    dataset = toy.build(tmp_path_factory.mktemp("discover") / "cache", rows)
    return toy.train(dataset, ["e_form"], "stable", ensemble=3, epochs=5), dataset


def _others(dataset, name, without="Zn", **changes):
    """Candidates of another dataset, and of fewer elements; a change may depend on the row."""
    rows = [
        {**one, "e_form": one["y"] + 1e-3}
        | {key: value(k) if callable(value) else value for key, value in changes.items()}
        for k, one in enumerate(toy.rows()) if without not in one["formula"]
    ]  # fmt: skip
    return toy.build(dataset.cache, rows, name)


def test_the_table_is_the_derived_prediction_in_order(run, tmp_path):
    trained, dataset = run
    path = tmp_path / "ranked.csv"
    found = md.discover(trained, dataset, reference="toy", no_score=True, output=path, budget=7)
    assert found.score is None
    derived = md.predict(trained, dataset, derive=["hull:toy"])
    distance, deviation = derived.mean[:, 1], derived.total[:, 1]
    order = np.lexsort((derived.ids, distance))[:7]
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["material_id"] for row in rows] == derived.ids[order].tolist()
    assert [row["rank"] for row in rows] == [str(k) for k in range(1, 8)]
    means = [float(row[f"prediction_{RESULT}_mean"]) for row in rows]
    np.testing.assert_allclose(means, distance[order], atol=1e-12)
    total = [float(row[f"prediction_{RESULT}_total"]) for row in rows]
    np.testing.assert_allclose(total, deviation[order], atol=1e-12)
    assert [row["formula"] for row in rows] == dataset.table.formula[derived.ids[order]].tolist()
    assert not (trained.folder / "discoveries").exists()


def test_true_distances_are_scored_once_and_recorded(run):
    trained, dataset = run
    others = _others(dataset, "others")
    found = md.discover(trained, others, reference="toy", criterion="probability")
    score = found.score
    assert (score["reused"], score["opened"]["first"]) == (False, True)
    assert (score["scored"], score["trained_on"]) == (len(others), 0)
    assert score["truth"] == {"column": "e_form", "less_hull": True}
    derived = md.predict(trained, others, derive=["hull:toy"])
    predicted, hull = derived.mean[:, 1], derived.mean[:, 0] - derived.mean[:, 1]
    true = others.table.e_form[derived.ids].to_numpy() - hull
    whole = score["subsets"]["whole"]
    assert whole["tp"] == ((predicted <= 0) & (true <= 0)).sum()
    assert whole["fp"] == ((predicted <= 0) & (true > 0)).sum()
    assert whole["prevalence"] == (true <= 0).mean()
    assert whole["mae"] == pytest.approx(np.abs(predicted - true).mean())
    again = md.discover(trained, others, reference="toy", criterion="probability").score
    assert again == {**score, "reused": True}
    (opening,) = read_openings(others.folder)
    assert (opening.run, opening.weights) == ("stable", trained.weights_digest())
    careful = md.discover(trained, others, reference="toy", criterion="mean+std").score
    assert careful["opened"]["first"] is False
    assert score["scored_before"] == []
    assert [one["criterion"] for one in careful["scored_before"]] == ["probability"]
    assert len(read_openings(others.folder)) == 1


def test_what_a_run_was_trained_on_is_not_scored(run):
    trained, dataset = run
    score = md.discover(trained, dataset, reference="toy").score
    split = dataset.split("s")
    assert score["trained_on"] == len(split["train"]) + len(split["val"])
    assert score["scored"] == len(split["test"]) == score["subsets"]["whole"]["materials"]
    evaluated = md.evaluate(trained)
    assert evaluated["opened"]["first"] is False


def test_a_split_that_changed_after_the_training_is_no_guide(run, monkeypatch):
    trained, dataset = run
    monkeypatch.setitem(trained.manifest["split"], "digest", "0" * 64)
    with pytest.raises(md.TrainError, match="has other members than when run"):
        md.discover(trained, dataset, reference="toy")


def test_phases_on_the_hull_are_stable_whatever_their_energies_round_to(run):
    trained, dataset = run
    _others(dataset, "own")
    score = md.discover(trained, "own", reference="own").score
    with_hull = md.hull("own", cache=dataset.cache, energy="e_form", formation=True)
    stable = int((with_hull.table["energy_above_hull"] == 0).sum())
    whole = score["subsets"]["whole"]
    assert stable > 0
    assert whole["tp"] + whole["fn"] == stable


def test_materials_outside_the_reference_are_counted(run):
    trained, dataset = run
    _others(dataset, "without-zinc")
    found = md.discover(trained, dataset, reference="without-zinc", no_score=True)
    has_zinc = dataset.table.formula.str.contains("Zn").sum()
    assert (found.outside, len(found)) == (has_zinc, len(dataset) - has_zinc)
    assert len(found.columns()["rank"]) == len(found)


def test_a_column_of_true_distances(run):
    trained, dataset = run
    others = _others(dataset, "distances", e_hull=-0.5, without="Cl")
    score = md.discover(trained, others, reference="toy", truth="e_hull").score
    assert score["truth"] == {"column": "e_hull", "less_hull": False}
    assert score["subsets"]["whole"]["prevalence"] == 1.0
    with pytest.raises(md.ConfigError, match="e_hul"):
        md.discover(trained, others, reference="toy", truth="e_hul")


def test_scores_by_the_values_of_a_column(run):
    trained, dataset = run
    others = _others(dataset, "batches", batch=lambda k: (10, 9, None)[k % 3])
    whole = md.discover(trained, others, reference="toy").score
    found = md.discover(trained, others, reference="toy", by="batch,n_elements")
    assert "by" not in whole
    by = found.score["by"]
    assert list(by) == ["batch", "n_elements"]
    assert list(by["batch"]) == ["9", "10", "(missing)"]
    for groups in by.values():
        for name in ("tp", "fp", "fn", "tn", "materials"):
            assert sum(one[name] for one in groups.values()) == whole["subsets"]["whole"][name]
    pairs = pair_ranking(
        [reduced_formula(parse_formula(one)) for one in others.table.formula],
        found.scored.true, found.scored.ranking.mean,
    )  # fmt: skip
    assert {name: whole["polymorphs"][name] for name in pairs._fields} == pairs._asdict()
    rows = np.flatnonzero(others.table.batch.to_numpy() == 9)
    ranking, true = found.scored.ranking, found.scored.true
    errors = np.abs(ranking.mean - true)[rows]
    assert by["batch"]["9"]["mae"] == pytest.approx(errors.mean())
    assert sum(by["batch"]["9"]["rolling"]["count"]) > 0
    assert md.discover(trained, others, reference="toy", by=["batch", "n_elements"]).score == {
        **found.score, "reused": True
    }  # fmt: skip


def test_columns_that_make_no_groups(run):
    trained, dataset = run
    others = _others(dataset, "ungrouped")
    with pytest.raises(md.ConfigError, match="more than 100 values"):
        md.discover(trained, others, reference="toy", by="formula")
    with pytest.raises(md.ConfigError, match="batc"):
        md.discover(trained, others, reference="toy", by="batc")
    assert groups_of(others, "n_elements", np.array([1, 0]))["2"].tolist() == [0, 1]
    with pytest.raises(md.ConfigError, match="no score is asked for"):
        md.discover(trained, others, reference="toy", by="n_elements", no_score=True)
    bare = [{"formula": one["formula"]} for one in toy.rows()]
    unscored = toy.build(dataset.cache, bare, "unscored")
    with pytest.raises(md.ConfigError, match="no true distances to score by n_elements"):
        md.discover(trained, unscored, reference="toy", by="n_elements")


def test_a_submission_to_matbench_discovery(run, tmp_path):
    trained, dataset = run
    others = _others(dataset, "wbm", unique_prototype=lambda k: k % 2 == 0)
    path = tmp_path / "2026-01-01-discovery.csv.gz"
    how = {"reference": "toy", "format": "matbench-discovery", "output": path}
    md.discover(trained, others, criterion="probability", budget=3, **how)
    first = path.read_bytes()
    rows = list(csv.DictReader(gzip.decompress(first).decode().splitlines()))
    assert [row["material_id"] for row in rows] == others.ids.tolist()
    energies = md.predict(trained, others)
    np.testing.assert_array_equal(energies.ids, others.ids)
    values = [float(row["e_form_per_atom"]) for row in rows]
    np.testing.assert_allclose(values, energies.mean[:, 0], rtol=1e-15)
    scores = _yaml(path.with_name("2026-01-01-discovery.yml"))
    discovery = scores["metrics"]["discovery"]
    assert discovery["pred_file"]["name"] == path.name
    plain = md.discover(trained, others, reference="toy").score["subsets"]  # by the mean
    for name, own in (
        ("full_test_set", "whole"),
        ("unique_prototypes", "unique_prototypes"),
        ("most_stable_10k", "most_stable"),
    ):
        expected, given = plain[own], discovery[name]
        assert (given["TP"], given["FN"]) == (expected["tp"], expected["fn"])
        daf = expected["daf"]
        assert given["DAF"] == (None if daf is None else round(daf, 3))
        assert given["R2"] == round(expected["r2"], 3)
        assert given["TNR"] == round(1 - expected["fpr"], 3)
        assert given["missing_preds"] == 0
    half = [
        k for k in range(len(toy.rows())) if k % 2 == 0 and "Zn" not in toy.rows()[k]["formula"]
    ]
    assert plain["unique_prototypes"]["materials"] == len(half)
    md.discover(trained, others, **how)
    assert path.read_bytes() == first
    with pytest.raises(md.ConfigError, match=r"writes \.csv or \.csv\.gz"):
        md.discover(trained, others, **{**how, "output": tmp_path / "x.parquet"})
    with pytest.raises(md.ConfigError, match="unknown format 'matbench'"):
        md.discover(trained, others, **{**how, "format": "matbench"})


def test_a_submission_without_truth_has_no_scores(run, tmp_path):
    trained, dataset = run
    path = tmp_path / "preds.csv"
    md.discover(
        trained, dataset, reference="toy", no_score=True, output=path, format="matbench-discovery"
    )
    assert _yaml(tmp_path / "preds.yml")["metrics"]["discovery"] == {
        "pred_file": {"name": "preds.csv"}
    }


def _yaml(path):
    return pytest.importorskip("yaml").safe_load(path.read_text())


def test_pictures(run, tmp_path, capsys):
    trained, dataset = run
    _others(dataset, "pictured", batch=lambda k: k % 2)
    words = ("discover", trained.name, "pictured", "--reference", "toy", "--by", "batch", "--json")
    where = ("--pictures", str(tmp_path), "--picture-format", "png,svg", "--style", "dark")
    assert toy.command(dataset, *words, *where) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["pictures_failed"] == {}
    stems = (
        "classification",
        "cumulative",
        "enrichment",
        "reliability",
        "rolling",
        "rolling-batch",
    )
    expected = {f"{stem}.{form}" for stem in stems for form in ("png", "svg")}
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert {path.rsplit("/")[-1] for path in document["pictures"]} == expected
    text = (tmp_path / "rolling-batch.svg").read_text()
    assert "batch 0" in text
    assert "batch 1" in text
    alone = md.discover(
        trained, dataset, reference="toy", no_score=True, pictures=tmp_path / "alone"
    )
    assert [path.name for path in alone.pictures.written] == ["distances.png"]
    with pytest.raises(md.ConfigError, match=r"distances\.png is a file"):
        md.discover(
            trained, dataset, reference="toy", pictures=tmp_path / "alone" / "distances.png"
        )


def test_columns_that_are_named_one_by_one(run, capsys):
    trained, dataset = run
    _others(dataset, "two", batch=lambda k: k % 2, role=lambda k: "ab"[k % 2])
    words = ("discover", trained.name, "two", "--reference", "toy", "--json")
    assert toy.command(dataset, *words, "--by", "batch", "--by", "role") == 0
    assert list(json.loads(capsys.readouterr().out)["score"]["by"]) == ["batch", "role"]


def test_a_run_on_an_expression_is_scored(run):
    trained, dataset = run
    shifted = toy.train(dataset, ["e_form - 0.25"], "shifted", epochs=2)
    others = _others(dataset, "expressed")
    found = md.discover(shifted, others, reference="toy", target="e_form - 0.25")
    assert found.score["truth"] == {"column": "e_form - 0.25", "less_hull": True}
    plain = md.discover(trained, others, reference="toy")
    np.testing.assert_allclose(found.scored.true, plain.scored.true - 0.25, atol=1e-6)


def test_the_command_prints_the_ranking_and_its_score(run, capsys):
    trained, dataset = run
    words = ("discover", trained.name, "toy", "--reference", "toy", "--budget", "5")
    assert toy.command(dataset, *words) == 0
    text = capsys.readouterr().out
    assert "132 of 132 materials ranked by mean against toy-" in text
    assert "most_stable" in text
    assert toy.command(dataset, *words, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["ranking"]) == document["budget"] == 5
    assert document["score"]["reused"] is True


def test_wrong_requests(run):
    trained, dataset = run
    with pytest.raises(md.ConfigError, match="no reference of known phases"):
        md.discover(trained, dataset)
    with pytest.raises(md.ConfigError, match="unknown criterion 'luck'"):
        md.discover(trained, dataset, reference="toy", criterion="luck")
    with pytest.raises(md.ConfigError, match="a budget of 0"):
        md.discover(trained, dataset, reference="toy", budget=0)
    with pytest.raises(md.StoreError, match="no reference and no dataset 'typo'"):
        md.discover(trained, dataset, reference="typo")
