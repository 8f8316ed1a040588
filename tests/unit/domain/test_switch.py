from dataclasses import replace
from itertools import pairwise

import pytest

from router.domain.scope import FIRM, Scope, ScopeKind, parse_scope
from router.domain.switch import (
    SwitchSetting,
    TradingState,
    is_stricter,
    of_market,
    scopes_of,
    strictest,
    strictest_of,
    supersedes,
)

VENUE = Scope(ScopeKind.VENUE, "hyperliquid")
HALT = SwitchSetting(FIRM, TradingState.HALTED, "ann", "a drill", 5)


@pytest.mark.parametrize("scope", [FIRM, VENUE, Scope(ScopeKind.ACCOUNT, "evm:1:0xaa")])
def test_a_label_is_read_as_it_is_written(scope):
    assert parse_scope(scope.label) == scope


@pytest.mark.parametrize("label", ["", "firm:x", "venue", "venue:", "desk:x", ":x"])
def test_what_is_no_label_is_refused(label):
    with pytest.raises(ValueError, match="must be firm or one of account:NAME"):
        parse_scope(label)


def test_states_get_stricter_in_the_order_they_are_written():
    for before, after in pairwise(TradingState):
        assert is_stricter(after, before)
        assert not is_stricter(before, after)
        assert strictest([after, before]) is after
    assert strictest([]) is TradingState.ACTIVE


def test_the_strictest_of_some_scopes_is_found_and_freedom_is_none():
    away = replace(HALT, scope=VENUE, state=TradingState.CANCEL_ONLY)
    free = replace(HALT, state=TradingState.ACTIVE)

    assert strictest_of({FIRM: HALT, VENUE: away}, (VENUE, FIRM)) == HALT
    assert strictest_of({FIRM: free, VENUE: away}, (VENUE, FIRM)) == away
    assert strictest_of({FIRM: free, VENUE: away}, (FIRM,)) is None
    assert strictest_of({}, (FIRM, VENUE)) is None


def test_a_setting_gives_way_to_a_later_or_a_stricter_one():
    free = replace(HALT, state=TradingState.ACTIVE)

    assert supersedes(HALT, None)
    assert not supersedes(HALT, HALT)
    assert supersedes(replace(free, at=6), HALT)
    assert not supersedes(free, HALT)
    assert not supersedes(replace(free, at=4), HALT)
    assert supersedes(replace(HALT, at=4), free)


def test_what_a_strategy_does_is_taken_in_by_four_scopes():
    kinds = {s.kind for s in of_market("x", "v", "a")}

    assert kinds == set(ScopeKind) - {ScopeKind.INSTRUMENT}
    assert {s.kind for s in scopes_of("v", "a")} == kinds - {ScopeKind.STRATEGY}
