"""Each control refuses beyond its limit, lets pass at it, and has told what it looked at."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from router.domain.control import Control
from router.domain.controls import (
    ControlRules,
    Maintenance,
    TokenMark,
    TokenRisk,
    WeeklyClosing,
)
from router.domain.scope import Scope, ScopeKind
from router.domain.units import Amount, DurationNs, TimestampNs
from router.risk.controls.breach import path
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    ETHER,
    MARGIN,
    POOL,
    T0,
    USDC,
    order,
)
from tests.unit.risk.controls.scene import (
    STRATEGY,
    VENUE,
    S,
    beside,
    costing,
    firm,
    found,
    passes,
    usdc,
)

ACCOUNT = Scope(ScopeKind.ACCOUNT, MARGIN)
CHAIN_ACCOUNT = Scope(ScopeKind.ACCOUNT, CHAIN)
MARKET = Scope(ScopeKind.INSTRUMENT, POOL.id)
IN_CASH = order(quantity=Amount(USDC.id, 30_000 * DOLLAR))
MS = 10**6
# The plan is sent four seconds after the order came; the scene's market was seen at T0.
SUBMITTED, SENT = T0 + 2 * S, T0 + 4 * S
# A pool in a transaction, by the router's own figures of units: 130,000 and 110,000 a pool.
UNITS = 240_000
GWEI = 10**9


def tokens(*, accepted):
    risks = (TokenRisk.REBASING, TokenRisk.PAUSABLE)
    return replace(firm(), tokens=(TokenMark(ETH.id, risks, accepted=accepted),))


@dataclass
class Row:
    """A limit that refuses, and the next one that does not; what is told in the unit of the key."""

    code: Control
    refuses: ControlRules
    allows: ControlRules
    key: str
    limit: str
    value: str
    how: dict[str, Any] = field(default_factory=dict)
    asked: Any = None


ROWS = {
    "order notional": Row(
        Control.ORDER_SIZE,
        firm(order_notional_max=(Amount(USDC.id, 30_000 * DOLLAR - 1),)),
        firm(order_notional_max=usdc(30_000)),
        "controls.firm.order_notional_max",
        "29999.999999 USDC",
        "30000 USDC",
        asked=IN_CASH,
    ),
    "order quantity": Row(
        Control.ORDER_SIZE,
        beside(STRATEGY, order_quantity_max=(Amount(ETH.id, 10 * ETHER - 1),)),
        beside(STRATEGY, order_quantity_max=(Amount(ETH.id, 10 * ETHER),)),
        'controls.strategy."default".order_quantity_max',
        "9.999999999999999999 ETH",
        "10 ETH",
    ),
    "a venue's part of the quantity": Row(
        Control.ORDER_SIZE,
        beside(VENUE, order_quantity_max=(Amount(ETH.id, 4 * ETHER - 1),)),
        beside(VENUE, order_quantity_max=(Amount(ETH.id, 4 * ETHER),)),
        'controls.venue."hyperliquid".order_quantity_max',
        "3.999999999999999999 ETH",
        "4 ETH",
    ),
    # 4 ether at 3,000, and a tenth of a percent that the leg may cost more.
    "a venue's part of the notional": Row(
        Control.ORDER_SIZE,
        beside(VENUE, order_notional_max=(Amount(USDC.id, 12_012 * DOLLAR - 1),)),
        beside(VENUE, order_notional_max=usdc(12_012)),
        'controls.venue."hyperliquid".order_notional_max',
        "12011.999999 USDC",
        "12012 USDC",
    ),
    # The book is told 3,003 and every source says 3,000: 10 bps.
    "collar of a book": Row(
        Control.PRICE_COLLAR,
        beside(VENUE, collar_book_pips=999),
        beside(VENUE, collar_book_pips=1_000),
        'controls.venue."hyperliquid".collar_book_bps',
        "9.99",
        "10",
    ),
    "collar of a pool": Row(
        Control.PRICE_COLLAR,
        firm(collar_pool_pips=999),
        firm(collar_pool_pips=1_000),
        "controls.firm.collar_pool_bps",
        "9.99",
        "10",
    ),
    "slippage an order allows": Row(
        Control.SLIPPAGE,
        firm(slippage_max_pips=9_999),
        firm(slippage_max_pips=10_000),
        "controls.firm.slippage_max_bps",
        "99.99",
        "100",
    ),
    # 30 dollars for 18,000: a six hundredth, 16.67 bps.
    "price impact of a market": Row(
        Control.PRICE_IMPACT,
        beside(MARKET, impact_max_pips=1_666),
        beside(MARKET, impact_max_pips=1_667),
        f'controls.instrument."{POOL.id}".impact_max_bps',
        "16.66",
        "16.67",
        how={"change": costing(30 * DOLLAR)},
    ),
    "price impact of a while": Row(
        Control.PRICE_IMPACT,
        beside(MARKET, impact_10min_max_pips=1_666),
        beside(MARKET, impact_10min_max_pips=1_667),
        f'controls.instrument."{POOL.id}".impact_10min_max_bps',
        "16.66",
        "16.67",
        how={"change": costing(30 * DOLLAR)},
    ),
    "open notional": Row(
        Control.EXPOSURE,
        firm(open_notional_max=(Amount(USDC.id, 30_030 * DOLLAR - 1),)),
        firm(open_notional_max=usdc(30_030)),
        "controls.firm.open_notional_max",
        "30029.999999 USDC",
        "30030 USDC",
    ),
    "positions": Row(
        Control.EXPOSURE,
        firm(position_notional_max=(Amount(USDC.id, 12_000 * DOLLAR - 1),)),
        firm(position_notional_max=usdc(12_000)),
        "controls.firm.position_notional_max",
        "11999.999999 USDC",
        "12000 USDC",
    ),
    # 12,000 held for an equity of 500,000: 2.4 %.
    "leverage": Row(
        Control.EXPOSURE,
        beside(ACCOUNT, leverage_max_pct=2),
        beside(ACCOUNT, leverage_max_pct=3),
        f'controls.account."{MARGIN}".leverage_max_pct',
        "2",
        "3",
    ),
    "a day's notional": Row(
        Control.DAILY,
        firm(daily_notional_max=(Amount(USDC.id, 30_000 * DOLLAR - 1),)),
        firm(daily_notional_max=usdc(30_000)),
        "controls.firm.daily_notional_max",
        "29999.999999 USDC",
        "30000 USDC",
        asked=IN_CASH,
    ),
    "an account's notional of a day": Row(
        Control.DAILY,
        beside(ACCOUNT, daily_notional_max=(Amount(USDC.id, 12_000 * DOLLAR - 1),)),
        beside(ACCOUNT, daily_notional_max=usdc(12_000)),
        f'controls.account."{MARGIN}".daily_notional_max',
        "11999.999999 USDC",
        "12000 USDC",
    ),
    # 240,000 units at a gwei.
    "gas of an hour": Row(
        Control.DAILY,
        beside(CHAIN_ACCOUNT, gas_hour_max_wei=UNITS * GWEI - 1),
        beside(CHAIN_ACCOUNT, gas_hour_max_wei=UNITS * GWEI),
        f'controls.account."{CHAIN}".gas_hour_max_native',
        "0.000239999999999999",
        "0.00024",
    ),
    "gas of a day": Row(
        Control.DAILY,
        firm(gas_day_max_wei=UNITS * GWEI - 1),
        firm(gas_day_max_wei=UNITS * GWEI),
        "controls.firm.gas_day_max_native",
        "0.000239999999999999",
        "0.00024",
    ),
    "denied asset": Row(
        Control.RESTRICTED,
        firm(assets_denied=(ETH.id,)),
        firm(assets_denied=("BTC",)),
        "controls.firm.assets_denied",
        "denied",
        "ETH",
    ),
    "odd token": Row(
        Control.TOKEN_SAFETY,
        tokens(accepted=False),
        tokens(accepted=True),
        "controls.tokens.ETH.accepted",
        "false",
        "rebasing, pausable",
    ),
    # The market of T0 is four seconds old when the plan is to be sent.
    "age of a book": Row(
        Control.STALE_DATA,
        beside(VENUE, book_age_max=DurationNs(4 * S - 1)),
        beside(VENUE, book_age_max=DurationNs(4 * S)),
        'controls.venue."hyperliquid".book_age_max_ms',
        "4000",
        "4000",
    ),
    "age of a pool": Row(
        Control.STALE_DATA,
        firm(pool_age_max=DurationNs(3_999 * MS)),
        firm(pool_age_max=DurationNs(4_000 * MS)),
        "controls.firm.pool_age_max_ms",
        "3999",
        "4000",
    ),
    "too long an order": Row(
        Control.ORDER_FORM,
        firm(deadline_max=DurationNs(99 * S)),
        firm(deadline_max=DurationNs(100 * S)),
        "controls.firm.deadline_max_s",
        "99",
        "100",
    ),
    "too small an order": Row(
        Control.ORDER_FORM,
        firm(order_notional_min=(Amount(USDC.id, 30_000 * DOLLAR + 1),)),
        firm(order_notional_min=usdc(30_000)),
        "controls.firm.order_notional_min",
        "30000.000001 USDC",
        "30000 USDC",
        asked=IN_CASH,
    ),
    "price of gas": Row(
        Control.GAS,
        firm(gas_price_max_wei=GWEI - 1),
        firm(gas_price_max_wei=GWEI),
        "controls.firm.gas_price_max_gwei",
        "0.999999999",
        "1",
    ),
    "gas of a transaction": Row(
        Control.GAS,
        firm(gas_units_max=UNITS - 1),
        firm(gas_units_max=UNITS),
        "controls.firm.gas_units_max",
        "239999",
        "240000",
    ),
    # 10 ether less 240,000 gwei, over 22,000 gwei a cancel: 454,545 - 10.9, so 454,534.
    "coin for cancels": Row(
        Control.GAS,
        beside(CHAIN_ACCOUNT, cancels_reserved=454_535),
        beside(CHAIN_ACCOUNT, cancels_reserved=454_534),
        f'controls.account."{CHAIN}".cancels_reserved',
        "454535",
        "454534",
    ),
    # 14 November 2023 was a Tuesday; the order comes at 22:13:22 and is 79,999 + 3 s of the day.
    "closed hours": Row(
        Control.HOURS,
        firm(closed=(WeeklyClosing((1,), 79_999, 80_003),)),
        firm(closed=(WeeklyClosing((0, 2, 3, 4, 5, 6), 0, 86_400),)),
        "controls.firm.closed",
        "open",
        "closed",
    ),
    "maintenance": Row(
        Control.HOURS,
        firm(maintenance=(Maintenance(TimestampNs(SUBMITTED), TimestampNs(SUBMITTED + 1)),)),
        firm(maintenance=(Maintenance(TimestampNs(T0), TimestampNs(SUBMITTED)),)),
        "controls.firm.maintenance",
        "open",
        "closed",
    ),
    "second person": Row(
        Control.CONFIRMATION,
        firm(confirm_above=(Amount(USDC.id, 30_000 * DOLLAR - 1),)),
        firm(confirm_above=usdc(30_000)),
        "controls.firm.confirm_above",
        "29999.999999 USDC",
        "30000 USDC",
        asked=IN_CASH,
    ),
    "children a minute": Row(
        Control.REPEATED,
        firm(children_per_min_max=0),
        firm(children_per_min_max=1),
        "controls.firm.children_per_min_max",
        "0",
        "1",
    ),
    "messages at once": Row(
        Control.MESSAGE_RATE,
        firm(messages_burst_max=0),
        firm(messages_burst_max=1),
        "controls.firm.messages_burst_max",
        "0",
        "1",
    ),
    "orders a minute": Row(
        Control.MESSAGE_RATE,
        firm(orders_per_min_max=0),
        firm(orders_per_min_max=1),
        "controls.firm.orders_per_min_max",
        "0",
        "1",
    ),
}


def place_of(row):
    """Return the rules' own scope that the key names."""
    return next(x.scope for x in row.refuses.limits if row.key.startswith(path(x.scope, "")))


@pytest.mark.parametrize("name", ROWS)
def test_a_control_refuses_beyond_its_limit_and_tells_what_it_looked_at(name):
    row = ROWS[name]

    finding = found(row.refuses, row.asked, **row.how)

    assert finding.control is row.code
    assert (finding.key, finding.limit, finding.value) == (row.key, row.limit, row.value)
    if not row.key.startswith("controls.tokens"):
        assert finding.scope == place_of(row)
    assert row.key in finding.message or row.code in {Control.REPEATED, Control.TOKEN_SAFETY}


@pytest.mark.parametrize("name", ROWS)
def test_a_control_lets_pass_what_is_exactly_at_its_limit(name):
    row = ROWS[name]

    assert passes(row.allows, row.asked, **row.how)


def test_no_control_is_forgotten():
    # What takes more than one order, or stands elsewhere: test_several_orders, test_conservation,
    # and for the balance and the kill switch test_gate.
    elsewhere = {
        *(Control.DUPLICATE, Control.CONSERVATION, Control.SELF_TRADE),
        *(Control.BALANCE, Control.KILL_SWITCH),
    }

    assert {row.code for row in ROWS.values()} | elsewhere == set(Control)
    assert len(Control) == 20
