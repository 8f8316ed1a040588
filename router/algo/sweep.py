"""SWEEP: all that is left, now, over every venue still allowed; makes its routing problem."""

from dataclasses import dataclass
from typing import Final

from router.domain.account import Position
from router.domain.error import NoRouteError
from router.domain.event import Limits
from router.domain.instrument import STAGES, Instrument, InstrumentKind
from router.domain.market import PoolSnapshot
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import (
    BookCandidate,
    ChainCash,
    MarginAccount,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import (
    AccountId,
    Amount,
    Price,
    Rounding,
    Side,
    divide,
)

# Gas of a Universal Router transaction with a Permit2 signature, and of one pool in it with a few
# ticks crossed; measured on the real contracts (236,000 for two pools), rounded up.
_GAS_UNITS_TRANSACTION: Final = 130_000
_GAS_UNITS_POOL: Final = 110_000


@dataclass(frozen=True, slots=True)
class Slice:
    """What is to be planned now: the rest of a parent, and the instruments it may use."""

    order: ParentOrder
    left: Amount
    arrival_mid: Price
    instruments: tuple[Instrument, ...]


def eligible(
    order: ParentOrder, instruments: tuple[Instrument, ...], stage: int
) -> tuple[Instrument, ...]:
    """Return the instruments that trade the order's pair at a venue it allows, from a stage on."""
    return tuple(
        i
        for i in instruments
        if i.base.id == order.base
        and i.quote.id == order.quote
        and (not order.venues or i.venue in order.venues)
        and STAGES[i.kind] >= stage
    )


def nobody_trades(order: ParentOrder) -> str:
    """Say that no instrument is eligible, and where to look."""
    return (
        f"venues: no configured instrument trades {order.base}/{order.quote} there;"
        " see check-config for those that exist"
    )


def arrival_mid(instruments: tuple[Instrument, ...], observation: Observation) -> Price:
    """Return the mid that slippage is measured against: the liquidity-weighted median pool mid.

    A median cannot be moved by one thin pool. Where no pool is observed, the mid of the first book.

    Raises
    ------
    NoRouteError
        If no market shows a mid.
    """
    by_id = {i.id: i for i in instruments}
    pools = [p for p in observation.pools if p.instrument in by_id and p.liquidity > 0]
    if pools:
        ranked = sorted(pools, key=lambda p: (_mid_key(by_id[p.instrument], p), p.instrument))
        half = sum(p.liquidity for p in ranked)
        weight = 0
        for pool in ranked:
            weight += 2 * pool.liquidity
            if weight >= half:
                return pool_mid(by_id[pool.instrument], pool)
    for book in observation.books:
        if book.instrument in by_id and book.bids and book.asks:
            instrument = by_id[book.instrument]
            two = instrument.tick_price(book.bids[0][0] + book.asks[0][0])
            return Price(two.base, two.quote, two.quote_atoms, 2 * two.base_atoms)
    raise NoRouteError(
        NoRouteReason.NO_LIQUIDITY, "no pool or book of the pair shows a price; check the venues"
    )


def pool_mid(instrument: Instrument, pool: PoolSnapshot) -> Price:
    """Return the exact price of a pool in the order's pair, before fees."""
    squared = pool.sqrt_price_x96**2  # token1 atoms per token0 atom, times 2**192
    atoms = (squared, 1 << 192) if instrument.base_is_token0 else (1 << 192, squared)
    return Price(instrument.base.id, instrument.quote.id, *atoms)


def limit_price(order: ParentOrder, arrival: Price) -> Price:
    """Return the worst price any unit may trade at: the tighter of limit and slippage bound."""
    buying = order.side is Side.BUY
    pips = order.slippage_max_pips if buying else -order.slippage_max_pips
    bound = arrival.shifted(pips, Rounding.DOWN if buying else Rounding.UP)
    if order.limit_price is None:
        return bound
    tighter = order.limit_price.is_above(bound) is not buying
    return order.limit_price if tighter else bound


def build_problem(piece: Slice, observation: Observation, limits: Limits) -> RoutingProblem:
    """Put a slice and what was observed into the optimiser's terms."""
    order = piece.order
    kind = QuantityKind.BASE if piece.left.asset == order.base else QuantityKind.CASH
    return RoutingProblem(
        parent=order.id,
        side=order.side,
        kind=kind,
        quantity=piece.left,
        arrival_mid=piece.arrival_mid,
        limit_price=limit_price(order, piece.arrival_mid),
        holding_horizon_s=order.holding_horizon_s,
        gas_fee_wei=max((g.expected_fee_wei for g in observation.gas), default=0),
        slippage_tolerance_pips=limits.slippage_tolerance_pips,
        pools=_pools(piece, observation),
        books=_books(piece, observation),
        chains=_chains(piece, observation),
        margins=_margins(piece, observation),
    )


def _mid_key(instrument: Instrument, pool: PoolSnapshot) -> int:
    # Only an order is needed; 2**192 keeps every digit of the inverse.
    if instrument.base_is_token0:
        return pool.sqrt_price_x96
    return (1 << 192) // pool.sqrt_price_x96


def _pools(piece: Slice, observation: Observation) -> tuple[PoolCandidate, ...]:
    snapshots = {p.instrument: p for p in observation.pools}
    return tuple(
        PoolCandidate(i, snapshots[i.id], _GAS_UNITS_POOL)
        for i in piece.instruments
        if i.id in snapshots
    )


def _books(piece: Slice, observation: Observation) -> tuple[BookCandidate, ...]:
    books = {b.instrument: b for b in observation.books}
    contexts = {c.instrument: c for c in observation.contexts}
    found = []
    for instrument in piece.instruments:
        account = observation.account(instrument.account)
        if instrument.id not in books or account is None:
            continue
        leverage = account.leverage(instrument.id)
        if leverage is None:
            continue
        found.append(
            BookCandidate(
                instrument=instrument,
                snapshot=books[instrument.id],
                mark_ticks=contexts[instrument.id].mark_ticks,
                funding_rate_per_hour=contexts[instrument.id].funding_rate_per_hour,
                position_lots=account.position_lots(instrument.id),
                leverage=leverage,
                quantity_max_lots=None,
            )
        )
    return tuple(found)


def _accounts_of(piece: Slice, kind: InstrumentKind) -> tuple[AccountId, ...]:
    return tuple(dict.fromkeys(i.account for i in piece.instruments if i.kind is kind))


def _chains(piece: Slice, observation: Observation) -> tuple[ChainCash, ...]:
    gas = {g.account: g for g in observation.gas}
    found = []
    for account in _accounts_of(piece, InstrumentKind.SPOT_POOL):
        snapshot = observation.account(account)
        if snapshot is not None:
            price = gas[account].native_price if account in gas else None
            found.append(ChainCash(account, snapshot.spendable, _GAS_UNITS_TRANSACTION, price))
    return tuple(found)


def _margins(piece: Slice, observation: Observation) -> tuple[MarginAccount, ...]:
    contexts = {c.instrument: c for c in observation.contexts}
    found = []
    for account in _accounts_of(piece, InstrumentKind.PERP_BOOK):
        snapshot = observation.account(account)
        if snapshot is None:
            continue
        here = sum(
            _initial_margin(i, p, contexts[i.id].mark_ticks)
            for i in piece.instruments
            for p in snapshot.positions
            if p.instrument == i.id and i.id in contexts
        )
        elsewhere = max(0, snapshot.margin_used_atoms - here)
        found.append(MarginAccount(account, snapshot.equity_atoms, elsewhere))
    return tuple(found)


def _initial_margin(instrument: Instrument, position: Position, mark_ticks: int) -> int:
    quantity = Amount(instrument.base.id, abs(position.lots) * instrument.lot_atoms)
    notional = instrument.tick_price(mark_ticks).notional(quantity, Rounding.DOWN)
    return divide(notional.atoms, position.leverage, Rounding.DOWN)
