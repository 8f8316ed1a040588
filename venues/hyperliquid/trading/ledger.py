"""What fills and fundings have made of the account: each counted once, whosever order it was. Pure.

Positions, fees and funding since the ledger was begun; what was before is not its business. Rows
are forgotten when asked to, sums never. Refuses rows of the time that is forgotten: they count.
"""

from bisect import bisect_left
from collections import defaultdict

from router.domain.account import ForcedKind
from venues.hyperliquid.trading.facts import FillKey, FillReport, FundingReport

_DELEVERAGED = "Auto-Deleveraging"
_SETTLED = "Settlement"


class Ledger:
    """The fills and fundings of one account.

    Parameters
    ----------
    address : str
        The account, lower-case; tells its own liquidation from one it took part in.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._fills: dict[FillKey, FillReport] = {}
        self._keys: list[FillKey] = []
        self._by_cloid: defaultdict[str, set[FillKey]] = defaultdict(set)
        self._forced: dict[FillKey, tuple[FillReport, ForcedKind]] = {}
        self._fundings: dict[tuple[int, str], FundingReport] = {}
        self._begins_ms = 0  # rows from before are in the sums
        self._latest_ms = 0
        self._positions: defaultdict[str, int] = defaultdict(int)
        self._fees: defaultdict[str, int] = defaultdict(int)
        self._funding = 0

    def fill(self, fill: FillReport) -> bool:
        """Take a fill; return whether it is new."""
        if fill.time_ms < self._begins_ms or fill.key in self._fills:
            return False
        self._fills[fill.key] = fill
        if fill.cloid is not None:
            self._by_cloid[fill.cloid].add(fill.key)
        kind = forced_kind(fill, self._address)
        if kind is not None:
            self._forced[fill.key] = fill, kind
        self._latest_ms = max(self._latest_ms, fill.time_ms)
        self._positions[fill.coin] += fill.signed_e8
        self._fees[fill.fee_token] += fill.fee_e8
        return True

    def funding(self, funding: FundingReport) -> bool:
        """Take a settlement; return whether it is new."""
        if funding.time_ms < self._begins_ms or funding.key in self._fundings:
            return False
        self._fundings[funding.key] = funding
        self._funding += funding.amount_e8
        return True

    def forget(self, *, before_ms: int) -> None:
        """Drop the rows from before a moment; they stay in the sums."""
        self._begins_ms = max(self._begins_ms, before_ms)
        for key in [key for key in self._fills if key[0] < self._begins_ms]:
            self._unname(self._fills.pop(key))
            self._keys = []
        for key in [key for key in self._forced if key[0] < self._begins_ms]:
            del self._forced[key]
        for hour in [hour for hour in self._fundings if hour[0] < self._begins_ms]:
            del self._fundings[hour]

    def _unname(self, fill: FillReport) -> None:
        if fill.cloid is None:
            return
        keys = self._by_cloid[fill.cloid]
        keys.discard(fill.key)
        if not keys:
            del self._by_cloid[fill.cloid]

    def of_cloid(self, cloid: str) -> tuple[FillReport, ...]:
        """Return the fills of an order by our own id of it, oldest first."""
        return tuple(self._fills[key] for key in sorted(self._by_cloid.get(cloid, ())))

    @property
    def fills(self) -> tuple[FillReport, ...]:
        """Every fill once that is not forgotten, oldest first."""
        return tuple(self._fills[key] for key in sorted(self._fills))

    @property
    def seen_until_ms(self) -> int:
        """The venue's time of the latest fill known; zero for none."""
        return self._latest_ms

    def positions_e8(self) -> dict[str, int]:
        """Return what the fills have made of the position in each coin, signed."""
        return dict(self._positions)

    def fees_e8(self) -> dict[str, int]:
        """Return what was charged in each token; negative is a rebate."""
        return dict(self._fees)

    def funding_e8(self) -> int:
        """Return what was received in funding, less what was paid."""
        return self._funding

    def change_e8(self, *, since_ms: int, until_ms: int) -> dict[str, int]:
        """Return what the fills from one moment on and before another did to each position."""
        changes: defaultdict[str, int] = defaultdict(int)
        for fill in self.between(since_ms=since_ms, until_ms=until_ms):
            changes[fill.coin] += fill.signed_e8
        return dict(changes)

    def between(self, *, since_ms: int, until_ms: int) -> tuple[FillReport, ...]:
        """Return the fills from one moment on and before another, oldest first."""
        keys = self._sorted_keys()
        first, last = bisect_left(keys, (since_ms,)), bisect_left(keys, (until_ms,))
        return tuple(self._fills[key] for key in keys[first:last])

    def is_at(self, time_ms: int) -> bool:
        """Tell whether something was filled in this very millisecond."""
        return bool(self.between(since_ms=time_ms, until_ms=time_ms + 1))

    # Sorted anew only after a change: most are looked for once a second, and fills are rarer.
    def _sorted_keys(self) -> list[FillKey]:
        if len(self._keys) != len(self._fills):
            self._keys = sorted(self._fills)
        return self._keys

    def forced(self) -> tuple[tuple[FillReport, ForcedKind], ...]:
        """Return the fills that the venue made without an order of ours, oldest first."""
        return tuple(self._forced[key] for key in sorted(self._forced))


def forced_kind(fill: FillReport, address: str) -> ForcedKind | None:
    """Return why the venue made a fill, or None where an order did."""
    if fill.direction == _DELEVERAGED:
        return ForcedKind.DELEVERAGING
    if fill.liquidated == address:
        return ForcedKind.LIQUIDATION
    if fill.direction == _SETTLED:
        return ForcedKind.SETTLEMENT
    return None
