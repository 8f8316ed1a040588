import pytest

from router.domain.error import OrderError
from router.domain.order import Fill
from router.domain.units import Amount, TimestampNs
from router.gateway.bust_request import parse_bust
from tests.unit.engine.scene import ETH, PERP, USDC

WORDS = {"child": "p.1.0.0", "fill": "f1", "reason": "the venue took it back", "by": "ann"}
TERMS = {"quantity": "1.5", "notional": "4500.25", "fee": "-0.5"}
ASSETS = {ETH.id: ETH, USDC.id: USDC}
FILL = Fill(
    id="f1",
    child="p.1.0.0",
    instrument=PERP.id,
    quantity=Amount(ETH.id, 2 * 10**18),
    notional=Amount(USDC.id, 6_000 * 10**6),
    fee=Amount(USDC.id, 1),
    at_venue=TimestampNs(7),
)


def test_a_fill_that_never_was_is_corrected_to_nothing():
    wanted = parse_bust({**WORDS, "reason": "  the   venue took it back "})

    assert (wanted.child, wanted.fill, wanted.by) == ("p.1.0.0", "f1", "ann")
    assert wanted.reason == "the venue took it back"
    assert wanted.correction(FILL, ASSETS) is None


def test_a_correction_is_in_the_fills_own_units_and_at_its_own_time():
    instead = parse_bust({**WORDS, **TERMS}).correction(FILL, ASSETS)

    assert instead == Fill(
        id="f1.c",
        child="p.1.0.0",
        instrument=PERP.id,
        quantity=Amount(ETH.id, 15 * 10**17),
        notional=Amount(USDC.id, 4_500_250_000),
        fee=Amount(USDC.id, -500_000),
        at_venue=TimestampNs(7),
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({**WORDS, "by": "ann b"}, "by: must be"),
        ({**WORDS, "reason": " "}, "reason: must say why"),
        ({"fill": "f", "reason": "r", "by": "ann"}, "child: must say which"),
        ({**WORDS, "price": "1"}, "price: unknown field"),
        ({**WORDS, "quantity": "1"}, "fee: missing"),
        ({**WORDS, "reason": "x" * 501}, "reason: must be at most 500"),
    ],
)
def test_a_fault_names_its_field(words, message):
    with pytest.raises(OrderError, match=message):
        parse_bust(words)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"quantity": "0"}, "quantity: must be positive"),
        ({"notional": "-1"}, "notional: must be positive"),
        ({"fee": "0.00000001"}, "fee: "),
        ({"quantity": "much"}, "quantity: "),
    ],
)
def test_what_cannot_be_read_of_a_correction_is_named(terms, message):
    with pytest.raises(OrderError, match=message):
        parse_bust({**WORDS, **TERMS, **terms}).correction(FILL, ASSETS)


def test_an_asset_that_is_gone_from_the_file_cannot_be_corrected():
    with pytest.raises(OrderError, match="ETH is no longer configured"):
        parse_bust({**WORDS, **TERMS}).correction(FILL, {USDC.id: USDC})
