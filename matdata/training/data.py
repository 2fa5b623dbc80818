"""Loaders, targets and normalizers of a run."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from matdata.core.errors import ConfigError, StoreError, first_few
from matdata.core.row_index import RowIndex
from matdata.features.opened import FeatureLike
from matdata.load.devices import find_device
from matdata.load.loader import Loader, make_loader
from matdata.load.normalizer import Normalizer
from matdata.load.reading import FeatureColumns
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.distributed import ALONE, Group, own_gpu
from matdata.training.samples import Samples
from matdata.training.settings import BUDGETS, TrainSettings
from matdata.training.target import Target
from matdata.training.target_cells import cells_of, spectrum_of

Ids = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class View:
    """A dataset with features that are open: what loaders read.

    Attributes
    ----------
    ref, ids, columns, units
        Of the dataset.
    features
        By spec.
    """

    ref: str
    ids: Ids
    columns: Mapping[str, Sequence[object]]
    units: Mapping[str, str]
    features: Mapping[str, FeatureLike] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: DatasetFolder, features: Mapping[str, FeatureLike]) -> View:
        """The view of a dataset."""
        return cls(dataset.ref, dataset.ids, dataset.columns, dataset.units, features)

    @classmethod
    def sealed(
        cls,
        dataset: DatasetFolder,
        features: Mapping[str, FeatureLike],
        targets: Sequence[Target],
        ids: Ids,
    ) -> View:
        """The view of a training: targets of these materials alone, texts as indices of classes.

        An expression is evaluated for these materials, and is a column of the view under its own
        text; no cell of another material is read.
        """
        view = cls(dataset.ref, dataset.ids, {}, dataset.units, features)
        rows = view.rows(ids).tolist()
        columns: dict[str, Sequence[object]] = {}
        for target in targets:
            spectrum = spectrum_of(dataset.columns, target.source)
            if spectrum is not None:
                columns[target.source] = spectrum.of(rows)
                continue
            cells_of_all: list[object] = [None] * len(dataset.ids)
            cells = cells_of(dataset.columns, target, rows).cells
            for row, cell in zip(rows, cells, strict=True):
                cells_of_all[row] = target.code(cell)
            columns[target.source] = cells_of_all
        units = {**dataset.units, **{target.source: target.unit for target in targets}}
        return cls(dataset.ref, dataset.ids, columns, units, features)

    def feature(self, spec: str, **settings: object) -> FeatureLike:
        """An open feature."""
        return self.features[spec]

    @functools.cached_property
    def _index(self) -> RowIndex:
        return RowIndex(self.ids)

    def rows(self, ids: Ids) -> npt.NDArray[np.int64]:
        """Rows (m,) of m materials.

        Raises
        ------
        StoreError
            If one of them is not among its materials, naming those.
        """
        return self._index.rows(ids, self._lacks)

    def _lacks(self, unknown: list[str]) -> StoreError:
        return StoreError(f"{self.ref} holds no materials {first_few(map(repr, unknown))}")


def device_of(settings: TrainSettings) -> torch.device:
    """The device that the settings name; ``auto`` takes an accelerator if there is one.

    ``cuda`` is a GPU for each of the processes that torchrun started on a machine.

    Raises
    ------
    ConfigError
        If it is not there.
    """
    name = settings.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device: torch.device = find_device(own_gpu(name))[0]
    return device


def loader_for(
    view: View,
    ids: Ids,
    targets: Sequence[Target],
    settings: TrainSettings,
    *,
    shuffle: bool = False,
    device: torch.device | str = "cpu",
    group: Group = ALONE,
    widen: bool = False,
    normalizer: Normalizer | None = None,
    what: str = "the dataset",
) -> Loader:
    """A loader of materials; in a group each process takes its part of every batch.

    With `widen` a budget of sites or edges grows to the largest material, so that all are
    predicted. Targets go through `normalizer`; `what` names the materials in messages.

    Raises
    ------
    ConfigError
        If a batch cannot be shared evenly by the processes, a material is above the budget, or
        the normalizer has no number for a target.
    """
    limits = {level: _room(view, level) if widen else 0 for level in settings.limits}
    limits = {level: max(most, limits[level]) for level, most in settings.limits.items()}
    if limits and group.size > 1:
        names = dict.fromkeys(BUDGETS.get(level, "max_entries") for level in limits)
        raise ConfigError(
            f"{' and '.join(names)} is for one process, there are {group.size}",
            cause="batches under a budget differ in size and cannot be shared evenly",
            next_step="train with batch_size, or in one process",
        )
    if settings.batch_size % group.size:
        raise ConfigError(
            f"batch_size is {settings.batch_size}: it must be a multiple of the {group.size} "
            "processes"
        )
    return make_loader(
        view,
        ids,
        inputs=tuple(view.features),
        target=[target.source for target in targets] or None,
        batch_size=None if limits else settings.batch_size // group.size,
        max_sites=limits.get("site"),
        max_edges=limits.get("edge"),
        max_entries={level: most for level, most in limits.items() if level not in BUDGETS},
        shuffle=shuffle,
        seed=settings.seed,
        missing="mask",
        normalizer=normalizer,
        what=what,
        device=str(device),
        mode=None if settings.loader == "auto" else settings.loader,
        rank=group.rank,
        world_size=group.size,
    )


def _room(view: View, level: str) -> int:
    """Entries of the largest material at a level; 0 if no feature has such."""
    most = 0
    for feature in view.features.values():
        entries = FeatureColumns(feature, feature.rows).entries(level)
        most = max(most, 0 if entries is None else int(entries.max(initial=0)))
    return most


def truth(view: View, ids: Ids, targets: Sequence[Target]) -> npt.NDArray[np.float64]:
    """True values (n, t) as the table has them, NaN where unknown.

    Texts are the indices of their classes, -1 for one that training did not have.
    """
    rows = view.rows(ids).tolist()
    parts = []
    for target in targets:
        spectrum = spectrum_of(view.columns, target.source)
        if spectrum is not None:
            parts.append(spectrum.take(np.array(rows, dtype=np.int64)).astype(np.float64))
            continue
        nothing = np.full(target.columns, np.nan)
        codes = [target.code(cell) for cell in cells_of(view.columns, target, rows).cells]
        flat = [nothing if code is None else np.asarray(code).ravel() for code in codes]
        parts.append(np.array(flat, dtype=np.float64).reshape(len(rows), target.columns))
    return np.concatenate(parts, 1)


def samples_for(
    view: View, ids: Ids, targets: Sequence[Target] = (), normalizer: Normalizer | None = None
) -> Samples:
    """Materials as arrays, for plugins with a fit of their own; targets normalised in float64."""
    inputs = {spec: feature.dense(ids.tolist()) for spec, feature in view.features.items()}
    values = truth(view, ids, targets) if targets else np.empty((len(ids), 0))
    mask = np.isfinite(values)
    if targets and normalizer is not None:
        values = normalizer.encode(values)
    return Samples(ids, inputs, np.where(mask, values, 0.0), mask)


def fit_normalizer(
    view: View, ids: Ids, targets: Sequence[Target], settings: TrainSettings
) -> Normalizer:
    """A normalizer of the targets of the training part; all but numbers stay as they are.

    Raises
    ------
    ConfigError
        If logarithms are asked for and a target is not normalised.
    """
    scalings = {t.name: "none" if t.has_probabilities else t.normalizer for t in targets}
    plain = [name for name, scaling in scalings.items() if scaling == "none"]
    kind = "none" if len(plain) == len(targets) else settings.normalizer
    if kind == "log10" and plain:
        raise ConfigError(
            f"the normalizer log10 is of all targets of a run, and {', '.join(plain)} stays as it "
            "is",
            next_step="choose another normalizer, or train a run for each target",
        )
    parts = []
    for target in targets:
        values = truth(view, ids, (target,))
        parts.append(_fitted(kind, scalings[target.name], values))
    return Normalizer.joined(kind, parts)


def _fitted(kind: str, scaling: str, values: npt.NDArray[np.float64]) -> Normalizer:
    """The normalizer of one target (n, k), of one shift and scale if it is to be a scalar."""
    present = np.isfinite(values)
    if scaling == "none":
        return Normalizer.fit("none", values, present)
    if scaling == "pointwise":
        return Normalizer.fit(kind, values, present)
    single = Normalizer.fit(kind, values.reshape(-1, 1), present.reshape(-1, 1))
    wide = values.shape[1]
    return Normalizer(kind, np.repeat(single.shift, wide), np.repeat(single.scale, wide))
