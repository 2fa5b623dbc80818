"""Features that declare the same intermediate are computed together, in the bytes of each alone."""

from pathlib import Path

import pytest
from support.executors import InCaller

import matdata as md
from matdata.features import featurizer, tessellating
from matdata.features.building.jobs import Job, in_passes
from matdata.features.cell import Lattice
from matdata.features.intermediates import shared_values
from matdata.features.symmetry import SymmetrySearch, SymmetrySettings
from matdata.features.tessellating import TESSELLATION
from matdata.store.manifest import read_manifest

pytestmark = pytest.mark.slow

SIZE = 700  # two batches
TOGETHER = ["ofm", "voronoi", "voronoi-facets"]


def arrays_of(cache: Path) -> dict[str, bytes]:
    """Bytes of all features of a cache, but for the times in receipts."""
    home = cache / "features"
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
        and path.name not in ("receipt.json", "latest.json")
        and not path.name.startswith(".lock")
    }


def digests_of(dataset) -> list[str]:
    """Digests of the arrays of features, whatever their shards."""
    return [read_manifest(dataset.feature(name).folder)["arrays_digest"] for name in TOGETHER]


@pytest.fixture
def tessellated(monkeypatch):
    """Sizes of the batches that were tessellated."""
    sizes = []
    compute = tessellating.Tessellating.compute

    def counted(self, batch):
        sizes.append(len(batch))
        return compute(self, batch)

    monkeypatch.setattr(tessellating.Tessellating, "compute", counted)
    return sizes


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A dataset whose features were computed one by one, and their bytes."""
    cache = tmp_path_factory.mktemp("alone")
    dataset = md.build(f"sample:{SIZE}", cache=cache, dedupe="none", split=None, workers=1)
    for name in TOGETHER:
        dataset.featurize(name)
    return dataset, arrays_of(cache)


def jobs(dataset, *specs, rows=None, home=Path("home")):
    return [Job(featurizer(spec), dataset, home, "hdf5", rows) for spec in specs]


@pytest.mark.parametrize("workers", [1, 2])
def test_built_together_they_tessellate_once(alone, tessellated, tmp_path, workers):
    md.build(
        f"sample:{SIZE}", cache=tmp_path, dedupe="none", split=None, workers=workers,
        features=TOGETHER,
    )  # fmt: skip
    assert sorted(tessellated) == [SIZE - 512, 512]
    assert arrays_of(tmp_path) == alone[1]


def test_on_an_executor_they_tessellate_once(alone, tessellated, tmp_path):
    executor = InCaller()
    md.build(
        f"sample:{SIZE}", cache=tmp_path, dedupe="none", split=None, features=TOGETHER,
        executor=executor,
    )  # fmt: skip
    assert sorted(tessellated) == [SIZE - 512, 512]
    assert executor.functions.count("compute_pass") == 1
    assert arrays_of(tmp_path) == alone[1]


def test_only_what_is_missing_is_computed(alone, tessellated, tmp_path):
    """A feature that is there, and a shard that a killed build has left, are taken as they are."""
    options = {"cache": tmp_path, "dedupe": "none", "split": None, "workers": 1}
    dataset = md.build(f"sample:{SIZE}", **options, features=["voronoi"], shard_rows=300)
    assert tessellated == [300, 300, 100]

    with pytest.MonkeyPatch.context() as patch:
        steps = iter(range(2))
        ligands = type(featurizer("ofm"))._ligands

        def fails_in_the_second_shard(self, crystals, cells):
            if next(steps) > 0:
                raise KeyboardInterrupt
            return ligands(self, crystals, cells)

        patch.setattr(type(featurizer("ofm")), "_ligands", fails_in_the_second_shard)
        with pytest.raises(KeyboardInterrupt):
            dataset.featurize("ofm", shard_rows=300, workers=1)
    tessellated.clear()
    dataset.featurize(*TOGETHER, shard_rows=300, workers=1)
    # facets are computed for all shards, ofm from the second one on, voronoi for none
    assert tessellated == [300, 300, 100]
    assert digests_of(dataset) == digests_of(alone[0])


def test_passes_join_what_shares_an_intermediate(alone):
    dataset = alone[0]
    specs = ["magpie", "ofm", "wyckoff", "voronoi", "space-group", "ofm", "graph"]
    passes = [[job.featurizer.spec for job in one] for one in in_passes(jobs(dataset, *specs))]
    assert passes == [
        ["magpie"],
        ["ofm", "voronoi"],
        ["wyckoff", "space-group"],
        ["ofm"],
        ["graph"],
    ]


def test_other_shards_or_settings_are_passes_of_their_own(alone):
    dataset = alone[0]
    ofm, voronoi = jobs(dataset, "ofm", "voronoi")
    (smaller,) = jobs(dataset, "voronoi", rows=100)
    (other_home,) = jobs(dataset, "voronoi", home=Path("elsewhere"))
    assert in_passes([ofm, smaller]) == [[ofm], [smaller]]
    assert in_passes([ofm, other_home]) == [[ofm], [other_home]]
    assert in_passes([ofm, voronoi]) == [[ofm, voronoi]]
    loose = featurizer("space-group", {"symprec": 0.03})
    (wyckoff,) = jobs(dataset, "wyckoff")
    loose_job = Job(loose, dataset, Path("home"), "hdf5")
    assert in_passes([wyckoff, loose_job]) == [[wyckoff], [loose_job]]


def test_a_value_is_kept_for_one_batch_and_one_pass(alone, tessellated):
    batch = alone[0].crystals.take(slice(0, 5))
    equal = alone[0].crystals.take(slice(0, 5))
    with shared_values():
        first = TESSELLATION.of(batch)
        assert TESSELLATION.of(batch) is first
        assert TESSELLATION.of(equal) is not first
    assert TESSELLATION.of(batch) is not first
    assert TESSELLATION.of(batch) is not TESSELLATION.of(batch)
    assert len(tessellated) == 5


def test_intermediates_with_other_settings_are_others():
    default, again = (SymmetrySearch.with_settings(SymmetrySettings()) for _ in range(2))
    loose = SymmetrySearch.with_settings(SymmetrySettings(symprec=0.03))
    assert default == again
    assert hash(default) == hash(again)
    assert default != loose
    assert default != TESSELLATION


def test_a_failing_pass_leaves_the_passes_before_it_committed(tmp_path, monkeypatch):
    dataset = md.build("sample:30", cache=tmp_path, dedupe="none", split=None, workers=1)

    def fails(self, batch):
        raise md.FeatureError("broken")

    monkeypatch.setattr(Lattice, "featurize", fails)
    for executor in (InCaller(), None):
        with pytest.raises(md.FeatureError, match="broken"):
            dataset.featurize("fractions", "lattice", executor=executor)
        assert dataset.features() == ["fractions"]
        md.rm(f"{dataset.ref}/features/fractions", cache=tmp_path)
    monkeypatch.undo()
    assert len(dataset.featurize("fractions", "lattice", executor=InCaller())) == 2
