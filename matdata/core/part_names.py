"""The parts of a split, and the names that publications and files give them."""

from __future__ import annotations

PARTS = ("train", "val", "test")
SYNONYMS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "holdout": "test",
}
#: The split that the files of a folder make, and the column that records each material's part.
GIVEN_SPLIT = "given"
PART_COLUMN = "part"
