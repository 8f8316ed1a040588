"""Quotes for whoever asks: of live streams, of a running desk, or of a recorded snapshot.

A running desk's trading is not disturbed: quotes have a solver process of their own, which lets
others go first; they look at the same market and post no event; one is made at a time, and more
than so many do not wait. Refuses nothing that is infeasible: why it is, is the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, TypeAlias

from router.compose.assembly import Assembly
from router.compose.dry_run import sizes
from router.compose.dry_run.planning import DryRun, planned, prepared, requested
from router.compose.dry_run.quotes import HOLDS, kept
from router.compose.dry_run.snapshots import Accounts, read_accounts, taken
from router.compose.dry_run.standing import DeskNow, standing
from router.domain.error import NoRouteError, OrderError, StaleDataError
from router.domain.order import ParentOrder, Persistence
from router.domain.plan import NoRouteReason, PlannedRoute, RoutePlan
from router.domain.snapshot import Snapshot
from router.domain.units import (
    NS_PER_S,
    PICO_PER_UNIT,
    Amount,
    DurationNs,
    InstrumentId,
    Pico,
    Pips,
)
from router.domain.verdict import Refused
from router.domain.weighed import Outcome, Weighed
from router.gateway.quote_data import NoPlan, Point, Shown, Source, Told, document, document_data
from router.gateway.quote_data import named as with_name
from router.gateway.quote_document import QuoteDocument
from router.gateway.quote_standing import LeftOut, Standing, for_accounts
from router.optimiser.robust.interval import drift_of, interval
from router.reconciliation.compare import is_current
from router.shell.reader import Reader
from router.shell.solver_pool import SolverPool
from router.state.world import World

Look: TypeAlias = Callable[[], Awaitable[Snapshot]]
Desk: TypeAlias = Callable[[], DeskNow]

_PLAN_WAIT: Final = DurationNs(60 * NS_PER_S)  # nobody trades on it: it may take its time
_NICENESS: Final = 10
_WAITING_MAX: Final = 16
_ACCOUNTS_EVERY: Final = 2 * NS_PER_S
_ACCOUNTS_AGAIN: Final = NS_PER_S // 4
_BPS: Final = 10_000
_OWN: Final = frozenset({"inclusion_s", "volatility_bps_hour", "holds_s"})
_HOUR_S: Final = 3_600
_HOLDS_S_MAX: Final = 3_600
_INCLUSION_S_MAX: Final = 86_400


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a quote reckons with beside the order.

    Attributes
    ----------
    inclusion_s : float | None
        Seconds until execution; None for what is usual at each venue.
    drift : float | None
        Of the price over one second, as a fraction, in place of what was observed.
    """

    inclusion_s: float | None = None
    drift: float | None = None
    holds: DurationNs = HOLDS


@dataclass(frozen=True, slots=True)
class Quote:
    """A document, and what it is of; `shown` is None where there is no plan."""

    document: QuoteDocument
    order: ParentOrder
    shown: DryRun | None
    standing: Standing


class Quoter:
    """Makes quotes of what it is given to look at.

    Parameters
    ----------
    assembly : Assembly | None
        Where quotes are kept, to be executed; None keeps none.
    desk : callable, optional
        Tells how a running desk stands.
    """

    def __init__(
        self,
        look: Look,
        solver: SolverPool,
        *,
        source: Source,
        assembly: Assembly | None,
        desk: Desk | None = None,
    ) -> None:
        self._look = look
        self._solver = solver
        self._source = source
        self._assembly = assembly
        self._desk = desk
        self._one = asyncio.Lock()
        self._waiting = 0

    async def quoted(
        self,
        request: Mapping[str, str],
        *,
        curve: bool = False,
        compare: bool = True,
        whole_desk: bool = True,
    ) -> dict[str, object]:
        """Return the document of a request as plain data.

        Parameters
        ----------
        request : Mapping[str, str]
            As of an order, without its name; and ``inclusion_s`` (seconds until it is executed),
            ``volatility_bps_hour`` (instead of what was observed), ``holds_s`` (for how long it may
            be sent as it is shown).
        curve : bool
            Plan other sizes, too: as many orders again as the curve has points.
        compare : bool
            Cost naive splits, too.
        whole_desk : bool
            Tell how the accounts stand, and what the desk's limits have left.

        Raises
        ------
        OrderError
            If the request names something that cannot be, or too many are asked for at once.
        """
        found = await self.quote(request, curve=curve, compare=compare)
        told = found.document if whole_desk else for_accounts(found.document, found.standing)
        return document_data(told)

    async def quote(
        self, request: Mapping[str, str], *, curve: bool = False, compare: bool = True
    ) -> Quote:
        """Return the quote of a request; see `quoted`."""
        wishes = _wishes(request)
        own = order_of(request)
        if self._waiting >= _WAITING_MAX:
            raise OrderError(f"quote: {_WAITING_MAX} are asked for already; ask again")
        self._waiting += 1
        try:
            async with self._one:
                snapshot = await self._look()
                made = await self._quote(snapshot, own, wishes, curve=curve, compare=compare)
        finally:
            self._waiting -= 1
        return self._kept(made, own, wishes)

    async def _quote(
        self,
        snapshot: Snapshot,
        request: Mapping[str, str],
        wishes: Wishes,
        *,
        curve: bool,
        compare: bool,
    ) -> Quote:
        order = requested(snapshot, request)
        desk = None if self._desk is None else self._desk()
        look = _Looking(snapshot, order, wishes, self._solver, desk)
        found = await look.plan(order.quantity)
        stands = standing(order, found, desk=desk, at=snapshot.at)
        points: Sequence[Point] = ()
        if curve:
            points = await sizes.curve(look.point, order.quantity, is_feasible=_is_plan(found))
        told: Shown | NoPlan
        if isinstance(found, DryRun):
            told = await look.shown(found, compare=compare)
        elif found.largest is None and found.reason not in _HOPELESS:
            largest = await sizes.largest(look.point, order.quantity)
            told = replace(found, largest=largest)
        else:
            told = found
        made = document(snapshot, order, told, source=self._source, standing=stands, curve=points)
        return Quote(made, order, found if isinstance(found, DryRun) else None, stands)

    def _kept(self, made: Quote, request: Mapping[str, str], wishes: Wishes) -> Quote:
        if self._assembly is None or made.shown is None or made.document.state.assumed:
            return made  # there is nothing to send, or nothing to send it from
        if made.order.persistence is Persistence.WHOLE:
            return made  # a quote's legs may come to different ends
        if made.standing.holds_up:
            return made
        quote = kept(self._assembly, request, made.shown, holds=wishes.holds)
        named = with_name(made.document, quote_id=quote.id, expires_at=quote.expires_at)
        return replace(made, document=named)


def order_of(request: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a quote's request that is the order's."""
    return {name: text for name, text in request.items() if name not in _OWN}


# Less of the order would not help.
_HOPELESS: Final = frozenset(
    {
        NoRouteReason.NO_VENUE,
        NoRouteReason.STALE_DATA,
        NoRouteReason.BELOW_MINIMUM,
        NoRouteReason.DEADLINE,
        NoRouteReason.SOLVER,
    }
)


@asynccontextmanager
async def quoting(
    assembly: Assembly,
    reader: Reader,
    *,
    desk: Desk | None = None,
    warm: bool = True,
) -> AsyncIterator[Quoter]:
    """Make quotes of the market of a running desk, until the block is left.

    Parameters
    ----------
    desk : callable, optional
        Tells how the desk stands now: limits may have been read anew, switches set, and its
        children may take a part of what there is.
    warm : bool
        Compile all usual programmes at the start.
    """
    glance = Glance(assembly, reader)

    async def look() -> Snapshot:
        accounts = await glance.accounts(None if desk is None else desk().world)
        limits = None if desk is None else desk().world.limits
        return await taken(assembly, reader, limits=limits, accounts=accounts)

    async with _solver(warm=warm, niceness=_NICENESS) as solver:
        yield Quoter(look, solver, source="desk", assembly=assembly, desk=desk)


@asynccontextmanager
async def quoting_snapshot(
    snapshot: Snapshot, *, keeps: Assembly | None = None
) -> AsyncIterator[Quoter]:
    """Make quotes of a snapshot, connected to nothing, until the block is left.

    Parameters
    ----------
    keeps : Assembly, optional
        The snapshot is of its venues now, and quotes are kept beside its journal.
    """

    async def look() -> Snapshot:
        return snapshot

    async with _solver(warm=False, niceness=0) as solver:
        source: Source = "snapshot" if keeps is None else "live"
        yield Quoter(look, solver, source=source, assembly=keeps)


@asynccontextmanager
async def _solver(*, warm: bool, niceness: int) -> AsyncIterator[SolverPool]:
    solver = SolverPool(_PLAN_WAIT, warm=warm, niceness=niceness)
    try:
        yield solver
    finally:
        solver.close()


class Glance:
    """Accounts, read at most so often: what venues ration is for those who trade.

    What is known to be older than something that moved them is read again sooner.
    """

    def __init__(self, assembly: Assembly, reader: Reader) -> None:
        self._assembly = assembly
        self._reader = reader
        self._last: tuple[int, Accounts] | None = None

    async def accounts(self, world: World | None = None) -> Accounts:
        """Return the accounts as they were a moment ago, by what a desk knows of them."""
        now = self._assembly.clock.now()
        if self._last is not None:
            at, read = self._last
            is_old = world is not None and not is_current(read.read, world.mined, world.filled_at)
            if now - at < (_ACCOUNTS_AGAIN if is_old else _ACCOUNTS_EVERY):
                return read
        read = await read_accounts(self._assembly, self._reader)
        self._last = (self._assembly.clock.now(), read)
        return read


@dataclass(frozen=True, slots=True)
class _Looking:
    """One order on one snapshot, at any size."""

    snapshot: Snapshot
    order: ParentOrder
    wishes: Wishes
    solver: SolverPool
    desk: DeskNow | None

    async def plan(self, quantity: Amount) -> DryRun | NoPlan:
        left_out: tuple[LeftOut, ...] = ()
        try:
            order = replace(self.order, quantity=quantity)
            world = None if self.desk is None else self.desk.world
            ready = prepared(self.snapshot, order, desk=world)
            left_out = ready.left_out
            return await planned(ready, self.solver)
        except NoRouteError as error:
            return NoPlan(error.reason, str(error), None, left_out)
        except StaleDataError as error:
            return NoPlan(NoRouteReason.STALE_DATA, str(error), None)

    async def point(self, quantity: Amount) -> Point:
        found = await self.plan(quantity)
        if isinstance(found, NoPlan):
            return Point(quantity, None, None, found)
        shown = await self.shown(found, compare=False)
        return Point(quantity, found.plan, shown.interval, None)

    async def shown(self, found: DryRun, *, compare: bool) -> Shown:
        weighed = _as_planned(found.plan)
        if compare or found.problem.uncertainty is not None:
            answer = await self.solver.weigh(PlannedRoute(found.problem, found.plan))
            weighed = weighed if isinstance(answer, Refused) else answer
        if not compare:
            weighed = replace(weighed, naive=())
        paces = {pace.instrument: pace for pace in self.snapshot.paces}
        drift = drift_of(
            found.plan.legs, paces, inclusion_s=self.wishes.inclusion_s, told=self.wishes.drift
        )
        told = Told(self.wishes.inclusion_s, _moves(found.plan, self.snapshot))
        band = interval(weighed.outcomes, drift)
        return Shown(found.problem, found.plan, weighed, band, told)


def _as_planned(plan: RoutePlan) -> Weighed:
    return Weighed((), (Outcome("as seen", Pico(PICO_PER_UNIT), Pips(plan.slippage)),))


def _moves(plan: RoutePlan, snapshot: Snapshot) -> int:
    names: set[InstrumentId] = set()
    for leg in plan.legs:
        names |= {hop.instrument.id for hop in leg.hops} or {leg.instrument.id}
    paces = (snapshot.pace(name) for name in names)
    return min((0 if pace is None else pace.moves for pace in paces), default=0)


def _is_plan(found: DryRun | NoPlan) -> bool:
    return isinstance(found, DryRun)


def _wishes(request: Mapping[str, str]) -> Wishes:
    inclusion = _number(request, "inclusion_s", most=_INCLUSION_S_MAX)
    volatility = _number(request, "volatility_bps_hour", most=_BPS)
    holds = _number(request, "holds_s", most=_HOLDS_S_MAX)
    return Wishes(
        inclusion_s=inclusion,
        drift=None if volatility is None else volatility / _BPS / _HOUR_S**0.5,
        holds=HOLDS if holds is None else DurationNs(int(holds * NS_PER_S)),
    )


def _number(request: Mapping[str, str], field: str, *, most: int) -> float | None:
    if field not in request:
        return None
    try:
        value = Decimal(request[field])
    except ArithmeticError:
        raise OrderError(f"{field}: must be a plain decimal number") from None
    if not value.is_finite() or not 0 <= value <= most:
        raise OrderError(f"{field}: must lie between 0 and {most}, was {request[field]}")
    return float(value)
