"""The curve of slippage against size as a PNG, drawn here with a font of few letters."""

import struct
import zlib
from itertools import pairwise
from math import log
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from router.cli.curve_axis import Axis, axis_of
from router.gateway.quote_document import CurvePoint, QuoteDocument

WIDTH: Final = 960
HEIGHT: Final = 540
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 24, 44, 48
_FINER: Final = 2  # drawn so much larger, then averaged: smooth edges
_PAPER, _INK, _FAINT = (255, 255, 255), (29, 35, 48), (214, 219, 228)
_LINE, _BAND, _MARK = (31, 111, 235), (224, 235, 252), (209, 36, 47)

Colour: TypeAlias = tuple[int, int, int]

# Columns of seven dots, the lowest bit on top; what is not here is a gap.
_FONT: Final = {
    "0": (62, 81, 73, 69, 62), "1": (0, 66, 127, 64, 0), "2": (66, 97, 81, 73, 70),
    "3": (33, 65, 69, 75, 49), "4": (24, 20, 18, 127, 16), "5": (39, 69, 69, 69, 57),
    "6": (60, 74, 73, 73, 48), "7": (1, 113, 9, 5, 3), "8": (54, 73, 73, 73, 54),
    "9": (6, 73, 73, 41, 30), ".": (0, 96, 96, 0, 0), "-": (8, 8, 8, 8, 8),
    ",": (0, 80, 48, 0, 0), ":": (0, 54, 54, 0, 0), "/": (32, 16, 8, 4, 2),
    "A": (126, 17, 17, 17, 126), "B": (127, 73, 73, 73, 54), "C": (62, 65, 65, 65, 34),
    "D": (127, 65, 65, 34, 28), "E": (127, 73, 73, 73, 65), "F": (127, 9, 9, 9, 1),
    "G": (62, 65, 73, 73, 122), "H": (127, 8, 8, 8, 127), "I": (0, 65, 127, 65, 0),
    "J": (32, 64, 65, 63, 1), "K": (127, 8, 20, 34, 65), "L": (127, 64, 64, 64, 64),
    "M": (127, 2, 12, 2, 127), "N": (127, 4, 8, 16, 127), "O": (62, 65, 65, 65, 62),
    "P": (127, 9, 9, 9, 6), "Q": (62, 65, 81, 33, 94), "R": (127, 9, 25, 41, 70),
    "S": (70, 73, 73, 73, 49), "T": (1, 1, 127, 1, 1), "U": (63, 64, 64, 64, 63),
    "V": (31, 32, 64, 32, 31), "W": (63, 64, 56, 64, 63), "X": (99, 20, 8, 20, 99),
    "Y": (7, 8, 112, 8, 7), "Z": (97, 81, 73, 69, 67),
}  # fmt: skip
_ROWS: Final = 7
_ADVANCE: Final = 6


def image(document: QuoteDocument) -> bytes:
    """Return the file."""
    canvas = _Canvas()
    order = document.order
    title = f"{order.side} {order.base}: slippage in bps by size in {order.quantity_asset}"
    canvas.text((_LEFT, 16), title)
    points = [p for p in document.curve if p.slippage_bps is not None]
    if not points:
        canvas.text((_LEFT, HEIGHT // 2), "no size is feasible")
        return canvas.png()
    axis = axis_of(points)
    _draw_band(canvas, axis, points)
    _draw_grid(canvas, axis)
    places = [_place(axis, p, p.slippage_bps) for p in points]
    for one, other in pairwise(places):
        canvas.line(one, other, _LINE)
    for place, point in zip(places, points, strict=True):
        is_order = point.quantity == order.quantity
        canvas.dot(place, 6 if is_order else 4, colour=_MARK if is_order else _LINE)
    return canvas.png()


def _place(axis: Axis, point: CurvePoint, value: float | None) -> tuple[float, float]:
    across = axis.across(log(float(point.quantity)))
    return (
        _LEFT + across * (WIDTH - _LEFT - _RIGHT),
        _TOP + axis.down(value or 0.0) * (HEIGHT - _TOP - _BOTTOM),
    )


def _draw_grid(canvas: "_Canvas", axis: Axis) -> None:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for value in axis.values:
        y = _TOP + axis.down(value) * (bottom - _TOP)
        canvas.line((_LEFT, y), (right, y), _FAINT, width=1)
        told = f"{value:g}"
        canvas.text((_LEFT - 10 - 2 * _ADVANCE * len(told), round(y) - _ROWS), told)
    for size in axis.sizes:
        x = _LEFT + axis.across(log(size)) * (right - _LEFT)
        canvas.line((x, _TOP), (x, bottom), _FAINT, width=1)
        told = f"{size:g}"
        canvas.text((round(x) - _ADVANCE * len(told), bottom + 12), told)


def _draw_band(canvas: "_Canvas", axis: Axis, points: list[CurvePoint]) -> None:
    highs = [_place(axis, p, p.high_bps) for p in points]
    lows = [_place(axis, p, p.low_bps) for p in points]
    canvas.between(highs, lows, _BAND)


class _Canvas:
    """Dots of colour, finer than they are in the file."""

    def __init__(self) -> None:
        self._dots = np.full((HEIGHT * _FINER, WIDTH * _FINER, 3), _PAPER, dtype=np.uint8)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: Colour,
        *,
        width: int = 3,
    ) -> None:
        """Draw a straight line."""
        steps = int(_FINER * max(abs(end[0] - start[0]), abs(end[1] - start[1]))) + 1
        xs = np.rint(np.linspace(start[0], end[0], steps) * _FINER).astype(int)
        ys = np.rint(np.linspace(start[1], end[1], steps) * _FINER).astype(int)
        for right in range(width):
            for down in range(width):
                self._set(ys + down - width // 2, xs + right - width // 2, colour)

    def dot(self, place: tuple[float, float], radius: int, *, colour: Colour) -> None:
        """Draw a filled circle."""
        reach = radius * _FINER
        ys, xs = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        inside = xs**2 + ys**2 <= reach**2
        self._set(
            ys[inside] + round(place[1] * _FINER), xs[inside] + round(place[0] * _FINER), colour
        )

    def between(
        self,
        above: list[tuple[float, float]],
        below: list[tuple[float, float]],
        colour: Colour,
    ) -> None:
        """Fill what lies between two lines over the same places across."""
        at = np.array([x for x, _ in above]) * _FINER
        columns = np.arange(int(at[0]), int(at[-1]) + 1)
        tops = np.interp(columns, at, [y * _FINER for _, y in above]).astype(int)
        ends = np.interp(columns, at, [y * _FINER for _, y in below]).astype(int)
        for x, top, end in zip(columns, tops, ends, strict=True):
            self._dots[max(top, 0) : end + 1, x] = colour

    def text(self, place: tuple[int, int], words: str) -> None:
        """Write in dots of the file, the left upper corner at `place`."""
        for index, letter in enumerate(words.upper()):
            for column, bits in enumerate(_FONT.get(letter, ())):
                for row in range(_ROWS):
                    if bits >> row & 1:
                        x = place[0] + 2 * (index * _ADVANCE + column)
                        self._block(x, place[1] + 2 * row)

    def png(self) -> bytes:
        """Return the file: eight bits a colour, no interlace."""
        fine = self._dots.reshape(HEIGHT, _FINER, WIDTH, _FINER, 3).astype(np.uint16)
        dots = (fine.sum(axis=(1, 3)) // _FINER**2).astype(np.uint8)
        rows = np.concatenate(
            [np.zeros((HEIGHT, 1), np.uint8), dots.reshape(HEIGHT, WIDTH * 3)], axis=1
        )
        head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)

    def _block(self, x: int, y: int) -> None:
        size = 2 * _FINER
        top, left = y * _FINER, x * _FINER
        self._dots[top : top + size, left : left + size] = _INK

    def _set(self, ys: NDArray[np.int_], xs: NDArray[np.int_], colour: Colour) -> None:
        height, width, _ = self._dots.shape
        inside = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
        self._dots[ys[inside], xs[inside]] = colour


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check
