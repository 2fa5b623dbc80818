"""The inputs of a batch by spec, and in the form that is expected; for batches of any arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from matdata.core.errors import ConfigError, did_you_mean

Held = TypeVar("Held")
Form = TypeVar("Form")


def input_of(inputs: Mapping[str, Held], spec: str) -> Held:
    """The input of that spec.

    Raises
    ------
    ConfigError
        If there is none, with those that there are.
    """
    if spec not in inputs:
        raise ConfigError(
            f"the batch holds no input {spec!r}{did_you_mean(spec, inputs)}",
            next_step=f"inputs there are: {', '.join(inputs)}",
        )
    return inputs[spec]


def of_form(held: object, spec: str, form: type[Form]) -> Form:
    """An input, if it is an instance of that class.

    Raises
    ------
    ConfigError
        If it is not, with the class that it is of.
    """
    if not isinstance(held, form):
        actual = type(held)
        raise ConfigError(
            f"input {spec!r} is a {actual.__name__}, not a {form.__name__}",
            cause="a feature is held in the form that its featurizer names as `batch_form`, in "
            "batches of NumPy arrays as it is stored",
            next_step=f"ask for {actual.__module__}.{actual.__qualname__}",
        )
    return held
