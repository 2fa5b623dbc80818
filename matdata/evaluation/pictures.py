"""Pictures of a run: parity, learning curve, errors, confidence and error, confusion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.cache import storage_error
from matdata.core.documents import JsonMapping
from matdata.core.packages import needed_for
from matdata.evaluation.file_names import file_stems
from matdata.store.tables import Columns
from matdata.training.logs import LogRow
from matdata.training.prediction_columns import PredictionColumn, Statistic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Draw: TypeAlias = "Callable[[Axes], None]"
Float = npt.NDArray[np.float64]
SIZE = (4.5, 4.0)  # inches
#: Least width of a histogram, in its largest error: bins of equal numbers are no bins.
NARROWEST = 1e-3
#: Classes up to which their names and numbers have room.
FEW_CLASSES = 12


@dataclass
class Drawn:
    """Pictures of a run.

    Attributes
    ----------
    written
        Those that there are now.
    failed
        Those that were not, and why. A picture that fails costs neither the others nor the score.
    """

    written: list[Path] = field(default_factory=list)
    failed: dict[Path, Exception] = field(default_factory=dict)

    def add(self, path: Path, draw: Draw) -> None:
        """Draw one."""
        try:
            self.written.append(write_picture(path, draw))
        except Exception as error:  # whatever a drawing library raises for unusual numbers
            self.failed[path] = error


def draw_all(
    folder: Path,
    record: JsonMapping,
    table: Columns,
    log: Sequence[LogRow],
) -> Drawn:
    """Write the pictures of an evaluated run, each on its own.

    Parameters
    ----------
    folder
        Where they go.
    record
        Of `matdata.evaluation.score.evaluate_run`.
    table
        Predictions for the test part.
    log
        Rows of the run's log; a plugin with its own fit has none.
    """
    drawn = Drawn()
    if any("train_loss" in row for row in log):
        drawn.add(folder / "learning_curve.png", lambda axes: _learning(axes, log))
    stems = file_stems(record["targets"])
    for name, scored in record["targets"].items():
        stem = stems[name]
        if scored["task"] == "regression":
            for kind, draw in _of_numbers(name, scored, table).items():
                drawn.add(folder / f"{kind}-{stem}.png", draw)
        elif "confusion" in scored:
            drawn.add(folder / f"confusion-{stem}.png", partial(_confusion, scored=scored))
    return drawn


def _of_numbers(name: str, scored: JsonMapping, table: Columns) -> dict[str, Draw]:
    """Pictures of a target of regression."""
    if not scored["materials"]:
        return {}
    unit = "" if scored["unit"] == "1" else f" ({scored['unit']})"

    def parity(axes: Axes) -> None:
        _parity(axes, *_pairs(table, name), f"{name}{unit}")

    def errors(axes: Axes) -> None:
        true, mean = _pairs(table, name)
        _errors(axes, mean - true, unit, scored["metrics"]["mae"])

    drawn: dict[str, Draw] = {"parity": parity, "errors": errors}
    if "uncertainty" in scored:
        curve = scored["uncertainty"]["confidence_error"]
        drawn["confidence-error"] = partial(_confidence, curve=curve, unit=unit)
    return drawn


def _pairs(table: Columns, name: str) -> tuple[Float, Float]:
    """True and predicted numbers of one target, all entries of arrays one after another."""
    both = (PredictionColumn(name, which, None).name for which in (Statistic.TRUTH, Statistic.MEAN))
    rows = [
        (np.ravel(true), np.ravel(mean))
        for true, mean in zip(*(table[column] for column in both), strict=True)
        if true is not None and mean is not None
    ]
    return np.concatenate([true for true, _ in rows]), np.concatenate([mean for _, mean in rows])


def write_picture(path: Path, draw: Draw) -> Path:
    """Draw into new axes and write the figure.

    Raises
    ------
    ConfigError
        If matplotlib is not there.
    StoreError
        If the file cannot be written.
    """
    with needed_for("pictures", "--no-pictures"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)  # pyplot would look for a screen
    draw(figure.add_subplot())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise storage_error(error, path) from error
    return path


def _learning(axes: Axes, log: Sequence[LogRow]) -> None:
    epochs = [row["epoch"] for row in log]
    axes.plot(epochs, [_number(row.get("train_loss")) for row in log], label="train loss")
    if any("val_loss" in row for row in log):
        axes.plot(epochs, [_number(row.get("val_loss")) for row in log], label="validation loss")
        axes.plot(epochs, [_number(row.get("val_error")) for row in log], label="validation error")
    axes.set_xlabel("epoch")
    axes.set_ylabel("normalised units")
    axes.legend()


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _parity(axes: Axes, true: Float, mean: Float, label: str) -> None:
    low, high = min(true.min(), mean.min()), max(true.max(), mean.max())
    axes.plot([low, high], [low, high], color="0.6", linewidth=1)
    axes.plot(true, mean, ".", markersize=3, alpha=0.5)
    axes.set_xlabel(f"true {label}")
    axes.set_ylabel(f"predicted {label}")
    axes.set_aspect("equal", "box")


def _errors(axes: Axes, values: Float, unit: str, mae: float | None) -> None:
    low, high = float(values.min()), float(values.max())
    least = NARROWEST * max(abs(low), abs(high)) or 1.0
    if high - low < least:
        middle = low + (high - low) / 2
        low, high = middle - least / 2, middle + least / 2
    axes.hist(values, bins=min(60, max(10, len(values) // 10)), range=(low, high))
    axes.axvline(0.0, color="0.3", linewidth=1)
    axes.set_xlabel(f"predicted less true{unit}")
    axes.set_ylabel("materials")
    if mae is not None:
        axes.set_title(f"MAE {mae:.4g}{unit}")


def _confidence(axes: Axes, curve: Mapping[str, list[float]], unit: str) -> None:
    percentages = 100.0 * np.array(curve["share"])
    for name, style in (("mae", "-"), ("oracle", "--"), ("random", ":")):
        label = "by predicted standard deviation" if name == "mae" else name
        axes.plot(percentages, curve[name], style, label=label)
    axes.set_xlabel("most confident materials (%)")
    axes.set_ylabel(f"MAE{unit}")
    axes.legend()


def _confusion(axes: Axes, scored: JsonMapping) -> None:
    counts = np.array(scored["confusion"])
    totals = np.maximum(counts.sum(1, keepdims=True), 1)
    shown = axes.imshow(counts / totals, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.figure.colorbar(shown, ax=axes, label="share of the true class")
    if len(counts) <= FEW_CLASSES:
        for row, column in np.ndindex(counts.shape):
            colour = "white" if counts[row, column] > 0.5 * totals[row, 0] else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
        names = scored.get("classes") or [str(k) for k in range(len(counts))]
        axes.set_xticks(range(len(counts)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(counts)), names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
