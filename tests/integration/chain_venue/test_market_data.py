"""What the venue tells of pools of several families at once."""

import asyncio

from router.domain.market import HeadAdvanced, PoolSwapped, ReservesSwapped, StreamLost
from tests.integration.chain_venue.scene import (
    ETHER,
    V2,
    V3,
    V4,
    V4_COIN,
    present,
    started,
    states,
    streaming,
)

SWAPS_EACH = 6


def test_every_log_of_a_block_with_many_comes_once_in_order_and_before_its_head(scene):
    async def scenario():
        async with started(scene.manifest) as setup, streaming(setup) as recorder:
            by_name = {instrument.id: instrument for instrument in setup.instruments}
            begin = len(recorder.events)
            with scene.one_block():
                for size in range(SWAPS_EACH):
                    for name in (V4, V3, V2, V4_COIN):
                        errand = scene.sell_as_other(by_name[name], ETHER // 100 + size)
                        scene.client.submit_as_other(errand)
            await recorder.until_block(scene.client.block_number())
            return recorder.events[begin:], states(recorder.view), await present(setup)

    new, followed, fresh = asyncio.run(scenario())

    swaps = [event for event in new if isinstance(event, PoolSwapped | ReservesSwapped)]
    assert {name: sum(e.instrument == name for e in swaps) for name in (V2, V3, V4, V4_COIN)} == (
        dict.fromkeys((V2, V3, V4, V4_COIN), SWAPS_EACH)
    )
    assert [e.log_index for e in swaps] == sorted({e.log_index for e in swaps})
    heads = [index for index, event in enumerate(new) if isinstance(event, HeadAdvanced)]
    assert new.index(swaps[-1]) < heads[-1]
    assert not [event for event in new if isinstance(event, StreamLost)]
    assert followed == fresh
