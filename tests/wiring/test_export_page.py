"""docs/export.md says of each format what tests/integration/test_export_rebuild.py shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from matdata.cli import main
from matdata.datasets.exports.formats import FORMATS, ExportFormat
from matdata.datasets.exports.losses import ASPECTS

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
KEPT, LOST = "kept", "lost"


def row(name: str, form: ExportFormat) -> str:
    lost = {loss.aspect for loss in form.losses}
    cells = [f"`{name}`", *(LOST if one in lost else KEPT for one in ASPECTS)]
    if form.rebuilt_from is None:
        cells = [f"`{name}`", *("not read" for _ in ASPECTS)]
    return f"| {' | '.join(cells)} |"


def expected() -> list[str]:
    names = ["format", *ASPECTS]
    rows = [row(name, form) for name, form in FORMATS.items()]
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|", *rows]


def test_the_table_is_that_of_the_formats():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = expected()
    assert set(table) <= set(lines), "docs/export.md needs these lines:\n" + "\n".join(table)


def test_each_loss_stands_there():
    text = PAGE.read_text(encoding="utf-8")
    for name, form in FORMATS.items():
        for loss in form.losses:
            assert loss.text in text, f"{name}: {loss.text}"
    for name, meaning in ASPECTS.items():
        assert f"- `{name}`: {meaning}" in text


def test_the_help_names_all_formats(capsys):
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in FORMATS)


def test_each_loss_is_of_a_known_aspect():
    for form in FORMATS.values():
        aspects = [loss.aspect for loss in form.losses]
        assert set(aspects) <= set(ASPECTS)
