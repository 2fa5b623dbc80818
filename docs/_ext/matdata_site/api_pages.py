"""The public names of `matdata`, a page each, and those of `matdata.plugin`, a page a theme."""

from __future__ import annotations

import inspect

import matdata
from matdata import plugin
from matdata.core.errors import MatdataError
from matdata.plugin.homes import HOMES
from matdata_site.pages import Pages, code, first_line, table, toctree

SAID = {
    "matdata": "What `import matdata as md` offers. Importing it imports nothing heavy; each "
    "name is fetched when it is first used.",
    "matdata.plugin": "What authors of features, sources and trainers import beside `matdata`, by "
    "what it is for; blocks of networks are in `matdata.plugin.nn`. "
    "[How to write one](../../../howto/extend.md).",
}
#: Classes that others hold as an attribute; each has a section of its own.
HELD = "Settings, Query, Hypers, Options"
#: What a name of `matdata.plugin` is for, by the package that is its home.
THEMES = {
    "features": ("Features", ("matdata.features", "matdata.geometry", "matdata.core.table_rows")),
    "sources": ("Sources", ("matdata.sources", "matdata.adapters")),
    "inputs": ("Inputs of networks", ("matdata.load", "matdata.nn")),
    "trainers": ("Trainers, targets and importers", ("matdata.training", "matdata.store")),
    "derivations": ("Derivations", ("matdata.evaluation",)),
    "commands": ("Commands", ("matdata.plugin",)),
    "foundations": ("Foundations", ("matdata.core", "matdata.tables", "matdata.splits")),
}


def write(pages: Pages) -> None:
    """Write the pages of both modules."""
    _write_users(pages)
    _write_authors(pages)


def _write_users(pages: Pages) -> None:
    things = {one: getattr(matdata, one) for one in matdata.__all__}
    errors = [one for one, thing in things.items() if _is_error(thing)]
    own = {one: thing for one, thing in things.items() if one not in errors}
    for one, thing in own.items():
        pages.write(f"api/matdata/{_file(one)}", _page("matdata", one, thing))
    listed = "\n\n".join(f".. autoexception:: matdata.{name}" for name in errors)
    said = "All are a `MatdataError`: what was expected, the likely cause and the next step."
    pages.write("api/matdata/errors", f"# Errors\n\n{said}\n\n```{{eval-rst}}\n{listed}\n```")
    functions = [one for one, thing in own.items() if not inspect.isclass(thing)]
    parts = ["# `matdata`", SAID["matdata"]]
    for title, names in (
        ("Functions", functions),
        ("Classes", [one for one in own if one not in functions]),
    ):
        rows = [(f"[`{one}`]({_file(one)}.md)", first_line(own[one])) for one in names]
        parts += [f"## {title}", table(("name", "what"), rows)]
    parts += ["## Errors", "[All errors](errors.md), with what each is for."]
    parts.append(toctree([*map(_file, own), "errors"]))
    pages.write("api/matdata/index", "\n\n".join(parts))


def _write_authors(pages: Pages) -> None:
    themes: dict[str, list[str]] = {theme: [] for theme in THEMES}
    for name in plugin.__all__:
        if name not in matdata.__all__:  # whose home is `matdata`
            themes[_theme(name)].append(name)
    parts = ["# `matdata.plugin`", SAID["matdata.plugin"]]
    for theme, names in themes.items():
        title = THEMES[theme][0]
        sections = [_section(name, getattr(plugin, name)) for name in names]
        pages.write(f"api/matdata.plugin/{theme}", "\n\n".join([f"# {title}", *sections]))
        rows = [(code(one), _line(getattr(plugin, one))) for one in names]
        parts += [f"## [{title}]({theme}.md)", table(("name", "what"), rows)]
    pages.write("api/matdata.plugin/index", "\n\n".join([*parts, toctree(THEMES)]))


def _theme(name: str) -> str:
    home = HOMES[name]
    fitting = [
        (len(package), theme)
        for theme, (_, packages) in THEMES.items()
        for package in packages
        if home.startswith(package)
    ]
    return max(fitting)[1]


def _file(name: str) -> str:
    """File of a name: `Split` and `split` are two pages where letters have no case, too."""
    return f"{name}-class" if name[:1].isupper() else name


def _is_error(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, (MatdataError, Warning))


def _is_value(thing: object) -> bool:
    return not (inspect.isclass(thing) or inspect.isroutine(inspect.unwrap(thing)))  # type: ignore[arg-type]


def _line(thing: object) -> str:
    return _value(thing) if _is_value(thing) else first_line(thing)


def _value(value: object) -> str:
    text = " ".join(repr(value).split())
    return code(text if len(text) < 80 else f"{text[:76]} …")


def _page(module: str, name: str, thing: object) -> str:
    return f"# `{module}.{name}`\n\n{_directive(module, name, thing)}"


def _section(name: str, thing: object) -> str:
    body = _value(thing) if _is_value(thing) else _directive("matdata.plugin", name, thing)
    return f"## `{name}`\n\n{body}"


def _directive(module: str, name: str, thing: object) -> str:
    if inspect.isclass(thing):
        options = ("members:", f"exclude-members: {HELD}", "show-inheritance:")
        lines = "".join(f"\n   :{option}" for option in options)
        body = f".. autoclass:: {module}.{name}{lines}"
    else:
        body = f".. autofunction:: {module}.{name}"
    return f"```{{eval-rst}}\n{body}\n```"
