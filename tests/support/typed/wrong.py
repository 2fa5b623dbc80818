"""Wrong uses of the contract; each line that is marked is an error of a type checker."""

# ruff: noqa: B018
from __future__ import annotations

from right import Hypers, Mass, Stranger

import matdata as md
from matdata import plugin
from matdata.plugin import Batch, Crystals, GraphBatch, Schema, Settings, Target


def wrong(batch: Batch, crystals: Crystals, schema: Schema) -> None:
    """Do what cannot be done."""
    batch["graph"].sender  # error: attr-defined
    batch.get("graph", GraphBatch).senders  # error: attr-defined
    batch.get("graph", Crystals)  # error: type-var
    Mass().settings.units  # error: attr-defined
    Mass(Hypers())  # error: arg-type
    Stranger().hypers.depth  # error: attr-defined
    Stranger().model(crystals)  # error: arg-type
    Mass().featurize(["NaCl"])  # error: arg-type
    Settings().no_such  # error: attr-defined
    Target(name=1)  # error: arg-type
    schema.targets[0].units  # error: attr-defined
    plugin.NoSuchName  # error: attr-defined
    md.no_such_name  # error: attr-defined
    md.open(3)  # error: arg-type
    md.build("sample", executor="tcp://scheduler")  # error: arg-type
    md.build("sample", nme="x")  # error: call-arg
    md.build("sample", limit="x")  # error: arg-type
    md.train("example", "mine", "y", schedule="onecycle")  # error: call-arg
    md.open("mine").split("70/15/15", ratios="80/20")  # error: call-arg
