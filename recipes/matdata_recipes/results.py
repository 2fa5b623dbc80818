"""What trained models reached, as files, and the table that is made of them.

Each file in `recipes/results/` holds one run that was trained and evaluated, sealed with its own
digest. Rows of one table were tested on the same materials with the same true values. Runs that
differ in the seed alone, or in the seed of their split, are one row: mean ± standard deviation
(n - 1) of the runs.

python -m matdata_recipes.results                     # the table, in Markdown
python -m matdata_recipes.results --add RUN [RUN ...] # write the file of an evaluated run
python -m matdata_recipes.results --add RUN --folds     # of a training on all folds
python -m matdata_recipes.results --add RUN --paper 0.264 --table "Goodall 4.2"
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError
from matdata.evaluation.fold_runs import runs_of_folds
from matdata.store.records import read_record, write_record
from matdata.training.run_lookup import find_run
from matdata.training.scores.shown import RANKED_BY
from matdata_recipes import places
from matdata_recipes.script import printing_errors
from matdata_recipes.summaries import summary_of

SHOWN = {"regression": ("mae", "rmse", "r2"), "classification": ("accuracy", "roc_auc", "f1")}
NAMES = {"mae": "MAE", "rmse": "RMSE", "r2": "R²", "roc_auc": "ROC AUC"}
#: What sets the seed of a split, or its fold, apart from its name.
_SEED = re.compile(r"(seed|fold)[-_]?\d+")

Result = Mapping[str, Any]


def add(names: Sequence[str], given: argparse.Namespace) -> list[Path]:
    """Write the files of runs.

    Raises
    ------
    MatdataError
        If one is not finished or not evaluated, or a paper's value comes without its table.
    """
    if (given.paper is None) != (given.table is None):
        raise ConfigError("--paper and --table go together: a value, and where it stands")
    paper = None if given.paper is None else {"value": given.paper, "table": given.table}
    written = []
    for name in names:
        cache = cache_dir(given.cache)
        if given.folds:
            runs = runs_of_folds(cache, name)
            stem = runs[0].name.removesuffix(f"-fold{runs[0].manifest['split']['fold']}")
            summary = {"run": stem, "folds": [summary_of(run, paper) for run in runs]}
        else:
            summary = summary_of(find_run(cache, name), paper)
        folder = given.folder or places.written("results", given.cache)
        folder.mkdir(parents=True, exist_ok=True)
        written.append(folder / f"{summary['run']}.json")
        write_record(written[-1], summary)
    return written


def read(*folders: Path) -> list[Result]:
    """All files of some folders, by name; of one name, that of the last folder.

    Raises
    ------
    StoreError
        If one was edited.
    """
    paths = {path.name: path for folder in folders for path in folder.glob("*.json")}
    records = [read_record(paths[name]) for name in sorted(paths)]
    return [one for record in records for one in record.get("folds", [record])]


def family(split: str) -> str:
    """Name of a split without its seed or fold."""
    return _SEED.sub(r"\1*", split)


def configuration(result: Result) -> str:
    """All that two results of one row have in common: everything but seeds."""
    shared = {k: result[k] for k in ("plugin", "hypers", "from_run", "freeze", "reinit")}
    settings = {k: v for k, v in result["settings"].items() if k != "seed"}
    return json.dumps({**shared, "settings": settings}, sort_keys=True)


def row_groups(results: Iterable[Result], target: str) -> list[dict[str, Any]]:
    """Rows that may stand beside each other, of results of one data set and family of splits.

    Returns
    -------
    list of dict
        ``parts``: test parts by digest; ``rows``: for each configuration that was tested on all of
        them, its results on them.

    Raises
    ------
    ConfigError
        If one row would mix test materials, or holds one seed twice.
    """
    rows: dict[str, list[Result]] = {}
    for result in results:
        rows.setdefault(configuration(result), []).append(result)
    for row in rows.values():
        _require_one_test_part(row, target)
    tested = [frozenset(_part(result, target) for result in row) for row in rows.values()]
    groups = []
    for parts in sorted(dict.fromkeys(tested), key=lambda parts: (-len(parts), sorted(parts))):
        chosen = [
            [result for result in row if _part(result, target) in parts]
            for row, own in zip(rows.values(), tested, strict=True)
            if own >= parts
        ]
        groups.append({"parts": parts, "rows": chosen})
    return groups


def _part(result: Result, target: str) -> str:
    return str(result["targets"][target]["truth_digest"])


def _require_one_test_part(row: Sequence[Result], target: str) -> None:
    """One row has one test part for each split, and each seed once for each."""
    parts: dict[str, Result] = {}
    seen: dict[tuple[str, int], str] = {}
    for result in row:
        first = parts.setdefault(result["split"]["name"], result)
        if _part(first, target) != _part(result, target):
            raise ConfigError(
                f"{first['run']} and {result['run']} were tested on other materials or values of "
                f"split {result['split']['name']!r}: they are no seeds of one row",
                cause="the data set, the split or a feature was built anew in between",
                next_step="train both on the same split, or take one of the files away",
            )
        key = (_part(result, target), result["seed"])
        if key in seen:
            raise ConfigError(
                f"{seen[key]} and {result['run']} are the same training with seed {key[1]}",
                next_step="take one of the files away",
            )
        seen[key] = result["run"]


def sections(results: Sequence[Result]) -> dict[tuple[str, str, str], list[Result]]:
    """Results by data set, target and family of splits."""
    by_section: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        for target in result["targets"]:
            key = (result["dataset"]["ref"], target, family(result["split"]["name"]))
            by_section.setdefault(key, []).append(result)
    return dict(sorted(by_section.items()))


def markdown(results: Sequence[Result]) -> str:
    """The table of all results, a section for each data set, target and family of splits."""
    lines: list[str] = []
    for (ref, target, split), own in sections(results).items():
        first = own[0]
        unit = first["targets"][target]["unit"]
        lines += [f"### {ref}, `{target}`" + ("" if unit == "1" else f" ({unit})"), ""]
        lines += [f"{first['dataset']['materials']:,} materials, split `{split}`.", ""]
        for group in row_groups(own, target):
            lines += _table(group, target)
        lines += ["```", *[result["command"] for result in own], "```", ""]
    return "\n".join(lines).rstrip() + "\n" if lines else "no results yet\n"


def _table(group: Mapping[str, Any], target: str) -> list[str]:
    rows = group["rows"]
    task = rows[0][0]["targets"][target]["task"]
    shown, (metric, more) = SHOWN[task], RANKED_BY[task]
    heads = ["model", "settings", *[NAMES.get(name, name) for name in shown]]
    heads += ["paper", "seeds", "epochs", "seconds"]
    several = f"{len(group['parts'])} test parts" if len(group["parts"]) > 1 else "One test part"
    sizes = sorted({row["targets"][target]["materials"] for rows_ in rows for row in rows_})
    counts = " and ".join(f"{size:,}" for size in sizes)
    lines = [f"{several} of {counts} materials:", "", _line(heads), _line(["---"] * len(heads))]
    ordered = sorted(rows, key=lambda row: _mean(row, target, metric), reverse=more)
    lines += [_line(_cells(row, target, shown)) for row in ordered]
    for name in rows[0][0]["targets"][target]["baselines"]:
        lines.append(_line(_baseline(rows[0], target, name, shown, len(heads))))
    return [*lines, ""]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _values(row: Sequence[Result], target: str, metric: str) -> list[float]:
    values = [result["targets"][target]["metrics"][metric] for result in row]
    return [value for value in values if value is not None]


def _mean(row: Sequence[Result], target: str, metric: str) -> float:
    values = _values(row, target, metric)
    return statistics.fmean(values) if values else float("nan")


def mean_and_deviation(values: Sequence[float], digits: int = 3) -> str:
    """Mean ± standard deviation over seeds; the mean alone of one.

    Where decimals would show nothing of the mean, they are significant digits.
    """
    if not values:
        return "-"
    mean = statistics.fmean(values)
    form = f".{digits}{'g' if 0.0 < abs(mean) < 10.0**-digits else 'f'}"
    shown = f"{mean:{form}}"
    return shown if len(values) == 1 else f"{shown} ± {statistics.stdev(values):{form}}"


def _cells(row: Sequence[Result], target: str, shown: Sequence[str]) -> list[str]:
    papers = [result["targets"][target]["paper"] for result in row]
    published = dict.fromkeys(f"{one['value']:g} ({one['table']})" for one in papers if one)
    epochs = sorted({str(result["epochs"] or "-") for result in row})
    return [
        row[0]["plugin"]["name"],
        _settings(row[0]) or "defaults",
        *[mean_and_deviation(_values(row, target, name)) for name in shown],
        ", ".join(published) or "-",
        ", ".join(str(seed) for seed in sorted({result["seed"] for result in row})),
        ", ".join(epochs),
        f"{statistics.fmean(result['seconds'] for result in row):,.0f}",
    ]


def _settings(result: Result) -> str:
    changed = {**result["settings"], **result["hypers"]}
    words = [f"{k}={value}" for k, value in changed.items() if k not in ("seed", "epochs")]
    words += [f"from {result['from_run']}"] if result["from_run"] else []
    words += [f"{name} {' '.join(result[name])}" for name in ("freeze", "reinit") if result[name]]
    return ", ".join(words).replace("|", "\\|")


def _baseline(
    row: Sequence[Result], target: str, name: str, shown: Sequence[str], width: int
) -> list[str]:
    scored = [result["targets"][target] for result in row]
    by_part = {one["truth_digest"]: one["baselines"][name] for one in scored}
    columns = [[one.get(metric) for one in by_part.values()] for metric in shown]
    cells = [
        mean_and_deviation([value for value in values if value is not None]) for values in columns
    ]
    return [name.replace("_", " "), "", *cells, *[""] * (width - 2 - len(cells))]


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or write the files of runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--add", nargs="+", metavar="RUN", help="write the file of evaluated runs")
    parser.add_argument("--folds", action="store_true", help="of trainings on all folds, one file")
    parser.add_argument("--paper", type=float, metavar="VALUE", help="what the paper reports")
    parser.add_argument("--table", metavar="TEXT", help="where: 'Goodall 4.2'")
    parser.add_argument("--cache", help="cache that holds the runs")
    parser.add_argument("--folder", type=Path, help="where the files are, instead of the shipped")
    given = parser.parse_args(arguments)
    if given.add:
        for path in add(given.add, given):
            print(f"wrote {path}")
    else:
        folders = [given.folder] if given.folder else places.all_of("results", given.cache)
        print(markdown(read(*folders)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
