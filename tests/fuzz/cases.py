"""A case: a kind and a seed, from which its damaged input follows."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from fuzz.containers import Content
from fuzz.kinds import KINDS, Kind, Members
from fuzz.mutations import mutated
from fuzz.records import Reading

STRENGTHS = (1, 1, 1, 1, 2, 2, 3, 4)  # changes an input
CONTAINER_SHARE = 0.35  # of the inputs of a packed kind: bytes of the container are damaged


@dataclass(frozen=True)
class Case:
    """One input. Seed 0 is the seed's own content, undamaged."""

    kind: Kind
    seed: int

    @property
    def name(self) -> str:
        """``kind:seed``, by which it is found again."""
        return f"{self.kind.name}:{self.seed}"

    @classmethod
    def of(cls, name: str) -> Case:
        """The case of a name."""
        kind, _, seed = name.rpartition(":")
        return cls(KINDS[kind], int(seed))

    def variant(self) -> int:
        """Which of the kind's seeds is damaged."""
        return abs(self.seed) % len(self.kind.seeds)

    def seed_content(self) -> Content:
        """The content before it is damaged."""
        return self.kind.seeds[self.variant()]

    def input(self) -> tuple[Content | bytes, list[str]]:
        """The damaged content, or the damaged bytes of its container, and what was done."""
        rng = random.Random(self.name)
        content = dict(self.seed_content())
        if self.seed <= 0:
            return content, []
        done: list[str] = []
        packed = self.kind.pack is not None and rng.random() < CONTAINER_SHARE
        if packed:
            assert self.kind.pack is not None
            data = self.kind.pack(content)
            for _ in range(rng.choice(STRENGTHS)):
                data, how = mutated(rng, data, container=True)
                done.append(f"container {how}")
            return data, done
        for _ in range(rng.choice(STRENGTHS) if content else 0):
            name = rng.choice(list(content))
            content[name], how = mutated(rng, content[name])
            done.append(f"{how} in {name}" if len(content) > 1 else how)
        return content, done

    def reading(self, data: Content | bytes) -> Reading:
        """What the independent reader says.

        Raises
        ------
        Broken
            If the container is damaged.
        """
        return self.kind.read(members(self.kind, data))


def members(kind: Kind, data: Content | bytes) -> Members:
    """The files of an input, out of its container."""
    if isinstance(data, bytes):
        return kind.unpack(data) if kind.unpack is not None else {kind.file: data}
    if kind.file.endswith(".db"):
        assert kind.pack is not None
        return {kind.file: kind.pack(data)}
    return data


def stored(kind: Kind, path: Path) -> Content | bytes:
    """An input as it was stored: a file, or the files of a folder."""
    if path.is_dir():
        return {one.name: one.read_bytes() for one in sorted(path.iterdir())}
    data = path.read_bytes()
    return data if kind.pack is not None else {"a": data}
