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
from matdata.core.units import learnt_quantity

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture
    from matdata.training.run import Run

#: Compositions along a binary.
POINTS = 49
#: What an analysis found, the name of its picture, and what draws it.
Found: TypeAlias = "tuple[JsonObject, str, Callable[[Look], Picture]]"


def run(given: argparse.Namespace) -> int:
    """Mean contributions of elements, or contributions along a binary, as numbers and picture.

    Raises
    ------
    ConfigError
        If the run beside it learnt something else or is the run itself, or an option is given that
        belongs to means of elements with ``--along``, or to a binary without.
    """
    settings = picture_settings(given)
    _require_one_analysis(given)
    need_torch()
    from matdata.evaluation.pictures import write_pictures
    from matdata.training.added import adding
    from matdata.training.run_lookup import find_run

    trained = find_run(cache_of(given), given.run)
    folder = output_folder(given, trained, "contributions")
    target = trained.schema.targets[0]
    quantity, unit = learnt_quantity(target.name, target.unit, trained.settings.normalizer)
    label = quantity if unit == "1" else f"{quantity} ({unit})"
    make = _binary if given.along else _differences if given.beside else _table
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


def _require_one_analysis(given: argparse.Namespace) -> None:
    """Refuse options of means of elements beside those of a binary."""
    of_means = {"--beside": given.beside, "--part": given.part}
    named = [option for option, value in of_means.items() if value is not None]
    if given.along is not None and named:
        raise ConfigError(
            f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'} about means of elements, "
            "--along about a binary",
            next_step="leave one of them out",
        )
    if given.along is None and given.points is not None:
        raise ConfigError("--points are those of a binary, and none is named",
                          next_step="name one, such as --along Si-O")  # fmt: skip
    given.part = "test" if given.part is None else given.part
    given.points = POINTS if given.points is None else given.points


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


def _differences(given: argparse.Namespace, run: Run, label: str) -> Found:
    """Means of the run less those of another on the same materials (figure 9 of Du et al.)."""
    from matdata.cli.cecv import require_same
    from matdata.core.elements import symbols
    from matdata.evaluation.interpret import by_element, common_materials
    from matdata.training.run_lookup import find_beside

    other = find_beside(run, given.beside)
    require_same([run, other])
    _require_same_quantity(run, other)
    ids, _ = common_materials([run, other], given.part)
    own, its = (by_element(one, ids, given.device) for one in (run, other))
    differences = {z: mean - its[z][0] for z, (mean, _) in own.items()}
    names = symbols()
    table = {
        names[z]: {
            "mean": mean,
            "beside": its[z][0],
            "difference": differences[z],
            "materials": count,
        }
        for z, (mean, count) in own.items()
    }
    size = sum(map(abs, differences.values())) / len(differences)
    record = {"part": given.part, "beside": other.name, "elements": table, "mean_difference": size}

    def draw(look: Look) -> Picture:
        from matdata.figures.periodic_table import periodic_table

        text = f"difference of mean contributions to {label}"
        return periodic_table(differences, text, f"{_title(run)} less {other.name}", look)

    return record, "differences", draw


def _require_same_quantity(run: Run, other: Run) -> None:
    learnt = [
        learnt_quantity(one.schema.targets[0].name, one.schema.targets[0].unit,
                        one.settings.normalizer)
        for one in (run, other)
    ]  # fmt: skip
    if learnt[0] != learnt[1]:
        raise ConfigError(
            f"{run.name!r} learnt {learnt[0][0]} and {other.name!r} {learnt[1][0]}",
            next_step="compare runs that learnt the same",
        )


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
    key = "difference" if "beside" in record else "mean"
    ranked = sorted(record["elements"].items(), key=lambda item: -item[1][key])
    shown = [f"{name} {entry[key]:.4g}" for name, entry in ranked]
    few = shown if len(shown) <= 10 else [*shown[:5], "…", *shown[-5:]]
    what = f"mean contributions to {record['quantity']}{unit}"
    if "beside" in record:
        what += f" less those of {record['beside']}, {record['mean_difference']:.4g} on average"
    return [f"{what}: " + ", ".join(few)]
