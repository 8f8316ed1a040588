"""Mappings and sets, which a checkpoint keeps beside what records are made of."""

from collections.abc import Mapping

import pytest
from immutables import Map

from router.domain.error import JournalError
from router.journal.plans import MisfitError, plan_of


@pytest.mark.parametrize(
    ("hint", "value", "raw"),
    [
        (Mapping[str, int], {"b": 1, "a": 2**70}, [["b", 1], ["a", str(2**70)]]),
        (dict[tuple[str, int], bool], {("a", 1): True}, [[["a", 1], True]]),
        (Map[str, int], Map({"a": 1}), [["a", 1]]),
        (frozenset[str], frozenset({"b", "a"}), ["a", "b"]),
    ],
)
def test_what_goes_in_comes_out(hint, value, raw):
    plan = plan_of(hint)

    encoded = plan.encode(value)

    assert plan_of(tuple[str, ...]) is plan_of(tuple[str, ...])
    assert list(map(list, encoded)) == raw if hint != frozenset[str] else encoded == raw
    assert plan.decode(encoded) == value
    assert type(plan.decode(encoded)) in {dict, Map, frozenset}


def test_the_order_of_a_mapping_is_kept():
    plan = plan_of(Mapping[str, int])

    back = plan.decode(plan.encode({"b": 1, "a": 2}))

    assert list(back) == ["b", "a"]


@pytest.mark.parametrize(
    ("hint", "value"), [(Mapping[str, int], [1]), (frozenset[str], {"a"}), (dict[str, int], None)]
)
def test_what_is_none_is_refused(hint, value):
    with pytest.raises(MisfitError, match="must be a"):
        plan_of(hint).encode(value)


def test_a_type_that_cannot_be_journaled_is_named():
    with pytest.raises(JournalError, match="float"):
        plan_of(Mapping[str, float])
