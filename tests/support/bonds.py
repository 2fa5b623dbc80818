"""A stranger's distribution: ragged featurizers, a batch form of its own, and a trainer on it."""

from __future__ import annotations

from pathlib import Path

from support.distributions import install

#: Imports no torch: a build, and batches of NumPy arrays, need nothing else.
FEATURIZERS = """
import numpy as np
import matdata.plugin as md

class Plain(md.Featurizer):
    "A bond from each site to the next, and what is declared of it: nothing."
    name, version, citation = "plain-bonds", "1", "none"
    requires = frozenset({"structure"})
    @property
    def fields(self):
        return (
            md.Field("first", "bond", (), "uint16", "1", "a site"),
            md.Field("length", "bond", (), "float64", "Å", "of the bond"),
            md.Field("numbers", "atom", (), "uint8", "1", "atomic numbers"),
        )
    def featurize(self, batch):
        lengths = batch.n_sites - 1
        ends = np.concatenate([[0], np.cumsum(lengths)])
        first = np.concatenate([np.arange(n) for n in lengths]).astype(np.uint16)
        fields = {
            "first": md.Ragged(first, ends),
            "length": md.Ragged(1.0 + first / 10, ends),
            "numbers": md.Ragged(batch.numbers, batch.offsets),
        }
        return md.Block(np.arange(len(batch)), fields)
    def dense(self, fields):
        first, length = fields["first"], fields["length"]
        rows = np.stack([first.values, length.values], 1)
        return md.Ragged(rows, first.offsets)
    def labels(self):
        return ["first", "length"]

class Bonds(Plain):
    "The same bonds, in a form of their own."
    name = "bonds"
    batch_form = "bonds_batch:BondBatch"

class Twice(Plain):
    "Bonds in both directions: columns are made of the stored fields when they are read."
    name = "two-way-bonds"
    batch_form = "bonds_batch:BondBatch"
    batch_fields = ("first", "length", "numbers")
    def batch_columns(self, fields):
        def twice(column):
            return md.Ragged(np.repeat(column.values, 2, axis=0), 2 * column.offsets)
        return {
            "first": ("bond", twice(fields["first"])),
            "length": ("bond", twice(fields["length"])),
            "numbers": ("atom", fields["numbers"]),
        }

class Net(md.TorchTrainer):
    name, version, citation, summary = "bond-net", "1", "none", "a network on bonds"
    defaults = {"epochs": 2, "batch_size": 7}
    def inputs(self):
        return ("bonds",)
    def model(self, schema):
        from bonds_batch import BondNet
        return BondNet(schema.outputs)
"""
FORM = """
import torch
from matdata.load.batch import Batch
from matdata.load.inputs import BatchForm
from matdata.load.inputs.base import unsigned

class BondBatch(BatchForm):
    "Bonds between the sites of a batch."
    @property
    def first(self) -> torch.Tensor:
        "Site of the batch that each bond begins at, (B,) int64."
        bonds, atoms = self.segments["bond"], self.segments["atom"]
        return unsigned(self.fields["first"]) + atoms.start[bonds.owner]
    @property
    def length(self) -> torch.Tensor:
        "Length of each bond in Å, (B,) float64."
        return self.fields["length"]

class BondNet(torch.nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(1, outputs)
    def forward(self, batch: Batch) -> torch.Tensor:
        bonds = batch.get("bonds", BondBatch)
        mean = bonds.segments["bond"].mean(bonds.length.float()[:, None])
        return self.linear(mean)
"""


def install_bonds(site: Path) -> None:
    """Write the distribution into a folder of the path."""
    points = {
        "featurizers": {
            "plain-bonds": "bonds:Plain",
            "bonds": "bonds:Bonds",
            "two-way-bonds": "bonds:Twice",
        },
        "trainers": {"bond-net": "bonds:Net"},
    }
    install(site, "bonds", points, FEATURIZERS)
    (site / "bonds_batch.py").write_text(FORM)
