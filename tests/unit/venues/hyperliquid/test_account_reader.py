"""What an account snapshot is made of, and how rarely the dear questions are asked for it."""

import pytest

from router.domain.account import ForcedKind, RequestBudget
from router.domain.error import MalformedDataError, VenueError
from router.domain.units import NS_PER_S
from tests.unit.venues.hyperliquid.reading_venue import (
    HOUR_MS,
    START_MS,
    HandClock,
    Venue,
    read,
    reader_of,
    row,
)
from venues.hyperliquid.account.reader import forced_fill
from venues.hyperliquid.trading.facts import FillReport
from venues.hyperliquid.trading.ledger import Ledger


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def venue(clock):
    return Venue(clock)


@pytest.fixture
def ledger(config):
    return Ledger(config.address)


@pytest.fixture
def reader(config, venue, ledger):
    return reader_of(config, venue, ledger=ledger)


def test_a_forced_fill_is_told_exactly_and_an_ordinary_one_is_not(reader, venue, config):
    liquidation = {"liquidatedUser": config.address, "markPx": "2900.0", "method": "market"}
    venue.fills = [
        row(START_MS - 2, trade=1, liquidation=liquidation),
        row(START_MS - 1, trade=2),
        row(START_MS - 1, trade=3, coin="DOGE", dir="Auto-Deleveraging"),
    ]

    (forced,) = read(reader).forced

    assert forced.kind is ForcedKind.LIQUIDATION
    assert forced.id == f"ETH:{START_MS - 2}:1"
    assert forced.lots == -5_000
    assert forced.notional.atoms == 1_450_250_000
    assert forced.fee.atoms == 2  # a millionth and a half, rounded up
    assert forced.at_venue == (START_MS - 2) * 1_000_000


def test_what_the_stream_told_is_forced_too(reader, venue, ledger, clock):
    read(reader)
    ledger.fill(report(START_MS, direction="Auto-Deleveraging"))
    venue.held = "0.0001"
    clock.at += NS_PER_S

    (forced,) = read(reader).forced

    assert forced.kind is ForcedKind.DELEVERAGING
    assert venue.asked["userFillsByTime"] == 1


def test_the_budget_is_told_with_the_account(reader):
    snapshot = read(reader)

    assert snapshot.requests == RequestBudget(orders=60, cancels=160)


def test_spot_balances_are_told_with_the_account(reader, venue):
    venue.spot = [
        {"coin": "USDC", "token": 0, "total": "12.5", "hold": "0.5", "entryNtl": "0.0"},
        {"coin": "HYPE", "token": 150, "total": "1.000000019", "hold": "0.0", "entryNtl": "30.0"},
    ]

    usdc, hype = read(reader).spot

    assert (usdc.asset, usdc.atoms, usdc.held_atoms) == ("USDC", 1_250_000_000, 50_000_000)
    assert (hype.atoms, hype.decimals) == (100_000_001, 8)


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_an_account_that_was_made_unified_meanwhile_is_not_read(reader, venue, clock, mode):
    read(reader)
    venue.mode = mode
    clock.at += 600 * NS_PER_S

    with pytest.raises(VenueError, match=f"in {mode} mode by now"):
        read(reader)

    venue.mode = "default"
    assert read(reader).equity_atoms == 100_000_000


def test_dear_questions_are_asked_again_only_when_the_answer_may_be_another(reader, venue, clock):
    for _ in range(3):
        read(reader)
    assert venue.asked == {
        "clearinghouseState": 3,
        "userFunding": 1,
        "userFillsByTime": 1,
        "userRateLimit": 1,
        "spotClearinghouseState": 1,
        "userAbstraction": 1,
        "userNonFundingLedgerUpdates": 1,
    }

    reader.missed_news()
    read(reader)
    assert venue.asked["userFillsByTime"] == 2

    clock.at += 60 * NS_PER_S
    read(reader)
    assert (venue.asked["userFillsByTime"], venue.asked["userRateLimit"]) == (3, 2)
    assert venue.asked["userFunding"] == 1


def settled_at(time_ms, coin="ETH"):
    delta = {"coin": coin, "usdc": "-0.5", "szi": "1.0", "fundingRate": "0.0000125"}
    return {"time": time_ms, "hash": "0x0", "delta": {"type": "funding", **delta}}


def test_funding_is_read_once_an_hour_has_begun_and_until_it_is_told(reader, venue, clock):
    venue.held = "1.0"
    read(reader)
    hour_ms = (START_MS // HOUR_MS + 1) * HOUR_MS
    clock.at = (hour_ms + 1_000) * 1_000_000
    assert read(reader).funding == ()  # it is not settled yet

    venue.fundings = [settled_at(hour_ms)]
    clock.at += 5 * NS_PER_S
    (payment,) = read(reader).funding
    asked = venue.asked["userFunding"]
    for _ in range(3):
        clock.at += NS_PER_S
        read(reader)

    assert payment.amount.atoms == -500_000
    assert venue.asked["userFunding"] == asked == 3


def test_a_position_of_a_moment_that_was_settled_is_found_when_the_hour_must_be(
    reader, venue, clock
):
    read(reader)
    hour_ms = (START_MS // HOUR_MS + 1) * HOUR_MS
    clock.at = (hour_ms + 1_000) * 1_000_000
    read(reader)
    venue.fundings = [settled_at(hour_ms)]  # of what was held then, and neither before nor after

    clock.at += 200 * NS_PER_S
    (payment,) = read(reader).funding
    asked = venue.asked["userFunding"]
    read(reader)

    assert payment.amount.atoms == -500_000
    assert venue.asked["userFunding"] == asked


def report(time_ms, **changes):
    return FillReport(
        **{
            "oid": 1,
            "cloid": None,
            "coin": "ETH",
            "is_buy": True,
            "price_e8": 300_000_000_000,
            "size_e8": 10_000,
            "fee_e8": 0,
            "fee_token": "USDC",
            "time_ms": time_ms,
            "trade_id": 1,
            **changes,
        }
    )


def test_a_forced_fill_off_the_grid_is_malformed(eth):
    with pytest.raises(MalformedDataError, match="grid"):
        forced_fill(report(1, size_e8=1), ForcedKind.SETTLEMENT, eth)


def test_a_position_that_the_fills_known_do_not_explain_has_them_read_again(reader, venue, clock):
    read(reader)
    venue.held = "-0.5"
    venue.fills = [row(START_MS + 1, dir="Auto-Deleveraging")]
    clock.at += NS_PER_S

    (forced,) = read(reader).forced
    read(reader)

    assert forced.lots == -5_000
    assert venue.asked["userFillsByTime"] == 2


def test_an_account_in_whose_very_millisecond_something_was_settled_is_read_again(
    reader, venue, ledger, clock
):
    read(reader)
    clock.at += NS_PER_S
    ledger.fill(report(clock.at // 1_000_000, direction="Settlement"))

    snapshot = read(reader)

    assert venue.asked["clearinghouseState"] == 3
    assert [fill.at_venue < snapshot.at_venue for fill in snapshot.forced] == [True]


def test_an_account_that_is_settled_each_time_it_is_read_is_told_to_be_unreadable(
    reader, ledger, clock
):
    read(reader)
    ledger.fill(report(clock.at // 1_000_000 + 1_000, direction="Settlement"))

    with pytest.raises(VenueError, match="settled again"):
        read(reader)


def test_what_is_older_than_the_window_is_forgotten(reader, ledger):
    ledger.fill(report(START_MS - 49 * HOUR_MS))
    ledger.fill(report(START_MS - 47 * HOUR_MS, trade_id=2))

    read(reader)

    assert [fill.trade_id for fill in ledger.fills] == [2]
