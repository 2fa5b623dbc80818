"""What networks of finished runs hold inside: feature maps, and contributions of elements.

A network takes part by having methods: ``feature_maps(batch)`` returns rows (K, width) and where
those of each compound begin (b + 1,); ``contributions(batch)`` returns values (K, t) and log
spreads of the elements of each compound, in the order of the `edm` input; ``embeddings(batch)``
returns a vector a compound. `matdata.evaluation.edges` has one more. No targets are read, so a
sealed test part stays sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from matdata.core.crystals import Float, Int, Ragged, offsets_of
from matdata.core.errors import ConfigError
from matdata.load.batch import Batch
from matdata.splits.saved import load_split
from matdata.store.catalogue import find_dataset
from matdata.training.batch_of import batch_of
from matdata.training.contract import TorchTrainer
from matdata.training.data import View, device_of, loader_for
from matdata.training.predict import features_of, networks, normalizer_of
from matdata.training.run import Run

Ids = npt.NDArray[np.str_]


def network(run: Run, method: str, device: str = "auto") -> Any:
    """The first member of a run, which has to have a method.

    Raises
    ------
    ConfigError
        If its plugin has no network, or the network lacks the method.
    """
    if not isinstance(run.trainer, TorchTrainer):
        raise ConfigError(f"run {run.name!r} is of {run.trainer.name}, which has no network")
    model = networks(run, device_of(run.settings.replace(device=device)))[0]
    if not hasattr(model, method):
        raise ConfigError(
            f"the network of {run.trainer.name} has no {method}, so run {run.name!r} cannot be "
            "looked into",
            next_step="its model class may define it; see matdata.evaluation.interpret",
        )
    return model


def materials_of(run: Run, part: str, containing: str | None = None) -> Ids:
    """Materials of a part of the run's split (or ``all``), optionally those with an element.

    Raises
    ------
    ConfigError
        If there are none.
    """
    dataset = find_dataset(run.cache, run.manifest["dataset"]["ref"])
    ids = dataset.ids
    if part != "all":
        ids = load_split(dataset, run.manifest["split"]["name"]).ids(part)
    features = features_of(run, dataset)
    for feature in features.values():
        ids = ids[np.isin(ids, feature.ids)]
    if containing is not None:
        ids = ids[_having(dataset, ids, containing)]
    if not len(ids):
        with_element = f" that contain {containing}" if containing else ""
        raise ConfigError(f"part {part!r} of {dataset.ref} has no materials{with_element}")
    return np.sort(ids)


def common_materials(
    runs: Sequence[Run], part: str, containing: str | None = None
) -> tuple[Ids, dict[str, int]]:
    """Materials of a part that all runs can look at.

    Parameters
    ----------
    runs
        Of one dataset and split.
    part, containing
        As in `materials_of`.

    Returns
    -------
    ids
        Those that have the features of every run, sorted.
    lost
        By run how many of its materials others lack a feature for; runs that lose none are left
        out.

    Raises
    ------
    ConfigError
        If no material has the features of all.
    """
    own = {run.name: materials_of(run, part, containing) for run in runs}
    common = next(iter(own.values()))
    for ids in own.values():
        common = np.intersect1d(common, ids)
    if not len(common):
        raise ConfigError(
            f"no material of part {part!r} has the features of all of {', '.join(own)}",
            next_step="compare runs that read the same features",
        )
    lost = {name: len(ids) - len(common) for name, ids in own.items() if len(ids) > len(common)}
    return common, lost


def _having(dataset: Any, ids: Ids, symbol: str) -> npt.NDArray[np.bool_]:
    from matdata.core.composition import parse_formula

    wanted = next(iter(parse_formula(symbol)))
    formulas = dict(zip(dataset.ids.tolist(), dataset.columns["formula"], strict=True))
    return np.array([wanted in parse_formula(formulas[name]) for name in ids.tolist()])


def feature_maps(run: Run, ids: Ids, device: str = "auto") -> Ragged:
    """Feature maps of materials of the run's dataset, in the order of `ids` (sorted)."""
    model = network(run, "feature_maps", device)
    parts: dict[int, Float] = {}
    for batch in _batches(run, ids, device):
        with torch.no_grad():
            rows, offsets = model.feature_maps(batch)
        ends, values = offsets.cpu().numpy(), rows.double().cpu().numpy()
        for place, row in enumerate(batch.rows.tolist()):
            parts[row] = values[ends[place] : ends[place + 1]]
    ordered = [parts[row] for row in sorted(parts)]
    return Ragged(np.concatenate(ordered), offsets_of([len(part) for part in ordered]))


def embeddings(run: Run, ids: Ids, device: str = "auto") -> Float:
    """Materials of the run's dataset as vectors, (n, width) in the order of `ids` (sorted).

    The network has ``embeddings(batch)``, which returns what it pools, (b, width).

    Raises
    ------
    ConfigError
        If it has not.
    """
    model = network(run, "embeddings", device)
    parts: dict[int, Float] = {}
    for batch in _batches(run, ids, device):
        with torch.no_grad():
            vectors = model.embeddings(batch).double().cpu().numpy()
        parts.update(zip(batch.rows.tolist(), vectors, strict=True))
    return np.stack([parts[row] for row in sorted(parts)])


def _batches(run: Run, ids: Ids, device: str) -> Any:
    dataset = find_dataset(run.cache, run.manifest["dataset"]["ref"])
    view = View.of(dataset, features_of(run, dataset))
    settings = run.settings.replace(device=device)
    return loader_for(view, ids, (), settings, device=device_of(settings), widen=True)


@dataclass(frozen=True, eq=False)
class Shares:
    """Contributions of elements to the first target of a run.

    Attributes
    ----------
    numbers : (K,) int64
        Atomic numbers.
    values : (K,) float64
        Contributions in the unit of the target (or of its logarithm, if the run learnt that); the
        mean over the elements of a compound is its prediction.
    spreads : (K,) float64
        Standard deviations, NaN where the run learnt none.
    compound : (K,) int64
        Row of the compound of each.
    """

    numbers: Int
    values: Float
    spreads: Float
    compound: Int


def contributions(run: Run, batches: Any, model: Any) -> Shares:
    """Contributions in batches (of `loader_for` or `batch_of`)."""
    normalizer = normalizer_of(run)
    scale, shift = float(normalizer.scale[0]), float(normalizer.shift[0])
    columns: list[list[Any]] = [[], [], [], []]
    for batch in batches:
        with torch.no_grad():
            values, spreads = model.contributions(batch)
        read = batch["edm"]
        if spreads.shape[1] == 0:
            spreads = torch.full_like(values, float("nan"))
        exact, spread = values[:, 0].cpu().double(), spreads[:, 0].cpu().double()
        found = (read.numbers, exact * scale + shift, spread.exp() * scale)
        for column, part in zip(columns, (*found, batch.rows[read.crystal]), strict=True):
            column.append(part.cpu().double().numpy())
    numbers, values, spreads, compound = (np.concatenate(column) for column in columns)
    return Shares(numbers.astype(np.int64), values, spreads, compound.astype(np.int64))


def by_element(run: Run, ids: Ids, device: str = "auto") -> dict[int, tuple[float, int]]:
    """Mean contribution of each element over materials, and their number, by atomic number."""
    model = network(run, "contributions", device)
    shares = contributions(run, _batches(run, ids, device), model)
    found = {}
    for number in np.unique(shares.numbers).tolist():
        mine = shares.values[shares.numbers == number]
        found[int(number)] = (float(mine.mean()), len(mine))
    return found


def along_binary(
    run: Run, first: str, second: str, points: int = 49, device: str = "auto"
) -> Mapping[str, Sequence[float]]:
    """Contributions along ``first_x second_(1-x)`` (figure 8 of Du et al.: SixO1-x).

    Returns
    -------
    dict
        ``x``; ``prediction`` and its ``spread``; by symbol the contributions.

    Raises
    ------
    ConfigError
        If the two are not two elements, or there are no points.
    """
    from matdata.core.composition import Compositions, parse_formula

    pair = [parse_formula(first), parse_formula(second)]
    if points < 1 or any(len(one) != 1 for one in pair) or pair[0].keys() == pair[1].keys():
        raise ConfigError(f"a binary of {first!r} and {second!r} at {points} points")
    low, high = (next(iter(one)) for one in pair)
    x = np.arange(1, points + 1) / (points + 1)
    amounts = [{low: float(value), high: float(1 - value)} for value in x]
    formulas = Compositions.from_amounts([f"{value:.6f}" for value in x], amounts)
    model = network(run, "contributions", device)
    target = str(device_of(run.settings.replace(device=device)))
    batch: Batch = batch_of(run.schema.featurizers, formulas, device=target)
    shares = contributions(run, [batch], model)
    curves = {}
    for symbol, number in ((first, low), (second, high)):
        mine = shares.numbers == number
        order = np.argsort(shares.compound[mine])
        curves[symbol] = (shares.values[mine][order], shares.spreads[mine][order])
    prediction = (curves[first][0] + curves[second][0]) / 2
    # the model's log spread is the mean of those of the elements
    spread = np.sqrt(curves[first][1] * curves[second][1])
    plain = {"x": x, "prediction": prediction, "spread": spread}
    plain |= {symbol: values for symbol, (values, _) in curves.items()}
    return {name: values.tolist() for name, values in plain.items()}
