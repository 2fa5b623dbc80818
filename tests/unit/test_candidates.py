"""Element substitution: slots of prototypes, counts, probabilities, draws, and what is kept."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from matdata.adapters.substitutions import ionic_substitutions
from matdata.candidates.cells import shortest_pairs, substituted_cells
from matdata.candidates.counts import SubstitutionCounts
from matdata.candidates.draw import Rule, draw
from matdata.candidates.exclusions import excluded_elements
from matdata.candidates.matrix import SubstitutionMatrix
from matdata.candidates.prototypes import prototype_of
from matdata.candidates.select import Parents, select, substituted
from matdata.core.elements import N_ELEMENTS, atomic_number, symbols
from matdata.core.errors import ConfigError, CurationError
from matdata.symmetry.labels import parse_label

ROCK_SALT = "AB_cF8_225_a_b:{}-{}"
NONE = np.zeros(N_ELEMENTS + 1, dtype=np.bool_)
FIVE = [3, 8, 11, 12, 17]


def slots(label):
    prototype, numbers = prototype_of(parse_label(label))
    return prototype, [symbols()[z] for z in numbers]


def test_slots_do_not_follow_the_alphabet():
    """Mg-O and Cl-Na are written in different orders: cation first in one, anion first in one."""
    one, first = slots(ROCK_SALT.format("Mg", "O"))
    other, second = slots(ROCK_SALT.format("Cl", "Na"))
    assert one == other
    assert first == ["Mg", "O"]
    assert second == ["Na", "Cl"]


def test_slots_of_unlike_positions_follow_the_positions():
    """Rutile: a holds one kind of atom, f the other, whichever is more electronegative."""
    one, first = slots("A2B_tP6_136_f_a:O-Ti")
    other, second = slots("AB2_tP6_136_a_f:O-Ti")
    assert one == other
    assert first == ["Ti", "O"]
    assert second == ["O", "Ti"]


def test_elements_without_electronegativity_come_last():
    assert slots(ROCK_SALT.format("Cl", "He"))[1] == ["Cl", "He"]


LABELS = [ROCK_SALT.format(*pair) for pair in
          (("Mg", "O"), ("Cl", "Na"), ("Cl", "K"), ("Ca", "O"), ("Ca", "O"))]  # fmt: skip
LABELS += ["A2B_tP6_136_f_a:O-Ti", "A2B_tP6_136_f_a:O-Sn", "A2B_tP6_136_f_a:O-Ru",
           "A_cI2_229_a:Fe"]  # fmt: skip


def pairs_by_hand(labels, weight):
    counts = np.zeros((N_ELEMENTS + 1, N_ELEMENTS + 1))
    read = [prototype_of(parse_label(label)) for label in labels]
    sizes = Counter(prototype for prototype, _ in read)
    for (one, first), (other, second) in itertools.permutations(read, 2):
        if one == other:
            n = sizes[one]
            for a, b in zip(first, second, strict=True):
                counts[a, b] += 1 if weight == "pairs" else 1 / (n * (n - 1))
    return counts


@pytest.mark.parametrize("weight", ["pairs", "equal"])
def test_counts_are_those_of_all_pairs(weight):
    counts = SubstitutionCounts()
    counts.add(LABELS[:4])
    counts.add([*LABELS[4:], "no label"])
    np.testing.assert_allclose(counts.matrix(weight), pairs_by_hand(LABELS, weight), rtol=1e-15)
    assert (counts.n_materials, counts.n_unread, counts.n_prototypes) == (9, 1, 2)


def test_rows_are_normalised_with_what_stays():
    counts = SubstitutionCounts()
    counts.add(LABELS)
    p = SubstitutionMatrix.of_counts(counts.matrix(), "here").probabilities
    assert p.sum(axis=1)[[8, 11, 22]].tolist() == pytest.approx([1, 1, 1])
    # of three oxides in rock salt and three in rutile 6 + 6 ordered pairs; 3 x 2 with chlorides
    assert p[8, 8] == pytest.approx(12 / 18)
    assert p[8, 17] == pytest.approx(6 / 18)
    assert not p[26].any()  # iron is alone in its bin
    assert p[22, 50] == p[22, 44] == 0.5


def test_one_material_per_prototype_is_refused():
    counts = SubstitutionCounts()
    counts.add(["A_cI2_229_a:Fe", ROCK_SALT.format("Mg", "O")])
    with pytest.raises(CurationError, match="no two materials"):
        SubstitutionMatrix.of_counts(counts.matrix(), "here")


def test_the_table_holds_the_probabilities():
    counts = SubstitutionCounts()
    counts.add(LABELS)
    matrix = SubstitutionMatrix.of_counts(counts.matrix(), "here")
    table = matrix.columns()
    names = table.pop("from")
    assert [*table] == names == ["O", "Na", "Mg", "Cl", "K", "Ca", "Ti", "Ru", "Sn"]
    for (row, a), b in itertools.product(enumerate(names), names):
        assert table[b][row] == matrix.probabilities[atomic_number(a), atomic_number(b)]


@pytest.mark.slow
def test_published_probabilities():
    """Symmetric, sum to one, and an ion of the same group is likelier than others."""
    joint = ionic_substitutions()
    assert joint.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(joint, joint.T, rtol=1e-12)
    p = SubstitutionMatrix.of_counts(joint, "Hautier").probabilities
    assert np.argsort(-p[11])[:2].tolist() == [11, 19]  # Na stays, or becomes K
    assert p[8, 16] > 5 * p[8, 17 + 18]  # O -> S, and O -> Br


@pytest.fixture(scope="module")
def log_p():
    p = np.zeros((N_ELEMENTS + 1, N_ELEMENTS + 1))
    p[np.ix_(FIVE, FIVE)] = np.random.default_rng(0).dirichlet(np.ones(5), size=5)
    with np.errstate(divide="ignore"):
        return np.log(p)


def all_of(log_p, parent, one_element):
    """Every substitution with its log weight, the largest first."""
    found = []
    for new in itertools.product(FIVE, repeat=len(parent)):
        changed = [(a, b) for a, b in zip(parent, new, strict=True) if a != b]
        if not changed or len(set(new)) < len(new):
            continue
        if one_element and (len(changed) > 1 or changed[0][1] in parent):
            continue
        pairs = changed if one_element else zip(parent, new, strict=True)
        found.append((sum(log_p[pair] for pair in pairs), new))
    return sorted(found, reverse=True)


def drawn(log_p, parent, n, count, sampled, one_element, seed=0, excluded=NONE):
    parents = np.repeat(np.array([parent], dtype=np.uint8), n, axis=0)
    rule = Rule(log_p, excluded, count, sampled, one_element)
    return draw(parents, np.arange(n, dtype=np.uint64), seed, rule)


@pytest.mark.parametrize("one_element", [True, False])
@pytest.mark.parametrize("parent", [(3, 8), (17, 8, 11), (3, 17, 12, 8)])
@pytest.mark.parametrize("count", [1, 4, 200])
def test_the_best_are_those_of_all(log_p, parent, one_element, count):
    result = drawn(log_p, parent, 1, count, sampled=False, one_element=one_element)
    expected = all_of(log_p, parent, one_element)[:count]
    assert [tuple(one) for one in result.numbers.tolist()] == [new for _, new in expected]
    np.testing.assert_allclose(result.log_weight, [weight for weight, _ in expected])


@pytest.mark.slow
@pytest.mark.parametrize("one_element", [True, False])
@pytest.mark.parametrize("parent", [(3, 8), (17, 8, 11)])
def test_samples_follow_the_weights_without_replacement(log_p, parent, one_element):
    """First and second draws of 4,000 parents, against the exact probabilities."""
    n = 4000
    result = drawn(log_p, parent, n, 2, sampled=True, one_element=one_element)
    assert np.bincount(result.parent).tolist() == [2] * n
    found = all_of(log_p, parent, one_element)
    w = np.exp([weight for weight, _ in found])
    w /= w.sum()
    second = (w[:, None] / (1 - w[:, None]) * w[None, :] * (1 - np.eye(len(w)))).sum(axis=0)
    for place, expected in ((0, w), (1, second)):
        at = Counter(map(tuple, result.numbers[place::2].tolist()))
        seen = np.array([at[new] for _, new in found])
        assert seen.sum() == n
        assert chisquare(seen, n * expected / expected.sum()).pvalue > 1e-4


@pytest.mark.parametrize("sampled", [True, False])
def test_more_draws_begin_with_fewer(log_p, sampled):
    """The width of the search does not show: draws are exact, and depend on their parent alone."""
    few = drawn(log_p, (17, 8, 11), 50, 3, sampled, one_element=False)
    many = drawn(log_p, (17, 8, 11), 60, 20, sampled, one_element=False)
    for parent in range(50):
        longer = many.numbers[many.parent == parent][:3].tolist()
        assert few.numbers[few.parent == parent].tolist() == longer


def test_seeds_differ(log_p):
    one, other = (drawn(log_p, (17, 8, 11), 50, 3, True, False, seed) for seed in (0, 1))
    assert (one.numbers != other.numbers).any()


@pytest.mark.parametrize("one_element", [True, False])
def test_excluded_elements_leave(log_p, one_element):
    """An excluded element of the parent is replaced; a second one cannot stay behind."""
    matrix = SubstitutionMatrix(np.exp(log_p), "here")
    rule = Rule.of(matrix, excluded_elements(["Cl"]), 10, sampled=True, one_element=one_element)
    parents = np.array([[17, 8], [11, 8]], dtype=np.uint8)
    result = draw(parents, np.arange(2, dtype=np.uint64), 0, rule)
    assert {*result.parent.tolist()} == {0, 1}
    assert not (result.numbers == 17).any()
    both = Rule.of(matrix, excluded_elements(["Cl", "O"]), 10, sampled=True, one_element=True)
    assert {*draw(parents, np.arange(2, dtype=np.uint64), 0, both).parent.tolist()} == {1}


def test_an_unknown_element_stays():
    p = np.zeros((N_ELEMENTS + 1, N_ELEMENTS + 1))
    p[11, [11, 19]] = 0.5
    rule = Rule.of(SubstitutionMatrix(p, "here"), NONE, 10, sampled=False, one_element=False)
    result = draw(np.array([[11, 60]], dtype=np.uint8), np.zeros(1, np.uint64), 0, rule)
    assert result.numbers.tolist() == [[19, 60]]


def test_words_of_exclusions():
    assert np.flatnonzero(excluded_elements(["Xe", "lanthanides"])).tolist() == [54, *range(57, 72)]
    with pytest.raises(ConfigError, match=r"'lantanides' is no element.*lanthanides"):
        excluded_elements(["lantanides"])


def test_a_substituted_label_is_canonical_again():
    """K comes before O and Mg after it, so the parts change places."""
    label = parse_label("A2B_tP6_136_f_a:O-Ti")
    assert substituted(label, (8, 13)) == ("AB2_tP6_136_a_f:Al-O", "AlO2")
    assert substituted(label, (16, 22)) == ("A2B_tP6_136_f_a:S-Ti", "TiS2")
    # the two positions of rock salt are equivalent: a is always the first of the alphabet
    salt = parse_label(ROCK_SALT.format("Cl", "Na"))
    assert substituted(salt, (17, 5)) == (ROCK_SALT.format("B", "Cl"), "BCl")


def rule_of(p, count=10):
    return Rule.of(SubstitutionMatrix(p, "here"), NONE, count, sampled=False, one_element=True)


def test_each_protostructure_comes_once_and_none_of_the_parents():
    p = np.zeros((N_ELEMENTS + 1, N_ELEMENTS + 1))
    p[11, [19, 37]] = p[19, [11, 37]] = 0.5
    labels = [ROCK_SALT.format("Cl", "Na"), None, "no label", ROCK_SALT.format("Cl", "K")]
    pieces = [Parents(0, ["a", "b"], labels[:2]), Parents(2, ["c", "d"], labels[2:])]
    chosen = select(pieces, rule_of(p), 0, None)
    assert chosen.parent.tolist() == [0]
    assert chosen.numbers.tolist() == [17, 37]
    assert chosen.draws.tolist() == [2]  # from sodium and from potassium
    assert chosen.counts() == {
        "parents": 2,
        "parents_without_substitution": 0,
        "drawn": 4,
        "known_protostructures": 2,
        "repeated": 1,
        "candidates": 1,
    }


def test_pieces_do_not_matter():
    p = np.zeros((N_ELEMENTS + 1, N_ELEMENTS + 1))
    p[np.ix_(FIVE, FIVE)] = 0.2
    labels = [ROCK_SALT.format(*sorted(pair)) for pair in itertools.combinations(
        ("Li", "O", "Na", "K", "Ba"), 2)]  # fmt: skip
    ids = [f"m{k}" for k in range(len(labels))]
    whole = select([Parents(0, ids, labels)], rule_of(p), 0, None)
    apart = select(
        [Parents(k, [ids[k]], [labels[k]]) for k in range(len(ids))], rule_of(p), 0, None
    )
    for name in ("parent", "numbers", "offsets", "log_weight", "draws"):
        assert (getattr(whole, name) == getattr(apart, name)).all()
    assert len(select([Parents(0, ids, labels)], rule_of(p), 0, 2)) == 2


@pytest.mark.slow
def test_cells_have_the_volume_that_pymatgen_predicts():
    from pymatgen.analysis.structure_prediction.volume_predictor import DLSVolumePredictor
    from pymatgen.core import Lattice, Structure
    from support.crystals import few, many

    from matdata.core.crystals import Crystals

    parents = Crystals.concat([few(), many(12)])
    rows = np.array([row for row in range(len(parents)) if parents.ids[row] != "po"])
    changes = []
    for row in rows.tolist():
        numbers = np.unique(parents.numbers[parents.sites(row)]).tolist()
        changes.append({z: {8: 16}.get(z, z) for z in numbers})
    ids = [f"new-{row}" for row in rows]
    crystals, kept, rejects = substituted_cells(ids, parents, rows, changes)
    assert len(kept) + len(rejects) == len(rows)
    assert len(kept) > 8
    predictor = DLSVolumePredictor(min_scaling=None, max_scaling=None)
    for place, row in enumerate(rows[kept].tolist()):
        part = parents.sites(row)
        change = changes[kept[place]]
        species = [symbols()[change[z]] for z in parents.numbers[part].tolist()]
        lattice = Lattice(parents.lattice[row])
        expected = predictor.predict(Structure(lattice, species, parents.frac_coords[part]))
        assert crystals.volume[place] == pytest.approx(expected, rel=1e-6)


def test_shortest_distances():
    from support.crystals import few

    elements, counts, distances = shortest_pairs(few(), 0)
    assert (elements.tolist(), counts.tolist()) == ([11, 17], [4, 4])
    half, face = 5.64 / 2, 5.64 / 2**0.5
    np.testing.assert_allclose(distances, [[face, half], [half, face]], rtol=1e-12)
