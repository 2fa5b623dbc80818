"""``matdata discover``: candidates ranked by predicted distance to the hull, and scored once."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from support import toy

import matdata as md
from matdata.evaluation.openings import read_openings

pytestmark = pytest.mark.slow
RESULT = "energy_above_hull"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An ensemble on formation energies, and its dataset."""
    rows = [{**one, "e_form": one["y"]} for one in toy.rows()]
    dataset = toy.build(tmp_path_factory.mktemp("discover") / "cache", rows)
    return toy.train(dataset, ["e_form"], "stable", ensemble=3, epochs=5), dataset


def _others(dataset, name, without="Zn", **changes):
    """Candidates of another dataset, and of fewer elements."""
    rows = [
        {**one, "e_form": one["y"] + 1e-3} | changes
        for one in toy.rows() if without not in one["formula"]
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
