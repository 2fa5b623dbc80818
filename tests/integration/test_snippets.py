"""Code of the pages runs: in order, in an empty folder and an empty cache, page by page.

Comments in front of a block say what it needs; what is compared afterwards stands behind it::

    <!-- not run: needs the network -->       only parsed
    <!-- needs: matminer -->                  left out where the package is not installed
    <!-- needs command: card -->              left out where there is no such command
    <!-- check: len(frames) == len(ds) -->    must be true
"""

from __future__ import annotations

import ast
import re
import shlex
import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from support.crystals import many
from support.files import write_csv

from matdata.cli import main
from matdata.cli.arguments import make_parser
from matdata.cli.commands import COMMANDS
from matdata.cli.parser import Parser

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Pages whose blocks are run.
RUN = [
    ROOT / "README.md", DOCS / "index.md", DOCS / "coming-from.md", DOCS / "interoperability.md",
    *sorted(DOCS.glob("howto/*.md")),
]  # fmt: skip
#: Pages whose commands can be typed.
TYPED = [
    *RUN, *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("gallery/*.md")),
    *sorted(DOCS.glob("figures/*.md")), *sorted(ROOT.glob("plugins/*/README.md")),
]  # fmt: skip
LANGUAGES = ("python", "sh", "text", "toml", "ipython3")
_BLOCK = re.compile(
    r"^(?:<!-- (?P<key>not run|needs|needs command): (?P<value>.+?) -->\n)?"
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```$"
    r"|^<!-- check: (?P<check>.+?) -->$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A block of code, or a check of what those before it have made."""

    line: int
    language: str
    code: str
    key: str = ""
    value: str = ""


def blocks(page: Path) -> list[Block]:
    """All of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for one in _BLOCK.finditer(text):
        line = text.count("\n", 0, one.start()) + 1
        if one["check"]:
            found.append(Block(line, "check", one["check"]))
        else:
            key, value = one["key"] or "", one["value"] or ""
            found.append(Block(line, one["language"], one["code"], key, value))
    return found


def commands(text: str) -> list[str]:
    """Lines that a shell is given, each command of `a && b` on its own."""
    lines = [line.strip().lstrip("!") for line in text.replace("\\\n", " ").splitlines()]
    parts = [part.strip() for line in lines for part in line.split(" && ")]
    return [part for part in parts if part and not part.startswith("#")]


def shown_commands(page: Path) -> list[str]:
    """Commands of matdata in fenced and indented blocks of a page."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(?:sh|bash|\{code-cell\} ipython3)?\n(.*?)^```$", text, re.M | re.S)
    indented = re.findall(r"(?:^ {4,}\S.*\n)+", text, re.M)
    lines = [line for block in [*fenced, *indented] for line in commands(block)]
    return [line for line in lines if re.match(r"matdata [a-z]", line)]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_each_block_has_a_language_that_is_known(page):
    for block in blocks(page):
        assert block.language in (*LANGUAGES, "check"), f"{page.name}:{block.line}"
        if block.language == "python":
            ast.parse(block.code)
    fences = re.findall(r"^```\w*$", page.read_text(encoding="utf-8"), re.MULTILINE)
    code = [block for block in blocks(page) if block.language != "check"]
    assert len(fences) == 2 * len(code) + _directives(page), f"{page.name}: a fence is not closed"


def _directives(page: Path) -> int:
    """Ends of fences that begin as a directive."""
    return len(re.findall(r"^```\{", page.read_text(encoding="utf-8"), re.MULTILINE))


def test_python_of_other_pages_says_why_it_is_not_run():
    """Pages of which no block is run; executed ones have cells in place of blocks."""
    for page in sorted({*DOCS.glob("**/*.md")} - {*RUN}):
        if page.relative_to(DOCS).parts[0] in ("_build", "reference", "jupyter_execute"):
            continue
        for block in blocks(page):
            what = f"{page.name}:{block.line}: add the page to RUN, or say why it is not run"
            assert block.language != "python" or block.key == "not run", what


@pytest.mark.parametrize("page", dict.fromkeys(TYPED), ids=lambda page: page.name)
def test_commands_of_pages_can_be_typed(page, capsys):
    parser = make_parser()
    for line in shown_commands(page):
        words = shlex.split(line.replace("…", "x"), comments=True)
        words = words[: words.index("|")] if "|" in words else words
        if words[1] not in COMMANDS and "needs command: " + words[1] in page.read_text("utf-8"):
            continue
        assert _exit_code(parser, words[1:]) == 0, f"{page.name}: {line}\n{capsys.readouterr().err}"


def _exit_code(parser: Parser, words: list[str]) -> object:
    """What a command line that cannot be parsed would end with; `--help` ends well."""
    try:
        parser.parse_args(words)
    except SystemExit as end:
        return end.code or 0
    return 0


def _left_out(block: Block) -> bool:
    if block.key == "needs":
        return not all(find_spec(name) for name in re.split(r",\s*", block.value))
    return block.key == "not run" or (block.key == "needs command" and block.value not in COMMANDS)


def _run(block: Block, names: dict[str, object], where: str) -> None:
    if block.language == "python":
        exec(compile(block.code, where, "exec", dont_inherit=True), names)
    elif block.language == "check":
        assert eval(block.code, names), f"{where}: {block.code}"
    else:
        for line in commands(block.code):
            assert line.startswith("matdata "), f"{where}: {line}"
            assert main(shlex.split(line, comments=True)[1:]) == 0, f"{where}: {line}"


def _set_up(line: str) -> str:
    """What the README's two commands run once uv is there."""
    return line.partition("--extra chemistry ")[2]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_blocks_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    crystals = many(60)
    gaps = [0.1 * row for row in range(len(crystals))]
    write_csv(tmp_path / "crystals.csv", crystals, band_gap=gaps)
    module = types.ModuleType("snippets_of_a_page")  # dataclasses look up where they are
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = vars(module)
    skipped = False
    for block in blocks(page):
        if block.language == "check":
            if not skipped:
                _run(block, names, f"{page.name}:{block.line}")
            continue
        skipped = _left_out(block)
        if skipped or block.language not in ("python", "sh"):
            continue
        if "pip install uv" in block.code:  # `.ci/run` runs the whole lines
            line = _set_up(block.code.strip())
            block = block._replace(code=line)
        _run(block, names, f"{page.name}:{block.line}")
