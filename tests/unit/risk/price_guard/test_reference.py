from dataclasses import replace
from fractions import Fraction

from router.domain.market import ReservesSnapshot
from router.liquidity.mid import has_mid
from router.risk.price_guard import reference
from router.risk.price_guard.voices import distance, is_within, seconds
from router.state.prices import told_by_book, told_by_pool
from tests.unit.engine.scene import BLOCK, PERP, POOL, T0
from tests.unit.risk.price_guard.scene import (
    CONFIGURED,
    NOW,
    PAIR,
    RULES,
    S,
    book_at,
    index,
    pool_at,
    seen,
)


def found(observed, rules=RULES):
    return reference(observed, CONFIGURED, PAIR, rules=rules, at=NOW)


def test_the_reference_is_the_median_of_the_voices_and_names_them():
    told = found(seen(book=3_010, oracle=3_020, mark=2_990))

    # Voices: the chain 3,000, the book 3,010, the oracle 3,020; the mark is no voice.
    assert Fraction(told.price.quote_atoms, told.price.base_atoms) == Fraction(3_010, 10**12)
    assert told.voices == ("evm:31337:0xaa", "hyperliquid book", "hyperliquid oracle")
    assert told.age == S


def test_of_an_even_number_it_is_the_mean_of_the_two_in_the_middle():
    told = found(seen(book=3_010, oracle=3_020, prices=[index("desk", 3_040)]))

    assert Fraction(told.price.quote_atoms, told.price.base_atoms) == Fraction(3_015, 10**12)


def test_fewer_voices_than_it_takes_are_no_reference():
    assert found(seen(), replace(RULES, sources_min=3)) is not None
    assert found(seen(), replace(RULES, sources_min=4)) is None


def test_a_mark_speaks_where_its_book_has_one_side_only():
    one_sided = replace(book_at(3_000), asks=())
    told = found(replace(seen(mark=3_005, oracle=3_010), books=(one_sided,)))

    assert told_by_book(PERP, one_sided) == ()
    assert "hyperliquid book" in told.voices
    assert Fraction(told.price.quote_atoms, told.price.base_atoms) == Fraction(3_005, 10**12)


def test_an_empty_pool_says_nothing():
    empty = ReservesSnapshot(POOL.id, BLOCK, 3_000, 0, 5, T0)

    assert not has_mid(empty)
    assert told_by_pool(POOL, empty) == ()
    assert has_mid(pool_at(3_000))


def test_bands_are_exact_at_their_edge():
    # 3 % of 100 is 3.
    assert is_within(Fraction(103), Fraction(100), RULES.hard_pips)
    assert not is_within(Fraction(103) + Fraction(1, 10**30), Fraction(100), RULES.hard_pips)


def test_distances_and_ages_are_said_for_a_person():
    assert distance(Fraction(10_301, 100), Fraction(100)) == "3.01 % above"
    assert distance(Fraction(96_999, 1_000), Fraction(100)) == "3.01 % below"  # 3.001, away
    assert seconds(12_340_000_000) == "12.3 s"
