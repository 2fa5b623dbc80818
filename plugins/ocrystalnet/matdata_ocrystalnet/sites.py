"""The first linear layer on what describes a site, without expanding it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from matdata.plugin import (
    Batch,
    Dense,
    ElementBatch,
    Featurizer,
    OrbitalFieldBatch,
    Ragged,
    Schema,
)
from matdata.plugin.nn import Linear, linear

#: Table rows: atomic numbers 0 to 118.
ROWS = 119


def _values(dense: Dense) -> npt.NDArray[np.float64]:
    """Rows of a dense form, materials one after another."""
    rows = dense.values if isinstance(dense, Ragged) else dense
    return rows.astype(np.float64)


def element_table(featurizer: Featurizer, scale: str) -> Tensor:
    """Attributes by atomic number, (119, width) float32; 0 where nothing is known.

    Parameters
    ----------
    featurizer
        An ``element:<table>`` featurizer.
    scale
        ``standard``: less the mean, over the standard deviation, of the elements of which all
        numbers are known (after gaps were filled, if they are). Columns that do not vary become 0.
        The paper does not say how its attributes are scaled; raw ones reach 2e7. Zeros and ones
        (``onehot``, ``cgcnn92``) stay as they are. ``none``: as in the table.
    """
    numbers = Ragged(np.arange(ROWS, dtype=np.uint8), np.array([0, ROWS]))
    table = _values(featurizer.dense({"numbers": numbers}))
    whole = np.isfinite(table).all(axis=1)
    rows = table[whole]
    if scale == "standard" and not np.isin(rows, (0.0, 1.0)).all():
        deviation = rows.std(axis=0)
        # A column of one number has a deviation that is rounding alone.
        varies = deviation > 1e-9 * np.abs(rows).max(axis=0)
        rows = np.where(varies, (rows - rows.mean(axis=0)) / np.where(varies, deviation, 1.0), 0.0)
    out = np.zeros(table.shape, dtype=np.float32)
    out[whole] = rows
    return torch.from_numpy(out)


def valence_table(featurizer: Featurizer) -> Tensor:
    """o(c) by atomic number, (119, 32) float32, or 39 wide with periods."""
    each = np.arange(ROWS + 1)
    width = featurizer.fields[1].shape[0]
    fields = {
        "numbers": Ragged(np.arange(ROWS, dtype=np.uint8), each),
        "ligand": Ragged(np.zeros((ROWS, width), dtype=np.float32), each),
    }
    values = _values(featurizer.dense(fields))
    return torch.from_numpy(values[:, width * width :].astype(np.float32))


def outer_materialised(ligand: Tensor, own: Tensor, weight: Tensor) -> Tensor:
    """``sum_ij W[d, i, j] ligand[n, i] own[n, j]`` by writing out the products, (N, d).

    Parameters
    ----------
    ligand, own : (N, s)
        Factors of the orbital field matrix of each site (its rows and columns).
    weight : (d, s * s)
        Weights on the matrix, row by row.
    """
    products = ligand[:, :, None] * own[:, None, :]
    return products.flatten(1) @ weight.T


def outer_grouped(ligand: Tensor, table: Tensor, numbers: Tensor, weight: Tensor) -> Tensor:
    """The same, by elements: ``W o(element)`` is one (d, s) matrix for all sites of an element.

    As many small products as there are elements: faster on a CPU than `outer_materialised` where a
    batch has many sites per element.

    Parameters
    ----------
    ligand : (N, s)
        As there.
    table : (119, s)
        o(c) by atomic number.
    numbers : (N,) int64
        Atomic numbers.
    weight : (d, s * s)
        As there.
    """
    if not len(numbers):
        return ligand.new_zeros(0, weight.shape[0])
    size = table.shape[1]
    order = torch.argsort(numbers, stable=True)
    kinds, counts = torch.unique_consecutive(numbers[order], return_counts=True)
    products = torch.einsum("dij,ej->eid", weight.view(-1, size, size), table[kinds])
    parts = torch.split(ligand[order], counts.tolist())
    rows = [part @ product for part, product in zip(parts, products.unbind(0), strict=True)]
    return torch.cat(rows).index_select(0, torch.argsort(order))


class SiteLinear(nn.Module):
    """``W x(c) + b`` where x(c) is the OFM, o(c) and attributes of the element (eq. 1 to 3).

    The attributes and o(c) depend on the element alone: their share of the product is computed once
    for each element. The OFM has rank one, and is never written out on a CPU.

    Parameters
    ----------
    specs
        Inputs that describe a site.
    schema
        Gives their featurizers.
    width
        Numbers of a row after the layer.
    scale
        See `element_table`.
    bias
        Whether there is a bias.
    """

    table: Tensor
    valence: Tensor

    def __init__(
        self, specs: tuple[str, ...], schema: Schema, width: int, scale: str, bias: bool
    ) -> None:
        super().__init__()
        self.specs = specs
        self.orbital = "ofm" in specs
        tables = [element_table(schema.featurizers[spec], scale) for spec in specs if spec != "ofm"]
        if self.orbital:
            valence = valence_table(schema.featurizers["ofm"])
            self.register_buffer("valence", valence, persistent=False)
            tables.insert(0, valence)
        self.register_buffer("table", torch.cat(tables, 1), persistent=False)
        self.matrix = self.valence.shape[1] ** 2 if self.orbital else 0
        self.linear = Linear(self.matrix + self.table.shape[1], width, bias=bias)

    def numbers(self, batch: Batch) -> Tensor:
        """Atomic numbers of the sites, (N,) int64."""
        if self.orbital:
            return batch.get("ofm", OrbitalFieldBatch).numbers
        return batch.get(self.specs[0], ElementBatch).numbers

    def forward(self, batch: Batch) -> Tensor:
        """Rows of all sites of a batch, (N, width)."""
        weight = self.linear.weight
        numbers = self.numbers(batch)
        of_elements = linear(self.table, weight[:, self.matrix :], self.linear.bias)
        out = of_elements.index_select(0, numbers)
        if not self.orbital:
            return out
        ligand, first = batch.get("ofm", OrbitalFieldBatch).ligand, weight[:, : self.matrix]
        if ligand.device.type == "cpu":
            return out + outer_grouped(ligand, self.valence, numbers, first)
        return out + outer_materialised(ligand, self.valence.index_select(0, numbers), first)
