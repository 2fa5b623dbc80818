"""The options of ``matdata substitute``: arguments, configuration files and Python alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from matdata.building.arguments import CACHE, FEATURES, WORK
from matdata.building.config import entries, feature_tables
from matdata.building.options import BuildOptions, build_options
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.given import path_of
from matdata.core.options import Option, Values, in_group, options_of
from matdata.figures.formats import require_format
from matdata.sources.base import Request
from matdata.sources.substitute import SubstituteQuery
from matdata.store.config_file import config_text

CSV = ".csv"
DRAWS, PROBABILITIES, LEFT_OUT = "draws", "probabilities", "what is left out"
_QUERY = tuple(SubstituteQuery.__dataclass_fields__)
_OF_BUILD = ("name", "features", "seed", "store", "workers", "shard_rows", "scheduler", "reuse")
SUBSTITUTE_OPTIONS = (
    Option("dataset", "the parents: name, or name@version", positional=True, required=True),
    *options_of(SubstituteQuery, ("per_parent",), metavar="N", group=DRAWS),
    *options_of(SubstituteQuery, ("draw",), choices=("sampled", "best"), group=DRAWS),
    *options_of(SubstituteQuery, ("one_element",), group=DRAWS),
    *in_group(
        DRAWS,
        Option("seed", "seed of the draws", "int", default=0),
        Option("limit", "at most N candidates", "int"),
    ),
    *options_of(SubstituteQuery, ("count_from",), metavar="DATASET", group=PROBABILITIES),
    *options_of(SubstituteQuery, ("prior",), choices=("pymatgen",), group=PROBABILITIES),
    *options_of(SubstituteQuery, ("bin_weight",), choices=("pairs", "equal"), group=PROBABILITIES),
    Option(
        "matrix",
        "write the probabilities to this file: numbers (.csv), or a map of the main-group elements "
        "(.png, .svg, .pdf); can be repeated",
        "list",
        metavar="FILE",
        group=PROBABILITIES,
    ),
    *options_of(SubstituteQuery, ("exclude",), metavar="A,B", group=LEFT_OUT),
    *in_group(
        LEFT_OUT,
        Option(
            "exclude_in",
            "leave out compositions that this dataset holds; can be repeated",
            "list",
            metavar="DATASET",
        ),
    ),
    *options_of(SubstituteQuery, ("structures",), group="output"),
    *options_of(BuildOptions, ("name",), group="output"),
    *options_of(BuildOptions, ("features",), metavar="A,B", group=FEATURES),
    *WORK,
    CACHE,
)


@dataclass(frozen=True)
class SubstituteConfig:
    """Options of ``matdata substitute``, checked.

    Attributes
    ----------
    dataset
        The parents.
    query
        How they are made.
    options
        What to build of them.
    limit
        At most so many.
    matrix
        Files for the probabilities.
    """

    dataset: str
    query: SubstituteQuery
    options: BuildOptions
    limit: int | None
    matrix: tuple[Path, ...]

    @classmethod
    def of(cls, keywords: Values) -> SubstituteConfig:
        """Check the values of `SUBSTITUTE_OPTIONS`, by name.

        Raises
        ------
        ConfigError
            If one has a value that it cannot take, or no dataset is named.
        """
        if keywords.get("dataset") is None:
            raise ConfigError("no dataset was named", next_step="name that of the parents")
        build = {name: keywords[name] for name in _OF_BUILD if name in keywords}
        build["split"] = None
        if keywords.get("exclude_in"):
            build |= {"drop_in": keywords["exclude_in"], "drop_by": "formula"}
        build |= {"feature_settings": keywords["set"]} if keywords.get("set") else {}
        matrix = tuple(path_of(one, "--matrix") for one in keywords.get("matrix", ()))
        for path in matrix:
            if path.suffix.lower() != CSV:
                require_format(path)
        return cls(
            str(keywords["dataset"]),
            SubstituteQuery.from_mapping({k: v for k, v in keywords.items() if k in _QUERY}),
            build_options(build),
            keywords.get("limit"),
            matrix,
        )

    def request(self, cache: Path) -> Request:
        """The request for the source of candidates."""
        return Request(
            argument=self.dataset,
            limit=self.limit,
            seed=self.options.seed,
            cache=cache,
            query=self.query.to_dict(),
        )

    def as_text(self, parents: str) -> str:
        """A configuration file that says all options as they are in effect, with the exact
        reference of the parents."""
        values: JsonObject = {
            **{name: getattr(self.options, name) for name in _OF_BUILD},
            **asdict(self.query),
            "dataset": parents,
            "limit": self.limit,
            "exclude_in": self.options.drop_in,
            "matrix": [str(path) for path in self.matrix],
        }
        title = ("Options of `matdata substitute --config FILE`, as they were in effect.",)
        table = entries(SUBSTITUTE_OPTIONS, values)
        return config_text(title, table, feature_tables(self.options))


def canonical(values: Values, whole: Values | None = None) -> JsonObject:
    """Options of a file or of the command line: none has two spellings."""
    return dict(values)


def shown_counts(counts: Iterable[tuple[str, int]]) -> str:
    """How many draws became what, in one line."""
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts)
