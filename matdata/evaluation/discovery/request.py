"""A request to rank candidates, resolved before torch is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import folder_of, words
from matdata.core.options import Values
from matdata.evaluation.derive.hull import Hull, HullOptions
from matdata.evaluation.discovery.ranking import Criterion, criterion_of
from matdata.evaluation.discovery.table_formats import ENDINGS, FORMATS, TABLE
from matdata.evaluation.run_request import RunRequest, loop_settings, run_of
from matdata.figures.formats import PictureSettings
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.prediction_files import require_format


@dataclass(frozen=True)
class DiscoverRequest(RunRequest):
    """What is ranked, against which phases, by what.

    Attributes
    ----------
    dataset
        The candidates.
    hull
        The derivation of distances.
    criterion, budget
        What candidates are ranked by, and how many are listed and scored; all if None.
    truth
        Column of true distances; None if it is looked for.
    scores
        Whether true values may be read.
    by
        Columns whose values are scored on their own.
    output
        File for the table.
    submission
        Whether it is one for the leaderboard of Matbench Discovery.
    pictures
        Folder for pictures; none if None.
    look
        Their formats and style.
    """

    dataset: DatasetFolder
    hull: Hull
    criterion: Criterion
    budget: int | None
    truth: str | None
    scores: bool
    by: tuple[str, ...]
    output: Path | None
    submission: bool
    pictures: Path | None
    look: PictureSettings

    @classmethod
    def of(cls, fields: Values, dataset: DatasetFolder | None = None) -> DiscoverRequest:
        """Check the keywords of `matdata.discover`.

        Parameters
        ----------
        fields
            Values of `matdata.evaluation.arguments.DISCOVER_OPTIONS` by name.
        dataset
            An open dataset, in place of the one that is named.

        Raises
        ------
        ConfigError
            If run, dataset or reference is not named, a value is none that the option takes, or
            a column to score by does not exist or nothing is scored.
        TrainError, StoreError
            If there is no such run or dataset, or it is damaged.
        """
        criterion, budget = criterion_of(fields.get("criterion") or "mean"), fields.get("budget")
        if budget is not None and budget < 1:
            raise ConfigError(f"a budget of {budget} lists nothing", next_step="1 or more")
        output, pictures = fields.get("output"), fields.get("pictures")
        submission = _is_submission(fields.get("format") or TABLE, output)
        if output is not None and not submission:
            require_format(output)
        look = {"style": fields.get("style"), "format": words(fields.get("picture_format"))}
        if not fields.get("reference"):
            raise ConfigError(
                "no reference of known phases was named",
                next_step="--reference REF: a dataset with energies, or a stored reference",
            )
        run = run_of(fields)
        if dataset is None:
            dataset = find_dataset(run.cache, str(fields.get("dataset") or ""))
        options = HullOptions(str(fields["reference"]), str(fields.get("target") or ""))
        hull = Hull(options).within(run.cache)
        hull.produces(run.schema.targets)  # refused before anything is predicted
        by = words(fields.get("by"))
        _require_scored(dataset, by, scores=not fields.get("no_score"))
        return cls(
            run, (hull,), loop_settings(fields, run), dataset, hull, criterion,
            budget, fields.get("truth"), not fields.get("no_score"), by,
            None if output is None else Path(output), submission,
            None if pictures is None else folder_of(pictures, "the folder of pictures"),
            PictureSettings.from_mapping({name: one for name, one in look.items() if one}),
        )  # fmt: skip


def _require_scored(dataset: DatasetFolder, by: tuple[str, ...], scores: bool) -> None:
    """Refuse columns to score by that are not there, or where nothing is scored."""
    if by and not scores:
        raise ConfigError(
            "columns to score by are named, and no score is asked for",
            next_step="leave out --by, or --no-score",
        )
    for column in by:
        dataset.require_column(column, " to score by", ConfigError)


def _is_submission(form: str, output: str | Path | None) -> bool:
    """Whether the table is a submission, whose file then is a CSV."""
    if form not in FORMATS:
        raise ConfigError(
            f"unknown format {form!r}{did_you_mean(form, FORMATS)}",
            next_step=f"choose from {', '.join(FORMATS)}",
        )
    if form == TABLE:
        return False
    if output is None or not str(output).endswith(ENDINGS):
        raise ConfigError(
            f"--format {form} writes {' or '.join(ENDINGS)}, and beside it a .yml file",
            next_step="name the file: --output 2026-01-01-discovery.csv.gz",
        )
    return True
