"""A page for each command, from its parser and its description."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from matdata.cli.arguments import make_parser
from matdata.cli.commands import COMMANDS
from matdata.cli.description import Description
from matdata.cli.descriptions import DESCRIPTIONS
from matdata.cli.plugin_commands import PLUGIN_COMMANDS
from matdata.core.exit_codes import MEANINGS
from matdata_site.pages import Pages, escaped, plugin_link, table, toctree

COMMON = "everywhere"  # the group of options that every command has
#: What argparse calls otherwise.
TITLES = {"positional arguments": "arguments"}


def write(pages: Pages) -> None:
    """Write the pages of all commands."""
    parser = make_parser()
    subcommands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    short = {action.dest: action.help or "" for action in subcommands._choices_actions}
    offers = PLUGIN_COMMANDS.plugins()
    names = sorted({*COMMANDS, *offers})
    for name in names:
        pages.write(f"commands/{name}", "\n\n".join(_page(name, parser.of_command(name))))
    rows = [
        (
            f"[`matdata {name}`]({name}.md)",
            escaped(short[name].replace("%%", "%")),
            plugin_link(offers[name].distribution) if name in offers else "matdata",
        )
        for name in names
    ]
    common = "\n\n".join(_group(parser.of_command(COMMANDS[0]), COMMON))
    codes = table(("code", "meaning"), [(f"`{c.value}`", escaped(m)) for c, m in MEANINGS.items()])
    pages.write(
        "commands/index",
        "# Commands\n\nWhat is printed with `--json` has [its own page](../../json.md), and "
        "options in a file [have one](../../configuration.md).\n\n"
        f"{table(('command', 'what', 'of'), rows)}\n\n## Options of all commands\n\n{common}\n\n"
        f"## Exit codes\n\n{codes}\n\n{toctree(names)}",
    )


def _page(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    described = DESCRIPTIONS[name] if name in DESCRIPTIONS else _of_plugin(name)
    yield f"# `matdata {name}`"
    yield escaped(described.text)
    if described.examples:
        yield "```sh\n" + "\n".join(described.examples) + "\n```"
    if described.yours:
        names = ", ".join(f"`{one}`" for one in described.yours)
        yield f"({names}: what you have.)"
    if parser.epilog:
        yield escaped(parser.epilog)
    yield f"```{{program}} matdata {name}\n```"
    for group in parser._action_groups:
        if group.title != COMMON:
            yield from _group(parser, group.title or "")
    yield "Every command has [further options](index.md#options-of-all-commands)."


def _of_plugin(name: str) -> Description:
    command = PLUGIN_COMMANDS.get(name)
    return Description(command.description or command.summary, command.examples)


def _group(parser: argparse.ArgumentParser, title: str) -> Iterator[str]:
    (group,) = (one for one in parser._action_groups if one.title == title)
    actions = [one for one in group._group_actions if one.help != argparse.SUPPRESS]
    shown = [one for one in actions if not isinstance(one, argparse._HelpAction)]
    if not shown:
        return
    if title != COMMON:
        shown_title = TITLES.get(title, title)
        yield f"## {shown_title[:1].upper()}{shown_title[1:]}"
    for action in shown:
        yield f"````{{option}} {_signature(action)}\n\n{_meaning(action)}\n````"


def _signature(action: argparse.Action) -> str:
    if not action.option_strings:
        return action.metavar if isinstance(action.metavar, str) else action.dest
    value = ""
    if action.nargs != 0:
        choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
        value = f" {action.metavar or choices or action.dest.upper()}"
    return ", ".join(f"{flag}{value}" for flag in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%").replace("%(default)s", str(action.default))
    choices = [str(one) for one in action.choices or ()]
    more = f" ({', '.join(choices)})" if choices and not all(c in text for c in choices) else ""
    return escaped(text + more) or "\\ "
