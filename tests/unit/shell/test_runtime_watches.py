"""What the runtime asks beside its orders: funding of venues that tell it, prices of indices."""

import asyncio
from dataclasses import replace

from router.domain.event import FundingObserved, LimitsChanged
from router.domain.funding import FundingState
from router.domain.price import PriceKind
from router.domain.units import Pico
from router.shell.reader import Reader
from tests.unit.engine.scene import CHAIN, ETH, LIMITS, PERP, POOL, USDC
from tests.unit.risk.funding_watch.series import CAP, OWN, RULES, sample
from tests.unit.risk.price_guard.scene import index
from tests.unit.shell.floor import FakeVenue, Floor, events, opened, run


class Candid(FakeVenue):
    """A venue that tells funding at half of its cap and more, once.

    Hours pass in no time on this clock: asked each hour it would put record after record before
    the disk has taken the first one.
    """

    has_told = False

    async def read_funding(self):
        if self.has_told:
            await asyncio.Event().wait()
        self.has_told = True
        return (sample(OWN, Pico(CAP), self.clock.now()),)


class Index:
    name = "desk"

    async def read_prices(self):
        return (index("desk", 3_001),)


def floor_of(*, indices=()):
    floor = Floor()
    perp = Candid(PERP, floor.perp.account, floor.perp.opening)
    perp.clock = floor.clock
    venues = {POOL.venue: floor.chain, PERP.venue: perp}
    floor.reader = Reader(
        venues, floor.market, natives={POOL.venue: ETH.id}, clock=floor.clock, indices=indices
    )
    return floor


def test_funding_is_asked_for_once_rules_are_there_and_its_alarm_is_on_record(tmp_path):
    async def story():
        floor, heard = floor_of(), asyncio.Event()
        async with opened(tmp_path / "a.journal") as journal, floor.running(journal) as runtime:
            runtime.watch(
                lambda event, _: heard.set() if isinstance(event, FundingObserved) else None
            )
            limits = replace(LIMITS, funding=RULES)
            runtime.post(LimitsChanged(limits, "test", floor.clock.now()))
            await heard.wait()
            return runtime.world

    world = run(story())

    assert world.funding.standings[PERP.id].state is FundingState.ALARMED
    assert any(isinstance(event, FundingObserved) for event in events(tmp_path / "a.journal"))


def test_what_an_index_says_is_in_the_next_observation(tmp_path):
    async def story():
        told = Index()
        floor, told.asked = floor_of(indices=(told,)), asyncio.Event()
        keep = floor.reader.keep_prices
        floor.reader.keep_prices = lambda *said: (keep(*said), told.asked.set())
        async with opened(tmp_path / "a.journal") as journal, floor.running(journal):
            await told.asked.wait()
            await floor.chain.streamed(1)
            return await floor.reader.observe((POOL.id,), (CHAIN,), quote=USDC.id)

    seen = run(story())

    assert (PriceKind.INDEX, "desk") in {(p.kind, p.source) for p in seen.prices}
