"""A dry run: where an order would go and what it would cost; kept, so that it may be sent so."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from router.cli import curve_html, curve_png, curve_text, show
from router.cli.show_quote import quote_lines, quote_tables
from router.compose import plans
from router.compose.assembly import Assembly, assemble, connected, streaming
from router.compose.dry_run.balances import parse_balances
from router.compose.dry_run.planning import order_context
from router.compose.dry_run.quoting import Quote, order_of, quoting_snapshot
from router.compose.dry_run.snapshots import load, save, taken
from router.domain.error import ConfigError, NoRouteError
from router.domain.plan import NoRouteReason, PlannedRoute
from router.domain.units import NS_PER_S, DurationNs
from router.gateway.order_request import parse_order
from router.gateway.quote_data import document_data
from router.gateway.quote_document import QuoteDocument
from router.shell.clock import SystemClock
from router.shell.index_poll import IndexPoll

_WATCH_S_MAX: Final = 3_600


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of a quote beside the answer.

    Attributes
    ----------
    record, snapshot : Path | None
        Where all that was planned on is written, or read from instead of asking any venue.
    watch_s : int
        How long to watch the markets before, to learn how they move.
    """

    save: Path | None = None
    record: Path | None = None
    snapshot: Path | None = None
    html: Path | None = None
    png: Path | None = None
    curve: bool = False
    balances: Sequence[str] = ()
    watch_s: int = 0
    holds_s: int = 60

    @property
    def draws(self) -> bool:
        """Whether other sizes are planned, too."""
        return self.curve or self.html is not None or self.png is not None


NOTHING_MORE: Final = Wanted()


def run(
    path: Path, request: Mapping[str, str], wanted: Wanted = NOTHING_MORE, *, as_json: bool
) -> None:
    """Print the quote, or raise what stands in its way."""
    if not 0 <= wanted.watch_s <= _WATCH_S_MAX:
        raise ConfigError(f"watch: must lie between 0 and {_WATCH_S_MAX} s, was {wanted.watch_s}")
    request = {**request, "holds_s": str(wanted.holds_s)}
    if wanted.snapshot is not None:
        quote = uvloop.run(_of_file(wanted.snapshot, request, wanted))
    else:
        assembly = assemble(path, os.environ, SystemClock(), only_watches=True)
        quote = uvloop.run(_of_streams(assembly, request, wanted))
    _written(quote, wanted)
    _printed(path, quote, wanted, as_json=as_json)
    if quote.shown is None:
        raise _refusal(quote.document)


async def _of_streams(assembly: Assembly, request: Mapping[str, str], wanted: Wanted) -> Quote:
    balances = parse_balances(assembly, wanted.balances)
    own = order_of(request)  # checked before anything is connected
    parse_order({**own, "client_order_id": "quote"}, order_context(assembly, ""))
    reader = assembly.reader()
    async with connected(assembly), streaming(assembly, reader):
        await assembly.clock.sleep(DurationNs(wanted.watch_s * NS_PER_S))
        poll = IndexPoll(reader.indices, clock=assembly.clock, keep=reader.keep_prices)
        await poll.poll()
        snapshot = await taken(assembly, reader, balances=balances)
    if wanted.record is not None:
        save(wanted.record, snapshot)
    async with quoting_snapshot(snapshot, keeps=assembly) as quoter:
        return await quoter.quote(request, curve=wanted.draws)


async def _of_file(file: Path, request: Mapping[str, str], wanted: Wanted) -> Quote:
    if wanted.balances or wanted.record is not None or wanted.watch_s:
        raise ConfigError("snapshot: is read as it was recorded; leave out what would change it")
    async with quoting_snapshot(load(file)) as quoter:
        try:
            return await quoter.quote(request, curve=wanted.draws)
        except (ValueError, AssertionError, ArithmeticError) as error:
            # Markets that came from a venue were checked; what is in a file, nobody knows.
            raise ConfigError(f"{file}: holds what no market says: {error}") from None


def _written(quote: Quote, wanted: Wanted) -> None:
    if wanted.save is not None and quote.shown is not None:
        plans.save(wanted.save, PlannedRoute(quote.shown.problem, quote.shown.plan))
    if wanted.html is not None:
        _write(wanted.html, curve_html.page(quote.document).encode())
    if wanted.png is not None:
        _write(wanted.png, curve_png.image(quote.document))


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None


def _printed(path: Path, quote: Quote, wanted: Wanted, *, as_json: bool) -> None:
    if as_json:
        show.print_json(document_data(quote.document))
        return
    console = show.console(as_json=as_json)
    document = quote.document
    if quote.shown is not None:
        console.print(show.plan_table(quote.shown.plan))
        for part in quote_tables(document):
            console.print(part)
        for line in (*quote_lines(quote.shown.plan, document), *document.contingency):
            console.print(line, markup=False, emoji=False)
    if wanted.curve:
        for line in curve_text.picture(document):
            console.print(line, markup=False, emoji=False, soft_wrap=True)
    if document.quote_id is not None:
        console.print(
            f"quote {document.quote_id} holds for {wanted.holds_s} s:"
            f" headrace order {path} --quote {document.quote_id}",
            soft_wrap=True,
        )


# What it would take, beside what the refusal says itself.
def _refusal(document: QuoteDocument) -> NoRouteError:
    refused = document.infeasible
    assert refused is not None, "what has no plan says why"
    told, most = refused.message, refused.largest_quantity
    if most is not None and "nearest feasible" not in told:
        told += f"; largest feasible quantity {most} {refused.quantity_asset}"
    return NoRouteError(NoRouteReason(refused.reason), told)
