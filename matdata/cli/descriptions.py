"""What the help of each command says above its options: a description, and examples.

Examples are commands on the sample, which anybody can build, in the order in which they can be
typed; a test runs them. What an example names of the user's own (a file, a run, a database that
takes a key) is listed in ``yours``.
"""

from __future__ import annotations

from matdata.cli.description import Description
from matdata.cli.descriptions_of_runs import OF_RUNS

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
        ("crystals.csv", "mp"),
    ),
    "doctor": Description(
        "Checks installation, machine, cache, locks and plugins, and says what to do about each "
        "thing that does not work.",
        ("matdata doctor", "matdata doctor --full --json"),
    ),
    "featurize": Description(
        "Computes features of a dataset and stores them beside it; `matdata features` lists them.",
        (
            "matdata featurize sample ofm,voronoi",
            "matdata featurize sample composition-set --set composition-set.table=matscholar",
            "matdata featurize sample graph --set graph.radius=5 --set graph.max_neighbours=12",
        ),
    ),
    "work": Description(
        "Computes features as one of several processes that see the same cache, such as the array "
        "of a batch system. Each takes whole shards; the last one commits, and all end when the "
        "features are complete. The shards of a process that vanished are taken by others. The "
        "result is that of `matdata featurize`.",
        (
            "matdata work sample --features ofm,voronoi",
            "matdata work sample --features ofm --workers 1 --lease-timeout 300",
        ),
    ),
    "split": Description(
        "Divides a dataset into train, validation and test by material id, and saves it.",
        (
            "matdata split sample --split 80/10/10 --seed 1",
            "matdata split sample --method kfold --set k=5",
            "matdata split sample --group-by chemsys --name by-system",
        ),
    ),
    "hull": Description(
        "Adds energies above the convex hull, decompositions and phase-separation energies as "
        "columns of a new version of a dataset, which its name means from then on. Known phases "
        "are those of the dataset itself, or of others (--reference); their hull is kept in "
        "`references/`. Structures, features and splits are those of the version before.",
        (
            "matdata hull sample --energy ewald_energy_per_atom --formation",
            "matdata hull entries",
            "matdata hull candidates --reference mp --reference entries",
        ),
        ("entries", "candidates", "mp"),
    ),
    "audit": Description(
        "Reports what the parts of a split share: formulas, chemical systems, structures.",
        (
            "matdata audit sample --split 70-15-15-seed0",
            "matdata audit sample --split by-system --near-duplicates",
        ),
    ),
    "card": Description(
        "Writes README.md, with the header of Hugging Face and the questions of a datasheet, and "
        "croissant.json, with a SHA-256 for every file, beside the data of a dataset. What the "
        "manifest cannot know is said to be unknown.",
        (
            "matdata card sample --output sample-card --split 70-15-15-seed0",
            "matdata card sample --output sample-card",
            "matdata card sample --output sample.parquet",
        ),
    ),
    "report": Description(
        "Writes what a dataset is like (funnel, losses, elements, symmetry, targets, leaks, "
        "outliers, provenance), or how good a run is, as one HTML file; or prints how many "
        "records each step of curation left, as published tables do.",
        (
            "matdata report sample --output sample.html",
            "matdata report sample --output funnel.pdf",
            "matdata report sample --pictures pictures --format svg --style dark",
        ),
    ),
    "diff": Description(
        "Compares two versions of a dataset, or two snapshots: what was added, removed, changed.",
        (
            "matdata diff crystals@local-3f9a1c2b crystals",
            "matdata diff mp@2025.4 mp --set target=0.01 --exit-code",
        ),
        ("crystals", "mp@2025.4"),
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
    "substitute": Description(
        "Makes candidates of the materials of a dataset: each takes other elements in the same "
        "protostructure, with probabilities counted from the materials of each prototype. Every "
        "protostructure comes once, and none that the parents have. The candidates are a dataset "
        "of protostructures, for features without coordinates (wyckoff, magpie, formulas), or of "
        "structures.",
        (
            "matdata substitute sample --per-parent 5 --features wyckoff",
            "matdata substitute sample --exclude lanthanides,Xe --exclude-in sample --draw best",
            "matdata substitute sample --prior pymatgen --structures --limit 100 --name cells",
            "matdata substitute sample --matrix substitutions.csv --matrix substitutions.png",
        ),
    ),
    "train": Description(
        "Trains a plugin on the training part of a split, with the validation part to stop by. The "
        "same command continues a training that was stopped.",
        (
            "matdata train roost sample --target ewald_energy_per_atom --name energy",
            "matdata train cgcnn sample --target 'log10(volume_per_atom)' --set hyper.layers=4",
        ),
    ),
    "evaluate": Description(
        "Opens the test part of a run's split, once, and scores the run beside baselines.",
        (
            "matdata evaluate energy",
            "matdata evaluate energy --pictures figures --device cpu",
            "matdata evaluate forest --folds all",
        ),
        ("forest",),
    ),
    "predict": Description(
        "Predicts the materials of a dataset, files of structures, or formulas with a run; for one "
        "that reads reactions, reactions as text or tables of them.",
        (
            "matdata predict energy Fe2O3 Ba0.5Sr0.5TiO3",
            "matdata predict energy new.cif other.cif --output predictions.csv",
            'matdata predict products "BaCO3 + TiO2 @ mix heat"',
        ),
        ("new.cif", "other.cif", "products"),
    ),
    "discover": Description(
        "Ranks the materials of a dataset by the distance to the convex hull of known phases that "
        "follows from predicted formation energies. Where the true distances are known, the "
        "ranking is scored, once for the same weights, and that is recorded. Materials that the "
        "run was trained on are ranked, and not scored.",
        (
            "matdata discover stable candidates --reference mp --output ranked.csv",
            "matdata discover stable candidates --reference mp --criterion mean+std --budget 500",
            "matdata discover stable candidates --reference mp --by batch --pictures pictures",
        ),
        ("stable", "candidates", "mp"),
    ),
    "screen": Description(
        "Keeps the materials of a dataset that fulfil a rule, such as that of epsilon-near-zero "
        "materials (enz), or conditions over columns of the dataset and predicted numbers. Counts "
        "how often elements occur together in what is kept.",
        (
            "matdata screen eps-re eps-im candidates --rule enz --output enz.csv",
            "matdata screen energy candidates --where 'energy_above_hull < 0.05'",
        ),
        ("eps-re", "eps-im", "candidates"),
    ),
    "runs": Description(
        "Lists the runs of the cache, and compares those on the same materials.",
        (
            "matdata runs",
            "matdata runs energy energy-deep --json",
            "matdata runs --reach 0.05",
        ),
        ("energy-deep",),
    ),
    "curve": Description(
        "Repeats the training of a run on shares of its training part, each part of the larger "
        "ones, and fits a power law to the validation errors. No test part is opened; the "
        "trainings are ordinary runs, and what is finished is left.",
        ("matdata curve energy", "matdata curve energy --fractions 0.1,0.3 --seeds 3"),
        ("energy",),
    ),
    "list": Description(
        "Lists snapshots, datasets, splits and features of the cache, with their sizes.",
        ("matdata list", "matdata list --size", "matdata list --json"),
    ),
    "rm": Description(
        "Removes a dataset, feature, split, snapshot or run. What others were made from stays, "
        "unless these shall go as well (--cascade).",
        (
            "matdata rm sample --cascade --dry-run",
            "matdata rm crystals@local-3f9a1c2b/features/ofm",
            "matdata rm runs/gap",
        ),
        ("crystals@local-3f9a1c2b/features/ofm", "runs/gap"),
    ),
    "gc": Description(
        "Removes what nobody needs: unfinished builds and downloads of processes that have ended, "
        "downloads that no snapshot was read from, features of datasets that are gone and what "
        "commands learnt from such; with --keep older versions of datasets that no run refers to. "
        "What is being worked on stays.",
        ("matdata gc --dry-run", "matdata gc --keep 3"),
    ),
    "info": Description(
        "Shows how a dataset was made: its funnel, columns with units, splits and features.",
        ("matdata info sample", "matdata info sample --json"),
    ),
    "show": Description(
        "Shows one material: its columns, crystal, part in each split and features.",
        ("matdata show sample sample-0000002", "matdata show sample sample-0000002 --json"),
    ),
    "verify": Description(
        "Rereads every byte of the cache, or of a dataset, and compares it with its digests.",
        ("matdata verify", "matdata verify sample"),
    ),
    "import-run": Description(
        "Turns weights that another package published into a run, which predicts as those trained "
        "here do. Importers come with plugins; `matdata plugins` lists them.",
        (
            "matdata import-run matgl:weights/megnet-mp-2018.6.1-eform --name megnet-2018",
            "matdata import-run matgl:mine --name mine --target band_gap --unit eV",
        ),
        ("matgl:weights/megnet-mp-2018.6.1-eform", "matgl:mine"),
    ),
    "export": Description(
        "Writes a dataset, with dense features if asked for, for other programs.",
        (
            "matdata export sample sample.npz --features ofm",
            "matdata export sample folder --format hf --split 70-15-15-seed0",
            "matdata export sample sample.jsonl.gz --snapshot",
            "matdata export sample sample.tar.gz --archive --features ofm",
        ),
    ),
    "push": Description(
        "Pushes datasets, features, splits and runs to a folder, a server or an object store, by "
        "content: what is there already is not sent again. The same command goes on with a push "
        "that was stopped.",
        (
            "matdata push sample shared --features ofm",
            "matdata push crystals s3://lab/crystals --features ofm,voronoi",
            "matdata push runs/gap shared",
        ),
        ("crystals", "s3://lab/crystals", "runs/gap"),
    ),
    "pull": Description(
        "Pulls what was pushed into the cache, and compares every file with its digest. The same "
        "command goes on with a pull that was stopped. A REF without address is looked up in the "
        "folder that $MATDATA_REMOTE names.",
        (
            "matdata pull s3://lab/crystals/crystals --features all",
            "matdata pull https://example.org/data/runs/gap",
        ),
        ("s3://lab/crystals/crystals", "https://example.org/data/runs/gap"),
    ),
    "import": Description(
        "Takes all that a pushed folder or an archive of one holds into the cache, after a look "
        "through all of it.",
        ("matdata import crystals.tar.gz", "matdata import /mnt/group/shared"),
        ("crystals.tar.gz", "/mnt/group/shared"),
    ),
    **OF_RUNS,
}
