"""The pictures of a screening as files, each on its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.errors import FeatureError
from matdata.core.units import with_unit
from matdata.evaluation.derive.rule import Rule
from matdata.evaluation.file_names import file_stems
from matdata.evaluation.pictures import Draw, Drawn
from matdata.evaluation.screening.screen import FORMULA, Screening, derived_predictions
from matdata.figures import require_matplotlib
from matdata.training.evaluated import predictions_on_record
from matdata.training.prediction import Predictions
from matdata.training.prediction_columns import MATERIAL_ID, Statistic, column_of
from matdata.training.run import RECORD
from matdata.training.target import Target

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture
    from matdata.figures.predicted_curves import Curve, Marks

Float = npt.NDArray[np.float64]
#: How many of what is kept are drawn, beside the materials that are named.
EXAMPLES = 2


def draw_screening(screening: Screening) -> Drawn:
    """Write the pictures of a screening; one that fails costs neither the others nor the table.

    ``kept`` (two numbers of the rule against each other), ``pairs`` and ``network`` of elements,
    and for examples with predicted arrays ``spectrum-<id>``.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    require_matplotlib()
    request, drawn = screening.request, Drawn()
    assert request.pictures is not None
    for stem, draw in _draws(screening):
        drawn.add(request.pictures, stem, request.look.format, draw)
    return drawn


def _draws(screening: Screening) -> Iterator[tuple[str, Draw]]:
    request = screening.request
    if request.rule is not None and len(request.rule.drawn) == 2:
        yield "kept", partial(_kept, screening)
    yield "pairs", partial(_pairs, screening)
    yield "network", partial(_network, screening)
    arrays = [one for each in request.runs for one in each.run.schema.targets if _is_curve(one)]
    kept = screening.columns()[MATERIAL_ID][:EXAMPLES]
    names = tuple(dict.fromkeys((*request.examples, *kept)))
    if not arrays or not names:
        return
    stems, predicted = file_stems(names), set(screening.table[MATERIAL_ID])
    for name in names:
        draw = partial(_spectrum, screening, name) if name in predicted else partial(_lost, name)
        yield f"spectrum-{stems[name]}", draw


def _is_curve(target: Target) -> bool:
    return target.task == "regression" and target.axis is not None


def _look(screening: Screening) -> Look:
    from matdata.figures.picture import Look

    request, about = screening.request, screening.request.about
    rule = () if request.rule is None else (f"rule {request.rule.spec}",)
    caption = [
        f"runs {', '.join(one.run.name for one in request.runs)}",
        f"screened {request.dataset.ref}",
        *rule,
        *(f"where {text}" for text in request.where),
        about.get("licence", ""),
    ]
    return Look(request.look.style, caption, {**about, "screened": request.dataset.ref})


def _kept(screening: Screening) -> Picture:
    from matdata.figures.screening import Plane, kept_among_all

    request = screening.request
    assert request.rule is not None
    by_name = {one.name: one for new in request.produced for one in new}
    both = [by_name[name] for name in request.rule.drawn]
    cells = [screening.table[column_of(one, Statistic.MEAN).name] for one in both]
    x, y = (np.array([np.nan if c is None else c for c in column]) for column in cells)
    x_label, y_label = (with_unit(one.name, one.unit) for one in both)
    plane = Plane(x, y, screening.kept, (x_label, y_label), request.rule.bands)
    title = f"Screening by {request.rule.name}: {len(screening):,} materials are kept"
    return kept_among_all(plane, title, _look(screening))


def _pairs(screening: Screening) -> Picture:
    from matdata.figures.screening import frequent_pairs

    pairs = screening.pairs
    title = f"Elements that occur together in {pairs.compositions:,} compositions"
    return frequent_pairs(pairs.pairs, title, _look(screening))


def _network(screening: Screening) -> Picture:
    from matdata.figures.screening import pair_network

    pairs, least = screening.pairs, screening.request.min_pairs
    title = f"Pairs of elements in {pairs.compositions:,} compositions"
    return pair_network(pairs.pairs, least, title, _look(screening))


def _lost(name: str) -> Picture:
    """What stands for the picture of a material without a prediction.

    Raises
    ------
    FeatureError
        Always.
    """
    raise FeatureError(f"{name} has no prediction of all runs")


def _spectrum(screening: Screening, name: str) -> Picture:
    """All arrays of a material on the axis of the first one, with what the rule marks there."""
    from matdata.figures.predicted_curves import predicted_curves

    request = screening.request
    predictions = derived_predictions(request, np.array([name]))
    curved = [one for one in predictions.targets if _is_curve(one)]
    axis = curved[0].axis
    assert axis is not None
    alike = [one for one in curved if one.axis is not None and one.axis.values == axis.values]
    curves = [_curve(screening, predictions, one) for one in alike]
    marks = None if request.rule is None else _marks(request.rule, predictions, alike)
    title = f"{request.dataset.columns[FORMULA][request.dataset.row(name)]} ({name})"
    label, look = with_unit(axis.name, axis.unit), _look(screening)
    return predicted_curves(np.array(axis.values), curves, label, title, marks, look)


def _marks(rule: Rule, predictions: Predictions, curved: Sequence[Target]) -> Marks:
    """Regions of a rule on the axis of arrays, and the place of its first number if it is there."""
    from matdata.figures.predicted_curves import Marks

    regions, lines = {}, {}
    for target in curved:
        assert target.axis is not None
        values = predictions.column(target, predictions.mean)[0]
        part = rule.region(target, np.array(target.axis.values), values)
        if part is not None:
            regions[f"{rule.name} region"] = part
    units = {one.axis.unit for one in curved if one.axis is not None}
    for target in predictions.targets:
        if rule.drawn[:1] == (target.name,) and {target.unit} == units:
            place = float(predictions.column(target, predictions.mean)[0, 0])
            if np.isfinite(place):
                lines[f"{target.name} {place:.3g} {target.unit}"] = place
    return Marks(lines, regions)


def _curve(screening: Screening, predictions: Predictions, target: Target) -> Curve:
    from matdata.figures.predicted_curves import Curve

    deviation = None
    if predictions.total is not None:
        deviation = predictions.column(target, predictions.total)[0]
        deviation = deviation if np.isfinite(deviation).all() else None
    true = _true_curve(screening, target, str(predictions.ids[0]))
    return Curve(target.name, predictions.column(target, predictions.mean)[0], deviation, true)


def _true_curve(screening: Screening, target: Target, name: str) -> Float | None:
    """The true array of a material of a test part that is open, from the record of its run."""
    for one in screening.request.runs:
        run = one.run
        same = run.dataset_ref == screening.request.dataset.ref
        if target in run.schema.targets and same and (run.folder / RECORD).is_file():
            table: Mapping[str, list[object]] = predictions_on_record(run)
            ids = table[MATERIAL_ID]
            if name in ids:
                cell = table[column_of(target, Statistic.TRUTH).name][ids.index(name)]
                return None if cell is None else np.asarray(cell, dtype=np.float64)
    return None
