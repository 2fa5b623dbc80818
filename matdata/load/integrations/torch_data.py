"""A loader as a torch `IterableDataset`, for torch's `DataLoader` and what builds on it."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import IterableDataset, get_worker_info

from matdata.load.batch import Batch
from matdata.load.loader import Loader


class LoaderDataset(IterableDataset[Batch]):
    """Batches of a loader: ``DataLoader(LoaderDataset(loader), batch_size=None)``.

    With any number of workers the batches are those of the loader, in its order. The epoch counts
    up where batches are made; `DataLoader` starts its workers anew for each epoch, so call
    `set_epoch` before each unless ``persistent_workers=True``. A gather costs less than sending a
    batch from one process to another: workers are for compatibility.

    Parameters
    ----------
    loader
        A loader whose device is ``cpu``.
    """

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def __len__(self) -> int:
        return len(self.loader)

    def set_epoch(self, epoch: int) -> None:
        """The next iteration gives this epoch."""
        self.loader.set_epoch(epoch)

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        if info is None:
            return iter(self.loader)
        return self.loader.share(info.id, info.num_workers)
