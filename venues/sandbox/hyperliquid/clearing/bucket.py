"""What is liquidated together: the cross positions of one dex, or one isolated position."""

from collections.abc import Iterator
from dataclasses import dataclass

from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.ledger.account import Account, Position
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.market.perp import Market


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of one account; `coin` is None for the cross bucket of the dex."""

    account: Account
    dex: str
    coin: str | None = None

    def positions(self, state: Exchange) -> list[tuple[Market, Position]]:
        """Return the open positions in the bucket, the largest notional first."""
        found = [
            (market, position)
            for market, position in equity.held(self.account, state.markets, self.dex)
            if (position.isolated_usd is None and self.coin is None)
            or (position.isolated_usd is not None and self.coin == market.spec.name)
        ]
        # The venue does not say in which order; the largest first sheds the most with the least.
        return sorted(found, key=lambda row: -abs(row[1].size) * row[0].marked)

    def value(self, state: Exchange) -> int:
        """Return what the bucket is worth at the present marks; nothing when it is gone."""
        if self.coin is None:
            return equity.cross_value(self.account, state.markets, self.dex)
        position = self.account.positions[self.coin]
        if position.isolated_usd is None:
            return 0
        return equity.isolated_value(position, state.markets[self.coin])

    def maintenance(self, state: Exchange) -> int:
        """Return what the bucket has to be worth."""
        return sum(
            equity.maintenance(position, market) for market, position in self.positions(state)
        )


def buckets(account: Account, state: Exchange) -> Iterator[Bucket]:
    """Yield every bucket of an account that can fall short."""
    for dex in list(account.usd):
        yield Bucket(account, dex)
    for coin, position in list(account.positions.items()):
        if position.isolated_usd is not None and position.size:
            yield Bucket(account, state.markets[coin].dex, coin)


def is_short(account: Account, state: Exchange) -> bool:
    """Tell whether any bucket of an account is worth less than it has to be."""
    # One pass over the positions: every account is looked at whenever a mark moves.
    values: dict[str, int] = {}
    for coin, position in account.positions.items():
        if not position.size:
            continue
        market = state.markets[coin]
        worth = position.size * market.marked
        spare = worth - market.steps.maintenance(abs(worth))
        if position.isolated_usd is not None:
            if position.isolated_usd + spare < 0:
                return True
        else:
            values[market.dex] = values.get(market.dex, 0) + spare
    return any(cash + values.get(dex, 0) < 0 for dex, cash in account.usd.items())
