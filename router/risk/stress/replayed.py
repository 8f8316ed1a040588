"""A path of prices walked over the desk as it is: what becomes of each account on the way. Pure.

From arrays of floats, rounded against us to atoms of the collateral; it informs, and no verdict
hangs on it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.observation import Survey
from router.domain.units import AccountId, AssetId
from router.risk.stress.library import AssetClass, october
from router.risk.stress.path import Step, walk
from router.risk.stress.surveyed import stress_book

_MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """One bucket of an account, money in atoms of its collateral.

    Attributes
    ----------
    low_atoms, low_at_s : int
        Least equity on the way, and when.
    short_at_s : int | None
        When it was first below its maintenance margin; None if never.
    is_lost : bool
        Whether the venue's liquidator took it over.
    sold_atoms, deleveraged_atoms : int
        Notional that the venue sold, and closed of what was gaining.
    cost_atoms : int
        Of the sales, against the mark, with fees.
    """

    account: AccountId
    low_atoms: int
    low_at_s: int
    end_atoms: int
    short_at_s: int | None
    is_lost: bool
    sold_atoms: int
    deleveraged_atoms: int
    cost_atoms: int


def october_steps(assets: Iterable[AssetId]) -> tuple[Step, ...]:
    """Return 10 October 2025; an asset falls as its namesake did, and others as small ones."""
    known = set(AssetClass)
    classes = {a: AssetClass(a.lower()) for a in assets if a.lower() in known}
    return october(classes)


def replayed(
    survey: Survey, instruments: Sequence[Instrument], limits: Limits, *, steps: Sequence[Step]
) -> tuple[ReplayRow, ...]:
    """Return a row for each bucket; none where there are no perp accounts."""
    perps = {i.account: i for i in instruments if not i.is_on_chain}
    if not perps:
        return ()
    book = stress_book(survey, instruments, limits)
    seen = walk(book, steps)
    found = []
    for bucket, rows in enumerate(book.buckets.rows):
        account = book.accounts[book.buckets.account[bucket]]
        unit = 10 ** perps[account].quote.decimals
        low = int(np.argmin(seen.equity[bucket]))
        short = int(seen.first_short[bucket])
        found.append(
            ReplayRow(
                account=account,
                low_atoms=floor(float(seen.equity[bucket, low]) * unit),
                low_at_s=seen.at_ms[low] // _MS_PER_S,
                end_atoms=floor(float(seen.equity[bucket, -1]) * unit),
                short_at_s=None if short < 0 else seen.at_ms[short] // _MS_PER_S,
                is_lost=bool(seen.is_lost[bucket, -1]),
                sold_atoms=ceil(float(seen.sold[rows].sum()) * unit),
                deleveraged_atoms=ceil(float(seen.deleveraged[rows].sum()) * unit),
                cost_atoms=ceil(float(seen.costs[bucket].sum()) * unit),
            )
        )
    return tuple(found)
