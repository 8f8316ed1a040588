"""Exposure between the sides of a basket, and who may go."""

from dataclasses import replace

import pytest

from router.domain.basket import Basket
from router.domain.order import OrderStatus
from router.domain.units import Amount, AssetId, Side, TimestampNs
from router.execution import leg_risk
from router.execution.leg_risk import Asking
from tests.unit.engine.basket_scene import (
    BTC_PERP,
    BUY_ETH,
    COIN,
    NAME,
    SELL_BTC,
    Baskets,
)
from tests.unit.engine.scene import DOLLAR, ETHER, PERP, POOL, T0, USDC

LATER = TimestampNs(T0 + 10**9)


@pytest.fixture
def desk():
    found = Baskets()
    found.begin()
    found.give(BUY_ETH, SELL_BTC)
    return found


def sent(desk):
    return desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN))


def basket(desk, most=None):
    found = desk.world.baskets[NAME]
    return found if most is None else replace(found, exposure_max=Amount(USDC.id, most * DOLLAR))


@pytest.mark.parametrize(("bought", "sold", "ahead"), [(50, 0, 30_000), (0, 50, -30_000)])
def test_what_one_side_has_traded_beyond_the_others_share_is_the_exposure(
    desk, bought, sold, ahead
):
    for child, share in zip(sent(desk), (bought, sold), strict=True):
        desk.sign(child)
        desk.filled(child, share)

    found = leg_risk.exposure(desk.world, basket(desk))

    # The pool's price, and so bitcoin's arrival, is off by a few millionths.
    assert found == pytest.approx(ahead * DOLLAR, rel=1e-5)


def test_equal_shares_are_no_exposure(desk):
    for child in sent(desk):
        desk.sign(child)
        desk.filled(child, 30)

    assert leg_risk.exposure(desk.world, basket(desk)) == 0


def test_orders_on_one_side_have_nothing_to_be_ahead_of():
    desk = Baskets()
    desk.begin()
    desk.give(BUY_ETH, replace(SELL_BTC, side=Side.BUY), exposure=1)

    one = desk.world.baskets[NAME]

    assert leg_risk.exposure(desk.world, one) == 0
    assert leg_risk.room(desk.world, one, Side.BUY) is None


def test_a_side_sends_no_further_leg_once_what_is_out_reaches_the_most(desk):
    desk.look()
    asked = [Asking(f"b{k}", Side.BUY, 6_000 * DOLLAR) for k in range(3)]
    asked.append(Asking("s0", Side.SELL, 90_000 * DOLLAR))

    chosen = leg_risk.released(desk.world, basket(desk, 10_000), asked)

    # Two buys reach 12,000, beyond the most by less than one of them; the sale is one leg.
    assert chosen == {"b0", "b1", "s0"}


def test_without_a_most_all_go(desk):
    desk.look()
    asked = [Asking("b", Side.BUY, 10**18), Asking("s", Side.SELL, 1)]

    assert leg_risk.released(desk.world, basket(desk), asked) == {"b", "s"}


def test_within_the_most_nothing_is_taken_back(desk):
    eth, _ = sent(desk)
    desk.sign(eth)
    desk.filled(eth, 10)

    assert leg_risk.unwinding(desk.world, basket(desk, 6_001), LATER) == ()
    assert leg_risk.unwinding(desk.world, basket(desk), LATER) == ()


def test_no_more_is_taken_back_than_has_filled(desk):
    eth, _ = sent(desk)
    desk.sign(eth)
    desk.filled(eth, 10)

    (found,) = leg_risk.unwinding(desk.world, Basket(NAME, basket(desk).orders, zero()), LATER)

    assert found.quantity.atoms == 2 * ETHER
    assert found.side is Side.SELL
    assert found.reduces_only


def test_a_perp_that_closed_a_position_is_not_taken_back_by_reducing(desk):
    """What was sold to close a long is bought again: that makes the position larger."""
    _, btc = sent(desk)
    desk.sign(btc)
    desk.filled(btc, 100)
    ledger = desk.world.ledger
    held = {**ledger.positions, (PERP.account, BTC_PERP.id): 0}
    desk.world = replace(desk.world, ledger=replace(ledger, positions=held))

    (found,) = leg_risk.unwinding(desk.world, basket(desk, 1_000), LATER)

    assert found.side is Side.BUY
    assert not found.reduces_only


def test_what_was_bought_on_chain_is_sold_there_again(desk):
    pool, _ = desk.answer(desk.look(), (POOL, 20 * ETHER), (BTC_PERP, COIN))
    if pool.parent != BUY_ETH.id:
        pool, _ = _, pool
    desk.sign(pool)
    desk.filled(pool, 100)
    desk.end(pool, OrderStatus.FILLED)

    (found,) = leg_risk.unwinding(desk.world, basket(desk, 10_000), LATER)

    assert found.venues == (POOL.venue,)
    assert found.reduces_only
    assert found.quantity.asset == AssetId("ETH")


def zero():
    return Amount(USDC.id, 0)
