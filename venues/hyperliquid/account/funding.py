"""Funding as the desk watches it: what this venue and two others predict, and what it settled.

One question tells all that is predicted; what was settled is asked for a market at a time, and only
once an hour has begun. The venue quotes others by their own interval, eight hours where it says
none. Refuses rates that are not plain decimals.
"""

from collections.abc import Iterable
from typing import Final

from router.domain.funding import FundingKind, FundingSample
from router.domain.instrument import Instrument
from router.domain.units import (
    PICO_PER_UNIT,
    InstrumentId,
    Pico,
    Rounding,
    TimestampNs,
    divide,
)
from router.port import Clock
from venues.hyperliquid import translate, wire
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.reply import readable
from venues.hyperliquid.spec import VENUE, HyperliquidConfig

CAP_PER_HOUR: Final = Pico(4 * PICO_PER_UNIT // 100)  # documentation of funding: 4 % an hour
_OWN: Final = "HlPerp"  # what the venue calls itself
_OWN_HOURS: Final = 1
_OTHER_HOURS: Final = 8
_HOUR_S: Final = 3_600
_HOUR_MS: Final = 3_600_000
_HISTORY_MS: Final = 7 * 24 * _HOUR_MS
_PICO_DECIMALS: Final = 12


class FundingReader:
    """Reads funding of the configured markets.

    Parameters
    ----------
    oracles : mapping of InstrumentId to int
        What the stream told last, in ticks; filled by whoever hears the stream.
    """

    def __init__(
        self,
        config: HyperliquidConfig,
        *,
        info: InfoClient,
        clock: Clock,
        oracles: dict[InstrumentId, int],
    ) -> None:
        self._instruments = config.instruments
        self._info = info
        self._clock = clock
        self._oracles = oracles
        self._settled_ms: dict[InstrumentId, int] = {}  # of the last settlement that was told

    async def read(self) -> tuple[FundingSample, ...]:
        """Return what is predicted, and what was settled since the last call.

        Raises
        ------
        VenueError
            If the venue did not answer in time, or not in a way that can be read.
        """
        told = {each.coin: each for each in await self._info.predicted_fundings()}
        found: list[FundingSample] = []
        newest: dict[InstrumentId, int] = {}
        now = self._clock.now()
        for instrument in self._instruments:
            rows = await self._settled(instrument, now // translate.NS_PER_MS)
            with readable():
                found.extend(_realised(rows, instrument))
                if instrument.symbol in told:
                    found.extend(self._predicted(told[instrument.symbol], instrument, now))
            newest[instrument.id] = max((row.time_ms for row in rows), default=0)
        # Remembered only now: what a failure kept from the desk is told again.
        for name, time_ms in newest.items():
            self._settled_ms[name] = max(time_ms, self._settled_ms.get(name, 0))
        return tuple(found)

    async def _settled(self, instrument: Instrument, now_ms: int) -> tuple[wire.FundingRate, ...]:
        last = self._settled_ms.get(instrument.id, 0)
        if last and now_ms // _HOUR_MS == last // _HOUR_MS:
            return ()
        since = max(last + 1, now_ms - _HISTORY_MS)
        return await self._info.funding_history(instrument.symbol, start_ms=since)

    def _predicted(
        self, told: wire.PredictedFundings, instrument: Instrument, now: TimestampNs
    ) -> Iterable[FundingSample]:
        ticks = self._oracles.get(instrument.id)
        for venue, predicted in told.venues:
            if predicted is None:
                continue
            is_own = venue == _OWN
            hours = predicted.interval_hours or (_OWN_HOURS if is_own else _OTHER_HOURS)
            yield FundingSample(
                asset=instrument.base.id,
                source=VENUE if is_own else venue,
                kind=FundingKind.PREDICTED,
                instrument=instrument.id if is_own else None,
                rate_per_hour=_hourly(predicted.rate, hours),
                interval_s=hours * _HOUR_S,
                at=now,
                price=instrument.tick_price(ticks) if is_own and ticks else None,
                cap_per_hour=CAP_PER_HOUR if is_own else None,
            )


def _realised(
    rows: tuple[wire.FundingRate, ...], instrument: Instrument
) -> Iterable[FundingSample]:
    for row in rows:
        yield FundingSample(
            asset=instrument.base.id,
            source=VENUE,
            kind=FundingKind.REALISED,
            instrument=instrument.id,
            rate_per_hour=_hourly(row.rate, _OWN_HOURS),
            interval_s=_OWN_HOURS * _HOUR_S,
            at=translate.to_ns(row.time_ms),
            cap_per_hour=CAP_PER_HOUR,
        )


def _hourly(rate: str, hours: int) -> Pico:
    pico = translate.rounded(rate, _PICO_DECIMALS, rounding=Rounding.UP, name="fundingRate")
    return Pico(divide(pico, hours, Rounding.UP))
