"""What the help of each command says above its options: a description, and examples.

A test parses each example.
"""

from __future__ import annotations

from typing import NamedTuple


class Description(NamedTuple):
    """Text and examples of a command."""

    text: str
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.text}\n\n" + "\n".join(["  examples:", *(f"    {e}" for e in self.examples)])


#: By command.
DESCRIPTIONS = {
    "build": Description(
        "Reads a source, leaves out what cannot be used (a ledger says why), removes duplicates, "
        "splits, and computes features. The same command continues a build that was stopped.",
        (
            "matdata build sample --features ofm",
            "matdata build crystals.csv --target band_gap --features voronoi --split 80/10/10",
            "matdata build mp --features ofm --filter hull_below=0.1",
        ),
    ),
    "doctor": Description(
        "Checks installation, machine, cache, locks and plugins, and says what to do about each "
        "thing that does not work.",
        ("matdata doctor", "matdata doctor --full --json"),
    ),
    "featurize": Description(
        "Computes features of a dataset and stores them beside it; `matdata features` lists them.",
        (
            "matdata featurize crystals ofm,voronoi",
            "matdata featurize crystals graph --set graph.radius=6 --workers 4",
        ),
    ),
    "split": Description(
        "Divides a dataset into train, validation and test by material id, and saves it.",
        (
            "matdata split crystals --split 80/10/10 --seed 1",
            "matdata split crystals --method kfold --set k=5",
            "matdata split crystals --group-by chemsys --name by-system",
        ),
    ),
    "audit": Description(
        "Reports what the parts of a split share: formulas, chemical systems, structures.",
        (
            "matdata audit crystals --split 70-15-15-seed0",
            "matdata audit crystals --near-duplicates --allow chemsys",
        ),
    ),
    "report": Description(
        "Shows how many records each step of curation left, as published tables do.",
        (
            "matdata report crystals --output funnel.pdf",
            "matdata report crystals --pictures pictures --format svg --style dark",
        ),
    ),
    "diff": Description(
        "Compares two versions of a dataset, or two snapshots: what was added, removed, changed.",
        (
            "matdata diff crystals@local-3f9a1c2b crystals",
            "matdata diff mp@2025.4 mp --set target=0.01 --exit-code",
        ),
    ),
    "features": Description(
        "Lists the features that can be computed, with settings, shapes, units and citations.",
        ("matdata features", "matdata features ofm", "matdata features --json"),
    ),
    "plugins": Description(
        "Lists trainers, features and sources of installed plugins with their hyperparameters, and "
        "what is wrong with a plugin that cannot be used.",
        ("matdata plugins", "matdata plugins roost"),
    ),
    "train": Description(
        "Trains a plugin on the training part of a split, with the validation part to stop by. The "
        "same command continues a training that was stopped.",
        (
            "matdata train roost crystals --target band_gap --name gap",
            "matdata train cgcnn crystals --target 'log10(k_vrh)' --set hyper.layers=4",
        ),
    ),
    "evaluate": Description(
        "Opens the test part of a run's split, once, and scores the run beside baselines.",
        (
            "matdata evaluate gap",
            "matdata evaluate gap --pictures figures --device cpu",
            "matdata evaluate forest --folds all",
        ),
    ),
    "predict": Description(
        "Predicts the materials of a dataset, files of structures, or formulas with a run.",
        (
            "matdata predict gap Fe2O3 Ba0.5Sr0.5TiO3",
            "matdata predict gap new.cif other.cif --output predictions.csv",
        ),
    ),
    "runs": Description(
        "Lists the runs of the cache, and compares those on the same materials.",
        ("matdata runs", "matdata runs gap gap-transfer --json"),
    ),
    "cecv": Description(
        "Clusters what runs hold of the same materials into chemical environments (L-G-DCNN, "
        "figure 3), and compares the counts with those of references.",
        (
            "matdata cecv gap",
            "matdata cecv gap --global-run lstm --local-run dcnn --containing O",
        ),
    ),
    "contributions": Description(
        "Mean contribution of each element to the predictions of a run, or along a binary system.",
        ("matdata contributions gap", "matdata contributions gap --along Si-O"),
    ),
    "edges": Description(
        "Draws the attributes of the edges that a run predicts within formulas.",
        (
            "matdata edges gap --formula SrTiO3 BaTiO3",
            "matdata edges gap --formula NaCl --layer 1 --atoms",
        ),
    ),
    "list": Description(
        "Lists snapshots, datasets, splits and features of the cache, with their sizes.",
        ("matdata list", "matdata list --cache /data/cache --json"),
    ),
    "info": Description(
        "Shows how a dataset was made: its funnel, columns with units, splits and features.",
        ("matdata info crystals", "matdata info crystals@local-3f9a1c2b --json"),
    ),
    "show": Description(
        "Shows one material: its columns, crystal, part in each split and features.",
        ("matdata show mp mp-149", "matdata show mp mp-149 --json"),
    ),
    "verify": Description(
        "Rereads every byte of the cache, or of a dataset, and compares it with its digests.",
        ("matdata verify", "matdata verify crystals"),
    ),
    "import-run": Description(
        "Turns weights that another package published into a run, which predicts as those trained "
        "here do. Importers come with plugins; `matdata plugins` lists them.",
        (
            "matdata import-run matgl:weights/megnet-mp-2018.6.1-eform --name megnet-2018",
            "matdata import-run matgl:mine --name mine --target band_gap --unit eV",
        ),
    ),
    "export": Description(
        "Writes a dataset, with dense features if asked for, for other programs.",
        (
            "matdata export crystals crystals.npz --features ofm",
            "matdata export mp mp.jsonl.gz --snapshot",
        ),
    ),
}
