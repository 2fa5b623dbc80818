"""Reactions from a release to batches, through the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.reactions import CARBONATE, TITANIA, material, record, write_release

import matdata as md
from matdata.cli import main
from matdata.splits.saved import load_split


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reactions")
    records = []
    for number in range(20):
        product = material("BaTiO3", {"Ba": "1", "Ti": str(1 + number // 2), "O": "3"})
        change = {"operations": []} if number % 5 == 0 else {}
        records.append(record(target=product, **change))
    # the product may not hold what no precursor does
    strontium = material("SrTiO3", {"Sr": "1", "Ti": "1", "O": "3"})
    records.append(record(target=strontium, precursors=[TITANIA, CARBONATE]))
    path = write_release(folder / "r.json", [*records, record(precursors=[TITANIA])])
    arguments = ["build", f"reactions:{path}", "--features", "reaction", "--split", "60/0/40"]
    assert main([*arguments, "--workers", "1", "--cache", str(folder), "--quiet"]) == 0
    return md.open("reactions", cache=folder)


def test_every_reaction_is_in_a_batch_with_its_product_as_target(built):
    loader = built.loader(inputs=["reaction"], target="product_fractions", batch_size=30)
    (batch,) = loader
    assert len(batch) == 21
    assert not built.feature("reaction").rejects()
    held = batch["reaction"]
    assert sorted(set(held.sequence_lengths.tolist())) == [2, 4]
    truth = np.asarray(batch.targets) > 0
    outside = (truth & ~held.allowed.numpy()).any(axis=1)
    assert [name for name, one in zip(batch.ids, outside, strict=True) if one] == ["reaction-00021"]


def test_the_ledger_and_the_units(built):
    assert built.ledger["reason"].tolist() == ["few_precursors"]
    assert dict(built.units) | {"max_time": "h", "max_temperature": "°C"} == dict(built.units)
    assert built.ref.startswith("reactions@2019-12-03-")


def test_audit_says_how_many_test_reactions_are_in_train(built, capsys):
    name = "60-40-seed0"
    assert main(["audit", "reactions", "--split", name, "--cache", str(built.cache), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (found,) = [one for one in report["overlaps"] if one["key"] == "reaction"]
    labels = dict(zip(built.ids.tolist(), built.table["reaction"], strict=True))
    parts = load_split(built, name).parts
    train = {labels[one] for one in parts["train"]}
    repeated = sum(labels[one] in train for one in parts["test"])
    assert (found["n_shared"], found["n_target"], found["level"]) == (repeated, 8, "warning")
    assert repeated > 0


def test_a_reader_can_group_by_reaction(built):
    arguments = ["split", "reactions", "--method", "group", "--by", "reaction", "--split", "60/40"]
    assert main([*arguments, "--cache", str(built.cache), "--quiet"]) == 0
    report = built.audit("group-reaction-60-40-seed0")
    assert [o.n_shared for o in report.overlaps if o.key == "reaction"] == [0]
