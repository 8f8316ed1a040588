"""The curve of slippage against size as one HTML file that needs nothing else, light or dark."""

from collections.abc import Iterator, Sequence
from html import escape
from math import log
from typing import Final

from router.cli.curve_axis import Axis, axis_of
from router.cli.show_quote import now_lines
from router.gateway.quote_document import CurvePoint, QuoteDocument

_LEFT, _TOP, _WIDTH, _HEIGHT = 70, 20, 860, 400
_STYLE: Final = """
:root { --ink: #1d2330; --paper: #ffffff; --faint: #c9d0dc; --line: #1f6feb; --band: #1f6feb22;
  --mark: #d1242f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #12151c; --faint: #39414f;
  --line: #6ea8fe; --band: #6ea8fe2a; --mark: #ff7b72; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif;
  max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } text { fill: var(--ink); font-size: 12px; }
.grid { stroke: var(--faint); stroke-width: 1; } .plan { fill: none; stroke: var(--line);
  stroke-width: 2; } .band { fill: var(--band); } .point { fill: var(--line); }
.order { fill: var(--mark); } table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: .2rem .8rem; border-bottom: 1px solid var(--faint); text-align: right; }
td:first-child, th:first-child { text-align: left; } #told { min-height: 1.5em; }
"""
_SCRIPT: Final = """
for (const point of document.querySelectorAll('[data-told]')) {
  const told = document.getElementById('told');
  point.addEventListener('pointerenter', () => { told.textContent = point.dataset.told; });
}
"""


def page(document: QuoteDocument) -> str:
    """Return the whole file."""
    title = _title(document)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{title}</h1>\n{''.join(_facts(document))}{_chart(document)}"
        f'<p id="told"></p>\n{_comparison(document)}{_points(document)}'
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _title(document: QuoteDocument) -> str:
    order = document.order
    pair = order.base if order.quantity_asset == order.base else f"{order.base} for cash"
    what = f"{order.side} {order.quantity} {order.quantity_asset}"
    return escape(f"Dry run: {what}" + ("" if pair == order.base else f" of {order.base}"))


def _facts(document: QuoteDocument) -> Iterator[str]:
    slippage, refused = document.slippage, document.infeasible
    if slippage is not None:
        band, causes = slippage.band, slippage.causes
        yield _said(
            f"Expected slippage {slippage.total_bps:.2f} bps against the arrival mid of"
            f" {slippage.arrival_mid} {document.order.quote}; impact {causes.impact_bps:.2f}, fees"
            f" {causes.fees_bps:.2f}, gas {causes.gas_bps:.2f}, funding {causes.funding_bps:.2f}."
        )
        yield _said(f"{band.low_bps:.2f} to {band.high_bps:.2f} bps: {band.states}.")
    if refused is not None:
        most = refused.largest_quantity
        more = "" if most is None else f" Largest feasible: {most} {refused.quantity_asset}."
        yield _said(f"Not feasible ({refused.reason}): {refused.message}.{more}")
    lines = (*now_lines(document), *document.state.assumed, *document.explanation)
    for line in dict.fromkeys(lines):  # an explanation may begin with what the desk would do
        yield _said(line)
    places = [f"{b.venue} block {b.number} ({b.hash})" for b in document.state.blocks]
    places += [f"{b.instrument} at {b.at_venue}" for b in document.state.books]
    yield _said("State of " + ", ".join(places))


def _said(text: str) -> str:
    return f"<p>{escape(text)}</p>\n"


def _chart(document: QuoteDocument) -> str:
    points = [p for p in document.curve if p.slippage_bps is not None]
    if not points:
        return _said("No size of this order was planned.")
    axis = axis_of(points)
    drawn = [*_grid(axis), _band(axis, points), _line(axis, points), *_dots(axis, points, document)]
    total_width, total_height = _LEFT + _WIDTH + 20, _TOP + _HEIGHT + 50
    unit = escape(document.order.quantity_asset)
    label = f'<text x="{_LEFT}" y="{total_height - 8}">size, {unit} (logarithmic); bps</text>'
    box = f'viewBox="0 0 {total_width} {total_height}" role="img"'
    return f"<svg {box}>{''.join(drawn)}{label}</svg>\n"


def _x(axis: Axis, size: float) -> float:
    return round(_LEFT + _WIDTH * axis.across(log(size)), 2)


def _y(axis: Axis, value: float) -> float:
    return round(_TOP + _HEIGHT * axis.down(value), 2)


def _grid(axis: Axis) -> Iterator[str]:
    for value in axis.values:
        y = _y(axis, value)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:g}</text>'
    for size in axis.sizes:
        x, bottom = _x(axis, size), _TOP + _HEIGHT
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{size:g}</text>'


def _band(axis: Axis, points: list[CurvePoint]) -> str:
    up = [f"{_x(axis, float(p.quantity))},{_y(axis, p.high_bps or 0.0)}" for p in points]
    down = [f"{_x(axis, float(p.quantity))},{_y(axis, p.low_bps or 0.0)}" for p in points]
    return f'<polygon class="band" points="{" ".join((*up, *reversed(down)))}"/>'


def _line(axis: Axis, points: list[CurvePoint]) -> str:
    along = (f"{_x(axis, float(p.quantity))},{_y(axis, p.slippage_bps or 0.0)}" for p in points)
    return f'<polyline class="plan" points="{" ".join(along)}"/>'


def _dots(axis: Axis, points: list[CurvePoint], document: QuoteDocument) -> Iterator[str]:
    for point in points:
        is_order = point.quantity == document.order.quantity
        told = (
            f"{point.quantity} {document.order.quantity_asset}: {point.slippage_bps:.2f} bps"
            f" ({point.low_bps:.2f} to {point.high_bps:.2f}), {point.venues} legs"
        )
        x, y = _x(axis, float(point.quantity)), _y(axis, point.slippage_bps or 0.0)
        name, radius = ("order", 7) if is_order else ("point", 4)
        yield f'<circle class="{name}" cx="{x}" cy="{y}" r="{radius}" data-told="{escape(told)}"/>'


def _comparison(document: QuoteDocument) -> str:
    if not document.comparison:
        return ""
    rows = [
        (
            one.method,
            "-" if one.slippage_bps is None else f"{one.slippage_bps:.2f}",
            "-" if one.worse_by_bps is None else f"{one.worse_by_bps:.2f}",
            "yes" if one.is_allowed else "no",
        )
        for one in document.comparison
    ]
    return _table(("the same order otherwise", "bps", "worse by", "within limits"), rows)


def _points(document: QuoteDocument) -> str:
    rows = [
        (
            point.quantity,
            "-" if point.slippage_bps is None else f"{point.slippage_bps:.2f}",
            "-" if point.low_bps is None else f"{point.low_bps:.2f} to {point.high_bps:.2f}",
            point.message or f"{point.venues} legs",
        )
        for point in document.curve
    ]
    return _table(("size", "bps", "band", ""), rows) if rows else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>\n"
