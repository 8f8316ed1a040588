"""Every number of an account, as the desk reckons it from answers and as the sandbox's ledger does.

Both were written apart. Accounts are random: cross and isolated, all tiers, notionals at their
very bounds, resting orders. The sandbox keeps whole micro-dollars and rounds each margin up; so
much they may differ, and never by a cent.
"""

import random
from fractions import Fraction

import pytest

from router.risk.margin.figures import figures
from router.risk.margin.read import unexplained_atoms
from tests.unit.risk.margin.sandbox_accounts import Bench, name_of
from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.number import MICRO, to_scaled

CENT = MICRO // 100


def compare(bench, rng):
    account = bench.fill(rng)
    perps = bench.floor.state.markets
    snapshot, model = bench.model()
    found = figures(model)
    theirs = equity.cross(account, perps)
    told = bench.told()
    resting = sum(
        equity.needed(account, perps[c], p)
        for c, p in account.positions.items()
        if p.isolated_usd is not None
    )

    assert unexplained_atoms(snapshot, model) == 0
    assert found.value == equity.account_value(account, perps)
    assert found.equity == theirs.value
    assert 0 <= found.maintenance - theirs.maintenance + 10 < CENT
    near(found.initial, theirs.initial - resting)
    near(found.margin_used, micro(told["marginSummary"]["totalMarginUsed"]))
    kept = Fraction(theirs.value) - max(theirs.initial - resting, Fraction(theirs.notional, 10))
    near(found.withdrawable, max(kept, 0))
    if not resting:
        near(found.withdrawable, micro(told["withdrawable"]))
    prices = dict(found.liquidation_prices)
    for coin, position in account.positions.items():
        is_cross = position.isolated_usd is None
        compare_prices(
            equity.liquidation_price(account, perps, coin),
            prices[name_of(coin, is_cross=is_cross)],
            market=perps[coin],
            lots=abs(position.size) if is_cross else 1,
            size=abs(position.size),
        )
    return model


# Compared is what the position is worth there: a price of a small position means little money.
def compare_prices(theirs, ours, *, market, lots, size):
    if theirs is None or ours is None:
        assert theirs is ours
        return
    worth = theirs * 10**market.spec.price_decimals * size
    assert abs(ours * lots - worth) < 2 * CENT


def near(ours, theirs):
    assert abs(ours - theirs) < CENT


def micro(text):
    return to_scaled(text, 6)


def run(seed, count):
    rng, bench = random.Random(seed), Bench.opened()
    for _ in range(count):
        compare(bench, rng)


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_of_random_accounts_are_the_sandboxes(seed):
    run(seed, 500)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_the_numbers_of_a_hundred_thousand_accounts_are_the_sandboxes(seed):
    run(seed, 5_000)
