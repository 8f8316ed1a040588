"""Random swaps in random Uniswap V2 pairs: amounts and reserves are the chain's."""

import random

import pytest
from eth_utils import keccak

from router.liquidity import constant_product
from router.liquidity.oracle import LiquidityError
from tests.integration.pools import draw
from tests.integration.pools.duel import SWAPS_PER_BLOCK, Tally
from tests.integration.pools.ground import succeeded, words_of
from venues.sandbox.chain import Errand, PoolEntry, abi, artifacts
from venues.sandbox.chain.accounts import OTHER
from venues.sandbox.chain.market import sorted_pair
from venues.sandbox.chain.uniswap_v2 import pair_address

SWAP = "0x" + keccak(text="Swap(address,uint256,uint256,uint256,uint256,address)").hex()
SYNC = "0x" + keccak(text="Sync(uint112,uint112)").hex()
SEED = 20_240_301
FEE_PIPS = 3000
UNLIMITED = (1 << 256) - 1


def new_token(ground, decimals):
    """Return a token that `other` has plenty of and lets the router take."""
    arguments = abi.encode(b"Random", b"RND", decimals)
    create = Errand(None, artifacts.creation_code(artifacts.ERC20) + arguments)
    (receipt,) = ground.must([create])
    token = abi.checksum_address(bytes.fromhex(receipt["contractAddress"][2:]))
    ground.endow(token)
    router = ground.contracts["v2_router"]
    ground.must([Errand(token, abi.call("approve(address,uint256)", router, UNLIMITED))])
    return token


def new_pair(ground, rng):
    """Return a pair whose reserves are anything from dust to all that it can hold."""
    pair = sorted_pair(*(new_token(ground, rng.choice((0, 6, 8, 18))) for _ in range(2)))
    factory = ground.contracts["v2_factory"]
    address = pair_address(factory, *pair)
    magnitude = rng.choice((1 << 40, 1 << 90, constant_product.RESERVE_MAX))
    amounts = [draw.log_uniform(rng, 2_000, magnitude) for _ in range(2)]
    transfers = [
        Errand(token, abi.call("transfer(address,uint256)", address, amount))
        for token, amount in zip(pair, amounts, strict=True)
    ]
    create = Errand(factory, abi.call("createPair(address,address)", *pair))
    mint = Errand(address, abi.call("mint(address)", OTHER.address))
    ground.must([create, *transfers, mint])
    entry = PoolEntry(address, *pair, FEE_PIPS, None, "uniswap_v2")
    return entry, constant_product.Pool(*amounts, FEE_PIPS)


def draw_swap(rng, pool):
    zero_for_one = rng.random() < 0.5
    into, out = (pool.reserve0, pool.reserve1)[:: 1 if zero_for_one else -1]
    kind = rng.random()
    if kind < 0.02:
        amount = 0
    elif kind < 0.15:
        amount = rng.choice((1, -1)) * rng.randint(1, 10)
    elif kind < 0.55:
        amount = draw.log_uniform(rng, 1, into * 8)
    elif kind < 0.6:
        amount = constant_product.RESERVE_MAX - into + rng.randint(-1, 1)  # full, or too full
    elif kind < 0.95:
        amount = -draw.log_uniform(rng, 1, max(1, out - 1))
    else:
        amount = -(out + rng.randint(-1, 1))  # all but one, all, more than there is
    return {"zero_for_one": zero_for_one, "amount_specified": amount}


def ours(pool, request):
    try:
        return constant_product.swap(pool, **request)
    except LiquidityError as error:
        return error


def difference(done, receipt):
    if isinstance(done, LiquidityError):
        return f"the chain made it, we said: {done}" if succeeded(receipt) else None
    if not succeeded(receipt):
        return "the chain refused it"
    in0, in1, out0, out1 = words_of(receipt, SWAP)
    told = (in0 - out0, in1 - out1, *words_of(receipt, SYNC))
    said = (done.amount0, done.amount1, done.pool.reserve0, done.pool.reserve1)
    return None if told == said else f"the chain says {told}, we said {said}"


def duel(ground, rng, *, pairs, blocks_per_pair):
    tally = Tally()
    for _ in range(pairs):
        entry, pool = new_pair(ground, rng)
        tally.pools += 1
        for _ in range(blocks_per_pair):
            pool = block(ground, rng, entry, pool=pool, tally=tally)
        if ground.client.reserves(entry) != (pool.reserve0, pool.reserve1):
            tally.differences.append((entry, "the reserves after all swaps"))
    return tally


def block(ground, rng, entry, *, pool, tally):
    trials = []
    for _ in range(SWAPS_PER_BLOCK):
        request = draw_swap(rng, pool)
        trials.append((request, ours(pool, request)))
        pool = getattr(trials[-1][1], "pool", pool)
    errands = [ground.client.other.swap(entry, **request) for request, _ in trials]
    for (request, done), receipt in zip(trials, ground.run(errands), strict=True):
        tally.swaps += 1
        tally.refused += isinstance(done, LiquidityError)
        found = difference(done, receipt)
        if found is not None:
            tally.differences.append((entry, request, found))
    return pool


def test_a_thousand_swaps_come_out_as_on_the_chain(ground, report):
    tally = duel(ground, random.Random(SEED), pairs=10, blocks_per_pair=1)

    report("uniswap_v2", tally)
    assert not tally.differences
    assert tally.swaps == 1_000
    assert 10 < tally.refused < 500


@pytest.mark.soak
def test_ten_thousand_swaps_come_out_as_on_the_chain(ground, report):
    tally = duel(ground, random.Random(SEED + 1), pairs=55, blocks_per_pair=2)

    report("uniswap_v2", tally)
    assert not tally.differences
    assert tally.swaps >= 10_000
