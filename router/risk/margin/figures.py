"""All numbers of a standard account at once, with every liquidation price: the quick way. Pure.

The same numbers as the model gives one by one, for accounts whose sizes, marks and cash are whole,
as Hyperliquid's are: then all but the last division is done in integers, and sums are taken once
for all prices. Other accounts are asked one by one. Refuses to round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from router.domain.margin import InitialMargin
from router.domain.units import InstrumentId
from router.risk.margin.account import TRANSFER_SHARE
from router.risk.margin.model import Held, MarginModel
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import TierTable

_TRANSFER_PART = TRANSFER_SHARE.denominator


@dataclass(frozen=True, slots=True)
class Figures:
    """What a model answers; see `MarginModel`.

    Attributes
    ----------
    liquidation_prices : tuple of (InstrumentId, Fraction or None)
        Of every position that is not zero.
    """

    value: Fraction
    equity: Fraction
    initial: Fraction
    maintenance: Fraction
    margin_used: Fraction
    available: Fraction
    withdrawable: Fraction
    liquidation_prices: tuple[tuple[InstrumentId, Fraction | None], ...]


def figures(model: MarginModel) -> Figures:
    """Return all numbers of an account."""
    if isinstance(model, StandardModel) and _is_whole(model):
        return _quick(model)
    return one_by_one(model)


def one_by_one(model: MarginModel) -> Figures:
    """Return all numbers of an account as the model gives them."""
    return Figures(
        value=model.value,
        equity=model.equity,
        initial=model.initial,
        maintenance=model.maintenance,
        margin_used=model.margin_used,
        available=model.available,
        withdrawable=model.withdrawable,
        liquidation_prices=tuple(
            (h.instrument, model.liquidation_price(h.instrument)) for h in model.positions if h.size
        ),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A position in whole numbers; `kept` is its maintenance times the account's scale."""

    held: Held
    size: int
    worth: int
    kept: int


def _is_whole(model: StandardModel) -> bool:
    return model.cash.denominator == 1 and all(
        h.holding.size.denominator == 1
        and h.holding.mark.denominator == 1
        and h.own_cash.denominator == 1
        and h.rule is InitialMargin.AT_LEVERAGE
        and not (h.buys or h.sells)
        for h in model.positions
    )


def _quick(model: StandardModel) -> Figures:
    open_positions = [h for h in model.positions if h.holding.size]
    scale = lcm(*(h.holding.tiers.whole.scale for h in open_positions))
    rows = [_row(h, scale) for h in open_positions]
    cross = [row for row in rows if not row.held.is_isolated]
    isolated = [row for row in rows if row.held.is_isolated]
    equity = model.cash.numerator + sum(row.worth for row in cross)
    own = sum(row.held.own_cash.numerator + row.worth for row in isolated)
    kept = sum(row.kept for row in cross)
    initial = _initial(cross)
    tenth = Fraction(sum(abs(row.worth) for row in cross), _TRANSFER_PART)
    free = equity - model.reserved
    return Figures(
        value=Fraction(equity + own),
        equity=Fraction(equity),
        initial=initial,
        maintenance=Fraction(kept, scale),
        margin_used=initial + own,
        available=max(Fraction(0), free - initial),
        withdrawable=max(Fraction(0), free - max(initial, tenth)),
        liquidation_prices=tuple(
            (row.held.instrument, _price(row, scale, equity=equity, kept=kept)) for row in rows
        ),
    )


def _row(held: Held, scale: int) -> _Row:
    size = held.holding.size.numerator
    worth = size * held.holding.mark.numerator
    return _Row(held, size, worth, _maintenance(held.holding.tiers, abs(worth), scale))


def _maintenance(table: TierTable, notional: int, scale: int) -> int:
    whole = table.whole
    place = len(whole.bounds) - 1
    while place and whole.bounds[place] >= notional * whole.scale:
        place -= 1
    return (whole.rates[place] * notional - whole.deductions[place]) * (scale // whole.scale)


def _initial(rows: Sequence[_Row]) -> Fraction:
    common = lcm(*(row.held.holding.leverage for row in rows))
    parts = (abs(row.worth) * (common // row.held.holding.leverage) for row in rows)
    return Fraction(sum(parts), common)


# As `liquidation.liquidation_price`, multiplied through by the scale.
def _price(row: _Row, scale: int, *, equity: int, kept: int) -> Fraction | None:
    if row.held.is_isolated:
        fixed = row.held.own_cash.numerator * scale
    else:
        fixed = (equity - row.worth) * scale - (kept - row.kept)
    whole, size = row.held.holding.tiers.whole, abs(row.size)
    finer = scale // whole.scale
    last = len(whole.bounds) - 1
    for place, rate in enumerate(whole.rates):
        above = -(fixed + whole.deductions[place] * finer)
        below = row.size * scale - size * rate * finer
        if below < 0:
            above, below = -above, -below
        if above <= 0 or below == 0:
            continue
        # The notional at this price, size * above / below, must lie in this tier.
        notional = size * above * whole.scale
        is_above = place == 0 or notional > whole.bounds[place] * below
        if is_above and (place == last or notional <= whole.bounds[place + 1] * below):
            return Fraction(above, below)
    return None
