"""The options of ``matdata predict``, ``evaluate`` and ``discover``, wherever they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from matdata.core.errors import ConfigError
from matdata.core.options import Option, Values, options_of
from matdata.core.scheduler_names import HELP as SCHEDULERS
from matdata.evaluation.discovery.ranking import CRITERIA
from matdata.evaluation.discovery.table_formats import FORMATS, MATBENCH_DISCOVERY, TABLE
from matdata.figures.formats import PictureSettings
from matdata.store.config_file import Entry, config_text, over_config
from matdata.training.prediction_settings import OF_PREDICTION
from matdata.training.settings import TrainSettings

if TYPE_CHECKING:
    from matdata.evaluation.discovery.request import DiscoverRequest
    from matdata.evaluation.request import EvaluateRequest, PredictRequest

RUN = Option("run", "name of the run", positional=True, required=True)
COMMON = (
    Option(
        "derive",
        "compute from the predictions, in this order: power10, scale, conformal:alpha=0.1",
        "list",
        metavar="NAME[:KEY=VALUE,…]",
    ),
    *options_of(TrainSettings, OF_PREDICTION, group="how a network is run (else as in training)"),
    Option("cache", "cache folder (else $MATDATA_CACHE)", in_arguments=False),
)
#: Those of `COMMON` of commands that derive nothing.
WITHOUT_DERIVE = tuple(one for one in COMMON if one.name != "derive")
WHAT = Option(
    "what",
    "a dataset, files of structures (CIF, POSCAR, …), or formulas; reactions (BaCO3 + TiO2 @ mix "
    "heat) or tables of them for a run that reads reactions",
    "list",
    positional=True,
    required=True,
)
TABLE_FILE = Option(
    "output", "write a table (.parquet, .csv, .json, .jsonl)", metavar="FILE", group="output"
)
SCHEDULER = Option(
    "scheduler",
    f"where features of materials are computed that are in no dataset: {SCHEDULERS}",
    metavar="WHERE",
    group="features",
)
PREDICT_OPTIONS = (
    RUN,
    WHAT,
    TABLE_FILE,
    Option("members", "a column for each member, too", "flag", default=False, group="output"),
    SCHEDULER,
    *COMMON,
)
EVALUATE_OPTIONS = (
    RUN,
    Option(
        "folds",
        "score the runs of all folds, whose common name RUN is, and their mean",
        choices=("all",),
        group="split",
    ),
    Option(
        "by",
        "score the materials of each value, or bin of numbers, of these columns on their own",
        "words",
        metavar="COLUMN",
        group="scores",
    ),
    Option("bins", "bins of a column of many numbers (default: 5)", "int", group="scores"),
    Option(
        "matbench",
        "with folds of Matbench: write predictions, standard deviations and intervals as Matbench "
        "records them",
        metavar="FILE",
        group="output",
    ),
    Option(
        "beside",
        "evaluated runs on the same materials whose confidence-error curves are drawn as well",
        "words",
        metavar="RUN,RUN",
        group="output",
    ),
    Option("pictures", "write pictures (default: the run's)", metavar="DIR", group="output"),
    Option("no_pictures", "write no pictures", "flag", default=False, group="output"),
    *options_of(PictureSettings, ("format",), metavar="A,B", group="output"),
    *options_of(PictureSettings, ("style",), metavar="STYLE", group="output"),
    *COMMON,
)

DISCOVER_OPTIONS = (
    RUN,
    Option("dataset", "the candidates: name, or name@version", positional=True, required=True),
    Option("reference", "known phases: a stored reference, or a dataset", metavar="REF",
           group="known phases"),
    Option("target", "target of the run that is a formation energy in eV/atom", metavar="NAME",
           group="known phases"),
    Option("criterion", "what candidates are ranked by", choices=CRITERIA, default="mean",
           group="ranking"),
    Option("budget", "calculations that can be afforded: list and score so many candidates",
           "int", group="ranking"),
    Option("truth", "column of true distances to the hull in eV/atom (default: from the column of "
           "the run's target, else energy_above_hull)", metavar="COLUMN", group="score"),
    Option("by", "score the candidates of each value of these columns on their own (batch)",
           "words", metavar="COLUMN", group="score"),
    Option("no_score", "leave true values unread", "flag", default=False, group="score"),
    TABLE_FILE,
    Option("format", "what is written: the table; or matbench-discovery: formation energies of all "
           "candidates (.csv.gz) and a .yml file with the scores, as its leaderboard takes them",
           choices=FORMATS, default=TABLE, group="output"),
    Option("pictures", "write pictures", metavar="DIR", group="output"),
    Option("picture_format", "formats of pictures: png, svg, pdf, or several (default: png)",
           "words", metavar="A,B", group="output"),
    *options_of(PictureSettings, ("style",), metavar="STYLE", group="output"),
    *WITHOUT_DERIVE,
)  # fmt: skip


def canonical(values: Values, whole: Values) -> Values:
    """Options of a file, of the command line or of Python, to be laid over others.

    A folder of pictures, and none, are two values of one option: the last one given holds.

    Raises
    ------
    ConfigError
        If both are given in one place.
    """
    folder, none = values.get("pictures"), values.get("no_pictures")
    if none and folder is not None:
        raise ConfigError(
            f"pictures are to be written to {str(folder)!r}, and none are to be written",
            next_step="leave out pictures or no-pictures",
        )
    if none:
        return {**values, "pictures": None}
    return values if folder is None else {**values, "no_pictures": False}


def fields_of(options: Sequence[Option], given: Mapping[str, object]) -> dict[str, object]:
    """What keywords of Python say, over what their configuration file ``config`` does.

    Raises
    ------
    ConfigError
        If one of them holds what is no option or value, or something required is missing.
    """
    upper = {name: value for name, value in given.items() if value is not None}
    config = cast("str | Path | None", upper.pop("config", None))
    return over_config(config, options, upper, canonical)


def config_of_predict(request: PredictRequest) -> str:
    """A configuration file with all options of a prediction as they are in effect."""
    values = {
        **_common(request),
        "what": request.names or None,
        "output": None if request.output is None else str(request.output),
        "members": request.members,
        "scheduler": request.scheduler,
    }
    return config_of("predict", PREDICT_OPTIONS, values)


def config_of_evaluate(request: EvaluateRequest) -> str:
    """The same of an evaluation."""
    values = {
        **_common(request),
        "pictures": None if request.pictures is None else str(request.pictures),
        "no_pictures": not request.draws,
        "folds": "all" if request.folds else None,
        "by": list(request.by) or None,
        "bins": request.bins if request.by else None,
        "matbench": None if request.matbench is None else str(request.matbench),
        "beside": [run.name for run in request.beside] or None,
        **request.look.to_dict(),
    }
    return config_of("evaluate", EVALUATE_OPTIONS, values)


def config_of_discover(request: DiscoverRequest) -> str:
    """The same of a discovery."""
    values = {
        **request.settings_in_effect(),
        "run": request.run.name,
        "dataset": request.dataset.ref,
        "reference": request.hull.options.reference,
        "target": request.hull.options.target or None,
        "criterion": request.criterion,
        "budget": request.budget,
        "truth": request.truth,
        "by": request.by or None,
        "no_score": not request.scores,
        "output": None if request.output is None else str(request.output),
        "format": MATBENCH_DISCOVERY if request.submission else TABLE,
        "pictures": None if request.pictures is None else str(request.pictures),
        "picture_format": request.look.format,
        "style": request.look.style,
    }
    return config_of("discover", DISCOVER_OPTIONS, values)


def _common(request: PredictRequest | EvaluateRequest) -> dict[str, object]:
    return {
        "run": request.run.name,
        "derive": request.specs() or None,
        **request.settings_in_effect(),
    }


def config_of(command: str, options: Sequence[Option], values: Mapping[str, object]) -> str:
    """A cache is a place on this machine: it is none of what is written down."""
    alone = [one for one in options if one.name != "cache"]
    entries = [Entry(one.name.replace("_", "-"), values.get(one.name), one.help) for one in alone]
    title = (f"Options of `matdata {command} --config FILE`, as they were in effect.",)
    return config_text(title, entries, {})
