from dataclasses import replace

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.algo.routes import NETWORK_POOLS_MAX, networks_between, routes_between
from router.domain.instrument import Asset, InstrumentKind
from router.domain.market import ReservesSnapshot
from router.domain.units import AccountId, AssetId, InstrumentId, Pips, VenueId
from tests.unit.engine.scene import (
    BLOCK,
    DOLLAR,
    ETH,
    ETHER,
    LIMITS,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    observation,
    order,
)

USDT = Asset(AssetId("USDT"), 6)
HOP = replace(POOL, is_hop=True)
ETH_USDT = replace(HOP, id=InstrumentId("eth-usdt"), quote=USDT)
USDT_USDC = replace(HOP, id=InstrumentId("usdt-usdc"), base=USDT)
# The same pair written the other way round: dollars for tethers.
USDC_USDT = replace(HOP, id=InstrumentId("usdc-usdt"), base=USDC, quote=USDT, base_is_token0=False)
OTHER_CHAIN = AccountId("evm:8453:0xaa")


def reserves(instrument, base_atoms, quote_atoms):
    pair = (base_atoms, quote_atoms) if instrument.base_is_token0 else (quote_atoms, base_atoms)
    return ReservesSnapshot(instrument.id, BLOCK, 3000, *pair, T0)


def test_a_route_has_the_pools_of_both_hops_turned_towards_the_middle_asset():
    (route,) = routes_between(order(), (POOL, ETH_USDT, USDT_USDC, USDC_USDT), 0)

    assert route.base_pools == (ETH_USDT,)
    assert route.quote_pools == (USDT_USDC, USDC_USDT.reversed())
    assert [(i.base, i.quote) for i in route.quote_pools] == [(USDT, USDC), (USDT, USDC)]
    assert [i.base_is_token0 for i in route.quote_pools] == [True, True]
    assert (route.instrument.base, route.instrument.quote) == (ETH, USDC)
    assert route.instrument.kind is InstrumentKind.SPOT_ROUTE
    assert route.instrument.fee_pips == Pips(0)


def test_a_pool_seen_from_its_other_asset_is_the_same_pool():
    assert USDC_USDT.reversed().reversed() == USDC_USDT
    assert USDC_USDT.reversed().id == USDC_USDT.id


def test_hops_of_two_accounts_or_two_routers_are_no_route():
    far = replace(USDT_USDC, account=OTHER_CHAIN)
    foreign = replace(USDT_USDC, router="another")

    assert routes_between(order(), (ETH_USDT, far), 0) == ()
    assert routes_between(order(), (ETH_USDT, foreign), 0) == ()
    assert routes_between(order(), (ETH_USDT,), 0) == ()


def test_an_asset_for_itself_goes_through_nothing():
    same = order(quote=ETH.id)

    assert routes_between(same, (POOL, ETH_USDT, USDT_USDC), 0) == ()


def test_pools_whose_router_cannot_go_on_are_no_hops():
    alone = replace(ETH_USDT, is_hop=False)

    assert routes_between(order(), (alone, USDT_USDC), 0) == ()


def test_every_middle_asset_has_a_route_of_its_own_with_a_name_of_its_own():
    dai = Asset(AssetId("DAI"), 18)
    eth_dai = replace(HOP, id=InstrumentId("eth-dai"), quote=dai)
    dai_usdc = replace(HOP, id=InstrumentId("dai-usdc"), base=dai)

    found = routes_between(order(), (ETH_USDT, eth_dai, USDT_USDC, dai_usdc), 0)

    assert [r.base_pools for r in found] == [(ETH_USDT,), (eth_dai,)]
    assert len({r.instrument.id for r in found}) == 2


def test_a_route_is_of_the_stage_of_pools_and_uses_allowed_venues_only():
    pools = (ETH_USDT, replace(USDT_USDC, protocol="uniswap_v4"))

    assert len(routes_between(order(), pools, 1)) == 1
    assert routes_between(order(), pools, 2) == ()
    assert routes_between(order(venues=(VenueId("uniswap_v4"),)), pools, 0) == ()


def test_the_scope_of_an_order_observes_the_hops_and_trades_the_route():
    scope = sweep.scope(order(), (POOL, ETH_USDT, USDC_USDT, PERP), 0)

    assert scope.observed == (POOL.id, PERP.id, ETH_USDT.id, USDC_USDT.id)
    assert [i.kind for i in scope.markets] == [
        InstrumentKind.SPOT_POOL,
        InstrumentKind.PERP_BOOK,
        InstrumentKind.SPOT_ROUTE,
    ]
    assert scope.accounts == (POOL.account, PERP.account)


def test_a_route_is_a_candidate_over_the_pools_that_were_seen():
    scope = sweep.scope(order(), (POOL, ETH_USDT, USDT_USDC, USDC_USDT), 0)
    whole = sweep.Slice(order(), order().quantity, MID, scope)
    first = reserves(ETH_USDT, 10 * ETHER, 30_000 * DOLLAR)
    second = reserves(USDC_USDT, 10**12, 10**12)
    both = replace(observation(), pools=(*observation().pools, first, second))
    one = replace(observation(), pools=(*observation().pools, first))

    (route,) = sweep.build_problem(whole, both, LIMITS).routes

    assert [p.snapshot for p in route.pools] == [first, second]
    assert sweep.build_problem(whole, one, LIMITS).routes == ()


def test_without_any_direct_market_the_mid_is_that_of_the_route():
    scope = sweep.scope(order(), (ETH_USDT, USDC_USDT), 0)
    first = reserves(ETH_USDT, 10 * ETHER, 30_000 * DOLLAR)
    second = reserves(USDC_USDT, 10**12, 2 * 10**12)  # two tethers for a dollar
    seen = replace(observation(), pools=(first, second), books=())

    mid = arrival_mid(scope, seen)

    assert (mid.base, mid.quote) == (ETH.id, USDC.id)
    assert mid.quote_atoms * ETHER == 1_500 * DOLLAR * mid.base_atoms


DAI = Asset(AssetId("DAI"), 18)
ETH_DAI = replace(HOP, id=InstrumentId("eth-dai"), quote=DAI)
DAI_USDC = replace(HOP, id=InstrumentId("dai-usdc"), base=DAI)
USDT_DAI = replace(HOP, id=InstrumentId("usdt-dai"), base=USDT, quote=DAI)
ACROSS = (POOL, ETH_USDT, DAI_USDC, USDT_DAI)


def test_pools_across_make_one_network_of_all_ways_without_the_pools_of_the_pair():
    dangling = replace(HOP, id=InstrumentId("dai-weth"), base=DAI, quote=Asset(AssetId("W"), 18))

    (network,) = networks_between(order(), (*ACROSS, USDT_USDC, dangling), 0)

    assert network.pools == (ETH_USDT, DAI_USDC, USDT_DAI, USDT_USDC)
    assert (network.instrument.base, network.instrument.quote) == (ETH, USDC)
    assert network.instrument.kind is InstrumentKind.SPOT_ROUTE
    assert network.instrument.symbol == "via DAI/USDT"


def test_without_a_pool_across_there_is_no_network():
    two_hops = (POOL, ETH_USDT, USDT_USDC, ETH_DAI, DAI_USDC)
    far = replace(USDT_DAI, account=OTHER_CHAIN)
    foreign = replace(USDT_DAI, router="another")
    alone = replace(USDT_DAI, is_hop=False)

    assert networks_between(order(), two_hops, 0) == ()
    for elsewhere in (far, foreign, alone):
        assert networks_between(order(), (*two_hops, elsewhere), 0) == ()
    assert networks_between(order(), ACROSS, 2) == ()
    assert networks_between(order(quote=ETH.id), ACROSS, 0) == ()
    assert networks_between(order(venues=(VenueId("uniswap_v4"),)), ACROSS, 0) == ()


def test_a_pool_across_that_leads_nowhere_makes_no_network():
    assert networks_between(order(), (ETH_USDT, USDT_USDC, ETH_DAI), 0) == ()
    from_dai_only = (ETH_DAI, USDT_DAI)
    assert networks_between(order(), from_dai_only, 0) == ()


def test_a_network_with_too_many_pools_is_left_to_its_routes():
    many = tuple(
        replace(ETH_USDT, id=InstrumentId(f"eth-usdt-{i}")) for i in range(NETWORK_POOLS_MAX)
    )

    assert networks_between(order(), (*many[3:], *ACROSS[1:]), 0)
    assert networks_between(order(), (*many, DAI_USDC, USDT_DAI, USDT_USDC), 0) == ()


def test_a_network_takes_the_place_of_its_routes_once_a_pool_across_was_seen():
    scope = sweep.scope(order(), (*ACROSS, USDT_USDC), 0)
    whole = sweep.Slice(order(), order().quantity, MID, scope)
    assert {i.id for i in (ETH_USDT, DAI_USDC, USDT_DAI, USDT_USDC)} <= set(scope.observed)
    hops = [reserves(i, 10**12, 10**12) for i in (ETH_USDT, DAI_USDC, USDT_USDC)]
    across = reserves(USDT_DAI, 10**12, 10**12)
    seen = replace(observation(), pools=(*observation().pools, *hops, across))
    unseen = replace(observation(), pools=(*observation().pools, *hops))

    problem = sweep.build_problem(whole, seen, LIMITS)
    without = sweep.build_problem(whole, unseen, LIMITS)

    (network,) = problem.networks
    assert {p.snapshot for p in network.pools} == {*hops, across}
    assert problem.routes == ()
    assert without.networks == ()
    assert [route.instrument.symbol for route in without.routes] == ["via USDT"]
    assert {p.instrument.id for p in network.pools}.isdisjoint(
        p.instrument.id for p in problem.pools
    )
    assert problem.ways == problem.networks
