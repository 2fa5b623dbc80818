"""``matdata hull``: hull distances as columns of a version, and references of known phases."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.entries import adjustment, entry, li_o, write

import matdata as md
from matdata.cli import main
from matdata.evaluation.openings import openings_path, read_openings

pytestmark = pytest.mark.slow

KNOWN = {"li": 0.0, "o2": 0.0, "li2o": -2.0, "li2o2": -1.8, "li2o2-b": -1.7, "lio2": -1.0}
#: Li2O2 and O2 in the ratio of LiO2: 2/3 of the atoms are Li2O2.
ABOVE = {"li": 0.0, "o2": 0.0, "li2o": 0.0, "li2o2": 0.0, "li2o2-b": 0.1, "lio2": -1.0 + 1.2}
#: Without Li2O2, LiO is 3/4 Li2O and 1/4 O2 (by atoms); Li2O is Li and Li2O2.
APART = {"li2o": -2.0 + 1.8 * 2 / 3, "li2o2": -1.8 + 1.5, "li2o2-b": -1.7 + 1.5, "lio2": 0.2}


def make(cache, entries, name="li-o", **options):
    path = cache.parent / f"{name}.json"
    options = {"split": "60/20/20", "symmetry": "none", "workers": 1, "name": name} | options
    return md.build(write(path, entries), cache=cache, **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cache in which `li-o` has hull distances, and its version before."""
    cache = tmp_path_factory.mktemp("hull") / "cache"
    before = make(cache, li_o(), features=["fractions"])
    return cache, before, md.hull("li-o", cache=cache)


def test_energies_decompositions_and_separation(made):
    _, _, after = made
    table = after.table
    for name, energy in KNOWN.items():
        assert table.formation_energy_per_atom[name] == pytest.approx(energy, abs=1e-9)
        assert table.energy_above_hull[name] == pytest.approx(ABOVE[name], abs=1e-9)
    for name, energy in APART.items():
        assert table.phase_separation_energy[name] == pytest.approx(energy, abs=1e-9)
    phases = table.decomposition["lio2"]
    assert [(one["id"], one["formula"]) for one in phases] == [("li2o2", "LiO"), ("o2", "O")]
    assert [one["amount"] for one in phases] == pytest.approx([2 / 3, 1 / 3])
    assert [one["id"] for one in table.decomposition["li2o2-b"]] == ["li2o2"]
    for name in ("energy_above_hull", "phase_separation_energy", "formation_energy_per_atom"):
        assert after.units[name] == "eV/atom"


def test_the_version_has_the_materials_features_and_splits_of_the_one_before(made):
    cache, before, after = made
    assert md.open("li-o", cache=cache).ref == after.ref != before.ref
    assert after.data_ref == before.data_ref == before.ref
    assert after.ids.tolist() == before.ids.tolist()
    np.testing.assert_array_equal(after.crystals.frac_coords, before.crystals.frac_coords)
    assert after.table[before.table.columns].equals(before.table)
    assert after.features() == before.features() != []
    one, other = after.feature("fractions"), before.feature("fractions")
    np.testing.assert_array_equal(one["li2o"], other["li2o"])
    assert after.splits() == before.splits()
    assert after.split().digest() == before.split().digest()
    assert after.rejects() == before.rejects()
    assert after.funnel() == before.funnel()


def test_again_is_the_same_and_a_rebuild_brings_the_plain_version_back(made):
    cache, before, after = made
    assert md.hull(after).ref == after.ref
    assert md.hull(before, reference=before.ref).ref == after.ref
    assert make(cache, li_o()).ref == before.ref
    assert md.open("li-o", cache=cache).ref == before.ref
    assert md.hull("li-o", cache=cache).ref == after.ref


def test_the_whole_cache_verifies_and_lists_the_reference(made, capsys):
    cache, _, _ = made
    assert md.verify(cache=cache).faults == []
    capsys.readouterr()
    assert main(["list", "--size", "--json", "--cache", str(cache)]) == 0
    (reference,) = json.loads(capsys.readouterr().out)["references"]
    assert (reference["entries"], reference["on_hull"]) == (6, 4)
    assert reference["reference"].startswith("li-o-")


def test_command_and_configuration_say_the_same_as_python(made, tmp_path, capsys):
    cache, before, after = made
    capsys.readouterr()
    words = ["hull", before.ref, "--cache", str(cache)]
    assert main([*words, "--json", "--write-config", str(tmp_path / "hull.toml")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["dataset"] == after.ref
    assert record["unchanged"]
    assert (record["computed"], record["outside"], record["without_energy"]) == (6, 0, 0)
    assert record["scheme"] == "MaterialsProject2020Compatibility"
    assert md.hull(config=tmp_path / "hull.toml", cache=cache).ref == after.ref


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_candidates_may_lie_below_the_hull_of_a_reference(cache):
    make(cache, [one for one in li_o() if one["entry_id"] != "li2o2"], "known")
    make(cache, [one for one in li_o() if one["entry_id"] == "li2o2"], "new", split=None)
    table = md.hull("new", reference="known", cache=cache).table
    assert table.energy_above_hull["li2o2"] == pytest.approx(-0.1, abs=1e-9)
    assert [one["id"] for one in table.decomposition["li2o2"]] == ["li2o2-b"]


def test_references_are_joined(cache):
    make(cache, li_o()[:3], "one", split=None)
    make(cache, li_o()[3:], "two", split=None)
    both = md.hull("two", reference=["one", "two"], cache=cache)
    expected = [ABOVE[name] for name in both.ids]
    np.testing.assert_allclose(both.table.energy_above_hull, expected, atol=1e-9)
    assert both.manifest["hull"]["reference"].startswith("one+two-")
    joined = both.manifest["hull"]["reference"]
    again = md.hull("two", reference=[joined, "one"], cache=cache)
    np.testing.assert_allclose(again.table.energy_above_hull, expected, atol=1e-9)


def test_materials_outside_the_reference_are_empty_and_counted(cache, capsys):
    odd = [entry("cao", "CaO", -12.0), entry("none", "MgO", -12.0)]
    make(cache, li_o(), "known")
    mixed = [*li_o()[2:4], *({**one, "energy_adjustments": li_o()[2]["energy_adjustments"],
                              "correction": -1.0} for one in odd)]  # fmt: skip
    make(cache, mixed, "mixed", split=None)
    capsys.readouterr()
    assert main(["hull", "mixed", "--reference", "known", "--cache", str(cache)]) == 0
    printed = capsys.readouterr().out
    assert "2 materials are outside the reference: no entry of Ca (1), Mg (1)" in printed
    dataset = md.open("mixed", cache=cache)
    assert dataset.manifest["hull"]["counts"]["missing_elements"] == {"Ca": 1, "Mg": 1}
    assert "no entry of Ca (1), Mg (1)" in dataset.manifest["note"]
    assert dataset.table.energy_above_hull.isna().sum() == 2
    assert dataset.table.decomposition["cao"] is None
    make(cache, mixed[2:], "odd", split=None)
    with pytest.raises(md.CurationError, match="no entry of Ca, Mg"):
        md.hull("odd", reference="known", cache=cache)


def test_schemes_are_never_mixed(cache):
    make(cache, li_o(), "new-scheme", split=None)
    make(cache, li_o("MaterialsProjectCompatibility"), "old-scheme", split=None)
    with pytest.raises(md.CurationError) as caught:
        md.hull("old-scheme", reference="new-scheme", cache=cache)
    assert "6 of 'MaterialsProject2020Compatibility'" in caught.value.what
    assert "6 of 'MaterialsProjectCompatibility'" in caught.value.what
    with pytest.raises(md.CurationError, match="must not be compared"):
        md.hull("old-scheme", reference=["new-scheme", "old-scheme"], cache=cache)


def test_an_oxide_without_corrections_among_corrected_ones_is_refused(cache):
    make(cache, [*li_o(), entry("raw", "Li2O", -14.0)], split=None)
    with pytest.raises(md.CurationError) as caught:
        md.hull("li-o", cache=cache)
    assert "4 of 'MaterialsProject2020Compatibility'" in caught.value.what
    assert "1 of 'no corrections'" in caught.value.what


def _csv(cache, text, name="mine", **options):
    path = cache.parent / f"{name}.csv"
    path.write_text(text)
    return md.build(path, cache=cache, name=name, split=None, workers=1, **options)


def test_formation_energies_need_no_entries_of_elements(cache):
    _csv(cache, "formula,e_form\nNaCl,-2.0\nNaCl2,-1.0\n")
    dataset = md.hull("mine", cache=cache)
    row = dataset.table.iloc[1]
    assert row.energy_above_hull == pytest.approx(-1.0 + 4 / 3)
    assert {one["formula"] for one in row.decomposition} == {"NaCl", "Cl"}
    assert "formation_energy_per_atom" not in dataset.table


def test_formation_energies_against_total_ones(cache):
    make(cache, li_o(), "known", split=None)
    _csv(cache, "formula,e_form\nLiO2,-1.0\nLi2O2,-1.9\n", unit={"e_form": "eV/atom"})
    with pytest.raises(md.CurationError, match="'unstated'"):
        md.hull("mine", reference="known", cache=cache)
    scheme = "MaterialsProject2020Compatibility"
    table = md.hull("mine", reference="known", scheme=scheme, cache=cache).table
    np.testing.assert_allclose(table.energy_above_hull, [0.2, -0.1], atol=1e-9)
    _csv(cache, "formula,energy_per_atom\nLiO2,-1.0\n", "total")
    with pytest.raises(md.ConfigError, match="holds formation energies"):
        md.hull("total", reference="mine", cache=cache)


UNFIT = {
    "no energies": ("formula,gap\nNaCl,1\n", {}, "no column of energies"),
    "no such column": ("formula,gap\nNaCl,1\n", {"energy": "energi"}, "no column 'energi'"),
    "no numbers": ("formula,e_form\nNaCl,1\n", {"energy": "formula/atom"}, "no numbers"),
    "unit": ("formula,my (eV/cell)\nNaCl,1\n", {"energy": "my (eV/cell)"}, "is in eV/cell"),
    "no unit": ("formula,my\nNaCl,1\n", {"energy": "my"}, "has no unit"),
    "per cell of formulas": ("formula,my\nNaCl,1\n", {"energy": "my/cell"}, "no structures"),
    "distances": ("formula,ehull\nNaCl,1\n", {"energy": "ehull"}, "distance to a hull"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "options", "message"), UNFIT.values(), ids=UNFIT)
def test_what_is_no_energy_per_atom_is_refused(cache, text, options, message):
    _csv(cache, text)
    with pytest.raises(md.ConfigError, match=message):
        md.hull("mine", cache=cache, **options)


def test_energies_per_cell_are_divided_by_the_atoms(cache):
    make(cache, [*li_o(), entry("o2-cell", "O2", -10.0)], split=None)
    table = md.hull("li-o", energy="energy_per_cell/cell", cache=cache).table
    plain = md.hull("li-o", cache=cache).table.energy_above_hull
    assert np.isnan(table.energy_above_hull["o2"])  # a formula has no cell
    table = table.drop("o2")
    np.testing.assert_allclose(table.energy_above_hull, plain[table.index], atol=1e-9)


def test_columns_of_the_source_are_not_replaced(cache):
    rows = [{**one, "energy_above_hull": 0.5} for one in li_o()]
    make(cache, rows, split=None)
    with pytest.raises(md.ConfigError, match="has energy_above_hull from its source") as caught:
        md.hull("li-o", cache=cache)
    assert "--prefix" in caught.value.next_step
    table = md.hull("li-o", prefix="my_", cache=cache).table
    assert table.energy_above_hull["li"] == 0.5
    assert table.my_energy_above_hull["li"] == 0.0


def test_a_material_without_energy_is_empty_and_counted(cache):
    _csv(cache, "formula,e_form\nNaCl,-2.0\nNaBr,\n")
    dataset = md.hull("mine", cache=cache)
    assert dataset.table.energy_above_hull.isna().tolist().count(True) == 1
    assert dataset.manifest["hull"]["counts"]["without_energy"] == 1


def test_computed_columns_are_no_features(made):
    _, _, after = made
    with pytest.raises(md.FeatureError, match="`matdata hull` computed"):
        after.featurize("column:energy_above_hull")
    after.featurize("column:energy_per_atom")


def test_names_that_mean_nothing(cache):
    make(cache, li_o(), split=None)
    with pytest.raises(md.StoreError, match="no reference and no dataset 'li-p'"):
        md.hull("li-o", reference="li-p", cache=cache)


def test_the_name_of_a_dataset_means_the_reference_that_hull_made(cache):
    _csv(cache, "formula,pbe (eV/atom),scan (eV/atom)\nLi,0,0\nO,0,0\nLi2O,-1,-3\n", "known")
    _csv(cache, "formula,energy_per_atom\nLi2O,-2\n", "new")
    with pytest.raises(md.ConfigError, match="no column of energies"):
        md.hull("new", reference="known", cache=cache)
    scan = md.hull("known", energy="scan (eV/atom)", cache=cache).manifest["hull"]["reference"]
    above = md.hull("new", reference="known", cache=cache).table.energy_above_hull
    assert above.iloc[0] == pytest.approx(1.0)
    pbe = md.hull("known", energy="pbe (eV/atom)", cache=cache).manifest["hull"]["reference"]
    with pytest.raises(md.StoreError, match="2 references are called 'known'") as refusal:
        md.hull("new", reference="known", cache=cache)
    assert f"{scan} (scan (eV/atom); unstated)" in refusal.value.next_step
    above = md.hull("new", reference=pbe, cache=cache).table.energy_above_hull
    assert above.iloc[0] == pytest.approx(-1.0)


def test_a_damaged_reference_of_a_dataset_is_made_again(cache):
    make(cache, li_o(), "known", split=None)
    make(cache, li_o()[:4], "new", split=None)
    ref = md.hull("new", reference="known", cache=cache).manifest["hull"]["reference"]
    path = cache / "references" / ref / "hull.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3] + b"abc")
    assert md.hull("new", reference="known", cache=cache).manifest["hull"]["reference"] == ref
    assert path.read_bytes() == whole


def test_damage_is_found_and_made_again(cache):
    before = make(cache, li_o())
    after = md.hull("li-o", cache=cache)
    reference = cache / "references" / after.manifest["hull"]["reference"]
    for path in (after.folder / "table.parquet", reference / "hull.safetensors"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-3] + b"abc")
        assert md.verify(cache=cache).faults
        assert md.hull(before.ref, cache=cache).ref == after.ref
        assert path.read_bytes() == whole
    assert md.verify(cache=cache).faults == []
    (after.folder / "table.parquet").write_bytes(b"abc")
    with pytest.raises(md.DamageError) as caught:
        md.repair(after)
    assert "`matdata hull`" in caught.value.next_step


def test_what_a_version_was_made_from_stays(cache):
    before = make(cache, li_o())
    after = md.hull("li-o", cache=cache)
    ref = f"references/{after.manifest['hull']['reference']}"
    for needed in (ref, before.ref):
        with pytest.raises(md.MatdataError, match="made from it"):
            md.rm(needed, cache=cache)
    assert main(["gc", "--keep", "1", "--cache", str(cache)]) == 0
    assert md.hull(before).ref == after.ref
    md.rm(after.ref, cascade=True, cache=cache)
    md.rm(ref, cache=cache)
    assert not (cache / ref).exists()
    md.hull("li-o", cache=cache)
    md.rm("li-o", cascade=True, cache=cache)
    assert not list((cache / "datasets" / "li-o").glob("local-*"))
    assert md.verify(cache=cache).faults == []


def test_references_and_versions_are_shared(cache, tmp_path):
    make(cache, li_o())
    after = md.hull("li-o", cache=cache)
    ref = f"references/{after.manifest['hull']['reference']}"
    there = f"file://{tmp_path}/shared"
    md.push("li-o", there, cache=cache)
    md.push(ref, there, cache=cache)
    other = tmp_path / "other"
    md.pull(f"{there}/li-o", cache=other)
    md.pull(f"{there}/{ref}", cache=other)
    assert md.verify(cache=other).faults == []
    pulled = md.open("li-o", cache=other)
    assert pulled.split().digest() == after.split().digest()
    _csv(cache.parent / "other", "formula,e_form\nLiO2,-1.0\n")
    named = ref.partition("/")[2].rpartition("-")[0]
    with pytest.raises(md.CurationError, match="unstated"):
        md.hull("mine", reference=named, cache=other)


@pytest.mark.slow
def test_openings_of_test_parts_are_those_of_the_rows(cache):
    rows = [entry(f"a{k}", f"LiO{k}", -5.0 - k) for k in range(1, 9)]
    before = make(cache, [*li_o()[:2], *rows], features=["fractions"])
    options = {"target": "energy_per_atom", "epochs": 1, "cache": cache, "split": "60-20-20-seed0"}
    md.evaluate(md.train("example", before, name="one", **options))
    after = md.hull(before)
    md.evaluate(md.train("example", after, name="two", **options))
    assert [one.run for one in read_openings(before.folder)] == ["one", "two"]
    assert not openings_path(after.folder).exists()
    assert read_openings(before.folder)[1].split_digest == before.split().digest()


def test_references_of_grown_and_of_joined_datasets_extend_what_is_there(tmp_path, monkeypatch):
    from matdata.phases.reference import HullReference

    more = [
        entry("na", "Na", -1.5), entry("na2o", "Na2O", -14.0, [adjustment(-0.2, 3)]),
        entry("li2o-c", "Li2O", -40.0, [adjustment(-0.2, 3)]),
    ]  # fmt: skip
    files = {}
    for way in ("anew", "extended"):
        cache = tmp_path / way / "cache"
        cache.parent.mkdir()
        if way == "extended":
            make(cache, li_o(), name="grown")
            md.hull("grown", cache=cache)
            make(cache, more[:2], name="other", split=None)
            md.hull("other", cache=cache)
            monkeypatch.setattr(HullReference, "build", None)  # what is there is extended
        dataset = make(cache, [*more[:2], *li_o(), more[2]], name="grown")
        reference = md.hull(dataset, cache=cache)
        assert reference.table.energy_above_hull["li2o-c"] == 0.0
        whole = reference.manifest["hull"]["reference"]
        largest = cache / "references" / whole
        files[way] = (largest.name, (largest / "hull.safetensors").read_bytes())
    assert files["anew"] == files["extended"]
    make(cache, li_o(), name="grown")
    joined = md.hull("grown", cache=cache, reference=["grown", "other"])
    assert joined.table.energy_above_hull.notna().all()
