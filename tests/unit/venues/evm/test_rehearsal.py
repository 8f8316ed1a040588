"""A simulation's fills against the legs of its child."""

from dataclasses import replace

import pytest

from router.domain.error import MalformedDataError
from router.domain.order import Fill
from router.domain.units import Amount
from tests.unit.venues.evm.pools_world import BASE, BUY, CASH, SELL, V2, V3, child, direct
from venues.evm.transactions import rehearsal

EVERY_WAY = [(side, kind) for side in (BUY, SELL) for kind in (BASE, CASH)]


def filled(leg, *, exact=0, other=0):
    """Return a fill of a leg that is so much more on its exact side, and off its bound."""
    quantity = leg.quantity.atoms + exact
    notional = leg.bound.atoms + other
    if leg.quantity_kind is CASH:
        quantity, notional = leg.bound.atoms + other, leg.notional.atoms + exact
    return Fill(
        id="x:1",
        child="c-1",
        instrument=leg.instrument.id,
        quantity=Amount("ETH", quantity),
        notional=Amount("USDC", notional),
        fee=Amount("USDC", 0),
        at_venue=5,
    )


def difference(legs, fills):
    return rehearsal.difference(child(*legs), (), lambda _receipt, _at: tuple(fills))


def is_paid(side, kind):
    """Tell whether the side that is not exact is what we pay."""
    return (side is BUY) == (kind is BASE)


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_what_keeps_to_its_legs_is_no_difference(side, kind):
    legs = [direct(V3, side, kind), direct(V2, side, kind)]
    better = -1 if is_paid(side, kind) else 1

    assert difference(legs, [filled(legs[0]), filled(legs[1], other=better)]) is None


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_more_than_was_ordered_is_told(side, kind):
    leg = direct(V3, side, kind)
    asset, ordered = ("ETH", 100) if kind is BASE else ("USDC", 300_000)

    told = difference([leg], [filled(leg, exact=1)])

    assert told == f"would trade {ordered + 1} {asset} atoms in {leg.instrument.id}, not {ordered}"


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_worse_than_the_bound_is_told(side, kind):
    leg = direct(V3, side, kind)
    worse = 1 if is_paid(side, kind) else -1

    told = difference([leg], [filled(leg, other=worse)])

    assert told.endswith(f"in {leg.instrument.id}, its bound is {leg.bound.atoms}")


def test_less_than_was_ordered_is_planned_again_later():
    leg = direct(V3, SELL, BASE)

    assert difference([leg], [filled(leg, exact=-1)]) is None


@pytest.mark.parametrize("fills", [[], ["other"]])
def test_fills_of_other_legs_are_told(fills):
    leg = direct(V3, SELL, BASE)
    fills = [replace(filled(leg), instrument=name) for name in fills]

    assert difference([leg], fills).startswith("would not trade what was planned: ")


def test_what_cannot_be_read_is_told():
    def decode(_receipt, _at):
        raise MalformedDataError("0 swaps of ours")

    told = rehearsal.difference(child(direct(V3, SELL, BASE)), (), decode)

    assert told == "would not trade what was planned: 0 swaps of ours"
