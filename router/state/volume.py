"""What each market has traded since it is followed: swaps of pools, public trades of books.

Counts what it is told and nothing else: what was traded while a stream was lost is missing, and
pools that are known by quotes alone tell no trades. Swaps of void blocks are taken back.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from router.domain.instrument import Instrument, InstrumentKind
from router.domain.market import MarketTraded, PoolEvent, PoolSwapped, ReservesSwapped
from router.domain.observation import Volume
from router.domain.units import Amount, InstrumentId

BLOCKS_REMEMBERED_MAX: Final = 256  # in which the market traded
TRADES_REMEMBERED_MAX: Final = 4_096  # that a stream may tell again after it was lost


class Volumes:
    """The volume of every market.

    Parameters
    ----------
    run : str
        Since which start it counts.
    """

    def __init__(self, instruments: Iterable[Instrument], run: str) -> None:
        self._run = run
        self._instruments = {i.id: i for i in instruments}
        self._totals = dict.fromkeys(self._instruments, 0)
        # Newest last: a block, and what was traded in it.
        self._past: dict[InstrumentId, deque[tuple[int, int]]] = {
            i: deque(maxlen=BLOCKS_REMEMBERED_MAX) for i in self._instruments
        }
        self._trades: dict[InstrumentId, deque[int]] = {
            i.id: deque(maxlen=TRADES_REMEMBERED_MAX)
            for i in self._instruments.values()
            if i.kind is InstrumentKind.PERP_BOOK
        }
        self._known: dict[InstrumentId, set[int]] = {i: set() for i in self._trades}

    def of(self, instruments: Iterable[InstrumentId]) -> tuple[Volume, ...]:
        """Return the volumes of some markets, in the order asked."""
        return tuple(
            Volume(i, Amount(self._instruments[i].base.id, self._totals[i]), self._run)
            for i in instruments
        )

    def changed(self, event: PoolEvent) -> None:
        """Take in what happened in a pool."""
        match event:
            case PoolSwapped():
                amounts = event.amount0, event.amount1
            case ReservesSwapped():
                amounts = (
                    event.amount0_in - event.amount0_out,
                    event.amount1_in - event.amount1_out,
                )
            case _:
                return
        instrument = self._instruments[event.instrument]
        base = abs(amounts[0] if instrument.base_is_token0 else amounts[1])
        self._totals[instrument.id] += base
        past, number = self._past[instrument.id], event.block_number
        before = past.pop()[1] if past and past[-1][0] == number else 0
        past.append((number, before + base))

    def traded(self, event: MarketTraded) -> None:
        """Take in a public trade, once."""
        known, order = self._known[event.instrument], self._trades[event.instrument]
        if event.trade in known:
            return
        if len(order) == order.maxlen:
            known.discard(order[0])
        order.append(event.trade)
        known.add(event.trade)
        lot_atoms = self._instruments[event.instrument].lot_atoms
        self._totals[event.instrument] += event.lots * lot_atoms

    def rewind(self, instrument: InstrumentId, number: int) -> None:
        """Take back what was traded after block `number`, as far as it is remembered."""
        past = self._past[instrument]
        while past and past[-1][0] > number:
            self._totals[instrument] -= past.pop()[1]
