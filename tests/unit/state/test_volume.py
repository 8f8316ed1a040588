from dataclasses import replace

from router.domain.market import (
    MarketTraded,
    PoolFeeChanged,
    PoolSwapped,
    ReservesSwapped,
)
from router.domain.units import InstrumentId
from router.state.volume import TRADES_REMEMBERED_MAX, Volumes
from tests.unit.engine.scene import ETH, PERP, POOL, T0

REVERSED = replace(POOL, id=InstrumentId("reversed"), base_is_token0=False)
PAIR = replace(POOL, id=InstrumentId("pair"))


def swapped(amount0, amount1, *, block=1, owner=POOL):
    return PoolSwapped(owner.id, block, f"0x{block}", 0, amount0, amount1, 2**96, 10**15, 0)


def traded(lots, trade):
    return MarketTraded(PERP.id, lots, trade, T0)


def volumes():
    return Volumes((POOL, REVERSED, PAIR, PERP), "run")


def atoms(counted, instrument):
    (volume,) = counted.of((instrument.id,))
    assert (volume.base.asset, volume.run) == (ETH.id, "run")
    return volume.base.atoms


def test_swaps_count_their_base_whichever_way_it_went():
    counted = volumes()

    counted.changed(swapped(-7, 20))
    counted.changed(swapped(5, -15))
    counted.changed(swapped(-7, 20, owner=REVERSED))

    assert atoms(counted, POOL) == 12
    assert atoms(counted, REVERSED) == 20


def test_a_swap_of_a_constant_product_pool_counts_what_it_took_less_what_it_gave():
    counted = volumes()

    counted.changed(ReservesSwapped(PAIR.id, 1, "0x1", 0, 10, 0, 3, 20))

    assert atoms(counted, PAIR) == 7


def test_a_change_that_is_no_trade_counts_nothing():
    counted = volumes()

    counted.changed(PoolFeeChanged(POOL.id, 1, "0x1", 500, (0, 0)))

    assert atoms(counted, POOL) == 0


def test_a_public_trade_counts_once():
    counted = volumes()

    for trade in (1, 2, 1):
        counted.traded(traded(3, trade))

    assert atoms(counted, PERP) == 6 * PERP.lot_atoms


def test_only_so_many_trades_are_remembered():
    counted = volumes()

    for trade in range(TRADES_REMEMBERED_MAX + 1):
        counted.traded(traded(1, trade))
    counted.traded(traded(1, 0))
    counted.traded(traded(1, TRADES_REMEMBERED_MAX))

    assert atoms(counted, PERP) == (TRADES_REMEMBERED_MAX + 2) * PERP.lot_atoms


def test_swaps_of_void_blocks_are_taken_back():
    counted = volumes()
    for block, base in ((1, 5), (2, 7), (2, 1), (3, 11)):
        counted.changed(swapped(base, -1, block=block))

    counted.rewind(POOL.id, 1)
    counted.changed(swapped(2, -1, block=2))

    assert atoms(counted, POOL) == 7
