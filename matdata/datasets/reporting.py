"""Reports of datasets and runs: the file that is asked for, or what there is to read as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.cache import cache_dir, places
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, StoreError, did_you_mean
from matdata.core.given import ending_of, folder_of, is_file, path_of, require_name
from matdata.curate.funnel_report import table, table_lines
from matdata.datasets.dataset import Dataset
from matdata.datasets.opening import open as open_dataset
from matdata.figures.formats import ENDINGS, PictureSettings
from matdata.reports.page import write_page
from matdata.store.catalogue import committed, datasets
from matdata.store.manifest import NAME

if TYPE_CHECKING:
    from matdata.training.run import Run

#: Ending of a report; the others are those of a picture of the funnel.
HTML = ".html"
#: What a name may begin with to say which of two things of that name is meant.
RUN, DATASET = "run:", "dataset:"


@dataclass(frozen=True)
class Reported:
    """What a report gave.

    Attributes
    ----------
    of
        The dataset or run.
    lines
        It as text, line by line: the funnel of a dataset, the scores of a run.
    output
        The file that was written, if one was asked for.
    pictures
        Pictures that were written.
    table
        Steps of the funnel of a dataset.
    """

    of: Dataset | Run
    lines: tuple[str, ...]
    output: Path | None = None
    pictures: tuple[Path, ...] = ()
    table: tuple[JsonObject, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


def report(
    of: Dataset | Run | str,
    output: str | Path | None = None,
    *,
    pictures: str | Path | None = None,
    format: str | Sequence[str] = ("png",),
    style: str = "light",
    cache: str | Path | None = None,
) -> Reported:
    """Report what a dataset or a run is like, as ``matdata report`` does.

    Parameters
    ----------
    of
        An open dataset or run, or the name of one; ``run:NAME`` or ``dataset:NAME`` where both
        have that name.
    output
        ``FILE.html`` for the whole report in one file that needs nothing else; of a dataset also
        .svg, .png or .pdf for a picture of its funnel.
    pictures, format, style
        Folder for pictures of a dataset (funnel, elements, targets, splits), their formats, and
        ``light`` or ``dark``.
    cache
        Cache folder of what is named.

    Returns
    -------
    Reported
        What was written, and the funnel or the scores as text. A report of a run shows its
        validation part, and the test part only if `evaluate` has opened it before.

    Raises
    ------
    ConfigError
        If a dataset and a run have that name, or the file's name ends in no format.
    StoreError
        If there is nothing of that name, or the file cannot be written.

    Examples
    --------
    >>> md.report("mine", "mine.html").output
    >>> print(md.report("mine").text)
    """
    names = format.split(",") if isinstance(format, str) else tuple(format)
    settings = PictureSettings(tuple(names), style)
    path = None if output is None else path_of(output, "the output")
    ending = None if path is None else ending_of(path, (HTML, *ENDINGS), "a report")
    folder = None if pictures is None else folder_of(pictures, "the folder of pictures")
    subject = subject_of(of, cache)
    if not isinstance(subject, Dataset):
        return _of_run(subject, path, ending, folder)
    if path is not None and ending == HTML:
        from matdata.reports.dataset.report import dataset_report

        write_page(path, dataset_report(subject, subject.cache))
    elif path is not None:
        subject.plot.funnel(settings.style).write(path)
    written = () if folder is None else _draw(subject, folder, settings)
    steps = subject.funnel()
    lines = (subject.ref, *table_lines(steps))
    return Reported(subject, lines, path, written, tuple(table(steps)))


def _of_run(run: Run, path: Path | None, ending: str | None, folder: Path | None) -> Reported:
    if folder is not None or (ending is not None and ending != HTML):
        raise ConfigError(
            f"run {run.name!r} has no funnel, and a report of it is one {HTML} file",
            next_step=f"end the name in {HTML}; `matdata evaluate {run.name} --pictures DIR` draws "
            "the pictures of a run",
        )
    from matdata.reports.run.report import run_lines, run_report

    if path is not None:
        write_page(path, run_report(run))
    return Reported(run, tuple(run_lines(run)), path)


def subject_of(of: object, cache: str | Path | None = None) -> Dataset | Run:
    """The dataset or run that is given or named.

    Raises
    ------
    ConfigError
        If a dataset and a run have that name, or it is no name.
    StoreError
        If there is neither.
    """
    if isinstance(of, Dataset):
        return of
    if not isinstance(of, (str, Path)):
        return _run_or_refusal(of)
    name, home = require_name(of, "the dataset or run"), cache_dir(cache)
    if name.startswith(RUN):
        return _find_run(home, name.removeprefix(RUN))
    if name.startswith(DATASET):
        return open_dataset(name.removeprefix(DATASET), home)
    is_run = _is_run(home, name)
    is_dataset = any(name.partition("@")[0] in datasets(place) for place in places(home))
    if is_run and is_dataset:
        raise ConfigError(
            f"{name!r} is a dataset and a run",
            next_step=f"name one: {RUN}{name}, or {DATASET}{name}",
        )
    if is_run:
        return _find_run(home, name)
    if is_dataset or "/" in name or "@" in name:
        return open_dataset(name, home)
    raise _unknown(home, name)


def _run_or_refusal(of: object) -> Run:
    from matdata.training.run import Run

    if isinstance(of, Run):
        return of
    raise ConfigError(
        f"a report is of a dataset or a run, got a value of type {type(of).__name__}",
        next_step="give an open dataset, a run, or the name of one",
    )


def _is_run(home: Path, name: str) -> bool:
    folders = (place / "runs" / name for place in places(home))
    return any(is_file(folder / NAME) and folder.parent.name == "runs" for folder in folders)


def _find_run(home: Path, name: str) -> Run:
    from matdata.core.packages import need_torch

    need_torch()
    from matdata.training.run_lookup import find_run

    return find_run(home, name)


def _unknown(home: Path, name: str) -> StoreError:
    there = [one for place in places(home) for one in datasets(place)]
    runs = [folder.name for place in places(home) for folder in committed(place / "runs")]
    known = sorted({*there, *runs})
    return StoreError(
        f"no dataset or run {name[:100]!r} in {', '.join(map(str, places(home)))}"
        f"{did_you_mean(name, known)}",
        next_step=f"datasets: {', '.join(sorted(set(there))) or 'none yet'}; runs: "
        f"{', '.join(sorted(set(runs))) or 'none yet'}",
    )


def _draw(dataset: Dataset, folder: Path, settings: PictureSettings) -> tuple[Path, ...]:
    """All pictures of a dataset, in each format."""
    from matdata.evaluation.file_names import file_stems

    draws = dict(dataset.plot.all(settings.style))
    stems = file_stems(draws)
    drawn = {stems[name]: draw() for name, draw in draws.items()}
    return tuple(
        picture.write(folder / f"{stem}.{form}")
        for stem, picture in drawn.items()
        for form in settings.format
    )
