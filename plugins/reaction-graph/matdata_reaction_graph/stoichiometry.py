"""Amounts of the elements of a product (R. E. A. Goodall, thesis, eq. 5.3 and 5.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from matdata.plugin import N_ELEMENTS, ReactionBatch, filled_element_vectors
from matdata.plugin.nn import ResidualNetwork, segment_sum

OXYGEN = 8


class Stoichiometry(nn.Module):
    """A number for each element that a product may hold: ``s_i = h(ε_i ⊕ r)``.

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
    """

    table: Tensor

    def __init__(self, table: str, width: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        vectors = torch.from_numpy(filled_element_vectors(table).copy())
        self.register_buffer("table", vectors, persistent=False)
        self.network = ResidualNetwork(vectors.shape[1] + width, 1, hidden)

    def forward(self, reaction: ReactionBatch, rows: Tensor) -> Tensor:
        """Rows of the reactions (b, width) to scores of elements by atomic number, (b, 118)."""
        owner = reaction.segments["element"].owner
        everyone = torch.arange(reaction.size, device=rows.device)
        numbers = torch.cat([reaction.numbers, torch.full_like(everyone, OXYGEN)])
        owner = torch.cat([owner, everyone])
        queries = [self.table.index_select(0, numbers), rows.index_select(0, owner)]
        scores = self.network(torch.cat(queries, 1)).squeeze(1)
        # an element of several precursors is scored several times, equally
        place, count = owner * N_ELEMENTS + numbers - 1, reaction.size * N_ELEMENTS
        times = segment_sum(torch.ones_like(scores), place, count)
        mean = segment_sum(scores, place, count) / times.clamp(min=1.0)
        return mean.view(reaction.size, N_ELEMENTS)
