"""``matdata edges RUN --formula …``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.cli.common import cache_of, console_of, print_json, write_numbers
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch

if TYPE_CHECKING:
    from matdata.evaluation.edges import Edges


def run(given: argparse.Namespace) -> int:
    """Edge attributes that a run predicts within formulas, as numbers and heat maps."""
    need_torch()
    from matdata.training.added import adding
    from matdata.training.run import find_run

    trained = find_run(cache_of(given), given.run)  # before torch is imported, which takes seconds
    from matdata.evaluation.edges import columns_of, edges_of

    edges = edges_of(trained, given.formula, given.layer, given.device)
    folder = Path(given.output) if given.output else trained.folder / "edges"
    record = {"run": trained.name, "layer": given.layer or "last", "formulas": _record(edges)}
    with adding(folder):
        write_numbers(folder, "edges", record, {"edges": columns_of(edges)})
        if not given.no_pictures:
            _draw(folder, edges, given.atoms)
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


def _draw(folder: Path, edges: list[Edges], atoms: bool) -> None:
    from matdata.evaluation.drawings import draw_matrix
    from matdata.evaluation.file_names import file_stems

    stems = file_stems(one.formula for one in edges)
    for one in edges:
        labels, matrix = one.by_atoms() if atoms else (one.symbols, one.values)
        draw_matrix(folder / f"{stems[one.formula]}.png", matrix, labels, one.formula)


def lines(one: Edges) -> list[str]:
    """A matrix as text."""
    head = "".join(f"  {name:>9}" for name in one.symbols)
    text = [f"{one.formula:<12}{head}"]
    for name, row in zip(one.symbols, one.values.tolist(), strict=True):
        text.append(f"{name:>12}" + "".join(f"  {value:>9.4g}" for value in row))
    return text
