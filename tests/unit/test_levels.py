"""Functionals, correction schemes and units are not mixed unless allowed."""

from __future__ import annotations

import pytest
from support.memory_store import MemoryStore

import matdata as md
from matdata.cli import main
from matdata.core.structures import Structures
from matdata.curate.mixed_theory import check_levels
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings


def _records(energy=None, **columns):
    n = len(next(iter(columns.values())))
    table = {"material_id": [f"m{k}" for k in range(n)], "y": [1.0] * n, **columns}
    return Records(MemoryStore(Structures.none(table["material_id"]), table), [], energy, "atom")


REFUSED = {
    "functionals": {"functional": ["GGA", "GGA+U"]},
    "thermo types": {"thermo_type": ["GGA_GGA+U", "R2SCAN"], "energy_type": ["GGA", "R2SCAN"]},
    "energy types alone": {"energy_type": ["GGA", "GGA+U"]},
    "units of one column": {"k-units": ["W/m.K", "BTU"], "k_expt": [1.0, 2.0]},
    "units of all": {"units": ["eV", "Ha"]},
}
ACCEPTED = {
    "one functional": {"functional": ["GGA", "GGA", None]},
    "one scheme": {"thermo_type": ["GGA_GGA+U"] * 2, "energy_type": ["GGA", "GGA+U"]},
    "units of text": {"note_units": ["a", "b"], "note": ["x", "y"]},
    "another word": {"functional_group": ["OH", "CH3"]},
}  # fmt: skip


@pytest.mark.parametrize("columns", REFUSED.values(), ids=REFUSED)
def test_mixtures_are_rejected_unless_allowed(columns):
    records = _records(**columns)
    with pytest.raises(md.CurationError, match="mix values that must not be compared") as caught:
        check_levels(records, CurateSettings())
    assert "--allow-mixed" in caught.value.next_step
    check_levels(records, CurateSettings(mixed="allow"))


@pytest.mark.parametrize("columns", ACCEPTED.values(), ids=ACCEPTED)
def test_what_belongs_together_passes(columns):
    check_levels(_records(**columns), CurateSettings())


def test_uncorrected_energies_are_of_one_energy_type():
    columns = ACCEPTED["one scheme"]
    with pytest.raises(md.CurationError, match="energy_type"):
        check_levels(_records("uncorrected_energy_per_atom", **columns), CurateSettings())


def test_allowing_a_mixture_does_not_change_the_identity():
    assert CurateSettings(mixed="allow").digest() == CurateSettings().digest()


@pytest.mark.slow
def test_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("formula,gap,functional\nNaCl,5.0,PBE\nKCl,5.1,HSE\n")
    arguments = ["build", str(path), "--split", "none", "--cache", str(tmp_path), "--quiet"]
    assert main(arguments) == 1
    assert "1 HSE, 1 PBE" in capsys.readouterr().err
    assert main([*arguments, "--allow-mixed"]) == 0
