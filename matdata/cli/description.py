"""What the help of a command says above its options."""

from __future__ import annotations

from typing import NamedTuple


class Description(NamedTuple):
    """Text and examples of a command, and what of their names stands for the user's own."""

    text: str
    examples: tuple[str, ...]
    yours: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = ["  examples:", *(f"    {example}" for example in self.examples)]
        if self.yours:
            *first, last = self.yours
            names = f"{', '.join(first)} and {last}" if first else last
            lines.append(f"  ({names} stand{'' if first else 's'} for what you have.)")
        return f"{self.text}\n\n" + "\n".join(lines)
