from dataclasses import replace

import pytest

from router.custody import policy
from router.custody.policy import Act
from router.domain.order import Replacement
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Side
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, T0, Driver, order

ACTIVE, REDUCE, CANCEL, HALTED = TradingState
TRADING = (Act.SIGN, Act.SUBMIT, Act.REPLACE)


def child_at(instrument, **changes):
    driver = Driver()
    driver.start()
    driver.submit(order())
    (child,) = driver.solve(driver.observe(order()), (instrument, 4))
    return replace(child, **changes)


def board(state, scope=FIRM, **others):
    own = SwitchSetting(scope, state, "ann", "a drill", T0)
    return {scope: own, **others.get("more", {})}


@pytest.mark.parametrize("instrument", [POOL, PERP], ids=lambda i: i.id)
@pytest.mark.parametrize("state", [CANCEL, HALTED])
def test_nothing_new_is_signed_sent_or_repeated_and_every_cancel_is(instrument, state):
    child, switches = child_at(instrument), board(state)

    refused = [policy.refusal(child, switches, act) for act in TRADING]

    assert all(refused)
    assert refused[0] == (
        f"the signer does not sign: firm is {state.value} since ann said so: a drill"
    )
    assert policy.refusal(child, switches, Act.CANCEL) is None


@pytest.mark.parametrize("act", Act)
def test_what_nobody_switched_or_somebody_freed_passes(act):
    child = child_at(PERP)

    assert policy.refusal(child, {}, act) is None
    assert policy.refusal(child, board(ACTIVE), act) is None


@pytest.mark.parametrize(
    "scope",
    [
        FIRM,
        Scope(ScopeKind.VENUE, PERP.venue),
        Scope(ScopeKind.ACCOUNT, MARGIN),
        Scope(ScopeKind.STRATEGY, "default"),
    ],
    ids=lambda s: s.label,
)
def test_each_scope_stops_what_it_takes_in(scope):
    assert policy.refusal(child_at(PERP), board(HALTED, scope), Act.SIGN) is not None


@pytest.mark.parametrize(
    "scope",
    [
        Scope(ScopeKind.VENUE, POOL.venue),
        Scope(ScopeKind.ACCOUNT, CHAIN),
        Scope(ScopeKind.STRATEGY, "other"),
    ],
    ids=lambda s: s.label,
)
def test_no_scope_stops_what_it_does_not_take_in(scope):
    assert policy.refusal(child_at(PERP), board(HALTED, scope), Act.SIGN) is None


def test_the_strictest_of_all_scopes_holds():
    venue = Scope(ScopeKind.VENUE, PERP.venue)
    switches = {**board(ACTIVE), **board(HALTED, venue)}

    assert "venue:hyperliquid is halted" in policy.refusal(child_at(PERP), switches, Act.SIGN)


def test_only_a_flagged_perp_order_reduces():
    switches = board(REDUCE)

    assert policy.refusal(child_at(PERP), switches, Act.SIGN) is not None
    assert policy.refusal(child_at(PERP, side=Side.SELL), switches, Act.SIGN) is not None
    assert policy.refusal(child_at(PERP, reduces_only=True), switches, Act.SIGN) is None


def test_on_a_chain_only_selling_the_base_reduces():
    switches = board(REDUCE)

    assert policy.refusal(child_at(POOL, reduces_only=True), switches, Act.SIGN) is not None
    assert policy.refusal(child_at(POOL, side=Side.SELL), switches, Act.SIGN) is None


def test_sending_is_what_its_bytes_are_for():
    assert policy.act_of(None) is Act.SUBMIT
    assert policy.act_of(Replacement.BUMP) is Act.REPLACE
    assert policy.act_of(Replacement.CANCEL) is Act.CANCEL
