"""CrabNet: seconds per training epoch beside the `crabnet` package, one process, the same threads.

Both train the same architecture (11,987,206 weights) on the same rows with the same batches, loss
(robust L1) and optimizer (AdamW), and begin with the same weights. With dropout and noise on
fractions off, the two must agree in the loss of each of the first steps, which is printed: equal
quality is not assumed but seen. The package's network gets what its own loader gives it: matrices
padded to the longest formula of the set. Epochs of both sides alternate.

    pip install --no-deps crabnet
    python benchmarks/crabnet_vs_reference.py --set mp_bulk_modulus --threads 1
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import timing

import numpy as np
import pandas as pd
import torch

from matdata.plugin import (
    Batch,
    Compositions,
    ElementMatrixBatch,
    Head,
    Schema,
    Segments,
    Target,
    TorchTrainer,
    batch_of,
    parse_formula,
    trainer,
)
from matdata.training.objectives.robust_l1 import RobustL1

OBJECTIVE = RobustL1.bind(Target("target"))


Step = Callable[[], float]


def main() -> int:
    """Print seconds per epoch of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="mp_bulk_modulus", help="folder of shared/data/crabnet")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="use the first N rows")
    given = parser.parse_args()
    try:
        from crabnet.kingcrab import SubCrab
    except ImportError:
        print("the crabnet package is not installed: pip install --no-deps crabnet")
        return 1
    warnings.filterwarnings("ignore", message="enable_nested_tensor")
    torch.set_num_threads(given.threads)
    table = pd.read_csv(timing.public(f"crabnet/{given.set}/train.csv.gz"))
    table = table.iloc[: given.limit or None]
    plugin = trainer("crabnet", {"scaling": "pooled", "dropout": 0.0, "jitter": 0.0})
    assert isinstance(plugin, TorchTrainer)
    ours = plugin.model(Schema((Target("target"),), (Head("target", (1, 1)),), {}))
    theirs = SubCrab(compute_device="cpu", emb_scaler=2.0, dropout=0.0)
    theirs.encoder.fractional = False
    copy_weights(ours, theirs)
    sides = sides_of(ours, theirs, table, given.batch_size)
    losses = {name: [run() for run in steps[:5]] for name, steps in sides.items()}
    for name, values in losses.items():
        print(f"{name}: loss of the first steps {' '.join(f'{x:.4f}' for x in values)}")
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(given.epochs):
        for name, steps in sides.items():
            start = time.perf_counter()
            for run in steps:
                run()
            times[name].append(time.perf_counter() - start)
    best = {name: min(seconds) for name, seconds in times.items()}
    for name, seconds in best.items():
        print(f"{name}: {seconds:.2f} s per epoch of {len(table):,} rows")
    print(f"crabnet package / matdata: {best['package'] / best['matdata']:.2f}")
    return 0


def copy_weights(ours: Any, theirs: Any) -> None:
    """Give the package's network the weights of ours."""
    encoder, network = theirs.encoder, ours.head.network
    pairs = [(ours.embedding.elements, encoder.embed.fc_mat2vec)]
    for mine, other in zip(ours.blocks, encoder.transformer_encoder.layers, strict=True):
        pairs += [(mine.out, other.self_attn.out_proj), (mine.up, other.linear1)]
        pairs += [(mine.down, other.linear2)]
        pairs += [(mine.norms[0], other.norm1), (mine.norms[1], other.norm2)]
        other.self_attn.in_proj_weight.data.copy_(mine.qkv.weight)
        other.self_attn.in_proj_bias.data.copy_(mine.qkv.bias)
    pairs += list(zip(network.layers, theirs.output_nn.fcs, strict=True))
    pairs += list(zip(network.shortcuts, theirs.output_nn.res_fcs, strict=True))
    pairs += [(network.last, theirs.output_nn.fc_out)]
    for mine, other in pairs:
        other.load_state_dict(mine.state_dict())


def sides_of(
    ours: torch.nn.Module, theirs: torch.nn.Module, table: pd.DataFrame, size: int
) -> dict[str, list[Step]]:
    """One function a step for each side; making batches is part of neither."""
    amounts = [parse_formula(text) for text in table["formula"]]
    order = np.random.default_rng(0).permutation(len(table))
    values = table["target"].to_numpy()
    target = torch.from_numpy((values - values.mean()) / values.std()).float()[:, None]
    longest = max(len(one) for one in amounts)
    mine, other = [torch.optim.AdamW(m.parameters(), 1e-4, fused=True) for m in (ours, theirs)]
    sides: dict[str, list[Step]] = {"matdata": [], "package": []}
    for first in range(0, len(order), size):
        rows = order[first : first + size]
        formulas = Compositions.from_amounts(
            [str(row) for row in rows], [amounts[row] for row in rows]
        )
        batch = batch_of(["edm"], formulas)
        padded = batch_of(["edm"], formulas, {"edm": {"length": longest}})
        wide = padded.get("edm", ElementMatrixBatch)
        src, frac, y = wide.elements, wide.padded_fractions, target[rows]
        sides["matdata"].append(partial(step, partial(_fresh_call, ours, batch), y, mine))
        sides["package"].append(partial(step, partial(theirs, src, frac), y, other))
    return sides


def _fresh_call(network: torch.nn.Module, batch: Batch) -> torch.Tensor:
    out: torch.Tensor = network(fresh(batch))
    return out


def fresh(batch: Batch) -> Batch:
    """The batch without what an earlier call cached."""
    read = batch.get("edm", ElementMatrixBatch)
    segments = {
        level: Segments(one.offsets, one.host_offsets) for level, one in read.segments.items()
    }
    again = type(read)(read.featurizer, read.fields, segments, read.size)
    return Batch({"edm": again}, batch.targets, batch.mask, batch.rows, batch.all_ids)


def step(
    forward: Callable[[], torch.Tensor], target: torch.Tensor, optimizer: torch.optim.Optimizer
) -> float:
    """One step of training; returns the loss."""
    optimizer.zero_grad(set_to_none=True)
    present = torch.ones_like(target, dtype=torch.bool)
    loss = OBJECTIVE.loss(forward(), target, present, {}).mean()
    torch.autograd.backward(loss)
    optimizer.step()
    return float(loss.detach())


if __name__ == "__main__":
    sys.exit(main())
