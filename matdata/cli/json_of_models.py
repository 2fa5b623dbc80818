"""The JSON documents of commands on features, trainers and runs."""

from __future__ import annotations

from matdata.cli.json_fields import FOLDER, PICTURES, STATE, UNCHANGED
from matdata.cli.json_schema import Schema

_PLUGIN = "name, version, settings, or `broken`"
#: By command.
OF_MODELS: dict[str, Schema] = {
    "features": Schema(
        {
            "features": (
                "list",
                "`name`, `form` (how it is named), `variants`, `summary`, `version`, "
                "`distribution`, `citation`, `settings`, what it `requires`, `columns`, `units`, "
                "`fields`; or `name` and `broken`",
            ),
        }
    ),
    "plugins": Schema(
        {
            "plugins": ("list", _PLUGIN),
            "features": ("list", _PLUGIN),
            "sources": ("list", _PLUGIN),
            "objectives": ("list", _PLUGIN),
            "derivations": ("list", _PLUGIN),
            "importers": ("list", _PLUGIN),
            "commands": ("list", _PLUGIN),
            "train": ("list", "settings of the training loop"),
            "problems": ("list", "what is registered and cannot be used"),
        }
    ),
    "train": Schema(
        {
            **FOLDER,
            "run": ("text", "name of the run"),
            "epochs": ("count", "epochs that were trained"),
            "steps": ("count", "steps of the optimizer"),
            "members": ("list", "of each: its validation error and best epoch"),
            "seconds": ("number", "wall time"),
            "device": ("text", "cpu, cuda, …"),
            "engine": ("text", "how members were trained"),
            "threads": ("count", "of torch"),
            "files": ("record", "digests of the weights"),
            "cpu_kernels": ("record", "which were used"),
            "why_separate": ("text?", "why members were not trained together"),
        },
        STATE,
        "what the trainer records",
        {"--folds all": Schema({"runs": ("list", "of each fold what is printed for one run")})},
    ),
    "sweep": Schema(
        {
            "sweep": ("text", "name of the search"),
            "target": ("text", "what is learnt"),
            "by": ("text", "score of the validation part that decides"),
            "higher_is_better": ("truth", "whether a high score is good"),
            "best": ("record", "the trial with the best score, as in `trials`"),
            "trials": (
                "list",
                "`number`, `run`, `values` by name of the parameter, `score`, and `failure`, the "
                "reason of a missing one",
            ),
        },
        UNCHANGED,
    ),
    "predict": Schema(
        {
            "run": ("text", "name of the run"),
            "columns": ("record", "kind and unit of each column"),
            "predictions": ("list", "a record per material"),
            "about": ("record", "run, dataset, licence, citation and description of its data"),
            "rejects": ("list", "`material_id`, `stage`, `reason`, `message`"),
        },
        {"derivations": ("list", "what was derived, with its settings")},
        "what describes the columns",
    ),
    "embed": Schema(
        {
            "run": ("text", "name of the run"),
            "about": ("record", "run, dataset, licence, citation and description of its data"),
            "combine": ("text", "how the vectors of the members became one"),
            "members": ("count", "of the ensemble"),
            "width": ("count", "numbers of a vector"),
            "materials": ("count", "those with an embedding"),
            "feature": ("text?", "the feature of the dataset that holds them, as its folder"),
            "output": ("text?", "the file that holds them"),
            "pictures": ("list", "files of the map, where one was asked for"),
            "embeddings": (
                "list",
                "`material_id` and `embedding`; empty where a feature or a file holds them",
            ),
            "rejects": ("list", "`material_id`, `stage`, `reason`, `message`"),
        },
        {
            **UNCHANGED,
            "beside": ("text", "the other run of the map"),
            "correlations": (
                "list",
                "of the first principal components of both runs, then of the second; null where "
                "one is constant",
            ),
        },
    ),
    "nearest": Schema(
        {
            "run": ("text", "name of the run"),
            "dataset": ("text", "exact reference of the dataset with the training materials"),
            "split": ("text", "name of the split"),
            "metric": ("text", "cosine or euclidean"),
            "combine": ("text", "how the vectors of the members became one"),
            "members": ("count", "of the ensemble"),
            "top": ("count", "neighbours that were asked for"),
            "trained": ("count", "training materials that were searched"),
            "columns": ("record", "kind and unit of the columns with predictions and true values"),
            "limits": (
                "record?",
                "from where on an `error` is large and a `standard_deviation` low, by target, and "
                "a material `similar`; from how many validation `materials`; null if no true "
                "value is known, or the run predicts no standard deviation",
            ),
            "queries": (
                "list",
                "`query`, its prediction, whether it is `surprising` (by target; null without true "
                "value), and its `neighbours`: `rank`, `material_id`, `similarity` or `distance`, "
                "`formula`, true values, and the columns asked for",
            ),
            "rejects": ("list", "`material_id`, `stage`, `reason`, `message`"),
        },
    ),
    "evaluate": Schema(
        {
            "run": ("text", "name of the run"),
            "dataset": ("text", "exact reference"),
            "split": ("record", "name and digest"),
            "test": ("record", "materials of the test part"),
            "targets": ("record", "scores, by target"),
            "weights": ("text", "digest"),
            "table_sha256": ("text", "of the predictions"),
            "opened": ("record", "when the test part was opened, and how often"),
            "reused": ("truth", "whether an earlier evaluation was read"),
            **PICTURES,
        },
        {
            **UNCHANGED,
            "by": ("record", "scores by column, target and group, with --by"),
            "derived": ("record", "scores of what was derived"),
        },
        "what the score records",
        {
            "--folds all": Schema(
                {
                    "runs": ("list", "of each fold what is printed for one run"),
                    "folds": ("list", "mean and standard deviation over all folds, by target"),
                    **UNCHANGED,
                    **PICTURES,
                },
                {"matbench": ("text", "the file that Matbench records a task in")},
            )
        },
    ),
    "discover": Schema(
        {
            "run": ("text", "name of the run"),
            "dataset": ("text", "exact reference"),
            "reference": ("text", "known phases"),
            "reference_digest": ("text", "of their entries"),
            "criterion": ("text", "what candidates are ranked by"),
            "budget": ("count?", "candidates that are listed and scored"),
            "candidates": ("count", "materials of the dataset"),
            "ranked": ("count", "those with a predicted distance"),
            "predicted_stable": ("count", "those that the criterion selects"),
            "outside": ("count", "materials that the reference does not reach"),
            "rejects": ("list", "`material_id`, `stage`, `reason`, `message`"),
            "columns": ("record", "kind and unit of each column of predictions"),
            "ranking": ("list", "a record per candidate, best first"),
            "score": (
                "record?",
                "`truth`, `opened`, `reused`, `scored`, `trained_on`, `scored_before`, "
                "`subsets`, `along`, `reliability`, `rolling`, `polymorphs`, and `by` where "
                "columns are scored; null if no true distance is known, or none was asked for",
            ),
            **PICTURES,
        },
    ),
    "screen": Schema(
        {
            "runs": ("list", "names of the runs"),
            "dataset": ("text", "exact reference"),
            "rule": ("text?", "with all its options"),
            "conditions": ("list", "what must hold, that of the rule first"),
            "screened": ("count", "materials that are predicted"),
            "kept": ("count", "those of which all conditions are known to be true"),
            "compositions": ("count", "different compositions among them"),
            "missing": (
                "record",
                "materials without a value, by column that a condition reads, where there are some",
            ),
            "rejects": ("list", "`material_id`, `stage`, `reason`, `message`"),
            "columns": ("record", "kind and unit of each column of predictions"),
            "materials": ("list", "a record per material that is kept"),
            "elements": ("record", "compositions that contain an element, by its symbol"),
            "pairs": (
                "list",
                "two `elements`, and the number of `compositions` that contain both; most first",
            ),
            **PICTURES,
        },
    ),
    "runs": Schema(
        {
            "runs": ("list", "a record per run"),
            "ranked": ("list", "runs with the same validation materials, best first"),
            "folds": ("list", "mean and standard deviation of trainings on all folds of a split"),
        },
        {
            "reached": (
                "list",
                "with `--reach`, by run and target: `quantity` and `unit` of the error, `epoch` "
                "and `seconds` until it was reached, `epochs` on record, `lowest` error and "
                "`lowest_epoch`, `unknown` (why there are no errors)",
            ),
        },
    ),
    "import-run": Schema(
        {
            "run": ("text", "its name"),
            **FOLDER,
            "plugin": ("text", "the trainer whose network it is"),
            "target": ("text", "what it predicts"),
            "unit": ("text", "of the target"),
            "elements": ("list", "symbols of the elements that the weights were trained on"),
            "imported": (
                "record",
                "`importer`, `files` (digests), `elements` (atomic numbers), `mean`, "
                "`standard_deviation`, and what is known of `licence`, `citation`, `description`",
            ),
            **UNCHANGED,
        },
    ),
    "curve": Schema(
        {
            **FOLDER,
            "run": ("text", "name of the run"),
            "curves": (
                "list",
                "by target: `run`, `target`, `unit`, `by` (which error), `points` (`fraction`, "
                "`materials`, `runs`, `values`, `mean`, `std`), `power_law` (`factor`, "
                "`exponent`, `standard_error`)",
            ),
        }
    ),
    "cecv": Schema(
        {
            **FOLDER,
            "dataset": ("text", "exact reference, `name@version`"),
            "part": ("text", "part of the split"),
            "containing": ("text?", "element"),
            "materials": ("count", "materials that were read"),
            "lost": ("any", "materials that were not"),
            "method": ("text", "what is correlated"),
            "thresholds": ("list", "of the correlation"),
            "runs": ("record", "clusters by threshold, by run"),
            "references": ("any", "runs that bound the target region"),
            "target": ("list?", "target region"),
            "judged": ("any", "runs against it"),
        }
    ),
    "contributions": Schema(
        {
            **FOLDER,
            "run": ("text", "name of the run"),
            "target": ("text", "what it predicts"),
            "quantity": ("text", "what contributions are"),
            "unit": ("text", "of them"),
        },
        {},
        "means by element, differences from those of the run `beside`, or values along a binary",
    ),
    "edges": Schema(
        {
            **FOLDER,
            "run": ("text", "name of the run"),
            "layer": ("any", "message passing layer, or `last`"),
            "formulas": ("any", "edges by formula"),
        }
    ),
}
