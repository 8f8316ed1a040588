"""Funding against what other venues pay: who is watched, what is expected."""

from router.risk.funding_watch.forecast import expected as expected
from router.risk.funding_watch.watch import FundingRow as FundingRow
from router.risk.funding_watch.watch import alarms_of as alarms_of
from router.risk.funding_watch.watch import watched as watched
from router.risk.funding_watch.watch import watchlist as watchlist
