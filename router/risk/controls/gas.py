"""Gas: its price, how much a transaction takes, an hour and a day (C16, C06), and a reserve. Pure.

The reserve is asked of every order: without it nothing that is stuck can be cancelled. What an hour
and a day may cost is not asked of an order that only reduces.
"""

from collections.abc import Iterator
from typing import Final

from router.domain.control import Control
from router.domain.controls import ControlLimits
from router.domain.plan import Leg, NoRouteReason
from router.domain.units import NATIVE, AccountId
from router.risk.controls.breach import Breach, Show, in_coins, in_gwei, over, path
from router.risk.controls.case import Planned, markets_of
from router.state.counts import Measure

_UNITS_OF_A_CANCEL: Final = 22_000  # a transfer to oneself, from an account with delegated code


def price(planned: Planned) -> Iterator[Breach]:
    """Ask what a unit of gas costs at present, and how many a transaction takes."""
    for limits, legs in planned.parts():
        for account in _chains(legs):
            own = [leg for leg in legs if leg.instrument.account == account]
            for key, bound, value, show in (
                (
                    "gas_price_max_gwei",
                    limits.gas_price_max_wei,
                    planned.problem.gas_fee_wei,
                    in_gwei,
                ),
                ("gas_units_max", limits.gas_units_max, _units(planned, own, account), str),
            ):
                if bound is not None and value > bound:
                    yield _over(limits, key, bound, value=value, show=show)


def spent(planned: Planned) -> Iterator[Breach]:
    """Ask what gas cost in an hour and a day, with what the plan may take."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        cost = sum(
            _units(planned, [leg for leg in legs if leg.instrument.account == account], account)
            * planned.problem.gas_fee_wei
            for account in _chains(legs)
        )
        for key, bound, measure in (
            ("gas_hour_max_native", limits.gas_hour_max_wei, Measure.GAS_HOUR),
            ("gas_day_max_native", limits.gas_day_max_wei, Measure.GAS_DAY),
        ):
            done = asked.world.activity.total(measure, limits.scope, asked.at)
            if bound is not None and cost and done + cost > bound:
                yield over(
                    Control.DAILY,
                    limits.scope,
                    key,
                    limit=bound,
                    value=done + cost,
                    show=in_coins,
                    remedy="wait, or have the limit raised",
                )


def reserve(planned: Planned) -> Iterator[Breach]:
    """Ask whether the coin that is left pays for so many transactions that cancel."""
    ledger = planned.asked.world.ledger
    for limits, legs in planned.parts():
        count = limits.cancels_reserved
        for account in _chains(legs) if count is not None and ledger is not None else ():
            assert count is not None, "asked above"
            assert ledger is not None, "asked above"
            fee = max(limits.gas_price_max_wei or 0, planned.problem.gas_fee_wei)
            own = [leg for leg in legs if leg.instrument.account == account]
            held = ledger.balances.get((account, NATIVE), 0)
            left = held - _units(planned, own, account) * planned.problem.gas_fee_wei
            kept = left // (_UNITS_OF_A_CANCEL * fee) if fee else count
            if kept < count:
                place = path(limits.scope, "cancels_reserved")
                what = (
                    f"{account}: its coin would pay for {max(kept, 0)} cancels, {place} is {count};"
                    " fund it"
                )
                yield Breach(
                    Control.GAS,
                    limits.scope,
                    place,
                    str(count),
                    str(max(kept, 0)),
                    what,
                    bound=-count,
                    reason=NoRouteReason.INSUFFICIENT_BALANCE,
                )


def _over(limits: ControlLimits, key: str, bound: int, *, value: int, show: Show) -> Breach:
    return over(
        Control.GAS,
        limits.scope,
        key,
        limit=bound,
        value=value,
        show=show,
        remedy="wait, or name venues that need less gas",
    )


def _chains(legs: tuple[Leg, ...]) -> tuple[AccountId, ...]:
    return tuple(
        dict.fromkeys(leg.instrument.account for leg in legs if leg.instrument.is_on_chain)
    )


# Of the transactions by which an account trades some legs.
def _units(planned: Planned, legs: list[Leg], account: AccountId) -> int:
    problem = planned.problem
    base = sum(chain.gas_units_base for chain in problem.chains if chain.account == account)
    pools = {pool.instrument.id: pool.gas_units for pool in problem.pools}
    for route in problem.routes:
        pools |= {pool.instrument.id: pool.gas_units for pool in route.pools}
    for network in problem.networks:
        pools |= {pool.instrument.id: pool.gas_units for pool in network.pools}
    routers = {leg.instrument.router for leg in legs}
    used = {market.id for leg in legs for market in markets_of(leg)}
    return base * len(routers) + sum(pools.get(name, 0) for name in used)
