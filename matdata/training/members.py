"""The members of a run: their first weights, and the engine that trains them."""

from __future__ import annotations

import torch
from torch import nn

from matdata.load.loader import Loader
from matdata.nn.norms import take_single_values
from matdata.training.contract import Schema, TorchTrainer
from matdata.training.engine import Engine, Recipe, SeparateEngine
from matdata.training.stacked import StackedEngine, reason_after_trial, reason_against


def build_models(
    trainer: TorchTrainer, schema: Schema, seed: int, members: int, device: torch.device
) -> list[nn.Module]:
    """One network per member, each drawn with its own seed; the same alone and in an ensemble."""
    models = []
    for member in range(members):
        torch.manual_seed(seed + member)
        model = trainer.model(schema).to(device)
        take_single_values(model)
        models.append(model)
    torch.manual_seed(seed)
    return models


def choose_engine(
    models: list[nn.Module], recipe: Recipe, trainer: TorchTrainer, train: Loader
) -> tuple[Engine, str | None]:
    """Stacked where that is possible and faster; else sequentially, and why.

    On a CPU it is not (`benchmarks/ensembles.py`).
    """
    settings = recipe.settings
    if len(models) == 1:
        return SeparateEngine(models, recipe), None
    if settings.members == "separate":
        return SeparateEngine(models, recipe), "asked for"
    if settings.members == "auto" and recipe.device.type == "cpu":
        return SeparateEngine(models, recipe), "that is faster on a CPU"
    reason = reason_against(models, trainer.vmap, settings.schedule)
    if reason is None:
        stacked = StackedEngine(models, recipe)
        random, state = torch.get_rng_state(), train.state()
        reason = reason_after_trial(stacked, models, next(iter(train)))
        train.load_state(state)
        torch.set_rng_state(random)
        if reason is None:
            return stacked, None
    return SeparateEngine(models, recipe), reason
