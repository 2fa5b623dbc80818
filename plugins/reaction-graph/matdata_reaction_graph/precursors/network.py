"""A network that scores whole sets of precursors of a product."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from matdata_reaction_graph.precursors.examples import PER_PRECURSOR, PER_SET, Examples

EPOCHS, BATCH, RATE, DECAY = 20, 128, 3e-3, 1e-4
NONE = -1e9  # score of a candidate that does not exist


class SetScores(nn.Module):
    """Scores of candidates: how well each precursor suits the product, the other precursors (a
    product of two vectors a pair), and what neighbours were made of.

    Parameters
    ----------
    count
        Precursors of the vocabulary.
    inputs
        Numbers of a product.
    width, pair
        Of a product's row, and of the vector of a precursor beside others.
    """

    def __init__(self, count: int, inputs: int, width: int = 128, pair: int = 16) -> None:
        super().__init__()
        self.count = count
        self.product = nn.Sequential(
            *(nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(0.3)),
            *(nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.3)),
        )
        self.suits = nn.Embedding(count + 1, width, padding_idx=count)
        self.bias = nn.Embedding(count + 1, 1, padding_idx=count)
        self.beside = nn.Embedding(count + 1, pair, padding_idx=count)
        for table, deviation in ((self.suits, 0.02), (self.bias, 0.0), (self.beside, 0.05)):
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
        products, places, known, whole, exists = batch
        rows = self.product(products)
        each = rows @ self.suits.weight.T + self.bias.weight.T
        shape = places.shape
        single = each.gather(1, places.flatten(1)).view(shape)
        single = single + self.one(self._scaled("one", known)).squeeze(-1)
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
    arrays = (examples.products, examples.places, examples.precursors, examples.whole)
    return tuple(torch.from_numpy(one) for one in (*arrays, examples.exists))


def trained(count: int, examples: Examples, seed: int, epochs: int = EPOCHS) -> SetScores:
    """A network whose right candidates are likely: minus log of their summed probability.

    Products none of whose candidates is reported teach nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SetScores(count, examples.products.shape[1])
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


@torch.no_grad()
def probabilities(network: SetScores, examples: Examples) -> Tensor:
    """Probabilities of the candidates, (n, C)."""
    inputs = tensors_of(examples)
    parts = range(0, len(examples.sets), 512)
    chunks = [network(tuple(one[a : a + 512] for one in inputs)).exp() for a in parts]
    return torch.cat(chunks) if chunks else torch.zeros(examples.exists.shape)
