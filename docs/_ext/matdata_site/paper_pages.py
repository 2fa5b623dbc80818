"""The tables of the papers, from what trained models reached (`recipes/results`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from matdata_site.pages import ROOT, Pages, code, escaped, table

RESULTS = ROOT / "recipes" / "results"
#: The score that a kind of target is ranked by.
RANKED = {"regression": "mae", "classification": "accuracy"}


def write(pages: Pages) -> None:
    """Write the page."""
    by_data: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        for result in record.get("folds", [record]):
            by_data.setdefault(result["dataset"]["ref"].partition("@")[0], []).append(result)
    pages.write("papers", "\n\n".join(_page(by_data)))


def _page(by_data: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    yield "# The papers' tables"
    yield (
        "Test errors of every run of `recipes/results`, each beside the error of a constant (the "
        "dummy median) and, where the paper names one, its value. A run is one row, with its seed; "
        "seeds are put together in [measurements](../measurements.md), and "
        "[recipes](../recipes.md) says how data and presets are made."
    )
    for name, results in by_data.items():
        yield f"## {name}"
        for target in dict.fromkeys(t for result in results for t in result["targets"]):
            chosen = [result for result in results if target in result["targets"]]
            unit = chosen[0]["targets"][target]["unit"]
            yield f"{code(target)}" + ("" if unit == "1" else f" in {code(unit)}")
            ranked = sorted(chosen, key=lambda one: _error(one, target))
            yield table(
                ("model", "split", "seed", "test MAE", "dummy", "paper"),
                [_row(result, target) for result in ranked],
            )
        commands = "\n".join(sorted(result["command"] for result in results))
        yield f":::{{dropdown}} Commands\n```sh\n{commands}\n```\n:::"


def _error(result: dict[str, Any], target: str) -> float:
    entry = result["targets"][target]
    return float(entry["metrics"][RANKED[entry["task"]]])


def _row(result: dict[str, Any], target: str) -> tuple[str, ...]:
    entry = result["targets"][target]
    metric = RANKED[entry["task"]]
    dummy = (entry["baselines"].get("dummy_median") or {}).get(metric)
    paper = entry["paper"]
    return (
        f"[{code(result['plugin']['name'])}](trainers/{result['plugin']['name']}.md)",
        code(result["split"]["name"]),
        str(result["seed"]),
        f"{entry['metrics'][metric]:.3g}",
        "–" if dummy is None else f"{dummy:.3g}",
        f"{paper['value']:g} ({escaped(paper['table'])})" if paper else "–",
    )
