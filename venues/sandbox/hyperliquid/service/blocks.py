"""Time made into blocks: what waits in the mempool is applied, and everybody is told.

Two cadences. Without a block time every action is a block of its own, at once. With one, actions
wait for the next block and are answered after it, as at the venue. Time that passed unattended is
made up step by step, so that nothing that was due is skipped, and in portions that end with the
first step after which they have taken long enough: sockets get their turn however much is due.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from venues.sandbox.hyperliquid.actions import envelope
from venues.sandbox.hyperliquid.config import Clock
from venues.sandbox.hyperliquid.service.clock import VenueClock
from venues.sandbox.hyperliquid.venue import Venue

PORTION_STEPS_MAX = 16
PORTION_MS = 10
"""After so much work no further step is begun in the same portion."""


class Scene(Protocol):
    """Who trades besides the clients."""

    def act(self, now_ms: int) -> None:
        """Do what is due at this moment."""


class Blocks:
    """The mempool, and the only code that moves the venue's time.

    Parameters
    ----------
    tell : callable
        Told after every block.
    timer : callable
        Milliseconds of the clock by which a portion of work is measured.
    """

    def __init__(
        self,
        venue: Venue,
        clock: VenueClock,
        *,
        scene: Scene | None,
        tell: Callable[[], None],
        timer: Clock,
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._scene = scene
        self._tell = tell
        self._timer = timer
        self._is_blockwise = venue.config.block_ms > 0
        self._pending: list[tuple[object, asyncio.Future[dict[str, Any]]]] = []

    async def exchange(self, body: object) -> dict[str, Any]:
        """Return the answer to a `POST /exchange` body once its block is made.

        Raises
        ------
        reading.MalformedError
            The body cannot be deserialised; nothing happened.
        """
        if not self._is_blockwise:
            self.settle()
            return self._venue.exchange(body)
        envelope.read(body)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending.append((body, answer))
        return await answer

    def pending_count(self) -> int:
        """Return how many actions wait for their block."""
        return len(self._pending)

    def settle(self) -> bool:
        """Make a portion of the blocks that are due; False when some may be left."""
        until_ms = self._timer() + PORTION_MS
        for _ in range(PORTION_STEPS_MAX):
            if not self._clock.step():
                return True
            self._make()
            if self._timer() >= until_ms:
                break
        return False

    def catch_up(self) -> None:
        """Make every block that is due now, however long that takes."""
        until_ms = self._clock.target_ms()
        while not self.settle() and self._clock() < until_ms:
            pass

    def _make(self) -> None:
        if self._scene is not None:
            self._scene.act(self._clock())
        if self._is_blockwise:
            self._apply_pending()
        else:
            self._venue.advance()
        self._tell()

    def _apply_pending(self) -> None:
        pending, self._pending = self._pending, []
        try:
            answers = self._venue.block(self._clock(), [body for body, _ in pending])
        except BaseException as error:
            for _, waiting in pending:
                if not waiting.done():
                    waiting.set_exception(error)
            raise
        for (_, waiting), answer in zip(pending, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
