"""What came of many inputs: a table, and the failing ones with what runs them again."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.cases import Case
from fuzz.minimise import minimised
from fuzz.pool import Zygotes

COLUMNS = ("kind", "inputs", "taken whole", "with ledger", "typed errors", "failed")


@dataclass
class Report:
    """Counts of answers by kind, and the first case of each class of finding."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    classes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    failing: list[dict[str, Any]] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        """Count one answer."""
        kind = answer["case"].partition(":")[0]
        count = self.counts.setdefault(kind, Counter())
        count["inputs"] += 1
        count[_outcome(answer)] += 1
        if not answer["findings"]:
            return
        count["failed"] += 1
        self.failing.append(answer)
        for name in {f"{what}: {detail}" for what, detail in answer["findings"]}:
            self.classes[name] += 1
            self.kinds.setdefault(name, Counter())[kind] += 1
            self.first.setdefault(name, answer)

    def table(self) -> str:
        """Kinds and classes of findings, as text."""
        rows = [[kind, *(str(count[name]) for name in COLUMNS[1:])]
                for kind, count in sorted(self.counts.items())]  # fmt: skip
        total = sum(self.counts.values(), Counter())
        rows.append(["all", *(str(total[name]) for name in COLUMNS[1:])])
        lines = [f"{row[0]:<12}" + "".join(f"{cell:>14}" for cell in row[1:])
                 for row in [list(COLUMNS), *rows]]  # fmt: skip
        for name, count in self.classes.most_common():
            kinds = ", ".join(f"{kind} {n}" for kind, n in self.kinds[name].most_common())
            lines.append(f"{count:>6}  {name}  [{kinds}; {self.first[name]['case']}]")
        return "\n".join(lines)

    def store(self, folder: Path, zygotes: Zygotes) -> None:
        """Write every failing case, and a small input of each class."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "table.txt").write_text(self.table() + "\n")
        lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in self.failing]
        (folder / "failing.jsonl").write_text("".join(lines))
        for number, (name, answer) in enumerate(sorted(self.first.items())):
            case = Case.of(answer["case"])
            home = folder / f"{number:03}-{case.kind.name}-{case.seed}"
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            data, done = case.input()
            about = {"class": name, "count": self.classes[name], "done": done, **answer}
            (home / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False))
            case.kind.write(home, data)
            small = minimised(zygotes, case, name)
            if small is not None:
                (home / f"small-{case.kind.file}").write_bytes(small)


def _outcome(answer: dict[str, Any]) -> str:
    if answer["code"] == 0:
        return "with ledger" if answer["rejects"] else "taken whole"
    return "typed errors" if answer["code"] == 1 and "error:" in answer["error"] else "no outcome"


def cases(kinds: Iterable[str], count: int, seed: int) -> list[str]:
    """Names of `count` cases, spread evenly over the kinds; the undamaged one of each first."""
    names = list(kinds)
    return [f"{names[k % len(names)]}:{seed + k // len(names)}" for k in range(count)]
