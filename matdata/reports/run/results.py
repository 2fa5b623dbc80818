"""What the sections of a run's report read: the records of the run, and predictions it may show."""

from __future__ import annotations

import functools
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.core.units import with_unit
from matdata.training.evaluated import score_on_record
from matdata.training.run import RECORD, Run


class Results:
    """A run as its report reads it.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    @property
    def cache(self) -> Path:
        """Where its dataset is looked for."""
        return self.run.cache

    @property
    def lead(self) -> str:
        """One line below the title."""
        plugin = self.run.manifest["plugin"]
        targets = ", ".join(
            with_unit(str(one["name"]), one.get("unit")) for one in self.run.manifest["targets"]
        )
        data = self.run.manifest["dataset"]
        on = f", trained on {data['ref']}" if data else ""
        return f"{plugin['name']} {plugin['version']} for {targets}{on}"

    @functools.cached_property
    def result(self) -> JsonObject:
        """Epochs, times and validation; empty while the run is under way."""
        return self.run.result() if self.run.finished else {}

    @functools.cached_property
    def validation(self) -> JsonObject:
        """Scores of the validation part by target; empty without one."""
        found: JsonObject = self.result.get("validation", {}).get("targets", {})
        return found

    @functools.cached_property
    def test(self) -> JsonObject | None:
        """The score of the test part; None while nobody has opened it."""
        if not (self.run.folder / RECORD).is_file():
            return None
        return score_on_record(self.run)
