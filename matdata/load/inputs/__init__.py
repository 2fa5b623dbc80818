"""What batches of tensors hold of each feature: classes that featurizers name as `batch_form`."""

from __future__ import annotations

import importlib

from matdata.core.errors import FeatureError
from matdata.core.redaction import excerpt
from matdata.features.base import Featurizer
from matdata.load.inputs.base import BatchForm

__all__ = ["BatchForm", "form_of"]


def form_of(featurizer: Featurizer) -> type[BatchForm]:
    """The class that holds a feature in a batch: what `Featurizer.batch_form` names.

    Raises
    ------
    FeatureError
        If it cannot be imported, or is no subclass of `BatchForm`.
    """
    path = featurizer.batch_form
    what = f"feature {featurizer.spec!r} names the batch form {path!r}"
    step = f"correct `batch_form` of {type(featurizer).__module__}.{type(featurizer).__qualname__}"
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise FeatureError(f'{what}; expected "package.module:Class"', next_step=step)
    try:
        form = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise FeatureError(
            f"{what}, which cannot be imported: {type(error).__name__}: {excerpt(error, 500)}",
            next_step=step,
        ) from error
    if not (isinstance(form, type) and issubclass(form, BatchForm)):
        raise FeatureError(f"{what}, which is no subclass of {BatchForm.__name__}", next_step=step)
    return form
