"""Composition inputs against aviary's Roost and crabnet (dependency group ``bench``).

aviary's sets have the order of the formula, crabnet's rows that of falling fractions with ties in
the order of the formula, so SrTiO3 and TiSrO3 are two inputs there. Ours ascend in atomic number;
both sides are compared sorted so. crabnet divides in float32: last digits can differ by one.
"""

from __future__ import annotations

import csv
import gzip
import math

import numpy as np
import pytest
from support.crystals import real
from support.reference import AVIARY_ROOST, CRABNET_EDM, CRABNET_LOG

from matdata.core.composition import Compositions, parse_formula
from matdata.features import featurizer

pandas = pytest.importorskip("pandas")
ULP = float(np.finfo(np.float32).eps)


def _formulas(name: str, column: str, step: int) -> list[str]:
    with gzip.open(real(name), "rt", newline="") as file:
        return [row[column] for row in csv.DictReader(file)][::step]


def _roost(formulas: list[str]) -> list[list[tuple[int, float]]]:
    data = pytest.importorskip("aviary.roost.data", reason="aviary-models is not installed")
    frame = {"composition": formulas, "material_id": range(len(formulas)), "y": 0.0}
    made = data.CompositionData(pandas.DataFrame(frame), {"y": "regression"})
    items = [made[row][0] for row in range(len(formulas))]
    return [list(zip(z.tolist(), w[:, 0].tolist(), strict=True)) for w, z, _, _ in items]


def _crabnet(formulas: list[str], length: int) -> np.ndarray:
    """Index and fraction, (n, length, 2) float32."""
    utils = pytest.importorskip("crabnet.utils.utils", reason="crabnet is not installed")
    frame = pandas.DataFrame({"formula": formulas, "target": 0.0})
    out, _, _ = utils.get_edm(frame, n_elements=length, inference=True, verbose=False)
    return np.stack([out[:, :length, 0], out[:, length:, 0]], axis=2)


def _batch(formulas: list[str]) -> Compositions:
    return Compositions.from_amounts(formulas, [parse_formula(text) for text in formulas])


def test_the_values_that_the_core_suite_keeps():
    for formula, rows in zip(AVIARY_ROOST, _roost(list(AVIARY_ROOST)), strict=True):
        assert rows == AVIARY_ROOST[formula]
    for formula, rows in zip(CRABNET_EDM, _crabnet(list(CRABNET_EDM), 6), strict=True):
        assert [tuple(row) for row in rows.tolist() if row[0]] == CRABNET_EDM[formula]


def test_logarithmic_fractions_that_the_core_suite_keeps():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    kingcrab = pytest.importorskip("crabnet.kingcrab", reason="crabnet is not installed")
    encoder = kingcrab.FractionalEncoder(8, resolution=5000, log10=True)
    for fraction, logarithm in CRABNET_LOG.items():
        index = round(max(logarithm, 1 / 5000) * 5000) - 1
        out = encoder(torch.tensor([fraction]))
        assert torch.equal(out[0], encoder.pe[index])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "column"),
    [("roost/expt-non-metals.csv.gz", "composition"), ("crabnet/mp_e_hull/val.csv.gz", "formula")],
)
@pytest.mark.slow
def test_composition_set_holds_what_roost_reads(name: str, column: str):
    formulas = _formulas(name, column, 3)
    made = featurizer("composition-set")
    fields = made.featurize(_batch(formulas)).fields
    theirs = [sorted(rows) for rows in _roost(formulas)]
    numbers = [z for rows in theirs for z, _ in rows]
    np.testing.assert_array_equal(fields["elements"].values, numbers)
    weights = np.float32([w for rows in theirs for _, w in rows])
    np.testing.assert_allclose(fields["fractions"].values, weights, rtol=ULP)
    assert (fields["fractions"].values == weights).mean() > 0.99


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["mp_bulk_modulus", "aflow__agl_thermal_expansion_300K"])
def test_edm_holds_what_crabnet_reads(name: str):
    formulas = _formulas(f"crabnet/{name}/train.csv.gz", "formula", 2)
    ours = featurizer("edm", {"length": 8})
    dense = ours.dense(ours.featurize(_batch(formulas)).fields)
    theirs = _crabnet(formulas, 8)
    theirs = np.take_along_axis(
        theirs, np.argsort(np.where(theirs[..., :1] == 0, 999, theirs[..., :1]), axis=1), axis=1
    )
    np.testing.assert_array_equal(dense[..., 0], theirs[..., 0])
    np.testing.assert_allclose(dense[..., 1], theirs[..., 1], rtol=2 * ULP)


@pytest.mark.real_data
def test_integer_formulas_are_pymatgens_over_their_divisor():
    # pymatgen's own reduced formulas keep the 2 of peroxides and elements (Li2O2, O2).
    from pymatgen.core import Composition

    formulas = _formulas("crabnet/mp_bulk_modulus/train.csv.gz", "formula", 2)
    made = featurizer("formula-graph", {"max_atoms": 1000})
    block = made.featurize(_batch(formulas))
    assert len(block.rows) == len(formulas)
    for row, nodes in enumerate(made.dense(block.fields)):
        amounts = {e.Z: round(n) for e, n in Composition(formulas[row]).items()}
        divisor = math.gcd(*amounts.values())
        expected = [z for z in sorted(amounts) for _ in range(amounts[z] // divisor)]
        assert nodes[:, 0].tolist() == expected, formulas[row]
    assert not block.fields["error"].any()
