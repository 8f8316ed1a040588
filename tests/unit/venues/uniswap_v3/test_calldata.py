"""Legs into swaps, and receipts into fills."""

from dataclasses import replace

import pytest
from eth_abi import encode

from router.domain.error import MalformedDataError, OrderError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import Amount, Side
from venues.evm.node import Log, Receipt
from venues.uniswap_v3 import translate, wire
from venues.uniswap_v3.calldata import PoolSwap, plan_swaps
from venues.uniswap_v3.spec import TokenContract

WETH, USDC = "0x" + "11" * 20, "0x" + "22" * 20
POOL, ROUTER, OWNER = ("0x" + pair * 20 for pair in ("aa", "bb", "cc"))
TOKENS = {"WETH": TokenContract(WETH, 18), "USDC": TokenContract(USDC, 6)}
INSTRUMENT = Instrument(
    id="pool",
    venue="uniswap_v3",
    symbol=POOL,
    kind=InstrumentKind.SPOT_POOL,
    base=Asset("WETH", 18),
    quote=Asset("USDC", 6),
    account="a",
    lot_atoms=1,
    notional_min_atoms=0,
    fee_pips=500,
    base_is_token0=True,
)
EXACT_IN, EXACT_OUT = True, False
QUANTITY, NOTIONAL, BOUND = 100, 300_000, 77


def leg(side, kind, **changes):
    bound_asset = "USDC" if kind is QuantityKind.BASE else "WETH"
    whole = Leg(
        instrument=INSTRUMENT,
        side=side,
        quantity_kind=kind,
        quantity=Amount("WETH", QUANTITY),
        notional=Amount("USDC", NOTIONAL),
        bound=Amount(bound_asset, BOUND),
        limit_ticks=None,
        cost=CostSplit(0, 0, 0, 0),
        slippage=0,
    )
    return replace(whole, **changes)


def child(*legs):
    return ChildOrder(
        "c-1", "p-1", "uniswap_v3", "a", Side.BUY, legs, 3, 1_500_000_000_999_999_999, 1, 1
    )


@pytest.mark.parametrize(
    ("side", "kind", "swap", "input_max"),
    [
        (Side.BUY, QuantityKind.BASE, PoolSwap(USDC, WETH, 500, EXACT_OUT, QUANTITY, BOUND), BOUND),
        (
            Side.BUY,
            QuantityKind.CASH,
            PoolSwap(USDC, WETH, 500, EXACT_IN, NOTIONAL, BOUND),
            NOTIONAL,
        ),
        (
            Side.SELL,
            QuantityKind.BASE,
            PoolSwap(WETH, USDC, 500, EXACT_IN, QUANTITY, BOUND),
            QUANTITY,
        ),
        (
            Side.SELL,
            QuantityKind.CASH,
            PoolSwap(WETH, USDC, 500, EXACT_OUT, NOTIONAL, BOUND),
            BOUND,
        ),
    ],
)
def test_side_and_kind_decide_the_direction_and_what_is_exact(side, kind, swap, input_max):
    plan = plan_swaps(child(leg(side, kind), leg(side, kind)), TOKENS)

    assert plan.swaps == (swap, swap)
    assert plan.token_in == swap.token_in
    assert plan.input_max_atoms == 2 * input_max
    assert plan.deadline_s == 1_500_000_000


BUY = leg(Side.BUY, QuantityKind.BASE)


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ((), "at least one"),
        ((BUY, leg(Side.SELL, QuantityKind.BASE)), "must all pay with one asset"),
        ((replace(BUY, bound=Amount("USDC", 0)),), "bound must be positive"),
        ((replace(BUY, bound=Amount("WETH", 5)),), "bound is in WETH"),
        ((replace(BUY, quantity=Amount("WETH", 0)),), "must trade something"),
        ((replace(BUY, bound=Amount("USDC", 2**160)),), "together must pay"),
        (
            (replace(BUY, instrument=replace(INSTRUMENT, kind=InstrumentKind.PERP_BOOK)),),
            "must be a pool",
        ),
    ],
)
def test_a_child_that_is_no_transaction_of_swaps_is_refused(legs, message):
    with pytest.raises(OrderError, match=message):
        plan_swaps(child(*legs), TOKENS)


def topic(address):
    return f"0x{address[2:]:0>64}"


def swap_log(amount0, amount1, *, sender=ROUTER, recipient=OWNER, index=6, pool=POOL):
    data = encode(["int256", "int256", "uint160", "uint128", "int24"], [amount0, amount1, 1, 1, 1])
    topics = (wire.SWAP, topic(sender), topic(recipient))
    return Log(pool, topics, data, 9, "0x09", index, removed=False)


def fills_of(side, *logs, base_is_token0=True):
    receipt = Receipt(
        hash="0xfeed",
        succeeded=True,
        gas_used=1,
        gas_price_wei=1,
        data_fee_wei=0,
        block_number=9,
        block_hash="0x09",
        logs=logs,
    )
    one = leg(side, QuantityKind.BASE)
    one = replace(one, instrument=replace(INSTRUMENT, base_is_token0=base_is_token0))
    return translate.fills(child(one), receipt, router=ROUTER, recipient=OWNER, at_venue=5)


@pytest.mark.parametrize(
    ("side", "amounts", "base_is_token0"),
    [
        (Side.BUY, (-90, 270), True),
        (Side.BUY, (270, -90), False),
        (Side.SELL, (90, -270), True),
        (Side.SELL, (-270, 90), False),
    ],
)
def test_a_fill_is_what_the_pool_logged(side, amounts, base_is_token0):
    (fill,) = fills_of(side, swap_log(*amounts), base_is_token0=base_is_token0)

    assert (fill.quantity, fill.notional) == (Amount("WETH", 90), Amount("USDC", 270))
    assert (fill.id, fill.fee, fill.at_venue) == ("0xfeed:6", Amount("USDC", 0), 5)


def test_swaps_of_others_and_of_other_pools_are_not_ours():
    theirs = swap_log(-1, 3, sender=OWNER, index=1)
    elsewhere = swap_log(-1, 3, pool=ROUTER, index=2)

    (fill,) = fills_of(Side.BUY, theirs, elsewhere, swap_log(-90, 270))

    assert fill.id == "0xfeed:6"


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        ((), "0 swaps of ours"),
        ((swap_log(-90, 270), swap_log(-90, 270, index=7)), "2 swaps of ours"),
        ((swap_log(90, -270),), "moved the other way"),
        ((swap_log(-90, 270, recipient=ROUTER),), "paid 0xbbbb"),
    ],
)
def test_a_receipt_that_does_not_fit_the_child_is_refused(logs, message):
    with pytest.raises(MalformedDataError, match=message):
        fills_of(Side.BUY, *logs)
