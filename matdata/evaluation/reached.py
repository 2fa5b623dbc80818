"""When trainings reached an error: epochs and seconds until then, by the logs of runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, TrainError
from matdata.core.units import learnt_quantity
from matdata.training.logs import LogRow, read_log

if TYPE_CHECKING:
    from matdata.training.run import Run
    from matdata.training.target import Target

#: Errors of a target by epoch, in its unit, and the seconds that the training had taken.
Errors = list[tuple[int, float, float]]


def require_error(error: float) -> float:
    """The error that is to be reached.

    Raises
    ------
    ConfigError
        If it is no positive number.
    """
    if not (math.isfinite(error) and error > 0.0):
        raise ConfigError(
            f"an error of {error:g} is reached by no training",
            next_step="give a number above 0, in the unit of the target",
        )
    return error


def reached(runs: Sequence[Run], error: float) -> list[JsonObject]:
    """The first epoch of each run and target whose validation error is at most `error`.

    Errors are those of the log: the mean absolute error over the validation part (of a network that
    learns a logarithm, of the logarithm; of classes the share that is wrong), for an ensemble the
    mean over its members.

    Parameters
    ----------
    runs
        Runs; those that are being trained count as far as they are.
    error
        In the unit of the target.

    Returns
    -------
    list of dict
        ``run``, ``target``, ``quantity`` and ``unit`` of the error, ``epoch`` and ``seconds`` until
        it was reached (None if it was not), ``epochs`` on record, ``lowest`` error and
        ``lowest_epoch``, and ``unknown``: why there are no errors, None where there are.

    Raises
    ------
    ConfigError
        If `error` is no positive number.
    StoreError
        If the normalizer of a run is damaged.
    """
    require_error(error)
    return [entry for run in runs for entry in _of_run(run, error)]


def _of_run(run: Run, error: float) -> Iterator[JsonObject]:
    rows = read_log(run.folder)
    start = 0
    for place, target in enumerate(run.schema.targets):
        # a training without a loop has no normalizer, one that has not begun not yet
        quantity, unit, scale = _scale_of(run, target, start) if rows else _plainly(target)
        start += target.columns
        unknown = _unknown(rows, target, scale)
        errors = [] if unknown else list(_errors(rows, place, scale))
        yield {
            "run": run.name,
            "target": target.name,
            "quantity": quantity,
            "unit": unit,
            **_first(errors, error),
            "epochs": len(rows),
            "unknown": unknown,
        }


def member_errors(run: Run) -> tuple[str, str, list[int], list[list[float]]]:
    """Validation errors of the members of a run by epoch, of its first target.

    Returns
    -------
    quantity, unit
        What the errors are of.
    epochs
        Those on record with an error of every member.
    errors
        A list for each member.

    Raises
    ------
    TrainError
        If there are none.
    """
    rows, target = read_log(run.folder), run.schema.targets[0]
    quantity, unit, scale = _scale_of(run, target, 0) if rows else _plainly(target)
    if unknown := _unknown(rows, target, scale):
        raise TrainError(f"run {run.name!r} has no validation errors by epoch", cause=unknown)
    known = [(row["epoch"], [member[0] for member in row.get("by_target", ())]) for row in rows]
    whole = [one for one in known if one[1] and None not in one[1]]
    if not whole:
        raise TrainError(
            f"run {run.name!r} has no validation errors by epoch",
            cause="no epoch has a finite error of every member",
        )
    most = max(len(values) for _, values in whole)
    whole = [one for one in whole if len(one[1]) == most]  # of members that stopped there are none
    epochs = [epoch for epoch, _ in whole]
    return quantity, unit, epochs, [[scale * v[m] for _, v in whole] for m in range(most)]


def _scale_of(run: Run, target: Target, start: int) -> tuple[str, str, float]:
    """What the error is of, its unit, and what the log's numbers are multiplied by."""
    if target.task == "classification":
        return f"share of wrong {target.name}", "1", 1.0
    from matdata.training.predict import normalizer_of

    normalizer = normalizer_of(run)
    scale = 1.0 if normalizer.kind == "none" else float(normalizer.scale[start])
    return *learnt_quantity(target.name, target.unit, normalizer.kind), scale


def _plainly(target: Target) -> tuple[str, str, float]:
    return target.name, target.unit, 1.0


def _unknown(rows: Sequence[LogRow], target: Target, scale: float) -> str | None:
    if not rows:
        return "no epochs on record: its training is no loop over epochs, or has not begun"
    if not any("by_target" in row for row in rows):
        return "no validation part was used"
    if target.columns > 1:
        return f"{target.columns} numbers, whose errors the log averages in normalised units"
    if not (math.isfinite(scale) and scale > 0.0):
        return "the target is constant in the training part"
    return None


def _errors(rows: Sequence[LogRow], place: int, scale: float) -> Iterator[tuple[int, float, float]]:
    for row in rows:
        members = [member[place] for member in row.get("by_target", ())]
        known = [value for value in members if value is not None]
        if known and len(known) == len(members):
            yield row["epoch"], scale * math.fsum(known) / len(known), row["seconds"]


def _first(errors: Errors, error: float) -> JsonObject:
    within = (one for one in errors if one[1] <= error)
    epoch, _, seconds = next(within, (None, None, None))
    at, lowest, _ = min(errors, key=lambda one: one[1], default=(None, None, None))
    return {"epoch": epoch, "seconds": seconds, "lowest": lowest, "lowest_epoch": at}


def lines(entries: Sequence[JsonMapping], error: float) -> Iterator[str]:
    """As text: the runs of each target that reached it, the fewest seconds first, then the rest."""

    def key(entry: JsonMapping) -> tuple[str, str]:
        return str(entry["quantity"]), str(entry["unit"])

    for (quantity, unit), group in itertools.groupby(sorted(entries, key=key), key):
        bound = f"{error:g}" if unit == "1" else f"{error:g} {unit}"
        yield f"{quantity}: epochs and seconds until the validation error was at most {bound}"
        yield from map(_line, sorted(group, key=_order))


def _order(entry: JsonMapping) -> tuple[float, float]:
    seconds, lowest = entry["seconds"], entry["lowest"]
    return (math.inf if seconds is None else seconds, math.inf if lowest is None else lowest)


def _line(entry: JsonMapping) -> str:
    name, epochs = entry["run"], entry["epochs"]
    if entry["unknown"]:
        return f"  {name}: {entry['unknown']}"
    lowest = f"lowest {entry['lowest']:.4g} after epoch {entry['lowest_epoch']} of {epochs}"
    if entry["epoch"] is None:
        return f"  {name}: not reached; {lowest}"
    return f"  {name}: epoch {entry['epoch']}, {entry['seconds']:.1f} s; {lowest}"
