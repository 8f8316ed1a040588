"""A split over every kind of pool, with routes, is one transaction and pays what was quoted."""

import pytest

from router.domain.plan import QuantityKind
from router.domain.units import Side
from tests.integration.execution.pools import (
    V2,
    V2_DOLLARS,
    V2_USDT,
    V3,
    V3_BTC,
    V3_DEEP,
    V3_DOLLARS,
    V3_USDT,
    V4,
    V4_COIN,
    V4_DOLLARS,
)

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
EVERY_WAY = [(side, kind) for side in (BUY, SELL) for kind in (BASE, CASH)]
ETHER, DOLLAR, SATOSHI = 10**18, 10**6, 1
TO_USDT, TO_DOLLARS = {V3_USDT: 5, V2_USDT: 2}, {V3_DOLLARS: 4, V4_DOLLARS: 3, V2_DOLLARS: 1}


def amount(kind, ether):
    """Return about so much ether, or what it is worth in dollars."""
    return ether * ETHER if kind is BASE else ether * 3_000 * DOLLAR


def moved(before, after):
    return {asset: after[asset] - atoms for asset, atoms in before.items() if asset != "coin"}


def said(legs):
    """Return what legs say that the account's balances change by."""
    change = dict.fromkeys(("ETH", "BTC", "USDC", "USDT"), 0)
    for leg in legs:
        sign = 1 if leg.side is BUY else -1
        change[leg.instrument.base.id] += sign * leg.quantity.atoms
        change[leg.instrument.quote.id] -= sign * leg.notional.atoms
    return change


def check_exactly_as_quoted(scene, legs):
    """Do legs whose bounds are their quotes, and find every atom where it was said to go."""
    before, wanted = scene.balances(), said(legs)
    surplus = [scene.surplus(leg) for leg in legs]
    for asset, atoms in (item for more in surplus for item in more.items()):
        wanted[asset] += atoms

    fills, receipt = scene.done(scene.child(*legs))

    assert moved(before, scene.balances()) == wanted
    assert before["coin"] - scene.balances()["coin"] == receipt.gas_paid.atoms
    assert scene.router_is_empty()
    for leg, fill, more in zip(legs, fills, surplus, strict=True):
        assert (fill.quantity, fill.notional) == (leg.quantity, leg.notional)
        assert {amount.asset: amount.atoms for amount in fill.residue} == more
        assert fill.instrument == leg.instrument.id


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_a_split_with_a_route_over_all_families_pays_exactly_what_was_quoted(scene, side, kind):
    stages = (TO_USDT, TO_DOLLARS) if side is SELL else (TO_DOLLARS, TO_USDT)
    legs = [
        scene.direct(V3, side, kind, amount(kind, 7)),
        scene.direct(V4, side, kind, amount(kind, 9)),
        scene.direct(V4_COIN, side, kind, amount(kind, 4)),
        scene.direct(V2, side, kind, amount(kind, 2)),
        scene.route(("ETH", "USDC"), "USDT", stages, side=side, kind=kind, exact=amount(kind, 5)),
    ]

    check_exactly_as_quoted(scene, legs)


# Ether is the middle: pools of the coin and of its wrapped token on one side, or on the other.
@pytest.mark.parametrize("coin_share", [1, 9])
@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_a_route_through_coin_and_wrapped_coin_leaves_nothing_behind(scene, side, kind, coin_share):
    dollars = {V3: 2, V4_COIN: coin_share, V4: 3, V2: 1}
    stages = ({V3_BTC: 1}, dollars) if side is SELL else (dollars, {V3_BTC: 1})
    exact = 20_000_000 * SATOSHI if kind is BASE else 15_000 * DOLLAR
    pair = ("BTC", "USDC")
    route = scene.route(pair, "ETH", stages, side=side, kind=kind, exact=exact)

    check_exactly_as_quoted(scene, [route])


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_a_route_whose_second_stage_is_the_coin_alone(scene, side, kind):
    stages = ({V3_BTC: 1}, {V4_COIN: 1}) if side is SELL else ({V4_COIN: 1}, {V3_BTC: 1})
    exact = 20_000_000 * SATOSHI if kind is BASE else 15_000 * DOLLAR
    pair = ("BTC", "USDC")
    route = scene.route(pair, "ETH", stages, side=side, kind=kind, exact=exact)

    check_exactly_as_quoted(scene, [route])


@pytest.mark.parametrize("name", [V2, V3_DEEP, V4, V4_COIN])
@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_each_family_alone_pays_exactly_what_was_quoted(scene, side, kind, name):
    check_exactly_as_quoted(scene, [scene.direct(name, side, kind, amount(kind, 3))])
