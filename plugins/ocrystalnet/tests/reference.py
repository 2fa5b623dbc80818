"""Both networks again, in float64 and with loops over sites and edges, from the equations."""

from __future__ import annotations

from typing import Any

import numpy as np


def mish(x: np.ndarray) -> np.ndarray:
    return x * np.tanh(np.log1p(np.exp(x)))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def standardised(featurizer: Any, numbers: np.ndarray) -> np.ndarray:
    """Attributes of elements over the standard deviation of all elements of the table."""
    from matdata.plugin import filled_element_vectors

    table = filled_element_vectors(featurizer.settings.variant).astype(np.float64)
    rows = table[np.isfinite(table).all(1)]
    std = rows.std(0)
    constant = std <= 1e-9 * np.abs(rows).max(0)
    scaled = (table - rows.mean(0)) / np.where(constant, 1.0, std)
    scaled[:, constant] = 0.0
    return scaled[numbers]


def weights_of(model: Any) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in model.state_dict().items()}


def ocrystalnet(model: Any, batch: Any) -> np.ndarray:
    """Eq. 3 to 10 for each material on its own, nodes ``ofm+jarvis``, reverse edges added."""
    w = weights_of(model)
    graph, ofm = batch["graph"], batch["ofm"]
    numbers = graph.numbers.numpy()
    attributes = standardised(batch["element:jarvis438"].featurizer, numbers)
    described = np.concatenate([ofm.vectors.double().numpy(), attributes], 1)
    first = [mish(w["sites.linear.weight"] @ row) for row in described]
    edges: dict[tuple, float] = {}
    ends = zip(graph.sender.tolist(), graph.receiver.tolist(), graph.image.tolist(), strict=True)
    for (u, v, image), length in zip(ends, graph.distance.tolist(), strict=True):
        edges[u, v, tuple(image)] = length
        edges.setdefault((v, u, tuple(-x for x in image)), length)
    centres = np.arange(51) / 10
    start = {
        edge: mish(w["edges.weight"] @ np.exp(-(((length - centres) / 0.5) ** 2)))
        for edge, length in edges.items()
    }

    def message(u: int) -> np.ndarray:
        entering = np.array([state for (_, v, _), state in states.items() if v == u])
        return entering.sum(0) * entering.max(0)

    node, states = list(first), dict(start)
    layer = 0
    while f"passing.{layer}.weight" in w:
        node = [message(u) + node[u] for u in range(len(node))]
        states = {
            (u, v, image): mish(
                start[u, v, image]
                + w[f"passing.{layer}.weight"] @ (node[u] - states[v, u, tuple(-x for x in image)])
            )
            for u, v, image in edges
        }
        layer += 1
    joined = [np.concatenate([message(u), node[u], first[u]]) for u in range(len(node))]
    joined = [w["joint.weight"] @ row for row in joined]
    final = np.array([mish(w["output.weight"] @ row + w["output.bias"]) for row in joined])
    out = []
    for material in range(len(batch)):
        z = final[graph.crystal.numpy() == material].mean(0)
        inner = mish(w["hidden.weight"] @ z + w["hidden.bias"])
        out.append(w["last.weight"] @ inner + w["last.bias"])
    return np.array(out)


def ogcnn(model: Any, batch: Any) -> np.ndarray:
    """CGCNN's eq. 5 on the OFM, with the statistics of untrained batch normalisation."""
    w = weights_of(model)
    graph = batch["graph"]
    rows = batch["ofm"].vectors.double().numpy()
    sites = softplus(rows @ w["sites.linear.weight"].T + w["sites.linear.bias"])
    sites = sites @ w["encoder.weight"].T + w["encoder.bias"]
    centres = np.arange(41) / 5

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        scaled = (x - w[f"{name}.running_mean"]) / np.sqrt(w[f"{name}.running_var"] + 1e-5)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    layer = 0
    while f"convolutions.{layer}.edge" in w:
        name = f"convolutions.{layer}"
        on_sites = np.split(w[f"{name}.pair.weight"], 2)
        matrix = np.concatenate([*on_sites, w[f"{name}.edge"]], axis=1)
        sums = np.zeros_like(sites)
        ends = zip(graph.sender.tolist(), graph.receiver.tolist(), strict=True)
        for (i, j), length in zip(ends, graph.distance.tolist(), strict=True):
            bond = np.exp(-(((length - centres) / 0.2) ** 2))
            z = np.concatenate([sites[i], sites[j], bond])
            z = norm(f"{name}.norm_edges", matrix @ z + w[f"{name}.pair.bias"])
            gate, core = np.split(z, 2)
            sums[i] += softplus(core) / (1 + np.exp(-gate))
        sites = softplus(sites + norm(f"{name}.norm_sites", sums))
        layer += 1
    out = []
    for material in range(len(batch)):
        row = softplus(sites[graph.crystal.numpy() == material].mean(0))
        layer = 0
        while f"outputs.{layer}.weight" in w:
            row = softplus(w[f"outputs.{layer}.weight"] @ row + w[f"outputs.{layer}.bias"])
            layer += 1
        out.append(w["last.weight"] @ row + w["last.bias"])
    return np.array(out)
