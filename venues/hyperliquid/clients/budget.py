"""What may still be sent: the venue's two rations as one resource. Pure but for the clock.

By address of the network every request has a weight, 1,200 of it a minute. By account every order
and cancel counts, against a cap that grows with the volume traded; once it is reached one request
every ten seconds is left, and more for cancels. A reserve of weight is kept for cancels. Refuses
what the venue would refuse, before it is sent; what the venue says of its own count is believed.
"""

import re
from collections import deque
from enum import Enum
from typing import Final

from router.domain.account import RequestBudget
from router.domain.error import NotSentError
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.port import Clock
from venues.hyperliquid import wire
from venues.hyperliquid.spec import VENUE

WEIGHT_PER_WINDOW: Final = 1_200
WINDOW: Final = DurationNs(60 * NS_PER_S)
CANCEL_RESERVE: Final = 100  # of the weight
QUESTION_RESERVE: Final = 300  # of the weight: what questions leave to orders and cancels
SLOW_LANE_EVERY: Final = DurationNs(10 * NS_PER_S)  # one request, once the cap is reached
CANCEL_EXTRA: Final = 100_000
_ITEMS_PER_WEIGHT: Final = 40  # of a batch
_COUNTS = re.compile(r"Too many cumulative requests sent \((\d+) > (\d+)\)")


class Purpose(Enum):
    """What a request is for; the venue counts the same, and we keep more for some."""

    QUESTION = "question"
    ORDER = "order"
    CANCEL = "cancel"


_KEPT: Final = {
    Purpose.QUESTION: QUESTION_RESERVE,
    Purpose.ORDER: CANCEL_RESERVE,
    Purpose.CANCEL: 0,
}


class Budget:
    """The rations of one account, at one address of the network.

    Until `learn` is told what the venue has counted, requests by account are not limited.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: deque[tuple[TimestampNs, int]] = deque()
        self._weight = 0
        self._used = 0
        self._cap: int | None = None
        self._slow_at: TimestampNs | None = None  # when the slow lane was last used

    def ask(self, weight: int) -> None:
        """Spend weight on a question.

        Raises
        ------
        NotSentError
            If that would take what is kept for orders and cancels.
        """
        self._spend_weight(weight, Purpose.QUESTION)

    def act(self, count: int = 1, *, purpose: Purpose = Purpose.ORDER) -> None:
        """Spend on one action with `count` orders or cancels in it.

        Raises
        ------
        NotSentError
            If the venue would refuse it, or if it would take what is kept for cancels.
        """
        self._check_account(count, purpose)
        self._spend_weight(action_weight(count), purpose)
        if self._cap is not None and self._used + count > self._limit(purpose):
            self._slow_at = self._clock.now()
        self._used += count

    def left(self) -> RequestBudget:
        """Return how many orders and cancels may be sent now, each in an action of its own."""
        return RequestBudget(orders=self._left(Purpose.ORDER), cancels=self._left(Purpose.CANCEL))

    def weight_left(self) -> int:
        """Return the weight that is left in this window, the reserve included."""
        self._pass_time()
        return WEIGHT_PER_WINDOW - self._weight

    def learn(self, told: wire.RateLimit) -> None:
        """Take what the venue has counted."""
        self._used = told.used
        self._cap = told.cap + (told.surplus or 0)

    def refused(self, text: str) -> None:
        """Take the words of a refusal: where they give the venue's count, it is learned."""
        counts = _COUNTS.search(text)
        if counts is not None:
            self._used, self._cap = int(counts[1]), int(counts[2])
            self._slow_at = self._clock.now()

    def owe(self, weight: int) -> None:
        """Take what an answer weighs by its rows: it was given, whatever is left."""
        self._spent.append((self._clock.now(), weight))
        self._weight += weight

    def overdrawn(self) -> None:
        """Take an HTTP 429: the venue counts more than we do, and the window is used up."""
        weight = self.weight_left()
        if weight > 0:
            self.owe(weight)

    def _spend_weight(self, weight: int, purpose: Purpose) -> None:
        if self.weight_left() - _KEPT[purpose] < weight:
            raise NotSentError(
                VENUE,
                f"request weight: {purpose.value} of {weight} would leave less than "
                f"{_KEPT[purpose]} of {WEIGHT_PER_WINDOW} a minute: ask less often",
            )
        self.owe(weight)

    def _check_account(self, count: int, purpose: Purpose) -> None:
        if count <= self._by_account(purpose):
            return
        raise NotSentError(
            VENUE,
            f"requests of the account: {self._used} used of {self._limit(purpose)}: wait "
            f"{SLOW_LANE_EVERY // NS_PER_S} s for one more, trade to raise the cap by one a dollar,"
            " or reserve some at the venue",
        )

    def _left(self, purpose: Purpose) -> int:
        by_weight = self.weight_left() - _KEPT[purpose]
        return max(0, min(by_weight, self._by_account(purpose)))

    # How many items of this kind the account may still send now.
    def _by_account(self, purpose: Purpose) -> int:
        if self._cap is None:
            return WEIGHT_PER_WINDOW * _ITEMS_PER_WEIGHT
        left = self._limit(purpose) - self._used
        if left > 0:
            return left
        rested = self._slow_at is None or self._clock.now() - self._slow_at >= SLOW_LANE_EVERY
        return 1 if rested else 0

    def _limit(self, purpose: Purpose) -> int:
        cap = self._cap or 0
        return min(cap + CANCEL_EXTRA, 2 * cap) if purpose is Purpose.CANCEL else cap

    def _pass_time(self) -> None:
        since = self._clock.now() - WINDOW
        while self._spent and self._spent[0][0] <= since:
            self._weight -= self._spent.popleft()[1]


def action_weight(count: int) -> int:
    """Return the weight of an action with `count` orders or cancels in it."""
    return 1 + count // _ITEMS_PER_WEIGHT
