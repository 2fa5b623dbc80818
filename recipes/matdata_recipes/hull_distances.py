"""Hull distances of held-out materials by several models (Goodall 2022, thesis figures 6.3 to 6.5).

python -m matdata_recipes.hull_distances --from entries.json --models wren,roost
python -m matdata_recipes.hull_distances --from relaxed.json --initial before.json \
    --models wren,cgcnn,cgcnn-d,rf-voronoi,rf-voronoi-d

The thesis draws them of TAATA, whose authors distribute it on request; any crystals with total or
formation energies do. All materials of a formula are on one side of the split. Known phases are the
training and validation parts, as in the thesis, with the elements at zero where energies are
formation energies; others are named with --reference. Where there are structures before relaxation,
models are trained on relaxed ones, with -d on both of each pair (6.4.2), and tested on both.

Written are a picture of predicted over true distances by model (and role), coloured by space group,
one of the space groups before and after relaxation, and all numbers as JSON: errors, the share of
polymorphs in the right order (6.4.3), and of structures whose protostructure relaxation changes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import matdata as md
from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError
from matdata.evaluation.polymorphs import pair_ranking
from matdata.stability.energies import energies_of
from matdata.stability.entries import Entries
from matdata.stability.reference import store_reference
from matdata.store.catalogue import find_dataset
from matdata.store.records import write_record
from matdata.training import trainer
from matdata_recipes.hull_distance_figures import Panel, draw
from matdata_recipes.places import written
from matdata_recipes.presets import features_of
from matdata_recipes.script import printing_errors

D = "-d"  # the variants that are trained on both structures of a pair
FORMATION = "formation_energy_per_atom"
ROLE, INITIAL, RELAXED = "structure_role", "initial", "relaxed"
LOOP = {"lr": 1e-3, "batch_size": 32, "schedule": "cosine"}


def models_of(given: argparse.Namespace) -> list[str]:
    """The models, each once; refused before any work is one that there is not."""
    models = list(dict.fromkeys(model.strip() for model in given.models.split(",")))
    for model in models:
        trainer(model.removesuffix(D))
    pairs = given.initial is not None or given.initial_col is not None
    if any(model.endswith(D) for model in models) and not pairs:
        raise ConfigError(
            f"{D} variants are trained on structures before relaxation too",
            next_step="give those with --initial or --initial-col",
        )
    return models


def built(given: argparse.Namespace, cache: Path) -> tuple[md.Dataset, str]:
    """The dataset, and its column of formation energies."""
    options: dict[str, Any] = {"limit": given.limit, "name": given.name, "split": None}
    pairs = {"initial": given.initial, "initial_col": given.initial_col}
    options |= {key: value for key, value in pairs.items() if value is not None}
    if given.target is not None:
        options |= {"target": given.target, "energy": given.target}
    dataset = md.build(given.file, cache=cache, dedupe="none", workers=1, **options)
    if given.target is not None:
        return dataset, given.target
    return md.hull(dataset, cache=cache), FORMATION


def paired(dataset: md.Dataset) -> bool:
    """Whether it has structures before relaxation."""
    return ROLE in dataset.table.columns


def split_of(dataset: md.Dataset, model: str, given: argparse.Namespace) -> str:
    """The split of a model: by formula, and of pairs by the roles of its parts."""
    common: dict[str, Any] = {"split": given.ratios, "seed": given.seed}
    if not paired(dataset):
        return dataset.split(method="group", group_by="formula", **common).name
    both = model.endswith(D)
    roles = {"by": "formula", "test": "both"} | ({"train": "both", "val": "both"} if both else {})
    name = f"{'both' if both else 'relaxed'}-by-formula-seed{given.seed}"
    return dataset.split(method="pairs", set=roles, name=name, **common).name


def known_phases(dataset: md.Dataset, split: str, target: str, cache: Path) -> str:
    """The reference of the materials that no model is tested on."""
    folder = find_dataset(cache, dataset.ref)
    energies = energies_of(folder, target, formation=True)
    parts = dataset.split(split)
    rows = dataset.rows([*parts["train"], *parts["val"]])
    values = np.full(len(energies.values), np.nan)
    values[rows] = energies.values[rows]
    seen = Entries.of(replace(energies, values=values), folder.data_ref, folder.data_digest)
    return store_reference(cache, f"{folder.manifest['name']}-training", seen).ref


def panels_of(
    model: str, dataset: md.Dataset, target: str, given: argparse.Namespace, cache: Path
) -> list[Panel]:
    """Train a model, and take its distances of the test part, of each role on its own."""
    split = split_of(dataset, model, given)
    reference = given.reference or known_phases(dataset, split, target, cache)
    plugin = trainer(model.removesuffix(D))
    dataset.featurize(plugin.inputs(), set=features_of(plugin), workers=1)
    settings: dict[str, Any] = {"seed": given.seed, "threads": given.threads, "quiet": True}
    if not model.startswith("rf-"):
        settings |= {"epochs": given.epochs, "ensemble": given.members, "train": LOOP}
    name = f"hull-distances-{dataset.ref.partition('@')[0]}-{model}-seed{given.seed}"
    run = md.train(plugin.name, dataset, target, split=split, name=name, **settings)
    found = md.discover(run, dataset, reference=reference, target=target)
    if found.scored is None:
        raise ConfigError(f"no true distance of {dataset.ref} is known", next_step="name --target")
    ids = found.scored.ranking.ids
    table = dataset.table.loc[ids.tolist()]
    groups = table["space_group_number"].fillna(0).to_numpy(dtype=np.int64)
    roles = table[ROLE].to_numpy(dtype=str) if paired(dataset) else np.full(len(ids), "")
    return [
        Panel(model, role, ids[own], found.scored.true[own], found.scored.ranking.mean[own],
              groups[own], table["formula"].to_numpy(dtype=str)[own])
        for role in (RELAXED, INITIAL, "")
        if (own := roles == role).any()
    ]  # fmt: skip


def changes(dataset: md.Dataset) -> dict[str, Any]:
    """Space groups and protostructures of pairs before and after relaxation (figure 6.5)."""
    table = dataset.table
    names = ["space_group_number", "protostructure"]
    of = {role: table[table[ROLE] == role].set_index("basin")[names] for role in (INITIAL, RELAXED)}
    both = of[INITIAL].join(of[RELAXED], how="inner", lsuffix="_before", rsuffix="_after").dropna()
    before, after = both["space_group_number_before"], both["space_group_number_after"]
    other = both["protostructure_before"] != both["protostructure_after"]
    return {
        "pairs": len(both),
        "protostructure_changed": int(other.sum()),
        "space_group_rises": int((after > before).sum()),
        "space_group_falls": int((after < before).sum()),
        "before": before.astype(int).tolist(),
        "after": after.astype(int).tolist(),
    }


def numbers(panel: Panel) -> dict[str, Any]:
    """Errors and the order of polymorphs of a panel."""
    order = pair_ranking(panel.formulas.tolist(), panel.true, panel.predicted)
    share = None if not order.pairs else order.share
    return {
        "model": panel.model,
        "role": panel.role or None,
        "materials": len(panel.true),
        **panel.errors(),
        "polymorphs": {"pairs": order.pairs, "right": share},
    }


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = arguments.add_argument
    add("--from", dest="file", required=True, metavar="FILE", help="crystals with energies")
    add("--initial", metavar="PATH", help="the structures before relaxation, by id")
    add("--initial-col", metavar="NAME", help="or their column")
    add(
        "--target", metavar="COLUMN", help="formation energies; computed of total ones if not given"
    )
    add("--reference", metavar="REF", help="known phases (default: what no model is tested on)")
    add("--models", default="wren,roost", help="default: wren,roost")
    add("--ratios", default="70/10/20", help="of the split (default: 70/10/20)")
    add("--epochs", type=int, default=30, help="of networks (default: 30)")
    add("--members", type=int, default=1, help="of ensembles of networks (default: 1)")
    add("--seed", type=int, default=0, help="of split and weights (default: 0)")
    add("--limit", type=int, help="read so many crystals")
    add("--threads", type=int, default=1, help="of torch (default: 1)")
    add("--name", help="of the dataset (default: the file's)")
    add("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    add("--style", default="light", choices=("light", "dark"), help="of the pictures")
    add("--output", type=Path, metavar="DIR", help="numbers and pictures (hull-distances)")
    return arguments


@printing_errors
def main(words: Sequence[str] | None = None) -> int:
    """Train, compare and draw."""
    given = parser().parse_args(words)
    cache, models = cache_dir(given.cache), models_of(given)
    dataset, target = built(given, cache)
    panels = [one for model in models for one in panels_of(model, dataset, target, given, cache)]
    document: dict[str, Any] = {"dataset": dataset.ref, "target": target}
    document |= {"models": [numbers(one) for one in panels]}
    if paired(dataset):
        document["relaxation"] = changes(dataset)
    output = given.output or written("hull-distances", cache)
    output.mkdir(parents=True, exist_ok=True)
    write_record(output / "hull_distances.json", document)
    draw(panels, document.get("relaxation"), dataset.ref, output, given.style)
    for row in document["models"]:
        print(row)
    print(f"numbers and pictures in {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
