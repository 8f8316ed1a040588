"""One round of clearing: everything that time has made due since the round before.

In this order: premium samples and hourly funding, oracle and mark prices, liquidations. A round
that comes late does every hour and every sample it missed, on the book as it stands; prices are
published once. It reads no clock.
"""

from venues.sandbox.hyperliquid.clearing import liquidation, settlement
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS
from venues.sandbox.hyperliquid.ledger.account import AccountKind
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.order import MarketMoved


def run(state: Exchange, matching: Matching, now_ms: int) -> None:
    """Do all that is due at `now_ms`; call it at every block and whenever time has passed."""
    before_ms = state.cleared_ms
    if before_ms is None:
        _open_liquidator(state)
        before_ms = now_ms
    if now_ms > before_ms:
        settlement.advance(state, before_ms=before_ms, now_ms=now_ms)
    state.cleared_ms = now_ms
    for market in state.markets.values():
        if market.reference.is_due(now_ms):
            market.publish(now_ms)
            # A frozen or silent one stays due, and has nothing to tell.
            if market.reference.published_ms == now_ms:
                state.events.append(MarketMoved(market.spec.name))
    liquidation.sweep(state, matching, now_ms)


def _open_liquidator(state: Exchange) -> None:
    vault = state.account(LIQUIDATOR_ADDRESS)
    vault.kind = AccountKind.VAULT
    vault.name = "Liquidator"
    vault.is_liquidator = True
    deposit = state.config.liquidator_deposit_micro_usd
    vault.cash += deposit
    state.till.paid_in += deposit
