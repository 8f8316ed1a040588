"""Random swaps in random pools of the Slipstream stand-in, whose fee changes between blocks.

Its mathematics is Uniswap V3's published code: what is proved is that, the key and the fee.

Amounts, price, tick and liquidity are the chain's after every swap, and each event can be replayed.
"""

import random

import pytest

from tests.integration.pools import duel
from tests.integration.pools.families import Slipstream

SEED = "slipstream"


def test_a_thousand_swaps_come_out_as_on_the_chain(ground, report):
    rng = random.Random(SEED)

    tally = duel.fight(Slipstream(ground, rng), rng)

    report("slipstream", tally)
    assert not tally.differences
    assert tally.swaps == 1_000
    assert min(tally.ticks, tally.words, tally.drained, tally.refused) > 10


@pytest.mark.soak
def test_ten_thousand_swaps_come_out_as_on_the_chain(ground, report):
    rng = random.Random(f"{SEED} soak")

    tally = duel.fight(
        Slipstream(ground, rng),
        rng,
        pools=duel.POOLS_SOAK,
        blocks_per_pool=duel.BLOCKS_PER_POOL_SOAK,
    )

    report("slipstream", tally)
    assert not tally.differences
    assert tally.swaps >= 10_000
