"""Two pairs, ether and bitcoin, each with a pool and a perp book; and a driver of baskets."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from router.domain.account import Position
from router.domain.basket import Basket, BasketPlan
from router.domain.certificate import Certificate
from router.domain.command import ObserveMarket, RaiseAlarm, SignChild, SolveBasket
from router.domain.event import (
    AccountsObserved,
    BasketSolved,
    BasketSubmitted,
    ChildFilled,
    MarketObserved,
)
from router.domain.instrument import Asset, Instrument
from router.domain.market import BookSnapshot, PerpContext
from router.domain.observation import Observation
from router.domain.order import ChildOrder, Fill, ParentOrder
from router.domain.plan import CostSplit, Leg, QuantityKind, RoutePlan, RoutingProblem
from router.domain.units import (
    Amount,
    AssetId,
    BasketId,
    InstrumentId,
    Pico,
    Pips,
    Price,
    Rounding,
    Side,
)
from router.state.world import ParentState
from tests.unit.engine.scene import (
    BLOCK,
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    STARTED,
    T0,
    USDC,
    Driver,
    observation,
    order,
)

BTC = Asset(AssetId("BTC"), 8)
COIN = 10**8
BTC_POOL = replace(POOL, id=InstrumentId("uniswap_v3:BTC/USDC:500"), symbol="0xp002", base=BTC)
BTC_PERP = replace(
    PERP,
    id=InstrumentId("hyperliquid:BTC"),
    symbol="BTC",
    base=BTC,
    lot_atoms=10**3,
    tick_decimals=0,
)
BTC_MID = Price(BTC.id, USDC.id, 60_000 * DOLLAR, COIN)
NAME = BasketId("pair")
BOOKED = replace(STARTED, instruments=(POOL, PERP, BTC_POOL, BTC_PERP))
BUY_ETH = order(20, name="eth", basket=NAME)  # worth 60,000 USDC
SELL_BTC = order(  # worth 60,000 USDC
    name="btc", basket=NAME, side=Side.SELL, base=BTC.id, quantity=Amount(BTC.id, COIN)
)


def both() -> Observation:
    """Show both pairs: a pool at 3,000 for ether, books around 3,000 and 60,000."""
    plain = observation()
    pool = plain.pools[0]
    # 60,000e6 / 1e8 USDC atoms for a BTC atom: sqrt(600) * 2**96, and its tick.
    other = replace(
        pool,
        instrument=BTC_POOL.id,
        sqrt_price_x96=1_940_681_670_204_570_480_914_055_034_880,
        tick=63_973,
    )
    chain, perp = plain.accounts
    coins = Amount(BTC.id, 5 * COIN)
    return replace(
        plain,
        pools=(pool, other),
        books=(
            *plain.books,
            BookSnapshot(BTC_PERP.id, ((59_999, 10**7),), ((60_001, 10**7),), T0, T0),
        ),
        contexts=(
            *plain.contexts,
            PerpContext(BTC_PERP.id, 60_000, 60_000, Pico(12_500_000), T0),
        ),
        accounts=(
            replace(chain, balances=(*chain.balances, coins), spendable=(*chain.spendable, coins)),
            replace(perp, positions=(*perp.positions, Position(BTC_PERP.id, 0, 10))),
        ),
    )


def part(instrument: Instrument, side: Side, atoms: int) -> Leg:
    """Make a leg at the mid, with a tenth of a percent of room."""
    mid = BTC_MID if instrument.base is BTC else Price(POOL.base.id, USDC.id, 3_000 * DOLLAR, ETHER)
    quantity = Amount(instrument.base.id, atoms)
    notional = mid.notional(quantity, Rounding.UP)
    room = 1_001 if side is Side.BUY else 999
    ticks = {PERP.id: (300_300, 299_700), BTC_PERP.id: (60_060, 59_940)}.get(instrument.id)
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=QuantityKind.BASE,
        quantity=quantity,
        notional=notional,
        bound=Amount(USDC.id, notional.atoms * room // 1_000),
        limit_ticks=None if ticks is None else ticks[0 if side is Side.BUY else 1],
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )


def planned(problem: RoutingProblem, *parts: tuple[Instrument, int]) -> RoutePlan:
    """Make a plan of atoms on the given instruments."""
    return RoutePlan(
        parent=problem.parent,
        side=problem.side,
        legs=tuple(part(i, problem.side, atoms) for i, atoms in parts),
        unfilled=Amount(problem.quantity.asset, 0),
        arrival_mid=problem.arrival_mid,
        block=BLOCK,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
        singles=(),
        certificate=Certificate(Pico(0), Pico(0), Pico(0), (), "by hand"),
    )


@dataclass
class Baskets(Driver):
    """Feeds baskets by hand."""

    shown: Observation = field(default_factory=both)
    told: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.feed(BOOKED)
        self.feed(AccountsObserved(self.seen().accounts, self.world.epoch, self.tick()))

    def seen(self) -> Observation:
        now = super().seen()
        chain, perp = self.shown.accounts
        read = (
            replace(chain, block=now.accounts[0].block),
            replace(perp, at_venue=now.accounts[1].at_venue),
        )
        return replace(self.shown, accounts=read)

    def give(self, *orders: ParentOrder, exposure: int | None = None) -> tuple[ParentState, ...]:
        most = None if exposure is None else Amount(USDC.id, exposure * DOLLAR)
        basket = Basket(NAME, tuple(o.id for o in orders), most)
        self.feed(BasketSubmitted(basket, orders, self.tick()))
        return tuple(self.world.parents[o.id] for o in orders)

    def look(self) -> tuple[RoutingProblem, ...]:
        """Show the markets to whoever asked for them, and return what is to be solved."""
        asked = self.command(ObserveMarket)
        self.feed(MarketObserved(asked.parent, self.seen(), self.tick()))
        return self.command(SolveBasket).problems

    def answer(
        self, problems: Iterable[RoutingProblem], *parts: tuple[Instrument, int]
    ) -> list[ChildOrder]:
        """Plan each problem on those of the parts that are of its pair."""
        plans = tuple(
            planned(p, *(x for x in parts if x[0].base.id == p.arrival_mid.base)) for p in problems
        )
        none = CostSplit(0, 0, 0, 0)
        whole = BasketPlan(plans, none, plans[0].certificate)
        self.feed(BasketSolved(NAME, whole, self.tick()))
        return self.signed()

    def signed(self) -> list[ChildOrder]:
        return [c.child for c in self.commands if isinstance(c, SignChild)]

    def filled(self, child: ChildOrder, share: int = 100, *, name: str = "f") -> int:
        """Fill a share of a child in percent, and return the atoms."""
        total = 0
        for leg in child.legs:
            lot = leg.instrument.lot_atoms
            atoms = leg.quantity.atoms * share // 100 // lot * lot
            if not atoms:
                continue
            done = Fill(
                id=f"{name}-{child.id}-{leg.instrument.id}",
                child=child.id,
                instrument=leg.instrument.id,
                quantity=Amount(leg.quantity.asset, atoms),
                notional=Amount(USDC.id, leg.notional.atoms * atoms // leg.quantity.atoms),
                fee=Amount(USDC.id, 0),
                at_venue=T0,
            )
            self.feed(ChildFilled(child.id, done, self.tick()))
            total += atoms
        return total

    def agree(self) -> None:
        """Have the accounts looked at: they hold what the ledger says."""
        ledger = self.world.ledger
        read = []
        for account in self.seen().accounts:
            name = account.account
            held = tuple(Amount(x, n) for (a, x), n in ledger.balances.items() if a == name)
            lots = tuple(Position(x, n, 10) for (a, x), n in ledger.positions.items() if a == name)
            nonce = account.next_nonce
            if nonce is not None:
                nonce = max(nonce, self.world.nonces.get(name, 0))
            read.append(replace(account, balances=held, positions=lots, next_nonce=nonce))
        self.feed(AccountsObserved(tuple(read), self.world.epoch, self.tick()))

    def settle(self) -> None:
        """Look at the accounts until nobody waits for that."""
        for _ in range(5):
            if self.world.is_looking:
                self.agree()
                self.told += [c.message for c in self.commands if isinstance(c, RaiseAlarm)]
