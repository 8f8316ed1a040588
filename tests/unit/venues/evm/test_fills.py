"""Receipts into fills: what each pool told, what the account's transfers say, what is refused."""

from dataclasses import replace

import pytest
from eth_abi import encode
from eth_utils import keccak

from router.domain.error import MalformedDataError
from router.domain.units import Amount
from tests.unit.venues.evm.pools_world import (
    BASE,
    BUY,
    CAKE,
    CASH,
    ETH,
    HOOKED,
    MANAGER,
    OWNER,
    PANCAKE,
    POOLS,
    ROUTER,
    SELL,
    SLIP,
    SLIPSTREAM,
    USDC,
    USDT,
    V2,
    V2_USDT,
    V3,
    V3_DOLLARS,
    V3_USDT,
    V4,
    V4_COIN,
    V4_DOLLARS,
    child,
    config,
    direct,
    hop,
    pool,
    route,
)
from venues.evm.pools.family import Dialect
from venues.evm.routers.fills import TRANSFER, fills
from venues.evm.words.node import Log, Receipt
from venues.pancakeswap_v3 import family as pancakeswap_v3
from venues.slipstream import family as slipstream
from venues.uniswap_v2 import family as uniswap_v2
from venues.uniswap_v3 import family as uniswap_v3
from venues.uniswap_v4 import family as uniswap_v4

FAMILIES = {
    "uniswap_v2": uniswap_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v4": uniswap_v4,
    "pancakeswap_v3": pancakeswap_v3,
    "slipstream": slipstream,
}
V3_SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24)"
CAKE_SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)"
V2_SWAP = "Swap(address,uint256,uint256,uint256,uint256,address)"
V4_SWAP = "Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)"
PRICE = 1 << 96
STRANGER = "0x" + "ee" * 20


def topic(value):
    return f"0x{value[2:]:0>64}"


def log(emitter, topics, types, values):
    return Log(emitter, tuple(topics), encode(types, values), 9, "0x09", 0, removed=False)


def swap(setup, into, out_of, *, paid, sender=ROUTER, recipient=OWNER):
    """Return the pool's log of a swap of so much of one asset for so much of the other."""
    instrument = setup.instrument
    is_zero_for_one = (paid == instrument.base.id) == instrument.base_is_token0
    amounts = [into, -out_of] if is_zero_for_one else [-out_of, into]
    parties = [topic(sender), topic(recipient)]
    state = ["uint160", "uint128", "int24"], [PRICE, 1, 0]
    match setup.dialect, instrument.protocol:
        case Dialect.V2, _:
            taken = [max(each, 0) for each in amounts]
            given = [max(-each, 0) for each in amounts]
            return log(setup.emitter, [hashed(V2_SWAP), *parties], ["uint256"] * 4, taken + given)
        case Dialect.V4, _:
            topics = [hashed(V4_SWAP), setup.topic, topic(sender)]
            types = ["int128", "int128", *state[0], "uint24"]
            return log(MANAGER, topics, types, [*(-a for a in amounts), *state[1], 1])
        case _, "pancakeswap_v3":
            types = ["int256", "int256", *state[0], "uint128", "uint128"]
            values = [*amounts, *state[1], 0, 0]
            return log(setup.emitter, [hashed(CAKE_SWAP), *parties], types, values)
    types = ["int256", "int256", *state[0]]
    return log(setup.emitter, [hashed(V3_SWAP), *parties], types, [*amounts, *state[1]])


def hashed(signature):
    return f"0x{keccak(text=signature).hex()}"


def moved(token, sender, recipient, atoms):
    return log(token, [TRANSFER, topic(sender), topic(recipient)], ["uint256"], [atoms])


def paid_in(atoms, token=ETH):
    return moved(token, OWNER, STRANGER, atoms)


def paid_out(atoms, token=USDC):
    return moved(token, STRANGER, OWNER, atoms)


def fills_of(legs, logs):
    numbered = tuple(replace(each, index=index) for index, each in enumerate(logs))
    receipt = Receipt(
        hash="0xfeed",
        succeeded=True,
        gas_used=1,
        gas_price_wei=1,
        data_fee_wei=0,
        block_number=9,
        block_hash="0x09",
        logs=numbered,
    )
    return fills(
        child(*legs),
        receipt,
        pools={each.instrument.id: each for each in POOLS},
        families=FAMILIES,
        config=config(),
        at_venue=5,
    )


def test_the_topic_of_a_transfer():
    assert hashed("Transfer(address,address,uint256)") == TRANSFER


@pytest.mark.parametrize(
    ("setup", "router"),
    [(V3, ROUTER), (V4, ROUTER), (V4_COIN, ROUTER), (CAKE, PANCAKE), (SLIP, SLIPSTREAM)],
)
@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_fill_is_what_the_pool_told(setup, router, side):
    if side is SELL:
        logs = [paid_in(100), swap(setup, 100, 270, paid="ETH", sender=router), paid_out(270)]
    else:
        logs = [
            paid_in(270, USDC),
            swap(setup, 270, 100, paid="USDC", sender=router),
            paid_out(100, ETH),
        ]

    (fill,) = fills_of([direct(setup, side, BASE)], logs)

    assert (fill.quantity, fill.notional) == (Amount("ETH", 100), Amount("USDC", 270))
    assert (fill.id, fill.instrument) == ("0xfeed:1", setup.instrument.id)
    assert (fill.fee, fill.residue, fill.at_venue) == (Amount("USDC", 0), (), 5)


def test_a_v2_pair_is_believed_only_what_was_transferred():
    pair = V2.emitter
    logs = [
        moved(ETH, OWNER, pair, 100),
        moved(USDC, pair, OWNER, 270),
        swap(V2, 100 + 9_999, 270, paid="ETH"),  # somebody gave the pair 9,999 before
    ]

    (fill,) = fills_of([direct(V2, SELL, BASE)], logs)

    assert (fill.quantity, fill.notional) == (Amount("ETH", 100), Amount("USDC", 270))


def test_what_comes_beyond_an_exact_output_is_received_and_not_counted():
    leg = direct(V2, SELL, CASH, notional=270)
    logs = [
        moved(ETH, OWNER, V2.emitter, 100),
        moved(USDC, V2.emitter, OWNER, 273),
        swap(V2, 100, 273, paid="ETH"),
    ]

    (fill,) = fills_of([leg], logs)

    assert (fill.notional, fill.residue) == (Amount("USDC", 270), (Amount("USDC", 3),))


SOLD = route(
    ("ETH", "USDC"),
    [
        hop(V3_USDT, "ETH", "USDT", 60, 600),
        hop(V2_USDT, "ETH", "USDT", 40, 400),
        hop(V3_DOLLARS, "USDT", "USDC", 300, 301),
        hop(V4_DOLLARS, "USDT", "USDC", 700, 702),
    ],
    SELL,
    BASE,
    bound=1,
)


def route_logs(*, last=700, left=0):
    pair = V2_USDT.emitter
    return [
        paid_in(60),
        swap(V3_USDT, 60, 600, paid="ETH", recipient=ROUTER),
        moved(ETH, OWNER, pair, 40),
        moved(USDT, pair, ROUTER, 400),
        swap(V2_USDT, 40, 400, paid="ETH", recipient=ROUTER),
        swap(V3_DOLLARS, 300, 301, paid="USDT"),
        swap(V4_DOLLARS, last, 702, paid="USDT"),
        paid_out(1003),
        *([moved(USDT, ROUTER, OWNER, left)] if left else []),
    ]


def test_a_route_is_the_sum_of_its_stages():
    (fill,) = fills_of([SOLD], route_logs())

    assert (fill.quantity, fill.notional) == (Amount("ETH", 100), Amount("USDC", 1003))
    assert (fill.id, fill.residue) == ("0xfeed:6", ())


def test_what_the_second_stage_left_came_back():
    (fill,) = fills_of([SOLD], route_logs(last=690, left=10))

    assert fill.residue == (Amount("USDT", 10),)


def test_what_the_second_stage_left_must_have_come_back():
    with pytest.raises(MalformedDataError, match="USDT changed by 9 atoms, its pools say 10"):
        fills_of([SOLD], route_logs(last=690, left=9))


def test_what_somebody_had_left_in_the_router_is_residue_of_the_first_fill():
    legs = [direct(V3, SELL, BASE), SOLD]
    logs = [
        *GOOD,
        *route_logs(last=690, left=10),
        moved(USDT, ROUTER, OWNER, 2),  # beside the 10 that the second stage left
        paid_out(5, ETH),
        paid_out(7),
    ]

    first, second = fills_of(legs, logs)

    assert set(first.residue) == {Amount("USDT", 2), Amount("ETH", 5), Amount("USDC", 7)}
    assert second.residue == (Amount("USDT", 10),)
    assert (first.notional.atoms, second.notional.atoms) == (270, 1003)


def test_more_of_the_middle_asset_than_the_first_stage_gave_is_no_contradiction():
    (fill,) = fills_of([SOLD], route_logs(last=705))

    assert (fill.notional, fill.residue) == (Amount("USDC", 1003), ())


def test_one_asset_is_one_residue_of_a_fill():
    leg = direct(V2, SELL, CASH, notional=270)
    logs = [
        moved(ETH, OWNER, V2.emitter, 100),
        moved(USDC, V2.emitter, OWNER, 273),
        swap(V2, 100, 273, paid="ETH"),
        paid_out(4),
    ]

    (fill,) = fills_of([leg], logs)

    assert (fill.notional, fill.residue) == (Amount("USDC", 270), (Amount("USDC", 7),))


def test_a_token_that_no_leg_pays_with_must_not_leave_the_account():
    with pytest.raises(MalformedDataError, match="USDT changed by -1 atoms, its pools say 0"):
        fills_of([direct(V3, SELL, BASE)], [*GOOD, paid_in(1, USDT)])


def test_a_pool_whose_hook_changes_amounts_did_what_remains():
    legs = [direct(HOOKED, SELL, BASE), direct(V3, SELL, BASE)]
    logs = [
        paid_in(200),
        swap(HOOKED, 100, 280, paid="ETH"),
        swap(V3, 100, 270, paid="ETH"),
        paid_out(270 + 276),
    ]

    hooked, plain = fills_of(legs, logs)

    assert (hooked.instrument, hooked.quantity.atoms, hooked.notional.atoms) == (
        HOOKED.instrument.id,
        100,
        276,
    )
    assert (plain.quantity.atoms, plain.notional.atoms) == (100, 270)


def test_a_hook_that_left_nothing_is_refused():
    with pytest.raises(MalformedDataError, match="nothing is left for"):
        fills_of([direct(HOOKED, SELL, BASE)], [paid_in(9), swap(HOOKED, 9, 9, paid="ETH")])


GOOD = [paid_in(100), swap(V3, 100, 270, paid="ETH"), paid_out(270)]


def test_swaps_of_others_and_in_other_pools_are_not_ours():
    theirs = swap(V3, 1, 3, paid="ETH", sender=STRANGER)
    elsewhere = swap(V4, 1, 3, paid="ETH")

    (fill,) = fills_of([direct(V3, SELL, BASE)], [theirs, elsewhere, *GOOD])

    assert fill.id == "0xfeed:3"


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        ([], "0 swaps of ours in uniswap_v3:ETH/USDC:500, not 1"),
        ([*GOOD, GOOD[1]], "2 swaps of ours"),
        ([swap(V3, 270, 100, paid="USDC")], "moved the other way"),
        ([swap(V3, 100, 270, paid="ETH", recipient=STRANGER)], f"paid {STRANGER}, not {OWNER}"),
        ([paid_in(101), *GOOD[1:]], "ETH changed by -101 atoms, its pools say -100"),
        ([*GOOD[:2], paid_out(269)], "USDC changed by 269 atoms, its pools say 270"),
        (
            [replace(GOOD[1], data=GOOD[1].data[:-1])],
            "it must have 3 topics and 160 bytes, was 3 and 159",
        ),
    ],
)
def test_a_receipt_that_does_not_fit_the_child_is_refused(logs, message):
    with pytest.raises(MalformedDataError, match=message):
        fills_of([direct(V3, SELL, BASE)], logs)


@pytest.mark.parametrize(("number", "recipient"), [(1, OWNER), (5, ROUTER)])
def test_a_stage_that_paid_the_wrong_one_is_refused(number, recipient):
    logs = route_logs()
    logs[number] = replace(logs[number], topics=(*logs[number].topics[:2], topic(recipient)))

    with pytest.raises(MalformedDataError, match=r"a swap in .* paid"):
        fills_of([SOLD], logs)


def test_a_transfer_of_a_token_that_is_not_ours_may_look_like_anything():
    odd = Log(STRANGER, (TRANSFER, topic(OWNER), topic(OWNER)), b"", 9, "0x09", 0, removed=False)

    (fill,) = fills_of([direct(V3, SELL, BASE)], [odd, *GOOD])

    assert fill.quantity == Amount("ETH", 100)


def test_a_pool_that_is_no_longer_configured_is_named():
    gone = pool("uniswap_v3", "ETH", "USDC", fee_pips=1)

    with pytest.raises(MalformedDataError, match="uniswap_v3:ETH/USDC:1 is no longer configured"):
        fills_of([direct(gone, SELL, BASE)], GOOD)
