"""Children into plans of their router: directions, bounds, what is needed, what is refused."""

from dataclasses import replace

import pytest
from eth_abi import decode
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import OrderError
from router.domain.units import Amount
from tests.unit.venues.evm.pools_world import (
    BASE,
    BUY,
    CAKE,
    CASH,
    DEADLINE_S,
    ETH,
    EVERY_WAY,
    HOOKED,
    KEY,
    ROUTER,
    SELL,
    SLIP,
    USDC,
    USDT,
    V2,
    V2_USDT,
    V3,
    V3_BTC,
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
from venues.evm.pools.family import NATIVE_COIN
from venues.evm.routers import calldata
from venues.evm.routers.calldata import plan_execution
from venues.evm.words.key import SigningKey

SIGNER = SigningKey(KEY)


def selling(*, bound=900, kind=BASE):
    """Return a route from ether to dollars over two pools in each stage."""
    hops = [
        hop(V3_USDT, "ETH", "USDT", 60, 600),
        hop(V2_USDT, "ETH", "USDT", 40, 401),
        hop(V3_DOLLARS, "USDT", "USDC", 301, 300),
        hop(V4_DOLLARS, "USDT", "USDC", 700, 699),
    ]
    return route(("ETH", "USDC"), hops, SELL, kind, bound=bound)


@pytest.mark.parametrize(
    ("side", "kind", "token_in", "is_exact_in", "exact", "input_max"),
    [
        (BUY, BASE, USDC, False, 100, 77),
        (BUY, CASH, USDC, True, 300_000, 300_000),
        (SELL, BASE, ETH, True, 100, 100),
        (SELL, CASH, ETH, False, 300_000, 77),
    ],
)
def test_side_and_kind_decide_the_direction_and_what_is_exact(
    side, kind, token_in, is_exact_in, exact, input_max
):
    plan = plan_execution(child(direct(V3, side, kind), direct(V2, side, kind)), config())

    assert plan.token_in == token_in
    assert plan.input_max_atoms == 2 * input_max
    assert (plan.router, plan.router_name, plan.uses_permit2) == (ROUTER, "universal_router", True)
    assert plan.deadline_s == DEADLINE_S
    for leg in plan.legs:
        (swap,) = leg.last
        assert (swap.is_exact_in, swap.exact_atoms, swap.bound_atoms) == (is_exact_in, exact, 77)
        assert {swap.token_in, swap.token_out} == {ETH, USDC}


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_a_pool_of_the_coin_is_asked_in_coin_and_paid_in_wrapped_coin(side, kind):
    plan = plan_execution(child(direct(V4_COIN, side, kind)), config())

    (swap,) = plan.legs[0].last
    assert {swap.token_in, swap.token_out} == {NATIVE_COIN, USDC}
    assert plan.token_in == (USDC if side is BUY else ETH)


def test_a_route_takes_what_its_first_stage_gives_and_the_largest_pool_takes_the_rest():
    plan = plan_execution(child(selling()), config())

    (leg,) = plan.legs
    assert [(s.exact_atoms, s.takes_rest) for s in leg.first] == [(60, False), (40, False)]
    assert [(s.exact_atoms, s.takes_rest) for s in leg.last] == [(301, False), (700, True)]
    # 900 of the planned 999: each part keeps that proportion of its own quote, rounded up.
    assert [s.bound_atoms for s in leg.first] == [541, 362]
    assert [s.bound_atoms for s in leg.last] == [271, 630]
    assert plan.input_max_atoms == 100


def test_an_exact_output_buys_of_the_middle_asset_what_its_second_stage_needs():
    leg = plan_execution(child(selling(kind=CASH, bound=111)), config()).legs[0]

    assert [(s.is_exact_in, s.exact_atoms) for s in leg.first] == [(False, 600), (False, 401)]
    assert [(s.is_exact_in, s.exact_atoms) for s in leg.last] == [(False, 300), (False, 699)]
    assert [s.bound_atoms for s in leg.first] == [66, 44]  # 60 and 40 of 100 that may be 111
    assert [s.bound_atoms for s in leg.last] == [334, 777]
    assert not any(s.takes_rest for s in leg.last)


@pytest.mark.parametrize("coin_part", [1, 500])
def test_second_stage_pools_of_the_coin_and_of_wrapped_coin_are_not_mixed(coin_part):
    parts = [(V3, 100), (V4_COIN, coin_part), (V4, 200)]
    hops = [hop(V3_BTC, "BTC", "ETH", 7, 300 + coin_part)]
    hops += [hop(setup, "ETH", "USDC", part, part) for setup, part in parts]
    sold = route(("BTC", "USDC"), hops, SELL, BASE, bound=1)

    last = plan_execution(child(sold), config()).legs[0].last

    coins = [swap.token_in == NATIVE_COIN for swap in last]
    assert coins == ([True, False, False] if coin_part == 1 else [False, False, True])
    assert [swap.takes_rest for swap in last] == [False, False, True]
    assert last[-1].exact_atoms == max(200, coin_part)


amounts = st.lists(st.integers(1, 10**24), min_size=1, max_size=2)


@given(amounts, amounts, amounts, st.data())
def test_what_a_route_is_worth_at_least_is_never_less_than_its_bound(paid, middle, received, data):
    first, last = (V3_USDT, V2_USDT)[: len(paid)], (V3_DOLLARS, V4_DOLLARS)[: len(received)]
    through = sum(middle) + 2
    shares = {1: [through], 2: [1, through - 1]}
    hops = [
        *(
            hop(setup, "ETH", "USDT", *each)
            for setup, each in zip(first, zip(paid, shares[len(paid)], strict=True), strict=True)
        ),
        *(
            hop(setup, "USDT", "USDC", *each)
            for setup, each in zip(
                last, zip(shares[len(received)], received, strict=True), strict=True
            )
        ),
    ]
    kind = data.draw(st.sampled_from((BASE, CASH)))
    total = sum(received) if kind is BASE else sum(paid)
    worst = (1, total) if kind is BASE else (total, 2 * total)
    bound = data.draw(st.integers(*worst))
    leg = route(("ETH", "USDC"), hops, SELL, kind, bound=bound)

    plan = plan_execution(child(leg), config())

    if kind is BASE:
        assert sum(swap.bound_atoms for swap in plan.legs[0].last) >= bound
        assert all(
            swap.bound_atoms <= each.received.atoms
            for swap in plan.legs[0].last
            for each in hops
            if each.instrument == swap.pool.instrument
        )
        assert plan.input_max_atoms == sum(paid)
    else:
        assert plan.input_max_atoms <= bound
        assert all(
            swap.bound_atoms >= each.paid.atoms
            for swap in (*plan.legs[0].first, *plan.legs[0].last)
            for each in hops
            if each.instrument == swap.pool.instrument
        )


SELL_LEG = direct(V3, SELL, BASE)
ROUTE = selling()
UNKNOWN = pool("uniswap_v3", "ETH", "USDC", fee_pips=1)
CHEAP_V2 = pool("uniswap_v2", "ETH", "USDC", fee_pips=2000)
OTHER_HOOKED = pool("uniswap_v4", "ETH", "USDC", fee_pips=78, is_replayable=False)
HOOKED_DOLLARS = pool("uniswap_v4", "USDT", "USDC", fee_pips=79, is_replayable=False)
NOWHERE = replace(V3.instrument, router="nowhere")


def hops_of(*hops):
    return replace(ROUTE, hops=hops)


def elsewhere(instrument):
    return replace(instrument, router="pancakeswap_v3")


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ((), "legs: a child must have at least one"),
        ((SELL_LEG, direct(V2, BUY, BASE)), "must all trade one asset for one other"),
        ((SELL_LEG, direct(CAKE, SELL, BASE)), "must go through one router"),
        ((replace(SELL_LEG, instrument=NOWHERE),), "no words for the router 'nowhere'"),
        ((SELL_LEG, SELL_LEG), "traded twice"),
        ((replace(SELL_LEG, bound=Amount("USDC", 0)),), "bound must be in 1.."),
        ((replace(SELL_LEG, bound=Amount("ETH", 5)),), "bound must be in USDC, was in ETH"),
        ((replace(SELL_LEG, quantity=Amount("ETH", 0)),), "exact side must be in 1.."),
        ((replace(SELL_LEG, quantity=Amount("ETH", 2**128)),), "exact side must be in 1.."),
        ((direct(UNKNOWN, SELL, BASE),), "not a configured pool; add it"),
        ((direct(CHEAP_V2, SELL, BASE),), "fee of 3000 pips in V2 pairs, was 2000"),
        ((direct(HOOKED, SELL, BASE), direct(OTHER_HOOKED, SELL, BASE)), "one at a time"),
        ((replace(ROUTE, hops=()),), "must be a pool without hops or a route with them"),
        ((replace(SELL_LEG, hops=ROUTE.hops),), "a pool without hops or a route with them"),
        ((hops_of(*ROUTE.hops[1:]),), "hops must pay 100 atoms, was 40"),
        ((hops_of(*ROUTE.hops[:-1]),), "hops must receive 999 atoms, was 300"),
        ((hops_of(*ROUTE.hops[:2]),), "hops must receive 999 atoms, was 0"),
        ((hops_of(*ROUTE.hops, hop(V4, "ETH", "USDC", 1, 1)),), "through other assets"),
        ((hops_of(*ROUTE.hops[::-1]),), "comes in before it is paid"),
        (
            (hops_of(*ROUTE.hops, hop(V3_BTC, "ETH", "BTC", 1, 1)),),
            "hops must pay 100 atoms, was 101",
        ),
        (
            (hops_of(*ROUTE.hops[:3], hop(V4_DOLLARS, "USDT", "USDC", 699, 699)),),
            "hops must pass on all of USDT, 1 atoms are left",
        ),
        (
            (hops_of(*ROUTE.hops, hop(V2_USDT, "ETH", "USDT", 0, 0)),),
            "must trade something",
        ),
        (
            (hops_of(*ROUTE.hops[:3], hop(HOOKED_DOLLARS, "USDT", "USDC", 700, 699)),),
            "a pool whose hook changes amounts",
        ),
        (
            (replace(ROUTE, instrument=elsewhere(ROUTE.instrument)),),
            "every hop must go through pancakeswap_v3, was universal_router",
        ),
    ],
)
def test_a_child_that_is_no_transaction_is_refused(legs, message):
    setups = (*config().pools, CHEAP_V2, OTHER_HOOKED, HOOKED_DOLLARS)

    with pytest.raises(OrderError, match=message):
        plan_execution(child(*legs), config(pools=setups))


def test_all_legs_together_pay_no_more_than_a_permit_can_name():
    legs = [direct(pool, SELL, CASH, bound=2**128 - 1) for pool in (V2, V3, V4)]
    assert plan_execution(child(*legs), config()).input_max_atoms == 3 * (2**128 - 1)


def test_a_route_through_a_router_without_a_balance_of_its_own_is_refused():
    one, two = (
        replace(pool, instrument=elsewhere(pool.instrument)) for pool in (V3_USDT, V3_DOLLARS)
    )
    hops = [hop(one, "ETH", "USDT", 1, 2), hop(two, "USDT", "USDC", 2, 3)]
    leg = route(("ETH", "USDC"), hops, SELL, BASE, bound=3)
    leg = replace(leg, instrument=elsewhere(leg.instrument))

    with pytest.raises(OrderError, match="a route through pancakeswap_v3 cannot be one"):
        plan_execution(child(leg), config(pools=(one, two)))


def test_a_router_that_the_account_does_not_have_is_refused():
    with pytest.raises(OrderError, match="the router slipstream has no address; add it"):
        plan_execution(child(direct(SLIP, SELL, BASE)), config(routers={}))


def run(*legs):
    """Return the commands and inputs of the execution of legs."""
    plan = plan_execution(child(*legs), config())
    execution = calldata.encode(plan, key=SIGNER, permit_nonce=4, config=config())
    assert (execution.to, execution.value_wei) == (ROUTER, 0)
    assert execution.deadline_s == DEADLINE_S
    codes, inputs, deadline = decode(["bytes", "bytes[]", "uint256"], execution.data[4:])
    assert deadline == DEADLINE_S
    return codes, inputs


def test_one_permit_for_exactly_the_most_that_is_needed_ends_with_the_order():
    codes, inputs = run(direct(V3, SELL, BASE), direct(V2, SELL, CASH), direct(V4_COIN, SELL, BASE))

    # Permit; the part of the coin's pool unwrapped; V3, V2, V4; what is left of the coin.
    assert codes.hex() == "8a" + "020c" + "000910" + "0b"
    types = ["((address,uint160,uint48,uint48),address,uint256)", "bytes"]
    (permit, signature) = decode(types, inputs[0])
    assert permit == ((ETH, 100 + 77 + 100, DEADLINE_S, 4), ROUTER, DEADLINE_S)
    assert len(signature) == 65
    me, itself = (f"0x{number:040x}" for number in (1, 2))
    assert decode(["address", "address", "uint256"], inputs[1]) == (ETH, itself, 100)
    assert decode(["address", "uint256"], inputs[2]) == (itself, 100)
    assert decode(["address", "uint256"], inputs[6]) == (me, 2**255)


def test_nothing_of_the_coin_is_touched_where_no_pool_trades_it():
    codes, _ = run(direct(V3, BUY, BASE), direct(V4, BUY, CASH))

    assert codes.hex() == "8a" + "0110"


def test_the_stages_of_a_route_pay_each_other_through_the_router():
    codes, inputs = run(selling())

    me, itself = (f"0x{number:040x}" for number in (1, 2))
    v3 = ["address", "uint256", "uint256", "bytes", "bool"]
    v2 = [*v3[:3], "address[]", "bool"]
    assert codes.hex() == "8a" + "0008" + "0010" + "04"
    assert decode(v3, inputs[1])[::2][:2] == (itself, 541)
    assert decode(v2, inputs[2]) == (itself, 40, 362, (ETH, USDT), True)
    assert decode(v3, inputs[3])[:3] == (me, 301, 271)
    assert decode(v3, inputs[3])[4] is False
    actions, params = decode(["bytes", "bytes[]"], inputs[4])
    assert actions.hex() == "0b060e"  # all that is left is paid in, swapped, and taken
    assert decode(["address", "uint256", "bool"], params[0]) == (USDT, 2**255, False)
    assert decode(["address", "address", "uint256"], params[2]) == (USDC, me, 0)
    assert decode(["address", "address", "uint256"], inputs[5]) == (USDT, me, 0)
