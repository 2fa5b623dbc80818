from __future__ import annotations

from dataclasses import dataclass

import pytest

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting


@dataclass(frozen=True)
class Sample(Settings):
    radius: float = setting(5.0, "cutoff in Å", minimum=0.0, maximum=20.0)
    count: int = setting(3, "how many")
    mode: str = setting("mean", "what to do", choices=("mean", "sum"))
    exact: bool = setting(False, "all digits")
    names: tuple[str, ...] = setting((), "names")
    limit: int | None = setting(None, "at most")
    level: str = setting("site", "how it is looked at", view=True)


def test_text_becomes_the_type():
    given = {"radius": "2.5", "count": "7", "exact": "yes", "names": "a,b", "limit": "none"}
    made = Sample.from_mapping(given)
    assert made == Sample(2.5, 7, "mean", True, ("a", "b"), None)


@dataclass(frozen=True)
class Preset:
    limit: int = 8
    radius: float = 6.0


def test_a_preset_keeps_what_the_settings_leave_open():
    """`None` leaves a value to the preset; fields that it has not are none of its values."""
    assert Sample().applied_to(Preset()) == Preset(limit=8, radius=5.0)
    assert Sample(radius=2.0, limit=0).applied_to(Preset()) == Preset(limit=0, radius=2.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"radiu": 1}, r"unknown setting 'radiu'.*did you mean 'radius'"),
        ({"radius": "far"}, "expected float"),
        ({"radius": "nan"}, "expected a finite float"),
        ({"radius": float("inf")}, "expected a finite float"),
        ({"radius": -1.0}, "expected at least 0"),
        ({"radius": 21}, "expected at most 20"),
        ({"count": 2.5}, "expected int"),
        ({"count": True}, "expected int"),
        ({"exact": "perhaps"}, "true or false"),
        ({"mode": "meen"}, "did you mean 'mean'"),
        ({"names": 3}, "expected list"),
    ],
)
def test_wrong_values_are_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        Sample.from_mapping(given)


def test_a_seed_fits_into_64_bits():
    from matdata.training.settings import TrainSettings

    assert TrainSettings(seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(ConfigError, match=r"'seed' .* at most 9223372036854775807"):
        TrainSettings(seed=2**63)


def test_views_are_no_part_of_the_identity():
    assert Sample(level="crystal").digest() == Sample().digest()
    assert Sample(count=4).digest() != Sample().digest()


def test_a_later_setting_is_part_of_the_identity_where_it_differs():
    @dataclass(frozen=True)
    class Grown(Settings):
        radius: float = setting(5.0, "cutoff in Å")
        images: str = setting("all", "which images", later=True)

    assert Grown().identity() == {"radius": 5.0}
    assert Grown(images="nearest").identity() == {"radius": 5.0, "images": "nearest"}
    assert Grown.later() == {"images": "all"}


def test_settings_are_frozen_and_described():
    with pytest.raises(AttributeError):
        Sample().count = 4  # type: ignore[misc]
    assert ("count", 3, "how many") in Sample.describe()


def test_no_choice_is_called_none_as_it_is_given():
    @dataclass(frozen=True)
    class Chosen(Settings):
        table: str | None = setting(None, "vectors", choices=(None, "onehot"))

    ((_, default, text),) = Chosen.describe()
    assert (default, text) == (None, "vectors (none, onehot)")
    assert Chosen.from_mapping({"table": "none"}).table is None
    with pytest.raises(ConfigError, match="choose one of: none, onehot"):
        Chosen.from_mapping({"table": "onehit"})
