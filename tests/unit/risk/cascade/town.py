"""A gap of a quarter in five minutes on the sandbox's own matching, clearing and marks.

Virtual time in seconds, no network. Makers show a fifth of their usual depth, oracle and venues
elsewhere are told half a minute late. Our accounts trade by reduce-only orders that meet the book a
second or two after they were decided on. Everything follows from the seed.
"""

from collections.abc import Callable
from fractions import Fraction
from random import Random

from router.domain.account import AccountSnapshot, MarkedPosition, Position
from router.domain.margin import HeldPosition, MarginTier
from router.domain.market import BookSnapshot, PerpContext
from router.domain.observation import Observation, Survey
from router.domain.risk import AccountAssessment, Assessment, Cut, Zone
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    Pico,
    Pips,
    TimestampNs,
)
from router.risk.deleverage import assess
from tests.unit.risk.cascade.fall import (
    AFTER_S,
    CALM_S,
    COINS,
    DEPTH_DIVISOR,
    DEPTH_PERCENT,
    FEE_PIPS,
    GAP_S,
    LADDER,
    LATE_S,
    LIMITS,
    USDC,
    VENUE,
    WORTH_IT,
    Book,
    Draw,
    Moment,
    Outcome,
    Policy,
    drawn,
    instrument,
)
from tests.unit.sandbox.hyperliquid_floor import OPENED_MS, Floor, address
from venues.sandbox.hyperliquid.ledger import equity, positions
from venues.sandbox.hyperliquid.ledger.leverage import set_leverage
from venues.sandbox.hyperliquid.market.reference import ReferencePrices
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import AccountLiquidated, TimeInForce


class Town:
    """One run of a seed under one policy."""

    def __init__(self, seed: int, decide: Policy, *, draw: Draw | None = None) -> None:
        self._draw = draw or drawn(seed)
        self._decide = decide
        self._random = Random(f"latency:{seed}")
        self._depth = Random(f"depth:{seed}")
        self.floor = Floor(coins=COINS, vaults=(), builder_dexs=(), spot_pairs=())
        self.floor.house()
        self._names = list(self._draw.ours)
        self.coins = [c for c in COINS if any(c.name in b.usd for b in self._draw.ours.values())]
        self._instruments = tuple(instrument(n, c.name) for n in self._names for c in self.coins)
        self._due: list[tuple[int, str, Cut]] = []
        self._before: Assessment | None = None
        self._liquidated: dict[str, int] = {}
        self._cuts = 0
        self._bared: list[str] = []
        self._moments: list[Moment] = []
        self._second = 0
        for spec in self.coins:
            market = self.floor.market(spec.name)
            market.reference.oracle_source = self._late(spec.name)
            path = self._draw.paths[spec.name]
            market.oracle = market.marked = market.previous_mark = path[0]
        for name, book in self._draw.ours.items():
            self._open(name, book)
        for index, book in enumerate(self._draw.crowd):
            self._open(f"crowd{index}", book)
        self._net = self._exposures()
        self._start = {name: self._worth(name) for name in self._names}
        self._cash = {name: self.floor.account(name).cash for name in self._names}
        self._sizes = {
            name: {c: self.floor.position(name, c).size for c in self._draw.ours[name].usd}
            for name in self._names
        }
        self._touches: dict[int, dict[str, tuple[int, int]]] = {}

    def run(self) -> Outcome:
        """Let time pass."""
        first = self.floor.market(self.coins[0].name).reference
        published = None
        for second in range(CALM_S + GAP_S + AFTER_S):
            self._second = second
            self.floor.now_ms = OPENED_MS + 1_000 * second
            self.floor.state.now_ms = self.floor.now_ms
            self._requote()
            self._touches[second] = {c.name: self.floor.market(c.name).touch() for c in self.coins}
            self._fill_due()
            self.floor.advance(0)
            self._look()
            if first.published_ms != published:
                published = first.published_ms
                self._assess()
        end = {name: self._worth(name) for name in self._names}
        return Outcome(
            liquidated=self._liquidated,
            start_usd=sum(self._start.values()),
            end_usd=sum(end.values()),
            by_account={n: self._start[n] - end[n] for n in self._names},
            moments=self._moments,
            touches=self._touches,
            cash=self._cash,
            sizes=self._sizes,
            cuts=self._cuts,
            bared=self._bared,
        )

    # The scene.

    def _late(self, coin: str) -> Callable[[int], ReferencePrices]:
        path = self._draw.paths[coin]

        def told(now_ms: int) -> ReferencePrices:
            price = path[max(0, (now_ms - OPENED_MS) // 1_000 - LATE_S)]
            return ReferencePrices(spot={"Binance": price}, perps={"Binance": price})

        return told

    def _open(self, name: str, book: Book) -> None:
        account = self.floor.open(name, 1)
        for coin, usd in book.usd.items():
            market = self.floor.market(coin)
            refused = set_leverage(
                self.floor.state, account, market, leverage=market.spec.max_leverage, is_cross=True
            )
            assert refused is None, refused
            size = usd * MICRO // market.marked
            positions.trade(account, market, size, price=market.marked)
            positions.trade(self.floor.account("house"), market, -size, price=market.marked)
        needed = equity.cross(account, self.floor.state.markets).maintenance
        self.floor.open(name, Fraction(int(needed / book.ratio), MICRO) - 1)

    def _requote(self) -> None:
        house = self.floor.account("house")
        for order in list(house.open_orders.values()):
            self.floor.matching.cancel(order, status="canceled", stamp=self.floor.stamp)
        for spec in self.coins:
            fair = self._draw.paths[spec.name][self._second]
            tick = 10 ** max(0, len(str(fair)) - 5)
            is_thin = CALM_S <= self._second < CALM_S + GAP_S
            for tenths, usd in LADDER:
                jitter = self._depth.randint(70, 130)
                usd = usd * DEPTH_PERCENT[spec.name] * jitter // 10_000  # noqa: PLW2901
                if is_thin:
                    usd //= DEPTH_DIVISOR  # noqa: PLW2901
                distance = fair * tenths // 100_000
                for sign in (1, -1):
                    price = (fair - sign * distance) // tick * tick + (tick if sign < 0 else 0)
                    placed = self.floor.order(
                        "house",
                        spec.name,
                        size=sign * (usd * MICRO // price),
                        price=price,
                        tif=TimeInForce.ALO,
                    )
                    assert placed.refusal is None, placed.refusal

    # The desk.

    def _fill_due(self) -> None:
        due = [d for d in self._due if d[0] <= self._second]
        self._due = [d for d in self._due if d[0] > self._second]
        for _, name, cut in due:
            self._trade(name, cut)

    def _trade(self, name: str, cut: Cut) -> None:
        coin = cut.instrument.rpartition(":")[2]
        market = self.floor.market(coin)
        bid, ask = market.touch()
        if bid is None or ask is None:
            return  # somebody took all of it
        pips = cut.slippage_max_pips - FEE_PIPS
        mid = (bid + ask) // 2
        price = mid * (PIPS_PER_UNIT + (pips if cut.lots > 0 else -pips)) // PIPS_PER_UNIT
        tick = 10 ** max(0, len(str(price)) - 5)
        self.floor.order(
            name,
            coin,
            size=cut.lots,
            price=price // tick * tick,
            tif=TimeInForce.IOC,
            reduce_only=True,
        )

    def _look(self) -> None:
        for event in self.floor.drain():
            if isinstance(event, AccountLiquidated):
                for name in self._names:
                    if event.account == address(name):
                        self._liquidated.setdefault(name, self._second)

    def _assess(self) -> None:
        survey = self._survey()
        found = assess(survey, self._instruments, LIMITS, before=self._before)
        self._moments.append(self._moment(found.zones))
        cuts = () if self._due else self._decide(survey, self._instruments, self._before)
        self._before = Assessment(
            tuple(
                AccountAssessment(a, VENUE, 0, 0, 0, zone, None) for a, zone in found.zones.items()
            ),
            (),
            survey.observation.accounts[0].received_at,
        )
        self._check(cuts)
        late = self._random.randint(1, 2)
        for cut in cuts:
            self._due.append((self._second + late, cut.instrument.split(":")[1], cut))
        self._cuts += len(cuts)
        if not cuts and not self._due:
            self._rehedge()

    def _check(self, cuts: tuple[Cut, ...]) -> None:
        net = self._exposures()
        after = dict(net)
        for cut in cuts:
            after[cut.instrument.rpartition(":")[2]] += cut.lots
        for coin, size in after.items():
            if abs(size) > abs(net[coin]):
                self._bared.append(f"{self._second} s: {coin} from {net[coin]} to {size}")

    # Whatever happened to us, what it left without its hedge is closed by the desk: no coin is held
    # beyond what it was, and all together not on the other side, nor beyond what it was. At once,
    # so that no luck of the meantime is in what was lost.
    def _rehedge(self) -> None:
        net = self._exposures()
        for coin, size in net.items():
            self._close(coin, abs(size) - abs(self._net[coin]), side=size)
        net = self._exposures()
        prices = {c: self._draw.paths[c][self._second] for c in net}
        worth = sum(net[c] * p for c, p in prices.items())
        at_first = sum(self._net[c] * p for c, p in prices.items())
        beyond = worth - min(max(worth, min(0, at_first)), max(0, at_first))
        if abs(beyond) < WORTH_IT:
            return
        side = [c for c in net if net[c] * beyond > 0]
        coin = max(side, key=lambda c: abs(net[c]) * prices[c])
        self._close(coin, abs(beyond) // prices[coin], side=beyond)

    def _close(self, coin: str, lots: int, *, side: int) -> None:
        for name in self._names:
            held = self.floor.position(name, coin).size
            if lots <= 0 or held * side <= 0:
                continue
            done = min(abs(held), lots)
            lots -= done
            signed = -done if held > 0 else done
            self._trade(name, Cut(instrument(name, coin).id, signed, Pips(30_000), "hedge"))

    def _exposures(self) -> dict[str, int]:
        return {
            c.name: sum(self.floor.position(n, c.name).size for n in self._names)
            for c in self.coins
        }

    def _worth(self, name: str) -> float:
        account = self.floor.account(name)
        worth = account.cash
        for coin, position in account.positions.items():
            worth += position.size * self._draw.paths[coin][self._second]
        return worth / MICRO

    def _moment(self, zones: dict[AccountId, Zone]) -> Moment:
        markets = {c.name: self.floor.market(c.name) for c in self.coins}
        return Moment(
            second=self._second,
            marks={c: m.marked for c, m in markets.items()},
            shown={
                c: tuple(sum(n for _, n in _levels(m, is_buy=b)) for b in (True, False))
                for c, m in markets.items()
            },
            zones={a.rpartition(":")[2]: z for a, z in zones.items()},
        )

    # What the adapter would tell.

    def _survey(self) -> Survey:
        at = TimestampNs(self.floor.now_ms * 10**6)
        books, contexts = [], []
        for one in self._instruments:
            market = self.floor.market(one.symbol)
            bids, asks = (tuple(_levels(market, is_buy=b)) for b in (True, False))
            books.append(BookSnapshot(one.id, bids, asks, at, at))
            tiers = _tiers(market)
            contexts.append(
                PerpContext(one.id, market.marked, market.oracle, Pico(0), at, None, tiers)
            )
        accounts = tuple(self._snapshot(name, at) for name in self._names)
        return Survey(Observation((), tuple(books), tuple(contexts), accounts, ()))

    def _snapshot(self, name: str, at: TimestampNs) -> AccountSnapshot:
        account = self.floor.account(name)
        cash = (Amount(USDC.id, account.cash),)
        held, marked = [], []
        for one in self._instruments:
            if one.account != f"{VENUE}:{name}":
                continue
            market = self.floor.market(one.symbol)
            size = account.position(one.symbol).size
            held.append(Position(one.id, size, market.spec.max_leverage))
            if size:
                initial = Pico(PICO_PER_UNIT // market.spec.max_leverage)
                told = HeldPosition(one.base.id, size * market.marked, _tiers(market), initial)
                marked.append(MarkedPosition(one.id, told))
        return AccountSnapshot(
            account=AccountId(f"{VENUE}:{name}"),
            balances=cash,
            spendable=cash,
            positions=tuple(held),
            equity_atoms=equity.account_value(account, self.floor.state.markets),
            margin_used_atoms=0,
            next_nonce=None,
            block=None,
            received_at=at,
            at_venue=at,
            marked=tuple(marked),
        )


def _levels(market, *, is_buy: bool) -> list[tuple[int, int]]:
    levels = market.book.levels(is_buy=is_buy)
    return [(price, sum(o.leaves for o in orders.values())) for price, orders in levels]


def _tiers(market) -> tuple[MarginTier, ...]:
    return tuple(
        MarginTier(
            tier.lower_bound_usd * MICRO,
            tier.max_leverage,
            Pico(-(-PICO_PER_UNIT // (2 * tier.max_leverage))),
        )
        for tier in market.spec.margin_table.tiers
    )
