"""Legs of a plan, or of an order, as fills that might be: what-ifs of whole plans. Pure.

Each leg is taken to fill whole, at the notional the plan reckons with, and to pay the taker fee of
its instrument, rounded up. Refuses legs that trade no position: they are left out.
"""

from collections.abc import Iterable
from fractions import Fraction

from router.domain.plan import Leg
from router.domain.units import PIPS_PER_UNIT, AccountId, Rounding, Side, divide
from router.risk.margin.model import Change


def changes_of(legs: Iterable[Leg], account: AccountId) -> tuple[Change, ...]:
    """Return what the legs that draw on an account's margin would do to it, in their order."""
    own = (leg for leg in legs if leg.instrument.account == account)
    return tuple(_change(leg) for leg in own if not leg.instrument.is_on_chain)


def _change(leg: Leg) -> Change:
    instrument, notional = leg.instrument, leg.notional.atoms
    lots = Fraction(leg.quantity.atoms, instrument.lot_atoms)
    fee = divide(notional * instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP)
    signed = lots if leg.side is Side.BUY else -lots
    return Change(instrument.id, signed, notional / lots, Fraction(fee))
