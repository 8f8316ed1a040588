"""The optimiser's contract: a `RoutingProblem` in, a `RoutePlan` with its `Certificate` out.

Everything is in integers, so that a problem and its plan can be journaled, digested and replayed.
The optimiser scales them to floats for itself and rounds its answer back, against us.
"""

import enum
from dataclasses import dataclass
from typing import Final

from router.domain.certificate import Certificate
from router.domain.instrument import Instrument
from router.domain.margin import (
    InitialMargin,
    MarginAccount,
    MarginTier,
    Reservation,
    StressScenario,
)
from router.domain.market import AnyPoolSnapshot, BlockRef, BookSnapshot
from router.domain.units import AccountId, Amount, InstrumentId, ParentId, Pico, Pips, Price, Side

NO_BASIS: Final = Pico(0)


class QuantityKind(enum.Enum):
    """What the order fixes exactly."""

    BASE = "base"  # buy exactly so much (exact output), or sell exactly so much (exact input)
    CASH = "cash"  # spend exactly so much quote (exact input), or raise it (exact output)


@dataclass(frozen=True, slots=True)
class PoolCandidate:
    """A pool that may carry a part of the order.

    Attributes
    ----------
    gas_units : int
        Gas that using this pool adds to the transaction.
    """

    instrument: Instrument
    snapshot: AnyPoolSnapshot
    gas_units: int


@dataclass(frozen=True, slots=True)
class RouteCandidate:
    """Two hops through a middle asset, each over all pools there are for it.

    Attributes
    ----------
    instrument : Instrument
        Of the order's pair; nothing that is configured.
    base_pools : tuple of PoolCandidate
        Base against the middle asset, which is the quote of their instruments.
    quote_pools : tuple of PoolCandidate
        The middle asset, which is the base of their instruments, against quote.
    """

    instrument: Instrument
    base_pools: tuple[PoolCandidate, ...]
    quote_pools: tuple[PoolCandidate, ...]

    @property
    def pools(self) -> tuple[PoolCandidate, ...]:
        """The pools of both hops."""
        return self.base_pools + self.quote_pools


@dataclass(frozen=True, slots=True)
class NetworkCandidate:
    """Every way from base to quote through other assets, over pools that share these assets.

    Attributes
    ----------
    instrument : Instrument
        Of the order's pair; nothing that is configured.
    pools : tuple of PoolCandidate
        Each in its own pair, and once, however many ways lead over it; none is of the order's pair.
        Each may be used in either direction.
    """

    instrument: Instrument
    pools: tuple[PoolCandidate, ...]


@dataclass(frozen=True, slots=True)
class BookCandidate:
    """A perp book that may carry a part of the order.

    Attributes
    ----------
    mark_ticks : int
        Mark price in ticks; margin is reckoned at it.
    funding_rate_per_hour : Pico
        Positive means that longs pay.
    position_lots : int
        Signed position before the order.
    leverage : int
        Leverage the account has set; initial margin is notional over leverage.
    quantity_max_lots : int | None
        Cap on this order's part, from limits; None where no limit applies.
    position_max_atoms : int | None
        Most notional at the mark, in collateral atoms, that the position may reach.
    tiers : tuple of MarginTier
        Empty: the venue told none; then every notional may be opened at `leverage`, and
        maintenance is taken to be the initial margin.
    reduces_only : bool
        The order may only make the position smaller.
    basis : Pico
        Expected loss of a long on its notional, over the holding horizon, as the perp's price
        goes back to the spot price; negative where it trades below.
    """

    instrument: Instrument
    snapshot: BookSnapshot
    mark_ticks: int
    funding_rate_per_hour: Pico
    position_lots: int
    leverage: int
    quantity_max_lots: int | None
    position_max_atoms: int | None = None
    tiers: tuple[MarginTier, ...] = ()
    initial_margin: InitialMargin = InitialMargin.AT_LEVERAGE
    reduces_only: bool = False
    basis: Pico = NO_BASIS


@dataclass(frozen=True, slots=True)
class ChainCash:
    """What one chain account may spend, and what a transaction costs it before the first pool."""

    account: AccountId
    spendable: tuple[Amount, ...]
    gas_units_base: int
    gas_price: Price | None  # quote atoms for atoms of the gas coin; None: gas is not priced


@dataclass(frozen=True, slots=True)
class InclusionScenario:
    """What may have happened by the time a leg is executed.

    Attributes
    ----------
    weight : Pico
        Its probability; those of all scenarios add up to one.
    move_pips : Pips
        How far every price has moved against the order.
    pool_depth_pips, book_depth_pips : Pips
        What is left of the liquidity; 1,000,000 is all of it. Positive.
    """

    name: str
    weight: Pico
    move_pips: Pips
    pool_depth_pips: Pips
    book_depth_pips: Pips


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What to plan for between decision and execution.

    The plan minimises the expected cost plus `aversion_pips` of what the worst `tail_pips` of
    the outcomes cost on average (conditional value at risk). Without aversion it minimises its
    cost on the state as seen, and the scenarios only say in which band it may end.
    """

    scenarios: tuple[InclusionScenario, ...]
    tail_pips: Pips
    aversion_pips: Pips


@dataclass(frozen=True, slots=True)
class Band:
    """What a plan as sent costs over the scenarios, as slippage rounded against us.

    Attributes
    ----------
    tail : Pips
        Average of the worst outcomes.
    """

    best: Pips
    expected: Pips
    worst: Pips
    tail: Pips


@dataclass(frozen=True, slots=True)
class RoutingProblem:
    """One slice of a parent order with everything the split depends on.

    Attributes
    ----------
    quantity : Amount
        Still to trade; base or quote asset according to `kind`.
    arrival_mid : Price
        Slippage is measured against it.
    limit_price : Price
        The worst price any unit may trade at, fees included.
    gas_fee_wei : int
        Expected price of one unit of gas.
    scenarios : tuple of StressScenario
        What every perp account that trades must survive.
    reservations : tuple of Reservation
        What legs in flight may still take; not to be spent again.
    uncertainty : Uncertainty | None
        None: the plan minimises its cost on the state as it was seen.
    """

    parent: ParentId
    side: Side
    kind: QuantityKind
    quantity: Amount
    arrival_mid: Price
    limit_price: Price
    holding_horizon_s: int
    gas_fee_wei: int
    slippage_tolerance_pips: Pips
    pools: tuple[PoolCandidate, ...]
    books: tuple[BookCandidate, ...]
    chains: tuple[ChainCash, ...]
    margins: tuple[MarginAccount, ...]
    routes: tuple[RouteCandidate, ...] = ()
    networks: tuple[NetworkCandidate, ...] = ()
    scenarios: tuple[StressScenario, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    uncertainty: Uncertainty | None = None

    @property
    def ways(self) -> tuple[RouteCandidate | NetworkCandidate, ...]:
        """What leads through other assets."""
        return (*self.routes, *self.networks)

    @property
    def is_robust(self) -> bool:
        """Whether the plan is made for the uncertainty and not for the state as seen."""
        return self.uncertainty is not None and self.uncertainty.aversion_pips > 0


@dataclass(frozen=True, slots=True)
class CostSplit:
    """What a leg or plan costs against the arrival mid, in quote atoms; positive is worse for us.

    `impact` is how far the price is from the arrival mid before fees: spread, depth, basis.
    `basis` is the part of it that a perp's mark is from the arrival mid; it is in the total once.
    """

    impact: int
    fees: int
    gas: int
    funding: int
    basis: int = 0

    @property
    def total(self) -> int:
        """Sum of the parts."""
        return self.impact + self.fees + self.gas + self.funding

    def __add__(self, other: "CostSplit") -> "CostSplit":
        return CostSplit(
            self.impact + other.impact,
            self.fees + other.fees,
            self.gas + other.gas,
            self.funding + other.funding,
            self.basis + other.basis,
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """What one pool of a route takes and gives, by exact quote on the problem's own state."""

    instrument: Instrument
    paid: Amount
    received: Amount


@dataclass(frozen=True, slots=True)
class Leg:
    """One instrument's part of a plan, exact to the atom.

    Attributes
    ----------
    quantity, notional : Amount
        Base traded and quote that changes hands, by exact quote on the problem's own state.
        Pool fees are inside the notional; venue fees of a book are in `cost.fees` only.
    quantity_kind : QuantityKind
        Which of the two the venue is told to make exact.
    bound : Amount
        The other one's worst acceptable value: most to pay, or least to receive. For a book, the
        notional at the limit price.
    limit_ticks : int | None
        Books only: the limit price in ticks.
    slippage : Pips
        All costs of the leg over its notional at arrival mid, rounded against us.
    hops : tuple of Hop
        Routes only: in the order in which they happen. What the first hop's pools give is all that
        the second hop's take.
    """

    instrument: Instrument
    side: Side
    quantity_kind: QuantityKind
    quantity: Amount
    notional: Amount
    bound: Amount
    limit_ticks: int | None
    cost: CostSplit
    slippage: Pips
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class SingleVenue:
    """What the whole order would cost at one instrument alone; None where it does not fit."""

    instrument: InstrumentId
    slippage: Pips | None
    filled_atoms: int


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """How much goes where, and why to believe it.

    Attributes
    ----------
    unfilled : Amount
        Part of the problem's quantity that no venue gives within the limits; same asset as it.
    band : Band | None
        None where the problem states no uncertainty.
    """

    parent: ParentId
    side: Side
    legs: tuple[Leg, ...]
    unfilled: Amount
    arrival_mid: Price
    block: BlockRef | None
    cost: CostSplit
    slippage: Pips
    singles: tuple[SingleVenue, ...]
    certificate: Certificate
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A plan beside the problem it solves: all that a check of its proof needs."""

    problem: RoutingProblem
    plan: RoutePlan


class NoRouteReason(enum.Enum):
    """Why there is no plan; the message beside it says what would change that."""

    NO_VENUE = "no_venue"
    NO_LIQUIDITY = "no_liquidity"
    LIMIT_PRICE = "limit_price"
    BELOW_MINIMUM = "below_minimum"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    STRESS = "stress"
    REDUCE_ONLY = "reduce_only"
    POSITION_CAP = "position_cap"
    STALE_DATA = "stale_data"
    DEADLINE = "deadline"
    LIMIT_EXCEEDED = "limit_exceeded"
    SOLVER = "solver"
