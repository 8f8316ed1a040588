"""The way between us and a venue: it delays, loses, repeats and reorders what is said.

What has left arrives whether or not who sent it still lives, and whether or not anybody is told.
Refuses to change anything: every word arrives as it was sent, or not at all.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final, TypeVar

from router.simulation.weather import Weather

T = TypeVar("T")

_PATIENCE_S: Final = 4.0  # then an answer is not waited for any longer


class UnreachableError(Exception):
    """Nothing has left."""


class NoAnswerError(Exception):
    """It has left; whether it arrived nobody knows."""


class Link:
    """One way to one venue.

    Parameters
    ----------
    weather : function
        What may go wrong now.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, rng: Random, weather: Callable[[], Weather]
    ) -> None:
        self._loop = loop
        self._rng = rng
        self._weather = weather
        self._silent_until_s = 0.0

    async def ask(self, arrive: Callable[[], T]) -> T:
        """Have `arrive` happen at the venue, and return what it says.

        Raises
        ------
        UnreachableError
            If it cannot have arrived.
        NoAnswerError
            If no answer came in time; it may have arrived, may arrive still, and more than once.
        """
        weather, rng = self._weather(), self._rng
        if rng.random() < weather.unreachable:
            raise UnreachableError("the venue could not be reached")
        if rng.random() < weather.silence:
            self._silent_until_s = self._loop.time() + rng.random() * weather.silence_s
        answer: asyncio.Future[T] = self._loop.create_future()
        copies = 2 if rng.random() < weather.duplicate else 1
        for _ in range(copies):
            if rng.random() >= weather.lose_request:
                self._loop.call_later(self._delay(), self._arrived, arrive, answer)
        expiry = self._loop.call_later(_PATIENCE_S, _expired, answer)
        try:
            return await answer
        finally:
            expiry.cancel()

    def later(self, tell: Callable[[], None]) -> None:
        """Have the venue tell us something by itself; it may be lost."""
        if self._rng.random() >= self._weather().lose_request:
            self._loop.call_later(self._delay(), tell)

    def _delay(self) -> float:
        weather, rng = self._weather(), self._rng
        taken = weather.latency_s * (0.5 + rng.random())
        if rng.random() < weather.slow:
            taken += rng.random() * weather.slow_s
        return max(taken, self._silent_until_s - self._loop.time())

    def _arrived(self, arrive: Callable[[], T], answer: "asyncio.Future[T]") -> None:
        said = arrive()
        if self._rng.random() >= self._weather().lose_reply:
            self._loop.call_later(self._delay(), _answered, answer, said)


def _answered(answer: "asyncio.Future[T]", said: T) -> None:
    if not answer.done():
        answer.set_result(said)


def _expired(answer: "asyncio.Future[T]") -> None:
    if not answer.done():
        answer.set_exception(NoAnswerError("no answer came in time"))
