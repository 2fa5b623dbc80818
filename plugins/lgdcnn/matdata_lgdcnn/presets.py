"""The models of the paper as settings of one family."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """What a model of the family is made of; the defaults are L-G-DCNN.

    Attributes
    ----------
    table
        Element vectors.
    globally
        ``lstm``, ``gru``, ``rnn``, ``lstm-gru`` (one after the other) or ``absent``.
    attention
        After each recurrent layer: ``soft``, ``self`` or ``absent``.
    locally
        ``dcnn``, ``dcnn-k1``, ``dpcnn``, ``cnn`` or ``absent``.
    attention_residual, region_residual, block_residual
        Shortcuts around attention, around the first convolution block (whose input is the region
        embedding), and around the other blocks.
    fusion
        V1: recurrent outputs are added to the convolutions', then max pooling.
    post
        A post-processing network in place of one linear layer.
    """

    table: str = "mat2vec"
    globally: str = "lstm-gru"
    attention: str = "soft"
    locally: str = "dcnn"
    attention_residual: bool = True
    region_residual: bool = True
    block_residual: bool = True
    fusion: bool = False
    post: bool = False


#: Section "rational design" (figure 3) and table 2 of Du et al. V2 has self-attention in place of
#: soft attention, which is also what table 2 calls Model 5; Model 6 is LDCNN.
PRESETS = {
    "L-G-DCNN": Parts(),
    "V1": Parts(fusion=True),
    "V2": Parts(attention="self"),
    "LDCNN": Parts(globally="lstm", attention="absent"),
    "LSTM": Parts(globally="lstm", attention="absent", locally="absent"),
    "DCNN": Parts(globally="absent", attention="absent"),
    "DCNN-K1": Parts(globally="absent", attention="absent", locally="dcnn-k1"),
    "model1": Parts(table="onehot"),
    "model2": Parts(post=True),
    "model3": Parts(attention_residual=False, region_residual=False, block_residual=False),
    "model4": Parts(region_residual=False),
    "model5": Parts(attention="self"),
    "model6": Parts(globally="lstm", attention="absent"),
}
