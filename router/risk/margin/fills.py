"""What a fill does to a cash leg and a position, cross and isolated. Pure.

A cross position's cost is carried by the shared cash. An isolated one has a cash leg of its own:
opening moves its opening margin at the fill's price into it, closing gives back the closed share of
its equity at that price. A fill that turns a position closes all of it and opens the rest. Fees are
paid by what carries the position afterwards. Refuses to judge whether the venue would let it
happen, and to round, where the venue rounds margin up to its atom.

Source: Hyperliquid documentation, "Margining", read 22 Aug 2026; what a closing isolated position
gives back is undocumented, and is our reading.
"""

from fractions import Fraction

from router.risk.margin.model import ZERO, Change, Held
from router.risk.margin.pieces import initial_margin


def filled(cash: Fraction, held: Held, change: Change) -> tuple[Fraction, Held]:
    """Return the shared cash and the position after a fill."""
    if not held.is_isolated:
        paid = change.lots * change.price + change.fee
        return cash - paid, held.sized(held.size + change.lots)
    closed = _closed(held.size, change.lots)
    cash, held = _close(cash, held, lots=closed, price=change.price)
    cash, held = _open(cash, held, lots=change.lots - closed, price=change.price)
    if held.size == 0:
        return cash - change.fee, held
    return cash, held.sized(held.size, held.own_cash - change.fee)


# The part of a fill that goes against the position, signed like the fill.
def _closed(size: Fraction, lots: Fraction) -> Fraction:
    if size * lots >= 0:
        return ZERO
    part = min(abs(size), abs(lots))
    return part if lots > 0 else -part


def _close(cash: Fraction, held: Held, *, lots: Fraction, price: Fraction) -> tuple[Fraction, Held]:
    if lots == 0:
        return cash, held
    size, own = held.size + lots, held.own_cash - lots * price
    if size == 0:
        return cash + own, held.sized(size)
    given = max(ZERO, own + size * price) * abs(lots) / abs(held.size)
    return cash + given, held.sized(size, own - given)


def _open(cash: Fraction, held: Held, *, lots: Fraction, price: Fraction) -> tuple[Fraction, Held]:
    if lots == 0:
        return cash, held
    position = held.holding
    margin = initial_margin(
        abs(lots) * price, position.tiers, leverage=position.leverage, rule=held.rule
    )
    own = held.own_cash + margin - lots * price
    return cash - margin, held.sized(held.size + lots, own)
