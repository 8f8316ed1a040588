"""A quote that was shown, and may be executed as it was shown."""

from dataclasses import dataclass

from router.domain.plan import RoutePlan
from router.domain.units import Pips, QuoteId, TimestampNs


@dataclass(frozen=True, slots=True)
class BoundQuote:
    """What an order is executed as, or not at all.

    Attributes
    ----------
    plan : RoutePlan
        As it was shown: its legs, with their bounds, are what is sent.
    problem_digest : str
        SHA-256 of the problem it was made for, as the journal writes it.
    drift_max_pips : Pips
        How much dearer its legs may be by now, all together, at the quote's notional.
    expires_at : TimestampNs
        Nothing of it is sent after.
    """

    id: QuoteId
    plan: RoutePlan
    problem_digest: str
    drift_max_pips: Pips
    expires_at: TimestampNs
