"""A tiny network, and batches of made-up numbers, for tests of the loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from matdata.load.batch import Batch
from matdata.training.contract import Schema
from matdata.training.distributed import ALONE
from matdata.training.engine import Recipe, SeparateEngine
from matdata.training.loop import Loop
from matdata.training.objectives.choice import heads_of, objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.settings import TrainSettings
from matdata.training.stacked import StackedEngine
from matdata.training.target import Target


class Numbers:
    """Stands for an input: plain numbers (b, d)."""

    def __init__(self, values: Tensor) -> None:
        self.values = values


class FakeLoader:
    """Shuffled batches of arrays, with the loader's states."""

    def __init__(
        self, x: Tensor, y: Tensor, size: int, shuffle: bool = True, mask: Tensor | None = None
    ) -> None:
        self.x, self.y, self.size, self.shuffle = x, y, size, shuffle
        self.mask = torch.ones_like(y, dtype=torch.bool) if mask is None else mask
        self.ids = np.array([f"id-{row}" for row in range(len(x))])
        self.epoch = self.place = 0

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __iter__(self) -> Iterator[Batch]:
        order = torch.arange(len(self.x))
        if self.shuffle:
            order = torch.randperm(len(self.x), generator=torch.Generator().manual_seed(self.epoch))
        while self.place < len(self):
            rows = order[self.place * self.size : (self.place + 1) * self.size]
            self.place += 1
            yield Batch(
                {"numbers": Numbers(self.x[rows])}, self.y[rows], self.mask[rows], rows, self.ids
            )  # type: ignore[dict-item]
        self.place = 0
        self.epoch += 1

    def state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "place": self.place}

    def load_state(self, state: dict[str, Any]) -> None:
        self.epoch, self.place = state["epoch"], state["place"]


class Net(nn.Module):
    """Two layers."""

    def __init__(self, width: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, 16)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(16, outputs)

    def forward(self, batch: Batch) -> Tensor:
        values: Tensor = self.out(self.drop(torch.tanh(self.hidden(batch["numbers"].values))))
        return values


def data(rows: int = 64, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Inputs (rows, 3) and a smooth target (rows, 1)."""
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 3, generator=made)
    return x, (x[:, :1] * 0.7 - torch.sin(x[:, 1:2])) * 2.0 + 1.0


def models(settings: TrainSettings, schema: Schema, first: int | None = None) -> list[Net]:
    """A network a member, drawn with its seed."""
    made = []
    start = settings.seed if first is None else first
    for member in range(settings.ensemble):
        torch.manual_seed(start + member)
        made.append(Net(3, schema.outputs))
    torch.manual_seed(start)
    return made


def make_loop(
    settings: TrainSettings, *, stacked: bool = False, save: Any = None, **changes: Any
) -> tuple[Loop, list[dict[str, Any]]]:
    """A loop on made-up data, and the list that its log goes to."""
    settings = settings.for_task("regression")
    targets = changes.pop("targets", (Target("y"),))
    schema = Schema(targets, heads_of(targets, settings), {})
    networks = changes.pop("models", None) or models(settings, schema)
    recipe = Recipe(
        settings,
        Objectives(objectives_of(targets, settings)),
        torch.device("cpu"),
        ALONE,
        changes.pop("frozen", ()),
    )
    engine = (StackedEngine if stacked else SeparateEngine)(networks, recipe)
    train = changes.pop("train", None) or FakeLoader(*data(), settings.batch_size)
    valid = changes.pop("valid", FakeLoader(*data(32, seed=1), 32, shuffle=False))
    rows: list[dict[str, Any]] = []
    loop = Loop(engine, train, valid, save or (lambda _: None), rows.append)
    return loop, rows
