from __future__ import annotations

import numpy as np
import pytest
from matdata_quotient.partition import equivalent_sites
from support.crystals import cubic, few, many

import matdata as md
from matdata.plugin import featurizer, to_crystals
from matdata.testing.featurizers import FeaturizerContract
from matdata.testing.invariance import supercell

SALT = cubic(
    5.64,
    [11] * 4 + [17] * 4,
    [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0],
     [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
)  # fmt: skip


class TestQuotientGraph(FeaturizerContract):
    feature = "quotient-graph"
    indices = ("sender", "receiver")
    #: One step of the resolution: rounding falls to either side of its middle.
    tolerance = 1e-4


def columns(crystals, **settings):
    block = featurizer("quotient-graph", settings).featurize(crystals)
    return {name: column[0] for name, column in block.fields.items()}


def test_rock_salt_has_two_nodes_and_four_edges():
    nodes = columns(to_crystals(["salt"], [SALT]), max_neighbours=18)
    assert nodes["numbers"].tolist() == [11, 17]
    assert nodes["multiplicity"].tolist() == [4, 4]
    assert nodes["sender"].tolist() == [0, 0, 1, 1]
    assert nodes["receiver"].tolist() == [0, 1, 0, 1]
    assert nodes["count"].tolist() == [12, 6, 6, 12]
    half = 5.64 / 2
    np.testing.assert_allclose(
        nodes["distance"], [half * 2**0.5, half, half, half * 2**0.5], atol=2.0**-12
    )


@pytest.mark.parametrize("repeats", [(1, 1, 2), (2, 1, 1), (2, 2, 1)])
def test_a_supercell_has_the_same_nodes_and_edges(repeats):
    crystals = few()
    larger, _ = supercell(crystals, repeats)
    for row in range(len(crystals)):
        one, other = columns(crystals.take([row])), columns(larger.take([row]))
        for name in ("numbers", "sender", "receiver", "count"):
            np.testing.assert_array_equal(one[name], other[name])
        np.testing.assert_allclose(one["distance"], other["distance"], atol=2.0**-12)
        np.testing.assert_array_equal(one["multiplicity"] * np.prod(repeats), other["multiplicity"])


def test_all_sites_and_edges_are_counted():
    crystals = many(40)
    quotient = featurizer("quotient-graph", {}).featurize(crystals)
    whole = featurizer("graph", {"radius": 0.0, "max_neighbours": 12}).featurize(crystals)
    np.testing.assert_array_equal(quotient.rows, whole.rows)
    fewer = 0
    for row in range(len(quotient.rows)):
        part = {name: column[row] for name, column in quotient.fields.items()}
        numbers, distance = whole.fields["numbers"][row], whole.fields["distance"][row]
        sites = part["multiplicity"]
        assert sites.sum() == len(numbers)
        assert (part["count"] * sites[part["sender"]]).sum() == len(distance)
        elements = np.bincount(part["numbers"], sites, minlength=120)
        np.testing.assert_array_equal(elements, np.bincount(numbers, minlength=120))
        copies = np.repeat(part["distance"], part["count"] * sites[part["sender"]])
        np.testing.assert_allclose(np.sort(copies), np.sort(distance), atol=2.0**-12)
        fewer += len(numbers) - len(sites)
    assert fewer > 0


def test_classes_are_those_of_an_equitable_partition():
    """Each site of a class has as many neighbours of each class at each distance."""
    crystals = many(40)
    graph = featurizer("graph", {"radius": 0.0, "max_neighbours": 12}).featurize(crystals)
    sites, links = graph.fields["numbers"], graph.fields["sender"]
    crystal = np.repeat(np.arange(len(sites)), sites.lengths)
    begin = np.repeat(sites.offsets[:-1], links.lengths)
    ends = [graph.fields[name].values.astype(np.int64) + begin for name in ("sender", "receiver")]
    length = np.rint(graph.fields["distance"].values * 4096).astype(np.int64)
    classes = equivalent_sites(crystal, sites.values.astype(np.int64), *ends, length)
    around = {}
    for sender, receiver, away in zip(*ends, length, strict=True):
        around.setdefault(sender, []).append((int(classes[receiver]), int(away)))
    seen = {}
    for site, own in enumerate(classes.tolist()):
        what = (crystal[site], sites.values[site], sorted(around[site]))
        assert seen.setdefault(own, what) == what
    assert len(seen) < len(classes)


def test_sites_of_one_element_with_other_neighbours_are_reported_apart():
    """Four sites in a row: the ends are alike, and the middle ones."""
    sender = np.array([0, 1, 1, 2, 2, 3])
    receiver = np.array([1, 0, 2, 1, 3, 2])
    numbers = np.full(4, 8)
    length = np.ones(6, dtype=np.int64)
    classes = equivalent_sites(np.zeros(4, np.int64), numbers, sender, receiver, length)
    assert classes[0] == classes[3]
    assert classes[1] == classes[2]
    assert classes[0] != classes[1]
    length[-1] = 2  # now the last site hears of its neighbour from further away
    classes = equivalent_sites(np.zeros(4, np.int64), numbers, sender, receiver, length)
    assert len({*classes.tolist()}) == 4


def test_crystals_do_not_share_classes_and_none_have_none():
    twice = to_crystals(["one", "other"], [SALT, SALT])
    block = featurizer("quotient-graph", {}).featurize(twice)
    for name, column in block.fields.items():
        np.testing.assert_array_equal(column[0], column[1], err_msg=name)
    none = np.empty(0, np.int64)
    assert equivalent_sites(none, none, none, none, none).tolist() == []


def test_isolated_sites_are_refused_or_nodes_without_edges():
    alone = to_crystals(["alone", "salt"], [cubic(9.0, [11], [[0, 0, 0]]), SALT])
    settings = {"radius": 4.0, "max_neighbours": 0}
    refused = featurizer("quotient-graph", settings).featurize(alone)
    assert [(item.material_id, item.reason) for item in refused.rejects] == [
        ("alone", "isolated_atom")
    ]
    kept = featurizer("quotient-graph", {**settings, "isolated": "keep"}).featurize(alone)
    assert kept.rows.tolist() == [0, 1]
    assert kept.fields["multiplicity"][0].tolist() == [1]
    assert kept.fields["distance"][0].tolist() == []


def test_it_is_built_like_any_other(tmp_path):
    from support.files import write_csv

    path = write_csv(tmp_path / "some.csv", many(9))
    dataset = md.build(path, features=["quotient-graph"], cache=tmp_path / "cache", workers=1)
    again = md.compute("quotient-graph", dataset.crystals)
    np.testing.assert_array_equal(dataset.feature("quotient-graph").dense().values, again.values)
