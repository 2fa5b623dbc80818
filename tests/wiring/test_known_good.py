"""The lock of known good versions: pinned, complete, and without an address."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "known-good.txt"
LINES = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"].values()
ASKED_FOR = [*PROJECT["dependencies"], *(one for extra in EXTRAS for one in extra)]
FOREIGN = [one for one in ASKED_FOR if not one.startswith("matdata")]


def _locked() -> dict[str, list[Requirement]]:
    by_name: dict[str, list[Requirement]] = {}
    for line in LINES:
        requirement = Requirement(line)
        by_name.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return by_name


def test_each_line_is_one_pinned_version_without_an_address():
    for line in LINES:
        requirement = Requirement(line)
        assert requirement.url is None
        assert not requirement.extras, "constraints take no extras"
        assert [one.operator for one in requirement.specifier] == ["=="], line


@pytest.mark.parametrize("asked", FOREIGN)
def test_it_holds_what_matdata_asks_for(asked):
    requirement = Requirement(asked)
    locked = _locked().get(canonicalize_name(requirement.name))
    assert locked, f"{requirement.name} is missing: run tools/make_known_good.sh"
    for one in locked:
        (pin,) = one.specifier
        assert requirement.specifier.contains(pin.version), f"{one} is older than {asked}"


@pytest.mark.slow
def test_matdata_itself_is_none_of_it():
    assert not [name for name in _locked() if name.startswith("matdata")]
