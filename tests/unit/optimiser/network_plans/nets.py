"""Networks to route in: pools of all families between four assets, some of them across."""

import math
import random
from dataclasses import replace

from router.domain.instrument import Asset, InstrumentKind
from router.domain.plan import (
    BookCandidate,
    ChainCash,
    NetworkCandidate,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import NATIVE, AccountId, Amount, InstrumentId, Pips, Price, Side
from tests.unit.optimiser.world import (
    DAI,
    ETH,
    MID,
    UNIT,
    USD,
    USDC,
    USDT,
    WBTC,
    book,
    pool,
    problem,
    random_pool,
)

ACCOUNT = AccountId("chain:me")
CROSSING = (
    pool("eth-usdt", base=ETH, quote=USDT, seed=1),
    pool("eth-dai", base=ETH, quote=DAI, seed=2),
    pool("usdt-usdc", base=USDT, quote=USDC, fee_pips=100, spacing=1, seed=3, depth_usd=2e6),
    pool("dai-usdc", base=DAI, quote=USDC, fee_pips=100, spacing=1, seed=4),
    pool("usdt-dai", base=USDT, quote=DAI, fee_pips=100, spacing=1, seed=5),
)


def network(pools: tuple[PoolCandidate, ...], name: str = "network") -> NetworkCandidate:
    """Return the network over pools of one account."""
    instrument = replace(
        pools[0].instrument,
        id=InstrumentId(name),
        base=ETH,
        quote=USDC,
        kind=InstrumentKind.SPOT_ROUTE,
        fee_pips=Pips(0),
    )
    return NetworkCandidate(instrument, pools)


def over_network(
    pools: tuple[PoolCandidate, ...] = CROSSING,
    *,
    side: Side = Side.BUY,
    kind: QuantityKind = QuantityKind.BASE,
    quantity: float = 700.0,
    direct: tuple[PoolCandidate, ...] = (),
    books: tuple[BookCandidate, ...] = (),
    cash: float = 1e9,
    gas_usd: float | None = 0.0,
    **more: object,
) -> RoutingProblem:
    """Return a problem; `quantity` is in ether, whatever the order fixes."""
    made = problem(
        side=side,
        kind=kind,
        quantity=quantity if kind is QuantityKind.BASE else quantity * MID,
        pools=direct,
        books=books,
        gas_usd=gas_usd,
        **more,
    )
    spendable = (Amount(USDC.id, round(cash * USD)), Amount(ETH.id, round(cash / MID * UNIT)))
    price = None if gas_usd is None else Price(NATIVE, USDC.id, 2_000 * USD, UNIT)
    chains = (ChainCash(ACCOUNT, spendable, 100_000, price),)
    return replace(made, networks=(network(pools),), chains=chains)


def random_net(seed: int, *, with_book: bool = False) -> RoutingProblem:
    """Return an instance of 2-3 middle assets with cross pools, and up to two direct pools."""
    rng = random.Random(seed)
    middles = rng.sample((USDT, WBTC, DAI), rng.randint(2, 3))

    def pools_of(base: Asset, quote: Asset, least: int, most: int) -> list[PoolCandidate]:
        turned = rng.random() < 0.5 and {base, quote} != {ETH, USDC}
        one, other = (quote, base) if turned else (base, quote)
        names = (f"{one.id}-{other.id}-{i}" for i in range(rng.randint(least, most)))
        return [random_pool(name, rng, base=one, quote=other) for name in names]

    pools = [p for m in middles for p in (*pools_of(ETH, m, 0, 2), *pools_of(m, USDC, 0, 2))]
    pools += [p for i, m in enumerate(middles) for n in middles[:i] for p in pools_of(m, n, 1, 2)]
    # One way at least.
    pools += [random_pool("first", rng, base=ETH, quote=middles[0])]
    pools += [random_pool("last", rng, base=middles[-1], quote=USDC)]
    books = (book(seed=rng.randrange(10**6), level_usd=5e4),) if with_book else ()
    quantity = math.exp(rng.uniform(math.log(1), math.log(300)))
    return over_network(
        tuple(pools),
        side=rng.choice(tuple(Side)),
        kind=rng.choice(tuple(QuantityKind)),
        quantity=quantity,
        direct=tuple(pools_of(ETH, USDC, 0, 2)),
        books=books,
        gas_usd=rng.choice((None, 0.05)),
        equity=quantity * MID * rng.choice((0.01, 1.0)),
        cash=quantity * MID * rng.choice((0.5, 100.0)) if with_book else 1e9,
    )
