"""What a quote tells of the desk, and to whom."""

import pytest

from router.domain.plan import NoRouteReason
from router.domain.units import Amount, InstrumentId
from router.domain.verdict import Refused
from router.gateway.quote_document import CurvePoint, Infeasible, MarginEffect
from router.gateway.quote_document import Standing as Told
from router.gateway.quote_standing import (
    Allowance,
    LeftOut,
    Standing,
    for_accounts,
    standing_data,
)
from tests.unit.cli.curve_document import quote
from tests.unit.engine.scene import DOLLAR, PERP, POOL, USDC

EQUITY = "equity is 123456789"
ASSETS = {USDC.id: USDC}
OF_ACCOUNTS = [
    NoRouteReason.INSUFFICIENT_BALANCE,
    NoRouteReason.INSUFFICIENT_MARGIN,
    NoRouteReason.STRESS,
    NoRouteReason.POSITION_CAP,
    NoRouteReason.REDUCE_ONLY,
]


def point(reason, message):
    nothing = dict.fromkeys(
        ("notional", "slippage_bps", "before_gas_bps", "low_bps", "high_bps"), None
    )
    return CurvePoint(quantity="1", venues=0, reason=reason, message=message, **nothing)


def narrow(standing, **parts):
    now = standing_data(standing, ASSETS)
    return for_accounts(quote(()).model_copy(update={"now": now, **parts}), standing)


def test_an_allowance_is_told_in_units_of_its_asset():
    left = Allowance("controls.firm.daily_notional_max", Amount(USDC.id, 5 * DOLLAR), 2 * DOLLAR)

    (told,) = standing_data(Standing("accepted", "", allowances=(left,)), ASSETS).allowances

    assert (told.limit, told.used, told.left, told.asset) == ("5", "2", "3", "USDC")


@pytest.mark.parametrize("reason", OF_ACCOUNTS)
def test_who_sees_some_accounts_is_told_nothing_of_what_the_desks_hold(reason):
    refused = Refused(reason, EQUITY)
    allowance = Allowance("controls.firm.daily_notional_max", Amount(USDC.id, 77_000_000), 0)
    left_out = (
        LeftOut(PERP.id, EQUITY, of_account=True),
        LeftOut(InstrumentId(POOL.id), "venue:local is halted"),
    )
    standing = Standing("refused", EQUITY, refused, left_out, (allowance,))
    levels = Told(equity="123456789", initial="1", maintenance="1")
    margin = MarginEffect(
        account="a", collateral="USDC", before=levels, after=levels, worst=None, scenarios=[]
    )
    infeasible = Infeasible(
        reason=reason.value, message=EQUITY, largest_quantity="1", quantity_asset="ETH"
    )

    told = narrow(
        standing,
        margin=[margin],
        infeasible=infeasible,
        curve=[point(reason.value, EQUITY)],
        explanation=[*standing.sentences, "7 ETH at the pool"],
    )

    assert "123456789" not in told.model_dump_json()
    assert told.explanation[1:] == ["7 ETH at the pool"]
    assert told.now.allowances == []
    assert (told.now.verdict, told.now.reason) == ("refused", reason.value)
    assert [x.instrument for x in told.now.left_out] == [PERP.id, POOL.id]
    assert told.now.left_out[1].reason == "venue:local is halted"
    assert told.infeasible.largest_quantity == "1"
    assert [said.partition(":")[0] for said in told.withheld] == ["margin", "now.allowances"]


def test_why_a_switch_or_a_limit_refuses_is_told_to_everybody():
    halted = Refused(NoRouteReason.LIMIT_EXCEEDED, "firm is halted")

    told = narrow(Standing("refused", halted.message, halted))

    assert told.now.message == "firm is halted"


def test_how_much_of_a_limit_everybody_has_used_is_told_to_keys_of_the_whole_desk():
    used = "123456789 USDC is above controls.firm.daily_notional_max 5 USDC; wait"
    standing = Standing("refused", used, Refused(NoRouteReason.LIMIT_EXCEEDED, used))

    told = narrow(standing, explanation=[*standing.sentences])

    assert "controls.firm.daily_notional_max" in told.now.message
    assert "123456789" not in told.model_dump_json()


def test_the_whole_document_holds_nothing_back():
    assert quote(()).withheld == []


def test_a_reason_that_is_not_of_accounts_tells_nothing_of_them_either():
    why = f"quantity cap leaves perp:ETH 3 ETH; initial margin: perp:me is short 9; {EQUITY}"
    halted = f"firm is halted since control C06-daily said so: cash: {EQUITY}"
    reason = NoRouteReason.LIMIT_EXCEEDED
    standing = Standing("refused", why, Refused(reason, why), (LeftOut(PERP.id, halted),))
    infeasible = Infeasible(
        reason=reason.value, message=why, largest_quantity=None, quantity_asset="ETH"
    )
    curve = [point(reason.value, why), point(None, None)]

    told = narrow(standing, infeasible=infeasible, curve=curve, explanation=[])

    assert "123456789" not in told.model_dump_json()
    assert told.curve[1].message is None
    assert told.now.left_out[0].reason.startswith("firm is halted since control C06-daily said so")
