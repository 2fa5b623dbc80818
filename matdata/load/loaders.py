"""The loaders of a split: train, val and test, and the normalizer fitted on train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias

import numpy as np

from matdata.core.console import SILENT, Console
from matdata.core.errors import ConfigError, SplitError, did_you_mean
from matdata.features.opened import DatasetLike
from matdata.load.loader import Loader, loader_of
from matdata.load.normalizer import Normalizer
from matdata.load.options import LoadOptions
from matdata.load.views import B_co
from matdata.splits import PARTS, Split, make_splits, parse_ratios
from matdata.splits.saved import HasSplits, load_split

#: Name of a saved split (the only one if None), ratios such as ``70/15/15``, or the split itself,
#: also as material ids by part.
SplitLike: TypeAlias = "str | Split | Mapping[str, Sequence[str]] | None"

#: What belongs to training alone: other parts are read whole, in order, unweighted.
OF_TRAINING = ("fraction", "sample_weights", "weights", "drop_last", "shuffle")


class SplitDataset(DatasetLike, HasSplits, Protocol):
    """An opened dataset with saved splits: `matdata.Dataset`."""


@dataclass(frozen=True)
class Loaders(Generic[B_co]):
    """Loaders of a split; unpacks as ``train, val, test``. Generic as `Loader`.

    Attributes
    ----------
    train, val, test
        Loaders of the parts; None for a part that the split has not or that was not asked for.
    split
        The split.
    normalizer
        What the targets of batches went through; if they are in their units, a standard one fitted
        to the training materials. None without targets.
    """

    train: Loader[B_co] | None
    val: Loader[B_co] | None
    test: Loader[B_co] | None
    split: Split
    normalizer: Normalizer | None

    def __iter__(self) -> Iterator[Loader[B_co] | None]:
        return iter((self.train, self.val, self.test))

    def __getitem__(self, part: str) -> Loader[B_co]:
        """The loader of a part.

        Raises
        ------
        SplitError
            If there is none.
        """
        loader: Loader[B_co] | None = getattr(self, part) if part in PARTS else None
        if loader is None:
            there = [name for name in PARTS if getattr(self, name) is not None]
            raise SplitError(
                f"split {self.split.name!r} has no loader for {part!r}{did_you_mean(part, there)}",
                next_step=f"parts there are: {', '.join(there)}",
            )
        return loader


def find_split(dataset: SplitDataset, split: SplitLike, seed: int = 0) -> Split:
    """The split that was meant.

    Parameters
    ----------
    dataset
        A `matdata.Dataset`.
    split
        As `SplitLike`.
    seed
        Seed of a split by ratios.

    Raises
    ------
    StoreError
        If there is no saved split of that name.
    SplitError
        If the split is no split of this dataset.
    """
    if isinstance(split, Split):
        return split
    if isinstance(split, Mapping):
        parts = {part: np.asarray(ids, dtype=np.str_) for part, ids in split.items()}
        return Split("given", "given", {}, parts)
    if isinstance(split, str) and split not in dataset.split_names():
        try:
            parse_ratios(split)
        except SplitError:
            return load_split(dataset, split)  # says which there are
        return make_splits("random", dataset.ids, None, {"ratios": split, "seed": seed})[0]
    return load_split(dataset, split)


def make_loaders(
    dataset: SplitDataset,
    inputs: Sequence[str],
    target: str | Sequence[str] | None = None,
    *,
    split: SplitLike = None,
    split_seed: int = 0,
    parts: Sequence[str] | None = None,
    normalizer: str | Normalizer | None = None,
    console: Console = SILENT,
    **options: object,
) -> Loaders:
    """Loaders of the parts of a split.

    Only the training loader shuffles, and takes a fraction, weights and `drop_last`; the others
    give each material once, in the order of the dataset.

    Parameters
    ----------
    dataset
        A `matdata.Dataset`.
    inputs, target, options
        As of `matdata.load.loader.make_loader`.
    split, split_seed
        As `split` and `seed` of `find_split`.
    parts
        Parts that are wanted; all that the split has if None.
    normalizer
        What the targets of batches go through in float64 before they are float32: the name of a
        kind (`matdata.load.normalizer.KINDS`), fitted to the training part, or a `Normalizer`.
        `Loaders.normalizer` decodes what a model predicts. None leaves their units.
    console
        Receives the mode of each loader and why it was chosen.

    Raises
    ------
    SplitError
        If a part is asked for that the split has not, or it is no split of this dataset.
    ConfigError
        If a normalizer is to be fitted, and the training part is not among the parts.
    """
    whole = find_split(dataset, split, split_seed)
    wanted = tuple(whole.parts) if parts is None else tuple(parts)
    if target and isinstance(normalizer, str) and "train" not in wanted:
        raise ConfigError(
            f"normalizer {normalizer!r} is fitted to the training part, which is not asked for",
            next_step="ask for train as well, or give the normalizer of its loaders",
        )
    loaders: dict[str, Loader] = {}
    for part in sorted(wanted, key=lambda part: part != "train"):
        own = _options_of(part, options) | {"normalizer": normalizer}
        loaders[part] = loader_of(
            dataset,
            whole.ids(part),
            inputs,
            target,
            LoadOptions.from_mapping(own),
            what=f"part {part!r} of split {whole.name!r}",
            console=console if part == "train" else SILENT,
        )
        normalizer = loaders[part].encoded_by
        console.say(f"{part}: {loaders[part].describe()}")
    fitted = normalizer if isinstance(normalizer, Normalizer) else None
    if fitted is None and target and "train" in loaders:
        fitted = loaders["train"].normalizer()
    train, val, test = (loaders.get(part) for part in PARTS)
    return Loaders(train, val, test, whole, fitted)


def make_part_loader(
    dataset: SplitDataset,
    part: str | None,
    inputs: Sequence[str],
    target: str | Sequence[str] | None = None,
    *,
    split: SplitLike = None,
    split_seed: int = 0,
    normalizer: str | Normalizer | None = None,
    console: Console = SILENT,
    **options: object,
) -> Loader:
    """A loader of one part of a split, or of the whole dataset if `part` is None.

    Other arguments are those of `make_loaders`.

    Raises
    ------
    SplitError
        If the split has no such part, or is no split of this dataset.
    ConfigError
        If a split is given and no part of it is asked for, or as `make_loader`.
    """
    if part is not None:
        loaders = make_loaders(
            dataset,
            inputs,
            target,
            split=split,
            split_seed=split_seed,
            parts=[part],
            normalizer=normalizer,
            console=console,
            **options,
        )
        return loaders[part]
    if split is not None:
        raise ConfigError(
            f"split {split!r:.80} is given, and no part of it is asked for",
            next_step="ask for a part (train, val or test), or leave the split out",
        )
    chosen = LoadOptions.from_mapping(options | {"normalizer": normalizer})
    return loader_of(dataset, None, inputs, target, chosen, console=console)


def _options_of(part: str, options: Mapping[str, object]) -> dict[str, object]:
    own = dict(options)
    if part == "train":
        own.setdefault("shuffle", True)
        return own
    return {name: value for name, value in own.items() if name not in OF_TRAINING}
