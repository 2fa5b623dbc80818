"""JSON documents as Python's parser gives them, which types nothing inside.

The names stand for what manifests, records, answers of services and settings from files are before
a value is checked; code that reads a value checks it, or narrows its type, where it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

#: A JSON object that its owner may change.
JsonObject: TypeAlias = dict[str, Any]
#: A JSON object that is only read.
JsonMapping: TypeAlias = Mapping[str, Any]
