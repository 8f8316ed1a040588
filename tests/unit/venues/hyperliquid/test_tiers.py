"""Margin tables of `meta` as tiers, against the venue's documented numbers."""

from fractions import Fraction
from itertools import pairwise

import pytest

from router.domain.error import MalformedDataError
from router.domain.margin import MarginTier
from router.domain.units import PICO_PER_UNIT
from venues.hyperliquid import wire
from venues.hyperliquid.account.tiers import margin_tiers, require_tiers

DOLLAR = 10**6


def coin(name, leverage, table=None):
    told = {"name": name, "szDecimals": 4, "maxLeverage": leverage}
    return told if table is None else {**told, "marginTableId": table}


def table(number, *tiers):
    rows = [{"lowerBound": bound, "maxLeverage": leverage} for bound, leverage in tiers]
    return [number, {"description": f"table {number}", "marginTiers": rows}]


def told(*coins, tables=()):
    return margin_tiers(wire.read_metadata({"universe": list(coins), "marginTables": list(tables)}))


def deductions(tiers):
    """Return what each tier's margin is less than its rate times the notional, [USDC]."""
    found = [Fraction(0)]
    for low, high in pairwise(tiers):
        more = Fraction(high.maintenance - low.maintenance, PICO_PER_UNIT)
        found.append(found[-1] + Fraction(high.above_atoms, DOLLAR) * more)
    return found


def test_tables_of_the_main_network_are_those_of_the_documentation():
    tables = (
        table(56, ("0.0", 40), ("150000000.0", 20)),
        table(55, ("0.0", 25), ("100000000.0", 15)),
    )

    tiers = told(coin("BTC", 40, 56), coin("ETH", 25, 55), tables=tables)

    assert tiers["BTC"] == (
        MarginTier(0, 40, 12_500_000_000),
        MarginTier(150_000_000 * DOLLAR, 20, 25_000_000_000),
    )
    # A thirtieth, rounded up.
    assert tiers["ETH"] == (
        MarginTier(0, 25, 20_000_000_000),
        MarginTier(100_000_000 * DOLLAR, 15, 33_333_333_334),
    )
    assert deductions(tiers["BTC"]) == [0, 1_875_000]


@pytest.mark.parametrize(
    ("tiers", "wanted"),
    [
        ((("0.0", 25), ("20000.0", 10), ("50000.0", 5)), [0, 600, 3_100]),
        ((("0.0", 40), ("10000.0", 25), ("50000.0", 10)), [0, 75, 1_575]),
    ],
)
def test_deductions_are_those_of_the_test_network(tiers, wanted):
    found = told(coin("ETH", tiers[0][1], 51), tables=(table(51, *tiers),))

    assert deductions(found["ETH"]) == wanted


def test_a_table_below_fifty_is_one_tier_whether_it_is_listed_or_not():
    listed = told(coin("A", 7, 7), tables=(table(7, ("0.0", 7)),))

    assert listed == told(coin("A", 7, 7)) == told(coin("A", 7))
    assert listed == {"A": (MarginTier(0, 7, 71_428_571_429),)}


def test_a_coin_whose_table_is_not_told_cannot_be_traded_and_stops_no_other():
    tiers = told(coin("A", 10, 10), coin("B", 10, 51))

    assert require_tiers(tiers, "A") == (MarginTier(0, 10, 50_000_000_000),)
    with pytest.raises(MalformedDataError, match="B: its marginTableId"):
        require_tiers(tiers, "B")


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        ((), "begin at zero"),
        ((("1.0", 10),), "begin at zero"),
        ((("0.0", 10), ("0.0", 5)), "must rise"),
        ((("0.0", 10), ("5.0", 10)), "fall"),
        ((("0.0", 10), ("5.0", 0)), "at least 1"),
        ((("0.0", 10), ("5.0000001", 5)), "lowerBound"),
    ],
)
def test_a_table_that_is_none_is_malformed(tiers, words):
    with pytest.raises(MalformedDataError, match=words):
        told(coin("A", 10, 51), tables=(table(51, *tiers),))
