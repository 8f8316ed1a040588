"""SWEEP: all that is left, now, over every venue still allowed; makes its routing problem."""

from dataclasses import dataclass, field

from router.algo.in_flight import reservations
from router.algo.routes import Network, Route, allows, networks_between, routes_between
from router.domain.account import AccountSnapshot
from router.domain.instrument import STAGES, Instrument
from router.domain.inventory import GAS_UNITS_POOL, GAS_UNITS_TRANSACTION
from router.domain.limits import Limits, VenueMargin
from router.domain.margin import HeldPosition, MarginAccount
from router.domain.market import AnyPoolSnapshot, PerpContext
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import (
    BookCandidate,
    ChainCash,
    NetworkCandidate,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.risk import Guards
from router.domain.units import (
    AccountId,
    Amount,
    InstrumentId,
    Price,
    Rounding,
    Side,
    divide,
)
from router.state.world import ChildState


@dataclass(frozen=True, slots=True)
class Scope:
    """What an order may use: the instruments of its pair, and ways through other assets."""

    instruments: tuple[Instrument, ...]
    routes: tuple[Route, ...]
    networks: tuple[Network, ...] = ()

    @property
    def ways(self) -> tuple[Route | Network, ...]:
        """What leads through other assets."""
        return (*self.routes, *self.networks)

    @property
    def markets(self) -> tuple[Instrument, ...]:
        """The instruments a leg of the order can be in."""
        return (*self.instruments, *(way.instrument for way in self.ways))

    @property
    def observed(self) -> tuple[InstrumentId, ...]:
        """The instruments whose state a plan depends on."""
        hops = (pool for way in self.ways for pool in way.pools)
        return tuple(dict.fromkeys(i.id for i in (*self.instruments, *hops)))

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """The accounts a plan draws on."""
        return tuple(dict.fromkeys(i.account for i in self.markets))


def scope(order: ParentOrder, configured: tuple[Instrument, ...], stage: int) -> Scope:
    """Return what trades the order's pair at a venue it allows, from a stage on."""
    direct = tuple(
        i
        for i in configured
        if i.base.id == order.base
        and i.quote.id == order.quote
        and allows(order, i)
        and STAGES[i.kind] >= stage
    )
    return Scope(
        direct,
        routes_between(order, configured, stage),
        networks_between(order, configured, stage),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """What is to be planned now: the rest of a parent, and what it may use.

    Attributes
    ----------
    in_flight : tuple of ChildState
        Children of any parent that have not ended: what they may take is left to them.
    guards : Guards
        What is known of risk now.
    """

    order: ParentOrder
    left: Amount
    arrival_mid: Price
    scope: Scope
    in_flight: tuple[ChildState, ...] = ()
    guards: Guards = field(default_factory=Guards)

    def why_reduced(self, rule: VenueMargin, account: AccountId) -> str:
        """Return why a venue's account may only reduce its positions; empty where they may grow."""
        if account in self.guards.reduces_only:
            return self.guards.reduces_only[account] or "risk only lets it reduce"
        if self.order.reduces_only:
            return "the order only reduces"
        return f"stress.venues.{rule.venue}.reduces_only is set" if rule.reduces_only else ""


def nobody_trades(order: ParentOrder) -> str:
    """Say that no instrument is eligible, and where to look."""
    return (
        f"venues: no configured instrument trades {order.base}/{order.quote} there;"
        " see check-config for those that exist"
    )


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
    books = _books(piece, observation)
    networks = _networks(piece, observation)
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
        books=books,
        chains=_chains(piece, observation),
        margins=_margins(piece, books, observation, limits=limits),
        routes=_routes(piece, observation, networks),
        networks=networks,
        scenarios=limits.scenarios if books and piece.guards.asks_scenarios else (),
        reservations=reservations(
            piece.in_flight, observation, limits, apart=piece.guards.scenarios
        ),
        uncertainty=limits.uncertainty,
    )


def _pools(piece: Slice, observation: Observation) -> tuple[PoolCandidate, ...]:
    snapshots = _usable(piece, observation)
    return tuple(
        PoolCandidate(i, snapshots[i.id], GAS_UNITS_POOL)
        for i in piece.scope.instruments
        if i.id in snapshots
    )


# What risk trusts; an order that only reduces sells on chain, and buys nothing there.
def _usable(piece: Slice, observation: Observation) -> dict[InstrumentId, AnyPoolSnapshot]:
    guards, order = piece.guards, piece.order
    on_chain = {i.account for i in piece.scope.markets if i.is_on_chain}
    only_reduces = order.reduces_only or any(a in guards.reduces_only for a in on_chain)
    if only_reduces and order.side is Side.BUY:
        return {}
    return {p.instrument: p for p in observation.pools if p.instrument not in guards.without}


def _networks(piece: Slice, observation: Observation) -> tuple[NetworkCandidate, ...]:
    snapshots = _usable(piece, observation)
    found = (n.candidate(snapshots, gas_units_pool=GAS_UNITS_POOL) for n in piece.scope.networks)
    return tuple(network for network in found if network is not None)


# Those that are not a network's ways already.
def _routes(
    piece: Slice, observation: Observation, networks: tuple[NetworkCandidate, ...]
) -> tuple[RouteCandidate, ...]:
    snapshots = _usable(piece, observation)
    used = {network.instrument for network in networks}
    held = [network for network in piece.scope.networks if network.instrument in used]
    found = (
        route.candidate(snapshots, gas_units_pool=GAS_UNITS_POOL)
        for route in piece.scope.routes
        if not any(network.holds(route) for network in held)
    )
    return tuple(route for route in found if route is not None)


def _books(piece: Slice, observation: Observation) -> tuple[BookCandidate, ...]:
    books = {b.instrument: b for b in observation.books}
    contexts = {c.instrument: c for c in observation.contexts}
    found = []
    for instrument in piece.scope.instruments:
        account = observation.account(instrument.account)
        if instrument.id not in books or account is None or instrument.id in piece.guards.without:
            continue
        leverage = account.leverage(instrument.id)
        if leverage is None or (account.requests is not None and account.requests.orders < 1):
            continue
        context = contexts[instrument.id]
        if context.mark_ticks < 1:
            continue  # margin cannot be reckoned at a mark of nothing
        found.append(
            BookCandidate(
                instrument=instrument,
                snapshot=books[instrument.id],
                mark_ticks=context.mark_ticks,
                funding_rate_per_hour=piece.guards.funding_per_hour.get(
                    instrument.id, context.funding_rate_per_hour
                ),
                position_lots=account.position_lots(instrument.id),
                leverage=leverage,
                quantity_max_lots=_order_max_lots(piece, instrument, context),
                tiers=context.tiers,
                initial_margin=context.initial_margin,
            )
        )
    return tuple(found)


# Most that one order may trade; valued at the mark, or at the worst price where that is higher.
def _order_max_lots(piece: Slice, instrument: Instrument, context: PerpContext) -> int | None:
    if context.order_notional_max_atoms is None:
        return None
    one_lot = Amount(instrument.base.id, instrument.lot_atoms)
    prices = (
        instrument.tick_price(context.mark_ticks),
        limit_price(piece.order, piece.arrival_mid),
    )
    value = max(price.notional(one_lot, Rounding.UP).atoms for price in prices)
    return divide(context.order_notional_max_atoms, value, Rounding.DOWN)


def _chains(piece: Slice, observation: Observation) -> tuple[ChainCash, ...]:
    gas = {g.account: g for g in observation.gas}
    found = []
    on_chain = (i.account for i in piece.scope.markets if i.is_on_chain)
    for account in dict.fromkeys(on_chain):
        snapshot = observation.account(account)
        if snapshot is not None:
            price = gas[account].native_price if account in gas else None
            units = GAS_UNITS_TRANSACTION
            if account in gas and gas[account].expected_fee_wei:
                # As if it were gas: what it costs to post the transaction's data elsewhere.
                units += divide(snapshot.data_fee_wei, gas[account].expected_fee_wei, Rounding.UP)
            found.append(ChainCash(account, snapshot.spendable, units, price))
    return tuple(found)


def _margins(
    piece: Slice, books: tuple[BookCandidate, ...], observation: Observation, *, limits: Limits
) -> tuple[MarginAccount, ...]:
    found, guards = [], piece.guards
    for account in dict.fromkeys(book.instrument.account for book in books):
        snapshot = observation.account(account)
        assert snapshot is not None, "a candidate's account was observed"
        own = [book for book in books if book.instrument.account == account]
        here = sum(_initial_margin(book) for book in own)
        rule = limits.venue_margin(own[0].instrument.venue)
        quote = own[0].instrument.quote.id
        scenarios = guards.scenarios.get(account, ())
        why = piece.why_reduced(rule, account)
        if not why and (limits.scenarios or scenarios):
            why = _untold(own, snapshot)
        found.append(
            MarginAccount(
                account=account,
                equity_atoms=snapshot.equity_atoms,
                margin_used_elsewhere_atoms=max(0, snapshot.margin_used_atoms - here),
                elsewhere=_elsewhere(own, snapshot),
                stress_buffer_atoms=sum(a.atoms for a in rule.stress_buffers if a.asset == quote),
                reduces_only=bool(why),
                why=why,
                scenarios=scenarios,
            )
        )
    return tuple(found)


def _elsewhere(own: list[BookCandidate], snapshot: AccountSnapshot) -> tuple[HeldPosition, ...]:
    here = {book.instrument.id for book in own}
    return tuple(m.held for m in snapshot.marked if m.instrument not in here)


# A position whose value the venue does not tell cannot be stressed: its account is only reduced.
def _untold(own: list[BookCandidate], snapshot: AccountSnapshot) -> str:
    known = {book.instrument.id for book in own} | {m.instrument for m in snapshot.marked}
    untold = (p.instrument for p in snapshot.positions if p.lots and p.instrument not in known)
    name = next(untold, None)
    return "" if name is None else f"the venue does not tell what its position in {name} is worth"


def _initial_margin(book: BookCandidate) -> int:
    instrument = book.instrument
    quantity = Amount(instrument.base.id, abs(book.position_lots) * instrument.lot_atoms)
    notional = instrument.tick_price(book.mark_ticks).notional(quantity, Rounding.DOWN)
    return divide(notional.atoms, book.leverage, Rounding.DOWN)
