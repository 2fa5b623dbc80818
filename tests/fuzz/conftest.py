"""Options of the fuzz job: how much, from which seed, which cases, and where findings go."""

from __future__ import annotations

import os

import pytest

OPTIONS = {
    "--fuzz": (int, None, "run this many inputs (60 kills and long state machines as well)"),
    "--fuzz-seed": (int, None, "first seed of the inputs; a number of its own for each hour"),
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
        config.inicfg["timeout"] = "0"
        os.environ["MATDATA_FUZZ"] = str(option(config, "--fuzz"))


def option(config: pytest.Config, name: str):
    """The value of an option; its default where this file was loaded too late to declare it."""
    return config.getoption(name, default=None) or OPTIONS[name][1]


@pytest.fixture(scope="session")
def asked(pytestconfig):
    """``asked("--fuzz")`` is what was asked for on the command line."""
    return lambda name: option(pytestconfig, name)
