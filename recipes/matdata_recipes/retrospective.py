"""A retrospective search for stable perovskites: how far a ranking is ahead of a random choice.

python -m matdata_recipes.retrospective --from val.csv.gz
python -m matdata_recipes.retrospective --from val.csv.gz --models rf-magpie,wren \
    --epochs 40 --members 5

The perovskites of Castelli et al. (Energy Environ. Sci. 5, 5814 and 9034, 2012; `perov_5` of CDVAE)
have `heat_all`, the formation energy with respect to known competing phases (eV/atom): a distance
to the hull whose known phases lie at zero. As in the papers, those up to 0.2 eV/atom are what is
looked for, so `heat_all - 0.2` is learnt, and the elements, at zero, are the reference. Half of the
crystals are candidates; the models are trained on the others. The papers have 18,928 crystals.

Per model and seed, of split and weights, the true distances of the candidates are opened once.
What is printed, and written to the file of results, are the counts of `matdata discover`: hits
among the first candidates, and enrichment, the share of hits there over that among all. Rows of
other models that were searched alike stay in the file.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import matdata as md
from matdata.core import elements
from matdata.core.cache import cache_dir
from matdata.evaluation.discovery.metrics import along
from matdata.store.records import read_record, write_record
from matdata.training import trainer
from matdata_recipes.places import written
from matdata_recipes.results import mean_and_deviation
from matdata_recipes.script import printing_errors

LIMIT = 0.2  # eV/atom (Castelli et al. 2012)
TARGET = f"heat_all - {LIMIT:g}"
RATIOS = "40/10/50"
MODELS = ("wren", "roost", "cgcnn", "rf-magpie", "rf-voronoi")
FORESTS = ("rf-magpie", "rf-voronoi")
#: Epochs and settings of the loop of each network; chosen on the validation part of seed 0.
SCHEDULES: dict[str, tuple[int, dict[str, object]]] = {
    "wren": (15, {"lr": 1e-3, "batch_size": 32, "schedule": "cosine"}),
    "roost": (20, {"lr": 1e-3, "batch_size": 32, "schedule": "cosine"}),
    "cgcnn": (12, {"lr": 6e-4, "schedule": "cosine"}),
}
#: Candidates that could be afforded.
SHOWN = (20, 50, 100, 200, 500)
KNOWN = "perov5-elements"


def elements_at_zero(cache: Path) -> None:
    """Build the reference: each element with a formation energy of zero."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{KNOWN}.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["material_id", "formula", "formation_energy_per_atom"])
            rows.writerows([f"element-{one}", one, 0.0] for one in elements.symbols()[1:95])
        energy = "formation_energy_per_atom/atom"
        md.build(path, cache=cache, energy=energy, split=None, symmetry="none")


def searched(model: str, seed: int, dataset: md.Dataset, given: argparse.Namespace) -> Any:
    """Train a model with a seed, and score its ranking of the candidates it has not seen."""
    split = dataset.split(split=RATIOS, seed=seed).name
    plugin = trainer(model)
    dataset.featurize(plugin.inputs(), set=plugin.input_settings(), workers=1)
    settings: dict[str, Any] = {"seed": seed, "threads": given.threads}
    if model not in FORESTS:
        epochs, loop = SCHEDULES[model]
        settings |= {"epochs": given.epochs or epochs, "ensemble": given.members, "train": loop}
    name = f"retrospective-{model}-seed{seed}"
    run = md.train(model, dataset, TARGET, split=split, name=name, quiet=True, **settings)
    where = None if given.pictures is None else given.pictures / name
    found = md.discover(run, dataset, reference=KNOWN, target=TARGET, pictures=where)
    assert found.score is not None
    return {
        "model": model,
        "seed": seed,
        "epochs": settings.get("epochs"),
        "seconds": round(run.result()["seconds"], 1),
        **summary(found),
    }


def summary(found: Any) -> dict[str, Any]:
    """Counts and scores of one ranking."""
    curve = along(found.scored.ranking, found.scored.true)
    whole = found.score["subsets"]["whole"]
    shown = [count for count in SHOWN if count <= len(curve.stable)]
    return {
        "candidates": whole["materials"],
        "stable": whole["tp"] + whole["fn"],
        "mae": whole["mae"],
        "hits": {str(count): int(curve.stable[count - 1]) for count in shown},
        "enrichment": {str(count): _plain(curve.enrichment[count - 1]) for count in shown},
    }


def _plain(value: np.floating[Any]) -> float | None:
    return float(value) if math.isfinite(value) else None


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Mean and standard deviation (n - 1) over the seeds, in Markdown."""
    shown = [str(count) for count in SHOWN if str(count) in rows[0]["hits"]]
    head = ["model", "seeds", "MAE (eV/atom)", *(f"enrichment, first {n}" for n in shown)]
    lines = [" | ".join(["", *head, ""]).strip(), "|" + "---|" * len(head)]
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        cells = [model, str(len(own)), mean_and_deviation([row["mae"] for row in own])]
        enriched = [[row["enrichment"][n] for row in own] for n in shown]
        cells += [mean_and_deviation([v for v in one if v is not None], 1) for one in enriched]
        lines.append(" | ".join(["", *cells, ""]).strip())
    return lines


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = arguments.add_argument
    add("--from", dest="file", required=True, metavar="FILE", help="val.csv of perov_5")
    add("--models", default=",".join(MODELS), help=f"default: {','.join(MODELS)}")
    add("--seeds", type=int, default=3, help="so many, from 0 (default: 3)")
    add("--epochs", type=int, help="of networks (default: each its own)")
    add("--members", type=int, default=3, help="of ensembles of networks (default: 3)")
    add("--limit", type=int, help="read so many crystals")
    add("--threads", type=int, default=1, help="of torch (default: 1)")
    add("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    add("--pictures", type=Path, metavar="DIR", help="write the pictures of each ranking")
    add("--output", type=Path, metavar="FILE", help="the file of results (discoveries/perov5.json)")
    return arguments


@printing_errors
def main(words: Sequence[str] | None = None) -> int:
    """Search with every model and seed."""
    given = parser().parse_args(words)
    cache, models = cache_dir(given.cache), given.models.split(",")
    dataset = md.build(
        given.file, cache=cache, name="perov5", target="heat_all", energy="heat_all",
        split=None, limit=given.limit,
    )  # fmt: skip
    elements_at_zero(cache)
    rows = []
    for seed in range(given.seeds):
        for model in models:
            rows.append(searched(model, seed, dataset, given))
            print(rows[-1], file=sys.stderr, flush=True)
    print("\n".join(table(rows)))
    settings = {"target": TARGET, "split": RATIOS, "members": given.members, "limit": given.limit}
    output = given.output or written("discoveries", cache) / "perov5.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    kept = others(output, dataset.ref, settings, models)
    write_record(output, {"dataset": dataset.ref, "settings": settings, "searches": [*kept, *rows]})
    return 0


def others(
    output: Path, dataset: str, settings: dict[str, Any], models: Sequence[str]
) -> list[dict[str, Any]]:
    """What a file of results has of other models, searched in the same way."""
    if not output.is_file():
        return []
    known = read_record(output)
    if (known["dataset"], known["settings"]) != (dataset, settings):
        return []
    return [one for one in known["searches"] if one["model"] not in models]


if __name__ == "__main__":
    sys.exit(main())
