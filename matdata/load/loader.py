"""The loader: batches of one part of a dataset, epoch after epoch.

Importing this needs no torch; only loaders of tensors do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.console import SILENT, Console
from matdata.core.crystals import Int
from matdata.core.errors import ConfigError
from matdata.features.base import Featurizer
from matdata.features.opened import DatasetLike
from matdata.load.batching import Plan
from matdata.load.chunk import Chunk
from matdata.load.materials import Materials, gather_materials
from matdata.load.modes import Mode
from matdata.load.normalizer import Normalizer
from matdata.load.options import LoadOptions
from matdata.load.planning import Planner
from matdata.load.prefetch import ahead
from matdata.load.setup import Setup, batches_per_chunk, set_up
from matdata.load.targets import TargetColumn
from matdata.load.wait_meter import Meter


class Loader:
    """Batches of some materials; iterating gives one epoch.

    `make_loader` makes one.

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
        self, materials: Materials, options: LoadOptions, setup: Setup, console: Console = SILENT
    ) -> None:
        self.options = options
        self.ids = materials.ids
        self.left_out: Mapping[str, str] = materials.left_out
        self.featurizers: Mapping[str, Featurizer] = setup.featurizers
        self.targets: tuple[TargetColumn, ...] = materials.targets.columns
        self.encoded_by = materials.normalizer
        self.device: Any = setup.views.device
        self.chosen_mode: Mode = setup.mode
        self.meter = Meter()
        self.epoch = 0
        self._targets = materials.targets
        self._materials = materials
        self._weights = setup.weights
        self._source = setup.source
        self._views = setup.views
        self._console = console
        self._planner: Planner = setup.planner
        self._batches_a_chunk = batches_per_chunk(setup, options)
        self._begin_at = 0
        self._position = 0
        self._generation = 0  # of the newest iterator; older ones may not go on

    def __len__(self) -> int:
        """Batches of the current epoch; with a budget of sites or edges epochs may differ."""
        return len(self._plan(self.epoch))

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
        return self._materials.values(), self._targets.mask

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
        return list(self._plan(self.epoch if epoch is None else epoch))

    def state(self) -> dict[str, Any]:
        """Epoch, batches handed out, seed and what the order depends on, as JSON values."""
        whole = self._position >= len(self)
        return {
            "epoch": self.epoch + whole,
            "position": 0 if whole else self._position,
            **self._planner.identity(),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken: the next iteration gives the batches that were left.

        Raises
        ------
        ConfigError
            If the state is that of a loader with another order, or of no batch of its epoch.
        """
        own = self._planner.identity()
        names = [*own, *(name for name in state if name not in (*own, "epoch", "position"))]
        differ = [name for name in names if state.get(name) != own.get(name)]
        if differ:
            named = ", ".join(
                f"{name} {state.get(name)!r}, here {own.get(name)!r}" for name in differ
            )
            raise ConfigError(
                f"the state is that of another loader: {named}",
                next_step="make the loader with the same materials and options",
            )
        epoch, position = int(state["epoch"]), int(state["position"])
        batches = len(self._plan(epoch))
        if position and not 0 <= position < batches:
            raise ConfigError(
                f"the state stands at batch {position}, epoch {epoch} has {batches}",
                cause="it was edited, or written by another program",
                next_step="begin the epoch again: loader.set_epoch(epoch)",
            )
        self.epoch, self._begin_at, self._position = epoch, position, position

    def __iter__(self) -> Iterator[Any]:
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

    def share(self, worker: int, workers: int) -> Iterator[Any]:
        """Every `workers`-th batch of the current epoch, from number `worker` on.

        Afterwards the epoch is the next one. Position and meter are not touched.
        """
        yield from self._batches(worker, workers)
        self.epoch += 1

    def _plan(self, epoch: int) -> Plan:
        return self._planner.plan(epoch)

    def _batches(self, first: int, every: int = 1) -> Iterator[Any]:
        plan = self._plan(self.epoch)
        if every > 1:
            plan, first = plan.thinned(first, every), 0
        self._source.begin(self._planner.windows(self.epoch))
        step = self._batches_a_chunk
        starts = range(first, len(plan), step)
        gathered = (self._chunk(plan, k, min(k + step, len(plan))) for k in starts)
        chunks = map(self._views.sent, gathered)
        for chunk in ahead(chunks, self._prefetch()):
            yield from self._views.batches(chunk)

    def _prefetch(self) -> int:
        asked = self.options.prefetch
        if asked is not None:
            return asked
        # on the host a gather is cheaper than handing it from thread to thread
        return 2 if self.mode != "resident" else 0

    def _chunk(self, plan: Plan, first: int, last: int) -> Chunk:
        bounds = plan.bounds[first : last + 1]
        rows = plan.rows[bounds[0] : bounds[-1]]
        return Chunk(
            rows,
            bounds - bounds[0],
            self._source.take(rows, self._views.allocate),
            self._targets.take(rows),
            None if self._weights is None else self._weights[rows],
        )


def make_loader(
    dataset: DatasetLike,
    ids: Sequence[str] | npt.NDArray[Any] | None,
    inputs: Sequence[str],
    target: str | Sequence[str] | None = None,
    *,
    what: str = "the dataset",
    console: Console = SILENT,
    **options: Any,
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
        Told about each epoch.
    options
        Fields of `matdata.load.options.LoadOptions`.

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
    chosen = LoadOptions.from_mapping(options)
    materials = gather_materials(dataset, ids, inputs, target, chosen, what)
    return Loader(materials, chosen, set_up(materials, chosen), console)
