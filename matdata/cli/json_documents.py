"""The JSON documents of all commands, key by key."""

from __future__ import annotations

from matdata.cli.json_fields import COMMON
from matdata.cli.json_of_caches import OF_CACHES
from matdata.cli.json_of_datasets import OF_DATASETS
from matdata.cli.json_of_models import OF_MODELS
from matdata.cli.json_schema import Schema

__all__ = ["COMMON", "SCHEMAS"]

#: By command, in the order of the page.
SCHEMAS: dict[str, Schema] = {**OF_DATASETS, **OF_MODELS, **OF_CACHES}
