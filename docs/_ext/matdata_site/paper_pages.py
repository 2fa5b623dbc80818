"""The tables of the papers, from what trained models reached (`recipes/results`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from matdata.training.scores.shown import deciding, rank_key
from matdata_site.pages import ROOT, Pages, code, escaped, table

RESULTS = ROOT / "recipes" / "results"
#: How scores are called in prose; others go by their names.
CALLED = {"mae": "MAE", "roc_auc": "ROC-AUC"}


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
        "[recipes](../recipes.md) says how data and presets are made. "
        "[Tables and figures of the papers](../reproduced.md) lists every item with a status."
    )
    for name, results in by_data.items():
        yield f"## {name}"
        for target in dict.fromkeys(t for result in results for t in result["targets"]):
            chosen = [result for result in results if target in result["targets"]]
            unit = chosen[0]["targets"][target]["unit"]
            yield f"{code(target)}" + ("" if unit == "1" else f" in {code(unit)}")
            by, more = _ranked_by(chosen, target)
            values = {id(one): one["targets"][target]["metrics"][by] for one in chosen}
            ranked = sorted(chosen, key=lambda one: rank_key(values[id(one)], more))
            yield table(
                ("model", "split", "seed", f"test {CALLED.get(by, by)}", "dummy", "paper"),
                [_row(result, target, by) for result in ranked],
            )
        commands = "\n".join(sorted(result["command"] for result in results))
        yield f":::{{dropdown}} Commands\n```sh\n{commands}\n```\n:::"


def _ranked_by(results: list[dict[str, Any]], target: str) -> tuple[str, bool]:
    """The score that ranks them, and whether higher is better."""
    entries = [one["targets"][target] for one in results]
    return deciding(entries[0]["task"], [entry["metrics"] for entry in entries])


def _row(result: dict[str, Any], target: str, metric: str) -> tuple[str, ...]:
    entry = result["targets"][target]
    dummies = [entry["baselines"].get(one) or {} for one in ("dummy_median", "dummy_frequencies")]
    dummy = next((one[metric] for one in dummies if one.get(metric) is not None), None)
    paper = entry["paper"]
    return (
        f"[{code(result['plugin']['name'])}](trainers/{result['plugin']['name']}.md)",
        code(result["split"]["name"]),
        str(result["seed"]),
        f"{entry['metrics'][metric]:.3g}",
        "–" if dummy is None else f"{dummy:.3g}",
        f"{paper['value']:g} ({escaped(paper['table'])})" if paper else "–",
    )
