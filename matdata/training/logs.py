"""Logs of a run: JSON lines, CSV, and TensorBoard where it is installed."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from matdata.store import files
from matdata.store.csv import csv_lines
from matdata.training.contents import BOARD

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from matdata.adapters.trackers import Tracker

JSONL = "log.jsonl"
CSV = "log.csv"
NESTED = ("members", "by_target")


class LogRow(TypedDict, total=False):
    """One epoch: losses and errors in normalised units, by member and by target as well."""

    epoch: int
    step: int
    lr: float
    train_loss: float
    val_loss: float
    val_error: float
    members: dict[str, list[float]]
    by_target: list[list[float]]
    skipped_steps: int
    seconds: float
    data_wait_share: float


class RunLog:
    """Rows of numbers, one per epoch.

    Parameters
    ----------
    folder
        The run's.
    epoch
        Rows after this epoch are dropped: a killed run had written them after its checkpoint.
    tensorboard
        Write TensorBoard events as well.
    tracker
        Logs each row, too.
    """

    def __init__(
        self,
        folder: Path,
        epoch: int = 0,
        tensorboard: bool = False,
        tracker: Tracker | None = None,
    ) -> None:
        self._tracker = tracker
        self.folder = folder
        rows = [row for row in read_log(folder) if row["epoch"] <= epoch]
        files.write_text(folder / JSONL, "".join(_line(row) for row in rows))
        files.write_text(folder / CSV, _csv(rows[:1], header=True) + _csv(rows[1:], header=False))
        self._empty = not rows
        self._board = _board(folder, rows) if tensorboard else None

    def add(self, row: LogRow) -> None:
        """Append a row to all logs."""
        with open(self.folder / JSONL, "a", encoding="utf-8") as lines:
            lines.write(_line(row))
        with open(self.folder / CSV, "a", encoding="utf-8") as table:
            table.write(_csv([row], header=self._empty))
        self._empty = False
        if self._board is not None:
            for name, value in row.items():
                if name not in ("epoch", "step", *NESTED):
                    self._board.add_scalar(name, value, row["step"])
            self._board.flush()
        if self._tracker is not None:
            self._tracker.add(numbers_of(row), row["step"])

    def close(self) -> None:
        """Flush what is not yet written."""
        if self._board is not None:
            self._board.close()
        if self._tracker is not None:
            self._tracker.close()


def read_log(folder: Path) -> list[LogRow]:
    """Rows of a run's log; a line that a kill cut short is left out."""
    path = folder / JSONL
    rows: list[LogRow] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def numbers_of(row: Mapping[str, object]) -> dict[str, float]:
    """The finite numbers of a row, without those of members and targets."""
    return {
        name: float(value)
        for name, value in row.items()
        if name not in ("step", *NESTED)
        and isinstance(value, (int, float))
        and math.isfinite(value)
    }


def _line(row: Mapping[str, object]) -> str:
    return json.dumps(_finite(row), ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0.0:  # NaN or infinite: JSON has neither
        return None
    return value


def _csv(rows: list[LogRow], header: bool) -> str:
    lines: list[str] = []
    for row in rows:
        cells = {name: [value] for name, value in row.items() if name not in NESTED}
        lines += csv_lines(cells, header=header)
    return "".join(lines)


def _board(folder: Path, rows: list[LogRow]) -> SummaryWriter | None:
    """A writer where TensorBoard is installed; purges what older files hold after the last row."""
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    purged = rows[-1]["step"] + 1 if rows else None
    return SummaryWriter(str(folder / BOARD), purge_step=purged)  # type: ignore[no-untyped-call]
