"""What an algo is told of its order, and what it answers."""

from dataclasses import dataclass

from router.domain.observation import Observation, Volume
from router.domain.schedule import Schedule
from router.domain.units import Amount, TimestampNs


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an order stands.

    Attributes
    ----------
    filled : Amount
        In the asset the order fixes.
    released : Amount | None
        What was released in all before now; None before the first slice.
    slices : int
        How many slices there were before now, those that released nothing more included.
    volumes : tuple of Volume
        Of its markets when it began.
    observation : Observation
        Now.
    schedule : Schedule | None
        Of an order that is spread by the optimiser, once that has answered.
    moves : int
        How often what waited at a book was followed to another price, or refused at its own.
    """

    filled: Amount
    released: Amount | None
    slices: int
    volumes: tuple[Volume, ...]
    observation: Observation
    schedule: Schedule | None = None
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """What may have traded by now, and when more may be.

    Attributes
    ----------
    released : Amount
        Cumulative, in the asset the order fixes.
    wake_at : TimestampNs | None
        None: nothing more is ever released; the order ends with this slice.
    volumes : tuple of Volume | None
        From where volumes are counted from now on; None: from where they were.
    """

    released: Amount
    wake_at: TimestampNs | None
    volumes: tuple[Volume, ...] | None = None
