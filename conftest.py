"""What all test processes share: threads, bytecode, compiled kernels, and no secrets of others.

`-n auto` starts a process per core, each of which gets one thread: more would wait in turn.
"""

from __future__ import annotations

import os
import sys

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests start hundreds of commands: without compiled bytecode each costs three seconds more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let workers without work take tests of others: long ones at the end would keep one busy."""
    option = config.option
    if getattr(option, "numprocesses", None) and option.dist == "no":
        option.dist = "worksteal"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once, before several workers would each do it for themselves."""
    cache = getattr(session.config, "cache", None)  # absent with `-p no:cacheprovider`
    if cache is not None and session.config.getoption("numprocesses", None):
        from support.kernels import compile_once

        compile_once(cache.mkdir("matdata-kernels"))


#: Of the contract suites, which strangers run without this mark.
LONG = (
    "test_an_ensemble_equals_its_members_trained_alone",
    "test_a_resumed_training_ends_in_the_same_bits",
    "test_it_learns_a_few_materials_by_heart",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes seconds in each plugin as slow."""
    for item in items:
        if item.name.partition("[")[0] in LONG:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests():
    """What one test makes known as a secret would be hidden in all later ones of its worker."""
    from matdata.core.redaction import forget_secrets

    forget_secrets()
    yield
    forget_secrets()
