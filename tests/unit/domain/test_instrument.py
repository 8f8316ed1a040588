from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.instrument import STAGES, Asset, InstrumentKind
from router.domain.units import AssetId
from tests.unit.engine.scene import PERP


@given(
    ticks=st.integers(min_value=1, max_value=10**12),
    tick_decimals=st.integers(min_value=0, max_value=8),
    base=st.integers(min_value=0, max_value=30),
    quote=st.integers(min_value=0, max_value=30),
)
def test_a_tick_is_its_decimal_of_quote_units_for_one_base_unit(ticks, tick_decimals, base, quote):
    instrument = replace(
        PERP,
        tick_decimals=tick_decimals,
        base=Asset(AssetId("ETH"), base),
        quote=Asset(AssetId("USDC"), quote),
    )

    price = instrument.tick_price(ticks)

    atoms = Fraction(price.quote_atoms, price.base_atoms)
    assert atoms * 10**base / 10**quote == Fraction(ticks, 10**tick_decimals)


@pytest.mark.parametrize("ticks", [0, -1])
def test_no_price_has_zero_or_fewer_ticks(ticks):
    with pytest.raises(AssertionError, match="positive"):
        PERP.tick_price(ticks)


def test_every_kind_has_a_stage_and_books_come_before_pools():
    assert STAGES.keys() == set(InstrumentKind)
    assert STAGES[InstrumentKind.PERP_BOOK] < STAGES[InstrumentKind.SPOT_POOL]
