"""Prices within the cap, and replacements that nodes accept."""

import pytest
from eth_abi import decode
from hypothesis import given
from hypothesis import strategies as st

from venues.evm.transactions import fees
from venues.evm.transactions.fees import FeeCapError, FeeMarket
from venues.evm.transactions.transaction import GasTerms
from venues.evm.words.key import keccak256

GWEI = 10**9
LIMIT = 100_000

caps = st.integers(GWEI, 500 * GWEI)
tips = st.integers(0, 1000 * GWEI)
markets = st.builds(FeeMarket, st.integers(1, 400 * GWEI), tips, caps)
affordable = caps.flatmap(lambda cap: st.builds(FeeMarket, st.integers(1, cap), tips, st.just(cap)))
to_come = st.integers(0, 6)


def market(base_gwei, *, tip_gwei=1, cap_gwei=500):
    return FeeMarket(base_gwei * GWEI, tip_gwei * GWEI, cap_gwei * GWEI)


def test_a_quiet_market_is_offered_twice_its_base_fee_and_the_tip():
    terms = fees.first_terms(market(10), limit=LIMIT, replacements_to_come=4)

    assert terms == GasTerms(LIMIT, 21 * GWEI, 1 * GWEI)


@given(affordable, to_come)
def test_first_terms_are_within_the_cap_and_good_for_the_next_block(now, count):
    terms = fees.first_terms(now, limit=LIMIT, replacements_to_come=count)

    assert now.base_fee_wei <= terms.fee_max_wei <= now.fee_cap_wei
    assert 0 < terms.priority_fee_max_wei <= terms.fee_max_wei


@given(affordable, to_come)
def test_a_first_price_leaves_room_for_all_replacements_unless_the_base_fee_takes_it(now, count):
    terms = fees.first_terms(now, limit=LIMIT, replacements_to_come=count)

    price = terms.fee_max_wei
    for _ in range(count):
        price = fees.raised(price)

    tip = min(max(now.priority_fee_wei, fees.PRIORITY_FEE_MIN_WEI), now.fee_cap_wei // 4)
    takes_all = terms.fee_max_wei <= now.base_fee_wei + tip
    assert price <= now.fee_cap_wei or takes_all


@given(caps, st.integers(1, 400 * GWEI), tips)
def test_a_base_fee_above_the_cap_has_no_price(cap, excess, tip):
    now = FeeMarket(cap + excess, tip, cap)

    with pytest.raises(FeeCapError, match="below the base fee"):
        fees.first_terms(now, limit=LIMIT, replacements_to_come=1)


@given(markets, st.integers(1, 400 * GWEI), st.integers(1, 400 * GWEI), to_come)
def test_a_replacement_raises_both_prices_by_an_eighth_or_says_why_not(now, fee, tip, count):
    last = GasTerms(LIMIT, fee, min(fee, tip))

    try:
        terms = fees.bumped_terms(last, now, limit=LIMIT, replacements_to_come=count)
    except FeeCapError:
        assert fees.raised(fee) > now.fee_cap_wei or now.base_fee_wei > now.fee_cap_wei
        return

    assert 8 * terms.fee_max_wei >= 9 * last.fee_max_wei
    assert 8 * terms.priority_fee_max_wei >= 9 * last.priority_fee_max_wei
    assert terms.priority_fee_max_wei <= terms.fee_max_wei <= now.fee_cap_wei
    assert terms.fee_max_wei >= now.base_fee_wei


@given(st.integers(0, 2**70))
def test_a_raised_price_is_above_what_any_node_asks_for(wei):
    assert fees.raised(wei) > wei  # geth wants more, even of nothing
    assert 100 * fees.raised(wei) >= 113 * wei
    assert fees.raised(wei) <= wei + wei * 13 // 100 + 1


def test_a_replacement_follows_a_base_fee_that_has_multiplied():
    last = fees.first_terms(market(1), limit=LIMIT, replacements_to_come=4)

    terms = fees.bumped_terms(last, market(50), limit=LIMIT, replacements_to_come=3)

    assert terms.fee_max_wei >= 2 * 50 * GWEI


def test_nonsense_from_a_node_about_tips_leaves_room_for_the_base_fee():
    terms = fees.first_terms(market(10, tip_gwei=10_000), limit=LIMIT, replacements_to_come=4)

    assert terms.priority_fee_max_wei == 125 * GWEI


def test_a_gas_limit_has_headroom_but_not_beyond_what_a_transaction_may_use():
    assert fees.gas_limit(400_000) == 500_000
    assert fees.gas_limit(fees.GAS_LIMIT_MAX - 5) == fees.GAS_LIMIT_MAX
    assert fees.gas_limit(fees.GAS_LIMIT_MAX + 5) == fees.GAS_LIMIT_MAX + 5


def test_the_data_fee_is_asked_for_the_data_and_an_envelope():
    call = fees.data_fee_call(b"\xaa" * 7)

    (sample,) = decode(["bytes"], call.data[4:])
    assert call.data[:4] == keccak256(b"getL1Fee(bytes)")[:4]
    assert sample[:7] == b"\xaa" * 7
    assert len(sample) == 7 + fees.ENVELOPE_BYTES
    assert fees.read_data_fee((12345).to_bytes(32, "big")) == 12345
