import pytest

from router.domain.algo import Iceberg, LimitUntil, Pov, Shortfall, Sweep, Twap
from router.domain.error import OrderError
from router.domain.units import NS_PER_S
from router.gateway.algo_request import FIELDS
from router.gateway.order_request import OrderContext, parse_order
from router.optimiser.timing.programme import INTERVALS_MAX
from tests.unit.engine.scene import ETH, LIMITS, T0, USDC

CONTEXT = OrderContext(
    assets={"ETH": ETH, "USDC": USDC}, venues=(), limits=LIMITS, journal_id="journal", now=T0
)
ORDER = {
    "client_order_id": "one",
    "side": "buy",
    "quantity": "1",
    "base": "ETH",
    "quote": "USDC",
}
TWAP = {"algo": "twap", "duration_s": "600"}
ICEBERG = {"algo": "iceberg", "display": "0.1", "cross_after_s": "60"}
SHORTFALL = {
    "algo": "shortfall",
    "duration_s": "600",
    "aversion": "0.000001",
    "volatility_bps_day": "300",
    "half_life_s": "20",
}


def parsed(**fields):
    return parse_order({**ORDER, **fields}, CONTEXT)


def after(seconds):
    return T0 + round(seconds * NS_PER_S)


def test_an_order_without_an_algo_is_swept():
    assert parsed().algo == Sweep()
    assert parsed(algo="sweep").deadline_at == after(120)


def test_a_twap_is_told_in_seconds_and_shares():
    asked = parsed(**TWAP, interval_s="60", start_in_s="5.5", catch_up="0.25")

    assert asked.algo == Twap(after(5.5), after(605.5), 60 * NS_PER_S, 250_000)
    assert asked.deadline_at == after(605.5 + 60)


def test_a_pov_is_told_its_share_and_its_band():
    asked = parsed(algo="pov", duration_s="600", participation="0.1")

    assert asked.algo == Pov(after(0), after(600), 30 * NS_PER_S, 100_000, 20_000, 100_000)


def test_a_shortfall_is_told_its_aversion_volatility_and_half_life():
    assert parsed(**SHORTFALL).algo == Shortfall(
        after(0), after(600), 30 * NS_PER_S, 10**6, 30_000, 20 * NS_PER_S, 500_000
    )


def test_an_iceberg_is_told_what_it_shows_and_when_it_crosses():
    asked = parsed(**ICEBERG, offset_ticks="2")

    assert asked.algo == Iceberg(100_000, 2, 1, NS_PER_S, 20, after(60))
    assert asked.deadline_at == after(120)


def test_a_limit_waits_for_its_price_until_the_deadline():
    asked = parsed(algo="limit", limit_price="3000", deadline_s="900")

    assert asked.algo == LimitUntil(5 * NS_PER_S)
    assert asked.deadline_at == after(900)


FAULTS = [
    ({"algo": "vwap"}, "algo: must be one of sweep, twap, pov, shortfall, iceberg, limit"),
    ({"duration_s": "5"}, "duration_s: belongs to algo twap or pov or shortfall, not sweep"),
    ({**TWAP, "display": "0.1"}, "display: belongs to algo iceberg, not twap"),
    ({"algo": "twap"}, "duration_s: missing; algo twap needs it"),
    ({**TWAP, "duration_s": "ten"}, "duration_s: must be a plain decimal number"),
    ({**TWAP, "duration_s": "0"}, "duration_s: must be positive"),
    ({**TWAP, "duration_s": "-5"}, "duration_s: must not be negative"),
    ({**TWAP, "duration_s": "100000"}, "duration_s: must lie between 0 and 86400"),
    ({**TWAP, "interval_s": "601"}, "interval_s: must not be longer than duration_s"),
    ({**TWAP, "interval_s": "0.05"}, "interval_s: must be at least 0.1"),
    ({**TWAP, "duration_s": "40000", "interval_s": "1"}, "interval_s: makes more than 10000"),
    ({**TWAP, "deadline_s": "600"}, "deadline_s: the schedule ends after 600 s; give more"),
    ({**TWAP, "catch_up": "0.1234567"}, "catch_up: must have at most 6 decimals"),
    ({"algo": "pov", "duration_s": "9", "interval_s": "1"}, "participation: missing"),
    (
        {"algo": "pov", "duration_s": "60", "participation": "0.6"},
        "participation: must be at most 0.5",
    ),
    (
        {"algo": "pov", "duration_s": "60", "participation": "0.01"},
        "band: must lie between 0 and participation",
    ),
    (
        {"algo": "pov", "duration_s": "60", "participation": "0.1", "quantity_asset": "USDC"},
        "quantity_asset: algo pov counts in base; use ETH",
    ),
    ({**ICEBERG, "quantity_asset": "USDC"}, "quantity_asset: algo iceberg counts in base"),
    ({**ICEBERG, "display": "0"}, "display: must be positive"),
    ({**ICEBERG, "display": "1.1"}, "display: must be at most 1"),
    ({**ICEBERG, "reprice_ticks": "0"}, "reprice_ticks: must be a whole number from 1"),
    ({**ICEBERG, "deadline_s": "30"}, "deadline_s: the schedule ends after 60 s"),
    ({**ICEBERG, "cross_after_s": "86400"}, "cross_after_s: must lie between 0 and 86400"),
    ({"algo": "limit"}, "limit_price: missing; algo limit waits for a price"),
    (
        {**SHORTFALL, "duration_s": "6000", "interval_s": "1"},
        f"interval_s: makes more than {INTERVALS_MAX} slices",
    ),
    ({**SHORTFALL, "aversion": "-1"}, "aversion: must not be negative"),
]


@pytest.mark.parametrize(("fields", "message"), FAULTS, ids=[m for _, m in FAULTS])
def test_a_fault_names_the_field_and_the_remedy(fields, message):
    with pytest.raises(OrderError) as raised:
        parsed(**fields)

    assert str(raised.value).startswith(message)


def test_every_field_of_an_algo_is_known_to_an_order():
    for field in sorted(FIELDS - {"algo"}):
        with pytest.raises(OrderError, match=f"^{field}: belongs to algo"):
            parsed(**{field: "1"})
