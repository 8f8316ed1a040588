"""Swaps, blocks, forks and snapshots on the prepared chain."""

import random

from venues.sandbox.chain import SwapPath

WETH_ATOMS = 10**18
ETHER_FOR_USDC = SwapPath(("WETH", "USDC"), (500,))
USDC_FOR_ETHER = SwapPath(("USDC", "WBTC", "WETH"), (3000, 500))


def test_the_router_pays_exactly_what_the_quoter_said(chain_snapshot):
    client, holder = chain_snapshot.client, chain_snapshot.manifest.account("other").address
    for path, amount in ((ETHER_FOR_USDC, 40 * WETH_ATOMS), (USDC_FOR_ETHER, 90_000 * 10**6)):
        paid, received = path.symbols[0], path.symbols[-1]
        quoted = client.quote_exact_input(path, amount)
        before = client.balance_of(paid, holder), client.balance_of(received, holder)

        client.swap_as_other(path, amount_in_atoms=amount, amount_out_min_atoms=quoted)

        assert before[0] - client.balance_of(paid, holder) == amount
        assert client.balance_of(received, holder) - before[1] == quoted


def test_an_exact_output_quote_buys_at_least_that_output(chain):
    for path in (ETHER_FOR_USDC, USDC_FOR_ETHER):
        wanted = 10 ** chain.manifest.token(path.symbols[-1]).decimals * 5

        needed = chain.client.quote_exact_output(path, wanted)

        assert chain.client.quote_exact_input(path, needed) >= wanted
        assert chain.client.quote_exact_input(path, needed * 999 // 1000) < wanted


def test_random_swaps_repeat_with_their_seed(chain_snapshot):
    def states_after_swaps():
        rng = random.Random(3)
        for _ in range(5):
            chain_snapshot.client.random_swap_as_other(rng)
        return [chain_snapshot.client.pool_state(pool) for pool in chain_snapshot.manifest.pools]

    before = [chain_snapshot.client.pool_state(pool) for pool in chain_snapshot.manifest.pools]
    snapshot = chain_snapshot.snapshot()
    first = states_after_swaps()
    chain_snapshot.revert(snapshot)
    second = states_after_swaps()

    assert first == second != before


def test_a_reverted_chain_is_what_it_was(chain_snapshot):
    client = chain_snapshot.client
    pool = chain_snapshot.manifest.pool("WETH", "USDC", 500)
    before = client.pool_state(pool), client.block_number()
    snapshot = chain_snapshot.snapshot()
    client.swap_as_other(ETHER_FOR_USDC, amount_in_atoms=WETH_ATOMS)
    assert (client.pool_state(pool), client.block_number()) != before

    chain_snapshot.revert(snapshot)

    assert (client.pool_state(pool), client.block_number()) == before


def test_a_fork_replaces_blocks_and_drops_what_was_in_them(chain_snapshot):
    client, rpc = chain_snapshot.client, chain_snapshot.client.rpc
    pool = chain_snapshot.manifest.pool("WETH", "USDC", 500)
    before = client.pool_state(pool)
    dropped = client.submit_swap_as_other(ETHER_FOR_USDC, amount_in_atoms=WETH_ATOMS)
    client.mine(2)
    height = client.block_number()
    old = client.header(hex(height))["hash"]
    depth = height - int(rpc.request("eth_getTransactionReceipt", dropped)["blockNumber"], 16) + 1

    client.reorg(depth)

    assert client.block_number() == height
    assert client.header(hex(height))["hash"] != old
    assert rpc.request("eth_getTransactionReceipt", dropped) is None
    assert client.pool_state(pool) == before


def test_without_automine_a_transaction_waits_for_its_block(chain_snapshot):
    client, rpc = chain_snapshot.client, chain_snapshot.client.rpc
    client.set_automine(on=False)
    try:
        waiting = client.submit_swap_as_other(ETHER_FOR_USDC, amount_in_atoms=WETH_ATOMS)
        assert rpc.request("eth_getTransactionReceipt", waiting) is None

        client.mine()

        assert rpc.request("eth_getTransactionReceipt", waiting)["status"] == "0x1"
    finally:
        client.set_automine(on=True)
