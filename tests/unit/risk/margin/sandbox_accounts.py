"""Random accounts in the sandbox's own ledger, and the same accounts as the desk reads them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.market import PerpContext
from router.domain.units import AccountId, AssetId, InstrumentId, Pico, Pips, TimestampNs
from router.risk.margin.read import account_model
from tests.unit.sandbox.hyperliquid_floor import Floor, address
from venues.hyperliquid import translate, wire
from venues.hyperliquid.account.tiers import margin_tiers
from venues.hyperliquid.spec import VENUE, HyperliquidConfig
from venues.sandbox.hyperliquid.answers import clearinghouse, metadata
from venues.sandbox.hyperliquid.config import CoinConfig
from venues.sandbox.hyperliquid.ledger import positions
from venues.sandbox.hyperliquid.ledger.account import Account, Leverage
from venues.sandbox.hyperliquid.margin import MarginTable, MarginTier
from venues.sandbox.hyperliquid.number import MICRO

# Every rate of these is a whole number of 1e-12, in which the house keeps rates.
EVEN = [
    ((0, 40), (150_000_000, 20)),
    ((0, 20), (70_000_000, 10)),
    ((0, 10), (3_000_000, 5)),
    ((0, 25), (20_000, 10), (50_000, 5)),
    ((0, 40), (10_000, 25), (50_000, 10)),
    ((0, 50),),
    ((0, 5),),
    ((0, 8), (1_000, 4), (30_000, 2), (900_000, 1)),
]
UNEVEN = [((0, 25), (100_000_000, 15)), ((0, 3),), ((0, 30), (70_000, 7), (2_000_000, 3))]
TABLES = (*EVEN, *UNEVEN)
SIZE_DECIMALS = (5, 4, 3, 2, 1, 0)
NAME = "anna"
WHO = address(NAME)
ACCOUNT = AccountId(f"{VENUE}:{WHO}")
NOW = TimestampNs(5)
AGENT_KEY = "0x" + "11" * 32


def coin(number, tiers):
    table = MarginTable(60 + number, "", tuple(MarginTier(*tier) for tier in tiers))
    return CoinConfig(
        name=f"C{number}",
        size_decimals=SIZE_DECIMALS[number % len(SIZE_DECIMALS)],
        max_leverage=tiers[0][1],
        margin_table=table,
        oracle_price="10",
    )


COINS = tuple(coin(number, tiers) for number, tiers in enumerate(TABLES))


def instrument(spec):
    return Instrument(
        id=InstrumentId(f"{spec.name}-perp"),
        venue=VENUE,
        symbol=spec.name,
        kind=InstrumentKind.PERP_BOOK,
        base=Asset(AssetId(spec.name), 8),
        quote=Asset(AssetId("USDC"), 6),
        account=ACCOUNT,
        lot_atoms=10 ** (8 - spec.size_decimals),
        notional_min_atoms=10_000_000,
        fee_pips=Pips(450),
        tick_decimals=spec.price_decimals,
    )


INSTRUMENTS = {spec.name: instrument(spec) for spec in COINS}


@dataclass
class Bench:
    """One venue whose one account is made anew again and again."""

    floor: Floor
    tiers: Mapping  # of coins, as the desk knows them

    @classmethod
    def opened(cls):
        floor = Floor(coins=COINS)
        floor.house()
        return cls(floor, margin_tiers(wire.read_metadata(metadata.meta_of(floor.state, ""))))

    @property
    def account(self) -> Account:
        return self.floor.account(NAME)

    def fill(self, rng: random.Random, *, with_orders=True, tables=TABLES):
        """Give the account positions it traded for, cash, and marks of now."""
        self.floor.state.accounts[WHO] = account = Account(WHO)
        chosen = rng.sample(
            [c for c, tiers in zip(COINS, TABLES, strict=True) if tiers in tables],
            rng.randint(1, 6),
        )
        needed = 0
        for spec in chosen:
            market = self.floor.market(spec.name)
            mark, size = _mark_and_size(rng, spec)
            leverage = rng.randint(1, spec.max_leverage)
            account.leverage[spec.name] = Leverage(leverage, is_cross=rng.random() < 0.65)
            signed = size if rng.random() < 0.5 else -size
            price = max(1, mark * rng.randint(900, 1_100) // 1_000)
            account.usd[""] = account.cash
            positions.trade(account, market, signed, price=price)
            market.marked = mark
            needed += size * mark // leverage
            if with_orders and rng.random() < 0.2:
                position = account.position(spec.name)
                position.resting_buys = rng.randint(0, 2 * size)
                position.resting_sells = rng.randint(0, 2 * size)
        account.usd[""] = account.cash + int(needed * rng.choice((0.02, 0.2, 0.6, 1.0, 1.7, 4.0)))
        return account

    def told(self):
        """Return what the venue answers."""
        return clearinghouse.view(self.floor.state, self.account, "")

    def snapshot(self):
        """Read the account as the desk does: through what the venue answers."""
        told = wire.read_account(self.told())
        held = self.account.positions
        own = [INSTRUMENTS[name] for name, p in held.items() if p.isolated_usd is None]
        own += [i for name, i in INSTRUMENTS.items() if name not in held][:1]
        config = HyperliquidConfig(
            base_url="http://127.0.0.1:1",
            ws_url="ws://127.0.0.1:1/ws",
            is_mainnet=False,
            address=WHO,
            agent_key=AGENT_KEY,
            instruments=tuple(own),
            leverage=tuple((i.id, 10) for i in own),
            set_leverage=False,
        )
        snapshot = translate.account(
            told,
            config,
            fundings=(),
            leverage=dict(config.leverage),
            received_at=NOW,
            tiers=self.tiers,
        )
        return snapshot, tuple(own)

    def model(self):
        """Return the snapshot of the account and its model."""
        snapshot, own = self.snapshot()
        held = self.account.positions
        resting = {
            INSTRUMENTS[name].id: (p.resting_buys, p.resting_sells)
            for name, p in held.items()
            if p.isolated_usd is None
        }
        contexts = [self.context(i) for i in own]
        return snapshot, account_model(snapshot, own, contexts, resting=resting)

    def context(self, own):
        market = self.floor.market(own.symbol)
        return PerpContext(
            instrument=own.id,
            mark_ticks=market.marked,
            oracle_ticks=market.oracle,
            funding_rate_per_hour=Pico(0),
            received_at=NOW,
            tiers=self.tiers[own.symbol],
        )


def name_of(spec_name, *, is_cross):
    return INSTRUMENTS[spec_name].id if is_cross else InstrumentId(f"{VENUE}:{spec_name}")


# A third of the notionals are at a bound of a tier, or a lot or a tick from it.
def _mark_and_size(rng, spec):
    bounds = [tier.lower_bound_usd for tier in spec.margin_table.tiers if tier.lower_bound_usd]
    if bounds and rng.random() < 0.35:
        size = rng.choice((1, 2, 5, 10, 50, 100, 500, 1_000, 10_000))
        mark = rng.choice(bounds) * MICRO // size
        shift = rng.choice((0, 0, 0, -1, 1))
        return (mark + shift, size) if rng.random() < 0.5 else (mark, max(1, size + shift))
    notional = int(10 ** rng.uniform(1, 8.5) * MICRO)
    mark = max(1, int(10 ** rng.uniform(-1, 5) * 10**spec.price_decimals))
    return mark, max(1, notional // mark)
