"""What holds of the cuts of any desk: exposures, depth, cost, and the venue's own margin."""

from collections import defaultdict
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.risk import Zone, ZoneRules
from router.domain.units import PIPS_PER_UNIT, AccountId, AssetId, InstrumentId, Pips, VenueId
from router.risk.deleverage import cuts
from router.risk.deleverage.desk import Account, Desk, Held, Market
from router.risk.deleverage.slices import Remains
from router.risk.deleverage.ways import Kind
from router.risk.margin.tiers import table

ACCOUNTS = [AccountId("one:a"), AccountId("two:b"), AccountId("three:c")]
ASSETS = [AssetId("ETH"), AssetId("BTC")]
TIERS = table((0, 25), (400_000, 10), (1_000_000, 4))

few = settings(max_examples=40)  # a desk takes milliseconds to draw and to cut
lots = st.integers(-2_000, 2_000).filter(bool)
sizes = st.lists(st.integers(1, 800), min_size=1, max_size=4)
gaps = st.integers(1, 30)


@st.composite
def markets(draw, account, asset):
    mid = draw(st.integers(900, 1_100))
    bids, asks, away = [], [], 0
    for size in draw(sizes):
        away += draw(gaps)
        bids.append((Fraction(mid - away), size))
        asks.append((Fraction(mid + away), size))
    one = Instrument(
        id=InstrumentId(f"{account}:{asset}"),
        venue=VenueId(account.partition(":")[0]),
        symbol=asset,
        kind=InstrumentKind.PERP_BOOK,
        base=Asset(asset, 4),
        quote=Asset(AssetId("USDC"), 6),
        account=account,
        lot_atoms=draw(st.sampled_from((1, 2, 5))),
        notional_min_atoms=0,
        fee_pips=Pips(draw(st.sampled_from((0, 450)))),
    )
    mark = Fraction(mid + draw(st.integers(-40, 40)))
    return Market(one, mark, tuple(bids), tuple(asks), Fraction(1_500_000))


@st.composite
def desks(draw, zones=(Zone.SAFE, Zone.SOFT, Zone.HARD, Zone.LIQUIDATED)):
    rules = ZoneRules(
        venue=VenueId("one"),
        early_pips=Pips(300_000),
        soft_pips=Pips(400_000),
        hard_pips=Pips(600_000),
        target_pips=Pips(draw(st.integers(50_000, 390_000))),
        slice_max_pips=Pips(draw(st.integers(10_000, 1_000_000))),
        cost_max_pips=Pips(draw(st.integers(500, 30_000))),
    )
    places = [(a, s) for a in ACCOUNTS for s in ASSETS]
    taken = draw(st.lists(st.sampled_from(places), min_size=1, max_size=6, unique=True))
    found = [draw(markets(*place)) for place in taken]
    held = tuple(Held(m.instrument.account, m.instrument.id, draw(lots), TIERS) for m in found)
    net = defaultdict(Fraction, {a: Fraction(draw(st.integers(-50, 50)), 1_000) for a in ASSETS})
    for position, market in zip(held, found, strict=True):
        net[market.instrument.base.id] += position.lots * market.lot
    accounts = tuple(
        Account(
            name,
            rules,
            draw(st.sampled_from(zones)),
            equity=Fraction(draw(st.integers(-10_000, 200_000))),
            equity_at_mark=Fraction(draw(st.integers(-10_000, 200_000))),
            elsewhere=Fraction(0),
        )
        for name in ACCOUNTS
    )
    unknown = frozenset(draw(st.lists(st.sampled_from(ASSETS), max_size=1)))
    by_id = {m.instrument.id: m for m in found}
    return Desk(accounts, held, by_id, dict(net), unknown, Pips(50_000))


def after(desk, found):
    """Return what is left when all cuts are filled at what the books show."""
    remains = Remains(desk)
    for cut in found:
        (held,) = [h for h in desk.held if h.instrument == cut.instrument]
        remains.cut(held, abs(cut.lots))
    return remains


@few
@given(desks())
def test_every_cut_makes_a_position_smaller_and_never_turns_it(desk):
    found = cuts(desk)

    assert len({c.instrument for c in found}) == len(found)
    for cut in found:
        (held,) = [h for h in desk.held if h.instrument == cut.instrument]
        assert held.lots * cut.lots < 0
        assert abs(cut.lots) <= abs(held.lots)
        assert 0 < cut.slippage_max_pips <= desk.slippage_max_pips


@few
@given(desks())
def test_no_exposure_of_the_firm_grows_unless_a_hedge_had_to_go_alone(desk):
    found = cuts(desk)
    alone = {desk.markets[c.instrument].instrument.base.id for c in found if "alone" in c.reason}

    left = after(desk, found).net

    for asset, quantity in desk.net.items():
        assert asset in alone or abs(left[asset]) <= abs(quantity)


@few
@given(desks())
def test_a_hedge_goes_alone_only_where_an_account_is_about_to_be_liquidated(desk):
    urgent = {a.id for a in desk.accounts if a.zone in {Zone.HARD, Zone.LIQUIDATED}}

    for cut in cuts(desk):
        if "alone" in cut.reason:
            assert desk.markets[cut.instrument].instrument.account in urgent


@few
@given(desks())
def test_every_cut_says_whether_it_was_a_hedge(desk):
    for cut in cuts(desk):
        assert cut.reason.endswith(tuple(kind.value for kind in Kind))


@few
@given(desks())
def test_no_slice_is_more_than_its_share_of_the_book_or_than_one_order(desk):
    share = desk.accounts[0].rules.slice_max_pips

    for cut in cuts(desk):
        market = desk.markets[cut.instrument]
        shown = sum(n for _, n in market.closing(is_long=cut.lots < 0))
        assert abs(cut.lots) <= shown * share // PIPS_PER_UNIT
        assert abs(cut.lots) * market.mid <= market.notional_max


@few
@given(desks(zones=(Zone.SAFE, Zone.SOFT)))
def test_in_the_soft_zone_nothing_dear_is_cut(desk):
    remains, most = Remains(desk), desk.accounts[0].rules.cost_max_pips

    for cut in cuts(desk):
        (held,) = [h for h in desk.held if h.instrument == cut.instrument]
        worth = abs(cut.lots) * desk.markets[cut.instrument].fair(is_long=held.is_long)
        assert remains.closing(held, abs(cut.lots)).paid * PIPS_PER_UNIT <= most * worth


@few
@given(desks())
def test_no_cut_makes_the_venue_act(desk):
    found = cuts(desk)
    left, before = after(desk, found), Remains(desk)

    for account in desk.accounts:
        room = account.equity_at_mark - before.maintenance(account.id, at_mark=True)
        own = [h for h in desk.held if h.account == account.id]
        sold = {c.instrument: abs(c.lots) for c in found}
        lost = sum(
            before.closing(h, sold[h.instrument]).lost_at_mark for h in own if h.instrument in sold
        )
        needy = account.zone is not Zone.SAFE
        if needy and room >= 0 and not any(_is_partner(found, h) for h in own):
            assert account.equity_at_mark - lost >= left.maintenance(account.id, at_mark=True)


# Whether a position was cut for another account's sake: what that one's cut does is not its own.
def _is_partner(found, held):
    return any(
        c.instrument == held.instrument and not c.reason.startswith(held.account) for c in found
    )
