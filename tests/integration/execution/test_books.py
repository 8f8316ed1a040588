"""What the account has after a transaction, against what its fills say, and so the ledger.

Anybody can leave tokens or coin in the router, and the next one whose transaction sweeps them has
them: they must be in the books, or an atom from a stranger would halt the desk.
"""

import pytest

from router.domain.plan import QuantityKind
from router.domain.units import Side
from router.state.ledger import Ledger
from tests.integration.execution.pools import V2, V3, V3_BTC, V3_DOLLARS, V3_USDT, V4, V4_COIN
from venues.sandbox.chain import abi
from venues.sandbox.chain.trading import Errand

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
EVERY_WAY = [(side, kind) for side in (BUY, SELL) for kind in (BASE, CASH)]
ETHER, DOLLAR = 10**18, 10**6
DUST = {"WETH": 3, "USDC": 5, "USDT": 7, "coin": 11}


def leave(scene, dust):
    """Let somebody leave some of each in the router, as anybody can."""
    router = scene.config.routers["universal_router"]
    for symbol, atoms in dust.items():
        if symbol == "coin":
            # With no commands it keeps what comes along.
            data = abi.call("execute(bytes,bytes[])", b"", [])
            other = scene.manifest.account("other")
            sent = scene.client.submit(other, router, data, value_wei=atoms)
        else:
            token = scene.manifest.token(symbol).address
            data = abi.call("transfer(address,uint256)", router, atoms)
            sent = scene.client.submit_as_other(Errand(token, data))
        assert scene.receipt(sent).succeeded


def holdings(scene):
    return {asset: atoms for asset, atoms in scene.balances().items() if asset != "coin"}


def check_books(scene, child):
    """Do a child, and compare the engine's ledger after its fills with the chain."""
    account, before = child.account, holdings(scene)
    ledger = Ledger({(account, asset): atoms for asset, atoms in before.items()}, {}, {})

    fills, _ = scene.done(child)

    for leg, fill in zip(child.legs, fills, strict=True):
        ledger = ledger.with_fill(leg.instrument, child.side, fill)
    assert holdings(scene) == {asset: ledger.balances[account, asset] for asset in before}
    return fills


def direct(scene, name, side, kind):
    exact = ETHER if kind is BASE else 3_000 * DOLLAR
    return scene.direct(name, side, kind, exact, tolerance_pips=1_000)


def route(scene, pair, middle, stages, *, way, exact):
    side, kind = way
    stages = stages if side is SELL else stages[::-1]
    return scene.route(
        pair, middle, stages, side=side, kind=kind, exact=exact, tolerance_pips=1_000
    )


def usdt_route(scene, side, kind):
    exact = ETHER if kind is BASE else 3_000 * DOLLAR
    stages = ({V3_USDT: 1}, {V3_DOLLARS: 1})
    return route(scene, ("ETH", "USDC"), "USDT", stages, way=(side, kind), exact=exact)


def usdc_route(scene, side, kind):
    exact = ETHER if kind is BASE else 3_000 * DOLLAR
    stages = ({V3: 1, V4_COIN: 1}, {V3_DOLLARS: 1})
    return route(scene, ("ETH", "USDT"), "USDC", stages, way=(side, kind), exact=exact)


def coin_route(scene, side, kind):
    exact = 20_000_000 if kind is BASE else 9_000 * DOLLAR
    stages = ({V3_BTC: 1}, {V3: 1, V4_COIN: 3})
    return route(scene, ("BTC", "USDC"), "ETH", stages, way=(side, kind), exact=exact)


def whole_split(scene, side, kind):
    return [
        *(direct(scene, name, side, kind) for name in (V2, V3, V4, V4_COIN)),
        usdt_route(scene, side, kind),
    ]


CHILDREN = {
    "a pool of the coin": lambda scene, *way: [direct(scene, V4_COIN, *way)],
    "a pool of its token": lambda scene, *way: [direct(scene, V3, *way)],
    "a route through USDT": lambda scene, *way: [usdt_route(scene, *way)],
    "a route through USDC": lambda scene, *way: [usdc_route(scene, *way)],
    "a route through the coin": lambda scene, *way: [coin_route(scene, *way)],
    "a split": whole_split,
}


@pytest.mark.parametrize("legs", CHILDREN.values(), ids=CHILDREN)
@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_what_was_left_in_the_router_is_booked_where_it_comes_to_us(scene, legs, side, kind):
    leave(scene, DUST)

    check_books(scene, scene.child(*legs(scene, side, kind)))


@pytest.mark.parametrize(
    ("dust", "legs", "asset"),
    [
        ({"USDT": 1}, usdt_route, "USDT"),
        ({"USDC": 1}, usdc_route, "USDC"),
        ({"WETH": 1}, coin_route, "ETH"),
        ({"coin": 1}, coin_route, "ETH"),
        ({"WETH": 1}, lambda scene, *way: direct(scene, V4_COIN, *way), "ETH"),
        ({"coin": 1}, lambda scene, *way: direct(scene, V4_COIN, *way), "ETH"),
    ],
    ids=["USDT", "USDC", "WETH", "coin", "WETH as coin", "coin itself"],
)
def test_an_exact_output_leaves_dust_to_us_and_its_fill_as_it_was_ordered(scene, dust, legs, asset):
    leg = legs(scene, SELL, CASH)
    leave(scene, dust)

    (fill,) = check_books(scene, scene.child(leg))

    assert fill.notional == leg.notional
    assert [(amount.asset, amount.atoms) for amount in fill.residue] == [(asset, 1)]


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_without_dust_every_atom_of_a_split_and_a_route_is_booked(scene, side, kind):
    check_books(scene, scene.child(*whole_split(scene, side, kind)))


def test_a_middle_asset_that_was_bought_in_vain_is_booked(scene):
    stages = ({V3: 1, V4_COIN: 3}, {V3_BTC: 1})
    bought = scene.route(
        ("BTC", "USDC"),
        "ETH",
        stages,
        side=BUY,
        kind=BASE,
        exact=20_000_000,
        tolerance_pips=5_000,
    )
    child, before = scene.child(bought), holdings(scene)
    scene.receipt(scene.swap_as_other(V3_BTC, "BTC", 1_000_000))  # bitcoin is cheaper now
    assert holdings(scene) == before

    (fill,) = check_books(scene, child)

    assert [amount.asset for amount in fill.residue] == ["ETH"]
