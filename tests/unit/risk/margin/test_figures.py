"""The quick numbers are the model's own, to the last digit, whatever the account."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import Holding
from router.risk.margin.figures import figures, one_by_one
from router.risk.margin.model import Held
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import Tier, TierTable, flat, table
from router.risk.margin.unified import UnifiedModel, pool

USDC = AssetId("USDC")
PICO = TierTable(
    (
        Tier(Fraction(0), 25, Fraction(20_000_000_000, 10**12)),
        Tier(Fraction(100_000), 15, Fraction(33_333_333_334, 10**12)),
    )
)
TABLES = st.sampled_from(
    [flat(3), flat(50), table((0, 25), (20_000, 10), (50_000, 5)), table((0, 2), (10, 1)), PICO]
)
# Sizes and marks whose product is at a bound now and then.
SIZES = st.one_of(st.sampled_from((1, -1, 10, -20, 100, -500)), st.integers(-(10**6), 10**6))
MARKS = st.one_of(st.sampled_from((1, 10, 100, 200, 500, 1_000)), st.integers(1, 10**7))


@st.composite
def positions(draw, *, is_whole=True):
    count = draw(st.integers(0, 6))
    rows = []
    for place in range(count):
        per = 1 if is_whole else draw(st.integers(1, 3))
        isolated, size = draw(st.booleans()), draw(SIZES)
        mark = Fraction(draw(MARKS), per)
        own = draw(st.integers(-(10**9), 10**9)) if isolated and size else 0
        rows.append(
            Held(
                InstrumentId(f"i{place}"),
                AssetId(f"a{place}"),
                Holding(Fraction(size), mark, draw(st.integers(1, 50)), draw(TABLES)),
                is_isolated=isolated,
                own_cash=Fraction(own),
                buys=Fraction(0 if is_whole else draw(st.integers(0, 9))),
            )
        )
    return tuple(rows)


CASH = st.integers(-(10**12), 10**12).map(Fraction)
RESERVED = st.integers(0, 10**9).map(Fraction)


@given(CASH, positions(), RESERVED)
def test_the_quick_numbers_of_whole_accounts_are_the_models_own(cash, rows, reserved):
    model = StandardModel(USDC, cash, rows, reserved)

    assert figures(model) == one_by_one(model)


@given(CASH, positions(is_whole=False))
def test_accounts_that_are_not_whole_are_asked_one_by_one(cash, rows):
    model = StandardModel(USDC, cash, rows)

    assert figures(model) == one_by_one(model)


@given(CASH, positions())
def test_unified_accounts_have_figures_too(balance, rows):
    model = UnifiedModel((pool(USDC, balance, rows),))

    found = figures(model)

    assert found == one_by_one(model)
    assert found.value == balance
