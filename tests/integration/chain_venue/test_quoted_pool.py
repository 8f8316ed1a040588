"""A V4 pool whose hook takes a part of every swap: streamed as quotes, traded as planned or better.

Planned along the quotes that the venue streams, with the plan itself as the bound: had the pool
paid less, the transaction would have reverted.
"""

import asyncio
import tomllib

import pytest

from router.compose.sandbox_tables import CHAIN, chain_table
from router.domain.error import ConfigError
from router.domain.market import HeadAdvanced, PoolQuarantined, QuotedSnapshot, StreamLost
from router.domain.order import OrderStatus
from router.domain.plan import ChainCash, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import PIPS_PER_UNIT, Amount, Price, Side
from router.optimiser.solve import solve
from tests.integration.chain_venue.scene import (
    DOLLAR,
    ETHER,
    V3,
    V4,
    V4_COIN,
    done,
    setup_of,
    streaming,
)

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
EVERY_WAY = [(side, kind) for side in (BUY, SELL) for kind in (BASE, CASH)]
BURNS_ALL_GAS = "0xfe"
REORGANISED_BLOCKS = 2


def with_hooks(manifest, *labels, allowed=True):
    """Return the family's table with the labelled pools beside its own."""
    table = tomllib.loads(chain_table(manifest))["chains"][CHAIN]["uniswap_v4"]
    entries = [manifest.labelled(label) for label in labels]
    pools = [
        {"base": "ETH", "quote": "USDC", "tick_spacing": entry.tick_spacing, "hooks": entry.hooks}
        | ({"dynamic_fee": True} if entry.key_fee == 1 << 23 else {"fee_pips": entry.key_fee})
        for entry in entries
    ]
    hooks_allowed = [entry.hooks for entry in entries] if allowed else []
    return {
        "uniswap_v4": table | {"pools": [*table["pools"], *pools], "hooks_allowed": hooks_allowed}
    }


def hooked(setup, hooks):
    return next(i for i in setup.instruments if i.id.endswith(f"{hooks[-8:].lower()}@{CHAIN}"))


def amount(kind, ether):
    return ether * ETHER if kind is BASE else ether * 3_000 * DOLLAR


def moved(before, after):
    return {asset: after[asset] - before[asset] for asset in ("ETH", "USDC")}


def check_no_worse(legs, resolution, change):
    """Hold every fill against its leg, and their sum against the account's balances."""
    assert resolution.status is OrderStatus.FILLED
    total = {"ETH": 0, "USDC": 0}
    for leg, fill in zip(legs, resolution.fills, strict=True):
        sign = 1 if leg.side is BUY else -1
        total["ETH"] += sign * fill.quantity.atoms
        total["USDC"] -= sign * fill.notional.atoms
        exact, other = fill.quantity.atoms, fill.notional.atoms
        planned, hoped = leg.quantity.atoms, leg.notional.atoms
        if leg.quantity_kind is CASH:
            exact, other, planned, hoped = other, exact, hoped, planned
        assert exact == planned
        is_paid = (leg.side is BUY) == (leg.quantity_kind is BASE)
        assert other <= hoped if is_paid else other >= hoped
    assert change == total


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_a_taking_pool_alone_pays_no_less_than_planned(scene, side, kind):
    hooks = scene.manifest.labelled("v4_taking").hooks
    before = scene.balances()

    async def scenario():
        async with scene.trading(**with_hooks(scene.manifest, "v4_taking")) as desk:
            name = hooked(desk.setup, hooks).id
            leg = desk.plan(name, side, kind, amount(kind, 7) + 3)
            child = await scene.child(desk.venue, leg)
            return leg, (await done(desk.venue, child))[1]

    leg, resolution = asyncio.run(scenario())

    check_no_worse([leg], resolution, moved(before, scene.balances()))
    assert resolution.fills[0].notional.atoms / leg.notional.atoms == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize(("side", "kind"), [(BUY, BASE), (SELL, BASE)])
def test_it_shares_a_transaction_with_pools_of_other_kinds(scene, side, kind):
    hooks = scene.manifest.labelled("v4_taking").hooks
    before = scene.balances()

    async def scenario():
        async with scene.trading(**with_hooks(scene.manifest, "v4_taking")) as desk:
            shares = {V3: 9, hooked(desk.setup, hooks).id: 4, V4: 5}
            legs = [desk.plan(n, side, kind, amount(kind, ether)) for n, ether in shares.items()]
            child = await scene.child(desk.venue, *legs)
            return legs, (await done(desk.venue, child))[1]

    legs, resolution = asyncio.run(scenario())

    check_no_worse(legs, resolution, moved(before, scene.balances()))
    for place in (0, 2):
        fill, leg = resolution.fills[place], legs[place]
        assert (fill.quantity, fill.notional) == (leg.quantity, leg.notional)


@pytest.mark.parametrize(("side", "kind"), [(BUY, CASH), (SELL, BASE)])
def test_an_order_that_needs_the_taking_pool_is_planned_over_it_and_executed(scene, side, kind):
    hooks = scene.manifest.labelled("v4_taking").hooks
    before = scene.balances()

    async def scenario():
        async with scene.trading(**with_hooks(scene.manifest, "v4_taking")) as desk:
            instruments = [hooked(desk.setup, hooks)]
            instruments += [i for i in desk.setup.instruments if i.id == V4_COIN]
            async with streaming(desk.setup) as recorder:
                known = {i.id: state for i, state in recorder.view.pools()}
            # The other pool alone would move by more than the hook takes.
            pools = [(i, known[i.id]) for i in instruments]
            plan = solve(order(side, kind, amount(kind, 400), pools))
            child = await scene.child(desk.venue, *plan.legs)
            return plan, (await done(desk.venue, child))[1]

    plan, resolution = asyncio.run(scenario())

    assert len(plan.legs) == 2
    check_no_worse(plan.legs, resolution, moved(before, scene.balances()))


def order(side, kind, atoms, pools):
    instrument = pools[0][0]
    asset = instrument.base if kind is BASE else instrument.quote
    mid = Price("ETH", "USDC", 3_000 * DOLLAR, ETHER)
    worst = Price("ETH", "USDC", (4_000 if side is BUY else 2_000) * DOLLAR, ETHER)
    spendable = (Amount("ETH", 10**24), Amount("USDC", 10**15))
    return RoutingProblem(
        parent="p-1",
        side=side,
        kind=kind,
        quantity=Amount(asset.id, atoms),
        arrival_mid=mid,
        limit_price=worst,
        holding_horizon_s=0,
        gas_fee_wei=0,
        slippage_tolerance_pips=PIPS_PER_UNIT // 100,
        pools=tuple(PoolCandidate(i, state, 110_000) for i, state in pools),
        books=(),
        chains=(ChainCash(instrument.account, spendable, 130_000, mid),),
        margins=(),
        routes=(),
    )


def test_a_quoted_pool_is_no_hop_of_a_route_and_a_hook_that_sets_the_fee_alone_may_be(scene):
    labels = ("v4_taking", "v4_dynamic_in_swap")

    setup = setup_of(scene.manifest, **with_hooks(scene.manifest, *labels))

    found = [hooked(setup, scene.manifest.labelled(label).hooks).is_hop for label in labels]
    assert found == [False, True]


@pytest.mark.parametrize("label", ["v4_taking", "v4_dynamic_in_swap"])
def test_without_leave_the_configuration_is_refused_with_the_reason(scene, label):
    with pytest.raises(ConfigError, match=r"has a hand in swaps .*; add it to hooks_allowed"):
        setup_of(scene.manifest, **with_hooks(scene.manifest, label, allowed=False))


def quotes_told(recorder, name):
    return [
        event
        for event in recorder.events
        if isinstance(event, QuotedSnapshot) and event.instrument == name
    ]


def test_quotes_follow_the_chain_through_blocks_and_reorganisations(scene):
    hooks = scene.manifest.labelled("v4_taking").hooks

    async def scenario():
        async with scene.trading(**with_hooks(scene.manifest, "v4_taking")) as desk:
            instrument = hooked(desk.setup, hooks)
            async with streaming(desk.setup) as recorder:
                seen = [recorder.view.pool(instrument.id, 0)]
                for _ in range(REORGANISED_BLOCKS):
                    await asyncio.to_thread(
                        scene.client.run_as_other, scene.sell_as_other(instrument, 50 * ETHER)
                    )
                    await recorder.until_block(scene.client.block_number())
                    seen.append(recorder.view.pool(instrument.id, 0))
                await asyncio.to_thread(scene.client.reorg, REORGANISED_BLOCKS)
                newest = scene.client.header()["hash"]
                await recorder.until(
                    lambda: any(
                        isinstance(e, HeadAdvanced) and e.block.hash == newest
                        for e in recorder.events
                    )
                )
                return seen, recorder.view.pool(instrument.id, 0), recorder.events

    seen, after, events = asyncio.run(scenario())

    def content(state):
        return state.zero_for_one, state.one_for_zero

    assert len({content(state) for state in seen}) == len(seen)
    assert content(after) == content(seen[0])
    assert after.block.hash == scene.client.header()["hash"]
    assert not [e for e in events if isinstance(e, StreamLost | PoolQuarantined)]


def test_a_hook_that_burns_all_gas_leaves_its_pool_without_quotes_and_the_others_as_they_were(
    scene,
):
    entry = scene.manifest.labelled("v4_taking")
    code = scene.client.rpc.request("eth_getCode", entry.hooks, "latest")

    async def scenario():
        async with scene.trading(**with_hooks(scene.manifest, "v4_taking")) as desk:
            name = hooked(desk.setup, entry.hooks).id
            async with streaming(desk.setup) as recorder:
                shown = []
                for present in (code, BURNS_ALL_GAS, code):
                    scene.client.rpc.request("anvil_setCode", entry.hooks, present)
                    scene.client.mine()
                    await recorder.until_block(scene.client.block_number())
                    shown.append(recorder.view.pool(name, 0))
                    recorder.view.pool(V4, 0)
                return shown, recorder.events

    (whole, broken, again), events = asyncio.run(scenario())

    assert whole.zero_for_one
    assert whole.one_for_zero
    assert (broken.zero_for_one, broken.one_for_zero) == ((), ())
    assert (again.zero_for_one, again.one_for_zero) == (whole.zero_for_one, whole.one_for_zero)
    assert not [e for e in events if isinstance(e, StreamLost | PoolQuarantined)]
