"""``matdata edges RUN --formula …``."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from matdata.cli.common import (
    cache_of,
    console_of,
    output_folder,
    picture_settings,
    print_json,
    write_numbers,
)
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch

if TYPE_CHECKING:
    from matdata.evaluation.edges import Edges
    from matdata.figures.picture import Look, Picture


def run(given: argparse.Namespace) -> int:
    """Edge attributes that a run predicts within formulas, as numbers and heat maps."""
    settings = picture_settings(given)
    need_torch()
    from matdata.training.added import adding
    from matdata.training.run_lookup import find_run

    trained = find_run(cache_of(given), given.run)  # before torch is imported, which takes seconds
    folder = output_folder(given, trained, "edges")
    from matdata.evaluation.edges import columns_of, edges_of
    from matdata.evaluation.file_names import file_stems
    from matdata.evaluation.pictures import write_pictures

    edges = edges_of(trained, given.formula, given.layer, given.device)
    record = {"run": trained.name, "layer": given.layer or "last", "formulas": _record(edges)}
    with adding(folder):
        write_numbers(folder, "edges", record, {"edges": columns_of(edges)})
        if not given.no_pictures:
            stems = file_stems(one.formula for one in edges)
            draws = {stems[one.formula]: partial(_draw, one, given.atoms) for one in edges}
            write_pictures(folder, draws, settings, trained)
    if given.json:
        print_json({**record, "folder": str(folder)})
        return 0
    console = console_of(given)
    for one in edges:
        for line in lines(one):
            console.say(line)
    console.say(f"numbers in {folder}")
    return 0


def _record(edges: list[Edges]) -> JsonObject:
    return {
        one.formula: {
            "elements": one.symbols,
            "atoms": one.counts.tolist(),
            "edges": one.values.tolist(),
        }
        for one in edges
    }


def _draw(one: Edges, atoms: bool, look: Look) -> Picture:
    from matdata.figures.matrices import heat_map

    labels, matrix = one.by_atoms() if atoms else (one.symbols, one.values)
    return heat_map(matrix, labels, "edge attribute", f"Edges within {one.formula}", look)


def lines(one: Edges) -> list[str]:
    """A matrix as text."""
    head = "".join(f"  {name:>9}" for name in one.symbols)
    text = [f"{one.formula:<12}{head}"]
    for name, row in zip(one.symbols, one.values.tolist(), strict=True):
        text.append(f"{name:>12}" + "".join(f"  {value:>9.4g}" for value in row))
    return text
