"""The options of ``matdata embed`` and ``matdata nearest``, wherever they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.options import Option, options_of
from matdata.evaluation.arguments import (
    RUN,
    SCHEDULER,
    TABLE_FILE,
    WHAT,
    WITHOUT_DERIVE,
    config_of,
)
from matdata.evaluation.similarity.search import METRICS
from matdata.features.embedding import COMBINE, COMBINE_HELP
from matdata.figures.formats import PictureSettings

if TYPE_CHECKING:
    from matdata.evaluation.similarity.embed import EmbedRequest
    from matdata.evaluation.similarity.request import NearestRequest

TOP = 10
#: Heading of the help.
MAP = "map"
_COMBINE = Option("combine", COMBINE_HELP, choices=COMBINE, default="joined", group="embeddings")
EMBED_OPTIONS = (
    RUN,
    WHAT,
    Option(
        "output",
        "write the vectors (.npz, .parquet, .csv); without it those of a dataset become its "
        "feature embedding:RUN",
        metavar="FILE",
        group="output",
    ),
    _COMBINE,
    Option(
        "map",
        "draw the embeddings on a plane: principal components, t-SNE (extra sklearn) or UMAP "
        "(extra umap)",
        choices=("pca", "tsne", "umap"),
        group=MAP,
    ),
    Option("colour", "column of the dataset that colours the map", metavar="COLUMN", group=MAP),
    Option("part", "draw this part of the run's split alone: train, val or test", group=MAP),
    Option("containing", "draw materials with this element alone", metavar="ELEMENT", group=MAP),
    Option(
        "beside",
        "with --map pca: another run, whose principal components are drawn over those of this one, "
        "with their correlations",
        metavar="RUN",
        group=MAP,
    ),
    Option("pictures", "where it goes (default: the run's pictures)", metavar="DIR", group=MAP),
    *options_of(PictureSettings, ("format",), metavar="A,B", group=MAP),
    *options_of(PictureSettings, ("style",), metavar="STYLE", group=MAP),
    SCHEDULER,
    *WITHOUT_DERIVE,
)
NEAREST_OPTIONS = (
    RUN,
    Option(
        "query",
        "ids of materials of the run's dataset, another dataset, files of structures, formulas, or "
        "reactions",
        "list",
        positional=True,
        required=True,
    ),
    Option(
        "top",
        f"how many training materials to list for each (default: {TOP})",
        "int",
        default=TOP,
        group="search",
    ),
    Option(
        "metric",
        "cosine similarity, or Euclidean distance, of embeddings",
        choices=METRICS,
        default="cosine",
        group="search",
    ),
    _COMBINE,
    Option(
        "columns",
        "columns of the run's dataset to list beside the formula, such as doi,year",
        "words",
        metavar="A,B",
        group="output",
    ),
    TABLE_FILE,
    SCHEDULER,
    *WITHOUT_DERIVE,
)


def config_of_embed(request: EmbedRequest) -> str:
    """A configuration file with all options of an embedding as they are in effect."""
    values = {
        **request.settings_in_effect(),
        "run": request.run.name,
        "what": request.names or None,
        "output": None if request.output is None else str(request.output),
        "combine": request.combine,
        **_map_values(request),
        "scheduler": request.scheduler,
    }
    return config_of("embed", EMBED_OPTIONS, values)


def _map_values(request: EmbedRequest) -> dict[str, object]:
    asked = request.map
    if asked is None:
        return {}
    return {"map": asked.method, "colour": asked.colour, "part": asked.part,
            "containing": asked.containing,
            "beside": None if asked.beside is None else asked.beside.name,
            "pictures": str(asked.folder), **asked.look.to_dict()}  # fmt: skip


def config_of_nearest(request: NearestRequest) -> str:
    """The same of a search for the nearest."""
    values = {
        **request.settings_in_effect(),
        "run": request.run.name,
        "query": request.names or None,
        "top": request.top,
        "metric": request.metric,
        "combine": request.combine,
        "columns": request.columns or None,
        "output": None if request.output is None else str(request.output),
        "scheduler": request.scheduler,
    }
    return config_of("nearest", NEAREST_OPTIONS, values)
