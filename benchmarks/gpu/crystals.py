"""Crystals, and a dataset of them, made without chemistry packages.

Sites lie near those of cubic structure types, moved by some hundredths of an Å, so that neighbours
are as in relaxed crystals. Wyckoff orbits are those of the type, written down here, since finding
them needs a package that is not at hand; a test holds them against what matdata finds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ELEMENTS = (
    *("Li", "Be", "O", "F", "Na", "Mg", "Al", "Cl", "K", "Ca"),
    *("Ti", "Fe", "Ni", "Br", "Sr", "Zr", "Ag", "I", "Cs", "Ba"),
)
#: Standard deviation of what sites are moved by, in Å.
MOVED = 0.03
TARGET = "energy"
_FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@dataclass(frozen=True)
class Prototype:
    """A cubic structure type.

    Attributes
    ----------
    edge
        Length of the cell in Å for unit radius.
    places, kinds
        Fractional coordinates (n, 3), and which of the drawn elements is there.
    orbits
        Element and row among the 1,731 Wyckoff positions of each orbit.
    """

    edge: float
    places: npt.NDArray[np.float64]
    kinds: list[int]
    orbits: tuple[tuple[int, int], ...]


def _fcc(*groups: list[list[float]]) -> tuple[npt.NDArray[np.float64], list[int]]:
    places, kinds = [], []
    for kind, group in enumerate(groups):
        own = (np.array(group)[:, None] + _FCC).reshape(-1, 3) % 1
        places.append(own)
        kinds += [kind] * len(own)
    return np.concatenate(places), kinds


def _spinel() -> tuple[npt.NDArray[np.float64], list[int]]:
    x, a, b, c = 0.2625, 0.25, 0.5, 0.75
    anions = [
        *([x, x, x], [c - x, a - x, x + b], [a - x, x + b, c - x], [x + b, c - x, a - x]),
        *([x + c, x + a, b - x], [-x, -x, -x], [x + a, b - x, x + c], [b - x, x + c, x + a]),
    ]
    tetrahedral = [[0.125, 0.125, 0.125], [0.875, 0.375, 0.375]]
    octahedral = [[b, b, b], [a, c, 0.0], [c, 0.0, a], [0.0, a, c]]
    return _fcc(tetrahedral, octahedral, anions)


_ORIGIN, _QUARTER = [[0.0] * 3], [0.25] * 3
_CSCL = np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), [0, 1]
_PEROVSKITE = np.concatenate([[[0.5, 0.5, 0.5], [0, 0, 0]], (np.eye(3) / 2)]), [0, 1, 2, 2, 2]
PROTOTYPES = {
    "cscl": Prototype(3.9, *_CSCL, ((0, 1625), (1, 1626))),
    "rocksalt": Prototype(5.3, *_fcc(_ORIGIN, [[0.5, 0.0, 0.0]]), ((0, 1672), (1, 1673))),
    "zincblende": Prototype(5.6, *_fcc([[0, 0, 0]], [[0.25, 0.25, 0.25]]), ((0, 1586), (1, 1588))),
    "fluorite": Prototype(
        5.5, *_fcc([[0, 0, 0]], [[0.25] * 3, [0.75] * 3]), ((0, 1672), (1, 1674))
    ),
    "perovskite": Prototype(4.0, *_PEROVSKITE, ((0, 1625), (1, 1626), (2, 1627))),
    "spinel": Prototype(8.3, *_spinel(), ((0, 1694), (1, 1697), (2, 1698))),
}


def drawn(count: int, seed: int = 0, moved: float = MOVED) -> list[dict[str, Any]]:
    """Records of crystals: id, atoms as JARVIS writes them, and a target of radii and species."""
    rng = np.random.default_rng(seed)
    names = list(PROTOTYPES)
    records = []
    for number in range(count):
        name = names[int(rng.integers(len(names)))]
        kind = PROTOTYPES[name]
        which = rng.choice(len(ELEMENTS), 3, replace=False)
        scale = float(rng.uniform(0.92, 1.15))
        edge = kind.edge * scale
        places = kind.places + rng.normal(0.0, moved / edge, kind.places.shape)
        target = float(np.sin(which[kind.kinds]).mean() - 3.0 * (scale - 1.0))
        atoms = {
            "lattice_mat": (np.eye(3) * edge).tolist(),
            "coords": (places % 1).tolist(),
            "elements": [ELEMENTS[which[kind]] for kind in kind.kinds],
            "cartesian": False,
        }
        records.append({"material_id": f"{name}-{number:06d}", "atoms": atoms, TARGET: target})
    return records


def write_crystals(path: Path, count: int) -> None:
    """A file of JSON lines that matdata reads without other packages."""
    path.write_text("".join(json.dumps(record) + "\n" for record in drawn(count)))


def replay_orbits() -> None:
    """Let the feature ``wyckoff`` take orbits from `PROTOTYPES`, by the id, in this process."""
    from matdata.core.crystals import Ragged
    from matdata.features.base import Block
    from matdata.features.wyckoff import Wyckoff

    def featurize(self: Wyckoff, batch: Any) -> Block:
        orbits, lengths = [], []
        for name, numbers in zip(batch.ids.tolist(), _species(batch), strict=True):
            own = PROTOTYPES[name.partition("-")[0]].orbits
            orbits += [(numbers[kind], row) for kind, row in own]
            lengths.append(len(own))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        columns = np.array(orbits, dtype=np.int64).reshape(-1, 2).T
        fields = {
            "elements": Ragged(columns[0].astype(np.uint8), offsets),
            "positions": Ragged(columns[1].astype(np.uint16), offsets),
        }
        return Block(np.arange(len(batch)), fields)

    Wyckoff.featurize = featurize  # type: ignore[method-assign,assignment]
    Wyckoff.packages = Wyckoff.intermediates = ()  # type: ignore[assignment,method-assign]


def _species(batch: Any) -> list[dict[int, int]]:
    """Atomic numbers of the drawn elements of each crystal."""
    orbits = []
    for k, name in enumerate(batch.ids.tolist()):
        kinds = PROTOTYPES[name.partition("-")[0]].kinds
        numbers = batch.numbers[batch.offsets[k] : batch.offsets[k + 1]].tolist()
        orbits.append(dict(zip(kinds, numbers, strict=True)))
    return orbits


@dataclass(frozen=True)
class Place:
    """Where the dataset is, and how large.

    Attributes
    ----------
    cache
        Folder of the cache.
    rehearsal
        Whether all of it is tiny.
    """

    cache: Path
    rehearsal: bool

    @property
    def count(self) -> int:
        """Crystals."""
        return 48 if self.rehearsal else 6000


NAME = "gpu"


def make_dataset(place: Place) -> None:
    """A dataset with a split."""
    import matdata as md

    place.cache.mkdir(parents=True, exist_ok=True)
    path = place.cache / "crystals.jsonl"
    write_crystals(path, place.count)
    md.build(
        path,
        cache=place.cache,
        name=NAME,
        split="70/15/15",
        dedupe="none",
        symmetry="none",
        workers=1,
    )


def add_feature(place: Place, spec: str, settings: Mapping[str, Any]) -> None:
    """A feature of it, in shards of HDF5."""
    import matdata as md
    from matdata.building.options import BuildOptions
    from matdata.building.feature_stage import add_features

    replay_orbits()
    options = BuildOptions(
        features=(spec,),
        feature_settings={spec: dict(settings)},
        workers=1,
        store="hdf5",
        shard_rows=max(place.count // 16, 8),
    )
    add_features(md.open(NAME, cache=place.cache), place.cache, options)
