"""What controls are asked about: an order, the market it meets, a plan for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from router.domain.controls import ControlLimits, ControlRules
from router.domain.instrument import STAGES, Instrument, InstrumentKind
from router.domain.market import AnyPoolSnapshot, BookSnapshot
from router.domain.order import ParentOrder
from router.domain.plan import BookCandidate, Leg, QuantityKind, RoutePlan, RoutingProblem
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import (
    PIPS_PER_UNIT,
    Amount,
    InstrumentId,
    Price,
    Rounding,
    Side,
    TimestampNs,
    divide,
)
from router.state.world import World


@dataclass(frozen=True, slots=True)
class Asked:
    """An order, and the rules at this moment."""

    world: World
    order: ParentOrder
    rules: ControlRules
    at: TimestampNs

    @property
    def limits(self) -> tuple[ControlLimits, ...]:
        """The limits that take in the whole order: of the firm, and of its strategy."""
        return self.rules.of((FIRM, Scope(ScopeKind.STRATEGY, self.order.strategy)))

    @property
    def left(self) -> Amount:
        """What is still to trade of the order, in the asset it fixes."""
        quantity = self.order.quantity
        in_base = quantity.asset == self.order.base
        fills = (f for c in self.world.children_of(self.order.id) for f in c.fills)
        done = sum((f.quantity if in_base else f.notional).atoms for f in fills)
        return Amount(quantity.asset, quantity.atoms - done)


@dataclass(frozen=True, slots=True)
class Met:
    """An order and the price it meets.

    Attributes
    ----------
    reference : Price | None
        What independent sources say; None where they say nothing.
    """

    asked: Asked
    arrival: Price
    reference: Price | None

    def value(self, amount: Amount) -> int:
        """Return what an amount is worth at arrival, in quote atoms, rounded up."""
        if amount.asset == self.arrival.quote:
            return amount.atoms
        return self.arrival.notional(amount, Rounding.UP).atoms


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan for an order, and the problem it answers."""

    met: Met
    problem: RoutingProblem
    plan: RoutePlan

    @property
    def asked(self) -> Asked:
        """The order."""
        return self.met.asked

    def parts(self) -> Iterator[tuple[ControlLimits, tuple[Leg, ...]]]:
        """Yield the limits that take in a part of the plan, with the legs of it."""
        for limits in self.asked.rules.limits:
            legs = tuple(leg for leg in self.plan.legs if takes_in(limits.scope, self, leg))
            if legs:
                yield limits, legs

    @property
    def first(self) -> tuple[Leg, ...]:
        """The legs of the least certain stage: these are sent now."""
        stage = min(STAGES[leg.instrument.kind] for leg in self.plan.legs)
        return tuple(leg for leg in self.plan.legs if STAGES[leg.instrument.kind] == stage)

    @property
    def books(self) -> dict[InstrumentId, BookCandidate]:
        """The books of the problem."""
        return {book.instrument.id: book for book in self.problem.books}

    @property
    def snapshots(self) -> dict[InstrumentId, AnyPoolSnapshot | BookSnapshot]:
        """The state of each market that the plan was made on."""
        found: dict[InstrumentId, AnyPoolSnapshot | BookSnapshot] = {
            book.instrument.id: book.snapshot for book in self.problem.books
        }
        for route in self.problem.routes:
            found |= {pool.instrument.id: pool.snapshot for pool in route.pools}
        for network in self.problem.networks:
            found |= {pool.instrument.id: pool.snapshot for pool in network.pools}
        return found | {pool.instrument.id: pool.snapshot for pool in self.problem.pools}


def takes_in(scope: Scope, planned: Planned, leg: Leg) -> bool:
    """Tell whether a scope takes in a leg of a plan."""
    match scope.kind:
        case ScopeKind.FIRM:
            return True
        case ScopeKind.STRATEGY:
            return scope.name == planned.asked.order.strategy
        case ScopeKind.ACCOUNT:
            return scope.name == leg.instrument.account
        case ScopeKind.VENUE:
            return scope.name in {i.venue for i in markets_of(leg)}
        case ScopeKind.INSTRUMENT:
            return scope.name in {i.id for i in markets_of(leg)}


def holds_market(scope: Scope, instrument: Instrument) -> bool:
    """Tell whether a scope of an account, venue or instrument is about a market."""
    names = {
        ScopeKind.ACCOUNT: str(instrument.account),
        ScopeKind.VENUE: str(instrument.venue),
        ScopeKind.INSTRUMENT: str(instrument.id),
    }
    return names.get(scope.kind) == scope.name


def markets_of(leg: Leg) -> tuple[Instrument, ...]:
    """Return the markets a leg trades in: those of a route's hops, else its own."""
    return tuple(hop.instrument for hop in leg.hops) or (leg.instrument,)


def messages_of(legs: tuple[Leg, ...]) -> int:
    """Return how many messages send some legs: one a book, one a transaction."""
    chained = {
        (x.instrument.account, x.instrument.router) for x in legs if x.instrument.is_on_chain
    }
    return len(chained) + sum(not leg.instrument.is_on_chain for leg in legs)


def worst_pips(leg: Leg, price: Price) -> int | None:
    """Return how much worse than a price the worst is that a leg accepts, rounded up.

    None where the leg accepts any price: nothing is too little to receive.
    """
    cash, quantity = _at_worst(leg)
    if leg.side is Side.BUY:
        if not quantity:
            return None
        worst, fair = cash * price.base_atoms, quantity * price.quote_atoms
        return divide(worst * PIPS_PER_UNIT, fair, Rounding.UP) - PIPS_PER_UNIT
    if not cash or not quantity:
        return None
    worst, fair = cash * price.base_atoms, quantity * price.quote_atoms
    return PIPS_PER_UNIT - divide(worst * PIPS_PER_UNIT, fair, Rounding.DOWN)


# A book is told ticks, and not the bound that stands for them.
def _at_worst(leg: Leg) -> tuple[int, int]:
    if leg.instrument.kind is InstrumentKind.PERP_BOOK:
        if not leg.limit_ticks or leg.limit_ticks < 0:
            return 0, 0
        rounding = Rounding.UP if leg.side is Side.BUY else Rounding.DOWN
        price = leg.instrument.tick_price(leg.limit_ticks)
        return price.notional(leg.quantity, rounding).atoms, leg.quantity.atoms
    if leg.quantity_kind is QuantityKind.BASE:
        return leg.bound.atoms, leg.quantity.atoms
    return leg.notional.atoms, leg.bound.atoms
