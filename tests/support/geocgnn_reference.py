"""GeoCGNN as its paper writes it: one edge after another, in float64, with the weights of ours."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from matdata.core.crystals import Crystals, Float


def outputs_of(network: Any, hypers: Any, crystals: Crystals, graph: Any) -> Float:
    """First column of the outputs in evaluation, (b,).

    Vectors of edges are Cartesian, and wave vectors those of the reciprocal lattice, so that
    nothing is shared with the network but its weights and which sites are neighbours.
    """
    weights = {name: value.double().numpy() for name, value in network.state_dict().items()}
    return np.array([_crystal(weights, hypers, crystals, graph, k) for k in range(len(crystals))])


def _crystal(weights: Any, hypers: Any, crystals: Crystals, graph: Any, row: int) -> float:
    first, last = (int(graph.segments["site"].host_offsets[row + k]) for k in (0, 1))
    start, end = (int(graph.segments["edge"].host_offsets[row + k]) for k in (0, 1))
    lattice, frac = crystals.lattice[row], crystals.frac_coords[first:last]
    sender = graph.sender[start:end].numpy() - first
    receiver = graph.receiver[start:end].numpy() - first
    vectors = (frac[receiver] + graph.image[start:end].numpy() - frac[sender]) @ lattice
    radial = [_radial(vector, hypers) for vector in vectors]
    waves = [_waves(vector, lattice, hypers.mesh) for vector in vectors]
    embedded = weights["embedding.weight"][crystals.numbers[first:last].astype(int)]
    sites, total = _sigmoid(embedded), 0.0
    for block in range(hypers.sizes().blocks):
        if block:
            sites = _layer(weights, f"layers.{block - 1}", sites)
        added = np.zeros_like(sites)
        for edge, (i, j) in enumerate(zip(sender, receiver, strict=True)):
            length = np.linalg.norm(vectors[edge])
            joined = np.concatenate([sites[i], sites[j], (sites[i] - sites[j]) / length])
            mask = _mask(weights, f"convolutions.{block}", radial[edge], waves[edge])
            added[i] += _gated(weights, f"convolutions.{block}", joined) * mask
        sites = sites + added
        gates = _layer(weights, f"poolings.{block}.gate", sites)
        pooled = gates * (sites @ weights[f"poolings.{block}.core.weight"].T)
        total = total + (pooled.mean(0) if hypers.pooling == "mean" else pooled.sum(0))
    for number in range(hypers.halvings):
        total = _layer(weights, f"trunk.{number}", total)
    return float(weights["heads.heads.0.weight"][0] @ total)


def _radial(vector: Float, hypers: Any) -> Float:
    length, radius, count = np.linalg.norm(vector), hypers.radius, hypers.gaussians
    low = np.exp(-radius)
    centres = low + (1 - low) / count * np.arange(1, count + 1)
    beta = (2 / count * (1 - low)) ** -2
    x = length / radius
    envelope = 1 - 6 * x**5 + 15 * x**4 - 10 * x**3
    return np.asarray(envelope * np.exp(-beta * (np.exp(-length) - centres) ** 2))


def _waves(vector: Float, lattice: Float, mesh: int) -> Float:
    volume = abs(np.linalg.det(lattice))
    reciprocal = 2 * np.pi * np.linalg.inv(lattice).T
    along = [(2 * r - mesh - 1) / (2 * mesh) for r in range(1, mesh + 1)]
    waves = [np.array(u) @ reciprocal for u in itertools.product(along, repeat=3)]
    return np.array([np.cos(wave @ vector) for wave in waves]) / np.sqrt(volume)


def _gated(weights: Any, name: str, joined: Float) -> Float:
    product = weights[f"{name}.pair.weight"] @ joined
    gate, core = np.split(_norm(weights, f"{name}.norm_pair", product), 2)
    return np.asarray(_sigmoid(gate) * _elu(core))


def _mask(weights: Any, name: str, radial: Float, waves: Float) -> Float:
    product = weights[f"{name}.attention.weight"] @ waves
    attention = _sigmoid(_norm(weights, f"{name}.norm_attention", product))
    by_direction = weights[f"{name}.wave.weight"] @ (waves * attention)
    return np.asarray(weights[f"{name}.radial.weight"] @ radial + by_direction)


def _layer(weights: Any, name: str, rows: Float) -> Float:
    return _elu(_norm(weights, f"{name}.norm", rows @ weights[f"{name}.linear.weight"].T))


def _norm(weights: Any, name: str, rows: Float) -> Float:
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    scaled = (rows - mean) / np.sqrt(variance + 1e-5)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])


def _sigmoid(x: Float) -> Float:
    return np.asarray(1 / (1 + np.exp(-x)))


def _elu(x: Float) -> Float:
    return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
