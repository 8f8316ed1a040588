from dataclasses import replace

import pytest

from router.domain.control import Control
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.risk import switches
from router.state.world import World
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, STARTED, T0, order

ACTIVE, REDUCE, CANCEL, HALTED = TradingState
AT_PERP = Scope(ScopeKind.VENUE, PERP.venue)
MINE = Scope(ScopeKind.STRATEGY, "default")
OTHERS = Scope(ScopeKind.STRATEGY, "other")


def world(*settings):
    held = {scope: SwitchSetting(scope, state, "ann", "a drill", T0) for scope, state in settings}
    return replace(World(started=STARTED), switches=held)


@pytest.mark.parametrize("scope", [FIRM, MINE])
@pytest.mark.parametrize(("state", "is_refused"), [*zip(TradingState, (0, 0, 1, 1), strict=True)])
def test_an_order_is_refused_where_nothing_new_may_begin(scope, state, is_refused):
    refused = switches.refusal(world((scope, state)), order())

    assert (refused is not None) == is_refused
    if refused is not None:
        assert refused.reason is NoRouteReason.LIMIT_EXCEEDED
        assert (refused.finding.control, refused.finding.scope) == (Control.KILL_SWITCH, scope)
        assert (refused.finding.limit, refused.finding.value) == (state.value, "a new order")
        assert "ann said so: a drill" in refused.message


@pytest.mark.parametrize("scope", [AT_PERP, OTHERS, Scope(ScopeKind.ACCOUNT, CHAIN)])
def test_an_order_is_not_refused_for_a_part_of_the_desk(scope):
    assert switches.refusal(world((scope, HALTED)), order()) is None


def test_only_cancel_only_keeps_what_waits_waiting():
    assert [switches.holds(world((FIRM, s)), order()) for s in TradingState] == [0, 0, 1, 0]
    assert not switches.holds(world((FIRM, CANCEL), (MINE, HALTED)), order())


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (AT_PERP, (POOL,)),
        (Scope(ScopeKind.ACCOUNT, MARGIN), (POOL,)),
        (Scope(ScopeKind.ACCOUNT, CHAIN), (PERP,)),
        (OTHERS, (POOL, PERP)),
        (FIRM, ()),
    ],
)
def test_markets_are_left_where_nobody_switched_them_off(scope, left):
    assert switches.tradable(world((scope, HALTED)), order()) == left
    assert switches.tradable(world((scope, CANCEL)), order()) == left
    assert switches.tradable(world((scope, REDUCE)), order()) == (POOL, PERP)


def test_where_an_order_may_only_reduce_the_setting_says_why():
    reduced = world((AT_PERP, REDUCE))

    assert switches.reduces_only(reduced, order(), PERP) == reduced.switches[AT_PERP]
    assert switches.reduces_only(reduced, order(), POOL) is None
    assert switches.reduces_only(world((AT_PERP, ACTIVE)), order(), PERP) is None
    assert switches.reduces_only(world((AT_PERP, REDUCE), (FIRM, HALTED)), order(), PERP) is None
