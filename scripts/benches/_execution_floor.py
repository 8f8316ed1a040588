"""One venue in memory that fills at the mid, a solver that answers at once, and orders for them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter, time_ns
from typing import Final

from coincurve import PrivateKey

from router.domain.account import AccountSnapshot, Position
from router.domain.basket import BasketPlan
from router.domain.certificate import Certificate
from router.domain.event import EngineStarted
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.limits import Limits
from router.domain.market import BookSnapshot, PerpContext
from router.domain.order import (
    ChildOrder,
    Fill,
    OrderStatus,
    ParentOrder,
    Replacement,
    SignedChild,
)
from router.domain.plan import CostSplit, Leg, QuantityKind, RoutePlan, RoutingProblem
from router.domain.schedule import Schedule, ScheduleProblem
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    ParentId,
    Pico,
    Pips,
    Price,
    Rounding,
    Side,
    TimestampNs,
    VenueId,
)
from router.journal import codec
from router.port import Emit, Resolution
from router.shell.clock import SystemClock
from router.shell.reader import Reader
from router.shell.runtime import Parts, RecordSink, Runtime
from router.state.market import MarketView, Staleness
from router.state.world import World

ETH, USDC = Asset(AssetId("ETH"), 18), Asset(AssetId("USDC"), 6)
MARGIN: Final = AccountId("bench:0xbb")
LOT: Final = 10**14
MID: Final = Price(ETH.id, USDC.id, 3_000 * 10**6, 10**18)
ONE: Final = Amount(ETH.id, 100 * LOT)
HOUR: Final = 3_600 * 10**9
FOREVER: Final = DurationNs(24 * HOUR)
NOTHING: Final = CostSplit(0, 0, 0, 0)
PERP: Final = Instrument(
    id=InstrumentId("bench:ETH"),
    venue=VenueId("bench"),
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=ETH,
    quote=USDC,
    account=MARGIN,
    lot_atoms=LOT,
    notional_min_atoms=10 * 10**6,
    fee_pips=Pips(450),
    tick_decimals=2,
)
LIMITS: Final = Limits(
    order_notional_max=(Amount(USDC.id, 10**12),),
    slippage_max_pips=Pips(10_000),
    plan_rounds_max=2,
    child_lifetime=DurationNs(60 * 10**9),
    slippage_tolerance_pips=Pips(1_000),
)
STARTED: Final = EngineStarted("bench", (PERP,), LIMITS, "bench", TimestampNs(time_ns()))


def bench_order(number: int) -> ParentOrder:
    """Return an order to buy a hundredth of an ether."""
    now = STARTED.at
    return ParentOrder(
        id=ParentId(f"bench-{number:08d}"),
        client_order_id=f"{number:08d}",
        side=Side.BUY,
        base=ETH.id,
        quote=USDC.id,
        quantity=ONE,
        limit_price=None,
        slippage_max_pips=Pips(10_000),
        holding_horizon_s=3_600,
        venues=(),
        deadline_at=TimestampNs(now + HOUR),
        submitted_at=now,
    )


@dataclass
class _Solver:
    """Gives the book all there is, and notes when."""

    answered: dict[str, float] = field(default_factory=dict)

    async def solve(self, problem: RoutingProblem) -> RoutePlan:
        notional = MID.notional(problem.quantity, Rounding.UP)
        leg = Leg(
            instrument=PERP,
            side=problem.side,
            quantity_kind=QuantityKind.BASE,
            quantity=problem.quantity,
            notional=notional,
            bound=Amount(USDC.id, notional.atoms * 1_001 // 1_000),
            limit_ticks=300_300,
            cost=NOTHING,
            slippage=Pips(0),
        )
        proof = Certificate(Pico(0), Pico(0), Pico(0), (), "by hand")
        self.answered[problem.parent] = perf_counter()
        return RoutePlan(
            parent=problem.parent,
            side=problem.side,
            legs=(leg,),
            unfilled=Amount(ETH.id, 0),
            arrival_mid=problem.arrival_mid,
            block=None,
            cost=NOTHING,
            slippage=Pips(0),
            singles=(),
            certificate=proof,
        )

    async def solve_basket(self, problems: tuple[RoutingProblem, ...]) -> BasketPlan:
        raise NotImplementedError

    async def solve_schedule(self, problem: ScheduleProblem) -> Schedule:
        raise NotImplementedError


class _Venue:
    """Takes what it is sent at the mid, signs with a real key, and notes when bytes leave."""

    id = PERP.venue
    account = MARGIN

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers
        self._key = PrivateKey(b"\x01" * 32)
        self._lots = 0
        self._known: set[str] = set()
        self.sent: dict[str, float] = {}

    async def start(self) -> None:
        """Do nothing: it is here."""

    async def close(self) -> None:
        """Do nothing: it stays."""

    async def stream(self, emit: Emit) -> None:
        now = TimestampNs(time_ns())
        bids, asks = ((299_990, 10**9),), ((300_010, 10**9),)
        emit(BookSnapshot(PERP.id, bids, asks, now, now))
        emit(PerpContext(PERP.id, 300_000, 300_000, Pico(0), now))
        await asyncio.Event().wait()

    async def read_account(self) -> AccountSnapshot:
        if not self._answers:
            await asyncio.Event().wait()
        paid = MID.notional(Amount(ETH.id, LOT), Rounding.UP).atoms * self._lots
        cash = Amount(USDC.id, 10**12 - paid)
        now = TimestampNs(time_ns())
        return AccountSnapshot(
            MARGIN,
            (cash,),
            (cash,),
            (Position(PERP.id, self._lots, 10),),
            equity_atoms=10**12,
            margin_used_atoms=0,
            next_nonce=None,
            block=None,
            received_at=now,
            at_venue=now,
        )

    async def sign(self, child: ChildOrder) -> SignedChild:
        bytes_ = hashlib.sha256(codec.encode(child)).digest()
        signature = self._key.sign_recoverable(bytes_, hasher=None)
        return SignedChild(child.id, f"ref-{child.id}", child.nonce, signature.hex())

    async def submit(self, child: ChildOrder, _signed: SignedChild) -> None:
        self.sent[child.parent] = perf_counter()
        self._lots += child.legs[0].quantity.atoms // LOT
        self._known.add(child.id)

    async def resolve(self, child: ChildOrder, _attempts: tuple[SignedChild, ...]) -> Resolution:
        leg = child.legs[0]
        notional = MID.notional(leg.quantity, Rounding.UP)
        now = TimestampNs(time_ns())
        fill = Fill(
            f"fill-{child.id}", child.id, PERP.id, leg.quantity, notional, Amount(USDC.id, 0), now
        )
        return Resolution(OrderStatus.FILLED, (fill,), None, "")

    async def replace(
        self, child: ChildOrder, attempts: tuple[SignedChild, ...], replacement: Replacement
    ) -> SignedChild:
        raise NotImplementedError

    async def cancel(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> None:
        raise NotImplementedError


class BenchFloor:
    """The venue, a reader over it, and a runtime over both.

    Parameters
    ----------
    answers : bool
        Whether the venue tells its account; nothing is planned before.
    """

    def __init__(self, *, answers: bool) -> None:
        self.clock = SystemClock()
        self.venue = _Venue(answers=answers)
        self.solver = _Solver()
        staleness = Staleness(FOREVER, FOREVER)
        market = MarketView((PERP,), staleness)
        self.reader = Reader({PERP.venue: self.venue}, market, natives={}, clock=self.clock)

    def waits(self) -> list[float]:
        """Return the seconds from each plan to its bytes leaving."""
        return [self.venue.sent[p] - at for p, at in self.solver.answered.items()]

    @asynccontextmanager
    async def running(self, journal: RecordSink) -> AsyncIterator[Runtime]:
        """Run a runtime until the block is left."""
        parts = Parts(self.reader, self.solver, journal, self.clock)
        runtime, stop = Runtime(parts, World()), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(STARTED, stop))
            await runtime.started.wait()
            try:
                yield runtime
            finally:
                stop.set()
