"""Materials as arrays, for plugins with a fit of their own."""

from __future__ import annotations

import numpy as np

from matdata.plugin import Head, Samples, Schema, Target


def samples_of(inputs: dict, targets, mask=None) -> Samples:
    values = np.asarray(targets, dtype=float).reshape(len(targets), -1)
    known = np.ones(values.shape, dtype=bool) if mask is None else np.asarray(mask)
    ids = np.array([f"m{k}" for k in range(len(values))])
    return Samples(ids, inputs, values, known)


def schema(task: str = "regression", size: int = 1) -> Schema:
    return Schema((Target("y", size, "1", task),), (Head("y", (size,)),), {})


def drawn(count: int, width: int = 6, seed: int = 0):
    rng = np.random.default_rng(seed)
    rows = rng.random((count, width))
    return rows, 3 * rows[:, 0] + np.sin(9 * rows[:, 1]) + 0.1 * rng.random(count)


def reloaded(trainer, task: Schema, tmp_path):
    """The trainer of what another one has learnt, as a file holds it."""
    np.savez(tmp_path / "state.npz", **trainer.state())
    again = type(trainer)(trainer.hypers)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as arrays:
        again.load_state(dict(arrays), task)
    return again
