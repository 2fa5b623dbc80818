"""The pictures of an evaluated run as files, each on its own, on record in the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from matdata.core.documents import JsonMapping
from matdata.core.errors import StoreError
from matdata.evaluation.file_names import file_stems
from matdata.figures import require_matplotlib
from matdata.figures.formats import PictureSettings
from matdata.training.added import adding
from matdata.training.fold_plots import parity_of_folds
from matdata.training.run import Run
from matdata.training.run_look import look_of
from matdata.training.run_plots import SHARE_CURVES, RunPlots

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture

Draw: TypeAlias = "Callable[[], Picture]"


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

    def add(self, folder: Path, stem: str, formats: tuple[str, ...], draw: Draw) -> None:
        """Draw one, and write it in each format."""
        paths = [folder / f"{stem}.{form}" for form in formats]
        try:
            picture = draw()
            self.written += [picture.write(path) for path in paths]
        except Exception as error:  # whatever a drawing library raises for unusual numbers
            self.failed[paths[0]] = error

    def join(self, other: Drawn) -> None:
        """Add the pictures of another."""
        self.written += other.written
        self.failed |= other.failed


def write_pictures(
    folder: Path,
    draws: Mapping[str, Callable[[Look], Picture]],
    settings: PictureSettings,
    run: Run,
    part: str = "",
) -> list[Path]:
    """Draw what an analysis of a run found, and write it in each format.

    Parameters
    ----------
    folder
        Where the files go.
    draws
        What draws each, by the stem of its file's name.
    part
        The part of the split that is shown, for the caption.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    StoreError
        If a file cannot be written.
    """
    require_matplotlib()
    look = look_of(run, settings.style, part)
    pictures = {stem: draw(look) for stem, draw in draws.items()}
    return [
        picture.write(folder / f"{stem}.{form}")
        for stem, picture in pictures.items()
        for form in settings.format
    ]


def draw_run(
    run: Run,
    settings: PictureSettings,
    folder: Path | None = None,
    beside: Sequence[Run] = (),
    by: JsonMapping | None = None,
) -> Drawn:
    """Write the pictures of a run; what cannot be written is reported and costs nothing else.

    Parameters
    ----------
    run
        A run that was evaluated.
    settings
        Formats and style.
    folder
        Where they go; ``pictures`` in the folder of the run if not given.
    beside
        Evaluated runs whose curves are drawn as well.
    by
        Scores of groups (`matdata.evaluation.grouped_scores.scores_by`).
    """
    folder = folder or run.folder / "pictures"
    drawn = Drawn()
    try:
        with adding(folder):
            for stem, draw in _pictures(RunPlots(run), settings.style, beside):
                drawn.add(folder, stem, settings.format, draw)
            for stem, draw in _of_groups(RunPlots(run), settings.style, by or {}):
                drawn.add(folder, stem, settings.format, draw)
    except StoreError as refusal:  # a cache that is for reading only
        return Drawn(failed={folder: refusal})
    return drawn


def draw_folds(runs: Sequence[Run], settings: PictureSettings, folder: Path | None = None) -> Drawn:
    """Write the pictures of the runs on all folds, and those of all folds together.

    Parameters
    ----------
    runs
        Runs on the folds of one split that were evaluated.
    settings
        Formats and style.
    folder
        Where those of all folds go, each run's in a folder of its name; if not given, those of
        all folds go into ``pictures`` of the first run, each run's into its own.
    """
    drawn = Drawn()
    for run in runs:
        drawn.join(draw_run(run, settings, None if folder is None else folder / run.name))
    together = folder or runs[0].folder / "pictures"
    try:
        with adding(together):
            targets = RunPlots(runs[0]).record["targets"]
            stems = file_stems(targets)
            for name, scored in targets.items():
                if scored["task"] == "regression" and scored["materials"]:
                    draw = partial(parity_of_folds, runs, name, settings.style)
                    drawn.add(together, f"folds-parity-{stems[name]}", settings.format, draw)
    except StoreError as refusal:
        drawn.join(Drawn(failed={together: refusal}))
    return drawn


def _pictures(plots: RunPlots, style: str, beside: Sequence[Run]) -> Iterator[tuple[str, Draw]]:
    """Each picture of a run, as `RunPlots` draws it, with the stem of its file's name."""
    if plots.has_history:
        yield "history", partial(plots.history, style)
    targets = plots.record["targets"]
    stems = file_stems(targets)
    for name, scored in targets.items():
        kinds: dict[str, Callable[[str, str], Picture]] = {}
        if scored["task"] == "regression" and scored["materials"]:
            kinds = {"parity": plots.parity, "errors": plots.errors, "elements": plots.elements}
            kinds["residuals"] = partial(plots.residuals, beside=beside)
            if "along_axis" in scored:
                kinds |= {"spectra": plots.spectra, "along-axis": plots.along_axis}
            if "uncertainty" in scored:
                kinds["uncertainty"] = partial(plots.uncertainty, beside=beside)
        elif "confusion" in scored:
            kinds = {"confusion": plots.confusion}
        elif SHARE_CURVES.intersection(scored):
            kinds = {"compositions": partial(plots.compositions, beside=beside)}
        for kind, draw in kinds.items():
            yield f"{kind}-{stems[name]}", partial(draw, name, style)


def _of_groups(plots: RunPlots, style: str, by: JsonMapping) -> Iterator[tuple[str, Draw]]:
    """A picture per column and target that the run was scored by."""
    columns = file_stems(by)
    for column, targets in by.items():
        stems = file_stems(targets)
        for target, groups in targets.items():
            draw = partial(plots.groups, groups, column, target, style)
            yield f"by-{columns[column]}-{stems[target]}", draw
