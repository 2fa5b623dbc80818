"""A small dataset with features of every kind, in many shards."""

from __future__ import annotations

import json

import pytest
from support import reactions
from support.crystals import many
from support.files import mp_document

import matdata as md

COUNT = 60
FEATURES = (
    *(
        "column:gap",
        "composition-set",
        "edm",
        "element:mat2vec",
        "formula-graph",
        "fractions",
        "graph",
    ),
    *("lattice", "line-graph", "magpie", "ofm", "reaction", "space-group", "voronoi-facets"),
    "wyckoff",
)


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    home = tmp_path_factory.mktemp("toy")
    crystals = many(COUNT)
    lines = []
    made = reactions.rows(COUNT)
    for row in range(COUNT):
        document = mp_document(crystals, row)
        document["spectrum"] = [row + 0.5, 2.0 * row, 1.0 + row]
        document |= {name: made[row][name] for name in ("precursors", "operations")}
        document["gap"] = 0.1 * row + 0.1
        document["eps"] = None if row % 5 == 1 else 1.0 + row
        lines.append(json.dumps(document))
    (home / "toy.jsonl").write_text("\n".join(lines))
    return md.build(
        home / "toy.jsonl",
        features=FEATURES,
        cache=home / "cache",
        shard_rows=16,
        workers=1,
        dedupe="none",
        name="toy",
    )
