import asyncio
from dataclasses import replace

from router.domain.error import VenueError
from router.domain.event import EngineStarted, FundingObserved
from router.domain.funding import FundingSample
from router.domain.units import AssetId, Pico, VenueId
from router.port import TellsFunding
from router.shell.funding_poll import FIRST_AFTER, RETRY_AFTER, FundingPoll
from router.state.world import World
from tests.unit.engine.scene import LIMITS, PERP, POOL, T0
from tests.unit.risk.funding_watch.series import OWN, RULES, sample
from tests.unit.shell.floor import JumpClock, run


class Teller:
    """Answers as told, one answer after the other, the last for ever."""

    def __init__(self, *answers, name=OWN):
        self.id = VenueId(name)
        self.answers = list(answers)
        self.asked_at = []
        self.asked = asyncio.Event()
        self.clock = None

    async def read_funding(self) -> tuple[FundingSample, ...]:
        self.asked_at.append(self.clock.now() - T0)
        self.asked.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


RATE = sample(OWN, Pico(5), T0)
DOWN = VenueError(VenueId(OWN), "predictedFundings: no answer")


def poll_of(*tellers, rules=RULES):
    clock, posted = JumpClock(), []
    limits = replace(LIMITS, funding=rules)
    world = World(started=EngineStarted("journal", (POOL, PERP), limits, "test", T0))
    for teller in tellers:
        teller.clock = clock
    made = FundingPoll(tellers, clock=clock, world=lambda: world, post=posted.append)
    return made, posted


async def until(poll, teller, times):
    task = asyncio.create_task(poll.run())
    while len(teller.asked_at) < times:
        teller.asked.clear()
        await teller.asked.wait()
    task.cancel()
    await asyncio.wait([task])


def test_a_teller_is_what_the_protocol_says():
    assert isinstance(Teller(()), TellsFunding)
    assert not isinstance(object(), TellsFunding)


def test_what_is_told_of_configured_assets_is_posted():
    other = replace(RATE, asset=AssetId("DOGE"))
    poll, posted = poll_of(Teller((RATE, other)))

    assert run(poll.poll())
    assert posted == [FundingObserved((RATE,), T0)]


def test_nothing_told_is_nothing_posted():
    poll, posted = poll_of(Teller(()))

    assert run(poll.poll())
    assert posted == []


def test_one_that_does_not_answer_keeps_no_other_from_being_heard():
    poll, posted = poll_of(Teller(DOWN), Teller((RATE,), name="other"))

    assert not run(poll.poll())
    assert posted == [FundingObserved((RATE,), T0)]


def test_it_is_asked_soon_then_at_the_interval_and_sooner_after_a_failure():
    teller = Teller((RATE,), DOWN, (RATE,))
    poll, _ = poll_of(teller)

    run(until(poll, teller, 4))

    first = FIRST_AFTER
    second = first + RULES.interval
    third = second + RETRY_AFTER
    assert teller.asked_at == [first, second, third, third + RULES.interval]


def test_without_rules_nobody_is_asked_until_there_are_some():
    async def story():
        teller = Teller((RATE,))
        clock, worlds = JumpClock(), []
        teller.clock = clock
        for rules in (None, RULES):
            limits = replace(LIMITS, funding=rules)
            worlds.append(World(started=EngineStarted("journal", (POOL, PERP), limits, "test", T0)))
        now = [worlds[0]]
        poll = FundingPoll((teller,), clock=clock, world=lambda: now[0], post=lambda _: None)
        task = asyncio.create_task(poll.run())
        for _ in range(20):
            await asyncio.sleep(0)
        before = list(teller.asked_at)
        now[0] = worlds[1]
        poll.limits_changed()
        await teller.asked.wait()
        task.cancel()
        await asyncio.wait([task])
        return before

    assert run(story()) == []
