"""What one IP may ask of the venue: request weights, sockets, messages, posts.

Numbers and weights are the venue's; windows slide over a minute of the clock that venue time
follows, so that venue time at speed is no licence. A refusal spends nothing. Actions have a second
limit by address, which is the venue's own business and not here.
"""

from collections import deque
from collections.abc import Mapping, Sized

from venues.sandbox.hyperliquid.config import MINUTE_MS, LimitConfig

_LIGHT_TYPES = frozenset(
    {
        "l2Book",
        "allMids",
        "clearinghouseState",
        "orderStatus",
        "spotClearinghouseState",
        "exchangeStatus",
    }
)
_LIGHT_WEIGHT = 2
_ROLE_WEIGHT = 60
_INFO_WEIGHT = 20
_BATCH_PER_WEIGHT = 40
_ITEMS_PER_WEIGHT: Mapping[str, int] = {
    "recentTrades": 20,
    "historicalOrders": 20,
    "userFills": 20,
    "userFillsByTime": 20,
    "fundingHistory": 20,
    "userFunding": 20,
    "userNonFundingLedgerUpdates": 20,
    "twapHistory": 20,
    "userTwapSliceFills": 20,
    "userTwapSliceFillsByTime": 20,
    "delegatorHistory": 20,
    "delegatorRewards": 20,
    "validatorStats": 20,
    "candleSnapshot": 60,
}
_BATCH_KEYS = ("orders", "cancels", "modifies")


def info_weight(kind: object) -> int:
    """Return what a question costs before it is answered."""
    if str(kind) in _LIGHT_TYPES:
        return _LIGHT_WEIGHT
    return _ROLE_WEIGHT if kind == "userRole" else _INFO_WEIGHT


def answer_weight(kind: object, answer: object) -> int:
    """Return what a long answer costs on top."""
    per = _ITEMS_PER_WEIGHT.get(str(kind))
    return len(answer) // per if per and isinstance(answer, Sized) else 0


def action_weight(body: object) -> int:
    """Return what a `POST /exchange` body costs; one that makes no sense costs as one action."""
    action = body.get("action") if isinstance(body, Mapping) else None
    if not isinstance(action, Mapping):
        return 1
    batches = (action.get(key) for key in _BATCH_KEYS)
    length = max((len(batch) for batch in batches if isinstance(batch, list)), default=0)
    return 1 + length // _BATCH_PER_WEIGHT


class Window:
    """A budget for any sixty seconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._spent: deque[tuple[int, int]] = deque()
        self._total = 0

    def spend(self, weight: int, *, now_ms: int) -> bool:
        """Take `weight` if it is left, else nothing."""
        if self.left(now_ms=now_ms) < weight:
            return False
        self.charge(weight, now_ms=now_ms)
        return True

    def charge(self, weight: int, *, now_ms: int) -> None:
        """Take `weight` even if it is not left."""
        self._forget(now_ms)
        if weight:
            self._spent.append((now_ms, weight))
            self._total += weight

    def left(self, *, now_ms: int) -> int:
        """Return what may still be spent; negative when more was charged than there was."""
        self._forget(now_ms)
        return self._limit - self._total

    def _forget(self, now_ms: int) -> None:
        while self._spent and self._spent[0][0] <= now_ms - MINUTE_MS:
            self._total -= self._spent.popleft()[1]


class IpLimits:
    """The budgets of one IP; a switched-off rule allows everything."""

    def __init__(self, config: LimitConfig) -> None:
        self._config = config
        self.requests = Window(config.weight_per_minute)
        self._connects = Window(config.connections_per_minute)
        self._messages = Window(config.messages_per_minute)
        self._connections = 0
        self._posts = 0

    def takes_request(self, weight: int, *, now_ms: int) -> bool:
        """Pay for a request if the IP can."""
        return not self._config.by_ip or self.requests.spend(weight, now_ms=now_ms)

    def takes_connection(self, *, now_ms: int) -> bool:
        """Open a socket if the IP may; `releases_connection` gives the place back."""
        if self._config.by_ip and (
            self._connections >= self._config.connections
            or not self._connects.spend(1, now_ms=now_ms)
        ):
            return False
        self._connections += 1
        return True

    def releases_connection(self) -> None:
        """Give back the place of a socket."""
        self._connections -= 1

    def takes_message(self, *, now_ms: int) -> bool:
        """Pay for a frame from the client if the IP can."""
        return not self._config.by_ip or self._messages.spend(1, now_ms=now_ms)

    def takes_post(self) -> bool:
        """Begin a post if not too many are in flight; `releases_post` ends it."""
        if self._config.by_ip and self._posts >= self._config.posts_in_flight:
            return False
        self._posts += 1
        return True

    def releases_post(self) -> None:
        """Tell that a post was answered."""
        self._posts -= 1


class Limits:
    """The budgets of all IPs."""

    def __init__(self, config: LimitConfig) -> None:
        self._config = config
        self._by_ip: dict[str, IpLimits] = {}

    def of(self, ip: str | None) -> IpLimits:
        """Return the budgets of an IP; all that hide theirs share one."""
        return self._by_ip.setdefault(ip or "", IpLimits(self._config))

    def exhaust(self, *, now_ms: int) -> None:
        """Spend every known IP's weight of this minute."""
        for budgets in self._by_ip.values():
            budgets.requests.charge(max(0, budgets.requests.left(now_ms=now_ms)), now_ms=now_ms)
