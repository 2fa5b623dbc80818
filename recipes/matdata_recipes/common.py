"""What all recipes share: from the plan of a paper's data set to its dataset, splits and counts.

A recipe is a module with `recipe(given)`, which returns a `Recipe`; `run` reads the arguments,
builds the dataset, saves its splits, and prints the paper's counts beside ours.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matdata.api import Dataset
from matdata.building.options import BuildOptions
from matdata.building.pipeline import build
from matdata.core.cache import cache_dir
from matdata.core.console import Console
from matdata.core.errors import ConfigError, SourceError
from matdata.core.executors import default_workers
from matdata.core.streams import screened
from matdata.curate.settings import CurateSettings
from matdata.sources import find_source
from matdata.sources.base import Request
from matdata.sources.files import Files
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.opening import plain_stem
from matdata.splits import PARTS, make_splits
from matdata.splits.base import Split
from matdata.splits.saved import load_split, save_splits, settings_known, unmatched_ids
from matdata.store.spectrum_columns import Cells
from matdata_recipes.gathered import Gathered, Item, is_number
from matdata_recipes.plan import GOODALL, GOODALL_STEPS, Built, Cut, Figure, Recipe
from matdata_recipes.published_ids import differing, matched
from matdata_recipes.script import printing_errors

__all__ = ["GOODALL", "Cut", "Recipe", "make", "run"]


def make(recipe: Recipe, given: argparse.Namespace, console: Console) -> Built:
    """Build the dataset of a recipe and save its splits.

    Raises
    ------
    SourceError
        If no files are given and matdata has no source for the set.
    """
    cache = cache_dir(given.cache)
    source = Gathered(recipe.name, _items(recipe, given), recipe.rules, recipe.properties)
    settings = {**recipe.curation, "drop_by": recipe.drop_by}
    if source.origin().energy_column is None and settings.get("dedupe", "none") != "none":
        _require_one_entry_per_composition(recipe)
        settings["dedupe"] = "none"
        console.say("no energy column is known: nothing is left out as a duplicate")
    if given.symmetry:
        settings["symmetry"] = given.symmetry
    options = BuildOptions(
        name=recipe.name,
        split=None,
        curation=CurateSettings.from_mapping(settings),
        drop_in=recipe.drop_in,
        workers=given.workers,
        **recipe.options,
    )
    built = build(source, cache, options, console)
    dataset = Dataset(built.dataset.folder, cache)
    figures = _counted(recipe, dataset)
    names: list[str] = []
    for cut in recipe.cuts:
        made, figure = _cut(cut, dataset, given.seed, console)
        names += made
        figures += figure
    lists = {name: unmatched_ids(dataset, load_split(dataset, name)) for name in names}
    return Built(dataset, names, figures, {name: one for name, one in lists.items() if one})


def _require_one_entry_per_composition(recipe: Recipe) -> None:
    """Tables of compositions come with one entry a composition; crystals do not."""
    if recipe.curation["dedupe"] == "protostructure":
        raise SourceError(
            f"{recipe.name} keeps the lowest energy of each protostructure, and no energy column "
            "is known",
            next_step="give files with energy_per_atom, or total energies in a column energy",
        )


def _items(recipe: Recipe, given: argparse.Namespace) -> list[Item]:
    read = ReadOptions.from_mapping(recipe.columns)
    if given.files:
        paths = [Path(name) for name in given.files]
        if recipe.items is not None:
            return recipe.items(paths)
        label = recipe.label
        return [
            Item(Files(path, read, given.limit), {label: plain_stem(path)} if label else {})
            for path in paths
        ]
    if recipe.source is None:
        raise SourceError(
            f"matdata has no source for {recipe.name} yet; expected --from FILE",
            next_step=f"the data: {recipe.where}",
        )
    return [Item(find_source(recipe.source, Request(limit=given.limit)))]


def _counted(recipe: Recipe, dataset: Dataset) -> list[Figure]:
    steps = dataset.funnel()
    if not recipe.funnel:
        kept: Figure = ("materials", recipe.rows, len(dataset))
        return [*_left_out(dataset), kept] if recipe.ledger else [kept]
    figures: list[Figure] = [("records read", recipe.funnel[0], steps[0]["entered"])]
    for start, number in zip(GOODALL_STEPS[1:], recipe.funnel[1:], strict=False):
        step = next(step for step in steps if step["step"].startswith(start))
        figures.append((step["step"], number, step["kept"]))
    if recipe.rows not in (None, recipe.funnel[-1]):
        figures.append(("materials", recipe.rows, len(dataset)))
    return figures


def _left_out(dataset: Dataset) -> list[Figure]:
    """Records read, and those that the source left out, by reason; no paper says these."""
    reasons = Counter(dataset.ledger["reason"].tolist())
    read: Figure = ("records read", None, dataset.funnel()[0]["entered"])
    return [read, *((f"without {reason}", None, -n) for reason, n in reasons.most_common())]


def _cut(cut: Cut, dataset: Dataset, seed: int, console: Console) -> tuple[list[str], list[Figure]]:
    rows = _rows_having(cut, dataset)
    what = cut.name or cut.method
    if rows is None or len(rows) < 2:
        wanted = " and ".join(one.name for one in cut.having)
        console.warn(f"no split {what}: no two materials have {wanted}")
        return [], [(f"with {wanted}", cut.paper, 0)]
    settings = _settings(cut, len(rows), seed, console)
    table = {
        name: [column[row] for row in rows]
        for name, column in dataset.columns.items()
        if not isinstance(column, Cells)  # no split is by spectra, and they are large
    }
    splits = make_splits(cut.method, dataset.ids[rows], table, settings)
    name = cut.name
    counts = cut.settings.get("counts", ())
    if len(rows) < sum(counts):
        name = "shares-of-" + "-".join(map(str, counts))
    if name is not None and "seed" in settings:
        name = f"{name}-seed{settings['seed']}"
    figures: list[Figure] = []
    if "file" in cut.settings:
        figures += matched(what, splits[0], len(rows))
        figures += differing(cut, dataset, console)
    elif cut.having or cut.paper is not None:
        figures.append((f"in split {what}", cut.paper, len(rows)))
    saved = save_splits(dataset, splits, console, name)
    return [split.name for split in saved], figures


def _settings(cut: Cut, n: int, seed: int, console: Console) -> dict[str, Any]:
    settings = dict(cut.settings)
    if "seed" in settings_known(cut.method):
        settings.setdefault("seed", seed)
    counts = settings.pop("counts", None)
    if counts is not None:
        total = sum(counts)
        enough = n >= total
        settings["ratios"] = "/".join(
            str(count) if enough else f"{100 * count / total:.6f}" for count in counts
        )
        if not enough:
            console.warn(f"the paper counts {total:,} materials, there are {n:,}: shares are used")
    return settings


def _rows_having(cut: Cut, dataset: Dataset) -> list[int] | None:
    rows = list(range(len(dataset)))
    for one in cut.having:
        if one.name not in dataset.columns:
            return None
        column = dataset.columns[one.name]
        rows = [r for r in rows if is_number(column[r]) and cut.above < column[r] <= cut.most]
    return rows


def write_split(split: Split, folder: Path) -> Path:
    """Write a split as the id lists that ``matdata split --method fixed`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{split.name}.json"
    lists = {f"id_{part}": split.parts[part].tolist() for part in PARTS if part in split.parts}
    path.write_text(json.dumps(lists, indent=1), encoding="utf-8")
    return path


def parser_of(text: str) -> argparse.ArgumentParser:
    """The arguments that all recipes take."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--from", dest="files", nargs="+", default=[], metavar="FILE", help="files to build from")
    add("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    add("--output", metavar="DIR", help="write the splits here, as lists of ids")
    add("--seed", type=int, default=0, help="seed of the splits (default: 0)")
    add("--limit", type=int, metavar="N", help="read at most N records of each file")
    add("--symmetry", help="moyopy, spglib, both or none, instead of the recipe's")
    add("--workers", type=int, default=default_workers(), metavar="N", help="processes")
    add("--json", action="store_true", help="print the result as JSON")
    add("--quiet", action="store_true", help="print the counts only")
    return parser


@printing_errors
@screened()
def run(
    plan: Callable[[argparse.Namespace], Recipe | Sequence[Recipe]],
    text: str,
    arguments: Sequence[str] | None = None,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Carry out a recipe (or several, one after another) from the command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = parser_of(text)
    if more is not None:
        more(parser)
    given = parser.parse_args(arguments)
    console = Console(quiet=given.quiet, lines_to_stderr=given.json)
    planned = plan(given)
    recipes = [planned] if isinstance(planned, Recipe) else planned
    results = [_report(make(one, given, console), given, one.remarks) for one in recipes]
    if given.json:
        print(json.dumps(results, indent=1))
    return 0


def _report(made: Built, given: argparse.Namespace, remarks: Sequence[str] = ()) -> dict[str, Any]:
    folder = Path(given.output) / made.dataset.manifest["name"] if given.output else None
    files = []
    if folder is not None:
        try:
            files = [str(write_split(load_split(made.dataset, n), folder)) for n in made.splits]
        except OSError as error:
            raise ConfigError(f"cannot write splits to {folder}: {error.strerror}") from error
    if not given.json:
        print(table_of(made.dataset.ref, made.figures))
        for remark in remarks:
            print(f"  {remark}")
        for path in files:
            print(f"wrote {path}")
    counts = [{"count": what, "paper": paper, "ours": ours} for what, paper, ours in made.figures]
    return {
        "dataset": made.dataset.ref,
        "counts": counts,
        "splits": made.splits,
        "unmatched": made.unmatched,
        "files": files,
    }


def table_of(title: str, figures: Sequence[Figure]) -> str:
    """The paper's counts beside ours."""
    rows = [("", "paper", "ours")]
    rows += [(what, "-" if paper is None else f"{paper:,}", f"{n:,}") for what, paper, n in figures]
    width = max(len(what) for what, _, _ in rows)
    return "\n".join([title, *(f"  {a:<{width}}  {b:>9}  {c:>9}" for a, b, c in rows)])
