"""``matdata nearest RUN QUERY``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.cli.predict import clipped, line_of, reject_lines
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch
from matdata.evaluation.arguments import canonical
from matdata.evaluation.similarity.arguments import NEAREST_OPTIONS, config_of_nearest
from matdata.store.config_file import write_config

if TYPE_CHECKING:
    from matdata.evaluation.similarity.neighbours import Neighbours

#: Materials that are shown with their neighbours.
SHOWN = 10


def run(given: argparse.Namespace) -> int:
    """List the training materials that are most similar to others."""
    fields = joined(given, NEAREST_OPTIONS, canonical)
    need_torch()
    from matdata.evaluation.similarity.request import NearestRequest

    request = NearestRequest.of(fields)
    if given.write_config:
        write_config(given.write_config, config_of_nearest(request))
    from matdata.evaluation.similarity.neighbours import find_nearest

    console = console_of(given)
    if remark := request.remark():
        console.warn(remark)
    neighbours = find_nearest(request)
    if given.json:
        print_json(_document(neighbours))
        return 0
    for line in reject_lines(neighbours.rejects, "embedding"):
        console.warn(line)
    if request.output is not None:
        console.say(f"wrote the neighbours of {len(neighbours):,} materials to {request.output}")
        return 0
    for line in _lines(neighbours):
        console.say(line)
    return 0


def _document(neighbours: Neighbours) -> JsonObject:
    request, limits = neighbours.request, neighbours.limits
    described = [*neighbours.query.predictions.described(), *neighbours.described()]
    return {
        "run": request.run.name,
        "dataset": request.dataset.ref,
        "split": request.split.name,
        "metric": request.metric,
        "combine": request.combine,
        "members": neighbours.members,
        "top": request.top,
        "trained": neighbours.trained,
        "columns": {one.name: one.to_metadata() for one in described},
        "limits": None if limits is None else limits.to_dict(),
        "queries": neighbours.records(),
        "rejects": [asdict(reject) for reject in neighbours.rejects],
    }


def _lines(neighbours: Neighbours) -> list[str]:
    """The first materials, each with its prediction and its neighbours."""
    predictions = neighbours.query.predictions
    columns, listed = predictions.columns(), neighbours.columns()
    cells = zip(*(values for name, values in listed.items() if name != "query"), strict=True)
    shown = [
        f"{neighbours.trained:,} training materials of {neighbours.request.dataset.ref}: "
        + ", ".join(name for name in listed if name != "query")
    ]
    for row in range(min(len(neighbours), SHOWN)):
        shown.append(line_of(predictions, columns, row))
        for _ in neighbours.ids[row]:
            rank, name, value, *others = next(cells)
            texts = [clipped(name), f"{value:.6g}", *map(_cell, others)]
            shown.append(f"  {rank:>3}  " + "  ".join(texts))
        shown += [f"  {line}" for line in _surprises(neighbours, row)]
    if len(neighbours) > SHOWN:
        shown.append(f"… {len(neighbours):,} materials in all; --output FILE writes them")
    return shown


def _surprises(neighbours: Neighbours, row: int) -> list[str]:
    """What is said of predictions that are wrong though they are certain."""
    return [
        f"{target}: the true value is far from the prediction, though the run is certain and knows "
        "similar materials; look at where it comes from"
        for target, flag in neighbours.flags[row].items()
        if flag
    ]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else clipped(str(value))
