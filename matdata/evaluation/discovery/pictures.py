"""Pictures of a ranking: what was predicted, and where the truth is known, how well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matdata.evaluation.derive.hull import RESULT
from matdata.evaluation.discovery.metrics import along, reliability, rolling_error
from matdata.evaluation.discovery.ranking import Float, Ranking
from matdata.evaluation.discovery.request import DiscoverRequest
from matdata.evaluation.discovery.score import Scored
from matdata.evaluation.file_names import file_stems
from matdata.evaluation.pictures import Drawn
from matdata.figures import require_matplotlib

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture

Draw: TypeAlias = "Callable[[str, Look], Picture]"
#: True distances at which the rolling error is drawn, eV/atom.
CENTRES = np.round(np.arange(-0.2, 0.4001, 0.005), 3)
#: Candidates about a true distance from which their mean error is drawn.
LEAST = 3


def draw_discovery(request: DiscoverRequest, ranking: Ranking, scored: Scored | None) -> Drawn:
    """Write the pictures of a ranking into the folder of the request; none if it names none.

    A picture that cannot be drawn costs neither the others nor the ranking.

    Raises
    ------
    ConfigError
        If pictures are asked for, and matplotlib is not installed.
    """
    drawn = Drawn()
    if request.pictures is None:
        return drawn
    require_matplotlib()
    look, name = _look(request), request.dataset.ref.partition("@")[0]
    for stem, (title, draw) in _pictures(request, ranking, scored).items():
        picture = partial(draw, f"{title}: {name}", look)
        drawn.add(request.pictures, stem, request.look.format, picture)
    return drawn


def _look(request: DiscoverRequest) -> Look:
    from matdata.figures.picture import Look

    run, reference = request.run, request.hull.stored.ref
    caption = (
        f"run {run.name} ({run.manifest['plugin']['name']})",
        f"candidates {request.dataset.ref}",
        f"known phases {reference}",
        f"by {request.criterion}",
    )
    about = {"run": run.name, "dataset": request.dataset.ref, "reference": reference}
    return Look(request.look.style, caption, about)


def _pictures(
    request: DiscoverRequest, ranking: Ranking, scored: Scored | None
) -> Mapping[str, tuple[str, Draw]]:
    """Title and what draws it by the stem of the file's name."""
    if scored is None:
        return {"distances": ("Predicted distances", partial(_distances, ranking.mean))}
    pictures: dict[str, tuple[str, Draw]] = {
        "cumulative": ("Precision and recall", partial(_cumulative, scored)),
        "enrichment": ("Enrichment", partial(_enrichment, scored, request.budget)),
        "classification": ("Classification", partial(_classification, scored)),
        "rolling": ("Rolling error", partial(_rolling, scored, {"all": slice(None)})),
    }
    if np.isfinite(scored.ranking.probability).any():
        pictures["reliability"] = ("P(stable)", partial(_reliability, scored))
    for column, stem in file_stems(scored.groups).items():
        groups = {f"{column} {value}": rows for value, rows in scored.groups[column].items()}
        title = f"Rolling error by {column}"
        pictures[f"rolling-{stem}"] = (title, partial(_rolling, scored, groups))
    return pictures


def _distances(mean: Float, title: str, look: Look) -> Picture:
    from matdata.figures.histograms import histogram

    return histogram(mean, RESULT, "eV/atom", title, look)


def _cumulative(scored: Scored, title: str, look: Look) -> Picture:
    from matdata.figures.discovery import cumulative

    known = np.isfinite(scored.true)
    curve = along(scored.ranking, scored.true)
    selected = int((scored.ranking.selected & known).sum())
    return cumulative(curve.precision, curve.recall, selected, title, look)


def _enrichment(scored: Scored, budget: int | None, title: str, look: Look) -> Picture:
    from matdata.figures.discovery import enrichment

    curve = along(scored.ranking, scored.true)
    hits = {"stable": curve.stable}
    hits |= {f"within {1000 * one:.0f} meV": counts for one, counts in curve.hits.items()}
    return enrichment(hits, title, look, budget)


def _classification(scored: Scored, title: str, look: Look) -> Picture:
    from matdata.figures.discovery import classification

    ranking = scored.ranking
    selections = {"mean": ranking.mean}
    if np.isfinite(ranking.std).any():
        selections["mean + std"] = ranking.mean + ranking.std
    return classification(scored.true, selections, title, look)


def _rolling(
    scored: Scored, groups: Mapping[str, np.ndarray | slice], title: str, look: Look
) -> Picture:
    from matdata.figures.discovery import Band, rolling

    bands = {}
    for name, rows in groups.items():
        error = rolling_error(scored.ranking.mean[rows], scored.true[rows], CENTRES)
        enough = error.count >= LEAST
        bands[name] = Band(
            error.centre,
            np.where(enough, error.mae, np.nan),
            np.where(enough, error.standard_error, np.nan),
        )
    return rolling(bands, title, look)


def _reliability(scored: Scored, title: str, look: Look) -> Picture:
    from matdata.figures.discovery import reliability as draw

    found = reliability(scored.ranking.probability, scored.true)
    return draw(found.predicted, found.observed, found.count, found.brier, title, look)
