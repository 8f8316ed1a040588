"""All that a plan depends on at one moment, whole: a dry run needs nothing else, and no connection.

The same values plan the same, wherever they came from: live streams, a running desk, or a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import Asset, Instrument
from router.domain.limits import Limits
from router.domain.market import BlockRef
from router.domain.observation import Observation
from router.domain.units import (
    AccountId,
    AssetId,
    DurationNs,
    InstrumentId,
    Pico,
    TimestampNs,
    VenueId,
)

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The block that pools were read at, and what the next one asks for a unit of gas.

    Attributes
    ----------
    account : AccountId
        Who pays for gas there.
    native : AssetId
        The asset whose price is that of the coin gas is paid in.
    """

    venue: VenueId
    account: AccountId
    block: BlockRef
    fee_wei: int
    native: AssetId
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class Pace:
    """How a market's mid was seen to move.

    Attributes
    ----------
    drift : Pico
        Standard deviation of its relative move over one second, rounded up.
    moves : int
        How many moves that was reckoned from, those of nothing among them.
    watched : DurationNs
        How long it was watched.
    """

    instrument: InstrumentId
    drift: Pico
    moves: int
    watched: DurationNs


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Markets, accounts, limits and instruments at one moment.

    Attributes
    ----------
    format : int
        Of the file that it is kept in.
    build : str
        What version of the program it was taken by.
    names : tuple of VenueId
        What an order may restrict itself to.
    observation : Observation
        Of every market and account that could be read; without gas, which is priced by the quote.
    quarantined : tuple of InstrumentId
        Pools that are not trusted, and passed over.
    stale : mapping
        Markets that could not be read, and why; a plan that needs one is refused.
    unreadable : mapping
        Accounts that could not be read, and why.
    assumed : tuple of str
        What was not read but assumed, in sentences.
    """

    format: int
    build: str
    at: TimestampNs
    assets: tuple[Asset, ...]
    names: tuple[VenueId, ...]
    instruments: tuple[Instrument, ...]
    limits: Limits
    observation: Observation
    heads: tuple[ChainHead, ...]
    paces: tuple[Pace, ...]
    quarantined: tuple[InstrumentId, ...]
    stale: Mapping[InstrumentId, str]
    unreadable: Mapping[AccountId, str]
    assumed: tuple[str, ...] = ()

    def pace(self, instrument: InstrumentId) -> Pace | None:
        """Return how a market moved, or None where that was not seen."""
        return next((p for p in self.paces if p.instrument == instrument), None)
