"""What is cut first, how much of it, and what is never bared; sums by hand in the comments."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.risk import Zone, ZoneRules
from router.domain.units import AccountId, AssetId, InstrumentId, Pips, VenueId
from router.risk.deleverage.desk import Account, Desk, Held, Market
from router.risk.deleverage.policy import cuts
from router.risk.margin.tiers import flat, table

USDC = Asset(AssetId("USDC"), 6)
ETH, BTC = AssetId("ETH"), AssetId("BTC")
ANNA, BERT = AccountId("hyperliquid:anna"), AccountId("paradex:bert")
DEEP = 10**9
MARK = Fraction(1_000)
RULES = ZoneRules(
    venue=VenueId("hyperliquid"),
    early_pips=Pips(400_000),
    soft_pips=Pips(600_000),
    hard_pips=Pips(800_000),
    target_pips=Pips(500_000),
    slice_max_pips=Pips(1_000_000),
    cost_max_pips=Pips(1_000),
)


def instrument(account, asset, **changes):
    plain = Instrument(
        id=InstrumentId(f"{account}:{asset}"),
        venue=VenueId(account.partition(":")[0]),
        symbol=asset,
        kind=InstrumentKind.PERP_BOOK,
        base=Asset(asset, 4),
        quote=USDC,
        account=account,
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(0),
    )
    return replace(plain, **changes)


def market(account, asset, *, bids=((MARK, DEEP),), asks=((MARK, DEEP),), mark=MARK, **changes):
    """Return a market without a spread, as deep as can be, unless told otherwise."""
    levels = [tuple((Fraction(p), n) for p, n in side) for side in (bids, asks)]
    return Market(instrument(account, asset, **changes), Fraction(mark), *levels)


def held(account, asset, lots, *, tiers=None):
    # 25x: maintenance is a fiftieth of the notional.
    return Held(account, instrument(account, asset).id, lots, tiers or flat(25))


def needy(equity, *, zone=Zone.HARD, rules=RULES, account=ANNA, at_mark=None, elsewhere=0):
    worth = Fraction(equity)
    told = worth if at_mark is None else Fraction(at_mark)
    return Account(account, rules, zone, worth, told, Fraction(elsewhere))


def desk(accounts, positions, markets, *, spot=None, unknown=()):
    by_id = {m.instrument.id: m for m in markets}
    net = {ETH: Fraction(0), BTC: Fraction(0)}
    for position in positions:
        if position.instrument in by_id:
            one = by_id[position.instrument]
            net[one.instrument.base.id] += position.lots * one.lot
    for asset, units in (spot or {}).items():
        net[asset] += units
    known = tuple(p for p in positions if p.instrument in by_id)
    return Desk(tuple(accounts), known, by_id, net, frozenset(unknown), Pips(50_000))


def changes(found):
    return {cut.instrument: cut.lots for cut in found}


def test_an_account_that_is_not_near_is_left_alone():
    one = desk([needy(1, zone=Zone.EARLY)], [held(ANNA, ETH, 1_000)], [market(ANNA, ETH)])

    assert cuts(one) == ()


def test_as_much_is_cut_as_leads_to_the_target():
    # 1,000 lots at 1,000: maintenance 20,000 of 25,000 is 80 %. At no cost, 50 % is maintenance of
    # 12,500: 625 lots; 375 are cut.
    one = desk([needy(25_000)], [held(ANNA, ETH, 1_000)], [market(ANNA, ETH)])

    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -375}


def test_what_cutting_costs_is_made_up_for():
    # Sold at 990, mid 995 is what a lot is worth: 5 a lot are lost, 19.9 released. Equity 24,875
    # and maintenance 19,900: 19,900 - 19.9 n <= (24,875 - 5 n) / 2 first at n = 429.
    thin = market(ANNA, ETH, bids=((990, DEEP),))
    one = desk([needy(24_875, at_mark=29_875)], [held(ANNA, ETH, 1_000)], [thin])

    (cut,) = cuts(one)

    assert cut.lots == -429
    # No more than what it releases, a fiftieth.
    assert cut.slippage_max_pips == 20_000


def test_a_short_is_bought_back():
    one = desk([needy(25_000)], [held(ANNA, ETH, -1_000)], [market(ANNA, ETH)])

    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": 375}


def test_what_releases_most_for_its_cost_goes_first():
    # Half a per mille of either is paid; a lot of BTC keeps twice the margin.
    costly = ((Fraction(9_990, 10), DEEP),)
    positions = [held(ANNA, ETH, 1_000), held(ANNA, BTC, 1_000, tiers=table((0, 12)))]
    one = desk(
        [needy(100_000)],
        positions,
        [market(ANNA, ETH, bids=costly), market(ANNA, BTC, bids=costly)],
    )

    assert list(changes(cuts(one))) == ["hyperliquid:anna:BTC"]


def test_the_cheaper_of_two_alike_goes_first():
    dear, cheap = ((Fraction(990), DEEP),), ((Fraction(999), DEEP),)
    positions = [held(ANNA, ETH, 500), held(ANNA, BTC, 500)]
    one = desk(
        [needy(25_000)], positions, [market(ANNA, ETH, bids=dear), market(ANNA, BTC, bids=cheap)]
    )

    assert next(iter(changes(cuts(one)))) == "hyperliquid:anna:BTC"


def test_the_highest_tier_is_counted_as_long_as_the_position_is_in_it():
    # Above 600,000 a lot keeps 50 (10x), below it 20 (25x): 12,000 + 20,000 of an equity of 40,000.
    # To 20,000: 240 lots at 50 release 12,000.
    tiers = table((0, 25), (600_000, 10))
    one = desk([needy(40_000)], [held(ANNA, ETH, 1_000, tiers=tiers)], [market(ANNA, ETH)])
    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -240}

    # Of an equity of 20,000, to 10,000: all 400 lots of the upper tier release 20,000, then 100.
    one = desk([needy(20_000)], [held(ANNA, ETH, 1_000, tiers=tiers)], [market(ANNA, ETH)])
    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -500}


def test_a_slice_is_no_more_than_its_share_of_what_the_book_shows():
    rules = replace(RULES, slice_max_pips=Pips(100_000))
    one = desk(
        [needy(25_000, rules=rules)],
        [held(ANNA, ETH, 1_000)],
        [market(ANNA, ETH, bids=((MARK, 600), (999, 400)))],
    )

    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -100}


@pytest.mark.parametrize(("zone", "lots"), [(Zone.SOFT, -100), (Zone.HARD, -380)])
def test_only_the_hard_zone_pays_more_than_what_costs_little(zone, lots):
    # 100 lots at the mid, the rest 1 % away: too dear for a tenth of a percent. In the hard zone
    # 20,000 - 20 n <= (25,000 - 10 (n - 100)) / 2 first at n = 467; a book of 480 shows 380 more.
    bids = ((MARK, 100), (990, 280))
    one = desk([needy(25_000, zone=zone)], [held(ANNA, ETH, 1_000)], [market(ANNA, ETH, bids=bids)])

    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": lots}


def test_nothing_is_cut_that_costs_more_than_it_releases():
    # 3 % from the mid where a lot releases 2 %.
    thin = market(ANNA, ETH, bids=((970, DEEP),), asks=((1_030, DEEP),))
    one = desk([needy(25_000)], [held(ANNA, ETH, 1_000)], [thin])

    assert cuts(one) == ()


def test_no_cut_brings_the_account_below_its_margin_at_the_venues_mark():
    # The book is 3 % below the mark. At the mark 25,000 are kept by 20,000; a lot sold at 970 loses
    # 30 there and releases 20: 500 lots use up the room. What they are worth is 970: no equity.
    below = market(ANNA, ETH, bids=((970, DEEP),), asks=((970, DEEP),))
    one = desk([needy(-5_000, at_mark=25_000)], [held(ANNA, ETH, 1_000)], [below])

    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -500}


def test_a_rest_too_small_for_an_order_goes_along():
    # 375 lots would do; of 380, 5 would be left, where an order is 10 at least.
    small = market(ANNA, ETH, notional_min_atoms=9_000)
    one = desk([needy(100, elsewhere=0)], [held(ANNA, ETH, 380)], [small])
    all_of_it = changes(cuts(one))
    assert all_of_it == {"hyperliquid:anna:ETH": -380}

    one = desk([needy(2 * 20 * 5)], [held(ANNA, ETH, 380)], [small])
    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -380}


def test_less_than_an_order_is_made_an_order():
    # One lot would do; the least order is ten.
    small = market(ANNA, ETH, notional_min_atoms=9_000)
    one = desk([needy(39_980)], [held(ANNA, ETH, 1_000)], [small])

    assert changes(cuts(one)) == {"hyperliquid:anna:ETH": -10}


# One lot is bid for as good as the mark; the other nine of the smallest order go at 900.
@pytest.mark.parametrize(("zone", "equity"), [(Zone.SOFT, 30_000), (Zone.HARD, 22_000)])
def test_the_smallest_order_is_not_sent_where_all_of_it_is_too_dear(zone, equity):
    bids, asks = ((Fraction("999.9"), 1), (900, DEEP)), ((Fraction("1000.1"), DEEP),)
    thin = market(ANNA, ETH, bids=bids, asks=asks, notional_min_atoms=9_000)

    assert cuts(desk([needy(equity, zone=zone)], [held(ANNA, ETH, 1_000)], [thin])) == ()


def test_the_smallest_order_too_leaves_the_account_above_its_margin_at_the_venues_mark():
    # At the mark a lot sold at 981 costs 19 and releases 15.625; there is room for five, not for
    # the ten of the smallest order.
    late = market(ANNA, ETH, bids=((981, DEEP),), asks=((981, DEEP),), notional_min_atoms=9_000)
    margin = flat(32)
    kept = Fraction(1_000 * MARK, 64)
    one = needy(20_000, at_mark=kept + 20)

    assert cuts(desk([one], [held(ANNA, ETH, 1_000, tiers=margin)], [late])) == ()


# Hedges.


def pair(zone=Zone.HARD, *, short=-1_000, **changes):
    positions = [held(ANNA, ETH, 1_000), held(BERT, ETH, short)]
    return desk(
        [needy(25_000, zone=zone)],
        positions,
        [market(ANNA, ETH), market(BERT, ETH)],
        **changes,
    )


@pytest.mark.parametrize("zone", [Zone.SOFT, Zone.HARD])
def test_a_hedged_position_is_cut_together_with_its_hedge(zone):
    assert changes(cuts(pair(zone))) == {
        "hyperliquid:anna:ETH": -375,
        "paradex:bert:ETH": 375,
    }


def test_a_cut_says_what_it_is_the_hedge_of_unless_its_own_account_is_near():
    own, other = cuts(pair())
    assert (own.hedges, other.hedges) == ((), (own.instrument,))

    both = replace(pair(), accounts=(needy(25_000), needy(24_000, account=BERT)))
    assert [cut.hedges for cut in cuts(both)] == [(), ()]
    calm = replace(both, accounts=(needy(25_000, zone=Zone.SOFT), both.accounts[1]))
    assert [cut.hedges for cut in cuts(calm)] == [(), (f"{BERT}:ETH",)]


def test_what_is_not_hedged_is_cut_before_what_is():
    # 300 lots are nobody's hedge; 75 more go with their other side, where it is urgent.
    assert changes(cuts(pair(short=-700))) == {
        "hyperliquid:anna:ETH": -375,
        "paradex:bert:ETH": 75,
    }
    assert changes(cuts(pair(short=-200))) == {"hyperliquid:anna:ETH": -375}


def test_a_pair_is_cut_in_lots_of_both():
    # Lots of ten and of four at the other venue: twenty at a time.
    positions = [held(ANNA, ETH, 1_000), held(BERT, ETH, -2_500)]
    markets = [market(ANNA, ETH, lot_atoms=10), market(BERT, ETH, lot_atoms=4)]

    found = changes(cuts(desk([needy(25_000)], positions, markets)))

    assert found == {"hyperliquid:anna:ETH": -376, "paradex:bert:ETH": 940}


def test_a_hedge_is_cut_alone_only_in_the_hard_zone_when_its_other_side_cannot_trade():
    positions = [held(ANNA, ETH, 1_000), held(BERT, ETH, -1_000)]

    def out(zone):
        whole = desk([needy(25_000, zone=zone)], positions, [market(ANNA, ETH), market(BERT, ETH)])
        here = {i: m for i, m in whole.markets.items() if m.instrument.account == ANNA}
        return replace(whole, held=positions[:1], markets=here)

    assert cuts(out(Zone.SOFT)) == ()
    (cut,) = cuts(out(Zone.HARD))
    assert cut.lots == -375
    assert "alone" in cut.reason


def test_what_is_not_hedged_goes_before_a_hedge_that_can_only_be_cut_alone():
    # BTC is as long as ETH; the ETH hedges spot, of which nothing is sold here.
    positions = [held(ANNA, ETH, -1_000), held(ANNA, BTC, -1_000)]
    markets = [market(ANNA, ETH), market(ANNA, BTC)]
    spot = {ETH: Fraction(1_000, 10**4)}

    found = cuts(desk([needy(50_000)], positions, markets, spot=spot))

    assert changes(found) == {"hyperliquid:anna:BTC": 750}


def test_where_some_account_cannot_be_read_everything_may_be_a_hedge():
    assert cuts(pair(Zone.SOFT, unknown=[ETH])) == ()
    assert changes(cuts(pair(unknown=[ETH]))) == {"hyperliquid:anna:ETH": -375}


def test_within_an_account_the_side_that_outweighs_is_cut():
    # The short releases more for its cost, and keeps the account from losing more in a fall.
    positions = [held(ANNA, ETH, 1_000), held(ANNA, BTC, -500, tiers=flat(5))]
    one = desk([needy(80_000)], positions, [market(ANNA, ETH), market(ANNA, BTC)])

    found = changes(cuts(one))

    # Maintenance 20,000 + 50,000, to 40,000. Beyond 500 lots of ETH both shrink in turn.
    long, short = 1_000 + found["hyperliquid:anna:ETH"], 500 - found["hyperliquid:anna:BTC"]
    assert long * 20 + short * 100 <= 40_000
    assert abs(long - short) <= 75 + 50


def test_the_account_nearest_to_liquidation_gets_the_book_first():
    rules = replace(RULES, slice_max_pips=Pips(100_000))
    book = market(ANNA, ETH, bids=((MARK, 1_000),))
    cara = AccountId("hyperliquid:cara")
    shared = [
        Held(ANNA, book.instrument.id, 1_000, flat(25)),
        Held(cara, book.instrument.id, 1_000, flat(25)),
    ]
    accounts = [needy(24_000, rules=rules), needy(21_000, rules=rules, account=cara)]

    (cut,) = cuts(desk(accounts, shared, [book]))

    assert cut.lots == -100
    assert cut.reason.startswith(cara)
