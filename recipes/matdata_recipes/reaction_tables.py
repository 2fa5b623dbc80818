"""Tables 5.1 and 5.2 and figures 5.5 to 5.9 of R. E. A. Goodall's thesis: products of reactions.

python -m matdata_recipes.reaction_tables --from solid-state_dataset_2019-12-03.json.xz \
    --size reduced --seeds 0 --items table-5.1 figure-5.6

`matdata reproduce goodall:table-5.1 --from FILE` does the same with the thesis's sizes and
schedules; here networks may be smaller, and what is recorded says so. Rows that were trained are
not trained again, and what was stopped goes on.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matdata import cli
from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError, SourceError, StoreError, TrainError
from matdata.plugin import MatdataError
from matdata.store.catalogue import find_dataset
from matdata.training.evaluated import score_on_record
from matdata.training.run_lookup import find_run
from matdata_recipes.reaction_rows import (
    DATASET,
    METRICS,
    ROWS,
    SIZES,
    Row,
    Size,
    command,
    evaluated,
    rows_of,
)
from matdata_recipes.script import printing_errors

#: Models of each figure; tables have all rows of theirs.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "figure-5.5": ("graph-10",),
    "figure-5.6": ("graph-10", "graph-10-feed", "null-10"),
    "figure-5.7": ("graph-10",),
    "figure-5.8": ("graph-3", "graph-3-no-actions", "magpie-3", "null-3"),
    "figure-5.9": ("null-3", "magpie-3", "graph-3-no-actions", "graph-3"),
}
ITEMS = ("table-5.1", "table-5.2", *FIGURES)


@dataclass(frozen=True)
class Scored:
    """A score of a row: one value a seed, and what the thesis prints; None where it does not."""

    row: Row
    metric: str
    values: tuple[float, ...]
    published: float | None

    @property
    def line(self) -> str:
        """For reading."""
        if not self.values:
            return f"{self.row.name}: {self.metric} not trained, thesis {self.published}"
        mean = statistics.fmean(self.values)
        error = f" ± {statistics.stdev(self.values):.2g}" if len(self.values) > 1 else ""
        paper = "" if self.published is None else f", thesis {self.published:g}"
        return f"{self.row.name}: {self.metric} {mean:.4g}{error}{paper}"


@dataclass(frozen=True)
class Study:
    """What is made, and where.

    Attributes
    ----------
    size, seeds
        Of the networks, and of weights and order.
    cache, threads
        Where runs go; threads of torch.
    files
        Of the release; not read where the cache has the dataset.
    limit
        Records of the release that are read; None: all.
    recorded_only
        Whether rows that were not trained are left out instead of trained.
    chosen
        Names of the rows of tables that are trained; empty: all. The others are left out if they
        were not trained.
    """

    size: Size
    seeds: tuple[int, ...]
    cache: Path
    files: Sequence[Path] = ()
    threads: int = 1
    limit: int | None = None
    recorded_only: bool = False
    chosen: tuple[str, ...] = ()

    def rows(self, item: str) -> list[Row]:
        """Rows of an item."""
        if item in FIGURES:
            return [ROWS[name] for name in FIGURES[item]]
        return rows_of(item, self.size)

    def scores(self, item: str) -> list[Scored]:
        """Scores of all rows of an item, which are trained first.

        Raises
        ------
        MatdataError
            If a step fails; what was finished before is kept.
        """
        from matdata_recipes.reaction_scores import GIVEN, predicted_by

        self.build()
        scored = []
        for row in self.rows(item):
            seeds = [seed for seed in (self.seeds if row.model else (0,)) if self.has(row, seed)]
            found = [predicted_by(row, self.size, seed, self.cache).scores for seed in seeds]
            if not found:
                named = zip(METRICS, row.published, strict=False)
                scored += [Scored(row, metric, (), paper) for metric, paper in named]
            for metric in found[0] if found else ():
                place = METRICS.index(metric.removesuffix(GIVEN))
                paper = row.published[place] if place < len(row.published) else None
                values = tuple(one[metric] for one in found)
                scored.append(Scored(row, metric, values, paper))
        return scored

    def draw(self, item: str, folder: Path) -> None:
        """Write the figure of an item, light and dark; raises as `scores`."""
        from matdata_recipes.reaction_figures import draw
        from matdata_recipes.reaction_scores import predicted_by

        self.build()
        seed = self.seeds[0]
        models = {
            row.name: predicted_by(row, self.size, seed, self.cache)
            for row in self.rows(item)
            if self.has(row, seed)
        }
        for style in ("light", "dark"):
            draw(item, models, folder / style, style)

    def build(self) -> None:
        """The dataset, its splits and its feature, if they are not in the cache."""
        try:
            find_dataset(self.cache, DATASET)
        except StoreError:
            self._recipe()
        _carry(["featurize", DATASET, "reaction", "--set", "reaction.table=magpie145"], self.cache)

    def _recipe(self) -> None:
        from matdata_recipes import common, reactions

        if not self.files:
            raise SourceError(
                f"{DATASET} is not in the cache", next_step=f"--from FILE; {reactions.WHERE}"
            )
        words = ["--from", *map(str, self.files), "--cache", str(self.cache)]
        words += [] if self.limit is None else ["--limit", str(self.limit)]
        if common.run(reactions.recipe, reactions.__doc__ or "", words):
            raise SourceError(f"the dataset {DATASET} could not be built")

    def has(self, row: Row, seed: int) -> bool:
        """Whether a row is evaluated; it is trained and evaluated now, unless told otherwise."""
        if not row.model or _is_evaluated(evaluated(row, self.size, seed), self.cache):
            return True
        if self.recorded_only or (self.chosen and row.name not in self.chosen):
            return False
        _carry([*command(row, self.size, seed, self.threads)], self.cache)
        _carry(["evaluate", evaluated(row, self.size, seed)], self.cache)
        return True


def _is_evaluated(run: str, cache: Path) -> bool:
    try:
        score_on_record(find_run(cache, run))
    except MatdataError:
        return False
    return True


def _carry(words: Sequence[str], cache: Path) -> None:
    code = cli.main([*words, "--cache", str(cache), "--quiet"])
    if code:
        raise TrainError(
            f"`matdata {' '.join(words)}` ended with exit code {code}",
            next_step="its message stands above; the same command goes on from there",
        )


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print scores beside the thesis's, write them down, and draw figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--from", dest="files", nargs="+", default=[], type=Path, metavar="FILE")
    add("--items", nargs="+", default=list(ITEMS), choices=ITEMS, metavar="ITEM")
    add("--size", default="reduced", choices=list(SIZES))
    add("--seeds", nargs="+", type=int, default=[0], help="of weights and order")
    add("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    add("--threads", type=int, default=1)
    add("--pictures", type=Path, metavar="DIR", help="draw figures into it")
    add(
        "--rows",
        nargs="+",
        default=[],
        choices=list(ROWS),
        metavar="ROW",
        help="train these alone, such as graph-10-together",
    )
    add("--record", action="store_true", help="write the files that `matdata reproduce` reads")
    add("--recorded-only", action="store_true", help="train nothing: rows that there are")
    given = parser.parse_args(arguments)
    if len(set(given.seeds)) < len(given.seeds):
        raise ConfigError("a seed is named twice")
    study = Study(
        SIZES[given.size], tuple(given.seeds), cache_dir(given.cache), given.files, given.threads,
        recorded_only=given.recorded_only, chosen=tuple(given.rows),
    )  # fmt: skip
    for item in given.items:
        for one in study.scores(item):
            print(f"{item}: {one.line}", flush=True)
        if given.pictures is not None:
            study.draw(item, given.pictures)
        if given.record:
            from matdata_recipes.reproduce.of_reactions import record

            print(f"wrote {record(item, replace(study, recorded_only=True))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
