"""Batches of reactions: pairs, sequences of operations and the alchemy mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import reactions

import matdata as md
from matdata.core.elements import atomic_number, symbols
from matdata.nn import Segments
from matdata.tables import element_vectors
from matdata.tables.operations import END, N_OPERATION_TOKENS, OPERATION_TOKENS, PAD, START

TITANATE = {
    "material_id": "a",
    "formula": "BaTiO3",
    "precursors": [{"formula": "BaCO3", "amount": 1}, {"formula": "TiO2", "amount": 3.0}],
    "operations": ["mix", "heat", "mix", "heat"],
}
FLUORIDE = {
    "material_id": "b",
    "formula": "LiMgF3",
    "precursors": [{"formula": "LiF", "amount": 2}, {"formula": "MgF2"}, {"formula": "Mg"}],
    "operations": [],
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reactions")
    path = reactions.write_jsonl(folder / "r.jsonl", [TITANATE, FLUORIDE])
    spec = {"reaction": {"table": "mat2vec"}}
    return md.build(
        path,
        features=["reaction"],
        set=spec,
        cache=folder,
        name="r",
        dedupe="none",
        workers=1,
    )


def held(dataset, **settings):
    chosen = {"reaction": {"table": "mat2vec", **settings}}
    (batch,) = dataset.loader(inputs=["reaction"], batch_size=2, input_settings=chosen)
    assert list(batch.ids) == ["a", "b"]
    return batch["reaction"]


def test_sequences_hold_operations_between_start_and_end(dataset):
    form = held(dataset)
    mix, heat = OPERATION_TOKENS["mix"], OPERATION_TOKENS["heat"]
    assert form.sequences.tolist() == [
        [START, mix, heat, mix, heat, END],
        [START, END, PAD, PAD, PAD, PAD],
    ]
    assert form.sequence_lengths.tolist() == [6, 2]
    assert form.tokens.tolist() == [mix, heat, mix, heat]
    assert N_OPERATION_TOKENS == 10


def test_shares_are_molar_and_an_unstated_amount_is_one(dataset):
    form = held(dataset)
    torch.testing.assert_close(form.shares, torch.tensor([0.25, 0.75, 0.5, 0.25, 0.25]))
    assert form.crystal.tolist() == [0, 0, 1, 1, 1]


def test_vectors_are_means_over_the_atoms(dataset):
    form = held(dataset)
    table = element_vectors.filled("mat2vec")
    oxygen, titanium = table[atomic_number("O")], table[atomic_number("Ti")]
    np.testing.assert_allclose(form.vectors[1].numpy(), (2 * oxygen + titanium) / 3, rtol=1e-5)
    np.testing.assert_allclose(form.vectors[4].numpy(), table[atomic_number("Mg")], rtol=1e-6)


def test_pairs_are_of_different_precursors_of_one_reaction(dataset):
    first, second = held(dataset).pairs
    wanted = [(0, 1), (1, 0), (2, 3), (2, 4), (3, 2), (3, 4), (4, 2), (4, 3)]
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == wanted


@pytest.mark.parametrize(("oxygen", "of_fluorides"), [(True, "Li O F Mg"), (False, "Li F Mg")])
def test_the_alchemy_mask_allows_elements_of_precursors_and_of_air(dataset, oxygen, of_fluorides):
    form = held(dataset, oxygen=oxygen)
    assert form.allowed.shape == (2, 118)
    assert form.allowed.dtype == torch.bool
    names = [[symbols()[z + 1] for z in row.nonzero()[:, 0].tolist()] for row in form.allowed]
    assert [" ".join(row) for row in names] == ["C O Ti Ba", of_fluorides]
    assert form.in_precursors[1].nonzero()[:, 0].tolist() == [2, 8, 11]
    assert form.precursor.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("lengths", [[], [0], [1], [2, 0, 3, 1], [4, 4]])
def test_distinct_pairs_are_pairs_without_an_entry_with_itself(lengths):
    segments = Segments.of_lengths(lengths)
    first, second = segments.distinct_pairs
    all_first, all_second = segments.pairs
    different = all_first != all_second
    assert torch.equal(first, all_first[different])
    assert torch.equal(second, all_second[different])


def test_nothing_of_it_waits_for_a_device(dataset):
    """The meta device has no values to fetch."""
    form = held(dataset)
    there = form.to("meta")
    names = ["allowed", "crystal", "in_precursors", "numbers", "precursor", "sequence_lengths"]
    for name in [*names, "sequences", "shares", "tokens", "vectors"]:
        own, moved = getattr(form, name), getattr(there, name)
        assert (moved.device.type, moved.shape, moved.dtype) == ("meta", own.shape, own.dtype)
    assert [part.shape for part in there.pairs] == [part.shape for part in form.pairs]


def test_the_feed_is_the_composition_of_all_precursors_together(dataset):
    form = held(dataset)
    # BaCO3 + 3 TiO2: Ba C O9 Ti3; 2 LiF + MgF2 + Mg: Li2 F4 Mg2
    expected = torch.zeros(2, len(symbols()) - 1)
    for row, atoms in enumerate(({"Ba": 1, "C": 1, "O": 9, "Ti": 3}, {"Li": 2, "F": 4, "Mg": 2})):
        for symbol, count in atoms.items():
            expected[row, atomic_number(symbol) - 1] = count / sum(atoms.values())
    torch.testing.assert_close(form.feed, expected)
