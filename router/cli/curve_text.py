"""The curve of slippage against size as a picture of characters."""

from collections.abc import Iterator
from math import log
from typing import Final

from router.gateway.quote_document import CurvePoint, QuoteDocument

WIDTH: Final = 64
HEIGHT: Final = 14
_MARGIN: Final = 9
_DOT, _ORDER, _BAND = "●", "◆", "·"


def picture(document: QuoteDocument) -> Iterator[str]:
    """Yield the lines of the picture, and of a table under it."""
    points = [p for p in document.curve if p.slippage_bps is not None]
    if not points:
        yield "no size of this order is feasible"
        yield from _refused(document)
        return
    yield f"slippage in bps against size in {document.order.quantity_asset} (logarithmic)"
    yield from _plot(document, points)
    yield f"{_DOT} plan   {_ORDER} this order   {_BAND} band"
    for point in points:
        yield (
            f"{point.quantity:>16} {point.slippage_bps:9.2f} bps"
            f"  {point.low_bps:.2f} to {point.high_bps:.2f}, {point.venues} legs"
        )
    yield from _refused(document)


def _refused(document: QuoteDocument) -> Iterator[str]:
    for point in document.curve:
        if point.message is not None:
            yield f"{point.quantity:>16} no plan ({point.reason}): {point.message}"


def _plot(document: QuoteDocument, points: list[CurvePoint]) -> Iterator[str]:
    told = [_value(v) for p in points for v in (p.low_bps, p.slippage_bps, p.high_bps)]
    bottom = min(0.0, *told)
    high = max(*told, bottom + 0.01)
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]

    def row(value: float) -> int:
        return round((high - value) / (high - bottom) * (HEIGHT - 1))

    places = _places([float(p.quantity) for p in points])
    for x, point in zip(places, points, strict=True):
        for y in range(row(_value(point.high_bps)), row(_value(point.low_bps)) + 1):
            cells[y][x] = _BAND
    for x, point in zip(places, points, strict=True):
        is_order = point.quantity == document.order.quantity
        cells[row(_value(point.slippage_bps))][x] = _ORDER if is_order else _DOT
    for y, cell in enumerate(cells):
        value = high - (high - bottom) * y / (HEIGHT - 1)
        yield f"{value:>{_MARGIN - 2}.1f} ┤{''.join(cell)}".rstrip()
    yield " " * (_MARGIN - 1) + "└" + "─" * WIDTH
    first, last = points[0].quantity, points[-1].quantity
    yield " " * _MARGIN + first + last.rjust(WIDTH - len(first))


def _places(sizes: list[float]) -> list[int]:
    low, high = log(min(sizes)), log(max(sizes))
    span = high - low or 1.0
    return [round((log(size) - low) / span * (WIDTH - 1)) for size in sizes]


def _value(number: float | None) -> float:
    assert number is not None, "a point with a plan has all its numbers"
    return number
