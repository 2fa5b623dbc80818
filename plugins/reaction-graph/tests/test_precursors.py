"""Sets of precursors: candidates, neighbours, the ranking, and the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matdata_reaction_graph.precursors.candidates import candidates_of
from matdata_reaction_graph.precursors.neighbours import WIDTHS, Neighbours
from matdata_reaction_graph.precursors.ranking import PrecursorRanking, Ranked, top_shares
from matdata_reaction_graph.precursors.records import Product, products_of
from matdata_reaction_graph.precursors.vocabulary import Vocabulary, frequent

import matdata as md
from matdata.cli import main
from matdata.plugin import parse_formula

SOURCES = {"Ba": "BaCO3", "Sr": "SrCO3", "Ca": "CaCO3", "Ti": "TiO2", "Zr": "ZrO2", "Nb": "Nb2O5"}


def rows(count=60):
    """Products of an alkaline earth and one or two oxides; with niobium nitrates in place of
    carbonates, so that the choice is one of whole sets.
    """
    earths, oxides = ("Ba", "Sr", "Ca"), ("Ti", "Zr", "Nb")
    made = []
    for number in range(count):
        earth, oxide = earths[number % 3], oxides[number // 3 % 3]
        own = [SOURCES[earth], SOURCES[oxide]]
        if oxide == "Nb":
            own[0] = f"{earth}(NO3)2"
        made.append((f"{earth}{1 + number // 9}{oxide}{1 + number // 27}O7", own))
    return made


@pytest.fixture(scope="module")
def products():
    return products_of(rows())[0]


def test_rows_of_one_composition_are_one_product_with_counted_sets():
    given = [
        ("BaTiO3", ["BaCO3", "TiO2"]),
        ("TiBaO3", ["TiO2", "BaCO3"]),
        ("Ba2Ti2O6", ["BaO", "TiO2"]),
        ("Xx2", ["TiO2"]),
        ("SrTiO3", ["Sr?", "TiO2"]),
        ("CaTiO3", []),
    ]
    products, rejects = products_of(given)
    (only,) = products
    assert only.formula == "BaTiO3"
    assert only.sets == {frozenset(("BaCO3", "TiO2")): 2, frozenset(("BaO", "TiO2")): 1}
    assert set(rejects) == {"Xx2", "SrTiO3", "CaTiO3"}


def test_shares_among_neighbours_are_those_of_the_definition(products):
    words = Vocabulary(products)
    neighbours = Neighbours(products, words)
    asked = [Product("BaTi2O5", parse_formula("BaTi2O5"), {})]
    (found,) = neighbours.around(asked)

    def shares(amounts):
        total = sum(amounts.values())
        return {z: a / total for z, a in amounts.items()}

    own = shares(asked[0].amounts)
    for width, name in enumerate(WIDTHS):
        weights = []
        for one in products:
            other = shares(one.amounts)
            b = sum(np.sqrt(x * other.get(z, 0.0)) for z, x in own.items())
            weights.append(np.exp((b - 1.0) / name))
        np.testing.assert_allclose(found.mass[width], sum(weights), rtol=1e-4)
        for formula in ("BaCO3", "TiO2", "Ba(NO3)2"):
            used = sum(
                w for w, one in zip(weights, products, strict=True)
                if any(formula in chosen for chosen in one.sets)
            )  # fmt: skip
            got = found.precursors[width, words.numbers[formula]]
            np.testing.assert_allclose(got, used, rtol=1e-4)
        both = words.places(frozenset(("BaCO3", "TiO2")))
        used = sum(
            w for w, one in zip(weights, products, strict=True)
            if frozenset(("BaCO3", "TiO2")) in one.sets
        )  # fmt: skip
        np.testing.assert_allclose(neighbours.of_set(found, both)[width], used, rtol=1e-4)


def test_a_product_is_no_neighbour_of_its_own_group(products):
    neighbours = Neighbours(products, Vocabulary(products))
    alone = np.arange(len(products))
    for found in neighbours.around(products, alone):
        np.testing.assert_allclose(found.mass[-1], len(products) - 1)
    together = np.zeros(len(products), np.int64)
    for found in neighbours.around(products, together):
        assert not found.weights.any()


def test_candidates_cover_all_elements_and_have_no_superfluous_precursor():
    given = [
        ("BaTiO3", ["BaCO3", "TiO2"]),
        ("SrTiO3", ["SrCO3", "TiO2"]),
        ("LiBaPO4", ["BaCO3", "LiH2PO4"]),
        ("Li3N", ["Li3N"]),
        ("LiPO3", ["Li2CO3", "NH4H2PO4"]),
    ]
    words = Vocabulary(products_of(given)[0])
    scores = dict.fromkeys(range(len(words)), -1.0)
    wanted = set(parse_formula("LiBaPO4"))
    found = [chosen for chosen, _ in candidates_of(words, wanted, scores)]
    named = [{words.names[place] for place in chosen} for chosen in found]
    assert {"BaCO3", "LiH2PO4"} in named  # one precursor for two elements
    assert {"BaCO3", "Li2CO3", "NH4H2PO4"} in named
    for chosen in found:
        assert wanted - {8} <= set().union(*(words.elements[place] for place in chosen))
    assert len(set(found)) == len(found)
    assert candidates_of(words, {79}, scores) == []  # no precursor of gold is known
    assert frequent(words, sorted(wanted)) >= {words.numbers["BaCO3"]}


@pytest.mark.slow
def test_whole_sets_are_learnt_that_the_most_frequent_precursors_miss(products):
    train, asked = products[:-12], products[-12:]
    ranking = PrecursorRanking(train)
    ranked = ranking.rank(asked, 5)
    assert top_shares(asked, ranked, (1,))[1] == 1.0
    assert top_shares(asked, ranking.baseline(asked), (1,))[1] < 0.8
    for sets in ranked:
        chances = [one.probability for one in sets]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) <= 1.0 + 1e-6
    # what is known of the sets of the products asked about is not read
    blind = [Product(one.formula, one.amounts, {}) for one in asked]
    assert ranking.rank(blind, 5) == ranked
    assert PrecursorRanking(train).rank(asked, 5) == ranked
    unknown = Product("AuO", parse_formula("AuO"), {})
    assert ranking.rank([unknown]) == [[]]


def test_shares_of_the_first_k():
    product = Product("BaO", {56: 1.0, 8: 1.0}, {frozenset(("BaCO3",)): 1})
    wrong, right = Ranked(("BaO",), 0.6), Ranked(("BaCO3",), 0.4)
    assert top_shares([product], [[wrong, right]], (1, 2)) == {1: 0.0, 2: 1.0}
    assert top_shares([product, product], [[right], []], (1, 5)) == {1: 0.5, 5: 0.5}


def test_too_few_products_are_refused(products):
    with pytest.raises(md.ConfigError, match="at least 10"):
        PrecursorRanking(products[:4])


@pytest.mark.slow
def test_the_command_ranks_and_scores(tmp_path, capsys):
    records = [
        {
            "material_id": f"r{number}",
            "formula": formula,
            "precursors": [{"formula": one, "amount": 1.0} for one in precursors],
        }
        for number, (formula, precursors) in enumerate(rows())
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    dataset = md.build(path, cache=tmp_path, name="r", workers=1, dedupe="none")
    dataset.split("60/20/20", name="main")
    common = ["--cache", str(tmp_path), "--json"]
    assert main(["precursors", "r", "BaNbO4", "AuO", "--top", "2", *common]) == 0
    learnt = capsys.readouterr().out
    (kept,) = (tmp_path / "learnt").iterdir()
    before = kept.stat().st_mtime_ns
    assert main(["precursors", "r", "BaNbO4", "AuO", "--top", "2", *common]) == 0
    again = capsys.readouterr().out
    assert again == learnt  # from what is kept
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(kept.read_bytes()[:-1])
    assert main(["precursors", "r", "BaNbO4", "AuO", "--top", "2", *common]) == 0
    mended = capsys.readouterr()
    assert mended.out == learnt
    assert "it is learnt again" in mended.err
    first, second = json.loads(learnt)["products"]
    assert first["sets"][0]["precursors"] == ["Ba(NO3)2", "Nb2O5"]
    assert second["sets"] == []
    assert main(["precursors", "r", "--split", "main", *common]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["top"]["1"] > scored["most_frequent_top1"]
    assert scored["products"] + scored["left_out"] <= 12
    assert scored["opened"] is None
    record = next((tmp_path / "datasets").glob("r/*")).parent
    assert not list(record.glob("*.openings.jsonl"))
    test = ["precursors", "r", "--split", "main", "--part", "test", *common]
    seen = []
    for _ in range(2):
        assert main(test) == 0
        seen.append(json.loads(capsys.readouterr().out)["opened"])
    assert [one["first"] for one in seen] == [True, False]
    assert seen[0]["when"] == seen[1]["when"]
    (record_file,) = record.glob("*.openings.jsonl")
    assert len(record_file.read_text().splitlines()) == 1
    assert main([*test, "--seed", "1"]) == 0  # another training
    capsys.readouterr()
    assert len(record_file.read_text().splitlines()) == 2
    for wrong in (["r"], ["r", "Xx2"], ["absent", "BaO"], [], ["r", "--split", "absent"]):
        assert main(["precursors", *wrong, *common]) != 0
        capsys.readouterr()
