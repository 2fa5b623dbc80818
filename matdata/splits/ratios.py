"""Ratios and counts (``70/15/15``, ``80/20``, ``60000/4619/4620``), and the exact sizes they give.

Shares are kept as fractions, so that no size depends on the rounding of a float.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from matdata.core.documents import JsonMapping
from matdata.core.errors import SplitError, did_you_mean

ORDER = ("train", "val", "test")
TOLERANCE = Fraction(1, 1_000_000)  # for thirds written with few digits in floats
_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
_HELP = (
    "write percentages (70/15/15, 80/20 for train and test), fractions (0.7/0.15/0.15), or "
    "numbers of materials (60000/4619/4620; n=50/25/25 when none is above 100)"
)


@dataclass(frozen=True)
class Ratios:
    """Share of each part.

    Attributes
    ----------
    shares
        Part name to its share of the whole (summing to 1), or to its number of materials.
        Parts of share 0 are absent.
    counts
        Whether the shares are numbers of materials.
    """

    shares: dict[str, Fraction]
    counts: bool = False

    @property
    def text(self) -> str:
        """Canonical text: two ratios for train and test, else three."""
        parts = ("train", "test") if "val" not in self.shares else ORDER
        scale = 1 if self.counts else 100
        numbers = (f"{float(self.shares.get(part, 0) * scale):.10g}" for part in parts)
        return ("n=" if self.counts else "") + "/".join(numbers)

    @property
    def slug(self) -> str:
        """The text in a form that can be a file name: ``70-15-15``, ``n60000-4619-4620``."""
        return self.text.replace("=", "").replace("/", "-").replace(".", "p")

    def sizes(self, n: int) -> dict[str, int]:
        """Exact sizes of the parts of `n` materials, by largest remainder.

        Sizes of shares add up to `n`; counts are returned unchanged. Equal remainders go to
        the earlier part.

        Raises
        ------
        SplitError
            If counts exceed `n`, or a requested part would be empty.
        """
        if self.counts:
            total = int(sum(self.shares.values()))
            if total > n:
                raise SplitError(
                    f"the counts {self.text} ask for {total} materials; there are {n}",
                    cause="the counts belong to another version of the data, or curation "
                    "left fewer materials",
                    next_step="give counts that add up to at most that number, or percentages",
                )
            return {part: int(share) for part, share in self.shares.items()}
        sizes = largest_remainder(self.shares, n)
        empty = [part for part, size in sizes.items() if size == 0]
        if empty:
            raise SplitError(
                f"{self.text} of {n} materials leaves {' and '.join(empty)} empty "
                f"(sizes {'/'.join(map(str, sizes.values()))})",
                cause="too few materials for so small a share",
                next_step="give that part a larger share, or 0 to leave it out",
            )
        return sizes


def largest_remainder(shares: Mapping[str, Fraction], n: int) -> dict[str, int]:
    """Integers that add up to `n`, each within one of its exact share (Hamilton's method)."""
    exact = {part: share * n for part, share in shares.items()}
    sizes = {part: int(value) for part, value in exact.items()}
    by_remainder = sorted(exact, key=lambda part: sizes[part] - exact[part])
    for part in by_remainder[: n - sum(sizes.values())]:
        sizes[part] += 1
    return sizes


def parse_ratios(value: str | JsonMapping | Sequence[Any] | Ratios) -> Ratios:
    """Read ratios from text, a mapping of part to share, or a sequence.

    Two numbers are train and test, three are train, val and test. Numbers that sum to 100 are
    percentages and those that sum to 1 fractions; whole numbers of which one is above 100,
    or any behind ``n=``, count materials.

    Raises
    ------
    SplitError
        If the numbers cannot be read or do not add up.
    """
    if isinstance(value, Ratios):
        return value
    explicit, numbers, shown = _numbers(value)
    total = sum(numbers.values(), Fraction(0))
    whole = all(number.denominator == 1 for number in numbers.values())
    counts = explicit or (whole and max(numbers.values()) > 100)
    if explicit and not whole:
        raise _bad(shown, "numbers of materials are whole numbers")
    if numbers["train"] == 0 or sum(number > 0 for number in numbers.values()) < 2:
        raise _bad(shown, "expected train and at least one other part to be above 0")
    if not counts and abs(total - 100) > 100 * TOLERANCE and abs(total - 1) > TOLERANCE:
        raise _bad(
            shown,
            f"they sum to {float(total):g}; expected 100 (or 1)",
            "a typing error, or numbers of materials too small to be distinguished from "
            "percentages",
        )
    divisor = Fraction(1) if counts else total
    return Ratios({p: numbers[p] / divisor for p in ORDER if numbers.get(p)}, counts)


def canonical_text(value: str | JsonMapping | Sequence[Any] | Ratios) -> str:
    """Canonical text of ratios in any accepted form.

    Raises
    ------
    SplitError
        If the numbers cannot be read or do not add up.
    """
    return parse_ratios(value).text


def fraction_of(value: float, n: int) -> int:
    """`value` times `n`, rounded half up; at least 1 where the value is above 0."""
    exact = Fraction(str(value)) * n
    return max(int(exact + Fraction(1, 2)), 1) if value > 0 else 0


def _numbers(value: Any) -> tuple[bool, dict[str, Fraction], str]:
    if isinstance(value, Mapping):
        shown = ", ".join(f"{part}: {share}" for part, share in value.items())
        for part in value:
            if part not in ORDER:
                raise _bad(shown, f"unknown part {part!r}{did_you_mean(str(part), ORDER)}")
        shares = {part: _number(str(value.get(part, 0)), shown) for part in ORDER}
        return False, shares, shown
    if not isinstance(value, (str, list, tuple)):
        raise _bad(repr(value)[:60], f"expected a text or numbers, got {type(value).__name__}")
    text = value if isinstance(value, str) else "/".join(map(str, value))
    explicit = text.strip().startswith("n=")
    words = text.strip().removeprefix("n=").split("/")
    if len(words) not in (2, 3):
        raise _bad(text, f"expected two or three numbers, got {len(words)}")
    parts = ("train", "test") if len(words) == 2 else ORDER
    return (
        explicit,
        {part: _number(word, text) for part, word in zip(parts, words, strict=True)},
        text,
    )


def _number(word: str, shown: str) -> Fraction:
    if not _NUMBER.fullmatch(word.strip().removesuffix("%")):
        raise _bad(shown, f"{word.strip()!r} is not a number of 0 or above")
    return Fraction(word.strip().removesuffix("%"))


def _bad(shown: str, why: str, cause: str | None = None) -> SplitError:
    return SplitError(
        f"ratios {shown[:100]!r}: {why}", cause=cause or "a typing error", next_step=_HELP
    )
