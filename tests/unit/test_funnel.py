"""What a funnel's lines say, and which of its steps count as losses."""

from __future__ import annotations

import pytest

from matdata.curate.funnel import DUPLICATES, Funnel, defects


@pytest.mark.parametrize("step", DUPLICATES)
@pytest.mark.parametrize(("removed", "named"), [(3, False), (4, True)])
def test_large_removals_of_duplicates_name_their_option(step, removed, named):
    funnel = Funnel()
    funnel.add("reading", 9, {})
    funnel.add(step, 9, {"some_reason": removed})
    (line,) = [line for line in funnel.lines() if step in line]
    assert ("--dedupe none keeps them" in line) == named
    assert f"(-{removed}" in line


def test_losses_are_those_of_reading_validity_and_ids():
    funnel = Funnel()
    funnel.add("reading", 100, {"unreadable": 5})
    funnel.add("validity", 95, {"atoms_too_close": 4, "unreadable": 1})
    funnel.add("repeated ids", 90, {"repeated_id": 3})
    funnel.add("lowest-energy polymorphs", 87, {"higher_polymorph": 50})
    funnel.add("elements", 37, {"other_elements": 20})
    assert defects(funnel.steps) == {"unreadable": 6, "atoms_too_close": 4, "repeated_id": 3}
