"""The loader: batches of one part of a dataset, epoch after epoch.

Importing this needs no torch; only loaders of tensors do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, cast

import numpy as np
import numpy.typing as npt

from matdata.core.console import SILENT, Console
from matdata.core.crystals import Array, Int
from matdata.core.errors import ConfigError
from matdata.features.base import Featurizer
from matdata.features.opened import DatasetLike
from matdata.load.chunk_reader import ChunkReader
from matdata.load.materials import Materials, gather_materials
from matdata.load.modes import Mode
from matdata.load.normalizer import Normalizer
from matdata.load.options import LoadOptions
from matdata.load.planning import Planner
from matdata.load.prefetch import prefetched
from matdata.load.setup import Setup, batches_per_chunk, set_up
from matdata.load.state import read_state
from matdata.load.targets import TargetColumn
from matdata.load.views import B_co
from matdata.load.wait_meter import Meter

if TYPE_CHECKING:
    import torch

    from matdata.load.batch import Batch


class Loader(Generic[B_co]):
    """Batches of some materials; iterating gives one epoch.

    `make_loader` makes one. Generic in the class of its batches (`make_loader` says which).

    Attributes
    ----------
    ids : (n,) str
        The materials, in the order of the dataset; `Batch.rows` are positions here.
    left_out
        Why ids that were asked for are not among them.
    targets
        Name, size and unit of each target.
    encoded_by
        The normalizer that the targets of batches went through; None if they are in their units.
    featurizers
        The inputs' featurizers, by spec.
    device
        Where batches are.
    mode, reason, chosen_mode
        How columns are held, and why; both together, with the mode that did not fit.
    epoch
        The epoch that the next iteration gives.
    meter
        Share of the time spent waiting for data.
    """

    def __init__(
        self,
        materials: Materials,
        options: LoadOptions,
        setup: Setup[B_co],
        console: Console = SILENT,
    ) -> None:
        self.options = options
        self.ids = materials.ids
        self.left_out: Mapping[str, str] = materials.left_out
        self.featurizers: Mapping[str, Featurizer] = setup.featurizers
        self.targets: tuple[TargetColumn, ...] = materials.targets.columns
        self.encoded_by = materials.normalizer
        self.device: torch.device | str = setup.views.device
        self.chosen_mode: Mode = setup.mode
        self.meter = Meter()
        self.epoch = 0
        self._materials = materials
        self._views = setup.views
        self._console = console
        self._planner: Planner = setup.planner
        self._reader = ChunkReader(
            setup.source,
            materials.targets,
            setup.weights,
            setup.views.allocate,
            batches_per_chunk(setup, materials.targets),
        )
        self._begin_at = 0
        self._position = 0
        self._generation = 0  # of the newest iterator; older ones may not go on

    def __len__(self) -> int:
        """Batches of the current epoch; with a budget of sites or edges epochs may differ."""
        return len(self._planner.plan(self.epoch))

    def __repr__(self) -> str:
        return f"Loader({len(self.ids):,} materials, {len(self)} batches, {self.mode})"

    @property
    def mode(self) -> str:
        """``resident``, ``ram`` or ``stream``."""
        return self.chosen_mode.name

    @property
    def reason(self) -> str:
        """Why this mode."""
        return self.chosen_mode.reason

    @property
    def seed(self) -> int:
        """What decides, with the epoch, the order."""
        return self.options.seed

    @property
    def window(self) -> int:
        """Materials that are shuffled together."""
        return self._planner.window

    @property
    def values(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """All targets (n, t) in their units and where they are known, in the order of `ids`.

        Scalars are those of the table; arrays are kept in float32, normalised where the loader
        has a normalizer.
        """
        return self._materials.values(), self._materials.targets.mask

    def describe(self) -> str:
        """One line for a person."""
        text = f"{len(self.ids):,} materials in {len(self):,} batches, {self.mode}: {self.reason}"
        if self.options.shuffle and self.window < len(self.ids):
            text += f"; shuffled within windows of {self.window:,}"
        if self.left_out:
            counts = sorted(Counter(self.left_out.values()).items())
            text += "; left out " + ", ".join(f"{count} ({reason})" for reason, count in counts)
        return text

    def normalizer(self, kind: str = "standard") -> Normalizer:
        """A normalizer fitted to these materials; call it on the training loader."""
        return Normalizer.fit(kind, *self.values)

    def set_epoch(self, epoch: int) -> None:
        """The next iteration gives this epoch from its beginning."""
        self.epoch, self._begin_at, self._position = epoch, 0, 0

    def batch_rows(self, epoch: int | None = None) -> list[Int]:
        """Materials of each batch of an epoch (the current one), without reading them."""
        return list(self._planner.plan(self.epoch if epoch is None else epoch))

    def state(self) -> dict[str, object]:
        """Epoch, batches handed out, seed and what the order depends on, as JSON values."""
        whole = self._position >= len(self)
        return {
            "epoch": self.epoch + whole,
            "position": 0 if whole else self._position,
            **self._planner.identity(),
        }

    def load_state(self, state: Mapping[str, object]) -> None:
        """Go on where `state` was taken: the next iteration gives the batches that were left.

        Raises
        ------
        ConfigError
            If the state is that of a loader with another order, or of no batch of its epoch.
        """
        planner = self._planner
        epoch, position = read_state(state, planner.identity(), lambda k: len(planner.plan(k)))
        self.epoch, self._begin_at, self._position = epoch, position, position

    def __iter__(self) -> Iterator[B_co]:
        """Batches of the current epoch; afterwards the epoch is the next one.

        Raises
        ------
        ConfigError
            If another iterator began since: a loader has one position.
        """
        if self._position and self._position >= len(self):
            self.set_epoch(self.epoch + 1)  # all was taken, though nobody asked for the end
        self._generation += 1
        own = self._generation
        first, self._begin_at = self._begin_at, 0
        self._position = first
        self.meter.begin()
        begun = asked = time.perf_counter()
        for batch in self._batches(first):
            self._position += 1
            ready = time.perf_counter()
            self.meter.add(ready - asked, ready - begun)
            try:
                yield batch
            finally:  # whoever takes no further batch has used this one as well
                asked = time.perf_counter()
                self.meter.total = asked - begun
            if own != self._generation:
                raise ConfigError(
                    "another iterator of this loader began, so this one cannot go on",
                    next_step="make a loader for each of them",
                )
        self.meter.end(time.perf_counter() - begun)
        self._console.say(f"epoch {self.epoch + 1}: {self.meter.line(self.mode)}")
        self.epoch, self._position = self.epoch + 1, 0

    def share(self, worker: int, workers: int) -> Iterator[B_co]:
        """Every `workers`-th batch of the current epoch, from number `worker` on.

        Afterwards the epoch is the next one. Position and meter are not touched.
        """
        yield from self._batches(worker, workers)
        self.epoch += 1

    def _batches(self, first: int, every: int = 1) -> Iterator[B_co]:
        plan = self._planner.plan(self.epoch)
        if every > 1:
            plan, first = plan.thinned(first, every), 0
        chunks = self._reader.chunks(plan, self._planner.windows(self.epoch), first)
        for chunk in prefetched(map(self._views.sent, chunks), self._prefetch()):
            yield from chunk.batches()

    def _prefetch(self) -> int:
        if self.options.prefetch is not None:
            return self.options.prefetch
        # on the host a gather is cheaper than handing it from thread to thread
        return 2 if self.mode != "resident" else 0


def make_loader(
    dataset: DatasetLike,
    ids: Sequence[str] | Array | None,
    inputs: Sequence[str],
    target: str | Sequence[str] | None = None,
    *,
    what: str = "the dataset",
    console: Console = SILENT,
    **options: object,
) -> Loader:
    """A loader of some materials of a dataset.

    Parameters
    ----------
    dataset
        A `matdata.Dataset`.
    ids
        Material ids; all of the dataset if None. The loader keeps them in the order of the
        dataset.
    inputs
        Features by spec: ``["graph", "element:mat2vec"]``.
    target
        Columns of the table to be learnt; None for none, as in prediction.
    what
        What the ids are, for messages.
    console
        Receives a line per epoch.
    options
        Fields of `matdata.load.options.LoadOptions`.

    Returns
    -------
    Loader
        Of `Batch`; with ``device="numpy"`` of `matdata.load.arrays.ArrayBatch`, which a type
        checker cannot infer.

    Raises
    ------
    FeatureError
        If an input was not built, with the command that makes it.
    SplitError
        If ids are no materials of the dataset.
    ConfigError
        If an option, a target, the device or the budget does not fit, or float32 does not tell
        targets apart that no normalizer centres and scales.
    """
    return loader_of(
        dataset, ids, inputs, target, LoadOptions.from_mapping(options), what=what, console=console
    )


def loader_of(
    dataset: DatasetLike,
    ids: Sequence[str] | Array | None,
    inputs: Sequence[str],
    target: str | Sequence[str] | None,
    options: LoadOptions,
    *,
    what: str = "the dataset",
    console: Console = SILENT,
) -> Loader:
    """`make_loader` with its options as an object; raises as it does, but for their values."""
    materials = gather_materials(dataset, ids, inputs, target, options, what)
    setup = cast("Setup[Batch]", set_up(materials, options))
    return Loader(materials, options, setup, console)
