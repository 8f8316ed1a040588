"""What all markets of a pair can give together, as plain data: one table of levels a side.

Prices are those after the venue's fee, so that pools and books compare; gas is not in them, it is
paid once whatever the quantity. What a pool gives is told in steps. For eyes and for quotes by
hand: what a plan is made of is exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import Instrument
from router.domain.market import AnyPoolSnapshot, BookSnapshot
from router.domain.units import PIPS_PER_UNIT, Side
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pool import cost_curve, pool_of

# Beyond the best price; the levels are ranges that end there.
_STEPS_BPS: Final = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610)
DEPTH_MAX: Final = len(_STEPS_BPS)
_BPS: Final = 10_000
_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Market:
    """One market as it was seen."""

    instrument: Instrument
    seen: AnyPoolSnapshot | BookSnapshot


def book_data(markets: Iterable[Market], *, depth: int) -> dict[str, object]:
    """Return both sides, best first; at most `depth` levels of each.

    Parameters
    ----------
    markets : Iterable of Market
        All of one pair, seen from its base.
    """
    known = tuple(markets)
    asks, bids = (_levels(known, side, depth) for side in (Side.BUY, Side.SELL))
    return {"asks": asks, "bids": bids, "mid": _mid(asks, bids)}


def _levels(markets: tuple[Market, ...], side: Side, depth: int) -> list[dict[str, object]]:
    curves = {str(market.instrument.id): _curve(market, side) for market in markets}
    curves = {name: curve for name, curve in curves.items() if curve.quantity.size}
    if not curves:
        return []
    best = min(curve.first_marginal for curve in curves.values())
    told: list[dict[str, object]] = []
    before = dict.fromkeys(curves, 0.0)
    for step in _STEPS_BPS:
        marginal = best + abs(best) * step / _BPS
        now = {name: float(curve.quantity_at(marginal)) for name, curve in curves.items()}
        parts = {name: now[name] - before[name] for name in curves}
        here = {name: text for name, part in parts.items() if (text := _text(part)) != "0"}
        if here and len(told) < depth:
            told.append(_level(abs(marginal), here, sum(parts.values())))
        before = now
    return told


def _level(price: float, sources: Mapping[str, str], quantity: float) -> dict[str, object]:
    return {"price": _text(price), "quantity": _text(quantity), "sources": dict(sources)}


def _curve(market: Market, side: Side) -> CostCurve:
    instrument, seen = market.instrument, market.seen
    base, quote = instrument.base.decimals, instrument.quote.decimals
    if isinstance(seen, BookSnapshot):
        return book_curve(
            seen.asks if side is Side.BUY else seen.bids,
            side,
            tick_size=10.0**-instrument.tick_decimals,
            lot_size=instrument.lot_atoms / 10.0**base,
            fee_rate=instrument.fee_pips / PIPS_PER_UNIT,
        )
    is_first = instrument.base_is_token0
    return cost_curve(
        pool_of(seen),
        side,
        base_is_token0=is_first,
        decimals0=base if is_first else quote,
        decimals1=quote if is_first else base,
    )


def _mid(asks: list[dict[str, object]], bids: list[dict[str, object]]) -> str | None:
    if not asks or not bids:
        return None
    return _text((float(str(asks[0]["price"])) + float(str(bids[0]["price"]))) / 2)


def _text(value: float) -> str:
    return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
