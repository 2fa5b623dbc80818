"""``matdata contributions RUN``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from matdata.cli.common import (
    cache_of,
    console_of,
    output_folder,
    picture_settings,
    print_json,
    write_numbers,
)
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.packages import need_torch

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture
    from matdata.training.run import Run

#: What an analysis found, the name of its picture, and what draws it.
Found: TypeAlias = "tuple[JsonObject, str, Callable[[Look], Picture]]"


def run(given: argparse.Namespace) -> int:
    """Mean contributions of elements, or contributions along a binary, as numbers and picture."""
    settings = picture_settings(given)
    need_torch()
    from matdata.evaluation.pictures import write_pictures
    from matdata.training.added import adding
    from matdata.training.run_lookup import find_run

    trained = find_run(cache_of(given), given.run)
    folder = output_folder(given, trained, "contributions")
    target = trained.schema.targets[0]
    quantity, unit = quantity_of(target.name, target.unit, trained.settings.normalizer)
    label = quantity if unit == "1" else f"{quantity} ({unit})"
    make = _binary if given.along else _table
    record = {"run": trained.name, "target": target.name, "quantity": quantity, "unit": unit}
    more, stem, draw = make(given, trained, label)
    record |= more
    with adding(folder):
        write_numbers(folder, "contributions", record)
        if not given.no_pictures:
            write_pictures(folder, {stem: draw}, settings, trained, f"part {given.part}")
    if given.json:
        print_json({**record, "folder": str(folder)})
        return 0
    console = console_of(given)
    for line in _lines(record):
        console.say(line)
    console.say(f"numbers in {folder}")
    return 0


def quantity_of(target: str, unit: str, normalizer: str) -> tuple[str, str]:
    """What contributions add up to, and its unit: a logarithm is a number without one."""
    if normalizer != "log10":
        return target, unit
    return f"log10({target})" if unit == "1" else f"log10({target} / ({unit}))", "1"


def _table(given: argparse.Namespace, run: Run, label: str) -> Found:
    from matdata.core.elements import symbols
    from matdata.evaluation.interpret import by_element, materials_of

    by_number = by_element(run, materials_of(run, given.part), given.device)
    means = {z: mean for z, (mean, _) in by_number.items()}
    names = symbols()
    table = {names[z]: {"mean": mean, "materials": count} for z, (mean, count) in by_number.items()}
    record = {"part": given.part, "elements": table}

    def draw(look: Look) -> Picture:
        from matdata.figures.periodic_table import periodic_table

        return periodic_table(means, f"mean contribution to {label}", _title(run), look)

    return record, "elements", draw


def _binary(given: argparse.Namespace, run: Run, label: str) -> Found:
    from matdata.evaluation.interpret import along_binary

    first, dash, second = given.along.partition("-")
    if not dash:
        raise ConfigError(f"--along {given.along}: expected two elements, such as Si-O")
    curves = along_binary(run, first, second, given.points, given.device)
    record = {"along": [first, second], "curves": dict(curves)}

    def draw(look: Look) -> Picture:
        from matdata.figures.curves import binary

        return binary(curves, (first, second), label, _title(run), look)

    return record, f"{first}-{second}", draw


def _title(run: Run) -> str:
    return f"Contributions of elements, {run.name}"


def _lines(record: JsonObject) -> list[str]:
    unit = "" if record["unit"] == "1" else f" [{record['unit']}]"
    if "curves" in record:
        curves = record["curves"]
        highest = max(range(len(curves["x"])), key=lambda k: float(curves["prediction"][k]))
        where, most = curves["x"][highest], curves["prediction"][highest]
        return [f"{record['quantity']} is highest at x = {where:.2f}: {most:.4g}{unit}"]
    ranked = sorted(record["elements"].items(), key=lambda item: -item[1]["mean"])
    shown = [f"{name} {entry['mean']:.4g}" for name, entry in ranked]
    few = shown if len(shown) <= 10 else [*shown[:5], "…", *shown[-5:]]
    return [f"mean contributions to {record['quantity']}{unit}: " + ", ".join(few)]
