"""Places of the nodes of a network, the same for the same network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

STEPS = 400
#: Pull to the middle: what is not joined would drift away.
GRAVITY = 0.6


def layout(nodes: int, edges: Sequence[tuple[int, int]]) -> npt.NDArray[np.float64]:
    """Places of nodes within the unit square from -1 to 1, (n, 2).

    Nodes repel each other as 1/d and edges pull as d², from a circle on, with steps that shrink
    (Fruchterman and Reingold, Softw. Pract. Exper. 21, 1129, 1991); nothing is random.

    Parameters
    ----------
    nodes
        How many there are.
    edges
        Pairs of them.
    """
    turn = 2 * np.pi * np.arange(nodes) / max(1, nodes)
    places = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if nodes < 3:
        return places * (nodes > 1)
    length = 1.6 / np.sqrt(nodes)
    joined = np.zeros((nodes, nodes))
    for one, other in edges:
        joined[one, other] = joined[other, one] = 1.0
    for step in range(STEPS):
        apart = places[:, None] - places[None]
        distance = np.maximum(np.sqrt((apart**2).sum(-1)), 1e-6)
        push = length**2 / distance**2 - joined * distance / length
        force = (apart * push[..., None]).sum(1) - GRAVITY * places
        size = np.maximum(np.sqrt((force**2).sum(-1, keepdims=True)), 1e-12)
        places = places + force / size * np.minimum(size, 0.2 * (1 - step / STEPS))
    places = places - (places.max(0) + places.min(0)) / 2
    return np.asarray(places / np.maximum(np.abs(places).max(0), 1e-9))
