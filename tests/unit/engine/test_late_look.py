"""A look at what waited, which comes once that has ended, is no state to plan on."""

from dataclasses import replace

from router.domain.command import ObserveMarket
from router.domain.event import MarketObserved
from tests.unit.engine.scene import CHAIN, MARGIN, observation
from tests.unit.engine.test_resting import begun


def test_a_look_that_comes_after_what_waited_has_ended_is_no_state_to_plan_on():
    desk, asked = begun()
    child = desk.post(asked)
    desk.wake(asked)  # asks for the book alone
    desk.hit(child)
    assert desk.command(ObserveMarket).accounts == (CHAIN, MARGIN)

    only = replace(observation(), pools=(), books=(desk.book(),), accounts=(), gas=())
    desk.feed(MarketObserved(asked.id, only, desk.tick()))

    assert desk.command(ObserveMarket).accounts == (CHAIN, MARGIN)
    assert desk.posted(asked).id != child.id
