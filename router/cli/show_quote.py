"""A quote for eyes: what it compares with, what it does to margin, and its sentences."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from router.cli import show
from router.domain.plan import RoutePlan
from router.gateway.quote_document import QuoteDocument

_BAND_BEGINS = "until it is executed"


def quote_tables(document: QuoteDocument) -> Iterator[RenderableType]:
    """Yield what others would have done, and how the perp accounts stand before and after."""
    if document.comparison:
        yield _comparison(document)
    if document.margin:
        yield _margin(document)


def quote_lines(plan: RoutePlan, document: QuoteDocument) -> Iterator[str]:
    """Yield the sentences of a plan, with the band that the document states."""
    slippage = document.slippage
    assert slippage is not None, "a plan has a slippage"
    yield from document.state.assumed
    yield from now_lines(document)
    band = slippage.band
    drift = "" if band.drift_bps is None else f", a drift of {band.drift_bps:.2f} bps in it"
    yield (
        f"until it is executed it may come to {band.low_bps:.2f} to {band.high_bps:.2f} bps,"
        f" {band.expected_bps:.2f} expected{drift}: {band.states}"
    )
    if band.drift_bps is None:
        yield (
            "how the markets move was not watched: let --watch do it for a minute, or say"
            " --volatility"
        )
    yield from (line for line in show.plan_lines(plan) if not line.startswith(_BAND_BEGINS))


def now_lines(document: QuoteDocument) -> Iterator[str]:
    """Yield what the desk would say of the order now, and what it does without."""
    now = document.now
    verb = {"waits": "wait", "refused": "be refused"}.get(now.verdict)
    yield now.message if verb is None else f"sent now it would {verb}: {now.message}"
    for market in now.left_out:
        yield f"without {market.instrument}: {market.reason}"
    for one in now.allowances:
        yield f"{one.key} has {one.left} of {one.limit} {one.asset} left"


def _comparison(document: QuoteDocument) -> Table:
    table = Table(title="the same order otherwise", title_justify="left", title_style="bold")
    table.add_column("way")
    for name in ("slip, bps", "worse by, bps", "within limits"):
        table.add_column(name, justify="right")
    for one in document.comparison:
        names = [name.partition("@")[0] for name in one.instruments]
        way = one.method if len(names) != 1 else f"{one.method}: {names[0]}"
        if one.slippage_bps is None or one.worse_by_bps is None:
            table.add_row(escape(way), "too little there", "", "no")
            continue
        table.add_row(
            escape(way),
            f"{one.slippage_bps:.2f}",
            f"{one.worse_by_bps:.2f}",
            "yes" if one.is_allowed else "no",
        )
    return table


def _margin(document: QuoteDocument) -> Table:
    table = Table(title="margin before and after", title_justify="left", title_style="bold")
    table.add_column("account", overflow="fold")
    for name in ("equity", "initial", "maintenance", "worst scenario leaves"):
        table.add_column(name, justify="right")
    for one in document.margin:
        for when, standing in (("before", one.before), ("after", one.after)):
            left = "" if one.worst is None else getattr(one.worst, when)
            name = "" if one.worst is None else f" ({one.worst.scenario})"
            table.add_row(
                escape(f"{_short(one.account)} {when}"),
                *(_money(v) for v in (standing.equity, standing.initial, standing.maintenance)),
                escape(f"{_money(left)}{name}") if left else "",
            )
    return table


def _short(name: str) -> str:
    head, _, address = name.rpartition(":")
    return f"{head}:{address[:6]}..{address[-4:]}"


def _money(text: str) -> str:
    return f"{float(text):,.2f}"
