"""Tables and figures of chapter 5 of Goodall's thesis, carried out on made reactions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import reactions

import matdata as md
from matdata.core.formula import parse_formula

rows = pytest.importorskip("matdata_recipes.reaction_rows")
tables = pytest.importorskip("matdata_recipes.reaction_tables")
examples = pytest.importorskip("matdata_recipes.reaction_examples")
scores = pytest.importorskip("matdata_recipes.reaction_scores")
figures = pytest.importorskip("matdata_recipes.reaction_figures")

GRAPH = {"width": "8", "layers": "1", "gates": "8", "hidden": "8", "output": "16",
         "stoichiometry": "16", "scale": "log", "action_width": "4"}  # fmt: skip
TINY = replace(
    rows.SMALL, name="tiny", epochs=1, amount_epochs=1, action_epochs=1, graph=GRAPH, magpie={}
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    records = reactions.rows(40)
    for number, record in enumerate(records):
        amounts = parse_formula(record["formula"])
        record["product_fractions"] = [0.0] * 118
        for atom, amount in amounts.items():
            record["product_fractions"][atom - 1] = amount / sum(amounts.values())
        record["doi"] = f"10.1/{number}"
    path = reactions.write_jsonl(folder / "r.jsonl", records)
    made = md.build(path, cache=folder, name=rows.DATASET, workers=1, dedupe="none")
    for name in (rows.UP_TO_10, rows.UP_TO_3):
        made.split("80/20", name=name)
    return tables.Study(TINY, (0,), folder)


def test_rows_have_the_numbers_of_the_thesis():
    assert set(rows.ROWS) >= {name for names in tables.FIGURES.values() for name in names}
    for row in rows.ROWS.values():
        wanted = (0, 6) if row.amounts else (2,)
        assert len(row.published) in wanted, row.name
        of_ours = bool(row.changes.get("feed")) or row.encoder == "end-to-end" or row.together
        assert of_ours is not bool(row.published)
    words = rows.command(rows.ROWS["graph-10-no-actions"], rows.THESIS, 1)
    assert words[words.index("--amount-epochs") + 1] == "200"
    assert "--actions-run" not in words
    shared = rows.command(rows.ROWS["graph-10-feed"], rows.THESIS, 1)
    assert shared[shared.index("--actions-run") + 1] == "actions-up-to-10-thesis-seed1"
    assert shared[shared.index("--action-epochs") + 1] == "70"
    assert words[-2:] == ["--set", "actions=false"]
    assert "--only-elements" in rows.command(rows.ROWS["magpie-3-no-mask"], rows.THESIS, 0)
    together = rows.command(rows.ROWS["graph-10-together"], rows.THESIS, 0)
    assert "--together" in together
    assert "--epochs" not in together
    assert together[together.index("--amount-epochs") + 1] == "260"  # those of both runs
    longer = rows.command(rows.ROWS["graph-10-together-longer"], rows.REDUCED, 0)
    assert longer[longer.index("--amount-epochs") + 1] == "55"  # five times 6 and 5
    assert {row.longer for row in rows.rows_of("table-5.1")} == {1}  # of the thesis's size
    assert {row.longer for row in rows.rows_of("table-5.1", rows.REDUCED)} == {1, 5}


@pytest.mark.slow
def test_a_figure_is_trained_scored_and_drawn_once(study, tmp_path, monkeypatch, capsys):
    found = {one.metric: one for one in study.scores("figure-5.7")}
    assert list(found) == list(scores.METRICS)
    assert found["L1"].published == 0.126
    (value,) = found["L1"].values
    record = md.evaluate("graph-10-tiny-seed0-amounts", cache=study.cache)["targets"]
    assert value == pytest.approx(record[scores.AMOUNTS]["metrics"]["l1"], abs=1e-6)
    assert found["subset accuracy"].values == (
        record[scores.ELEMENTS]["metrics"]["subset_accuracy"],
    )
    monkeypatch.setattr(tables, "_carry", lambda *_: None)  # nothing is trained again
    study.draw("figure-5.7", tmp_path)
    drawn = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    assert drawn == ["dark/figure-5.7.png", "light/figure-5.7.png"]
    run = "graph-10-tiny-seed0-amounts"
    named = examples.Example("one", "BaCO3 + TiO2 @ mix heat", "BaTiO3", (0.1, 0.2), "a remark")
    monkeypatch.setattr(examples, "EXAMPLES", (named,))
    assert examples.main(["--run", run, "--top", "2", "--cache", str(study.cache)]) == 0
    shown = capsys.readouterr().out
    assert "(thesis 0.1, 0.2)" in shown
    assert shown.count(" -> ") == 3  # the reaction, and two of the training part


@pytest.mark.slow
def test_the_record_is_what_reproduce_shows(study, tmp_path, monkeypatch):
    from matdata_recipes.reproduce import of_reactions, ours
    from matdata_recipes.reproduce.registry import find

    monkeypatch.setattr(of_reactions.places, "written", lambda *_: tmp_path)
    of_reactions.record("table-5.2", replace(study, recorded_only=True))  # the null model alone
    records = ours.read([], [tmp_path])
    everything = ours.numbers_of(find("goodall:table-5.2"), records)
    numbers = [number for number in everything if number.label.startswith("null")]
    others = [number for number in everything if number not in numbers]
    assert len(others) == 3 * 2 + 3 * 6  # numbers of the thesis of rows that were not trained
    assert {number.status for number in others} == {"not run"}
    given = [f"{name}{scores.GIVEN}" for name in scores.METRICS[2:]]
    best = of_reactions.BEST_IS_ONE
    names = [f"1 - {n}" if n.startswith(best) else n for n in (*scores.METRICS, *given)]
    assert [number.label for number in numbers] == [f"null-3, {name}" for name in names]
    assert [number.paper for number in numbers][2:6] == [number.paper for number in numbers][6:]
    assert numbers[0].paper == 0.584  # of the subset accuracy 0.416
    assert all(number.trained and "another release" in number.notes[0] for number in numbers)


def test_rows_that_are_not_trained_here_keep_their_numbers(study, tmp_path, monkeypatch):
    from matdata_recipes.reproduce import of_reactions

    made = [tables.Scored(rows.ROWS["graph-3"], "L1", (0.2, 0.3), 0.133)]
    made += [tables.Scored(rows.ROWS["magpie-3"], "L1", (), 0.16)]
    monkeypatch.setattr(of_reactions.places, "written", lambda *_: tmp_path)
    monkeypatch.setattr(tables.Study, "scores", lambda *_: made)
    first = of_reactions.read_record(of_reactions.record("table-5.2", study))["checks"]
    made[:] = [tables.Scored(one.row, "L1", (0.5,) * bool(n), 0.1) for n, one in enumerate(made)]
    second = of_reactions.read_record(of_reactions.record("table-5.2", study))["checks"]
    assert [check["ours"] for check in first] == [0.2, None]
    assert [check["ours"] for check in second] == [0.2, 0.5]
    assert second[0] == first[0]
    del made[0]  # a row that this size lacks
    third = of_reactions.read_record(of_reactions.record("table-5.2", study))["checks"]
    assert [check["ours"] for check in third] == [0.5, 0.2]


@pytest.mark.parametrize("item", list(tables.FIGURES))
def test_figures_of_any_predictions(item, tmp_path):
    drawn = np.random.default_rng(0).dirichlet(np.ones(5), 20)
    true, amounts = np.zeros((20, 118)), np.zeros((20, 118))
    true[:, 3:8], amounts[:, 3:8] = drawn, drawn[::-1]
    names = tables.FIGURES[item]
    models = {
        name: scores.Predicted({}, true, amounts, np.arange(20.0) if place else None)
        for place, name in enumerate(names)
    }
    figures.draw(item, models, tmp_path, "light")
    assert (tmp_path / f"{item}.png").stat().st_size > 4000


def test_r2_is_of_elements_that_either_holds():
    true = np.zeros((2, 118))
    true[0, :2], true[1, 2] = 0.5, 1.0
    assert scores.r2_of_pairs(true, true) == 1.0
    wrong = true.copy()
    wrong[0, :3] = 0.5, 0.3, 0.2
    real, guess = np.array([0.5, 0.5, 0.0, 1.0]), np.array([0.5, 0.3, 0.2, 1.0])
    expected = 1 - ((real - guess) ** 2).sum() / ((real - real.mean()) ** 2).sum()
    assert scores.r2_of_pairs(true, wrong) == pytest.approx(expected)
