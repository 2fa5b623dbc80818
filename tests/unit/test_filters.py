"""Filters, protostructure duplicates and materials of other datasets."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from support.crystals import caesium_chloride, few, perovskite, rock_salt
from support.memory_store import MemoryStore

from matdata.adapters.sites import to_crystals
from matdata.core.errors import ConfigError, CurationError
from matdata.core.structures import Structures
from matdata.curate import survey
from matdata.curate.curate import Others, curate
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings


def _records(**columns) -> Records:
    crystals = few()  # NaCl, SrTiO3, CsCl, Po
    table = {"material_id": crystals.ids.tolist(), "energy_per_atom": [-1.0] * 4, **columns}
    return Records(MemoryStore(Structures.of(crystals), table), [], "energy_per_atom", "atom")


def _kept(records: Records, others: Others | None = None, **settings) -> list[str]:
    done = curate(records, CurateSettings.from_mapping(settings), others)
    assert done.funnel.kept + len(done.rejects) == done.funnel.entered
    return done.table["material_id"]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, ["cscl", "nacl", "po", "sto"]),
        ({"sites_below": 8}, ["cscl", "po", "sto"]),
        ({"wyckoff_below": 3}, ["cscl", "nacl", "po"]),
        ({"volume_per_atom_below": 25}, ["nacl", "sto"]),
        ({"elements": "Na,Cl,Cs"}, ["cscl", "nacl"]),
        ({"exclude_elements": "Cl"}, ["po", "sto"]),
        ({"valid_wyckoff": True}, ["cscl", "nacl", "po", "sto"]),
        ({"hull_below": 0.1}, ["nacl"]),
        ({"drop_deprecated": False, "sites_below": 6}, ["cscl", "po", "sto"]),
    ],
)
def test_filters(settings, kept):
    assert _kept(_records(ehull=[0.0, 0.1, None, 0.3]), **settings) == kept


def test_deprecated_records_go_by_default():
    records = _records(deprecated=[False, True, None, False])
    assert _kept(records) == ["cscl", "nacl", "po"]
    assert _kept(records, drop_deprecated=False) == ["cscl", "nacl", "po", "sto"]


def test_filters_come_in_the_order_of_the_thesis():
    settings = CurateSettings(
        dedupe="protostructure",
        valid_wyckoff=True,
        wyckoff_below=16,
        sites_below=64,
        volume_per_atom_below=500.0,
    )
    steps = [step["step"] for step in curate(_records(), settings).funnel.steps]
    assert steps == [
        "reading",
        "validity",
        "valid Wyckoff representations",
        "symmetry",
        "lowest-energy protostructures",
        "fewer than 16 Wyckoff positions",
        "fewer than 64 sites",
        "less than 500 Å^3 a site",
    ]


def test_the_lowest_of_a_protostructure_stays_and_other_structures_too():
    sites = [rock_salt(5.6, 11, 17), rock_salt(5.7, 11, 17), caesium_chloride(3.4, 11, 17)]
    shifted = sites[0]._replace(frac_coords=sites[0].frac_coords + 0.5)
    crystals = to_crystals(["a", "b", "c", "d"], [*sites, shifted])
    table = {"material_id": crystals.ids.tolist(), "energy_per_atom": [-3.0, -3.2, -1.0, -3.1]}
    records = Records(MemoryStore(Structures.of(crystals), table), [], "energy_per_atom", "atom")
    done = curate(records, CurateSettings(dedupe="protostructure"))
    assert done.table["material_id"] == ["b", "c"]
    assert done.table["protostructure"] == ["AB_cF8_225_a_b:Cl-Na", "AB_cP2_221_a_b:Cl-Na"]
    assert done.table["space_group_number"] == [225, 221]
    assert {reject.reason for reject in done.rejects} == {"same_protostructure"}


@pytest.mark.parametrize(
    ("by", "key"), [("formula", "NaCl"), ("protostructure", "AB_cF8_225_a_b:Cl-Na")]
)
def test_what_another_dataset_holds_is_left_out(by, key):
    others = Others(("old@1",), frozenset([key]))
    assert _kept(_records(), others, drop_by=by) == ["cscl", "po", "sto"]


def test_both_engines_are_compared_in_a_column():
    done = curate(_records(), CurateSettings(symmetry="both"))
    assert done.table["symmetry_engines_agree"] == [True] * 4
    assert "moyopy" in done.symmetry
    assert "spglib" in done.symmetry


def test_without_symmetry_there_are_no_columns_of_it():
    done = curate(_records(), CurateSettings(symmetry="none"))
    assert "protostructure" not in done.table
    with pytest.raises(CurationError, match="needs symmetry"):
        curate(_records(), CurateSettings(symmetry="none", dedupe="protostructure"))


def test_bad_filters_are_refused():
    with pytest.raises(CurationError, match=r"hull_below needs a column .*columns seen"):
        curate(_records(), CurateSettings(hull_below=0.1))
    with pytest.raises(ConfigError, match="did you mean 'sites_below'"):
        CurateSettings.from_mapping({"site_below": 3})


def test_a_crystal_without_symmetry_stays_unless_it_is_needed(monkeypatch):
    real = survey.symmetry_of

    def without_sto(*arguments):
        result = real(*arguments)
        labels = result.protostructure.to_pylist()
        labels[1], result.space_group_number[1] = "", 0
        return replace(result, protostructure=pa.array(labels))

    monkeypatch.setattr(survey, "symmetry_of", without_sto)
    done = curate(_records(), CurateSettings())
    assert done.table["protostructure"][-1] is None
    assert _kept(_records(), dedupe="protostructure") == ["cscl", "nacl", "po"]


def test_perovskites_are_distinguished_by_their_positions():
    crystals = to_crystals(["x"], [perovskite(3.9, 38, 22, 8)])
    table = {"material_id": ["x"]}
    done = curate(
        Records(MemoryStore(Structures.of(crystals), table), [], None, "atom"), CurateSettings()
    )
    assert done.table["protostructure"] == ["A3BC_cP5_221_c_a_b:O-Sr-Ti"]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("ehull < 0.2", ["nacl", "sto"]),
        ("not ehull < 0.2", ["po"]),
        ("n_sites > 1 and not formula == 'SrTiO3'", ["cscl", "nacl"]),
        ("space_group_number in (225, 221) or missing > 1", ["cscl", "nacl", "po", "sto"]),
        ("energy_per_atom * n_sites < -4", ["nacl", "sto"]),
        ("`a = b` == 'x'", ["po"]),
        ("log10(ehull) < 0", ["po", "sto"]),
    ],
)
def test_a_condition_on_columns_keeps_what_is_known_to_fulfil_it(where, kept):
    records = _records(
        ehull=[0.0, 0.1, None, 0.3], missing=[None] * 4, **{"a = b": ["y", None, "y", "x"]}
    )
    assert _kept(records, where=where) == kept


def test_a_condition_is_one_step_with_a_reason_and_part_of_the_identity():
    settings = CurateSettings(where="n_sites>5")
    done = curate(_records(), settings)
    assert "where n_sites > 5" in [step["step"] for step in done.funnel.steps]
    rejects = [(one.material_id, one.reason) for one in done.rejects]
    assert rejects == [("cscl", "not_selected"), ("po", "not_selected"), ("sto", "not_selected")]
    assert settings.identity() == CurateSettings(where=" n_sites > 5 ").identity()
    assert settings.identity() != CurateSettings().identity()
    assert "where" not in CurateSettings().identity(), "datasets of before keep their digest"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("n_sites >", "character 10: expected a name"),
        ("gap > 0", "table of the dataset has no column 'gap'"),
        ("n_sites", "a filter is true or false"),
        ("energy_per_atom < volume_per_atom", "different units"),
    ],
)
def test_a_condition_that_is_none_is_refused(where, message):
    records = _records()
    records.units["energy_per_atom"] = "eV/atom"
    with pytest.raises(ConfigError, match=message):
        curate(records, CurateSettings(where=where))
