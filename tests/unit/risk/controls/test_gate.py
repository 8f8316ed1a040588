"""What the gate makes of the controls: who is asked what, when, and what is exempt."""

from dataclasses import replace

import pytest

from router.domain.command import SolveRoute, TellFinding
from router.domain.control import Control
from router.domain.controls import (
    ControlLimits,
    ControlRules,
    Maintenance,
    WeeklyClosing,
)
from router.domain.event import (
    LimitsChanged,
    MarketObserved,
    ParentSubmitted,
    SwitchSet,
)
from router.domain.order import OrderStatus
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, DurationNs, TimestampNs
from router.risk.controls.gate import admission_refusal, market_refusal, plan_refusal
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    PERP,
    POOL,
    STARTED,
    T0,
    USDC,
    accounts,
    observation,
    order,
    plan,
)
from tests.unit.risk.controls.scene import (
    BOTH,
    CHAIN_VENUE,
    FREE,
    STRATEGY,
    VENUE,
    S,
    beside,
    costing,
    desk,
    firm,
    found,
    passes,
    usdc,
)

SENT = T0 + 4 * S  # when the plan of the scene's order is there


def test_without_controls_nothing_is_asked():
    assert passes(None)


def test_of_several_scopes_the_strictest_is_told():
    rules = ControlRules(
        (
            replace(FREE, order_notional_max=usdc(20_000)),
            ControlLimits(STRATEGY, order_notional_max=usdc(10_000)),
            ControlLimits(Scope(ScopeKind.STRATEGY, "other"), order_notional_max=usdc(1)),
        )
    )

    finding = found(rules)

    assert finding.scope == STRATEGY
    assert finding.limit == "10000 USDC"


def test_what_the_firm_must_name_is_asked_for_by_name_where_an_order_is_quoted_in_something_else():
    finding = found(firm(daily_loss_max=(Amount(ETH.id, 1),)))

    assert (finding.control, finding.key) == (Control.DAILY, "controls.firm.daily_loss_max")
    assert finding.message == "controls.firm.daily_loss_max has no value for USDC; choose one"


def test_a_refusal_of_the_plan_ends_the_order_and_signs_nothing():
    made, asked = desk(firm(gas_units_max=1)), order()

    assert made.tell(asked) == []

    parent = made.world.parents[asked.id]
    assert parent.status is OrderStatus.REJECTED
    assert "gas_units_max" in parent.reason
    assert not made.world.children


def test_limits_read_anew_hold_for_the_order_that_waits_for_its_plan():
    made, asked = desk(firm()), order()
    made.feed(ParentSubmitted(asked, made.tick()))
    limits = replace(made.world.limits, controls=firm(gas_units_max=1))
    made.feed(LimitsChanged(limits, "anna", made.tick()))

    assert made.plan(asked) == []
    assert [f.control for f in made.findings] == [Control.GAS]


def test_after_a_restart_the_file_of_the_restart_holds():
    made = desk(firm())
    limits = replace(made.world.limits, controls=firm(gas_units_max=1))
    made.feed(LimitsChanged(limits, "anna", made.tick()))

    made.feed(replace(STARTED, limits=replace(limits, controls=firm())))

    assert made.world.limits.controls == firm()


REDUCING = {
    "order_notional_max": usdc(1),
    "order_quantity_max": (Amount(ETH.id, 1),),
    "confirm_above": usdc(1),
    "order_notional_min": usdc(10**8),
    "collar_book_pips": 1,
    "slippage_max_pips": 999,
    "impact_max_pips": 0,
    "impact_10min_max_pips": 0,
    "open_notional_max": usdc(1),
    "position_notional_max": usdc(1),
    "leverage_max_pct": 0,
    "daily_notional_max": usdc(1),
    "gas_hour_max_wei": 1,
    "gas_day_max_wei": 1,
    "orders_per_min_max": 0,
    "children_per_min_max": 0,
    "losing_slices_max": 0,
    "assets_denied": (ETH.id,),
    "venues_denied": (PERP.venue,),
    "contracts_denied": (PERP.symbol.lower(),),
    "book_age_max": DurationNs(1),
    "closed": (WeeklyClosing(tuple(range(7)), 0, 86_400),),
}


def short():
    """Show an account that is short ten ether, so that buying reduces."""
    seen = observation()
    return replace(seen, accounts=accounts(lots=-(10**5)))


def test_an_order_that_only_reduces_is_stopped_by_nothing_that_bounds_new_risk():
    asked = order(4, strategy="deleverage", reduces_only=True)

    assert passes(firm(**REDUCING), asked, ((PERP, 4),), seen=short())
    for key, limit in REDUCING.items():
        rules = firm(**{key: limit})
        sent = desk(rules).tell(order(4), ((PERP, 4),), seen=short(), change=costing(DOLLAR))
        exempt_alone = {"gas_hour_max_wei", "gas_day_max_wei"}  # a book takes no gas
        reducing_anyway = {"position_notional_max", "leverage_max_pct"}
        assert bool(sent) is (key in exempt_alone | reducing_anyway), key


GUARDING = {
    "messages_burst_max": 0,
    "deadline_max": DurationNs(1),
    "maintenance": (Maintenance(T0, TimestampNs(T0 + 100 * S)),),
}


@pytest.mark.parametrize("key", GUARDING)
def test_what_guards_against_wrong_messages_and_closed_doors_holds_for_it_all_the_same(key):
    asked = order(4, strategy="deleverage", reduces_only=True)

    assert not passes(firm(**{key: GUARDING[key]}), asked, ((PERP, 4),), seen=short())


def test_a_venue_in_maintenance_is_left_out_and_the_others_go_on():
    window = (Maintenance(T0, TimestampNs(T0 + 100 * S)),)
    made, asked = desk(beside(VENUE, maintenance=window)), order()

    made.feed(ParentSubmitted(asked, made.tick()))
    made.feed(MarketObserved(asked.id, observation(), made.tick()))

    problem = made.command(SolveRoute).problem
    assert [p.instrument.id for p in problem.pools] == [POOL.id]
    assert problem.books == ()


def test_a_plan_that_uses_a_closed_venue_all_the_same_is_refused():
    window = (Maintenance(TimestampNs(SENT), TimestampNs(SENT + S)),)  # it closes meanwhile

    finding = found(beside(VENUE, maintenance=window))

    assert (finding.control, finding.scope) == (Control.HOURS, VENUE)


def test_an_order_for_which_every_market_is_closed_is_refused_with_what_closed_it():
    window = (Maintenance(T0, TimestampNs(T0 + 100 * S)),)
    rules = ControlRules(
        (FREE, ControlLimits(VENUE, maintenance=window), ControlLimits(CHAIN_VENUE, closed=()))
    )
    made, asked = desk(rules), order(4, venues=(PERP.venue,))
    seen = replace(observation(), pools=())

    made.tell(asked, ((PERP, 4),), seen=seen)

    assert [f.control for f in made.findings] == [Control.HOURS]


@pytest.mark.parametrize(
    ("limits", "key"),
    [
        ({"venues_denied": (PERP.venue,)}, "venues_denied"),
        ({"contracts_denied": (PERP.symbol.lower(),)}, "contracts_denied"),
        ({"contracts_allowed": (POOL.symbol.lower(),)}, "contracts_allowed"),
    ],
)
def test_a_market_that_is_denied_is_left_out_and_refused_in_a_plan(limits, key):
    made, asked = desk(firm(**limits)), order()
    made.feed(ParentSubmitted(asked, made.tick()))
    made.feed(MarketObserved(asked.id, observation(), made.tick()))
    assert made.command(SolveRoute).problem.books == ()

    # The same, denied only once the plan is on its way.
    late, again = desk(firm()), order()
    late.feed(ParentSubmitted(again, late.tick()))
    late.feed(MarketObserved(again.id, observation(), late.tick()))
    problem = late.command(SolveRoute).problem
    changed = replace(late.world.limits, controls=firm(**limits))
    world, parent = replace(late.world, limits_now=changed), late.world.parents[again.id]
    finding = plan_refusal(world, parent, plan(problem, *BOTH), at=late.tick()).finding
    assert (finding.control, finding.key) == (Control.RESTRICTED, f"controls.firm.{key}")


def test_no_reference_refuses_where_a_collar_needs_one_and_only_there():
    alone = replace(observation(), pools=(), books=observation().books)
    asked = order(4, venues=(PERP.venue,))
    stale = replace(
        alone,
        contexts=tuple(replace(c, received_at=TimestampNs(0)) for c in alone.contexts),
        books=tuple(
            replace(b, received_at=TimestampNs(0), at_venue=TimestampNs(0)) for b in alone.books
        ),
    )

    finding = found(firm(collar_book_pips=10_000), asked, ((PERP, 4),), seen=stale)

    assert (finding.control, finding.value) == (Control.PRICE_COLLAR, "no reference")
    asked = order(4, venues=(PERP.venue,), reduces_only=True)
    assert market_refusal_of(firm(collar_book_pips=10_000), asked, stale) is None


def market_refusal_of(rules, asked, seen):
    made = desk(rules)
    parent = made.submit(asked)
    arrival = replace(parent, arrival_mid=PERP.tick_price(300_000))
    return market_refusal(made.world, arrival, seen, at=made.tick())


def test_a_leg_of_a_book_without_a_price_is_refused():
    def unbounded(made):
        legs = (replace(made.legs[0], limit_ticks=0), *made.legs[1:])
        return replace(made, legs=legs)

    made, asked = desk(firm()), order()

    assert made.tell(asked, change=unbounded) == []
    assert made.world.parents[asked.id].status is OrderStatus.REJECTED


def test_the_venues_own_least_size_is_kept():
    def small(made):
        tiny = Amount(ETH.id, PERP.lot_atoms)  # 30 cents, and the venue takes 10 dollars
        legs = (
            replace(
                made.legs[0],
                quantity=tiny,
                notional=Amount(USDC.id, 300_000),
                bound=Amount(USDC.id, 300_300),
            ),
        )
        return replace(made, legs=legs)

    finding = found(firm(), change=small)

    assert (finding.control, finding.limit) == (Control.ORDER_FORM, str(10 * DOLLAR))


def test_cash_that_is_not_there_is_told_with_its_code():
    poor = replace(observation(), accounts=accounts(usdc=-890_000 * DOLLAR))

    finding = found(firm(), seen=poor)

    assert finding.control is Control.BALANCE
    assert finding.scope == Scope(ScopeKind.ACCOUNT, CHAIN)
    assert finding.value == f"{18_018 * DOLLAR} atoms of USDC"


def test_the_kill_switch_is_told_with_its_code():
    made = desk(firm())
    setting = SwitchSetting(FIRM, TradingState.HALTED, "anna", "a test", T0)
    made.feed(SwitchSet(setting, made.tick()))

    assert made.tell(order()) == []
    assert [f.control for f in made.findings] == [Control.KILL_SWITCH]


def test_a_second_person_lets_a_large_order_pass_and_the_first_alone_does_not():
    rules = firm(confirm_above=usdc(1))

    assert not passes(rules, order(by="anna", confirmed_by="anna"))
    assert not passes(rules, order(by="anna"))
    assert passes(rules, order(by="anna", confirmed_by="bert"))


def test_a_refusal_comes_with_the_command_that_puts_it_on_record():
    made, asked = desk(firm(deadline_max=DurationNs(1))), order()

    made.feed(ParentSubmitted(asked, made.tick()))

    told = made.command(TellFinding)
    refused = admission_refusal(made.world, asked, TimestampNs(made.now))
    assert told == TellFinding(asked.id, refused.finding)
