"""Each way of splitting: sizes, reproducibility, and what it promises about groups."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from matdata.core.errors import ConfigError, SplitError
from matdata.splits import METHODS, make_splits

IDS = [f"mp-{i}" for i in range(1000)]
METALS = ("Ti", "Zr", "Hf")
FORMULAS = [f"{METALS[i % 3]}{i % 7 + 1}Zn{i % 5 + 1}N{i % 11 + 1}" for i in range(1000)]
TABLE = {
    "formula": FORMULAS,
    "space_group_number": [float(i % 23 + 1) for i in range(1000)],
    "date": [f"{1990 + i % 30}-01-{i % 28 + 1:02d}" for i in range(1000)],
    "published": [("train", "valid", "test", None)[i % 4] for i in range(1000)],
}
TABLE["basin"] = [f"{i // 2}" for i in range(1000)]
TABLE["structure_role"] = [("relaxed", "initial")[i % 2] for i in range(1000)]
PINNED = ["mp-17", "mp-18"]
SETTINGS = {
    "random": {},
    "stable": {},
    "group": {"by": ["space_group_number"]},
    "pairs": {},
    "kfold": {"by": ["formula"]},
    "element": {"elements": ["Ti"]},
    "taata": {},
    "time": {},
    "fixed": {"column": "published"},
}


def one(method, settings=None, ids=IDS, table=TABLE):
    return make_splits(method, ids, table, settings)[0]


@pytest.mark.parametrize("method", SETTINGS)
def test_row_order_does_not_matter(method):
    shuffled = np.random.default_rng(1).permutation(len(IDS)).tolist()
    table = {name: [column[i] for i in shuffled] for name, column in TABLE.items()}
    before = make_splits(method, IDS, TABLE, SETTINGS[method])
    after = make_splits(method, [IDS[i] for i in shuffled], table, SETTINGS[method])
    assert [s.digest() for s in before] == [s.digest() for s in after]
    assert [(s.name, s.notes) for s in before] == [(s.name, s.notes) for s in after]


@pytest.mark.parametrize("method", ["random", "stable", "group", "pairs", "kfold", "taata"])
def test_the_seed_decides(method):
    first, again, other = (
        one(method, {**SETTINGS[method], "seed": seed}).digest() for seed in (0, 0, 1)
    )
    assert first == again != other


def test_every_method_is_exercised():
    assert set(METHODS) == {*SETTINGS, "matbench"}


@pytest.mark.parametrize(
    ("ratios", "sizes"),
    [
        ("70/15/15", {"train": 700, "val": 150, "test": 150}),
        ("80/20", {"train": 800, "test": 200}),
        ("80/20/0", {"train": 800, "val": 200}),
        ("900/60/40", {"train": 900, "val": 60, "test": 40}),
        ("500/60/40", {"train": 500, "val": 60, "test": 40}),
        ({"train": 0.5, "test": 0.5}, {"train": 500, "test": 500}),
    ],
)
def test_random_has_exact_sizes(ratios, sizes):
    split = one("random", {"ratios": ratios})
    assert split.sizes == sizes
    left_out = len(IDS) - sum(sizes.values())
    assert [note.split()[0] for note in split.notes] == ([str(left_out)] if left_out else [])


def test_test_part_does_not_move_with_validation_and_training_sets_nest():
    a, b = one("random", {"ratios": "70/15/15"}), one("random", {"ratios": "80/5/15"})
    assert a.parts["test"].tolist() == b.parts["test"].tolist()
    small, large = one("random", {"ratios": "n=50/20/20"}), one("random", {"ratios": "500/20/20"})
    assert set(small.parts["train"]) < set(large.parts["train"])


def test_random_split_is_pinned():
    # computed with hashlib alone; a change here breaks every split that users have published
    key = hashlib.sha256(b"matdata split random 0").digest()
    number = {i: hashlib.blake2b(i.encode(), digest_size=8, key=key).digest() for i in IDS[:20]}
    order = sorted(number, key=lambda i: int.from_bytes(number[i], "little"))
    split = one("random", ids=IDS[:20], table={})
    assert split.parts["test"].tolist() == sorted(order[:2]) == PINNED
    assert split.parts["val"].tolist() == sorted(order[2:4])


def test_stable_split_keeps_sides_when_the_data_grow():
    before = one("stable", ids=IDS[:600], table={})
    after = one("stable", table={})
    assert (after.part_of(IDS[:600]) == before.part_of(IDS[:600])).all()


def test_stable_ratios_are_near_and_reported():
    split = one("stable", {"ratios": "70/15/15"}, ids=[f"x{i}" for i in range(20_000)], table={})
    for part, share in (("train", 0.7), ("val", 0.15), ("test", 0.15)):
        sigma = (share * (1 - share) * 20_000) ** 0.5
        assert abs(split.sizes[part] - share * 20_000) < 4 * sigma
    assert "met approximately: requested 70/15/15, obtained" in split.notes[0]


def test_stable_by_a_column_keeps_groups_together():
    split = one("stable", {"by": "space_group_number"})
    of = dict(zip(split.part_of(IDS), TABLE["space_group_number"], strict=True))
    assert len(of) == 3
    sides = {(g, p) for g, p in zip(TABLE["space_group_number"], split.part_of(IDS), strict=True)}
    assert len(sides) == 23


def test_groups_stay_whole_and_ratios_are_near():
    split = one("group", {"by": "formula", "ratios": "70/15/15"})
    sides = set(zip(FORMULAS, split.part_of(IDS), strict=True))
    assert len(sides) == len(set(FORMULAS))
    assert abs(split.sizes["train"] - 700) <= 3
    assert "groups by formula: requested 700/150/150, obtained" in split.notes[0]


def test_large_groups_are_not_kept_for_training():
    groups = [f"g{i}" for i in range(100) for _ in range(20)] + [f"s{i}" for i in range(2000)]
    ids = [f"m{i:05d}" for i in range(len(groups))]
    split = one("group", {"by": "g", "ratios": "80/20"}, ids=ids, table={"g": groups})
    test = set(split.parts["test"])
    share = sum(i in test for i in ids[:2000]) / 2000
    assert 0.1 < share < 0.3
    assert split.sizes == {"train": 3200, "test": 800}


def test_group_values_compare_by_meaning():
    table = {"formula": ["Fe4O6", "Fe2O3", "O3Fe2", "NaCl", "ClNa", None]}
    split = one("group", {"by": "formula", "ratios": "50/50"}, ids=list("abcdef"), table=table)
    assert len(set(split.part_of(["a", "b", "c"]))) == 1
    assert len(set(split.part_of(["d", "e"]))) == 1
    assert any("1 of 6 materials have no formula" in note for note in split.notes)


@pytest.mark.parametrize("by", ["chemsys", "anonymous_formula"])
def test_groups_can_be_derived_from_the_formula(by):
    table = {"formula": ["TiO2", "Ti2O3", "O2Ti", "ZrO2", "NaCl", "KBr"]}
    split = one("group", {"by": by, "ratios": "50/50"}, ids=list("abcdef"), table=table)
    assert len(set(split.part_of(["a", "c"]))) == 1
    if by == "chemsys":
        assert len(set(split.part_of(["a", "b"]))) == 1


def test_a_group_that_is_too_large_is_noted_and_no_part_stays_empty():
    groups = ["big"] * 80 + ["a"] * 10 + ["b"] * 10
    ids = [f"m{i:03d}" for i in range(100)]
    split = one("group", {"by": "g", "ratios": "70/15/15"}, ids=ids, table={"g": groups})
    assert split.sizes == {"train": 80, "val": 10, "test": 10}
    assert any("the largest group, 'big', holds 80 of 100" in note for note in split.notes)


def test_group_split_with_counts_leaves_whole_groups_out():
    split = one("group", {"by": "formula", "ratios": "500/60/40"})
    inside = [(f, p) for f, p in zip(FORMULAS, split.part_of(IDS), strict=True) if p]
    assert len(set(inside)) == len({f for f, _ in inside})
    assert abs(sum(split.sizes.values()) - 600) <= 3


@pytest.mark.parametrize("settings", [{}, {"by": "formula"}, {"val_fraction": 0}, {"k": 3}])
def test_folds_partition_the_data(settings):
    splits = make_splits("kfold", IDS, TABLE, settings)
    tests = np.concatenate([split.parts["test"] for split in splits])
    assert sorted(tests.tolist()) == sorted(IDS)
    for split in splits:
        assert sum(split.sizes.values()) == len(IDS)
        assert ("val" in split.parts) == (settings.get("val_fraction", 0.1) > 0)


def test_fold_sizes_and_names():
    splits = make_splits("kfold", IDS[:998], {}, {"seed": 7})
    assert [s.sizes["test"] for s in splits] == [200, 200, 200, 199, 199]
    assert {s.sizes["val"] for s in splits} == {100}
    assert [s.name for s in splits][2] == "kfold5-seed7-fold2"


def test_grouped_folds_keep_groups_in_train_and_validation_too():
    for split in make_splits("kfold", IDS, TABLE, {"by": "formula"}):
        sides = set(zip(FORMULAS, split.part_of(IDS), strict=True))
        assert len(sides) == len(set(FORMULAS))


def test_leaving_an_element_out():
    ids, table = list("abcdef"), {"formula": ["TiO2", "ZrO2", "TiN", "NaCl", "KBr", "MgO"]}
    split = one("element", {"elements": "Ti", "val_fraction": 0.2}, ids, table)
    assert split.parts["test"].tolist() == ["a", "c"]
    assert split.sizes == {"train": 3, "val": 1, "test": 2}
    every = make_splits("element", ids, table, {})
    assert [s.settings["elements"] for s in every][:3] == [["Br"], ["Cl"], ["K"]]
    assert len(every) == 9


def test_taata_tests_one_system_of_each_trio():
    keys = [(x, y) for x in range(1, 21) for y in range(1, 21) if np.gcd(x, y) == 1]
    rows = [(m, f"{m}Zn{x}N{y}", k) for x, y in keys for m in METALS for k in range(2)]
    ids = [f"t{i:05d}" for i in range(len(rows))]
    split = one("taata", None, ids, {"formula": [formula for _, formula, _ in rows]})
    of = split.part_of(ids)
    tested: dict[str, set[str]] = {}
    for (metal, formula, _), part in zip(rows, of, strict=True):
        if part == "test":
            tested.setdefault(formula.removeprefix(metal), set()).add(metal)
    assert len(tested) == len(keys)
    assert all(len(metals) == 1 for metals in tested.values())
    assert split.sizes["test"] * 3 == len(ids)
    drawn = [next(iter(metals)) for metals in tested.values()]
    assert all(0.25 < drawn.count(metal) / len(drawn) < 0.42 for metal in METALS)
    with pytest.raises(SplitError, match="no validation part"):
        split.require_validation()


def test_taata_follows_one_draw_for_incomplete_trios_and_keeps_the_rest_in_train():
    keys = range(1, 301)
    table = {"formula": [f"Ti{k}ZnN" for k in keys] + ["Zn3N2", "N2", "TiZrN"]}
    ids = [f"t{i:03d}" for i in range(303)]
    split = one("taata", {"val_fraction": 0.1}, ids, table)
    assert 70 < split.sizes["test"] < 130
    assert split.sizes["val"] == 30
    assert "test" not in split.part_of(ids[300:]).tolist()
    assert "3 materials are in no trio of Ti/Zr/Hf and are in train" in split.notes


@pytest.mark.parametrize(
    "dates",
    [
        [2019, 2001, 2011, 2010, 2020],
        ["2019", "2001-02", "2011-01-01", "2010-12-31T23:59:59Z", "2020-01-01 10:00"],
        np.array(["2019", "2001", "2011", "2010", "2020"], dtype="datetime64[ns]"),
    ],
)
def test_the_newest_test_and_the_oldest_train(dates):
    split = one("time", {"ratios": "60/20/20"}, list("abcde"), {"date": dates})
    assert {p: ids.tolist() for p, ids in split.parts.items()} == {
        "train": ["b", "c", "d"],
        "val": ["a"],
        "test": ["e"],
    }


def test_time_leaves_undated_materials_out_where_that_is_asked_for():
    dates = {"date": [2001, None, 2005, 2004, ""]}
    split = one("time", {"ratios": "n=2/0/1", "undated": "leave_out"}, list("abcde"), dates)
    assert {part: ids.tolist() for part, ids in split.parts.items()} == {
        "train": ["a", "d"],
        "test": ["c"],
    }
    assert "2 of 5 materials have no date in 'date' and are in no part" in split.notes
    assert split.settings["undated"] == "leave_out"


def test_time_notes_shared_dates_and_counts_leave_the_oldest_out():
    split = one("time", {"ratios": "n=1/1/1"}, list("abcd"), {"date": [2001, 2005, 2005, 2004]})
    assert split.part_of(["a", "d"]).tolist() == ["", "train"]
    assert any("2 materials share the date at the older end of test" in n for n in split.notes)


_T = {"formula": ["TiO2", "TiN"], "date": ["2019", "soon"]}
BAD = [
    ("random", {"ratios": "98/1/1"}, {}, "leaves val and test empty"),
    ("random", {"ratios": "600/4/4"}, {}, "ask for 608 materials; there are 2"),
    ("stable", {"ratios": "600/4/4"}, {}, "cannot meet the counts"),
    ("group", {}, _T, "needs a column to group by"),
    ("group", {"by": "formla"}, _T, "no column 'formla' (did you mean 'formula'?)"),
    ("group", {"by": "formla"}, _T, "available columns: formula, date, chemsys"),
    ("group", {"by": "x", "ratios": "50/50"}, {"x": [1, 1.0]}, "1 groups (of 2 materials) cannot"),
    ("group", {"by": "x", "ratios": "50/50"}, {"x": [1]}, "'x' holds 1 values; expected one for"),
    ("kfold", {}, {}, "2 materials cannot fill 5 folds"),
    ("kfold", {"k": 2, "val_fraction": 0.6}, {}, "leaves nothing to train on"),
    ("element", {"elements": "Ti"}, _T, "all 2 materials contain Ti"),
    ("element", {"elements": "Tj"}, _T, "no material contains 'Tj' (did you mean 'Ti'?)"),
    ("element", {}, {"formula": ["?", "TiN"]}, "1 materials have no chemical system: a"),
    ("element", {}, {"formula": ["TiN", "TiN"]}, "all materials contain the same elements"),
    ("taata", {}, {"formula": ["NaCl", "KCl"]}, "no material holds exactly one of Ti, Zr, Hf"),
    ("taata", {"metals": "Ti"}, _T, "expected two or more different ones"),
    ("taata", {"metals": "Ti,Zz"}, _T, "'Zz' is not an element"),
    ("taata", {}, {"formula": ["TiN", None]}, "needs every material's formula"),
    ("time", {"ratios": "50/50"}, _T, "1 dates in 'date' cannot be read: b: 'soon'"),
    ("time", {"ratios": "50/50"}, {"date": ["2019", None]}, "1 of 2 materials have no date"),
    ("matbench", {}, {}, "2 ids are not Matbench's: a, b"),
    ("grup", {}, {}, "unknown split method 'grup' (did you mean 'group'?)"),
]


@pytest.mark.parametrize(("method", "settings", "table", "message"), BAD)
def test_impossible_requests_say_why(method, settings, table, message):
    with pytest.raises(SplitError) as error:
        make_splits(method, ["a", "b"], table, settings)
    assert message in str(error.value)


def test_unknown_settings_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'seed'"):
        make_splits("random", IDS, {}, {"sed": 1})


@pytest.mark.parametrize(
    ("ids", "message"),
    [([], "no materials"), (["a", None], "1 of 2 material ids"), (["a", "a"], "more than once: a")],
)
def test_bad_ids_are_refused(ids, message):
    with pytest.raises(SplitError, match=message):
        make_splits("random", ids)
