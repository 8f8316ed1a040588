"""What an account is worth and what it needs, bucket by bucket, in whole micro-USD.

A bucket is what is liquidated together: all cross positions of one dex with its cash, or one
isolated position with its own cash. Margins are rounded up, against the account. The venue does not
publish what resting orders hold: here a coin needs margin for the larger of what it would be if
every resting buy filled and if every resting sell did, and an isolated coin for what that is above
the position it has. Reduce-only orders need none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from venues.sandbox.hyperliquid.ledger.account import Account, Position
from venues.sandbox.hyperliquid.margin import Exposure
from venues.sandbox.hyperliquid.margin import liquidation_price as solve
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import MICRO, ceil_div

Perps = Mapping[str, Market]

_TRANSFER_SHARE_DIVISOR = 10


@dataclass(slots=True)
class Cross:
    """The cross bucket of one dex at the present marks."""

    value: int
    initial: int = 0
    """With what resting orders hold."""
    maintenance: int = 0
    notional: int = 0

    @property
    def withdrawable(self) -> int:
        """Return what may leave: all but the larger of initial margin and a tenth of notional."""
        kept = max(self.initial, ceil_div(self.notional, _TRANSFER_SHARE_DIVISOR))
        return max(0, self.value - kept)


def cross(account: Account, perps: Perps, dex: str = "") -> Cross:
    """Return the cross bucket of a dex with all that it needs."""
    found = Cross(account.usd.get(dex, 0))
    for coin, position in account.positions.items():
        market = perps[coin]
        if market.dex != dex:
            continue
        found.initial += needed(account, market, position)
        if position.size and position.isolated_usd is None:
            worth = position.size * market.marked
            found.value += worth
            found.notional += abs(worth)
            found.maintenance += market.steps.maintenance(abs(worth))
    return found


def cross_value(account: Account, perps: Perps, dex: str = "") -> int:
    """Return cash and cross positions of a dex at their marks."""
    value = account.usd.get(dex, 0)
    for coin, position in account.positions.items():
        if position.size and position.isolated_usd is None:
            market = perps[coin]
            if market.dex == dex:
                value += position.size * market.marked
    return value


def isolated_value(position: Position, market: Market) -> int:
    """Return what an isolated position is worth, its margin in it; `marginUsed` on the wire."""
    assert position.isolated_usd is not None, "only an isolated position has a value of its own"
    return position.isolated_usd + position.size * market.marked


def account_value(account: Account, perps: Perps, dex: str = "") -> int:
    """Return the cross bucket of a dex and its isolated positions together."""
    value = account.usd.get(dex, 0)
    for market, position in held(account, perps, dex):
        value += position.size * market.marked + (position.isolated_usd or 0)
    return value


def held(account: Account, perps: Perps, dex: str) -> Iterator[tuple[Market, Position]]:
    """Yield the open positions of a dex, oldest coin first."""
    for coin, position in account.positions.items():
        if position.size and perps[coin].dex == dex:
            yield perps[coin], position


def initial(account: Account, market: Market, size: int) -> int:
    """Return the initial margin of a position of `size` at the present mark."""
    return ceil_div(abs(size) * market.marked, account.leverage_of(market))


def needed(
    account: Account, market: Market, position: Position, *, buy: int = 0, sell: int = 0
) -> int:
    """Return what a coin takes of the cross bucket, with `buy` or `sell` more resting."""
    size = position.size
    buys, sells = position.resting_buys + buy, position.resting_sells + sell
    is_isolated = position.isolated_usd is not None
    if not (size or buys or sells) or (is_isolated and not (buys or sells)):
        return 0
    worst = max(abs(size + buys), abs(size - sells))
    if is_isolated:
        worst = max(0, worst - abs(size))
    return initial(account, market, worst)


def maintenance(position: Position, market: Market) -> int:
    """Return the maintenance margin of one position at the present mark."""
    return market.steps.maintenance(abs(position.size) * market.marked)


def liquidation_price(account: Account, perps: Perps, coin: str) -> Fraction | None:
    """Return the mark, in USD, at which a position would be liquidated, other marks held."""
    market, position = perps[coin], account.positions[coin]
    own = maintenance(position, market)
    if position.isolated_usd is not None:
        value, others = isolated_value(position, market), 0
    else:
        bucket = cross(account, perps, market.dex)
        value, others = bucket.value, bucket.maintenance - own
    spec = market.spec
    exposure = Exposure(
        size=Fraction(position.size, 10**spec.size_decimals),
        mark=Fraction(market.marked, 10**spec.price_decimals),
        account_value=Fraction(value, MICRO),
        other_maintenance=Fraction(others, MICRO),
    )
    return solve(exposure, spec.margin_table)
