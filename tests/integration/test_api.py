"""`compute` and `transformer`: the same arrays as a build, from materials in any form."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.crystals import few, many

import matdata as md
from matdata.adapters.ase import to_atoms
from matdata.adapters.pymatgen import from_structures, to_structure


@pytest.mark.slow
def test_compute_takes_what_is_at_hand():
    crystals = few()
    structures = [to_structure(crystals, row) for row in range(4)]
    atoms = [to_atoms(crystals, row) for row in range(4)]
    ours = md.compute("ofm", crystals)
    assert ours.values.shape == (16, 1056)
    assert ours.offsets.tolist() == [0, 8, 13, 15, 16]
    assert len(ours.labels) == len(ours.units) == 1056
    for given in (structures, atoms):
        other = md.compute("ofm", given)
        np.testing.assert_allclose(other.values, ours.values, rtol=1e-5, atol=1e-8)
    single = md.compute("ofm", structures[1])
    np.testing.assert_allclose(single.values, ours.values[8:13], rtol=1e-5, atol=1e-8)


def test_compute_of_formulas():
    done = md.compute("matminer:Stoichiometry", ["Fe2O3", "NaCl"])
    assert done.values.shape == (2, 6)
    assert done.offsets is None
    with pytest.raises(md.FeatureError, match="needs structures, got formulas"):
        md.compute("ofm", "NaCl")
    with pytest.raises(md.StructureError, match="got int"):
        md.compute("ofm", [3])


def test_adapters_go_both_ways():
    crystals = few()
    structures = [to_structure(crystals, row) for row in range(4)]
    assert from_structures(structures, crystals.ids.tolist()).digest() == crystals.digest()
    from matdata.adapters.ase import from_atoms

    back = from_atoms([to_atoms(crystals, row) for row in range(4)], crystals.ids.tolist())
    np.testing.assert_allclose(back.frac_coords, crystals.frac_coords, atol=1e-12)
    np.testing.assert_array_equal(back.numbers, crystals.numbers)


def test_disordered_structures_and_molecules_are_refused():
    from ase import Atoms
    from pymatgen.core import Lattice, Structure

    shared = Structure(Lattice.cubic(4), [{"Na": 0.5, "K": 0.5}], [[0, 0, 0]])
    with pytest.raises(md.StructureError, match="a site is shared"):
        md.compute("ofm", shared)
    with pytest.raises(md.StructureError, match="periodic along"):
        md.compute("ofm", Atoms("H2", positions=[[0, 0, 0], [0, 0, 1]]))


def test_nothing_given_is_changed():
    structure = to_structure(few(), 1)
    before = structure.copy()
    md.compute("ofm", structure)
    assert structure == before


def test_transformer_in_a_scikit_learn_pipeline():
    crystals = many(12)
    structures = [to_structure(crystals, row) for row in range(12)]
    pipeline = make_pipeline(md.transformer("ofm"), StandardScaler())
    assert pipeline.fit_transform(structures).shape == (12, 1056)
    means = md.transformer("ofm").fit(structures).transform(structures)
    np.testing.assert_allclose(
        means, md.compute("ofm", crystals, level="structure").values, rtol=1e-5, atol=1e-9
    )
    assert len(md.transformer("ofm").get_feature_names_out()) == 1056


def test_transformers_cannot_leave_out_rows():
    from pymatgen.core import Lattice, Structure

    overlapping = Structure(Lattice.cubic(4), ["Na", "Na"], [[0, 0, 0], [0, 0, 0]])
    with pytest.raises(md.FeatureError, match="have no ofm"):
        md.transformer("ofm").fit_transform([overlapping])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dedup": "none"}, "did you mean 'dedupe'"),
        ({"nope": 1}, "unknown option 'nope'"),
        ({"limit": -1}, "'limit' is -1"),
        ({"limit": 2.5}, "'limit' expected int, got 2.5"),
        ({"workers": 0}, "'workers' is 0"),
        ({"shard_rows": 0}, "'shard_rows' is 0"),
    ],
)
def test_wrong_options_are_named_before_anything_is_read(options, words, tmp_path):
    with pytest.raises(md.ConfigError, match=words):
        md.build("sample", cache=tmp_path / "c", **options)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("given", [None, 3, object()])
def test_compute_states_what_it_takes(given):
    with pytest.raises(md.StructureError, match=f"got {type(given).__name__}"):
        md.compute("ofm", given)


@pytest.mark.slow
def test_features_can_be_one_text(tmp_path):
    dataset = md.build("sample", limit=12, features="lattice, fractions", cache=tmp_path)
    assert dataset.features() == ["fractions", "lattice"]


@pytest.mark.slow
def test_a_name_means_the_version_built_last(tmp_path):
    def build(**options):
        return md.build("sample", limit=12, name="a", cache=tmp_path, split=None, **options)

    old = build()
    new = build(dedupe="none", filter={"sites_below": 10})
    assert md.open("a", tmp_path).ref == new.ref
    assert build().ref == old.ref  # found there, nothing is made
    assert md.open("a", tmp_path).ref == old.ref
    assert md.open(new.ref, tmp_path).ref == new.ref
    from matdata.store.verify import verify_folder

    assert verify_folder(old.folder, old.manifest) == []


@pytest.mark.slow
def test_a_feature_reports_why_a_material_is_not_in_the_dataset(tmp_path):
    dataset = md.build(
        "sample",
        limit=40,
        filter={"sites_below": 6},
        features=["lattice"],
        cache=tmp_path,
        dedupe="none",
    )
    lost = dataset.ledger["material_id"][0]
    with pytest.raises(md.FeatureError, match=f"{lost} was left out of the dataset: "):
        dataset.feature("lattice")[lost]
    with pytest.raises(md.FeatureError, match="holds no material 'nobody'"):
        dataset.feature("lattice")["nobody"]
