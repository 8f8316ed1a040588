"""Pools of V4 whose hook has a hand in swaps, allowed by name: what is planned, and what is paid.

Where the hook changes amounts the quoter tells them; where it only sets the fee the state does.
"""

import random
from dataclasses import replace

import pytest

from router.domain.error import ConfigError
from router.domain.market import QuotedSnapshot
from router.liquidity import concentrated, quoted
from router.liquidity.oracle import InsufficientLiquidityError
from router.liquidity.pool import pool_of, swap
from tests.integration.families import scene
from venues.uniswap_v4 import family

ETHER, DOLLAR = 10**18, 10**6
OTHER = "0x" + "ab" * 20
REFUSES = "0x60006000fd"


def labelled(chain, label):
    pools = scene.setups(chain.manifest, "uniswap_v4")
    return next((pool, entry) for pool, entry in pools if entry.label == label)


def snapshot(chain, label):
    pool, _ = labelled(chain, label)
    return scene.snapshot(chain, family, pool)


def do(chain, errand):
    receipt = chain.client.run_as_other(errand)
    assert int(receipt["status"], 16) == 1


def sizes_of(points, rng, count):
    """Return inputs between the smallest that is worth trading and the largest quote."""
    largest = points[-1][0]
    return [int(largest * 10 ** rng.uniform(-4, 0)) for _ in range(count)]


def test_quotes_reach_from_small_change_to_most_of_what_the_pool_holds(families_chain):
    shown = snapshot(families_chain, "v4_taking")
    pool, entry = labelled(families_chain, "v4_taking")
    inside = scene.snapshot(families_chain, family, replace(pool, is_replayable=True))

    assert isinstance(shown, QuotedSnapshot)
    for zero_for_one, points in ((True, shown.zero_for_one), (False, shown.one_for_zero)):
        assert len(points) > 12
        assert points[0][1] * 10_000 < points[-1][1]
        held = swap(
            pool_of(inside), zero_for_one=zero_for_one, amount_specified=concentrated.AMOUNT_MAX
        )
        into = held.amount0 if zero_for_one else held.amount1
        assert into / 2 < points[-1][0] <= into
    assert entry.family == "uniswap_v4"


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_the_taking_hook_is_in_the_quotes_and_not_in_the_pools_own_mathematics(
    families_chain, zero_for_one
):
    pool, _ = labelled(families_chain, "v4_taking")
    shown = pool_of(snapshot(families_chain, "v4_taking"))
    inside = pool_of(scene.snapshot(families_chain, family, replace(pool, is_replayable=True)))
    points = shown.zero_for_one if zero_for_one else shown.one_for_zero

    for paid, _ in points:
        own, told = (
            swap(each, zero_for_one=zero_for_one, amount_specified=paid) for each in (inside, shown)
        )
        before = -(own.amount1 if zero_for_one else own.amount0)
        after = -(told.amount1 if zero_for_one else told.amount0)
        assert after <= before - before * 123 // 10_000
        assert after > before * 0.9876


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_an_execution_pays_no_less_than_planned_and_little_more(chain, zero_for_one):
    shown = snapshot(chain, "v4_taking")
    pool, (_, entry) = pool_of(shown), labelled(chain, "v4_taking")
    points = shown.zero_for_one if zero_for_one else shown.one_for_zero
    rng = random.Random(f"taking {zero_for_one}")

    for paid in sizes_of(points, rng, 25):
        planned = swap(pool, zero_for_one=zero_for_one, amount_specified=paid)
        wanted = -(planned.amount1 if zero_for_one else planned.amount0)
        made = scene.quoted(chain, entry, paid, zero_for_one=zero_for_one)

        assert wanted <= made
        assert made < wanted * 1.05


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_an_exact_output_of_the_taking_pool_costs_no_more_than_planned(chain, zero_for_one):
    shown = snapshot(chain, "v4_taking")
    _, entry = labelled(chain, "v4_taking")
    symbols = [symbol_of(chain, token) for token in (entry.token0, entry.token1)]
    received = (ETHER if symbols[1 if zero_for_one else 0] == "WETH" else 3_000 * DOLLAR) * 7
    planned = swap(pool_of(shown), zero_for_one=zero_for_one, amount_specified=-received)
    holder = chain.manifest.account("other").address
    before = [chain.client.balance_of(symbol, holder) for symbol in symbols]

    errand = chain.client.other.swap(entry, zero_for_one=zero_for_one, amount_specified=-received)
    do(chain, errand)

    moved = [
        chain.client.balance_of(symbol, holder) - had
        for symbol, had in zip(symbols, before, strict=True)
    ]
    paid, gained = (-moved[0], moved[1]) if zero_for_one else (-moved[1], moved[0])
    bound = planned.amount0 if zero_for_one else planned.amount1
    assert gained == received
    assert bound * 0.99 < paid <= bound


def symbol_of(chain, address):
    return next(t.symbol for t in chain.manifest.tokens if t.address == address)


def test_logs_of_a_quoted_pool_change_nothing_and_the_next_quotes_are_others(chain):
    pool, entry = labelled(chain, "v4_taking")
    before = snapshot(chain, "v4_taking")
    since = chain.client.block_number() + 1

    sold = before.zero_for_one[-1][0] // 10
    do(chain, chain.client.other.swap(entry, zero_for_one=True, amount_specified=sold))
    spacing = entry.tick_spacing
    lower = chain.client.pool_state(entry).tick // spacing * spacing
    position = {"lower": lower, "upper": lower + spacing, "liquidity_delta": 10**15}
    do(chain, chain.client.other.change_position(entry, **position))

    logs = [log for log in scene.logs_of(chain, since=since) if log.topics[1:2] == (pool.topic,)]
    assert len(logs) == 2
    assert [family.read_log(pool, log) for log in logs] == [None, None]
    assert [family.swap_seen(pool, log) is not None for log in logs] == [True, False]
    assert family.refresh_calls(pool) == []
    after = snapshot(chain, "v4_taking")
    assert after.zero_for_one != before.zero_for_one
    scene.assert_is_the_contracts(chain, after, entry)


def test_a_hook_that_refuses_every_swap_leaves_a_pool_without_quotes(chain):
    _, entry = labelled(chain, "v4_taking")
    chain.client.rpc.request("anvil_setCode", entry.hooks, REFUSES)

    shown = snapshot(chain, "v4_taking")

    assert (shown.zero_for_one, shown.one_for_zero) == ((), ())
    pool = pool_of(shown)
    quoted.check(pool)
    with pytest.raises(InsufficientLiquidityError):
        swap(pool, zero_for_one=True, amount_specified=ETHER)


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_hook_that_sets_the_fee_in_a_swap_is_quoted_by_the_pools_own_mathematics(
    chain, zero_for_one
):
    pool, entry = labelled(chain, "v4_dynamic_in_swap")
    chain.client.set_fee(entry, 4_321)
    rng = random.Random(f"dynamic {zero_for_one}")

    shown = pool_of(scene.snapshot(chain, family, pool))

    assert pool.is_replayable
    symbol = symbol_of(chain, entry.token0 if zero_for_one else entry.token1)
    unit = ETHER if symbol == "WETH" else 3_000 * DOLLAR
    for _ in range(10):
        paid = unit * rng.randint(1, 10**6) // 10**4
        done = swap(shown, zero_for_one=zero_for_one, amount_specified=paid)
        made = scene.quoted(chain, entry, paid, zero_for_one=zero_for_one)
        assert made == -(done.amount1 if zero_for_one else done.amount0)


@pytest.mark.parametrize("label", ["v4_taking", "v4_dynamic_in_swap"])
def test_without_leave_the_configuration_is_refused_with_the_reason(families_chain, label):
    manifest = families_chain.manifest
    _, entry = labelled(families_chain, label)
    table = scene.tables(manifest)["uniswap_v4"]
    alone = table | {"pools": [scene.pool_table(manifest, entry)], "hooks_allowed": []}

    with pytest.raises(ConfigError, match=r"has a hand in swaps .*; add it to hooks_allowed"):
        family.configured(alone, scene.facts(manifest))


def test_a_quoter_of_another_manager_or_none_is_refused(families_chain):
    pool, _ = labelled(families_chain, "v4_taking")
    calls = family.identity_calls(pool)
    answers = scene.read(families_chain, calls)
    elsewhere = replace(pool, contracts={**pool.contracts, "quoter": OTHER})
    of_another = [answers[0], bytes(12) + bytes.fromhex(OTHER[2:]), answers[2]]

    with pytest.raises(ConfigError, match=f"quoter: .* shows the pools of {OTHER}"):
        family.check_identity(pool, of_another)
    with pytest.raises(ConfigError, match=f"quoter: there is no contract at {OTHER}"):
        family.check_identity(
            elsewhere, scene.read(families_chain, family.identity_calls(elsewhere))
        )
