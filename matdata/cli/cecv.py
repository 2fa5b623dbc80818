"""``matdata cecv RUN…``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.cli.common import (
    cache_of,
    console_of,
    numbers_of,
    output_folder,
    picture_settings,
    print_json,
    write_numbers,
)
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.exit_codes import ExitCode
from matdata.core.packages import need_torch

if TYPE_CHECKING:
    from matdata.evaluation.cecv import Curve, Region
    from matdata.figures.picture import Look, Picture
    from matdata.training.run import Run

REGION = ("low", "high", "target")


def run(given: argparse.Namespace) -> int:
    """Cluster what runs hold of the same materials, and compare with references.

    Raises
    ------
    ConfigError
        If one reference is given without the other.
    """
    settings = picture_settings(given)
    need_torch()
    from matdata.training.added import adding
    from matdata.training.run_lookup import find_run

    cache, references = cache_of(given), _references(given)
    names = list(dict.fromkeys([*given.runs, *references]))
    runs = {name: find_run(cache, name) for name in names}
    require_same(list(runs.values()))
    first = runs[names[0]]
    folder = output_folder(given, first, "cecv")
    # Not before the names are known to be right: torch takes seconds to import.
    from matdata.evaluation.cecv import cecv, judge, target_region
    from matdata.evaluation.interpret import common_materials, feature_maps, require_same_sites
    from matdata.evaluation.pictures import write_pictures

    require_same_sites(runs.values())
    ids, lost = common_materials(list(runs.values()), given.part, given.containing)
    options = {"method": given.method, **_thresholds(given.thresholds)}
    curves = {
        name: cecv(feature_maps(one, ids, given.device), **options) for name, one in runs.items()
    }
    region, judged = None, {}
    if references:
        grid = curves[names[0]].thresholds
        region = target_region(grid, curves[given.global_run], curves[given.local_run])
        judged = {name: judge(curves[name], region) for name in given.runs}
    record: JsonObject = {
        "dataset": first.dataset_ref,
        "part": given.part,
        "containing": given.containing,
        "materials": len(ids),
        "lost": lost,
        "method": given.method,
        **_counts(curves, region),
        "references": references,
        "judged": judged,
    }
    with adding(folder):
        write_numbers(folder, "cecv", record, {"clusters": _clusters(ids, curves)})
        if not given.no_pictures:
            draw = partial(_draw, curves, region)
            write_pictures(folder, {"cecv": draw}, settings, first, f"part {given.part}")
    _report(given, record, folder)
    return ExitCode.DONE


def _references(given: argparse.Namespace) -> list[str]:
    """Names of the runs that bound the target region: both, or none."""
    names = [name for name in (given.global_run, given.local_run) if name]
    if len(names) == 1:
        raise ConfigError("give both --global-run and --local-run, or neither")
    return names


def _counts(curves: Mapping[str, Curve], region: Region | None) -> JsonObject:
    """Numbers of clusters by threshold, of the runs and of the middle of the region."""
    return {
        "thresholds": list(next(iter(curves.values())).thresholds),
        "runs": {name: list(curve.counts) for name, curve in curves.items()},
        "target": None if region is None else region.target.tolist(),
    }


def _report(given: argparse.Namespace, record: JsonObject, folder: Path) -> None:
    if given.json:
        print_json({**record, "folder": str(folder)})
        return
    console = console_of(given)
    for line in lines(record):
        console.say(line)
    console.say(f"numbers in {folder}")


def _draw(curves: Mapping[str, Curve], region: Region | None, look: Look) -> Picture:
    from matdata.figures.curves import Counts, clusters

    counts = {name: curve.counts for name, curve in curves.items()}
    grid = next(iter(curves.values())).thresholds
    parts = {} if region is None else {k: getattr(region, k).tolist() for k in REGION}
    return clusters(Counts(grid, counts, **parts), "Clusters of what runs hold", look)


def require_same(runs: list[Run]) -> None:
    """Refuse runs on other materials.

    Raises
    ------
    ConfigError
        If two runs have another dataset or split.
    """
    first = runs[0]
    for other in runs[1:]:
        for key in ("dataset", "split"):
            if other.manifest[key] != first.manifest[key]:
                raise ConfigError(
                    f"runs {first.name!r} and {other.name!r} have another {key}",
                    next_step="compare runs that were trained on the same",
                )


def _thresholds(text: str | None) -> JsonObject:
    if text is None:
        return {}
    return {"thresholds": numbers_of(text, "--thresholds", "0.05,0.1")}


def _clusters(ids: Any, curves: Any) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"material_id": ids.tolist()}
    for name, curve in curves.items():
        for threshold, clusters in zip(curve.thresholds, curve.clusters, strict=True):
            columns[f"{name}/{threshold!r}"] = clusters.tolist()  # no two write themselves alike
    return columns


def lines(record: JsonObject) -> list[str]:
    """The vectors as text."""
    kind = f" with {record['containing']}" if record["containing"] else ""
    wide = max(len(name) for name in (*record["runs"], "threshold", "target"))
    text = [f"{record['materials']:,} materials{kind} of {record['dataset']}, {record['part']}"]
    text.append(f"  {'threshold':<{wide}}" + "".join(f" {t:>6g}" for t in record["thresholds"]))
    rows = dict(record["runs"])
    if record["target"] is not None:
        rows["target"] = record["target"]
    for name, counts in rows.items():
        text.append(f"  {name:<{wide}}" + "".join(f" {count:>6g}" for count in counts))
    for name, count in record["lost"].items():
        text.append(f"  {name}: {count:,} more materials, for which another run lacks a feature")
    for name, judged in record["judged"].items():
        advice = " and ".join(judged["advice"])
        verdict = f"the {advice} part should weigh more" if advice else "in the target region"
        text.append(f"  {name}: {verdict}")
    return text
