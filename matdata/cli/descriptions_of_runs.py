"""Descriptions of the commands that look into trained runs, see `matdata.cli.descriptions`."""

from __future__ import annotations

from matdata.cli.description import Description

#: By command.
OF_RUNS = {
    "cecv": Description(
        "Clusters what runs hold of the same materials into chemical environments (L-G-DCNN, "
        "figure 3), and compares the counts with those of references.",
        (
            "matdata cecv gap",
            "matdata cecv gap --global-run lstm --local-run dcnn --containing O",
        ),
        ("gap", "lstm", "dcnn"),
    ),
    "contributions": Description(
        "Mean contribution of each element to the predictions of a run, less those of another run, "
        "or along a binary system.",
        (
            "matdata contributions gap",
            "matdata contributions gap --along Si-O",
            "matdata contributions gap-lstm --beside gap",
        ),
        ("gap", "gap-lstm"),
    ),
    "edges": Description(
        "Draws the attributes of the edges that a run predicts within formulas.",
        (
            "matdata edges gap --formula SrTiO3 BaTiO3",
            "matdata edges gap --formula NaCl --layer 1 --atoms",
        ),
        ("gap",),
    ),
    "embed": Description(
        "Gives the embedding of each material by a run: the vector that the last layers of its "
        "network read. Those of a dataset become its feature embedding:RUN, an input like any "
        "other, and make `matdata nearest` fast; --output writes a file instead.",
        (
            "matdata embed energy sample",
            "matdata embed energy sample --output vectors.parquet",
            "matdata embed energy new.cif --output vectors.npz --combine mean",
        ),
        ("new.cif",),
    ),
    "nearest": Description(
        "Lists the training materials of a run whose embeddings are most similar to those of other "
        "materials, with their true values: what a prediction rests on. Where the true value of "
        "the other is known (the test part stays sealed), a prediction is called surprising that "
        "is wrong though it is certain and similar materials are known: among the worst tenth and "
        "the surer half of the validation part, and as near as its nearer half.",
        (
            "matdata nearest energy NaNiO2 --top 3",
            "matdata nearest energy Fe2O3 NaCl --metric euclidean --output nearest.csv",
            "matdata nearest reactions R-1042 --columns doi,product",
        ),
        ("reactions",),
    ),
    "sweep": Description(
        "Searches for hyperparameters and settings of the loop, proposed by optuna, with the best "
        "score on the validation part. Each trial is an ordinary run; the same command reads those "
        "that are finished and goes on with a search that was stopped. No test part is opened.",
        (
            "matdata sweep example sample --target energy --space sweep.toml --trials 30",
            "matdata sweep example sample --target energy --space sweep.toml --epochs 20 --seed 1",
        ),
        ("sweep.toml",),
    ),
}
