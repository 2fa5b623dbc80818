"""Signatures that name the keywords of a typed dictionary, for `help` and for completion."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class NotGiven:
    """Shown as the default of a keyword that has none here: the command's own holds."""

    def __repr__(self) -> str:
        return "…"


NOT_GIVEN = NotGiven()


def with_keywords(keywords: type) -> Callable[[F], F]:
    """Show the keywords of a typed dictionary in place of ``**options`` in a signature.

    What a function does stays as it is, and so does what type checkers see (`typing.Unpack`).

    Parameters
    ----------
    keywords
        The typed dictionary that the function unpacks.
    """

    def decorate(function: F) -> F:
        shown = inspect.signature(function)
        own = [one for one in shown.parameters.values() if one.kind is not one.VAR_KEYWORD]
        names = {one.name for one in own}
        more = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=NOT_GIVEN,
                annotation=getattr(hint, "__forward_arg__", hint),
            )
            for name, hint in keywords.__annotations__.items()
            if name not in names
        ]
        setattr(function, "__signature__", shown.replace(parameters=[*own, *more]))  # noqa: B010
        return function

    return decorate
