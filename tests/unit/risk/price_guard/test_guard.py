from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.domain.command import RaiseAlarm, SolveRoute
from router.domain.event import EngineStarted, MarketObserved
from router.domain.instrument import Asset
from router.domain.price import PriceKind, SourcePrice
from router.domain.units import AssetId, InstrumentId, Price, TimestampNs
from router.risk.price_guard.guard import distrusted, trusted
from tests.unit.engine.scene import LIMITS, PERP, POOL, T0, Driver, observation, order
from tests.unit.risk.price_guard.scene import (
    CONFIGURED,
    GUARDED,
    NOW,
    PAIR,
    RULES,
    SECOND_POOL,
    THIRD_POOL,
    S,
    average,
    book_at,
    context_at,
    dollars,
    index,
    pool_at,
    seen,
)


def judged(observed, *, limits=GUARDED, at=NOW, pair=PAIR, instruments=CONFIGURED):
    return distrusted(observed, instruments, limits, pair=pair, at=at)


def test_without_rules_nothing_is_looked_at():
    assert judged(seen(pools=[pool_at(9_000)]), limits=LIMITS) == ({}, ())


def test_a_pool_moved_by_a_fifth_is_outvoted_alarmed_and_alone_left_out():
    without, alarms = judged(seen(pools=[pool_at(3_600)]))

    assert set(without) == {POOL.id}
    assert "20.00 % above the median of all sources" in without[POOL.id]
    assert len(alarms) == 1
    assert "ETH/USDC" in alarms[0]


def test_one_pool_of_three_cannot_speak_for_its_chain():
    pools = [pool_at(3_600), pool_at(3_000, SECOND_POOL), pool_at(3_001, THIRD_POOL)]

    without, _ = judged(seen(pools=pools))

    assert set(without) == {POOL.id}


def test_a_node_that_shows_an_old_chain_is_one_voice_however_many_its_pools():
    old = [pool_at(3_300, each) for each in (POOL, SECOND_POOL, THIRD_POOL)]

    without, _ = judged(seen(pools=old))

    assert set(without) == {POOL.id, SECOND_POOL.id, THIRD_POOL.id}


def test_a_mark_that_strays_takes_out_its_own_market_only():
    without, alarms = judged(seen(mark=3_200))

    assert set(without) == {PERP.id}
    assert "mark of hyperliquid:ETH" in alarms[0]


def test_a_mark_too_old_does_not_vote_and_its_market_is_left_out():
    late = NOW + 10 * S
    observed = replace(
        seen(),
        books=(book_at(3_000, at=late),),
        pools=(replace(pool_at(3_000), received_at=TimestampNs(late)),),
    )

    without, alarms = judged(observed, at=TimestampNs(late))

    assert set(without) == {PERP.id}
    assert any("mark of hyperliquid:ETH is 11.0 s old, the limit is 10.0 s" in a for a in alarms)
    assert any("oracle of hyperliquid:ETH is 11.0 s old" in a for a in alarms)


def test_a_price_as_old_as_the_limit_still_counts():
    at = TimestampNs(T0 + RULES.age_max)

    assert judged(seen(), at=at) == ({}, ())
    assert PERP.id in judged(seen(), at=TimestampNs(at + 1))[0]


def test_a_stale_index_is_alarmed_and_blocks_no_market():
    without, alarms = judged(seen(prices=[index("desk", 3_000, at=T0 - 60 * S)]))

    assert without == {}
    assert alarms == ("price guard, ETH/USDC: index of desk is 61.0 s old, the limit is 10.0 s",)


def test_an_index_whose_times_are_to_come_does_not_vote_for_ever():
    ahead = index("desk", 3_000, at=NOW + RULES.age_max + S)

    without, alarms = judged(seen(prices=[ahead]))

    assert without == {}
    assert alarms == ("price guard, ETH/USDC: index of desk is 11.0 s ahead, the limit is 10.0 s",)
    assert judged(seen(prices=[index("desk", 3_000, at=NOW + RULES.age_max)])) == ({}, ())


def test_two_liars_of_five_are_outvoted():
    others = [index("a", 3_003), index("b", 3_400)]

    without, alarms = judged(seen(pools=[pool_at(3_400)], prices=others))

    assert set(without) == {POOL.id}
    assert len(alarms) == 2
    assert any("index of b" in alarm for alarm in alarms)


def test_two_against_two_prove_nothing_and_no_market_is_used():
    without, alarms = judged(seen(pools=[pool_at(3_400)], prices=[index("a", 3_400)]))

    assert set(without) == {i.id for i in CONFIGURED}
    assert "disagree" in alarms[0]


def test_one_source_alone_proves_nothing():
    alone = replace(seen(), books=(), contexts=())

    without, alarms = judged(alone)

    assert set(without) == {i.id for i in CONFIGURED}
    assert "1 of the 2 sources it takes" in alarms[0]


def test_an_index_is_the_second_source_of_a_desk_with_pools_alone():
    alone = replace(seen(prices=[index("desk", 3_001)]), books=(), contexts=())

    assert judged(alone) == ({}, ())


def test_a_pair_that_only_leads_somewhere_needs_no_reference():
    dai = Asset(AssetId("DAI"), 18)
    hop = replace(POOL, id=InstrumentId("uniswap_v3:ETH/DAI:500"), quote=dai)
    observed = seen(pools=[pool_at(3_000), pool_at(77, hop)])

    without, alarms = judged(observed, instruments=(*CONFIGURED, hop))

    assert (without, alarms) == ({}, ())


def test_an_order_over_routes_alone_is_vouched_for_by_the_pairs_on_its_way():
    dai = Asset(AssetId("DAI"), 6)
    way = replace(POOL, id=InstrumentId("uniswap_v3:DAI/USDC:100"), base=dai)
    other = replace(way, id=InstrumentId("sushi:DAI/USDC"), account=PERP.account)
    priced = {"instruments": (POOL, PERP, way, other), "pair": (POOL.base.id, dai.id)}

    def observed(second):
        pools = [pool_at(3_000), pool_at(3_000, way), pool_at(second, other)]
        return seen(pools=pools)

    assert judged(observed(3_000), **priced) == ({}, ())
    blocked, alarms = judged(observed(3_600), **priced)  # two sources of a half disagree
    assert set(blocked) == {POOL.id, PERP.id, way.id, other.id}
    assert "ETH/DAI has no reference price" in alarms[0]


def test_between_the_bands_it_is_said_and_nothing_is_left_out():
    without, alarms = judged(seen(pools=[pool_at(3_060)]))

    assert without == {}
    (alarm,) = alarms
    assert alarm.startswith("price guard, ETH/USDC: pool mid of uniswap_v3:ETH/USDC:500 is 2.00 %")


def test_a_jump_that_nobody_confirms_does_not_vote():
    # Of two voices neither is the majority: which of them moved tells them apart.
    pools_alone = replace(
        seen(pools=[pool_at(3_300)], prices=[average(POOL, 3_000), index("desk", 3_000)]),
        books=(),
        contexts=(),
    )

    without, alarms = judged(replace(pools_alone, prices=(*pools_alone.prices, index("b", 3_001))))

    assert set(without) == {POOL.id}
    assert any("nobody confirms it" in alarm for alarm in alarms)


def test_a_jump_of_all_is_the_market():
    jumped = seen(
        pools=[pool_at(3_300)],
        book=3_301,
        mark=3_290,
        oracle=3_300,
        prices=[average(POOL, 3_000), average(PERP, 3_000)],
    )

    assert judged(jumped) == ({}, ())


def test_a_price_told_the_other_way_round_is_turned():
    plain = dollars(3_000)
    turned = Price(plain.quote, plain.base, plain.base_atoms, plain.quote_atoms)
    told = SourcePrice("desk", PriceKind.INDEX, None, turned, T0)
    alone = replace(seen(prices=[told]), books=(), contexts=())

    assert judged(alone) == ({}, ())


@given(
    base=st.integers(100, 100_000),
    offsets=st.lists(st.integers(-50, 50), min_size=6, max_size=6),
    jumped=st.integers(-50, 50),
)
def test_while_all_agree_within_the_soft_band_nothing_is_blocked_or_said(base, offsets, jumped):
    # Offsets of half a per cent of a base: no two are further apart than 1 %, so that none is
    # further than 1 % from any median of them, whatever rounding to ticks and roots adds.
    values = [Fraction(base) * (10_000 + each * 9 // 10) / 10_000 for each in offsets]
    pool, other, book, mark, oracle, told = values
    before = Fraction(base) * (10_000 + jumped) / 10_000
    observed = seen(
        pools=[pool_at(pool), pool_at(other, SECOND_POOL)],
        book=book,
        mark=mark,
        oracle=oracle,
        prices=[index("desk", told), average(POOL, before), average(PERP, before)],
    )

    assert judged(observed) == ({}, ())


def test_an_order_that_only_reduces_is_told_about_and_not_held_up():
    crash = seen(book=2_700, mark=2_990, pools=[pool_at(2_700)])  # the oracle is late
    asked = {"instruments": CONFIGURED, "limits": GUARDED, "pair": PAIR, "at": NOW}

    without, alarms = distrusted(crash, **asked)
    free, told = distrusted(crash, **asked, only_reduces=True)

    assert set(without) == {PERP.id}
    assert free == {}
    assert told == alarms != ()


def test_no_mid_is_made_of_a_market_that_is_not_trusted():
    observed = seen(pools=[pool_at(3_600), pool_at(3_000, SECOND_POOL)])
    without, _ = judged(observed)

    left = trusted(observed, without)

    assert [p.instrument for p in left.pools] == [SECOND_POOL.id]
    assert (left.books, left.contexts) == (observed.books, observed.contexts)
    assert trusted(observed, {PERP.id: "why"}).books == ()


def guarded_desk():
    desk = Driver()
    desk.feed(EngineStarted("journal", (POOL, PERP), GUARDED, "test", T0))
    desk.reconcile()
    return desk


def test_an_order_still_trades_where_the_price_is_right_and_the_alarm_is_raised():
    desk = guarded_desk()
    desk.submit(order())

    moved = seen(pools=[pool_at(3_600)])
    moved = replace(moved, contexts=(context_at(3_000, 3_000),), accounts=observation().accounts)
    desk.feed(MarketObserved(order().id, moved, desk.tick()))

    problem = desk.command(SolveRoute).problem
    assert problem.pools == ()
    assert [book.instrument.id for book in problem.books] == [PERP.id]
    assert "outvoted" in desk.command(RaiseAlarm).message


def test_an_order_on_prices_that_agree_uses_all_its_markets_in_silence():
    desk = guarded_desk()
    desk.submit(order())

    desk.feed(MarketObserved(order().id, observation(), desk.tick()))

    problem = desk.command(SolveRoute).problem
    assert len(problem.pools) == len(problem.books) == 1
    assert not [c for c in desk.commands if isinstance(c, RaiseAlarm)]
