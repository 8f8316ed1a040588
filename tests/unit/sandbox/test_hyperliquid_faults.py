"""Faults as data: how often a rule strikes, what is listed, what repair undoes."""

from random import Random

import pytest

from venues.sandbox.hyperliquid.service import fields
from venues.sandbox.hyperliquid.service.faults import (
    ALL_CHANNELS,
    Failure,
    Faults,
    Mangling,
    Place,
    Rule,
)


def test_a_counted_rule_strikes_so_often_and_no_more():
    rule = Rule(left=2)

    assert [rule.strikes(Random(1)) for _ in range(4)] == [True, True, False, False]


def test_a_chance_is_decided_by_the_seed():
    def struck(seed):
        rule, random = Rule(chance_percent=30), Random(seed)
        return [rule.strikes(random) for _ in range(1_000)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 220 < sum(struck(1)) < 380


def test_a_miss_does_not_use_up_a_count():
    rule, random = Rule(left=3, chance_percent=10), Random(5)

    assert sum(rule.strikes(random) for _ in range(1_000)) == 3


def test_a_fault_strikes_only_where_it_was_ordered():
    faults = Faults()
    faults.requests[Failure.ERROR, Place.INFO] = Rule()

    assert faults.strikes(Failure.ERROR, Place.EXCHANGE) is None
    assert faults.strikes(Failure.HANG, Place.INFO) is None
    assert faults.strikes(Failure.ERROR, Place.INFO) is not None


def test_frames_are_mangled_by_their_channel_or_by_all():
    faults = Faults()
    faults.frames[Mangling.DROP, "trades"] = Rule()
    faults.frames[Mangling.DUPLICATE, ALL_CHANNELS] = Rule()

    assert faults.mangles(Mangling.DROP, ("trades", ALL_CHANNELS))
    assert not faults.mangles(Mangling.DROP, ("user", ALL_CHANNELS))
    assert faults.mangles(Mangling.DUPLICATE, ("user", ALL_CHANNELS))
    assert not faults.mangles(Mangling.DUPLICATE, ("pong",))


def test_swallowing_by_hand_comes_before_swallowing_by_rule():
    faults = Faults(replies_to_swallow=1)
    faults.requests[Failure.SWALLOW, Place.EXCHANGE] = Rule(left=1)

    assert [faults.takes_swallow() for _ in range(3)] == [True, True, False]


def test_what_is_on_is_listed_and_what_is_used_up_is_not():
    faults = Faults(streams_muted=True)
    faults.requests[Failure.DELAY, Place.WS] = Rule(left=1)
    faults.requests[Failure.ERROR, Place.INFO] = Rule(left=0)
    faults.frames[Mangling.REORDER, "user"] = Rule(chance_percent=5)

    listed = faults.described()

    assert listed["mute_streams"] is True
    assert listed["requests"] == [
        {"failure": "delay", "at": "ws", "count": 1, "chance_percent": 100}
    ]
    assert listed["frames"] == [
        {"mangling": "reorder", "channel": "user", "count": None, "chance_percent": 5}
    ]


def test_repair_leaves_nothing_on():
    faults = Faults(
        replies_to_swallow=1, actions_to_refuse=1, streams_muted=True, publishing_stopped=True
    )
    faults.requests[Failure.LIMIT, Place.INFO] = Rule()
    faults.frames[Mangling.DROP, "user"] = Rule()

    faults.clear()

    assert faults.described() == Faults().described()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"count": 3}, Rule(left=3)),
        ({"percent": 5}, Rule(chance_percent=5)),
        ({"percent": 5, "count": 2}, Rule(left=2, chance_percent=5)),
        ({"on": True}, Rule()),
        ({"on": False}, None),
        ({"count": 0}, None),
        ({"percent": 0}, None),
    ],
)
def test_how_often_is_a_count_a_chance_or_a_switch(body, rule):
    assert fields.rule(body) == rule


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "say count"),
        ({"count": -1}, "count must be an integer of at least 0"),
        ({"count": True}, "count must be an integer"),
        ({"percent": 101}, "percent must be at most 100"),
        ({"on": 1}, "on must be true or false"),
    ],
)
def test_a_senseless_how_often_says_what_to_send(body, word):
    with pytest.raises(fields.CommandError, match=word):
        fields.rule(body)
