"""`matdata substitute`: candidates as a dataset, with provenance, features and the same options."""

from __future__ import annotations

import json
import shlex
import tracemalloc

import numpy as np
import pytest
from support import mixed

import matdata as md
from matdata.candidates.select import substituted
from matdata.cli import main
from matdata.core.elements import atomic_number
from matdata.core.errors import ConfigError, FeatureError, SourceError
from matdata.core.formula import parse_formula
from matdata.datasets.exporting import ExportRequest, export_dataset
from matdata.sources.base import Request
from matdata.sources.substitute import Substitutions
from matdata.symmetry.labels import parse_label
from matdata.testing.sources import SourceContract

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    cache = tmp_path_factory.mktemp("substitute")
    md.build("sample", limit=240, cache=cache, name="parents", dedupe="none", split="none",
             workers=1)  # fmt: skip
    return cache


@pytest.fixture(scope="module")
def candidates(cache):
    return md.substitute("parents", cache=cache, features=["wyckoff", "magpie"], workers=1)


def test_a_candidate_is_its_parent_with_another_element(cache, candidates):
    parents = md.open("parents", cache=cache).table
    table = candidates.table
    assert len(table) > 500
    for row in table.iloc[::7].itertuples():
        parent = parse_label(parents.protostructure[row.parent])
        old, _, new = row.substitution.partition("->")
        swap = {atomic_number(old): atomic_number(new)}
        label, formula = substituted(parent, [swap.get(z, z) for z in parent.species])
        assert (row.protostructure, row.formula) == (label, formula)
        assert row.Index == f"{row.parent}_{old}-{new}"
        assert row.space_group_number == parent.group
        assert row.wyckoff_valid


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_an_export_keeps_the_labels(cache, candidates, tmp_path, ending):
    written = export_dataset(candidates, ExportRequest(tmp_path / f"out{ending}"))
    command = shlex.split(written.rebuild)
    assert "--protostructure-col" in command
    assert (
        main([*command[1:], "--cache", str(tmp_path / "again"), "--split", "none", "--quiet"]) == 0
    )
    again = md.open("parents-substituted", cache=tmp_path / "again")
    columns = ["protostructure", "space_group_number", "wyckoff_valid", "formula", "parent"]
    for name in columns:
        assert again.table[name].tolist() == candidates.table[name].tolist()
    assert len(again.featurize("wyckoff", workers=1)[0].ids) == len(candidates)


def test_labels_beside_structures_are_refused(tmp_path):
    structure = {"lattice": {"matrix": (4 * np.eye(3)).tolist()}, "sites": [
        {"species": [{"element": "Po", "occu": 1}], "abc": [0, 0, 0]}]}  # fmt: skip
    path = tmp_path / "both.json"
    path.write_text(json.dumps([{"structure": structure, "label": "A_cP1_221_a:Po"}]))
    with pytest.raises(SourceError, match="found in the structures of 'structure'"):
        md.build(path, cache=tmp_path, protostructure_col="label")


def test_each_comes_once_and_none_is_known(cache, candidates):
    parents = md.open("parents", cache=cache).table
    labels = candidates.table.protostructure
    assert labels.is_unique
    assert not {*labels} & {*parents.protostructure}
    assert candidates.table.groupby("parent").size().max() == 10


def test_probabilities_are_those_of_the_matrix(cache, candidates):
    matrix = md.substitution_matrix("parents", cache=cache)
    table = candidates.table
    pairs = table.substitution.str.split("->")
    expected = [np.log(matrix.probabilities[atomic_number(a), atomic_number(b)]) for a, b in pairs]
    np.testing.assert_allclose(table.log_probability, expected, rtol=1e-12)


def test_the_wyckoff_feature_is_that_of_the_cells(cache, candidates):
    """What is read from labels is what a search finds in the structures.

    But for one: sample-0000017 is cubic within the tolerance, which is absolute, and its cell with
    rubidium is larger.
    """
    cells = md.substitute("parents", cache=cache, structures=True, features=["wyckoff"],
                          name="cells", workers=1)  # fmt: skip
    lost = {one.material_id for one in cells.rejects() if one.reason == "no_volume"}
    assert 0 < len(lost) < len(candidates) / 20
    kept = ~np.isin(candidates.ids, [*lost])
    assert [*cells.ids] == candidates.ids[kept].tolist()
    labels = candidates.table.protostructure[kept]
    same = (cells.table.protostructure == labels).to_numpy()
    assert (~same).sum() == 1
    a = candidates.feature("wyckoff").dense().take(kept).take(same)
    b = cells.feature("wyckoff").dense().take(same)
    assert (a.offsets == b.offsets).all()
    np.testing.assert_array_equal(a.values, b.values)
    assert cells.table.volume_per_atom.between(4, 200).all()
    assert "n_sites" not in candidates.table


def test_magpie_is_that_of_the_formulas(candidates):
    values = candidates.feature("magpie").dense()
    formulas = candidates.table.formula.tolist()[:20]
    expected = md.compute("magpie", formulas).values
    np.testing.assert_allclose(values[:20], expected, rtol=1e-12)


def test_equal_requests_are_equal_and_seeds_differ(cache, candidates):
    again = md.substitute("parents", cache=cache, workers=1)
    assert again.ref == candidates.ref
    other = md.substitute("parents", cache=cache, seed=1, name="seed", workers=1)
    assert {*other.ids} != {*candidates.ids}


def test_it_is_a_source_like_others(cache, candidates):
    built = md.build("substitute:parents", cache=cache, split="none")
    assert built.ref == candidates.ref


def test_the_best_have_the_highest_probabilities(cache, candidates):
    best = md.substitute("parents", cache=cache, draw="best", name="best").table
    mean = best.log_probability.mean()
    assert mean > candidates.table.log_probability.mean()


def test_several_elements_at_once(cache):
    table = md.substitute("parents", cache=cache, one_element=False, name="several").table
    changes = table.substitution.str.count("->")
    assert changes.min() >= 1
    assert changes.max() >= 2
    elements = [len(parse_formula(formula)) for formula in table.formula]
    assert (changes <= elements).all()


def test_excluded_elements_and_compositions(cache, candidates):
    known = candidates.table.formula
    excluded = md.substitute("parents", cache=cache, exclude=["O", "lanthanides"],
                             exclude_in=[candidates.ref], name="less")  # fmt: skip
    held = {z for formula in excluded.table.formula for z in parse_formula(formula)}
    assert not held & {8, *range(57, 72)}
    assert not {*excluded.table.formula} & {*known}
    assert {one.reason for one in excluded.rejects()} == {"in_other_dataset"}


def test_counts_of_another_dataset_and_priors(cache):
    md.build("sample", limit=300, cache=cache, name="other", dedupe="none", split="none")
    counted = md.substitute("parents", cache=cache, count_from="other", name="counted")
    prior = md.substitute("parents", cache=cache, prior="pymatgen", name="prior")
    equal = md.substitute("parents", cache=cache, bin_weight="equal", name="equal")
    assert len({one.digest for one in (counted, prior, equal)}) == 3
    matrix = md.substitution_matrix()
    row = prior.table.iloc[0]
    a, b = map(atomic_number, row.substitution.split("->"))
    assert row.log_probability == pytest.approx(np.log(matrix.probabilities[a, b]))


def test_command_file_and_python_say_the_same(cache, candidates, tmp_path, capsys):
    files = [str(tmp_path / name) for name in ("m.csv", "m.svg", "options.toml")]
    words = ["substitute", "parents", "--matrix", files[0], "--matrix", files[1],
             "--write-config", files[2], "--json", "--cache", str(cache)]  # fmt: skip
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["dataset"], record["unchanged"]) == (candidates.ref, True)
    assert record["draws"] is None
    assert record["matrix"] == files[:2]
    header = (tmp_path / "m.csv").read_text().partition("\n")[0]
    assert header.startswith("from,H,")
    assert "log₁₀ p(from → to)" in (tmp_path / "m.svg").read_text()
    assert md.substitute(config=files[2], cache=cache).ref == candidates.ref


def test_draws_are_accounted_for(cache, capsys):
    words = ["substitute", "parents", "--seed", "5", "--name", "n", "--json", "--cache", str(cache)]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    draws = record["draws"]
    assert draws["parents"] == 240
    left = draws["drawn"] - draws["known_protostructures"] - draws["repeated"]
    assert left == draws["candidates"] == record["rows"]
    n_draws = md.open("n", cache=cache).table.n_draws.sum()
    assert n_draws == draws["drawn"] - draws["known_protostructures"]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"draw": "worst"}, ConfigError, "worst"),
        ({"exclude": ["Xy"]}, ConfigError, "'Xy' is no element"),
        ({"count_from": "parents", "prior": "pymatgen"}, ConfigError, "count_from and prior"),
        ({"per_parent": 0}, ConfigError, "per_parent"),
        ({"matrix": ["m.txt"]}, ConfigError, "m.txt"),
    ],
)
def test_wrong_options(cache, options, error, text):
    with pytest.raises(error, match=text):
        md.substitute("parents", cache=cache, **options)


def test_a_dataset_without_protostructures(tmp_path):
    (tmp_path / "f.csv").write_text("formula\nNaCl\nMgO\nCaO\n")
    md.build(tmp_path / "f.csv", cache=tmp_path, name="f", split="none")
    with pytest.raises(SourceError, match="protostructure"):
        md.substitute("f", cache=tmp_path)


def test_features_that_need_coordinates_are_refused(cache, candidates):
    for feature in ("ofm", "graph"):
        with pytest.raises(FeatureError, match="needs structures"):
            md.featurize(candidates, feature)
    with pytest.raises(FeatureError, match="needs structures"):
        md.featurize(candidates, "wyckoff", set={"wyckoff": {"convention": "aviary"}})


def test_cells_are_made_of_cells(cache, candidates):
    with pytest.raises(SourceError, match="no structures"):
        md.substitute(candidates, structures=True, name="x")
    again = md.substitute(candidates, name="second", per_parent=1)
    assert {*again.table.parent} <= {*candidates.ids}


def test_parents_without_a_structure_have_no_candidates(tmp_path):
    path = mixed.write_csv(tmp_path / "records.csv", mixed.rows(40))
    parents = md.build(path, cache=tmp_path, name="m", dedupe="none", split="none", target="gap")
    having = {*parents.table.index[parents.table.n_sites.notna()]}
    for structures in (False, True):
        made = md.substitute(parents, prior="pymatgen", structures=structures)
        assert {*made.table.parent} <= having


def test_memory_is_that_of_columns(cache):
    """Of a candidate some dozens of bytes are held while draws go on, no objects."""
    source = Substitutions(Request(argument="parents", cache=cache, query={"per_parent": 100}))
    source.matrix  # noqa: B018
    tracemalloc.start()
    chosen = source.selection
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(chosen) > 4000
    assert held < 200 * len(chosen) + 2_000_000


class TestContract(SourceContract):
    @pytest.fixture(autouse=True)
    def _parents_elsewhere(self, tmp_path, monkeypatch):
        """The contract builds in caches of its own."""
        md.build("sample", limit=200, cache=tmp_path / "parents", name="p", dedupe="none",
                 split="none", workers=1)  # fmt: skip
        monkeypatch.setenv("MATDATA_CACHE_ALSO", str(tmp_path / "parents"))

    def argument(self, folder):
        return "substitute:p"
