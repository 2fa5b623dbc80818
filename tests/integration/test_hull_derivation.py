"""``hull:REF``: predicted formation energies become distances to the hull of known phases."""

from __future__ import annotations

import numpy as np
import pytest
from support import toy
from support.entries import li_o, write

import matdata as md
from matdata.core.composition import Compositions, parse_formula
from matdata.evaluation.derive.texts import parse_derivation
from matdata.phases.reference import HullReference
from matdata.training.outputs import Distribution
from matdata.training.target import Target

E_FORM = Target("e_form", unit="eV/atom")


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A cache with total energies of Li-O phases, `known`."""
    cache = tmp_path_factory.mktemp("known") / "cache"
    path = write(cache.parent / "known.json", li_o())
    md.build(path, cache=cache, name="known", split=None, symmetry="none", workers=1)
    return cache


def _ready(cache, text, *targets):
    step = parse_derivation(text).within(cache)
    return step, step.produces(targets)


def test_distances_of_each_member_against_total_energies(known):
    step, (new,) = _ready(known, "hull:known", Target("gap", unit="eV"), E_FORM)
    assert (new.name, new.unit) == ("energy_above_hull", "eV/atom")
    assert step.options.reference == "known"
    assert len(step.reference) == 64
    mean, noise = (
        np.array([[[-0.9], [-1.9], [0.0]], [[-1.0], [-1.7], [0.5]]]),
        np.full((2, 3, 1), 0.1),
    )
    rows = {"formula": ["LiO2", "LiO", "NaCl"]}
    after = step.apply({"e_form": Distribution(mean, noise)}, rows, {})["energy_above_hull"]
    expected = mean - np.array([[-1.2], [-1.8], [np.nan]])
    np.testing.assert_allclose(after.mean, expected, atol=1e-9)
    np.testing.assert_array_equal(after.aleatoric[:, :2], noise[:, :2])
    assert np.isnan(after.aleatoric[:, 2]).all()
    true = step.truth({"e_form": np.array([[-1.0], [np.nan], [0.0]])}, rows)["energy_above_hull"]
    np.testing.assert_allclose(true[:, 0], [0.2, np.nan, np.nan], atol=1e-9)


def test_a_target_that_is_no_formation_energy_is_refused(known):
    for target in (Target("gap", unit="eV"), Target("e_form", unit="eV/cell"), Target("y")):
        with pytest.raises(md.ConfigError, match="no target is known to be a formation energy"):
            _ready(known, "hull:known", target)
    with pytest.raises(md.ConfigError, match=r"y \(eV\) is no formation energy in eV/atom"):
        _ready(known, "hull:known,target=y", Target("y", unit="eV"))
    with pytest.raises(md.ConfigError, match="several targets"):
        _ready(known, "hull:known", E_FORM, Target("formation_energy", unit="eV/atom"))
    _, (new,) = _ready(known, "hull:known,target=y", Target("y", unit="eV/atom"), Target("z"))
    assert new.name == "energy_above_hull"


def test_what_is_named_must_be_there(known):
    with pytest.raises(md.ConfigError, match="needs a reference"):
        _ready(known, "hull", E_FORM)
    with pytest.raises(md.StoreError, match="no reference and no dataset 'unknown'"):
        _ready(known, "hull:unknown", E_FORM)
    with pytest.raises(md.ConfigError, match="expected NAME:KEY=VALUE"):
        parse_derivation("hull:known,target=a,target=b")
    assert parse_derivation("hull:known").spec == "hull:reference=known"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on formation energies, and its dataset."""
    rows = [{**one, "e_form": one["y"]} for one in toy.rows()]
    dataset = toy.build(tmp_path_factory.mktemp("stable") / "cache", rows)
    return toy.train(dataset, ["e_form"], "stable", ensemble=3, epochs=5), dataset


def _hull(dataset, ids):
    table = dataset.table
    names = table.index.tolist()
    own = Compositions.from_amounts(names, [parse_formula(one) for one in table.formula])
    elements = [{z: 1.0} for z in np.unique(own.numbers).tolist()]
    pure = Compositions.from_amounts([f"e{k}" for k in range(len(elements))], elements)
    energies = np.append(table.e_form, np.zeros(len(elements)))
    hull = HullReference.build(Compositions.concat([own, pure]), energies)
    return hull.energies(own.take([names.index(one) for one in ids.tolist()]))


@pytest.mark.slow
def test_predictions_and_scores_of_a_run(run):
    trained, dataset = run
    plain = md.predict(trained, dataset)
    found = md.predict(trained, dataset, derive=["hull:toy"])
    expected = plain.members[..., 0] - _hull(dataset, found.ids)
    np.testing.assert_allclose(found.members[..., 1], expected, atol=1e-9)
    np.testing.assert_allclose(found.epistemic[:, 1], plain.epistemic[:, 0])
    np.testing.assert_allclose(found.total[:, 1], plain.total[:, 0])
    (record,) = found.derivations
    (stored,) = (dataset.cache / "references").glob("toy-*")
    assert record["reference"].startswith(stored.name.removeprefix("toy-"))
    scored = md.evaluate(trained, derive=["hull:toy"])["derived"]["targets"]
    test = dataset.split("s")["test"]
    place = {name: row for row, name in enumerate(found.ids.tolist())}
    rows = [place[name] for name in test]
    true = dataset.table.e_form[list(test)].to_numpy()
    expected = np.abs(plain.mean[rows, 0] - true).mean()
    assert scored["energy_above_hull"]["metrics"]["mae"] == pytest.approx(expected)


@pytest.mark.slow
def test_materials_outside_the_reference_have_no_distance(run):
    trained, dataset = run
    rows = [{**one, "e_form": one["y"]} for one in toy.rows() if "Zn" not in one["formula"]]
    toy.build(dataset.cache, rows, "without-zinc")
    found = md.predict(trained, dataset, derive=["hull:without-zinc"])
    has_zinc = dataset.table.formula.loc[found.ids].str.contains("Zn").to_numpy()
    np.testing.assert_array_equal(np.isnan(found.mean[:, 1]), has_zinc)
    np.testing.assert_array_equal(np.isnan(found.total[:, 1]), has_zinc)
    scored = md.evaluate(trained, derive=["hull:without-zinc"])["derived"]["targets"]
    test = dataset.table.formula[list(dataset.split("s")["test"])]
    assert scored["energy_above_hull"]["materials"] == (~test.str.contains("Zn")).sum()
