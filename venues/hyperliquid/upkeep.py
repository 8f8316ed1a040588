"""What has to be done beside orders while a stream runs, each in its own time.

The dead man's switch is moved on, the agent's approval looked at every hour, and the orders of the
trader are followed: what a lost stream may not have told is read, what is in doubt is asked about.
Refuses to stop for a venue that does not answer: everything is due again soon.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from router.domain.error import RejectedError, VenueError
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from venues.hyperliquid.account.dead_man import DeadMansSwitch
from venues.hyperliquid.spec import FUNDING_WINDOW
from venues.hyperliquid.startup import Access, Tools

UPKEEP_EVERY: Final = DurationNs(NS_PER_S)


class Upkeep:
    """The tasks beside one account's stream.

    Parameters
    ----------
    warn : function
        Takes a sentence on what somebody should look at today.
    is_stopped : function
        Tells whether nothing new may be traded: then resting orders are cancelled, and the dead
        man's switch is let go off, so that the venue cancels what may rest without our knowing.
    """

    def __init__(
        self, tools: Tools, *, warn: Callable[[str], None], is_stopped: Callable[[], bool]
    ) -> None:
        self._tools = tools
        self._warn = warn
        self._is_stopped = is_stopped
        self._switch = DeadMansSwitch(tools.config.dead_mans_switch_s)
        self._has_gap = False

    def missed_news(self) -> None:
        """Take that the stream may not have told everything."""
        self._has_gap = True

    async def run(self, access: Access) -> None:
        """Go on until cancelled."""
        # Apart, so that a question nobody answers does not keep the switch from being moved on.
        async with asyncio.TaskGroup() as group:
            group.create_task(self._guard(access))
            group.create_task(self._follow_orders(access))

    async def end(self, access: Access) -> None:
        """Disarm the dead man's switch."""
        if self._switch.must_disarm():
            with suppress(VenueError):  # then it goes off, and nothing of ours is left open
                await access.exchange.schedule_cancel(None)
                self._switch.disarmed()

    async def _guard(self, access: Access) -> None:
        while True:
            if self._is_stopped():
                await self._cancel_resting(access)
            else:
                await self._arm(access)
            if self._tools.agent.is_due(self._tools.clock.now()):
                await self._watch_agent(access)
                self._forget(access)
            await self._tools.clock.sleep(UPKEEP_EVERY)

    async def _follow_orders(self, access: Access) -> None:
        trader = access.trader
        while True:
            if self._has_gap and self._tools.stream.is_live and trader.has_traded:
                with suppress(VenueError):
                    await trader.catch_up()
                    self._has_gap = False
            if trader.orders.alive():
                await trader.settle(within=DurationNs(0))
            await self._tools.clock.sleep(UPKEEP_EVERY)

    # What the trader left resting here; what it does not know of is the dead man's switch's matter.
    async def _cancel_resting(self, access: Access) -> None:
        resting = access.trader.orders.alive()
        if resting:
            with suppress(VenueError):  # it is due again soon
                await access.trader.cancel(resting)

    async def _arm(self, access: Access) -> None:
        at_ms = self._switch.due(self._tools.clock.now())
        if at_ms is None:
            return
        try:
            await access.exchange.schedule_cancel(at_ms)
        except RejectedError as error:
            warning = self._switch.refused(str(error))
            if warning is not None:
                self._warn(warning)
        except VenueError:
            return  # it is due again soon
        else:
            self._switch.armed(at_ms)

    async def _watch_agent(self, access: Access) -> None:
        agent, now = self._tools.agent, self._tools.clock.now()
        try:
            agent.learn(await access.info.agents(self._tools.config.address), now=now)
        except VenueError:
            return  # what was known still holds
        warning = agent.warning(now)
        if warning is not None:
            self._warn(warning)

    # As often as the agent is looked at, which is often enough to bound what is remembered.
    def _forget(self, access: Access) -> None:
        access.trader.forget(before=TimestampNs(self._tools.clock.now() - FUNDING_WINDOW))
