"""Quotes from where they are shown to where they are executed: kept beside the journal."""

from collections.abc import Mapping
from typing import Final

from router.compose.assembly import Assembly
from router.compose.dry_run.planning import DryRun
from router.domain.event import Event, RouteSolved
from router.domain.order import ParentOrder
from router.domain.plan import PlannedRoute
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.execution.contingency import contingency
from router.gateway.order_request import OrderContext, parse_order
from router.gateway.quote_request import QUOTE_ID, ShownQuote, parse_quoted
from router.journal import codec
from router.shell import quote_file
from router.shell.quote_file import KeptQuote

HOLDS: Final = DurationNs(60 * NS_PER_S)
_NAMED_BY_THE_ORDER: Final = frozenset({"client_order_id"})


def kept(
    assembly: Assembly, request: Mapping[str, str], shown: DryRun, *, holds: DurationNs = HOLDS
) -> KeptQuote:
    """Keep what a dry run showed, under a name by which it may be executed while it holds.

    Raises
    ------
    OrderError
        If the disk refuses.
    """
    asked = tuple((k, v) for k, v in sorted(request.items()) if k not in _NAMED_BY_THE_ORDER)
    return quote_file.keep(
        assembly.config.journal,
        asked,
        PlannedRoute(shown.problem, shown.plan),
        expires_at=TimestampNs(assembly.clock.now() + holds),
    )


def parsed(assembly: Assembly, request: Mapping[str, str], context: OrderContext) -> ParentOrder:
    """Make the parent order of a request, which may name a quote to be executed as it was shown.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    if QUOTE_ID not in request:
        return parse_order(request, context)
    found = quote_file.load(assembly.config.journal, request[QUOTE_ID])
    shown = ShownQuote(
        id=found.id,
        request=dict(found.request),
        plan=found.planned.plan,
        problem_digest=codec.digest(found.planned.problem),
        expires_at=found.expires_at,
    )
    return parse_quoted(request, shown, context)


def claim(assembly: Assembly, order: ParentOrder) -> None:
    """Bind the quote of a new order, if it has one, to this order alone; to be called last.

    Raises
    ------
    OrderError
        If another order executes it.
    """
    if order.as_quoted is not None:
        quote_file.claim(assembly.config.journal, order.as_quoted.id, order.id)


def contingencies(event: Event) -> tuple[str, ...]:
    """Say of a plan that was just made what is done if a part of it fails; nothing of others."""
    return contingency(event.plan).lines() if isinstance(event, RouteSolved) else ()
