"""What the documents promise is wired: the two commands, the version, the import contract."""

from __future__ import annotations

import re
from pathlib import Path

import matdata

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("docs/design/*.md"))
DESIGN = ["ARCHITECTURE.md", *(page.relative_to(ROOT).as_posix() for page in PAGES)]


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_readme_shows_exactly_two_set_up_commands_and_ci_runs_both():
    commands = re.findall(r"^pip install .*$", _text("README.md"), re.MULTILINE)
    assert len(commands) == 2, "README.md shows one command for the main job and one for the tests"
    for command in commands:
        assert command in _text(".ci/run"), f".ci/run does not run README's command: {command}"


def test_versions_agree():
    assert f'version = "{matdata.__version__}"' in _text("pyproject.toml")
    assert f"version: {matdata.__version__}\n" in _text("CITATION.cff")


def test_the_changelog_keeps_to_its_sections():
    heads = re.findall(r"^##+ (.*)$", _text("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    version = re.compile(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}")
    for head in heads[1:]:
        assert head in kinds or version.fullmatch(head), head


def test_hooks_are_local_and_those_of_ci():
    hooks = _text(".pre-commit-config.yaml")
    assert re.findall(r"repo: (.*)", hooks) == ["local"], "hooks fetch nothing"
    for check in ("ruff check", "ruff format --check", "--group docs mypy", "lint-imports"):
        assert f"uv run {check}" in hooks
        assert f"uv run {check}" in _text(".ci/run")


def test_no_lock_file_or_index_address_is_tracked():
    assert "uv.lock" in _text(".gitignore").split()
    assert "index-url" not in _text("pyproject.toml")


def test_every_feature_says_which_reference_it_equals_and_every_source_why_it_refuses():
    from matdata.features import FEATURIZERS
    from matdata.sources import SOURCES

    documents = _text("docs/parity.md") + "".join(_text(page) for page in DESIGN)
    for name in [*FEATURIZERS._builtin, *SOURCES._builtin]:
        assert f"`{name}" in documents, f"{name} is in neither docs/parity.md nor docs/design"


def test_the_readme_is_a_page():
    lines = _text("README.md").splitlines()
    assert len(lines) <= 100, "what is beyond a page belongs to docs/"
    assert max(map(len, lines)) <= 130


def test_each_measured_figure_of_the_readme_and_the_site_names_its_script():
    for page in ("README.md", "docs/measurements.md"):
        table = r"^\| what \| beside \|.*\n\|[-|]+\n((?:\|.*\n)+)"
        (text,) = re.findall(table, _text(page), re.MULTILINE)
        rows = text.splitlines()
        assert rows, page
        for row in rows:
            script = row.rstrip(" |").rpartition("|")[2].strip()
            known = script == "same" or (ROOT / script.strip("`")).is_file()
            assert known, f"{page}: {row[:60]} names no script"


def test_figures_of_the_readme_are_those_of_the_measurements():
    measured = set(re.findall(r"[\d.,]+x", _text("docs/measurements.md")))
    table = _text("README.md").partition("## Measured")[2]
    assert set(re.findall(r"[\d.,]+x", table)) <= measured


def test_the_architecture_is_a_map_and_its_pages_are_indexed():
    assert len(_text("ARCHITECTURE.md").splitlines()) <= 120, "move reasons to docs/design"
    index = _text("docs/design/README.md")
    for page in PAGES:
        listed = page.name == "README.md" or f"({page.name})" in index
        assert listed, f"docs/design/README.md does not list {page.name}"


def test_modules_that_documents_name_exist():
    tracked = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[!.]*/**/*.py")]
    for page in [*DESIGN, "CONTRIBUTING.md"]:
        for name in re.findall(r"`((?:[\w.]+/)*\w+\.py)`", _text(page)):
            known = any(path == name or path.endswith("/" + name) for path in tracked)
            assert known, f"{page} names {name}, which does not exist"
