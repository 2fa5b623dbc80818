"""The score of a ranking: true distances are opened once for the same weights, and on record."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.composition import parse_formula, reduced_formula
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.evaluation.column_groups import Groups, groups_of
from matdata.evaluation.derive.hull import FORMULA, RESULT
from matdata.evaluation.discovery.groups import (
    CENTRES,
    scores_of_groups,
    scores_of_polymorphs,
)
from matdata.evaluation.discovery.metrics import (
    MOST_STABLE,
    along,
    first_of_each,
    reliability,
    rolling_error,
    subsets,
)
from matdata.evaluation.discovery.ranking import Bool, Float, Int, Ranking, rank
from matdata.evaluation.discovery.request import DiscoverRequest
from matdata.evaluation.discovery.truth import Source, read_truth, source_of, unseen
from matdata.evaluation.openings import Opening, record_opening
from matdata.evaluation.score import folder_of_openings
from matdata.store.records import write_record
from matdata.training.added import adding
from matdata.training.contents import read_sealed
from matdata.training.run import OPENED
from matdata.training.run_folder import run_lock

#: Of the scores: another one where a definition changes.
VERSION = 3
#: Folder of a run with the scores of its rankings.
FOLDER = "discoveries"
PROTOSTRUCTURE = "protostructure"
#: Column of matbench-discovery's summary of WBM: marks of prototypes that neither the Materials
#: Project nor an earlier material has.
UNIQUE = "unique_prototype"


@dataclass(frozen=True, eq=False)
class Scored:
    """The score of a ranking, and what it was computed from.

    Attributes
    ----------
    document
        The score as it is on record, and whether it was ``reused``.
    ranking
        Of the n candidates that are scored, see `truth.unseen`.
    true : (n,)
        Their true distances to the hull, eV/atom; NaN where unknown.
    unique : (n,) bool
        Unique prototypes; None if they are not known.
    groups
        By column that was asked for the rows of each of its values.
    """

    document: JsonObject
    ranking: Ranking
    true: Float
    unique: Bool | None
    groups: Mapping[str, Groups]


def score_of(request: DiscoverRequest, ranking: Ranking) -> Scored | None:
    """How good a ranking is, computed now or read from its record; None without true distances.

    Raises
    ------
    ConfigError
        If a column to score by has too many values, or no true distances are there to score with.
    TrainError
        If the same training opened true values of the dataset with other weights.
    StoreError
        If a record is damaged or cannot be written.
    """
    source = source_of(request) if request.scores else None
    if source is None:
        _require_none_by(request)
        return None
    own, same_dataset = unseen(request)
    rows = np.flatnonzero(own)
    groups = {name: groups_of(request.dataset, name, rows) for name in request.by}
    identity = _identity(request, source)
    path = request.run.folder / FOLDER / f"{digest_json(identity)[:12]}.json"
    known = read_sealed(path)["score"] if path.is_file() else None
    opened = _open(request, identity, same_dataset) if known is None else known["opened"]
    true = read_truth(request, source, ranking.ids[own])
    among = rank(ranking.ids[own], ranking.mean[own], ranking.std[own], request.criterion)
    unique, formulas = _unique(request, rows), _formulas(request, rows)
    if known is not None:
        return Scored({**known, "reused": True}, among, true, unique, groups)
    score = {
        "truth": source._asdict(),
        "opened": opened,
        "scored": int(np.isfinite(true).sum()),
        "trained_on": int((~own).sum()),
        "scored_before": _scored_before(path.parent, identity),
        **_scores(request, among, true, unique),
        "polymorphs": scores_of_polymorphs(formulas, among.mean, true),
        **({"by": scores_of_groups(among, true, formulas, groups)} if groups else {}),
    }
    plain = {name: _plain(one) for name, one in score.items()}
    with adding(path.parent):
        path.parent.mkdir(exist_ok=True)
        write_record(path, {"identity": identity, "score": plain})
    return Scored({**plain, "reused": False}, among, true, unique, groups)


def _require_none_by(request: DiscoverRequest) -> None:
    """Refuse columns to score by where no true distance is known."""
    if request.by:
        raise ConfigError(
            f"{request.dataset.ref} has no true distances to score by {', '.join(request.by)}",
            cause=f"it has no column {request.hull.source.source!r} or {RESULT!r}",
            next_step="name their column with --truth, or leave out --by",
        )


def _identity(request: DiscoverRequest, source: Source) -> JsonObject:
    return {
        "version": VERSION,
        "weights": request.run.weights_digest(),
        "dataset": request.dataset.data_digest,
        "columns": request.dataset.ref,
        "reference": request.hull.reference,
        "target": request.hull.source.name,
        "truth": source._asdict(),
        "criterion": request.criterion,
        "budget": request.budget,
        **({"by": list(request.by)} if request.by else {}),
    }


def _scored_before(folder: Path, identity: JsonObject) -> list[JsonObject]:
    """Criterion, budget and reference of other scores of the same weights on the same rows."""
    identities = [read_sealed(path)["identity"] for path in sorted(folder.glob("*.json"))]
    return [
        {name: other[name] for name in ("criterion", "budget", "reference", "target")}
        for other in identities
        if all(other[name] == identity[name] for name in ("weights", "dataset"))
    ]


def _open(request: DiscoverRequest, identity: JsonObject, same_dataset: bool) -> JsonObject:
    """Record that true values are read, before they are; of the run's own dataset this opens the
    test part of its split as well."""
    run, weights = request.run, str(identity["weights"])
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with run_lock(run.folder) as lock:
        split = run.split if same_dataset else {"name": "discover", "digest": digest_json(identity)}
        opening, first = record_opening(
            folder_of_openings(run, request.dataset),
            Opening(split["name"], split["digest"], run.name, run.digest, weights, now),
        )
        if same_dataset and not (run.folder / OPENED).is_file():
            lock.require()
            write_record(
                run.folder / OPENED, {"run": run.name, "weights": weights, "opened": opening.opened}
            )
    return {"run": opening.run, "when": opening.opened, "first": first}


def _scores(
    request: DiscoverRequest, among: Ranking, true: Float, unique: Bool | None
) -> dict[str, object]:
    curve = along(among, true)
    shown = _places(len(curve.stable), request.budget)
    at = np.array(shown, dtype=np.int64) - 1
    return {
        "subsets": subsets(among, true, unique, request.budget or MOST_STABLE),
        "along": {
            "candidates": shown,
            "precision": curve.precision[at],
            "recall": curve.recall[at],
            "enrichment": curve.enrichment[at],
            "hits": {f"{1000 * one:.0f} meV": count[at] for one, count in curve.hits.items()},
        },
        "reliability": asdict(reliability(among.probability, true)),
        "rolling": asdict(rolling_error(among.mean, true, CENTRES)),
    }


def _formulas(request: DiscoverRequest, rows: Int) -> npt.NDArray[np.str_]:
    """Reduced formulas of the rows, (n,)."""
    column = request.dataset.columns[FORMULA]
    formulas = [reduced_formula(parse_formula(column[row])) for row in rows.tolist()]
    return np.array(formulas, dtype=np.str_)


def _unique(request: DiscoverRequest, rows: Int) -> Bool | None:
    """Unique prototypes among the rows: marked by the data, else the first of each label."""
    columns = request.dataset.columns
    marks = [columns[UNIQUE][row] for row in rows.tolist()] if UNIQUE in columns else [None]
    if marks and all(isinstance(mark, bool) for mark in marks):
        return np.array(marks, dtype=np.bool_)
    if PROTOSTRUCTURE not in columns:
        return None
    return first_of_each([columns[PROTOSTRUCTURE][row] for row in rows.tolist()])


def _places(count: int, budget: int | None) -> list[int]:
    """1, 2, 5, 10, … up to all candidates, and the budget."""
    steps = {first * 10**power for power in range(9) for first in (1, 2, 5)} | {count}
    return sorted(n for n in steps | {budget or count} if 0 < n <= count)


def _plain(value: object) -> object:
    """What JSON can hold; NaN is None."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
