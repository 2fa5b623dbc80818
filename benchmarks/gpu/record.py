"""Results as they come: one JSON file that is whole at any time, and a table."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: A check holds or not; a number is measured and, where there is an aim for it, meets it or not.
PASSED, FAILED, SKIPPED, MEASURED, MISSED = "passed", "failed", "skipped", "measured", "missed"
RESULTS = "results.json"
#: Environment variable with the plugins that a run is about, all of them where it is not set.
PLUGINS = "MATDATA_GPU_PLUGINS"


class CheckError(AssertionError):
    """What was computed is not what it should be."""


class Skip(Exception):
    """A check that cannot be made here, with the reason."""


class Record:
    """The results of one run in a folder.

    Parameters
    ----------
    folder
        Holds, or gets, ``results.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RESULTS
        self.content: dict[str, Any] = {"facts": {}, "sections": []}
        if self._path.is_file():
            self.content = json.loads(self._path.read_text(encoding="utf-8"))

    def save(self) -> None:
        """Write all of it; a reader sees the old file or the new one."""
        beside = self._path.with_suffix(".part")
        beside.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, self._path)

    def section(self, name: str) -> dict[str, Any]:
        """The entry of a section, made where there is none."""
        for entry in self.content["sections"]:
            if entry["name"] == name:
                actual: dict[str, Any] = entry
                return actual
        made: dict[str, Any] = {"name": name, "seconds": 0.0, "checks": []}
        self.content["sections"].append(made)
        return made

    def count(self, status: str) -> int:
        """Checks with a status."""
        checks = [one for entry in self.content["sections"] for one in entry["checks"]]
        return sum(one["status"] == status for one in checks)


class Section:
    """The checks of one section, within a budget of time.

    Parameters
    ----------
    record, name
        Where results go.
    seconds
        Time after which no further check begins.
    """

    def __init__(self, record: Record, name: str, seconds: float) -> None:
        self.record, self.name = record, name
        self.entry = record.section(name)
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - time.monotonic()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """The time of the section, written down at its end."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.entry["seconds"] = round(time.monotonic() - started, 2)
            self.record.save()

    def check(self, name: str, work: Callable[[], dict[str, Any] | None]) -> None:
        """Do one check; what it returns are its numbers. Whatever it raises is written down."""
        if self.left <= 0:
            self.add(name, SKIPPED, "the time of this section is over")
            return
        started = time.monotonic()
        try:
            numbers = dict(work() or {})
        except Skip as absent:
            self.add(name, SKIPPED, str(absent))
        except CheckError as wrong:
            self.add(name, FAILED, str(wrong))
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            self.add(name, FAILED, f"{type(error).__name__}: {first}", trace=traceback.format_exc())
        else:
            status = numbers.pop("status", PASSED)
            reason = numbers.pop("reason", "")
            numbers["seconds"] = round(time.monotonic() - started, 2)
            self.add(name, status, reason, numbers=numbers)

    def add(self, name: str, status: str, reason: str = "", **more: Any) -> None:
        """Write a result down."""
        self.entry["checks"].append({"name": name, "status": status, "reason": reason, **more})
        self.record.save()
        print(f"  {self.name}: {name}: {status} {reason}".rstrip(), flush=True)


def aimed(number: float, most: float, judged: bool, what: str) -> dict[str, Any]:
    """A number with its aim, for what a check returns; in a rehearsal it is measured alone."""
    if not judged:
        return {"status": MEASURED}
    return {"status": MEASURED if number <= most else MISSED, "reason": f"aim: {what}"}


def require(holds: bool, what: str) -> None:
    """Raise unless something holds."""
    if not holds:
        raise CheckError(what)


def table(content: dict[str, Any]) -> str:
    """All results, a line each, aligned."""
    facts = content["facts"]
    lines = [f"{name}: {value}" for name, value in facts.items()]
    rows = [
        (entry["name"], one["name"], one["status"], _numbers(one))
        for entry in content["sections"]
        for one in entry["checks"]
    ]
    wide = [max((len(row[k]) for row in rows), default=0) for k in range(3)]
    lines.append("")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, wide, strict=False)]
        lines.append("  ".join([*cells, row[3]]).rstrip())
    return "\n".join(lines) + "\n"


def _numbers(one: dict[str, Any]) -> str:
    numbers = [f"{name} {_short(value)}" for name, value in one.get("numbers", {}).items()]
    return ", ".join([*numbers, *([one["reason"]] if one["reason"] else [])])


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
