"""The problems of several orders made to be planned together: of every account they say the same.

What each knows of an account beyond its own books is told anew beyond the books of all. Ways
through other assets are left out where two orders would share a pool of them; and a basket is
planned on the state as seen, whatever aversion single orders are planned with.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from router.domain.margin import MarginAccount
from router.domain.observation import Observation
from router.domain.plan import (
    BookCandidate,
    NetworkCandidate,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import AccountId, Amount, InstrumentId, Pips, Rounding, divide


def together(
    problems: Sequence[RoutingProblem], observation: Observation
) -> tuple[RoutingProblem, ...]:
    """Return the problems of orders that share accounts, made on one observation."""
    margins = _margins(problems, observation)
    scenarios = next((p.scenarios for p in problems if p.scenarios), ())
    shared = _shared(problems)
    return tuple(
        replace(
            problem,
            margins=tuple(margins[m.account] for m in problem.margins),
            scenarios=scenarios,
            routes=tuple(r for r in problem.routes if not _uses(r, shared)),
            networks=tuple(n for n in problem.networks if not _uses(n, shared)),
            uncertainty=None
            if problem.uncertainty is None
            else replace(problem.uncertainty, aversion_pips=Pips(0)),
        )
        for problem in problems
    )


def _margins(
    problems: Sequence[RoutingProblem], observation: Observation
) -> dict[AccountId, MarginAccount]:
    found = {}
    for account in dict.fromkeys(m.account for p in problems for m in p.margins):
        told = [m for p in problems for m in p.margins if m.account == account]
        books = [b for p in problems for b in p.books if b.instrument.account == account]
        snapshot = observation.account(account)
        assert snapshot is not None, "an account with books was observed"
        here = {book.instrument.id for book in books}
        used = sum(_initial_margin(book) for book in books)
        found[account] = replace(
            told[0],
            margin_used_elsewhere_atoms=max(0, snapshot.margin_used_atoms - used),
            elsewhere=tuple(m.held for m in snapshot.marked if m.instrument not in here),
            reduces_only=any(m.reduces_only for m in told),
            why=next((m.why for m in told if m.why), ""),
        )
    return found


# Of the position before the orders, as the venue reckons it.
def _initial_margin(book: BookCandidate) -> int:
    instrument = book.instrument
    quantity = Amount(instrument.base.id, abs(book.position_lots) * instrument.lot_atoms)
    notional = instrument.tick_price(book.mark_ticks).notional(quantity, Rounding.DOWN)
    return divide(notional.atoms, book.leverage, Rounding.DOWN)


# Pools that more than one of the orders could trade in.
def _shared(problems: Iterable[RoutingProblem]) -> frozenset[InstrumentId]:
    users: Counter[InstrumentId] = Counter()
    for problem in problems:
        direct = (pool.instrument.id for pool in problem.pools)
        hops = (pool.instrument.id for way in problem.ways for pool in way.pools)
        users.update({*direct, *hops})
    return frozenset(name for name, count in users.items() if count > 1)


def _uses(way: RouteCandidate | NetworkCandidate, pools: frozenset[InstrumentId]) -> bool:
    return any(pool.instrument.id in pools for pool in way.pools)
