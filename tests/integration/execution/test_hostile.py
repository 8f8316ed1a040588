"""What others do in between: it costs gas at most, and what they give away confuses nobody."""

import pytest
from eth_abi import encode

from router.domain.plan import QuantityKind
from router.domain.units import Amount, Side
from tests.integration.execution.pools import (
    V2,
    V2_DOLLARS,
    V2_USDT,
    V3,
    V3_DOLLARS,
    V3_USDT,
    V4,
    V4_COIN,
    V4_DOLLARS,
)
from venues.evm.words import revert
from venues.evm.words.key import keccak256
from venues.sandbox.chain import abi

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
ETHER, DOLLAR = 10**18, 10**6
STAGES = ({V3_USDT: 5, V2_USDT: 2}, {V3_DOLLARS: 4, V4_DOLLARS: 3, V2_DOLLARS: 1})


def split(scene, side=SELL, kind=BASE, *, tolerance_pips=0):
    """Return a leg in every family and a route, of some ether each."""
    stages = STAGES if side is SELL else STAGES[::-1]
    unit = ETHER if kind is BASE else 3_000 * DOLLAR
    legs = [
        scene.direct(name, side, kind, 3 * unit, tolerance_pips=tolerance_pips)
        for name in (V3, V4, V4_COIN, V2)
    ]
    return [*legs, usdt_route(scene, stages, side, kind, unit, tolerance_pips)]


def usdt_route(scene, stages, side, kind, unit, tolerance_pips=0):
    return scene.route(
        ("ETH", "USDC"),
        "USDT",
        stages,
        side=side,
        kind=kind,
        exact=5 * unit,
        tolerance_pips=tolerance_pips,
    )


@pytest.mark.parametrize("kind", [BASE, CASH])
@pytest.mark.parametrize("name", [V3, V4, V4_COIN, V2, V3_USDT, V4_DOLLARS])
def test_a_front_run_pool_reverts_everything_and_costs_only_gas(scene, name, kind):
    """Somebody sells into one of our pools before we do, in the same block."""
    execution = scene.execution(scene.child(*split(scene, kind=kind, tolerance_pips=100)))
    before = scene.balances()
    paid = "USDT" if name is V4_DOLLARS else "ETH"

    with scene.one_block():
        first = scene.swap_as_other(name, paid, 100 * (DOLLAR * 1_000 if paid == "USDT" else ETHER))
        ours = scene.send(execution)
    front_run, receipt = scene.receipt(first), scene.receipt(ours)

    assert front_run.succeeded
    assert front_run.block_hash == receipt.block_hash
    assert not receipt.succeeded
    lost = {asset: before[asset] - atoms for asset, atoms in scene.balances().items()}
    assert lost == dict.fromkeys(before, 0) | {"coin": receipt.gas_paid.atoms}
    assert scene.router_is_empty()


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        (V2, BASE, "would pay less than its minimum (V2TooLittleReceived)"),
        (V3, BASE, "would pay less than its minimum (V3TooLittleReceived)"),
        (V4, BASE, "would pay less than its minimum (V4TooLittleReceived)"),
        (V2, CASH, "would cost more than its maximum (V2TooMuchRequested)"),
        (V3, CASH, "would cost more than its maximum (V3TooMuchRequested)"),
        (V4, CASH, "would cost more than its maximum (V4TooMuchRequested)"),
    ],
)
def test_the_reason_of_such_a_revert_is_told(scene, name, kind, sentence):
    execution = scene.execution(scene.child(*split(scene, kind=kind)))

    scene.receipt(scene.swap_as_other(name, "ETH", ETHER))

    assert sentence in revert.explain(scene.refusal(execution))


def test_planned_again_on_the_new_prices_it_goes_through(scene):
    stale = scene.execution(scene.child(*split(scene)))
    scene.receipt(scene.swap_as_other(V3, "ETH", 50 * ETHER))
    assert not scene.receipt(scene.send(stale)).succeeded

    legs = split(scene)
    fills, _ = scene.done(scene.child(*legs))

    assert [fill.notional for fill in fills] == [leg.notional for leg in legs]


def test_a_worse_first_hop_within_the_tolerance_is_taken_out_of_the_last_swap_alone(scene):
    route = usdt_route(scene, STAGES, SELL, BASE, ETHER, tolerance_pips=2_000)
    planned = {hop.instrument.id: hop for hop in route.hops}
    execution = scene.execution(child := scene.child(route))

    scene.receipt(scene.swap_as_other(V3_USDT, "ETH", ETHER // 2))
    receipt = scene.receipt(scene.send(execution))
    (fill,) = scene.fills(child, receipt)

    assert receipt.succeeded
    assert fill.quantity == route.quantity
    assert route.bound.atoms <= fill.notional.atoms < route.notional.atoms
    assert fill.residue == ()
    assert scene.router_is_empty()
    # Fixed parts went through as planned, and the largest pool had less to swap.
    for name in (V4_DOLLARS, V2_DOLLARS):
        assert received_from(scene, receipt, name) == planned[name].received.atoms
    assert received_from(scene, receipt, V3_DOLLARS) < planned[V3_DOLLARS].received.atoms


def received_from(scene, receipt, name):
    """Return what the pool told that it paid out."""
    pool = scene.setups[name]
    family = scene.families[pool.instrument.protocol]
    seen = [swap for log in receipt.logs if (swap := family.swap_seen(pool, log))]
    assert len(seen) == 1
    return -min(seen[0].amount0, seen[0].amount1)


def test_what_a_cheaper_second_hop_does_not_need_of_the_middle_asset_comes_back(scene):
    stages = ({V3_USDT: 1}, {V3_DOLLARS: 1})
    route = usdt_route(scene, stages, SELL, CASH, 3_000 * DOLLAR, tolerance_pips=1_000)
    execution = scene.execution(child := scene.child(route))
    before = scene.balances()

    scene.receipt(scene.swap_as_other(V3_DOLLARS, "USDC", 500_000 * DOLLAR))  # USDT is dearer now
    receipt = scene.receipt(scene.send(execution))
    (fill,) = scene.fills(child, receipt)

    (residue,) = fill.residue
    assert residue.asset == "USDT"
    assert residue.atoms == scene.balances()["USDT"] - before["USDT"] > 0
    assert (fill.quantity, fill.notional) == (route.quantity, route.notional)
    assert scene.router_is_empty()


@pytest.mark.parametrize("kind", [BASE, CASH])
def test_what_somebody_left_in_the_router_does_no_harm(scene, kind):
    """Coin, wrapped coin, the middle asset and what we receive: all sent there beforehand."""
    legs = split(scene, kind=kind)
    router = scene.config.routers["universal_router"]
    for symbol in ("WETH", "USDC", "USDT"):
        token = scene.manifest.token(symbol).address
        give(scene, token, abi.call("transfer(address,uint256)", router, 12_345))

    fills, _ = scene.done(scene.child(*legs))

    for leg, fill in zip(legs[:-1], fills, strict=False):
        assert (fill.quantity, fill.notional) == (leg.quantity, leg.notional)
    assert fills[-1].quantity == legs[-1].quantity
    assert fills[-1].notional.atoms >= legs[-1].notional.atoms


@pytest.mark.parametrize("kind", [BASE, CASH])
def test_what_somebody_gave_a_v2_pair_is_not_booked_as_paid_by_us(scene, kind):
    leg = scene.direct(V2, SELL, kind, 2 * (ETHER if kind is BASE else 3_000 * DOLLAR))
    pair = scene.entries[V2].address
    weth = scene.manifest.token("WETH").address
    give(scene, weth, abi.call("transfer(address,uint256)", pair, ETHER))
    before = scene.balances()

    (fill,), _ = scene.done(scene.child(leg))

    after = scene.balances()
    received = fill.notional.atoms + sum(amount.atoms for amount in fill.residue)
    assert fill.quantity == leg.quantity == Amount("ETH", before["ETH"] - after["ETH"])
    assert received == after["USDC"] - before["USDC"] > leg.notional.atoms


def give(scene, to, data):
    other = scene.manifest.account("other")
    assert scene.receipt(scene.client.submit(other, to, data)).succeeded


def test_a_permit_that_somebody_else_handed_in_first_stops_nothing(scene):
    legs = split(scene)
    execution = scene.execution(scene.child(*legs))
    # execute(bytes,bytes[],uint256): the permit is the first of the inputs, as Permit2 takes it.
    permit = first_input(execution.data)
    owner = encode(["address"], [scene.config.address])
    signature = "permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)"
    offset = abi.word(8 * 32)
    stolen = (
        keccak256(signature.encode())[:4] + owner + permit[: 6 * 32] + offset + permit[7 * 32 :]
    )
    give(scene, scene.config.permit2, stolen)

    receipt = scene.receipt(scene.send(execution))

    assert receipt.succeeded
    assert scene.router_is_empty()


def first_input(data):
    def word(at):
        return int.from_bytes(data[4 + at : 4 + at + 32], "big")

    array = word(32) + 32
    start = array + word(array)
    return data[4 + start + 32 : 4 + start + 32 + word(start)]


def test_after_its_deadline_it_reverts(scene):
    execution = scene.execution(scene.child(*split(scene), lifetime_s=30))
    scene.client.rpc.request("evm_setNextBlockTimestamp", execution.deadline_s + 1)
    scene.client.mine()

    reason = revert.explain(scene.refusal(execution))

    assert reason == "the deadline has passed (TransactionDeadlinePassed)"
