"""Random baskets: one to three orders of any size, side and kind that share cash and margin."""

import random
from dataclasses import replace

from router.domain.instrument import Asset
from router.domain.margin import (
    InitialMargin,
    MarginAccount,
    MarginTier,
    Reservation,
    StressScenario,
)
from router.domain.plan import (
    BookCandidate,
    ChainCash,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import (
    NATIVE,
    PICO_PER_UNIT,
    AccountId,
    Amount,
    Pico,
    Pips,
    Price,
    Side,
)
from tests.unit.optimiser.test_basket import BTC_MID, of_btc, order
from tests.unit.optimiser.world import ETH, MID, TIERS, UNIT, USD, USDC, WBTC, book, pool

ONE = Pico(PICO_PER_UNIT // 100)


def random_basket(seed: int) -> list[RoutingProblem]:
    """Return orders; some baskets cannot be borne, some hold orders too small to trade."""
    rng = random.Random(seed)
    chains = ("chain:me",) if rng.random() < 0.7 else ("chain:me", "chain:b")
    perps = ("perp:me",) if rng.random() < 0.6 else ("perp:me", "perp:b")
    modes = {account: rng.choice(list(InitialMargin)) for account in perps}
    worths = [
        10 ** rng.uniform(-4, 6) if rng.random() < 0.25 else 10 ** rng.uniform(3, 6)
        for _ in range(rng.choice((1, 2, 2, 2, 3)))
    ]
    orders = [_order(rng, k, worth, chains=chains, modes=modes) for k, worth in enumerate(worths)]
    return _sharing(rng, orders, sum(worths), chains=chains, perps=perps)


def _order(rng, k, worth, *, chains, modes) -> RoutingProblem:
    base, mid = rng.choice(((ETH, MID), (WBTC, BTC_MID)))
    kind = QuantityKind.CASH if rng.random() < 0.3 else QuantityKind.BASE
    what = rng.choice(("pools", "books", "both", "both"))
    pools = () if what == "books" else tuple(_pools(rng, k, base, chains))
    books = () if what == "pools" else tuple(_books(rng, k, worth, base=base, modes=modes))
    quantity = worth / mid if kind is QuantityKind.BASE else worth
    made = order(
        f"order-{k}",
        rng.choice(list(Side)),
        quantity,
        base=base,
        mid=mid,
        kind=kind,
        pools=pools,
        books=books,
    )
    asked = Amount(made.quantity.asset, max(made.quantity.atoms, 1))
    return replace(made, quantity=asked)


def _pools(rng, k, base: Asset, chains) -> list[PoolCandidate]:
    return [
        pool(
            f"pool-{k}-{i}",
            fee_pips=fee,
            spacing=spacing,
            seed=rng.randrange(10**6),
            base=base,
            depth_usd=10 ** rng.uniform(5.5, 7),
            account=rng.choice(chains),
        )
        for i, (fee, spacing) in enumerate(rng.sample(TIERS, rng.randint(1, 3)))
    ]


def _books(rng, k, worth, *, base: Asset, modes) -> list[BookCandidate]:
    found, mid = [], MID if base is ETH else BTC_MID
    for i in range(rng.randint(1, 2)):
        account = rng.choice(list(modes))
        made = book(
            f"perp-{k}-{i}",
            price=mid * (1 + rng.uniform(-1, 1) * 4e-4),
            level_usd=10 ** rng.uniform(4, 5.5),
            seed=rng.randrange(10**6),
            account=account,
            leverage=rng.choice((3, 5, 10, 20)),
            funding=rng.randint(-(10**8), 10**8),
        )
        made = of_btc(made) if base is WBTC else made
        held = rng.choice((0, 0, rng.uniform(-1, 1) * worth * rng.choice((0.3, 1, 3)) / mid))
        found.append(
            replace(
                made,
                position_lots=round(held * 10**base.decimals / made.instrument.lot_atoms),
                tiers=_tiers(rng),
                initial_margin=modes[account],
                reduces_only=rng.random() < 0.1,
                position_max_atoms=round(worth * rng.uniform(0.3, 2) * USD)
                if rng.random() < 0.15
                else None,
            )
        )
    return found


def _tiers(rng) -> tuple[MarginTier, ...]:
    count = rng.choice((0, 1, 1, 3))
    tiers = (
        MarginTier(0, 50, ONE),
        MarginTier(rng.randint(50_000, 300_000) * USD, 20, Pico(PICO_PER_UNIT // 40)),
        MarginTier(1_000_000 * USD, 5, Pico(PICO_PER_UNIT // 10)),
    )
    return tiers[:count]


def _sharing(rng, orders, total, *, chains, perps) -> list[RoutingProblem]:
    gas_fee = round(rng.choice((0, 0, 0.05, 3.0)) / 2_000 * UNIT / 100_000)
    scenarios = tuple(
        StressScenario(
            f"scenario-{i}", Pips(rng.randint(-300_000, 300_000)), Pips(rng.randint(-2_000, 2_000))
        )
        for i in range(rng.choice((0, 2, 8)))
    )
    margins = {account: _margin(rng, orders, account, total=total) for account in perps}
    cash = {account: _cash(rng, account, total) for account in chains}
    reserved = Reservation(AccountId(perps[0]), Amount(USDC.id, round(total * 0.01 * USD)))
    reservations = (reserved,) if rng.random() < 0.2 else ()
    return [
        replace(
            made,
            scenarios=scenarios,
            reservations=reservations,
            gas_fee_wei=gas_fee,
            chains=tuple(cash[c.account] for c in made.chains),
            margins=tuple(margins[m.account] for m in made.margins),
        )
        for made in orders
    ]


def _margin(rng, orders, account, *, total) -> MarginAccount:
    held = sum(
        abs(b.position_lots)
        * b.instrument.lot_atoms
        / 10**b.instrument.base.decimals
        * b.mark_ticks
        / 10
        / b.leverage
        for made in orders
        for b in made.books
        if b.instrument.account == account
    )
    free = total * rng.choice((0.0, 0.02, 0.05, 0.1, 1.0, 10.0))
    return MarginAccount(
        AccountId(account),
        round((held * rng.choice((0.7, 1, 1)) + free) * USD),
        round(rng.choice((0, 0, 0.01)) * total * USD),
        reduces_only=rng.random() < 0.07,
        stress_buffer_atoms=round(rng.choice((0, 0, 0.005)) * total * USD),
    )


def _cash(rng, account, total) -> ChainCash:
    cash, held = total * rng.choice((0.3, 0.7, 1.01, 100)), total * rng.choice((0.3, 1.0, 10))
    spendable = (
        Amount(USDC.id, round(cash * USD)),
        Amount(ETH.id, round(held / MID * UNIT)),
        Amount(WBTC.id, round(held / BTC_MID * 10**8)),
    )
    gas_price = Price(NATIVE, USDC.id, 2_000 * USD, UNIT)
    return ChainCash(AccountId(account), spendable, 100_000, gas_price)
