"""Symmetry of records that have a protostructure label instead of a structure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from matdata.core.composition import reduced_formula
from matdata.core.content_keys import KEY
from matdata.core.errors import StructureError
from matdata.curate.symmetry import Wyckoff
from matdata.store.arrow import array_of
from matdata.symmetry.canonical import label_of
from matdata.symmetry.labels import Label, parse_label

ENGINE = "labels of the source"


def given_symmetry(labels: pa.Array, formulas: pa.Array) -> Wyckoff:
    """Symmetry of n records from their labels, which become canonical.

    A label that cannot be read is none. One that has another composition than the formula is not
    valid.

    Parameters
    ----------
    labels, formulas : (n,) str
        Protostructures and reduced formulas, in Arrow.
    """
    n = len(labels)
    texts, groups = [""] * n, np.zeros(n, np.int16)
    orbits, valid = np.zeros(n, np.int32), np.zeros(n, np.bool_)
    pairs = zip(labels.to_pylist(), formulas.to_pylist(), strict=True)
    for row, (text, formula) in enumerate(pairs):
        label = _read(text)
        if label is None:
            continue
        words = dict(zip(label.species, label.words, strict=True))
        texts[row], _ = label_of(label.group, label.pearson, words, label.sites)
        groups[row], orbits[row] = label.group, sum(map(len, label.words))
        valid[row] = reduced_formula(label.sites) == formula
    return Wyckoff(
        array_of(texts) if n else pa.nulls(0, pa.string()),
        groups,
        orbits,
        valid,
        None,
        ENGINE,
        np.zeros(n, KEY),
        searched=0,
        reused=0,
    )


def _read(text: str | None) -> Label | None:
    try:
        return parse_label(text) if text else None
    except StructureError:
        return None
