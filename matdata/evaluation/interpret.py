"""Interpretation of the networks of finished runs: feature maps, and contributions of elements.

A network supports this by methods: ``feature_maps(batch)`` returns rows (K, channels) and the
offsets of each compound (b + 1,); ``contributions(batch)`` returns values (K, t) and logarithms of
standard deviations of the elements of each compound, in the order of the `edm` input.
`matdata.evaluation.edges` uses one more, and embeddings are those of `TorchTrainer.embeddings`. No
targets are read, so a sealed test part stays sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from matdata.core.crystals import Float, Int, Ragged, offsets_of
from matdata.core.errors import ConfigError
from matdata.evaluation.interpretable import Interpretable, interpreting, network
from matdata.features.base import Featurizer
from matdata.features.one_cell import require_one_cell
from matdata.load.batch import Batch
from matdata.load.inputs.formula import ElementMatrixBatch
from matdata.load.loader import Loader
from matdata.splits.saved import load_split
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.batch_of import batch_of
from matdata.training.data import View, device_of, loader_for
from matdata.training.inputs import features_of
from matdata.training.predict import normalizer_of
from matdata.training.run import Run

Ids = npt.NDArray[np.str_]


def materials_of(run: Run, part: str, containing: str | None = None) -> Ids:
    """Sorted ids, (n,), of a part of the run's split (or ``all``), optionally with an element.

    Raises
    ------
    ConfigError
        If there are none.
    """
    dataset = find_dataset(run.cache, run.dataset_ref)
    ids = dataset.ids
    if part != "all":
        ids = load_split(dataset, run.split["name"]).ids(part)
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
    """Materials of a part that have the features of all runs.

    Parameters
    ----------
    runs
        Runs of one dataset and split.
    part, containing
        As in `materials_of`.

    Returns
    -------
    ids : (n,)
        Those that have the features of every run, sorted.
    lost
        Per run the number of its materials for which others lack a feature; runs that lose none are
        left out.

    Raises
    ------
    ConfigError
        If no material has the features of all.
    """
    by_run = {run.name: materials_of(run, part, containing) for run in runs}
    common = next(iter(by_run.values()))
    for ids in by_run.values():
        common = np.intersect1d(common, ids)
    if not len(common):
        raise ConfigError(
            f"no material of part {part!r} has the features of all of {', '.join(by_run)}",
            next_step="compare runs that read the same features",
        )
    lost = {name: len(ids) - len(common) for name, ids in by_run.items() if len(ids) > len(common)}
    return common, lost


def _having(dataset: DatasetFolder, ids: Ids, symbol: str) -> npt.NDArray[np.bool_]:
    from matdata.core.composition import parse_formula

    number = next(iter(parse_formula(symbol)))
    formulas = dict(zip(dataset.ids.tolist(), dataset.columns["formula"], strict=True))
    return np.array([number in parse_formula(formulas[name]) for name in ids.tolist()])


def require_same_sites(runs: Iterable[Run]) -> None:
    """Refuse to compare feature maps of runs whose sites are those of different cells.

    Raises
    ------
    ConfigError
        If they are; names two runs, and the setting.
    """
    named: dict[str, Featurizer] = {}
    for run in runs:
        features = features_of(run, find_dataset(run.cache, run.dataset_ref))
        named |= {f"{spec} of {run.name!r}": one.featurizer for spec, one in features.items()}
    require_one_cell(named, "one comparison")


def feature_maps(run: Run, ids: Ids, device: str = "auto") -> Ragged:
    """Feature maps of materials of the run's dataset, in the order of `ids` (n, sorted).

    Raises
    ------
    ConfigError
        If the network has no ``feature_maps``.
    DeviceError
        If the device or the memory of the machine is full, or the device was lost.
    """
    parts: dict[int, Float] = {}
    with interpreting(run, device):
        model = network(run, "feature_maps", device)
        for batch in _batches(run, ids, device):
            rows, offsets = model.feature_maps(batch)
            ends, values = offsets.cpu().numpy(), rows.double().cpu().numpy()
            for position, row in enumerate(batch.rows.tolist()):
                parts[row] = values[ends[position] : ends[position + 1]]
        ordered = [parts[row] for row in sorted(parts)]
        return Ragged(np.concatenate(ordered), offsets_of([len(part) for part in ordered]))


def elements_of(run: Run, ids: Ids, device: str = "auto") -> Ragged:
    """Atomic numbers of the rows of `feature_maps`, for the same materials in the same order."""
    parts: dict[int, Int] = {}
    for batch in _batches(run, ids, device):
        composition = batch.get("edm", ElementMatrixBatch)
        numbers, owner = composition.numbers.cpu().numpy(), composition.crystal.cpu().numpy()
        for position, row in enumerate(batch.rows.tolist()):
            parts[row] = numbers[owner == position].astype(np.int64)
    ordered = [parts[row] for row in sorted(parts)]
    return Ragged(np.concatenate(ordered), offsets_of([len(part) for part in ordered]))


def _batches(run: Run, ids: Ids, device: str) -> Loader:
    dataset = find_dataset(run.cache, run.dataset_ref)
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
        Contributions in the unit of the target (or of its logarithm, if the run learnt that);
        the mean over the elements of a compound is its prediction.
    standard_deviations : (K,) float64
        Standard deviations, NaN if the run learnt none.
    compound : (K,) int64
        Row of the compound of each contribution.
    """

    numbers: Int
    values: Float
    standard_deviations: Float
    compound: Int


def contributions(run: Run, batches: Iterable[Batch], model: Interpretable) -> Shares:
    """Contributions of the elements in batches (of `loader_for` or `batch_of`)."""
    normalizer = normalizer_of(run)
    scale, shift = float(normalizer.scale[0]), float(normalizer.shift[0])
    columns: list[list[Float]] = [[], [], [], []]
    for batch in batches:
        with torch.no_grad():
            values, log_deviations = model.contributions(batch)
        composition = batch.get("edm", ElementMatrixBatch)
        if log_deviations.shape[1] == 0:
            log_deviations = torch.full_like(values, float("nan"))
        first_target, log_deviation = (
            values[:, 0].cpu().double(),
            log_deviations[:, 0].cpu().double(),
        )
        decoded = (composition.numbers, first_target * scale + shift, log_deviation.exp() * scale)
        for column, part in zip(columns, (*decoded, batch.rows[composition.crystal]), strict=True):
            column.append(part.cpu().double().numpy())
    numbers, shares, deviations, compound = (np.concatenate(column) for column in columns)
    return Shares(numbers.astype(np.int64), shares, deviations, compound.astype(np.int64))


def by_element(run: Run, ids: Ids, device: str = "auto") -> dict[int, tuple[float, int]]:
    """Mean contribution per element over materials, and their number, by atomic number.

    Raises
    ------
    ConfigError
        If the network has no ``contributions``.
    DeviceError
        As in `feature_maps`.
    """
    with interpreting(run, device):
        model = network(run, "contributions", device)
        shares = contributions(run, _batches(run, ids, device), model)
    means = {}
    for number in np.unique(shares.numbers).tolist():
        selected = shares.values[shares.numbers == number]
        means[int(number)] = (float(selected.mean()), len(selected))
    return means


def along_binary(
    run: Run, first: str, second: str, points: int = 49, device: str = "auto"
) -> Mapping[str, Sequence[float]]:
    """Contributions along ``first_x second_(1-x)`` (figure 8 of Du et al.: SixO1-x).

    Returns
    -------
    dict
        ``x``; ``prediction`` and its standard deviation, as ``std``; contributions by symbol.

    Raises
    ------
    ConfigError
        If the two are not different elements, or there are no points.
    DeviceError
        As in `feature_maps`.
    """
    from matdata.core.composition import Compositions

    low, high = _two_elements(first, second, points)
    x = np.arange(1, points + 1) / (points + 1)
    amounts = [{low: float(value), high: float(1 - value)} for value in x]
    formulas = Compositions.from_amounts([f"{value:.6f}" for value in x], amounts)
    with interpreting(run, device) as home:
        model = network(run, "contributions", device)
        batch: Batch = batch_of(run.schema.featurizers, formulas, device=str(home))
        shares = contributions(run, [batch], model)
    curves = {}
    for symbol, number in ((first, low), (second, high)):
        selected = shares.numbers == number
        order = np.argsort(shares.compound[selected])
        curves[symbol] = (
            shares.values[selected][order],
            shares.standard_deviations[selected][order],
        )
    prediction = (curves[first][0] + curves[second][0]) / 2
    # the model's log standard deviation is the mean of those of the elements
    deviation = np.sqrt(curves[first][1] * curves[second][1])
    curves_by_name = {"x": x, "prediction": prediction, "std": deviation}
    curves_by_name |= {symbol: values for symbol, (values, _) in curves.items()}
    return {name: values.tolist() for name, values in curves_by_name.items()}


def _two_elements(first: str, second: str, points: int) -> tuple[int, int]:
    """Atomic numbers of the two different elements of a binary."""
    from matdata.core.composition import parse_formula

    numbers = [*parse_formula(first), *parse_formula(second)]
    if points < 1 or len(numbers) != 2 or numbers[0] == numbers[1]:
        raise ConfigError(
            f"a binary of {first!r} and {second!r} at {points} points",
            next_step="name two different elements, such as Si-O, and at least one point",
        )
    return numbers[0], numbers[1]
