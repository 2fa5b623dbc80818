"""What is printed or written as CSV passes the one place that makes it safe."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import matdata

ROOT = Path(matdata.__file__).parent
PRINTERS = {
    "cli/failures.py",
    "core/console.py",
    "core/registry.py",
    "cli/common.py",
    "cli/completion.py",
    "cli/logs.py",
    "cli/plugin_probe.py",
}


def _calls(path: Path) -> set[str]:
    calls = [
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]
    return {
        func.id if isinstance(func, ast.Name) else func.attr
        for func in calls
        if isinstance(func, (ast.Name, ast.Attribute))
    }


@pytest.mark.slow
def test_commands_print_by_console_print_line_or_print_json():
    found = {
        path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if "print" in _calls(path)
    }
    assert found <= PRINTERS, "print by Console, or by print_line of matdata/cli/common.py"


@pytest.mark.slow
def test_csv_is_written_by_the_one_writer():
    writers = {"to_csv", "DictWriter", "writerow", "writerows"}
    found = {
        path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if writers & _calls(path)
    }
    assert not found, "write CSV by matdata/store/csv.py"
