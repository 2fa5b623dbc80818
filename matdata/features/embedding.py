"""Embeddings of a trained network as a feature: vectors that ``matdata embed`` stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from matdata.core.errors import ConfigError, FeatureError
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field

#: How the vectors of the members of an ensemble become one: one after another; their mean, as
#: Goodall 2022, 5.4.2, which may cancel, as each member has directions of its own; or the first.
Combine = Literal["joined", "mean", "first"]
COMBINE: tuple[Combine, ...] = get_args(Combine)
COMBINE_HELP = "how the vectors of the members of an ensemble become one"


@dataclass(frozen=True)
class EmbeddingSettings(Settings):
    """Which run, with which weights."""

    variant: str = setting("", "name of the run", verbatim=True)
    weights: str = setting("", "SHA-256 of its weights", verbatim=True)
    combine: str = setting("joined", COMBINE_HELP, choices=COMBINE)
    width: int = setting(1, "numbers of a vector", minimum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if "@" in self.variant:
            raise ConfigError(
                f"embeddings of run {self.variant!r} cannot be an input: @ introduces a version "
                "there",
                next_step="write them to a file, or train under a name without @",
            )


class Embedding(Featurizer[EmbeddingSettings]):
    """What the last layers of a run's network read of a material, (n, width) float32.

    They are computed by ``matdata embed RUN DATASET`` and by nothing else, as they need the
    network and the features that it reads.
    """

    name: ClassVar[str] = "embedding"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "the plugin and the data of the run"
    requires = frozenset({"composition"})
    Settings: ClassVar[type[Settings]] = EmbeddingSettings
    reusable: ClassVar[bool] = False
    shard_rows: ClassVar[int] = 1 << 17

    @property
    def fields(self) -> tuple[Field, ...]:
        """The vectors."""
        meaning = f"what the last layers of run {self.settings.variant!r} read"
        return (Field("values", "crystal", (self.settings.width,), "float32", "1", meaning),)

    def labels(self) -> Sequence[str]:
        """Numbers of the vector, from 0."""
        return [f"embedding {place}" for place in range(self.settings.width)]

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The vectors as they are stored."""
        return fields["values"]

    def featurize(self, batch: FeatureInput) -> Block:
        """Refuse: a network computes them.

        Raises
        ------
        FeatureError
            Always, with the command that makes them.
        """
        run = self.settings.variant or "RUN"
        raise FeatureError(
            f"{self.spec} is not computed from materials alone",
            cause="it is what a trained network makes of the features that it reads",
            next_step=f"`matdata embed {run} DATASET` stores it for the materials of a dataset",
        )
