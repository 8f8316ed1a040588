"""The error hierarchy.

* RouterError                    expected in operation; somebody handles it
  + ConfigError                  the operator must edit a file; raised only at start-up
  + OrderError                   the client must change the order; nothing was sent
  + JournalError                 the record cannot be trusted or written; stop
    - DiskError                  the disk refuses; what was durable is, nothing new can be
  + MarketDataError
    - StaleDataError             older than the instrument's staleness limit
    - SequenceGapError           a delta is missing; ask for a fresh snapshot
    - BrokenPoolError            one pool contradicts the chain; ask for a snapshot of it
    - MalformedDataError         bytes that do not mean what the protocol says
  + RoutingError
    - NoRouteError               carries a NoRouteReason
    - SolverError                no certificate within tolerance and budget
  + VenueError                   carries `venue` and answers "may it have happened?"
    - NotSentError               outcome NOT_SENT: safe to try again
    - RejectedError              outcome REJECTED: the venue said no, and why
    - InDoubtError               outcome UNKNOWN: reconcile before doing anything else
"""

from router.domain.plan import NoRouteReason
from router.domain.units import InstrumentId, VenueId


class RouterError(Exception):
    """Expected in operation; somebody handles it."""


class ConfigError(RouterError):
    """The operator must edit a file; names the file and the key."""


class OrderError(RouterError):
    """The client must change the order; names the field. Nothing was sent."""


class JournalError(RouterError):
    """The journal is damaged, of another version, or cannot be written."""


class DiskError(JournalError):
    """The disk refuses to take records; those that were durable are not in doubt."""


class MarketDataError(RouterError):
    """What a venue told cannot be used."""


class StaleDataError(MarketDataError):
    """Older than the staleness limit."""


class SequenceGapError(MarketDataError):
    """A delta is missing, or does not follow from the state before it."""


class BrokenPoolError(MarketDataError):
    """The state of one pool contradicts what the chain tells; the others are not concerned.

    Attributes
    ----------
    instrument : InstrumentId
        The pool that needs a new snapshot.
    """

    def __init__(self, instrument: InstrumentId, reason: str) -> None:
        super().__init__(f"{instrument}: {reason}")
        self.instrument = instrument
        self.reason = reason


class MalformedDataError(MarketDataError):
    """Bytes that do not mean what the protocol says."""


class RoutingError(RouterError):
    """No plan."""


class NoRouteError(RoutingError):
    """No plan satisfies the order and its constraints; carries the reason."""

    def __init__(self, reason: NoRouteReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SolverError(RoutingError):
    """No certificate within tolerance and budget."""


class CertificateError(RoutingError):
    """A certificate does not prove what it says."""


class VenueError(RouterError):
    """A venue could not do what was asked."""

    def __init__(self, venue: VenueId, message: str) -> None:
        super().__init__(f"{venue}: {message}")
        self.venue = venue


class NotSentError(VenueError):
    """It cannot have happened: the request never left, or was refused before the venue read it."""


class RejectedError(VenueError):
    """The venue said no, so it has not happened and will not."""


class InDoubtError(VenueError):
    """It may have happened: reconcile before doing anything else."""
