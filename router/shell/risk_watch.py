"""Assesses the accounts at an interval, and before a plan where that was not done lately."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from router.algo.in_flight import reservations
from router.domain.event import Event, RiskAssessed
from router.domain.risk import Assessment, GateRules
from router.domain.units import AssetId, DurationNs
from router.port import Clock
from router.risk.assessment import RiskReport, assess
from router.shell.reader import Reader
from router.state.world import World

Told: TypeAlias = Callable[[RiskReport], None]


class RiskWatch:
    """Reads, assesses, and posts what was found."""

    def __init__(
        self,
        reader: Reader,
        *,
        clock: Clock,
        world: Callable[[], World],
        post: Callable[[Event], None],
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._world = world
        self._post = post
        self._lock = asyncio.Lock()
        self._posted: Assessment | None = None
        self._watchers: list[Told] = []
        self._changed = asyncio.Event()

    def watch(self, told: Told) -> None:
        """Call `told` with every report."""
        self._watchers.append(told)

    def unwatch(self, told: Told) -> None:
        """Stop calling `told`."""
        self._watchers.remove(told)

    def limits_changed(self) -> None:
        """Take that there may be rules now where there were none."""
        self._changed.set()

    async def run(self) -> None:
        """Assess at the interval until cancelled; what changes nothing is not put on record."""
        while True:
            rules = self._rules
            if rules is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._clock.sleep(rules.interval)
            async with self._lock:
                report = await self.report()
                if self._is_news(report.assessment):
                    self._record(report.assessment)
            self._tell(report)

    async def refresh(self) -> None:
        """See to it that what is on record was found within an interval: a plan comes next."""
        rules = self._rules
        if rules is None:
            return
        async with self._lock:
            if self._is_fresh(rules.interval):
                return
            report = await self.report()
            self._record(report.assessment)
        self._tell(report)

    async def report(self) -> RiskReport:
        """Read all there is to read and return what it comes to; posts nothing."""
        epoch = self._world().epoch
        survey = await self._reader.survey(_quote(self._world()))
        world = self._world()
        taken = reservations(world.in_flight, survey.observation, world.limits)
        # Beside the event loop: a large desk in distress takes its time, and a halt must not wait.
        return await asyncio.to_thread(
            assess, world, survey, epoch=epoch, at=self._clock.now(), reservations=taken
        )

    @property
    def _rules(self) -> GateRules | None:
        world = self._world()
        return None if world.started is None else world.limits.gate

    # What is to be cut still is told again: the last try may have come to nothing.
    def _is_news(self, now: Assessment) -> bool:
        is_same = self._posted is not None and _verdict(self._posted) == _verdict(now)
        return bool(now.cuts) or not is_same

    def _is_fresh(self, interval: DurationNs) -> bool:
        return self._posted is not None and self._clock.now() - self._posted.at < interval

    def _record(self, assessment: Assessment) -> None:
        self._posted = assessment
        self._post(RiskAssessed(assessment))

    def _tell(self, report: RiskReport) -> None:
        for told in tuple(self._watchers):
            told(report)


# What decisions depend on; numbers that move within it are for whoever looks.
def _verdict(assessment: Assessment) -> tuple[object, ...]:
    accounts = tuple(
        (a.account, a.zone, a.unknown, a.worst is not None and a.worst.room_atoms < 0)
        for a in assessment.accounts
    )
    return accounts, assessment.cuts


# Gas is priced in what most markets are quoted in.
def _quote(world: World) -> AssetId:
    quotes = [i.quote.id for i in world.configured]
    return max(quotes, key=quotes.count)
