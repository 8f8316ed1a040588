"""Real swaps, mints, burns and fee changes of every family: each log, and where they lead."""

import random

import eth_abi
import pytest

from router.domain.market import (
    PoolFeeChanged,
    PoolLiquidityChanged,
    PoolSwapped,
    ReservesSwapped,
    ReservesSynced,
)
from router.liquidity import concentrated, replay
from router.liquidity.fixed_point import tick_to_sqrt_price
from tests.integration.families import scene
from venues.sandbox.chain import abi
from venues.sandbox.chain.sender import wait_for_receipt

NAMES = sorted(scene.FAMILIES)
V3_SWAP = ["int256", "int256", "uint160", "uint128", "int24"]
SWAP_DATA = {
    "pancakeswap_v3": [*V3_SWAP, "uint128", "uint128"],
    "slipstream": V3_SWAP,
    "uniswap_v2": ["uint256"] * 4,
    "uniswap_v3": V3_SWAP,
    "uniswap_v4": ["int128", "int128", "uint160", "uint128", "int24", "uint24"],
}
PROTOCOL_PIPS = (250, 1000)


def tradable(chain, name):
    """Return the pools that have liquidity, two plain tokens, and a state that tells all."""
    dtt = chain.manifest.token("DTT").address
    return [
        (pool, entry)
        for pool, entry in scene.setups(chain.manifest, name)
        if dtt not in {entry.token0, entry.token1} and pool.is_replayable
    ]


def units(chain, address):
    """Return atoms of a token that are worth some hundred dollars."""
    symbols = {token.address: token.symbol for token in chain.manifest.tokens}
    worth = {"USDC": 300 * 10**6, "USDT": 300 * 10**6, "WETH": 10**17, "WBTC": 10**6 // 2}
    return worth[symbols.get(address, "WETH")]


def swap_at_random(chain, entry, rng):
    zero_for_one, is_exact_in = rng.random() < 0.5, rng.random() < 0.6
    paid, received = (entry.token0, entry.token1)[:: 1 if zero_for_one else -1]
    size = units(chain, paid if is_exact_in else received) * rng.randint(1, 60) // 10
    limit = None
    if entry.family != "uniswap_v2" and rng.random() < 0.3:
        tick = chain.client.pool_state(entry).tick
        away = rng.randint(2, 200)
        limit = tick_to_sqrt_price(tick - away if zero_for_one else tick + away)
    return chain.client.other.swap(
        entry,
        zero_for_one=zero_for_one,
        amount_specified=size if is_exact_in else -size,
        sqrt_price_limit_x96=limit,
    )


def change_at_random(chain, entry, rng, open_ranges):
    if open_ranges and rng.random() < 0.4:
        lower, upper, liquidity = open_ranges.pop(rng.randrange(len(open_ranges)))
        delta = -liquidity
    else:
        spacing = entry.tick_spacing
        centre = chain.client.pool_state(entry).tick // spacing
        lower = (centre - rng.randint(0, 12)) * spacing
        upper = lower + rng.randint(1, 24) * spacing
        delta = chain.client.pool_state(entry).liquidity // rng.randint(20, 200) + 1
        open_ranges.append((lower, upper, delta))
    return chain.client.other.change_position(
        entry, lower=lower, upper=upper, liquidity_delta=delta
    )


def do(chain, errand):
    receipt = chain.client.run_as_other(errand)
    assert int(receipt["status"], 16) == 1
    return receipt


def errands(chain, entry, rng, count):
    open_ranges = []
    for _ in range(count):
        if entry.family == "uniswap_v2":
            if rng.random() < 0.3:
                amounts = {
                    f"amount{i}": units(chain, (entry.token0, entry.token1)[i]) for i in (0, 1)
                }
                yield chain.client.other.add_to_pair(entry, **amounts)
            else:
                yield swap_at_random(chain, entry, rng)
        elif rng.random() < 0.35:
            yield change_at_random(chain, entry, rng, open_ranges)
        else:
            yield swap_at_random(chain, entry, rng)


def of_pool(pool, log):
    return log.address == pool.emitter and pool.topic in (None, *log.topics[1:2])


def check_swap(name, log, event, seen):
    """Compare with a general decoder; V4 writes amounts from the swapper's side."""
    told = eth_abi.decode(SWAP_DATA[name], log.data)
    if isinstance(event, ReservesSwapped):
        in_out = (event.amount0_in, event.amount1_in, event.amount0_out, event.amount1_out)
        assert in_out == told
        assert (seen.amount0, seen.amount1) == (told[0] - told[2], told[1] - told[3])
        return
    sign = -1 if name == "uniswap_v4" else 1
    assert (event.amount0, event.amount1) == (sign * told[0], sign * told[1])
    assert (event.sqrt_price_x96, event.liquidity, event.tick) == told[2:5]
    assert event.fee_pips == (told[5] if name == "uniswap_v4" else None)
    assert (seen.amount0, seen.amount1) == (event.amount0, event.amount1)


def pool_of(shown):
    return concentrated.Pool(
        fee_pips=shown.fee_pips,
        tick_spacing=shown.tick_spacing,
        sqrt_price_x96=shown.sqrt_price_x96,
        tick=shown.tick,
        liquidity=shown.liquidity,
        ticks=shown.ticks,
        protocol_fees_pips=shown.protocol_fees_pips,
    )


def after(state, event):
    """Return a pool's state after an event; a swap must follow from the state exactly."""
    match event:
        case PoolSwapped():
            return replay.replay(
                state,
                amount0=event.amount0,
                amount1=event.amount1,
                sqrt_price_x96=event.sqrt_price_x96,
                liquidity=event.liquidity,
                tick=event.tick,
                fee_pips=event.fee_pips,
            )
        case PoolLiquidityChanged():
            return concentrated.modify_liquidity(
                state, lower=event.tick_lower, upper=event.tick_upper, delta=event.liquidity_delta
            )
        case ReservesSynced():
            return (event.reserve0, event.reserve1)
    return state


@pytest.mark.parametrize("name", NAMES)
def test_every_log_of_real_activity_leads_to_the_contracts_state(chain, name):
    family, rng = scene.FAMILIES[name], random.Random(f"logs of {name}")
    pools = tradable(chain, name)
    states = {}
    for pool, _ in pools:
        shown = scene.snapshot(chain, family, pool)
        states[pool.instrument.id] = None if name == "uniswap_v2" else pool_of(shown)
    since = chain.client.block_number() + 1

    for _, entry in pools:
        for errand in errands(chain, entry, rng, 14):
            do(chain, errand)

    events = [
        event for log in scene.logs_of(chain, since=since) for event in told(name, log, pools)
    ]
    for event in events:
        states[event.instrument] = after(states[event.instrument], event)
    swaps = sum(isinstance(event, PoolSwapped | ReservesSwapped) for event in events)
    assert swaps > 4 * len(pools)
    assert len(events) - swaps > len(pools)
    for pool, entry in pools:
        assert_state_is_the_contracts(chain, states[pool.instrument.id], entry)


def told(name, log, pools):
    """Yield what a log tells of the pool it belongs to, checked; it may be nobody's."""
    family = scene.FAMILIES[name]
    for pool, _ in pools:
        seen = family.swap_seen(pool, log)
        if not of_pool(pool, log):
            assert seen is None
            continue
        event = family.read_log(pool, log)
        is_swap = isinstance(event, PoolSwapped | ReservesSwapped)
        assert is_swap == (seen is not None)
        if event is not None:
            assert log.topics[0] in family.log_topics()
            assert (event.instrument, event.block_hash) == (pool.instrument.id, log.block_hash)
            yield event
        if is_swap:
            check_swap(name, log, event, seen)


def assert_state_is_the_contracts(chain, state, entry):
    if entry.family == "uniswap_v2":
        assert state == chain.client.reserves(entry)
        return
    whole = chain.client.full_state(entry)
    at = whole.state
    assert (state.sqrt_price_x96, state.tick, state.liquidity) == (
        at.sqrt_price_x96,
        at.tick,
        at.liquidity,
    )
    assert [(t.index, t.liquidity_net, t.liquidity_gross) for t in state.ticks] == [
        (t.index, t.liquidity_net, t.liquidity_gross) for t in whole.ticks
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_swap_that_was_seen_names_who_called_the_pool(chain, name):
    pool, entry = tradable(chain, name)[0]
    zero_for_one = True
    amount = units(chain, entry.token0)
    before = chain.client.block_number()
    errand = chain.client.other.swap(entry, zero_for_one=zero_for_one, amount_specified=amount)

    do(chain, errand)

    logs = scene.logs_of(chain, since=before + 1)
    seen = [each for log in logs if (each := scene.FAMILIES[name].swap_seen(pool, log))]
    assert [each.sender for each in seen] == [errand.to.lower()]
    assert seen[0].amount0 == amount
    assert seen[0].amount1 < 0


def test_a_position_that_only_collects_changes_nothing(chain):
    for name in ("pancakeswap_v3", "slipstream", "uniswap_v3", "uniswap_v4"):
        family = scene.FAMILIES[name]
        pool, entry = tradable(chain, name)[0]
        spacing = entry.tick_spacing
        lower = chain.client.pool_state(entry).tick // spacing * spacing
        ends = {"lower": lower, "upper": lower + spacing}
        do(chain, chain.client.other.change_position(entry, **ends, liquidity_delta=10**9))
        since = chain.client.block_number() + 1

        do(chain, chain.client.other.change_position(entry, **ends, liquidity_delta=0))

        logs = [log for log in scene.logs_of(chain, since=since) if of_pool(pool, log)]
        known = [log for log in logs if log.topics[0] in family.log_topics()]
        assert len(known) == 1
        assert family.read_log(pool, known[0]) is None


@pytest.mark.parametrize("name", ["slipstream", "uniswap_v4"])
def test_a_fee_that_changes_without_a_log_is_read_after_the_block(chain, name):
    family = scene.FAMILIES[name]
    changing = [
        (pool, entry)
        for pool, entry in scene.setups(chain.manifest, name)
        if family.refresh_calls(pool)
    ]
    for number, (pool, entry) in enumerate(changing):
        chain.client.set_fee(entry, 777 + number)

        answers = scene.read(chain, family.refresh_calls(pool))

        header = scene.head(chain)
        assert family.refreshed(pool, answers, block=header.ref) == PoolFeeChanged(
            instrument=pool.instrument.id,
            block_number=header.number,
            block_hash=header.hash,
            fee_pips=777 + number,
            protocol_fees_pips=(0, 0),
        )
    assert len(changing) == 2


@pytest.mark.parametrize("name", ["pancakeswap_v3", "uniswap_v2", "uniswap_v3"])
def test_a_fee_that_cannot_change_is_never_read_again(families_chain, name):
    family = scene.FAMILIES[name]
    for pool, _ in scene.setups(families_chain.manifest, name):
        assert family.refresh_calls(pool) == []
        assert family.refreshed(pool, (), block=scene.head(families_chain).ref) is None


def set_protocol_fees(chain, entry, fees):
    """Let the deployer, who owns the PoolManager, set a pool's protocol fees."""
    manager, owner = chain.manifest.contracts["v4_pool_manager"], chain.manifest.account("deployer")
    key = (entry.token0, entry.token1, entry.key_fee, entry.tick_spacing, entry.hooks)
    signature = "setProtocolFee((address,address,uint24,int24,address),uint24)"
    for data in (
        abi.call("setProtocolFeeController(address)", owner.address),
        abi.call(signature, *key, fees[0] | fees[1] << 12),
    ):
        receipt = wait_for_receipt(chain.client.rpc, chain.client.submit(owner, manager, data))
        assert int(receipt["status"], 16) == 1


def test_the_protocols_fees_come_as_a_log_and_are_part_of_what_a_swap_pays(chain):
    family = scene.FAMILIES["uniswap_v4"]
    pool, entry = tradable(chain, "uniswap_v4")[0]
    before = pool_of(scene.snapshot(chain, family, pool))
    since = chain.client.block_number() + 1

    set_protocol_fees(chain, entry, PROTOCOL_PIPS)
    for zero_for_one in (True, False):
        paid = entry.token0 if zero_for_one else entry.token1
        amount = units(chain, paid)
        do(
            chain,
            chain.client.other.swap(entry, zero_for_one=zero_for_one, amount_specified=amount),
        )

    logs = [log for log in scene.logs_of(chain, since=since) if of_pool(pool, log)]
    changed, *swaps = [event for log in logs if (event := family.read_log(pool, log))]
    assert isinstance(changed, PoolFeeChanged)
    assert (changed.fee_pips, changed.protocol_fees_pips) == (entry.fee_pips, PROTOCOL_PIPS)
    assert [swap.fee_pips for swap in swaps] == [
        part + entry.fee_pips - part * entry.fee_pips // 10**6 for part in PROTOCOL_PIPS
    ]
    state = before
    for swap in swaps:
        state = after(state, swap)
    shown = scene.snapshot(chain, family, pool)
    assert shown.protocol_fees_pips == PROTOCOL_PIPS
    assert (state.sqrt_price_x96, state.tick) == (shown.sqrt_price_x96, shown.tick)
