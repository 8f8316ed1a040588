"""A pool, a perp book, an order, and a driver that feeds the engine by hand."""

from dataclasses import dataclass, field, replace

from immutables import Map

from router import engine
from router.domain.account import AccountSnapshot, FundingPayment, Position
from router.domain.certificate import Certificate
from router.domain.command import Command, ResolveChild, SignChild, SolveRoute, SubmitChild
from router.domain.event import (
    AccountsObserved,
    ChildAcknowledged,
    ChildEnded,
    ChildFilled,
    ChildSigned,
    EngineStarted,
    Event,
    MarketObserved,
    ParentSubmitted,
    RouteSolved,
)
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.limits import Limits
from router.domain.market import BlockRef, BookSnapshot, PerpContext, PoolSnapshot, PoolTick
from router.domain.observation import ChainGas, Observation
from router.domain.order import ChildOrder, Fill, GasPaid, OrderStatus, ParentOrder, SignedChild
from router.domain.plan import CostSplit, Leg, QuantityKind, RoutePlan, RoutingProblem
from router.domain.units import (
    NATIVE,
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
from router.state.table import Table
from router.state.world import ParentState, World

ETH, USDC = Asset(AssetId("ETH"), 18), Asset(AssetId("USDC"), 6)
CHAIN, MARGIN = AccountId("evm:31337:0xaa"), AccountId("hyperliquid:0xbb")
ETHER = 10**18
DOLLAR = 10**6
T0 = TimestampNs(1_700_000_000 * 10**9)
MID = Price(ETH.id, USDC.id, 3_000 * DOLLAR, ETHER)

POOL = Instrument(
    id=InstrumentId("uniswap_v3:ETH/USDC:500"),
    venue=VenueId("uniswap_v3"),
    symbol="0xp001",
    kind=InstrumentKind.SPOT_POOL,
    base=ETH,
    quote=USDC,
    account=CHAIN,
    lot_atoms=1,
    notional_min_atoms=0,
    fee_pips=Pips(500),
)
PERP = Instrument(
    id=InstrumentId("hyperliquid:ETH"),
    venue=VenueId("hyperliquid"),
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=ETH,
    quote=USDC,
    account=MARGIN,
    lot_atoms=10**14,
    notional_min_atoms=10 * DOLLAR,
    fee_pips=Pips(450),
    tick_decimals=2,
)
LIMITS = Limits(
    order_notional_max=(Amount(USDC.id, 2_000_000 * DOLLAR),),
    slippage_max_pips=Pips(10_000),
    plan_rounds_max=2,
    child_lifetime=DurationNs(60 * 10**9),
    slippage_tolerance_pips=Pips(1_000),
)
STARTED = EngineStarted("journal", (POOL, PERP), LIMITS, "test", T0)
BLOCK = BlockRef(7, "0x07", "0x06", T0)
LATER = BlockRef(99, "0x99", "0x98", T0)


def accounts(**changes: int) -> tuple[AccountSnapshot, ...]:
    """Balances after the given changes: native, eth, usdc on chain; cash and lots at the perp."""
    chain = {
        NATIVE: 10 * ETHER + changes.get("native", 0),
        ETH.id: 100 * ETHER + changes.get("eth", 0),
        USDC.id: 900_000 * DOLLAR + changes.get("usdc", 0),
    }
    held = tuple(Amount(a, n) for a, n in chain.items())
    cash = (Amount(USDC.id, 500_000 * DOLLAR + changes.get("cash", 0)),)
    position = (Position(PERP.id, changes.get("lots", 0), 10),)
    return (
        AccountSnapshot(CHAIN, held, held, (), 0, 0, 3, BLOCK, T0),
        AccountSnapshot(
            MARGIN,
            cash,
            cash,
            position,
            equity_atoms=500_000 * DOLLAR,
            margin_used_atoms=0,
            next_nonce=None,
            block=None,
            received_at=T0,
            at_venue=TimestampNs(T0 + changes.get("later", 0)),
            funding=tuple(
                FundingPayment(Amount(USDC.id, changes["funding"]), TimestampNs(T0 + hour))
                for hour in (0, 1)
                if "funding" in changes
            ),
        ),
    )


def observation() -> Observation:
    """Show a pool at 3,000 and a book around it."""
    # 3000e6 / 1e18 USDC atoms for an ETH atom: sqrt(3e-9) * 2**96, whatever its last digits.
    sqrt_price_x96 = 4_339_505_179_874_779_489_431_521
    ticks = (PoolTick(-887_270, 10**15, 10**15), PoolTick(887_270, -(10**15), 10**15))
    return Observation(
        pools=(PoolSnapshot(POOL.id, BLOCK, 500, 10, sqrt_price_x96, -196_257, 10**15, ticks, T0),),
        books=(BookSnapshot(PERP.id, ((299_990, 10_000),), ((300_010, 10_000),), T0, T0),),
        contexts=(PerpContext(PERP.id, 300_000, 300_000, Pico(12_500_000), T0),),
        accounts=accounts(),
        gas=(ChainGas(CHAIN, 10**9, MID),),
    )


def order(ethers: int = 10, *, name: str = "one", **changes: object) -> ParentOrder:
    """Buy some ether."""
    plain = ParentOrder(
        id=ParentId(f"parent-{name}"),
        client_order_id=name,
        side=Side.BUY,
        base=ETH.id,
        quote=USDC.id,
        quantity=Amount(ETH.id, ethers * ETHER),
        limit_price=None,
        slippage_max_pips=Pips(10_000),
        holding_horizon_s=3_600,
        venues=(),
        deadline_at=TimestampNs(T0 + 100 * 10**9),
        submitted_at=T0,
    )
    return replace(plain, **changes)


def emptied(world: World) -> World:
    """Return a world as it is, without any orders."""
    tables = ("parents", "children", "going", "queued", "planning", "settling", "open")
    emptied_tables = {name: Table() for name in (*tables, "transactions", "unsigned")}
    return replace(world, flows=Map(), families=Map(), timers=Map(), **emptied_tables)


def leg(instrument: Instrument, quantity: Amount) -> Leg:
    """Make a leg at the mid, with a tenth of a percent of room."""
    notional = MID.notional(quantity, Rounding.UP)
    bound = Amount(USDC.id, notional.atoms * 1_001 // 1_000)
    return Leg(
        instrument=instrument,
        side=Side.BUY,
        quantity_kind=QuantityKind.BASE,
        quantity=quantity,
        notional=notional,
        bound=bound,
        limit_ticks=None if instrument.is_on_chain else 300_300,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )


def plan(problem: RoutingProblem, *parts: tuple[Instrument, int]) -> RoutePlan:
    """Make a plan of whole ethers on the given instruments."""
    return RoutePlan(
        parent=problem.parent,
        side=problem.side,
        legs=tuple(leg(i, Amount(ETH.id, n * ETHER)) for i, n in parts),
        unfilled=Amount(ETH.id, 0),
        arrival_mid=problem.arrival_mid,
        block=BLOCK,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
        singles=(),
        certificate=Certificate(Pico(0), Pico(0), Pico(0), (), "by hand"),
    )


@dataclass
class Driver:
    """Feeds events, keeps the world and the commands of the last event."""

    world: World = field(default_factory=World)
    commands: tuple[Command, ...] = ()
    now: int = T0
    history: list[Event] = field(default_factory=list)

    def feed(self, event: Event) -> tuple[Command, ...]:
        self.history.append(event)
        self.world, self.commands = engine.step(self.world, event)
        return self.commands

    def tick(self) -> TimestampNs:
        self.now += 10**9
        return TimestampNs(self.now)

    def start(self) -> None:
        self.feed(STARTED)
        self.reconcile()

    def reconcile(self, **changes: int) -> tuple[Command, ...]:
        chain, perp = accounts(**changes)
        nonce = max(3, self.world.nonces.get(CHAIN, 0))  # what ours have used up
        later = replace(chain, block=LATER, next_nonce=nonce)  # after every transaction
        filled_at = self.world.filled_at.get(MARGIN, TimestampNs(0))  # and after every fill
        perp = replace(perp, at_venue=max(perp.at_venue, TimestampNs(filled_at + 1)))
        return self.feed(AccountsObserved((later, perp), self.world.epoch, self.tick()))

    def submit(self, parent: ParentOrder) -> ParentState:
        self.feed(ParentSubmitted(parent, self.tick()))
        return self.world.parents[parent.id]

    def observe(self, parent: ParentOrder) -> RoutingProblem:
        self.feed(MarketObserved(parent.id, self.seen(), self.tick()))
        return self.command(SolveRoute).problem

    def seen(self) -> Observation:
        """Show the markets, and accounts that were read after all that happened."""
        shown = observation()
        chain, perp = shown.accounts
        read = (replace(chain, block=LATER), replace(perp, at_venue=TimestampNs(self.now + 1)))
        return replace(shown, accounts=read)

    def solve(self, problem: RoutingProblem, *parts: tuple[Instrument, int]) -> list[ChildOrder]:
        self.feed(RouteSolved(problem.parent, plan(problem, *parts), self.tick()))
        return [c.child for c in self.commands if isinstance(c, SignChild)]

    def sign(self, child: ChildOrder) -> SignedChild:
        signed = SignedChild(child.id, f"ref-{child.id}", child.nonce, "bytes")
        self.feed(ChildSigned(child.id, signed, self.tick()))
        assert self.commands == (SubmitChild(child, signed),)
        return signed

    def acknowledge(self, child: ChildOrder) -> None:
        self.feed(ChildAcknowledged(child.id, self.tick()))
        assert isinstance(self.commands[0], ResolveChild)

    def fill(self, child: ChildOrder, ethers: int, *, name: str = "f") -> Fill:
        quantity = Amount(ETH.id, ethers * ETHER)
        done = Fill(
            id=f"{name}-{child.id}",
            child=child.id,
            instrument=child.legs[0].instrument.id,
            quantity=quantity,
            notional=MID.notional(quantity, Rounding.UP),
            fee=Amount(USDC.id, 0),
            at_venue=T0,
        )
        self.feed(ChildFilled(child.id, done, self.tick()))
        return done

    def end(
        self, child: ChildOrder, status: OrderStatus, *, gas: GasPaid | None = None, why: str = ""
    ) -> tuple[Command, ...]:
        return self.feed(ChildEnded(child.id, status, why, gas, self.tick()))

    def command(self, kind: type) -> Command:
        found = [c for c in self.commands if isinstance(c, kind)]
        assert len(found) == 1, f"expected one {kind.__name__}, got {self.commands}"
        return found[0]
