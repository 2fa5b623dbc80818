"""Operations of a synthesis: the fixed vocabulary that features and models read.

The seven types of operation that text mining of solid-state syntheses tells apart (O. Kononova et
al., Sci. Data 6, 203, 2019). The vocabulary is closed, so that nothing is fitted to a dataset.
"""

from __future__ import annotations

#: Words of the vocabulary by the name of the type in the published files.
OF_TYPE = {
    "DryingOperation": "dry",
    "HeatingOperation": "heat",
    "LiquidGrinding": "liquid-grind",
    "Mixing": "mix",
    "QuenchingOperation": "quench",
    "ShapingOperation": "shape",
    "SolutionMixing": "solution-mix",
}
OPERATIONS = tuple(OF_TYPE.values())
#: Tokens that are no operation: padding, start and end of a sequence.
PAD, START, END = range(3)
#: Token of each operation.
OPERATION_TOKENS = {word: token for token, word in enumerate(OPERATIONS, start=END + 1)}
#: Number of different tokens: three that are no operation, and seven that are.
N_OPERATION_TOKENS = END + 1 + len(OPERATIONS)
