"""Short trainings through the command line."""

from __future__ import annotations

import numpy as np

from matdata.cli import main
from matdata.store.safetensors import read_tensors

TARGET = "ewald_energy_per_atom"
QUICK = ["--epochs", "3", "--threads", "1"]


def train(cache, *more, name="a", split="main", dataset="s", target=TARGET, plugin="example"):
    arguments = ["train", plugin, dataset, "--target", target, "--split", split, "--name", name]
    quiet = ["--cache", str(cache), "--quiet"]
    own_fit = plugin in ("dummy", "rf-magpie")
    brief = [] if own_fit or "--epochs" in more else QUICK
    return main([*arguments, *brief, *more, *quiet])


def weights(cache, name="a", file="best"):
    return read_tensors(cache / "runs" / name / f"{file}.safetensors")[0]


def equal(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
