"""``matdata --print-completion SHELL``: a script for the shell, written by shtab.

Commands and options stand in the script; names of datasets and runs are looked up in the cache each
time, without starting Python.
"""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from matdata.core.errors import ConfigError
from matdata.core.exit_codes import ExitCode
from matdata.core.packages import needed_for

SHELLS = ("bash", "zsh", "tcsh")
#: What an argument is, by its name.
FOLDERS = ("cache", "optics", "pictures")
FILES = ("config", "from", "log_file", "output", "source", "what", "write_config")
DATASETS = ("dataset", "drop_in", "of", "other")
RUNS = ("from_run", "global_run", "local_run", "names", "run", "runs")
_BASH = """\
_matdata_cache={cache}
_matdata_in() {{ ls -1 "${{MATDATA_CACHE:-$_matdata_cache}}/$1" 2>/dev/null; }}
_matdata_datasets() {{ compgen -W "$(_matdata_in datasets)" -- "$1"; }}
_matdata_runs() {{ compgen -W "$(_matdata_in runs)" -- "$1"; }}
"""
_ZSH = """\
_matdata_cache={cache}
_matdata_in() {{
  local -a names; names=("${{(@f)$(ls -1 "${{MATDATA_CACHE:-$_matdata_cache}}/$1" 2>/dev/null)}}")
  compadd -a names
}}
_matdata_datasets() {{ _matdata_in datasets }}
_matdata_runs() {{ _matdata_in runs }}
"""


class PrintCompletion(argparse.Action):
    """Prints the script and ends; the argument is the shell."""

    def __call__(self, parser: argparse.ArgumentParser, *values: Any, **options: Any) -> None:
        """Print the script for the shell that was named."""
        try:
            print(script(str(values[1])))
        except ConfigError as error:
            parser.exit(ExitCode.FAILED, f"error: {error}\n")
        parser.exit()


def script(shell: str) -> str:
    """The completion script of a shell.

    Raises
    ------
    MissingPackageError
        If shtab is not installed.
    """
    with needed_for("completion in shells"):
        import shtab
    from matdata.cli.arguments import make_parser
    from matdata.core.cache import cache_dir

    parser = make_parser()
    _mark(parser, shtab)
    cache = shlex.quote(str(cache_dir()))
    preamble = {"bash": _BASH.format(cache=cache), "zsh": _ZSH.format(cache=cache)}
    return str(shtab.complete(parser, shell, preamble=preamble.get(shell, "")))


def _mark(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Say of each argument what completes it."""
    kinds = {
        **dict.fromkeys(FOLDERS, shtab.DIRECTORY),
        **dict.fromkeys(FILES, shtab.FILE),
        **{name: dict.fromkeys(("bash", "zsh"), "_matdata_datasets") for name in DATASETS},
        **{name: dict.fromkeys(("bash", "zsh"), "_matdata_runs") for name in RUNS},
    }
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in dict.fromkeys(action.choices.values()):
                _mark(one, shtab)
        elif action.dest in kinds and not action.choices:
            action.complete = kinds[action.dest]  # type: ignore[attr-defined]
