"""What a command of a plugin is: its name, its options, and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol

from matdata.core.console import Console
from matdata.core.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    #: `Command` alone means `Command[Settings]`: one with any options.
    O_contra = TypeVar("O_contra", bound=Settings, default=Settings, contravariant=True)
else:
    from typing import TypeVar

    O_contra = TypeVar("O_contra", bound=Settings, contravariant=True)


class CommandResult(Protocol):
    """What a command found, for machines and for people."""

    def to_json(self) -> Mapping[str, object]:
        """The document of ``--json``: plain JSON values."""

    def lines(self) -> Iterable[str]:
        """The lines that are printed without ``--json``; none of them with ``--quiet``."""


@dataclass(frozen=True)
class CommandContext:
    """Where a command works and reports to.

    Attributes
    ----------
    cache
        The cache folder (``--cache``, else ``$MATDATA_CACHE``).
    console
        Lines and progress bars on the way (``say``, ``warn``, ``bar``); they are silent with
        ``--quiet`` and leave standard output to the result with ``--json``.
    quiet
        Whether the user wants warnings and errors only.
    """

    cache: Path
    console: Console
    quiet: bool = False


class Command(ABC, Generic[O_contra]):
    """A command of ``matdata``; generic in its options.

    Registered in the entry-point group ``matdata.commands`` under its name. A field of `Options` is
    an argument: ``--scale`` for ``scale``, ``--from`` for ``from_``; one that is true or false a
    switch, one of type ``tuple[str, ...]`` takes several words. `positional` names fields that
    are taken by place. ``--cache``, ``--json``, ``--quiet``, ``--debug``, ``--log-file`` and ``-v``
    are those of every command, and no fields.

    `matdata --help` reads `summary` from the source of the class, without importing it: it is a
    literal text in the class that the entry point names.
    """

    name: ClassVar[str]
    #: One line that begins with a small letter, as the core's are.
    summary: ClassVar[str]
    #: What its own help says above the options; the summary if empty.
    description: ClassVar[str] = ""
    #: Whole command lines, for its own help.
    examples: ClassVar[tuple[str, ...]] = ()
    positional: ClassVar[tuple[str, ...]] = ()
    Options: ClassVar[type[Settings]] = Settings

    @abstractmethod
    def run(self, options: O_contra, context: CommandContext) -> CommandResult:
        """Do what was asked, or raise.

        Raises
        ------
        MatdataError
            If it cannot be done; its class says with which exit code ``matdata`` ends.
        """
