"""What waits at a book when something else happens: late news, switches, amendments, refusals."""

from dataclasses import replace

from router.domain.amend import Amendment
from router.domain.command import CancelChild, ObserveMarket, SignChild
from router.domain.event import AmendRequested, ChildNotSent, MarketObserved, SwitchSet
from router.domain.order import TimeInForce
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount
from router.state.world import Phase
from tests.unit.engine.scene import ETHER, MARGIN, accounts, observation
from tests.unit.engine.test_resting import S, begun, iceberg


def only_the_book(desk):
    return replace(observation(), pools=(), books=(desk.book(),), accounts=(), gas=())


def amended(desk, asked, ethers):
    terms = Amendment(quantity=Amount(asked.quantity.asset, ethers * ETHER))
    desk.feed(AmendRequested(asked.id, f"more-{ethers}", terms, "ann", desk.tick()))


def switched(desk, state):
    at = desk.tick()
    desk.feed(SwitchSet(SwitchSetting(FIRM, state, "ann", "enough", at), at))


def test_a_look_that_comes_after_the_fill_is_no_ground_for_a_plan():
    desk, asked = begun()
    child = desk.post(asked)
    desk.wake(asked)

    desk.hit(child)
    desk.feed(MarketObserved(asked.id, only_the_book(desk), desk.tick()))

    assert desk.parent(asked).phase is Phase.OBSERVING
    assert desk.command(ObserveMarket).accounts
    assert desk.posted(asked).time_in_force is TimeInForce.POST_ONLY


def test_an_amendment_is_not_counted_as_following_the_price():
    desk, asked = begun(iceberg(reprices_max=0))
    child = desk.post(asked)

    amended(desk, asked, 8)
    desk.taken_back(child)

    second = desk.post(asked)
    assert second.time_in_force is TimeInForce.POST_ONLY
    assert second.legs[0].quantity.atoms == 2 * ETHER
    assert desk.statuses(asked) == [S.REPLACED, S.NEW]


def test_what_never_left_the_house_was_not_refused_at_its_price():
    desk, asked = begun(iceberg(reprices_max=0))
    child = desk.posted(asked)

    desk.feed(ChildNotSent(child.id, "the signer is away", desk.tick()))
    desk.wake(asked)

    again = desk.posted(asked)
    assert again.time_in_force is TimeInForce.POST_ONLY
    assert again.legs[0].limit_ticks == child.legs[0].limit_ticks


def test_what_could_open_a_position_waits_no_longer_where_positions_may_only_shrink():
    desk, asked = begun()
    child = desk.post(asked)

    switched(desk, TradingState.REDUCE_ONLY)

    assert desk.command(CancelChild).child == child
    desk.end(child, S.CANCELED)
    desk.wake(asked)
    desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))
    assert not [c for c in desk.commands if isinstance(c, SignChild)]


def test_what_shrinks_a_position_goes_on_waiting_where_positions_may_only_shrink():
    desk, asked = begun()
    short = accounts(lots=-100_000)
    assert short[1].account == MARGIN
    desk.seen = lambda: replace(
        type(desk).seen(desk), accounts=(type(desk).seen(desk).accounts[0], _newer(desk, short[1]))
    )
    switched(desk, TradingState.REDUCE_ONLY)
    child = desk.post(asked)
    assert child.reduces_only

    switched(desk, TradingState.REDUCE_ONLY)
    desk.look(asked)

    assert not [c for c in desk.commands if isinstance(c, CancelChild)]
    assert desk.statuses(asked) == [S.NEW]


def _newer(desk, account):
    return replace(account, at_venue=type(desk).seen(desk).accounts[1].at_venue)
