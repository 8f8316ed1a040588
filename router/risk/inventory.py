"""What each chain account keeps: coin for gas, and room for another transaction. Pure.

Gas is reckoned at its worst: every transaction in flight, and the next one, at the most they may
offer. Refuses to guess where no reserve was chosen: then only what is in flight is counted.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

from router.domain.control import Control, Finding
from router.domain.instrument import Instrument
from router.domain.inventory import (
    GAS_UNITS_POOL,
    GAS_UNITS_TRANSACTION,
    IN_FLIGHT_MAX,
    ChainInventory,
)
from router.domain.limits import Limits
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.scope import Scope, ScopeKind
from router.domain.units import NATIVE, AccountId, InstrumentId, VenueId, format_decimal
from router.domain.verdict import Refused
from router.risk.switches import tradable
from router.state.world import World

_HEADROOM: Final = (5, 4)  # a transaction may use a quarter more gas than was estimated
_COIN_DECIMALS: Final = 18
Planned: TypeAlias = tuple[RoutingProblem, RoutePlan]


def full_accounts(world: World) -> dict[AccountId, str]:
    """Return the chain accounts that have as many transactions in flight as they may, and why."""
    counts = Counter(
        (child.order.venue, child.order.account) for child in world.transactions.rows()
    )
    return {
        account: f"{account} has {count} transactions in flight, and may have no more"
        for (venue, account), count in counts.items()
        if count >= _in_flight_max(world.limits, venue)
    }


def waits(world: World, order: ParentOrder, full: dict[AccountId, str]) -> bool:
    """Tell whether an order waits until one of the transactions in flight has ended.

    It does where it could trade nowhere else.
    """
    own = _markets(world, order)
    return bool(full) and bool(own) and all(market.account in full for market in own)


def left_out(world: World, observation: Observation) -> dict[InstrumentId, str]:
    """Return the pools whose accounts can pay for no transaction now, and why."""
    full = {**full_accounts(world), **_poor_accounts(world, observation)}
    return {i.id: full[i.account] for i in world.configured if i.is_on_chain and i.account in full}


def market_refusal(world: World, order: ParentOrder, observation: Observation) -> Refused | None:
    """Refuse an order that only accounts without coin for gas could trade."""
    poor, own = _poor_accounts(world, observation), _markets(world, order)
    if not own or any(market.account not in poor for market in own):
        return None
    account = own[0].account
    return _refused(account, poor[account])


def plans_refusal(world: World, planned: Sequence[Planned]) -> Refused | None:
    """Refuse plans after whose worst gas, all together, less than the reserve would be left."""
    units: Counter[AccountId] = Counter()
    for _, plan in planned:
        units.update(_units_by_account(plan))
    venues = _chain_accounts(world)
    for account, asked in units.items():
        rule = _rule(world.limits, venues[account])
        seen = (_spendable(problem, account) for problem, _ in planned)
        held = _held(world, account, next((atoms for atoms in seen if atoms is not None), None))
        if rule is None or held is None:
            continue
        short = _short(world, account, rule, held=held, units=asked)
        if short:
            return _refused(account, short)
    return None


# A transaction for each router of each account, over all of its pools.
def _units_by_account(plan: RoutePlan) -> Counter[AccountId]:
    legs = [leg for leg in plan.legs if leg.instrument.is_on_chain]
    found: Counter[AccountId] = Counter()
    for account, _ in {(leg.instrument.account, leg.instrument.router) for leg in legs}:
        found[account] += GAS_UNITS_TRANSACTION
    for leg in legs:
        found[leg.instrument.account] += GAS_UNITS_POOL * _pools((leg,))
    return found


def _poor_accounts(world: World, observation: Observation) -> dict[AccountId, str]:
    found = {}
    for account, venue in _chain_accounts(world).items():
        rule, snapshot = _rule(world.limits, venue), observation.account(account)
        if rule is None or snapshot is None:
            continue
        held = _held(world, account, snapshot.balance(NATIVE))
        assert held is not None, "it was observed"
        least = GAS_UNITS_TRANSACTION + GAS_UNITS_POOL
        short = _short(world, account, rule, held=held, units=least)
        if short:
            found[account] = short
    return found


# Why the coin that is held is too little for a transaction of so many units; empty where it is not.
def _short(world: World, account: AccountId, rule: ChainInventory, *, held: int, units: int) -> str:
    in_flight = sum(
        GAS_UNITS_TRANSACTION + GAS_UNITS_POOL * _pools(child.order.legs)
        for child in world.transactions.rows()
        if child.order.account == account
    )
    flying, next_one = _worst(rule, in_flight), _worst(rule, units)
    left = held - flying - next_one
    if left >= rule.native_reserve_wei:
        return ""
    have, used, asked, kept = (
        format_decimal(atoms, _COIN_DECIMALS)
        for atoms in (held, flying, next_one, rule.native_reserve_wei)
    )
    return (
        f"{account} holds {have} of its coin; gas may take {used} of it for what is in flight and"
        f" {asked} for this, and inventory.{rule.venue}.native_reserve keeps {kept}: fund it"
    )


def _worst(rule: ChainInventory, units: int) -> int:
    numerator, denominator = _HEADROOM
    return -(-units * numerator // denominator) * rule.fee_cap_wei


def _pools(legs: tuple[Leg, ...]) -> int:
    return sum(len(leg.hops) or 1 for leg in legs)


# What the books and the chain both say is there: either may be ahead of the other.
def _held(world: World, account: AccountId, seen: int | None) -> int | None:
    booked = None if world.ledger is None else world.ledger.balances.get((account, NATIVE))
    known = [atoms for atoms in (seen, booked) if atoms is not None]
    return min(known, default=None)


def _spendable(problem: RoutingProblem, account: AccountId) -> int | None:
    own = (
        amount.atoms
        for chain in problem.chains
        for amount in chain.spendable
        if (chain.account, amount.asset) == (account, NATIVE)
    )
    return next(own, None)


def _markets(world: World, order: ParentOrder) -> tuple[Instrument, ...]:
    return tuple(
        i
        for i in tradable(world, order)
        if (i.base.id, i.quote.id) == (order.base, order.quote)
        and (not order.venues or i.venue in order.venues or i.protocol in order.venues)
    )


def _chain_accounts(world: World) -> dict[AccountId, VenueId]:
    return {i.account: i.venue for i in world.configured if i.is_on_chain}


def _rule(limits: Limits, venue: VenueId) -> ChainInventory | None:
    return next((rule for rule in limits.inventory if rule.venue == venue), None)


def _in_flight_max(limits: Limits, venue: VenueId) -> int:
    rule = _rule(limits, venue)
    return IN_FLIGHT_MAX if rule is None else rule.in_flight_max


def _refused(account: AccountId, why: str) -> Refused:
    finding = Finding(
        control=Control.GAS,
        scope=Scope(ScopeKind.ACCOUNT, account),
        key="native_reserve",
        limit="kept",
        value="short",
        message=why,
    )
    return Refused(NoRouteReason.INSUFFICIENT_BALANCE, why, finding)
