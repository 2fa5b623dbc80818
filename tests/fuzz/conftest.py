"""Options of the fuzz job: how much, from which seed, which cases, and where findings go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

LIMIT = 1200  # seconds for a sampled job on a machine that is busy
OPTIONS = {
    "--fuzz": (int, None, "run this many inputs (60 kills and long state machines as well)"),
    "--fuzz-seed": (int, None, "first seed of inputs and moments of kills (default: 0)"),
    "--fuzz-only": (str, None, "kinds (cif,jsonl) or single cases (cif:17,jsonl:3)"),
    "--fuzz-findings": (str, None, "folder for what fails, each class with a small input"),
    "--fuzz-workers": (int, 1, "processes that build inputs at once"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fuzz")
    for name, (kind, default, text) in OPTIONS.items():
        group.addoption(name, type=kind, default=default, help=text)


def pytest_configure(config: pytest.Config) -> None:
    if option(config, "--fuzz"):
        os.environ["MATDATA_FUZZ"] = str(option(config, "--fuzz"))  # state machines read it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limit = 0 if option(config, "--fuzz") else LIMIT
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(limit))


def option(config: pytest.Config, name: str):
    """The value of an option; its default where this file was loaded too late to declare it."""
    return config.getoption(name, default=None) or OPTIONS[name][1]


@pytest.fixture(scope="session")
def asked(pytestconfig):
    """``asked("--fuzz")`` is what was asked for on the command line."""
    return lambda name: option(pytestconfig, name)
