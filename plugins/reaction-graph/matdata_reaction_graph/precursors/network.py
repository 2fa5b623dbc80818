"""A network that scores whole sets of precursors of a product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from matdata_reaction_graph.precursors.examples import PER_PRECURSOR, PER_SET, Examples

EPOCHS, BATCH, RATE, DECAY = 10, 128, 3e-3, 1e-2
NONE = -1e9  # score of a candidate that does not exist


class SetScores(nn.Module):
    """Scores of candidates: what neighbours of the product were made of, a number for each
    precursor, and a product of two vectors for each pair of them.

    A network that reads the product's composition as well learns the training products by heart,
    and ranks no better.

    Parameters
    ----------
    count
        Precursors of the vocabulary.
    pair
        Numbers of the vector of a precursor beside others.
    """

    def __init__(self, count: int, pair: int = 16) -> None:
        super().__init__()
        self.count = count
        self.bias = nn.Embedding(count + 1, 1, padding_idx=count)
        self.beside = nn.Embedding(count + 1, pair, padding_idx=count)
        for table, deviation in ((self.bias, 0.0), (self.beside, 0.05)):
            nn.init.normal_(table.weight, std=deviation)
            with torch.no_grad():
                table.weight[count] = 0.0
        self.one = nn.Sequential(nn.Linear(PER_PRECURSOR, 32), nn.ReLU(), nn.Linear(32, 1))
        self.all = nn.Sequential(nn.Linear(PER_SET, 32), nn.ReLU(), nn.Linear(32, 1))
        for name, size in (("one", PER_PRECURSOR), ("all", PER_SET)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_scale", torch.ones(size))

    def forward(self, batch: tuple[Tensor, ...]) -> Tensor:
        """Logarithms of probabilities of the candidates, (b, C)."""
        places, known, whole, exists = batch
        single = (self.bias(places) + self.one(self._scaled("one", known))).squeeze(-1)
        single = (single * (places < self.count)).sum(2)
        vectors = self.beside(places)
        pairs = vectors.sum(2).square().sum(-1) - vectors.square().sum((-1, -2))
        scores = single + pairs + self.all(self._scaled("all", whole)).squeeze(-1)
        logarithms: Tensor = scores.masked_fill(~exists, NONE).log_softmax(1)
        return logarithms

    def _scaled(self, name: str, values: Tensor) -> Tensor:
        scaled: Tensor = (values - self.get_buffer(f"{name}_mean")) / self.get_buffer(
            f"{name}_scale"
        )
        return scaled

    def scale_as(self, examples: Examples) -> None:
        """Take means and deviations of what is known from training examples."""
        there = examples.places < self.count
        for name, values in (
            ("one", examples.precursors[there]),
            ("all", examples.whole[examples.exists]),
        ):
            self.get_buffer(f"{name}_mean").copy_(torch.from_numpy(values.mean(0)))
            self.get_buffer(f"{name}_scale").copy_(torch.from_numpy(values.std(0) + 1e-6))


def tensors_of(examples: Examples) -> tuple[Tensor, ...]:
    """What `SetScores` reads."""
    arrays = (examples.places, examples.precursors, examples.whole, examples.exists)
    return tuple(torch.from_numpy(one) for one in arrays)


def trained(count: int, examples: Examples, seed: int, epochs: int = EPOCHS) -> SetScores:
    """A network whose right candidates are likely: minus log of their summed probability.

    Products none of whose candidates is reported teach nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SetScores(count)
        network.scale_as(examples)
        inputs, right = tensors_of(examples), torch.from_numpy(examples.right)
        rows = right.any(1).nonzero().squeeze(1)
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        steps = max(epochs * math.ceil(len(rows) / BATCH), 1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        for _ in range(epochs):
            order = rows[torch.randperm(len(rows), generator=generator)]
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                logs = network(tuple(one[batch] for one in inputs))
                loss = -logs.masked_fill(~right[batch], NONE).logsumexp(1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return network.eval()


def network_from(count: int, weights: Mapping[str, npt.NDArray[Any]]) -> SetScores:
    """A trained network with these weights."""
    with torch.random.fork_rng(devices=[]):
        network = SetScores(count)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network.eval()


@torch.no_grad()
def probabilities(network: SetScores, examples: Examples) -> Tensor:
    """Probabilities of the candidates, (n, C)."""
    inputs = tensors_of(examples)
    parts = range(0, len(examples.sets), 512)
    chunks = [network(tuple(one[a : a + 512] for one in inputs)).exp() for a in parts]
    return torch.cat(chunks) if chunks else torch.zeros(examples.exists.shape)
