"""The options of ``matdata build`` and ``matdata featurize``: arguments, files and Python alike."""

from __future__ import annotations

from matdata.building.options import BuildOptions
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.options import Option, Values, in_group, options_of
from matdata.core.tolerances import SETTINGS as TOLERANCES
from matdata.curate.settings import FILTERS, CurateSettings
from matdata.sources import SOURCES
from matdata.sources.base import Request
from matdata.sources.read_options import ReadOptions

SYMMETRY = "symmetry"  # --set symmetry.symprec=0.01 is a setting of curation, not of a feature
#: Options that stand for one query of a source: ``--thermo X`` is ``--query thermo=X``.
SHORT_QUERIES = ("thermo", "bulk", "where", "optics")
CURATION = ("dedupe", "min_distance", "symmetry", "drop_by")

CACHE = Option("cache", "cache folder (else $MATDATA_CACHE)", in_arguments=False)
FEATURES = "features and work"  # a heading of the help
WORK = (
    *options_of(BuildOptions, ("store",), group=FEATURES),
    *options_of(BuildOptions, ("workers", "shard_rows"), metavar="N", group=FEATURES),
    *options_of(BuildOptions, ("scheduler",), metavar="WHERE", group=FEATURES),
    *options_of(BuildOptions, ("reuse",), group=FEATURES),
    Option("set", "a setting of a feature (ofm.period_tag=true)", "tables", group=FEATURES),
)
FEATURIZE_OPTIONS = (
    Option("dataset", "name, or name@version", positional=True, required=True),
    Option("features", "A,B", "words", positional=True, required=True),
    *WORK,
    CACHE,
)
WORK_OPTIONS = (
    Option("dataset", "name, or name@version", positional=True, required=True),
    Option("features", "features to compute", "words", required=True, group=FEATURES),
    *options_of(BuildOptions, ("lease_timeout",), metavar="SECONDS", group=FEATURES),
    *WORK,
    CACHE,
)
BUILD_OPTIONS = (
    Option(
        "source",
        "sample, sample:SIZE, mp, jarvis:SET, matminer:SET, optimade:PROVIDER, reactions:FILE, or "
        "a path "
        "(CIF, POSCAR, folder, zip, CSV, JSON, JSONL, Parquet, extxyz, ASE db; compressed or not; "
        "a folder of train, val and test files), or https://… of such a file",
        positional=True,
        required=True,
    ),
    *options_of(BuildOptions, ("features",), metavar="A,B", group=FEATURES),
    *options_of(BuildOptions, ("name",), group="output"),
    *options_of(Request, ("limit",), metavar="N", group="what a source is asked for"),
    *in_group(
        "what a source is asked for",
        Option("from", "a file that was saved from it", metavar="FILE"),
        Option("snapshot", "build from this kept snapshot (matdata list)", metavar="VERSION"),
        Option(
            "query",
            "what the source is asked for, as its Query says; `matdata plugins NAME` lists it for "
            "those of plugins",
            "table",
        ),
        Option(
            "thermo",
            "mp: level of theory of the energies: GGA_GGA+U (default), R2SCAN, GGA_GGA+U_R2SCAN, "
            "or summary for the database's mixture",
            metavar="TYPE",
        ),
        Option(
            "bulk",
            "mp: the whole database from the open data: fewer, larger files, and no key",
            "flag",
        ),
        Option("where", "as --filter; optimade: in its language", metavar="FILTER"),
        Option("optics", "jarvis: folder of <jid>.xml with dielectric functions", metavar="DIR"),
    ),
    *in_group(
        "columns of a file",
        *options_of(
            ReadOptions,
            (
                "id_col",
                "structure_col",
                "initial_col",
                "protostructure_col",
                "formula_col",
                "energy",
            ),
            metavar="NAME",
        ),
        *options_of(ReadOptions, ("initial",), metavar="PATH"),
        *options_of(ReadOptions, ("parts",), choices=("given", "none")),
        *options_of(ReadOptions, ("corrections",), choices=("given", "none", "mp2020", "mp")),
        Option(
            "target", "a column to learn; all numeric ones if not given", "list", metavar="NAME"
        ),
        Option(
            "axis",
            "the column with the points where the numbers of an array column stand (energies of a "
            "spectrum), which are learnt and scored on it",
            "list",
            metavar="COLUMN=AXIS",
        ),
        Option(
            "grid",
            "resample arrays on an axis to N points from START to STOP, by linear interpolation "
            "(0:30:3000; 0:30:3000:eV states the unit, energy=0:30:3000 the axis)",
            "list",
            metavar="START:STOP:N",
        ),
        *options_of(BuildOptions, ("beyond",)),
        *options_of(BuildOptions, ("spectra",), metavar="PATH"),
        *options_of(BuildOptions, ("only_with_spectra",)),
        *options_of(BuildOptions, ("components",), metavar="A,B"),
    ),
    *in_group(
        "what the data are",
        Option(
            "unit",
            "the unit of a column of numbers (gap=eV, 1 for none; else that of the source, or of a "
            "header such as 'gap (eV)')",
            "table",
        ),
        *options_of(BuildOptions, ("licence",), metavar="SPDX"),
        *options_of(BuildOptions, ("citation", "description"), metavar="TEXT"),
    ),
    *in_group(
        "curation",
        *options_of(CurateSettings, ("dedupe",)),
        *options_of(CurateSettings, ("min_distance",), metavar="Å"),
        Option(
            "symmetry",
            "moyopy, spglib, both (compared), or none; --set symmetry.symprec=0.01 (Å), "
            "symmetry.angle_tolerance=5 (degrees, of spglib)",
            default="moyopy",
        ),
        Option(
            "filter",
            "valid_wyckoff=true, wyckoff_below=16, sites_below=64, volume_per_atom_below=500, "
            "hull_below=0.1, elements=Ti,O, exclude_elements=Xe, drop_deprecated=false; or a "
            "condition: 'band_gap > 0 and not is_metal' (a missing value is not kept)",
            "table",
            texts="condition",
        ),
        Option(
            "condition",
            "conditions on columns, such as 'band_gap > 0 and not is_metal'",
            "list",
            in_arguments=False,
        ),
        Option(
            "allow_mixed",
            "accept records of several functionals, correction schemes or units",
            "flag",
            default=False,
        ),
        Option(
            "drop_in",
            "leave out what another dataset of the cache holds",
            "list",
            metavar="DATASET",
        ),
        *options_of(CurateSettings, ("drop_by",)),
    ),
    *options_of(BuildOptions, ("split",), group="split"),
    *options_of(BuildOptions, ("group_by",), metavar="COLUMN", group="split"),
    *options_of(BuildOptions, ("seed", "allow_no_split"), group="split"),
    *options_of(BuildOptions, ("allow_loss",), group="output"),
    *WORK,
    CACHE,
)


def canonical(values: Values, whole: Values | None = None) -> JsonObject:
    """Options of a file or of the command line, as keywords of `matdata.build`.

    Parameters
    ----------
    values
        By name of `BUILD_OPTIONS`.
    whole
        These and those that they are laid over; the source, which one of them names, decides
        whether ``where`` is a filter in its own language.

    Raises
    ------
    ConfigError
        If a condition, a filter or a setting of symmetry is unknown, or an option is given twice.
    """
    settings = dict(values.get("set", {}))
    tolerances = _known(settings.pop(SYMMETRY, {}), TOLERANCES, f"setting {SYMMETRY}.", "--set")
    columns = {key: values[key] for key in ReadOptions.__dataclass_fields__ if key in values}
    if columns.get("initial") is not None:
        columns["initial"] = str(columns["initial"])
    columns |= {"targets": values["target"]} if "target" in values else {}
    plain = (
        "source",
        "dataset",
        "limit",
        "snapshot",
        "cache",
        *BuildOptions.__dataclass_fields__,
        *CURATION,
    )
    given: JsonObject = {key: values[key] for key in plain if key in values}
    given |= _filters(values.get("filter", {})) | tolerances
    source = str({**(whole or {}), **values}.get("source", ""))
    own = "where" in values and _has_where(source)
    given |= _conditions(values, own)
    tables = {"columns": columns, "query": _query(values, own), "feature_settings": settings}
    given |= {name: table for name, table in tables.items() if table}
    if "from" in values:
        given["file"] = values["from"]
    if given.get("spectra") is not None:
        given["spectra"] = str(given["spectra"])
    if "allow_mixed" in values:
        given["mixed"] = "allow" if values["allow_mixed"] else "refuse"
    return given


def _has_where(source: str) -> bool:
    """Whether a source has a language of its own for filters."""
    name = source.partition(":")[0]
    return name in SOURCES and "where" in SOURCES.get(name).Query.__dataclass_fields__


def _conditions(values: Values, own: bool) -> JsonObject:
    """The condition on columns; each is parsed alone, so that errors point into what was given."""
    conditions = list(values.get("condition", ()))
    conditions += [values["where"]] if "where" in values and not own else []
    for condition in conditions:
        CurateSettings(where=condition)
    return {"where": " and ".join(f"({text})" for text in conditions)} if conditions else {}


def _query(values: Values, own: bool) -> JsonObject:
    query = dict(values.get("query", {}))
    for name in SHORT_QUERIES:
        if values.get(name) in (None, False) or (name == "where" and not own):
            continue
        if name in query:
            raise ConfigError(f"{name} is given twice: by --{name} and by --query")
        query[name] = values[name]
    if "optics" in query:
        query["optics"] = str(query["optics"])
        query |= {"components": values["components"]} if values.get("components") else {}
    return query


def _filters(filters: Values) -> JsonObject:
    for key, value in filters.items():
        if key in TOLERANCES:
            raise ConfigError(
                f"{key} is no filter: it is a setting of the search for symmetry",
                next_step=f"--set symmetry.{key}={value}",
            )
        if key not in FILTERS:
            raise ConfigError(
                f"--filter {key!r} is none{did_you_mean(key, FILTERS)}",
                next_step=f"filters: {', '.join(FILTERS)}; all else has an option of its own",
            )
    return dict(filters)


def _known(table: Values, names: tuple[str, ...], what: str, option: str) -> JsonObject:
    for key in table:
        if key not in names:
            raise ConfigError(
                f"unknown {what}{key}{did_you_mean(key, names)}",
                next_step=f"settings of {option}: {', '.join(names)}",
            )
    return dict(table)
