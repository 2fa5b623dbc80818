"""Targets of a run: size, unit and task, inferred from the training part alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, first_few
from matdata.core.expressions import TARGET_DOMAIN, Expression, parse_expression
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.apply_request import apply_request
from matdata.training.contract import Trainer
from matdata.training.prediction_columns import require_distinct
from matdata.training.target import BOOLEAN, Target, Task
from matdata.training.target_cells import cells_of, spectrum_of
from matdata.training.target_kinds import label_target, sequence_target, share_target
from matdata.training.target_request import TargetRequest

Ids = npt.NDArray[np.str_]
#: Texts that differ more often than this are no classes; few may be there once each.
MOST_TEXTS, FEW_TEXTS = 1000, 20


def infer_targets(
    dataset: DatasetFolder,
    texts: Sequence[str],
    task: Task | None,
    train: Ids,
    trainer: Trainer,
    requests: Mapping[str, TargetRequest] | None = None,
    valid: Ids | None = None,
) -> tuple[Target, ...]:
    """Name, size, unit and task of each target, a column or an expression over columns.

    Raises
    ------
    ConfigError
        If a column is missing, named twice, or holds nothing that the trainer learns; if an
        expression is none, or of no unit; if columns of predictions could have one name.
    """
    if not texts:
        raise ConfigError("no target was named", next_step="add --target COLUMN")
    expressions = [parse_expression(text, dataset.columns, dataset.ref) for text in texts]
    names = [expression.name for expression in expressions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"target {', '.join(map(repr, twice))} is named more than once",
            next_step="name each target once",
        )
    rows = dataset.rows(train).tolist()
    requests = requests or {}
    both = train if valid is None else np.concatenate([train, valid])
    targets = []
    for text, expression in zip(texts, expressions, strict=True):
        request = requests.get(text) or requests.get(expression.name)
        target = _target(dataset, expression, (request.task if request else None) or task, rows)
        targets.append(apply_request(target, request, dataset, both))
    require_distinct(targets)
    _require_learnt(targets, trainer)
    return tuple(targets)


def _require_learnt(targets: Sequence[Target], trainer: Trainer) -> None:
    """Refuse targets of a kind, or of several kinds, that the trainer does not learn."""
    if len({target.task for target in targets}) > 1 and not trainer.mixes_tasks:
        raise ConfigError(
            f"{trainer.name} learns targets of one kind in a run: all numbers or all classes, not "
            "both",
            next_step="train a run for each kind",
        )
    for target in targets:
        if not trainer.learns(target.task):
            raise ConfigError(
                f"{trainer.name} learns {' and '.join(trainer.tasks)}, not {target.task} "
                f"of {target.name}",
                next_step="`matdata plugins` lists what each trainer learns",
            )


def _target(
    dataset: DatasetFolder, expression: Expression, task: Task | None, rows: list[int]
) -> Target:
    spectrum = spectrum_of(dataset.columns, expression.name) if expression.is_column else None
    if spectrum is not None and len(spectrum.having(rows)):
        unit = expression.unit(dataset.units)
        return Target(expression.name, spectrum.size, unit, "regression", shape=(spectrum.size,))
    cells = expression.cells(dataset.columns, rows)
    values = [cell for cell in cells.cells if cell is not None]
    if not values:
        outside = f": {sum(cells.outside):,} {TARGET_DOMAIN}" if any(cells.outside) else ""
        raise ConfigError(f"no material of the training part has a {expression.name}{outside}")
    target = _described(expression.name, values, expression.unit(dataset.units), task)
    return target if expression.is_column else replace(target, expression=expression.name)


def _described(name: str, values: list[object], unit: str, task: Task | None) -> Target:
    """Infer a target from its values in the training part."""
    if task == "multi_label":
        return label_target(name, values)
    if task == "distribution":
        return share_target(name, values)
    if task == "sequence":
        return sequence_target(name, values)
    if task == "classification" or (task is None and isinstance(values[0], (bool, str))):
        return _class_target(name, values, unit)
    if isinstance(values[0], str):
        raise ConfigError(
            f"{name} holds text, for example {shortened(values[0])!r}; a regression learns numbers",
            next_step="leave out --task regression to learn its texts as classes, or choose a "
            "column of numbers",
        )
    worded = next((value for value in values if _holds_text(value)), None)
    if worded is not None:
        raise ConfigError(
            f"{name} holds lists of texts, for example {shortened(str(worded))}; a regression "
            "learns numbers",
            next_step=f"learn them as labels, with the objective multi_label ({name}=multi_label), "
            f"or as words in order, with sequence ({name}=sequence)",
        )
    shapes = {_shape(name, value) for value in values}
    if len(shapes) > 1:
        sizes = sorted({math.prod(shape) for shape in shapes})
        raise ConfigError(f"arrays of {name} differ in length: {sizes}")
    shape = shapes.pop()
    return Target(name, math.prod(shape), unit, "regression", shape=shape)


def _holds_text(value: object) -> bool:
    """Whether the first known item of a list, or of the lists within it, is a text."""
    while isinstance(value, (list, tuple)):
        value = next((item for item in value if item is not None), None)
    return isinstance(value, str)


def _shape(name: str, value: object) -> tuple[int, ...]:
    """Shape of a cell: of a list its length, of lists within it theirs as well."""
    if not isinstance(value, (list, tuple)):
        return ()
    if not value or not isinstance(value[0], (list, tuple)):
        return (len(value),)
    try:
        return np.shape(value)
    except ValueError as error:
        raise ConfigError(f"lists within an array of {name} differ in length") from error


def _class_target(name: str, values: list[object], unit: str) -> Target:
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        kinds = _texts(name, texts)
        return Target(name, len(kinds), unit, "classification", kinds)
    size = _classes(name, values)
    named = BOOLEAN if all(isinstance(value, bool) for value in values) else ()
    return Target(name, size, unit, "classification", named)


def _texts(name: str, values: list[str]) -> tuple[str, ...]:
    """Classes of a column of text, sorted."""
    counts = Counter(values)
    kinds = tuple(sorted(counts))
    counted = f"{len(kinds):,} different texts in {len(values):,} materials of the training part"
    shown = ", ".join(repr(shortened(kind)) for kind in kinds[:3])
    if len(kinds) > MOST_TEXTS or (len(kinds) > FEW_TEXTS and 2 * len(kinds) > len(values)):
        raise ConfigError(
            f"{name} looks like free text, not like classes: {counted}, for example {shown}",
            cause=f"classes are at most {MOST_TEXTS:,} texts, each of which is there twice or more "
            "on average",
            next_step="choose a column with a few different texts, or numbers",
        )
    if len(kinds) == 1:
        raise ConfigError(
            f"{name} is {shown} for all {len(values):,} materials of the training part, so there "
            "is nothing to learn",
            next_step="choose another column, or make a split with every class in train",
        )
    return kinds


def shortened(text: str) -> str:
    """A text that fits a message."""
    return text if len(text) <= 40 else f"{text[:40]}…"


def _classes(name: str, values: list[object]) -> int:
    indices = [value for value in values if is_class(value)]
    wrong = [value for value in values if not is_class(value)]
    if wrong:
        raise ConfigError(
            f"{name} holds no classes, for example {wrong[0]!r}: expected text, true and false, "
            "or whole numbers from 0",
            next_step="encode the column as whole numbers from 0, one for each class, and build "
            "the dataset again",
        )
    return max(2, int(max(indices)) + 1)


def is_class(value: object) -> TypeGuard[float]:
    """Whether a value is the index of a class: a whole number from 0, or true or false."""
    return isinstance(value, (bool, int, float)) and value >= 0 and float(value).is_integer()


def require_classes(dataset: DatasetFolder, targets: tuple[Target, ...], valid: Ids) -> None:
    """Check that validation has no classes but those that training could give.

    Raises
    ------
    ConfigError
        With the classes and some of the materials.
    """
    _require(dataset, targets, valid, "validation", ", or add --no-validation")


def require_names(dataset: DatasetFolder, targets: tuple[Target, ...], test: Ids) -> None:
    """Check that test materials have no class with a name that training did not have.

    Raises
    ------
    ConfigError
        With the classes and some of the materials.
    """
    named = tuple(target for target in targets if target.classes)
    _require(dataset, named, test, "the test part", " and train on it")


def _require(
    dataset: DatasetFolder, targets: tuple[Target, ...], ids: Ids, part: str, more: str
) -> None:
    rows = dataset.rows(ids).tolist()
    for target in targets:
        if not target.labels:
            continue
        cells = cells_of(dataset.columns, target, rows).cells
        fits = [cell is None or _has_class(target, cell) for cell in cells]
        beyond = np.flatnonzero(~np.array(fits, dtype=bool))
        if len(beyond):
            kinds = sorted({shortened(str(cells[place])) for place in beyond.tolist()})
            raise ConfigError(
                f"{target.name}: {part} holds classes beyond the {len(target.labels)} of train: "
                f"{', '.join(kinds[:10])} (of {first_few(ids[beyond])})",
                cause="no material of the training part has such a class",
                next_step=f"make a split with every class in train{more}",
            )


def _has_class(target: Target, cell: object) -> bool:
    if target.task == "sequence":  # a word that train lacks is never right, the others may be
        return isinstance(cell, (list, tuple)) and all(isinstance(word, str) for word in cell)
    if target.task == "multi_label":
        if isinstance(cell, str) and target.is_of_elements:
            return True
        labels = cell if isinstance(cell, (list, tuple)) else [cell]
        return not target.classes or set(labels) <= set(target.classes)
    if target.classes:
        return cell in target.classes
    return is_class(cell) and cell < target.size


def with_value(dataset: DatasetFolder, targets: tuple[Target, ...], ids: Ids) -> Ids:
    """Those of the ids that have at least one of the targets."""
    rows = dataset.rows(ids).tolist()
    has_value = np.zeros(len(ids), dtype=bool)
    for target in targets:
        spectrum = spectrum_of(dataset.columns, target.source)
        if spectrum is not None:
            has_value |= spectrum.place[rows] >= 0
            continue
        cells = cells_of(dataset.columns, target, rows).cells
        has_value |= np.fromiter((cell is not None for cell in cells), bool, len(ids))
    return ids[has_value]
