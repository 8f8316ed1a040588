"""Nothing is made or lost: the sums that every block has to leave as they were.

Money: perpetual cash and isolated margin of every account, the till, and spot USDC together are
what was paid in less what was paid out. Sizes: the positions of a coin sum to zero. Tokens: the
balances of a token and the fees taken in it sum to what was credited. A broken sum is a bug, told
in any mode of the interpreter, with the amounts.
"""

from venues.sandbox.hyperliquid.config import USDC_TOKEN
from venues.sandbox.hyperliquid.ledger.exchange import Exchange

_E8_PER_MICRO = 100


class BrokenSumError(AssertionError):
    """Something was made or lost; the text names the amounts."""


def check(state: Exchange) -> None:
    """Raise BrokenSumError unless every sum holds."""
    cash, sizes, tokens = _held(state)
    till = state.till
    cash += till.fees + till.priority_fees + till.funding_residual
    usdc = cash * _E8_PER_MICRO + tokens.pop(USDC_TOKEN, 0)
    expected = (till.paid_in - till.paid_out) * _E8_PER_MICRO + till.spot_paid_in.get(0, 0)
    if usdc != expected:
        raise BrokenSumError(f"accounts and till hold {usdc} of 1e-8 USD, {expected} were paid in")
    open_sizes = {coin: size for coin, size in sizes.items() if size}
    if open_sizes:
        raise BrokenSumError(f"positions of a coin must sum to zero, were {open_sizes}")
    for token, total in tokens.items():
        credited = till.spot_paid_in.get(token, 0)
        if total != credited:
            raise BrokenSumError(f"token {token}: accounts hold {total}, {credited} were credited")


def _held(state: Exchange) -> tuple[int, dict[str, int], dict[int, int]]:
    # Micro-USD of all accounts, signed sizes by coin, atoms by token with the fees taken in it.
    cash = 0
    sizes = dict.fromkeys(state.markets, 0)
    tokens = dict(state.till.spot_fees)
    for account in state.accounts.values():
        for micro_usd in account.usd.values():
            cash += micro_usd
        for coin, position in account.positions.items():
            size = position.size
            if size:
                sizes[coin] += size
                if position.isolated_usd is not None:
                    cash += position.isolated_usd
        for token, balance in account.spot.items():
            tokens[token] = tokens.get(token, 0) + balance.total
    return cash, sizes, tokens
