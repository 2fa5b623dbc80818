"""The loaders of a split as a Lightning `LightningDataModule`."""

from __future__ import annotations

from typing import Any

from matdata.core.errors import ConfigError
from matdata.load.loaders import Loaders


def _lightning() -> Any:
    try:
        import lightning
    except ImportError:
        try:
            import pytorch_lightning as lightning
        except ImportError as error:
            raise ConfigError(
                "Lightning is not installed", next_step="`pip install matdata[lightning]`"
            ) from error
    return lightning


def data_module(loaders: Loaders) -> Any:
    """A `LightningDataModule` that hands out the loaders and keeps their state in checkpoints.

    Batches are on the loaders' device already; Lightning's own sampler must stay off
    (``Trainer(use_distributed_sampler=False)``), loaders take ``rank`` and ``world_size``.

    Raises
    ------
    ConfigError
        If Lightning is missing.
    """
    base = _lightning().LightningDataModule

    class MatdataModule(base):  # type: ignore[misc, valid-type]
        """Loaders of a split."""

        def train_dataloader(self) -> Any:
            """The loader of train."""
            return loaders["train"]

        def val_dataloader(self) -> Any:
            """The loader of val; an empty list if the split has none."""
            return [] if loaders.val is None else loaders.val

        def test_dataloader(self) -> Any:
            """The loader of test; an empty list if there is none."""
            return [] if loaders.test is None else loaders.test

        def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
            """The batch as it is: it is where the loader put it."""
            return batch

        def state_dict(self) -> dict[str, Any]:
            """Where the training loader stands."""
            return loaders["train"].state()

        def load_state_dict(self, state: dict[str, Any]) -> None:
            """Go on from there."""
            loaders["train"].load_state(state)

    return MatdataModule()
