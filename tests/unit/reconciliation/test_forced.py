from dataclasses import replace

import pytest

from router.domain.account import ForcedFill, ForcedKind
from router.domain.units import Amount, TimestampNs
from router.reconciliation.forced import forced_fills
from router.state.ledger import Ledger
from tests.unit.engine.scene import PERP, T0, USDC, accounts


def told(kind, *, lots):
    chain, perp = accounts(later=2)
    fill = ForcedFill(
        id="ETH:1:7",
        kind=kind,
        instrument=PERP.id,
        lots=lots,
        notional=Amount(USDC.id, 12_000),
        fee=Amount(USDC.id, 0),
        at_venue=TimestampNs(T0 + 1),
    )
    return chain, replace(perp, forced=(fill,))


@pytest.mark.parametrize(
    ("kind", "lots", "words"),
    [
        (ForcedKind.LIQUIDATION, -4, ("liquidated 4 lots", "(sold)")),
        (ForcedKind.DELEVERAGING, 3, ("deleveraged", "3 lots", "(bought)")),
        (ForcedKind.SETTLEMENT, -1, ("settled 1 lots", "(sold)")),
    ],
)
def test_a_person_is_told_what_the_venue_did_and_which_fill_it_was(kind, lots, words):
    ledger = Ledger.from_accounts(accounts())

    (sentence,) = forced_fills(ledger, told(kind, lots=lots))

    for word in (*words, PERP.id, "12000 atoms of USDC", "ETH:1:7"):
        assert word in sentence


def test_without_a_baseline_nothing_is_news():
    assert forced_fills(None, told(ForcedKind.LIQUIDATION, lots=-4)) == ()


def test_many_fills_of_one_position_are_one_sentence():
    ledger = Ledger.from_accounts(accounts())
    chain, perp = told(ForcedKind.LIQUIDATION, lots=-4)
    (fill,) = perp.forced
    more = replace(perp, forced=(fill, replace(fill, id="ETH:1:8", lots=-6)))

    (sentence,) = forced_fills(ledger, (chain, more))

    assert "10 lots" in sentence
    assert "24000 atoms" in sentence
    assert "2 fills from ETH:1:7 on" in sentence
