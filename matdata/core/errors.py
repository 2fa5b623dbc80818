"""The error tree: every message states what was expected, the likely cause and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Self

from matdata.core.exit_codes import ExitCode
from matdata.core.printable import printable
from matdata.core.redaction import redact

EXAMPLES = 10  # values named in a message before it says how many more there are


class MatdataError(Exception):
    """Base of all errors that matdata raises about a user's data or request.

    Secrets are hidden in all its texts, and its message is safe to print on a terminal.

    Parameters
    ----------
    what
        What happened and what was expected instead.
    cause
        The likely cause, when one is known.
    next_step
        What the user can do about it.
    details
        Examples, one per line.
    """

    #: What a command that ends with this error returns to the shell.
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        *,
        cause: str | None = None,
        next_step: str | None = None,
        details: Iterable[str] = (),
    ):
        self.what = redact(what)
        self.cause = redact(cause) if cause else None
        self.next_step = redact(next_step) if next_step else None
        self.details = tuple(redact(line) for line in details)
        lines = [self.what, *(f"  {line}" for line in self.details)]
        if self.cause:
            lines.append(f"  likely cause: {self.cause}")
        if self.next_step:
            lines.append(f"  next step: {self.next_step}")
        super().__init__("\n".join(map(printable, lines)))

    @property
    def in_one_line(self) -> str:
        """What happened and what to do about it, for a warning."""
        return f"{self.what}; next step: {self.next_step}" if self.next_step else self.what

    def __reduce__(self) -> tuple[Callable[..., MatdataError], tuple[object, ...]]:
        # By its parts, so that what a worker process raises reads here as it did there.
        return _error_again, (type(self), self.what, self.cause, self.next_step, self.details)


def _error_again(
    kind: type[MatdataError],
    what: str,
    cause: str | None,
    next_step: str | None,
    details: tuple[str, ...],
) -> MatdataError:
    return kind(what, cause=cause, next_step=next_step, details=details)


class MatdataWarning(UserWarning):
    """Something was left out, and the result states what and why."""


class SourceError(MatdataError):
    """A source could not be found, read, or understood."""


class StructureError(MatdataError):
    """A crystal or a formula cannot be used."""


class CurationError(MatdataError):
    """The requested curation cannot be applied to these records."""


class SplitError(MatdataError):
    """A split is impossible, inconsistent, or belongs to other data."""


class FeatureError(MatdataError):
    """A feature is unknown, unavailable, or requested for the wrong kind of data."""


class StoreError(MatdataError):
    """An artefact is missing, damaged, stale, locked, or cannot be written."""


class ConfigError(MatdataError):
    """A setting has an unknown name or a value that it cannot take."""


class DamageError(StoreError):
    """The bytes of an artefact are not those that were written, or some are missing.

    Attributes
    ----------
    folder
        The artefact, if known: its folder, or the note of a split.
    """

    folder: Path | None = None

    def at(self, folder: Path) -> Self:
        """The same error, of the artefact in `folder`."""
        self.folder = folder
        return self


class IncompleteError(MatdataError):
    """A dataset was built and kept, but less came of it than was asked for.

    Attributes
    ----------
    result
        The summary of the build, as ``matdata build --json`` prints it.
    """

    exit_code = ExitCode.INCOMPLETE
    result: Mapping[str, object] = MappingProxyType({})

    def of(self, result: Mapping[str, object]) -> Self:
        """The same error, with the summary of what was built nevertheless."""
        self.result = result
        return self


class PluginError(MatdataError):
    """A plugin is missing, broken, or registers a name that another one holds."""


class TrainError(MatdataError):
    """A training cannot start or continue, or a run does not support what is requested."""


class DivergenceError(TrainError):
    """The loss, the validation or a weight of a training is no finite number any more."""


class DeviceError(MatdataError):
    """A device, or the memory of the machine, is full, was lost, or cannot do an operation."""


def first_few(values: Iterable[object]) -> str:
    """The first ten values, and how many there are when there are more."""
    items = [str(value) for value in values]
    shown = ", ".join(items[:EXAMPLES])
    return shown if len(items) <= EXAMPLES else f"{shown}, ... ({len(items)} in all)"


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest candidate, or an empty string."""
    closest = difflib.get_close_matches(str(word)[:100], list(candidates), n=1, cutoff=0.5)
    return f" (did you mean {closest[0]!r}?)" if closest else ""
