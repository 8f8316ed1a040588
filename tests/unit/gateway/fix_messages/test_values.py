"""Values of fields: exact, or refused by their tag."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import NS_PER_S
from router.gateway.fix.message import MessageError
from router.gateway.fix.values import (
    day_end,
    decimal,
    moment,
    next_day_end,
    pair_of,
    positive,
    told_day,
    told_moment,
    whole,
)

T = 1_767_225_600 * NS_PER_S  # 2026-01-01 00:00 UTC
DAY_NS = 86_400 * NS_PER_S


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1", "1"),
        ("001.50", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0.0", "0"),
        ("-2.10", "-2.1"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("0.1000000000000000000000", "0.1"),
    ],
)
def test_a_decimal_is_told_again_without_needless_zeros(text, told):
    assert decimal(text, 38) == told


@pytest.mark.parametrize(
    "text", ["", ".", "-", "+1", "1e3", "1E-7", "1,0", " 1", "1 ", "\u0661", "0x1", "nan", "1" * 61]
)
def test_what_is_no_plain_decimal_is_refused(text):
    with pytest.raises(MessageError) as fault:
        decimal(text, 38)
    assert (fault.value.tag, fault.value.reason) == (38, 6)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**30)))
def test_decimals_keep_their_value(number):
    assert type(number)(decimal(f"{number:f}", 44)) == number


@pytest.mark.parametrize("text", ["0", "-1", "0.0", "-0"])
def test_what_must_be_positive_is(text):
    with pytest.raises(MessageError) as fault:
        positive(text, 38)
    assert fault.value.reason == 5


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1)))  # noqa: DTZ001 - UTC below
def test_a_moment_is_told_as_it_was_read(at):
    text = f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond:06d}"

    assert told_moment(moment(text, 60)) == text


def test_moments_have_up_to_nine_decimals():
    assert moment("20260101-00:00:01", 60) == T + NS_PER_S
    assert moment("20260101-00:00:01.123456789", 60) == T + NS_PER_S + 123_456_789
    assert moment("20261231-23:59:60", 60) == moment("20261231-23:59:59", 60)


@pytest.mark.parametrize(
    "text", ["", "20260101", "20261301-00:00:00", "20260101-24:00:00", "2026-01-01-00:00:00"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(MessageError):
        moment(text, 126)


def test_a_day_ends_when_the_session_says():
    assert day_end("20260101", 432, day_ends_s=86_400) == T + DAY_NS
    assert day_end("20260101", 432, day_ends_s=75_600) == T + 75_600 * NS_PER_S
    assert next_day_end(T, day_ends_s=86_400) == T + DAY_NS
    assert next_day_end(T + 80_000 * NS_PER_S, day_ends_s=75_600) == T + DAY_NS + 75_600 * NS_PER_S
    assert told_day(T) == "20260101"
    with pytest.raises(MessageError):
        day_end("20260231", 432, day_ends_s=86_400)


def test_pairs_and_whole_numbers():
    assert pair_of("ETH/USDC", 55) == pair_of("ETH-USDC", 55) == ("ETH", "USDC")
    assert whole("007", 67) == 7
    for wrong in ("ETH", "ETH/", "/USDC", "A/B/C"):
        with pytest.raises(MessageError):
            pair_of(wrong, 55)
    with pytest.raises(MessageError):
        whole("-1", 67)
