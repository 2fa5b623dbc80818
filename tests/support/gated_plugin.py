"""A plugin with a feature that waits at a gate, so that a test can kill who computes it.

Each batch leaves a mark in the folder ``$GATE`` when it begins, and goes on when no file ``hold``
is there.
"""

from __future__ import annotations

from pathlib import Path

MODULE = """
import os
import time
import uuid
from pathlib import Path

import numpy as np

from matdata.plugin import Block, Featurizer, Field


class Gated(Featurizer):
    name, version, citation = "gated", "1", "none"
    requires = frozenset({"structure"})
    workers = "process"

    @property
    def fields(self):
        return (Field("volume", "crystal", (), "float64", "Å^3", "volume of the cell"),)

    def featurize(self, batch):
        gate = Path(os.environ["GATE"])
        (gate / f"begun-{os.getpid()}-{uuid.uuid4().hex}").touch()
        while (gate / "hold").exists():
            time.sleep(0.01)
        return Block(np.arange(len(batch)), {"volume": batch.volume})

    def dense(self, fields):
        return fields["volume"][:, None]

    def labels(self):
        return ["volume"]
"""


def install(folder: Path) -> Path:
    """A folder for ``PYTHONPATH`` with the plugin in it."""
    about = folder / "matdata_gated-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "matdata_gated.py").write_text(MODULE, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: matdata-gated\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[matdata.featurizers]\ngated = matdata_gated:Gated\n")
    return folder
