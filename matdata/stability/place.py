"""Where references lie in a cache; importable without what reads them."""

from __future__ import annotations

KIND, HOME = "reference", "references"
