"""What a build was asked for, resolved; and the configuration file that says all of it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from matdata.building.arguments import (
    BUILD_OPTIONS,
    FEATURIZE_OPTIONS,
    SHORT_QUERIES,
    SYMMETRY,
    WORK_OPTIONS,
)
from matdata.building.options import BuildOptions, build_options
from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError
from matdata.core.given import path_of
from matdata.core.options import Option, Values
from matdata.core.settings import Settings
from matdata.core.tolerances import SETTINGS as TOLERANCES
from matdata.core.tolerances import WITH_ANGLES
from matdata.curate.settings import FILTERS
from matdata.features import featurizer
from matdata.sources.base import Request, Source
from matdata.sources.read_options import ReadOptions
from matdata.store.config_file import Entry, config_text, quoted_key

TABLES = ("set", "filter", "query", "unit", *SHORT_QUERIES)


@dataclass(frozen=True)
class BuildConfig:
    """What a build was asked for, resolved.

    Attributes
    ----------
    source
        As `matdata.sources.find_source` takes it.
    options
        What to make of it.
    columns, limit, file, snapshot, query
        What the source is asked for.
    """

    source: str
    options: BuildOptions
    columns: ReadOptions
    limit: int | None
    file: Path | None
    snapshot: str | None
    query: JsonMapping

    @classmethod
    def of(cls, keywords: Values) -> BuildConfig:
        """Check the keywords of `matdata.build`.

        Raises
        ------
        ConfigError
            If one is unknown or has a value that it cannot take; if no source is named.
        """
        own = {field.name for field in fields(cls)} - {"options"}
        rest = {k: v for k, v in keywords.items() if k not in own and k != "cache"}
        if keywords.get("source") is None:
            raise ConfigError(
                "no source was named", next_step="name one: sample, mp, jarvis:SET, … or a path"
            )
        file = keywords.get("file")
        return cls(
            str(keywords["source"]),
            build_options(rest),
            ReadOptions.from_mapping(keywords.get("columns") or {}),
            keywords.get("limit"),
            None if file is None else path_of(file, "--from"),
            keywords.get("snapshot"),
            keywords.get("query") or {},
        )

    def request(self, cache: Path) -> Request:
        """What the source is asked for.

        Raises
        ------
        ConfigError
            If a value is none that can be asked for.
        """
        return Request(
            limit=self.limit,
            seed=self.options.seed,
            options=self.columns,
            file=self.file,
            cache=cache,
            query=self.query,
            snapshot=self.snapshot,
        )


def config_of_build(config: BuildConfig, source: Source) -> str:
    """A configuration file that says all options of a build as they are in effect.

    Parameters
    ----------
    config
        What was asked for.
    source
        The source that came of it, for what else it can be asked for.
    """
    options, columns = config.options, config.columns
    values = {
        **{field.name: getattr(options, field.name) for field in fields(options)},
        **options.curation.to_dict(),
        **columns.to_dict(),
        "source": config.source,
        "limit": config.limit,
        "from": None if config.file is None else str(config.file),
        "snapshot": config.snapshot,
        "target": columns.targets or None,
        "allow_mixed": options.curation.mixed == "allow",
        "condition": [options.curation.where] if options.curation.where else None,
        "split": options.split or "none",
    }
    query = source.Query.from_mapping(config.query) if source.Query is not Settings else None
    asked = _rows(query) if query else [Entry(k, v) for k, v in config.query.items()]
    has_angles = options.curation.symmetry in WITH_ANGLES
    tolerances = TOLERANCES if has_angles else ("symprec",)
    tables = {
        "query": asked,
        "unit": [Entry(column, str(unit)) for column, unit in options.unit.items()],
        "filter": _rows(options.curation, FILTERS),
        f"set.{SYMMETRY}": _rows(options.curation, tolerances),
        **feature_tables(options),
    }
    title = ("Options of `matdata build --config FILE`, as they were in effect.",)
    return config_text(title, entries(BUILD_OPTIONS, values), tables)


def config_of_features(dataset: str, options: BuildOptions, command: str = "featurize") -> str:
    """The same for ``matdata featurize`` and ``work``; the dataset by its exact reference."""
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    table = {"featurize": FEATURIZE_OPTIONS, "work": WORK_OPTIONS}[command]
    rows = entries(table, {**values, "dataset": dataset})
    title = (f"Options of `matdata {command} --config FILE`, as they were in effect.",)
    return config_text(title, rows, feature_tables(options))


def entries(options: Iterable[Option], values: Values) -> list[Entry]:
    """Options with their values, tables apart.

    A cache is a place on this machine: it is none of what is written down.
    """
    alone = [one for one in options if one.name not in (*TABLES, "cache")]
    return [Entry(one.name.replace("_", "-"), values.get(one.name), one.help) for one in alone]


def feature_tables(options: BuildOptions) -> dict[str, list[Entry]]:
    """Settings of each feature, as tables of a file."""
    tables = {}
    for spec in options.features:
        settings = featurizer(spec, options.settings_of(spec)).settings
        tables[f"set.{quoted_key(spec)}"] = _rows(settings, leave_out=("variant",))
    return tables


def _rows(
    settings: Settings, names: Iterable[str] | None = None, leave_out: Iterable[str] = ()
) -> list[Entry]:
    meanings = {name: meaning for name, _, meaning in settings.describe()}
    chosen = [name for name in (meanings if names is None else names) if name not in leave_out]
    return [Entry(name, getattr(settings, name), meanings[name]) for name in chosen]
