"""Random swaps in random Uniswap V4 pools: static and dynamic fees, native ether, protocol fees on.

Amounts, price, tick and liquidity are the chain's after every swap, and each event can be replayed.
"""

import random

import pytest

from tests.integration.pools import duel
from tests.integration.pools.families import UniswapV4

SEED = "uniswap_v4"


def test_a_thousand_swaps_come_out_as_on_the_chain(ground, report):
    rng = random.Random(SEED)

    tally = duel.fight(UniswapV4(ground, rng), rng)

    report("uniswap_v4", tally)
    assert not tally.differences
    assert tally.swaps == 1_000
    assert min(tally.ticks, tally.words, tally.drained, tally.refused) > 10


@pytest.mark.soak
def test_ten_thousand_swaps_come_out_as_on_the_chain(ground, report):
    rng = random.Random(f"{SEED} soak")

    tally = duel.fight(
        UniswapV4(ground, rng),
        rng,
        pools=duel.POOLS_SOAK,
        blocks_per_pool=duel.BLOCKS_PER_POOL_SOAK,
    )

    report("uniswap_v4", tally)
    assert not tally.differences
    assert tally.swaps >= 10_000
