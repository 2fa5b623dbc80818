"""The baseline of the thesis (ch. 5): vectors of all precursors one after another, no set."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin import Batch, ReactionBatch, Schema, TrainError
from matdata_reaction_graph.hypers import MagpieHypers
from matdata_reaction_graph.model import heads_of, predicted


class ConcatenatedNet(nn.Module):
    """Residual networks on the concatenated vectors of up to n precursors, as they are listed.

    The thesis trains one network for each number of precursors; here the places of those that a
    reaction does not have are zero.

    Parameters
    ----------
    hypers
        Sizes and variants.
    schema
        Targets and what to return for each; a multi-label target of elements is masked, and a
        distribution over elements is predicted from element vectors and the concatenated vectors.
    """

    def __init__(self, hypers: MagpieHypers, schema: Schema) -> None:
        super().__init__()
        self.scale, self.mask, self.most = hypers.scale, hypers.mask, hypers.precursors
        vector = len(schema.featurizers["reaction"].labels()) - 1
        self.targets = schema.targets
        self.heads = heads_of(hypers, schema, vector * self.most)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Outputs of a batch by target, (b, width) each.

        Raises
        ------
        TrainError
            If a reaction has more precursors than the network has places.
        """
        reaction = batch.get("reaction", ReactionBatch)
        pairs = zip(self.targets, self.heads, strict=True)
        return predicted(pairs, reaction, self.embeddings(batch), self.mask)

    def embeddings(self, batch: Batch) -> Tensor:
        """The concatenated vectors, (b, n * width); raises as `forward`."""
        reaction = batch.get("reaction", ReactionBatch)
        vectors = reaction.vectors
        if self.scale == "log":
            vectors = vectors.sign() * vectors.abs().log1p()
        places = reaction.segments["precursor"].padded(vectors)
        missing = self.most - places.shape[1]
        if missing < 0:
            raise TrainError(
                f"a reaction has {places.shape[1]} precursors, and reaction-magpie reads "
                f"{self.most}",
                next_step=f"--set precursors={places.shape[1]}, or a split of reactions with few",
            )
        return functional.pad(places, (0, 0, 0, missing)).flatten(1)
