"""What models of products of reactions reached on the test part, from the record of their runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import matdata as md
from matdata.training.evaluated import predictions_on_record, score_on_record
from matdata.training.run_lookup import find_run
from matdata.training.scores.element_movers import element_movers_distance
from matdata.training.scores.set_metrics import multi_label, shares
from matdata_recipes.reaction_null import null_of
from matdata_recipes.reaction_rows import DATASET, METRICS, Row, Size, evaluated

Float = npt.NDArray[np.float64]
#: After the name of a metric of amounts: the elements of the product are given.
GIVEN = ", with the true elements"
ELEMENTS, AMOUNTS = "formula", "product_fractions"


@dataclass(frozen=True, eq=False)
class Predicted:
    """Test reactions as one model, of one seed, predicts them.

    Attributes
    ----------
    scores
        By the names of `METRICS`, those of amounts only where they are predicted; of the null model
        also with `GIVEN`.
    true, amounts : (n, 118) or None
        Atomic fractions of the product, and those predicted.
    deviation : (n,) or None
        Square root of the trace of the covariance over the members; None of one member.
    """

    scores: Mapping[str, float]
    true: Float | None = None
    amounts: Float | None = None
    deviation: Float | None = None

    @property
    def distance(self) -> Float:
        """EleMD of each reaction, steps; NaN where an element has no place on the scale."""
        assert self.true is not None
        assert self.amounts is not None
        return element_movers_distance(self.true, self.amounts)


def predicted_by(row: Row, size: Size, seed: int, cache: Path) -> Predicted:
    """What a row predicts.

    Raises
    ------
    MatdataError
        If its run was not evaluated.
    """
    if not row.model:
        found = null_of(md.open(DATASET, cache=cache), row.split)
        elements = multi_label(found.real, found.present)
        whole = _of_shares(elements, found.true, found.amounts)
        given = _of_shares(elements, found.true, found.amounts_of_true).scores
        more = {f"{name}{GIVEN}": given[name] for name in METRICS[2:]}
        return replace(whole, scores={**whole.scores, **more})
    run = find_run(cache, evaluated(row, size, seed))
    elements = score_on_record(run)["targets"][ELEMENTS]["metrics"]
    if not row.amounts:
        return Predicted(_of_elements(elements))
    columns = predictions_on_record(run)
    spread = columns.get(f"prediction_{AMOUNTS}_epistemic")  # of one member nothing is known
    true, amounts = _rows(columns[f"truth_{AMOUNTS}"]), _rows(columns[f"prediction_{AMOUNTS}_mean"])
    known = spread is not None and all(cell is not None for cell in spread)
    deviation = np.sqrt((_rows(spread) ** 2).sum(1)) if known else None
    return _of_shares(elements, true, amounts, deviation)


def _of_shares(
    elements: Mapping[str, float], true: Float, amounts: Float, deviation: Float | None = None
) -> Predicted:
    distances = shares(true, amounts)
    values = (*_of_elements(elements).values(), distances["l1"], distances["l2"])
    whole = (*values, distances["elemd"], r2_of_pairs(true, amounts))
    return Predicted(dict(zip(METRICS, whole, strict=True)), true, amounts, deviation)


def _of_elements(metrics: Mapping[str, float]) -> dict[str, float]:
    return {METRICS[0]: metrics["subset_accuracy"], METRICS[1]: metrics["f1_weighted"]}


def _rows(cells: Any) -> Float:
    return np.array([list(cell) for cell in cells], dtype=np.float64)


def r2_of_pairs(true: Float, amounts: Float) -> float:
    """R² of the amounts of all elements that a product holds, or is predicted to hold."""
    asked = (true > 0) | (amounts > 1e-6)
    real, guess = true[asked], amounts[asked]
    return float(1.0 - ((real - guess) ** 2).sum() / ((real - real.mean()) ** 2).sum())
