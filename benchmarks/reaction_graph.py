"""Reaction graphs: vectors of precursors, and training against plain readings of the thesis.

    python benchmarks/reaction_graph.py --limit 4096

One thread. First the 145 attributes of all precursors of the reactions. Then steps of training,
forward and backward, in batches of 256, of our network and of two readings of eq. 5.1 and 5.2 in
plain PyTorch with the same weights: a row per pair of precursors, summed by `index_add`; and sets
padded to the largest of the batch. All three have equal losses, which are compared.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from timing import best, parse_options

import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
BATCH = 256


class Padded:
    """The same reading on padded sets: every pair of places, and a mask."""

    def __init__(self, reading: Any) -> None:
        self.reading = reading

    def parameters(self) -> Any:
        """Those of the reading."""
        return self.reading.parameters()

    def __call__(self, reaction: Any) -> Tensor:
        """Logits of the elements, masked."""
        own = self.reading
        known = functional.one_hot(reaction.sequences, own.tokens.in_features).float()
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            own.tokens(known), reaction.sequence_lengths, True, enforce_sorted=False
        )
        context = own.lstm(packed)[1][0][0]
        sets = reaction.segments["precursor"]
        rows = torch.cat([own.embedding(reaction.vectors), reaction.shares[:, None]], 1)
        nodes, weights = sets.padded(rows), sets.padded(reaction.shares[:, None]).squeeze(2)
        size, places = weights.shape
        there = torch.arange(places) < sets.lengths[:, None]
        apart = there[:, :, None] & there[:, None] & ~torch.eye(places, dtype=torch.bool)
        alike = context[:, None, None].expand(size, places, places, -1)
        for layer in own.layers:
            first = nodes[:, :, None].expand(size, places, places, -1)
            pairs = torch.cat([first, first.transpose(1, 2), alike], 3)
            nodes = nodes + self._mean(layer, pairs, weights[:, None], apart)
        pooled = self._mean(own.pool, nodes[:, None], weights[:, None], there[:, None])
        logits: Tensor = own.head(pooled[:, 0]).masked_fill(~reaction.allowed, -30.0)
        return logits

    @staticmethod
    def _mean(layer: Any, rows: Tensor, weights: Tensor, there: Tensor) -> Tensor:
        received = []
        for gate, message in zip(layer.gates, layer.messages, strict=True):
            raised = weights * gate(rows).squeeze(-1).exp() * there
            shares = raised / raised.sum(-1, keepdim=True).clamp(min=1e-30)
            received.append((shares[..., None] * message(rows)).sum(-2))
        return torch.stack(received).mean(0)


def reactions_of(path: Path, limit: int) -> Any:
    """The feature of the first reactions of a release, in memory."""
    from matdata.features import featurizer
    from matdata.plugin import Request, find_source
    from matdata.core.crystals import as_ids
    from matdata.core.table_rows import TableRows
    from matdata.training.memory_features import MemoryFeature

    names = ("precursors", "operations")
    cells: dict[str, list[Any]] = {name: [] for name in names}
    for chunk in find_source("reactions", Request(file=path, limit=limit)).chunks():
        for name in names:
            cells[name] += chunk.table[name]
    ids = as_ids([str(row) for row in range(len(cells[names[0]]))])
    return MemoryFeature(featurizer("reaction", {}), TableRows(ids, cells))


def batches_of(feature: Any) -> list[Any]:
    """Batches of the input, in order, without targets."""
    from matdata.load.loader import make_loader
    from matdata.training.data import View

    view = View("reactions in memory", feature.ids, {}, {}, {"reaction": feature})
    batches = list(make_loader(view, feature.ids, ["reaction"], batch_size=BATCH))
    for batch in batches:  # of order one: readings have no setting `scale`
        vectors = batch["reaction"].fields["vectors"]
        vectors.copy_(vectors.sign() * vectors.abs().log1p())
    return batches


def network_of(feature: Any) -> Any:
    """Our network with the sizes of the thesis, and elements as its target."""
    from matdata.plugin import Head, Schema, Target, element_symbols
    from matdata_reaction_graph.hypers import Hypers
    from matdata_reaction_graph.model import ReactionNet

    labels = tuple(element_symbols()[1:])
    target = Target("formula", len(labels), "1", "multi_label", labels)
    inputs = {"reaction": feature.featurizer}
    torch.manual_seed(0)
    return ReactionNet(Hypers(), Schema((target,), (Head("formula", (len(labels),)),), inputs))


def steps(network: Any, whole: bool, batches: list[Any]) -> float:
    """Summed loss of one pass, with gradients; the labels are the allowed elements."""
    total = 0.0
    for batch in batches:
        reaction = batch["reaction"]
        logits = network(batch)["formula"] if whole else network(reaction)
        loss = functional.binary_cross_entropy_with_logits(logits, reaction.allowed.float())
        for weights in network.parameters():
            weights.grad = None
        torch.autograd.backward(loss)
        total += loss.item()
    return total


def main() -> None:
    """Print times and ratios."""
    name = "synthesis/solid-state_dataset_2019-12-03.json.xz"
    given = parse_options(
        __doc__ or "", name, limit=(4096, "reactions"), repeats=(3, "best of so many")
    )
    from support.reaction_graph_reading import Reading

    from matdata.features import precursors

    torch.set_num_threads(1)
    feature = reactions_of(given.data, given.limit)
    precursors._KEPT.clear()
    feature.dense(feature.ids[:1])  # kernels are compiled
    precursors._KEPT.clear()
    seconds = best(partial(feature.dense, feature.ids), 1)
    count = int(feature.arrays.lengths("precursor").sum())
    print(f"attributes of {count:,} precursors of {len(feature.ids):,} reactions: {seconds:.2f} s")
    batches = batches_of(feature)
    ours = network_of(feature)
    ragged = Reading(ours)
    # a network, and whether it reads a batch or the reactions in it
    rivals: dict[str, tuple[Any, bool]] = {
        "ours": (ours, True),
        "ragged index_add": (ragged, False),
        "padded": (Padded(ragged), False),
    }
    losses, times = {}, dict.fromkeys(rivals, float("inf"))
    for _ in range(given.repeats):  # one after another, so that a busy machine slows all alike
        for key, (network, whole) in rivals.items():
            start = time.perf_counter()
            losses[key] = steps(network, whole, batches)
            times[key] = min(times[key], time.perf_counter() - start)
    for key, elapsed in times.items():
        print(
            f"{key:>16}: {elapsed:.2f} s an epoch, {elapsed / times['ours']:.2f} times ours, "
            f"loss {losses[key] / len(batches):.6f}"
        )


if __name__ == "__main__":
    main()
