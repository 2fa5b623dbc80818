"""Edge attributes that a network predicts between the elements of a formula (Finder, figure 4c).

A network supports this by a method ``edge_matrices(batch, layer)``: per formula the atomic numbers
of its elements, the atoms of each, and the matrix of edge attributes between them; layers count
from 1, and 0 is the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from matdata.core.crystals import Float, Int
from matdata.core.elements import symbols
from matdata.core.errors import ConfigError
from matdata.evaluation.interpretable import interpreting, network
from matdata.store.tables import Columns
from matdata.training.batch_of import batch_of
from matdata.training.run import Run


@dataclass(frozen=True, eq=False)
class Edges:
    """Edge attributes of a formula.

    Attributes
    ----------
    formula
        As requested.
    numbers, counts : (k,) int64
        Atomic numbers in ascending order, and atoms of each in the integer formula.
    values : (k, k) float64
        Row i holds the attributes of the edges from element i to its neighbours j; those on the
        diagonal connect atoms of one element.
    """

    formula: str
    numbers: Int
    counts: Int
    values: Float

    @property
    def symbols(self) -> list[str]:
        """Symbols of the elements."""
        names = symbols()
        return [names[number] for number in self.numbers.tolist()]

    def by_atoms(self) -> tuple[list[str], Float]:
        """Labels and matrix (N, N) with one row per atom, as in the paper's figure."""
        rows = np.repeat(np.arange(len(self.numbers)), self.counts)
        names = self.symbols
        return [names[row] for row in rows.tolist()], self.values[np.ix_(rows, rows)]


def edges_of(
    run: Run, formulas: Sequence[str], layer: int = 0, device: str = "auto"
) -> list[Edges]:
    """Edge attributes of formulas, by the first member of a run.

    Parameters
    ----------
    run
        A finished run of a network with edge attributes.
    formulas
        Formulas; repeats are dropped.
    layer
        From 1; 0 for the last one.
    device
        ``auto``, ``cpu``, ``cuda``.

    Raises
    ------
    ConfigError
        If there are no formulas, the network has no edge attributes, or there is no such layer.
    StructureError
        If a formula cannot be read.
    DeviceError
        If the device or the memory of the machine is full, or the device was lost.
    """
    unique_formulas = list(dict.fromkeys(formulas))
    if not unique_formulas:
        raise ConfigError("no formula is named", next_step="give --formula SrTiO3 BaTiO3")
    with interpreting(run, device) as home:
        model = network(run, "edge_matrices", device)
        batch = batch_of(run.schema.featurizers, unique_formulas, device=str(home))
        return [
            Edges(
                name,
                _on_cpu(numbers).astype(np.int64),
                _on_cpu(counts).astype(np.int64),
                _on_cpu(matrix).astype(np.float64),
            )
            for name, (numbers, counts, matrix) in zip(
                unique_formulas, model.edge_matrices(batch, layer), strict=True
            )
        ]


def _on_cpu(values: Tensor) -> npt.NDArray[np.generic]:
    return values.detach().cpu().numpy()


def columns_of(edges: Sequence[Edges]) -> Columns:
    """A table with one row per formula and pair of elements."""
    columns: Columns = {
        name: [] for name in ("formula", "first", "second", "first_atoms", "second_atoms", "edge")
    }
    for entry in edges:
        names, counts = entry.symbols, entry.counts.tolist()
        for i, j in np.ndindex(entry.values.shape):
            row = (
                entry.formula,
                names[i],
                names[j],
                counts[i],
                counts[j],
                float(entry.values[i, j]),
            )
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    return columns
