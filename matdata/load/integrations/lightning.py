"""The loaders of a split as a Lightning `LightningDataModule`."""

from __future__ import annotations

import contextlib
import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from matdata.core.packages import needed_for
from matdata.load.loader import Loader
from matdata.load.loaders import Loaders

if TYPE_CHECKING:
    import torch
    from lightning import LightningDataModule

    from matdata.load.batch import Batch


def _lightning() -> ModuleType:
    with contextlib.suppress(ImportError):
        return importlib.import_module("lightning")
    with contextlib.suppress(ImportError):  # the older name of the same
        return importlib.import_module("pytorch_lightning")
    with needed_for("a Lightning data module"):
        return importlib.import_module("lightning")


def data_module(loaders: Loaders) -> LightningDataModule:
    """A `LightningDataModule` that hands out the loaders and keeps their state in checkpoints.

    Loaders of the trainer's device copy fastest; Lightning's own sampler must stay off
    (``Trainer(use_distributed_sampler=False)``), loaders take ``rank`` and ``world_size``.

    Raises
    ------
    ConfigError
        If Lightning is missing.
    """
    base = _lightning().LightningDataModule

    class MatdataModule(base):  # type: ignore[misc, valid-type]
        """Loaders of a split."""

        def train_dataloader(self) -> Loader:
            """The loader of train."""
            return loaders["train"]

        def val_dataloader(self) -> Loader | list[Loader]:
            """The loader of val; an empty list if the split has none."""
            return [] if loaders.val is None else loaders.val

        def test_dataloader(self) -> Loader | list[Loader]:
            """The loader of test; an empty list if there is none."""
            return [] if loaders.test is None else loaders.test

        def transfer_batch_to_device(
            self, batch: Batch, device: torch.device, dataloader_idx: int
        ) -> Batch:
            """The batch on that device; nothing is copied if the loader put it there."""
            return batch.to(device)

        def state_dict(self) -> dict[str, object]:
            """Where the training loader stands."""
            return loaders["train"].state()

        def load_state_dict(self, state: dict[str, object]) -> None:
            """Go on from there."""
            loaders["train"].load_state(state)

    return MatdataModule()
