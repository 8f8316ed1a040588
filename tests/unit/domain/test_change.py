"""Values with some fields other: equal to what the standard library makes."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from router.domain.change import changed
from router.state.world import World


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fields."""

    one: int
    other: str = "x"


@dataclass(frozen=True, slots=True)
class Checked:
    """One that looks at itself."""

    one: int
    other: int = 0

    def __post_init__(self):
        assert self.one >= 0


def test_the_fields_that_are_named_are_other_and_the_rest_is_the_same():
    pair = Pair(1, "y")

    made = changed(pair, one=2)

    assert made == Pair(2, "y") == replace(pair, one=2)
    assert pair == Pair(1, "y")
    assert hash(made) == hash(Pair(2, "y"))


def test_a_world_changes_as_the_standard_library_would_have_it():
    world = World()

    assert changed(world, is_ready=True, epoch=7) == replace(world, is_ready=True, epoch=7)
    assert changed(world) == world


def test_what_was_made_is_of_the_same_class_and_cannot_be_written_to():
    made = changed(Pair(1), one=2)

    assert type(made) is Pair
    with pytest.raises(FrozenInstanceError):
        made.one = 3
    with pytest.raises((AttributeError, TypeError)):
        object.__setattr__(made, "third", 3)


def test_a_field_that_is_not_there_is_refused():
    with pytest.raises(KeyError, match="three"):
        changed(Pair(1), three=3)


def test_a_value_that_checks_itself_is_refused():
    with pytest.raises(AssertionError, match="Checked"):
        changed(Checked(1), one=2)
