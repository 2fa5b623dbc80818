"""Amounts of the elements of a product (R. E. A. Goodall, thesis, eq. 5.3 and 5.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from matdata.plugin import N_ELEMENTS, ReactionBatch, filled_element_vectors
from matdata.plugin.nn import ResidualNetwork, segment_sum

OXYGEN = 8
LEAST = 1e-4  # fraction in the feed of an element that no precursor holds: oxygen


class Stoichiometry(nn.Module):
    """A number for each element that a product may hold: ``s_i = h(ε_i ⊕ r)``; with the feed,
    ``s_i = log f_i + h(ε_i ⊕ r ⊕ log f_i)``, where f_i are the atomic fractions of all precursors
    together: what the product would be if all elements stayed in it alike.

    Their softmax is the composition. Elements are those of the precursors, and oxygen; all others
    get 0. The published code averages the compositions of five networks h; here there is one, as in
    the text.

    Parameters
    ----------
    table
        Name of a table of element vectors ε, not trained.
    width
        Numbers of a reaction r.
    hidden
        Widths of the residual layers of h.
    feed
        Whether the fractions of the elements in the precursors are read.
    """

    table: Tensor

    def __init__(self, table: str, width: int, hidden: tuple[int, ...], feed: bool = False) -> None:
        super().__init__()
        self.feed = feed
        vectors = torch.from_numpy(filled_element_vectors(table).copy())
        self.register_buffer("table", vectors, persistent=False)
        self.network = ResidualNetwork(vectors.shape[1] + width + feed, 1, hidden)

    def forward(self, reaction: ReactionBatch, rows: Tensor) -> Tensor:
        """Rows of the reactions (b, width) to scores of elements by atomic number, (b, 118)."""
        owner = reaction.segments["element"].owner
        everyone = torch.arange(reaction.size, device=rows.device)
        numbers = torch.cat([reaction.numbers, torch.full_like(everyone, OXYGEN)])
        owner = torch.cat([owner, everyone])
        queries = [self.table.index_select(0, numbers), rows.index_select(0, owner)]
        logs = None
        if self.feed:
            logs = reaction.feed.clamp(min=LEAST).log()[owner, numbers - 1]
            queries.append(logs[:, None])
        scores = self.network(torch.cat(queries, 1)).squeeze(1)
        if logs is not None:
            scores = scores + logs
        # an element of several precursors is scored several times, equally
        place, count = owner * N_ELEMENTS + numbers - 1, reaction.size * N_ELEMENTS
        times = segment_sum(torch.ones_like(scores), place, count)
        mean = segment_sum(scores, place, count) / times.clamp(min=1.0)
        return mean.view(reaction.size, N_ELEMENTS)
