"""Amounts of a transfer, and the pockets they move between.

A pocket is the cross bucket of a dex or the spot balance of a token. Every transfer takes from one
and gives the same to another, so nothing is created; only a withdrawal leaves the venue, and the
till counts it. A pocket gives what the transfer rule leaves free: unrealised profit counts, margin
in use does not.
"""

from dataclasses import dataclass

from venues.sandbox.hyperliquid.config import DEFAULT_DEX, USDC_TOKEN, SandboxConfig, TokenConfig
from venues.sandbox.hyperliquid.ledger import spot
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.ledger.checks import withdrawable
from venues.sandbox.hyperliquid.number import MICRO_DECIMALS, normalised, to_scaled, to_text
from venues.sandbox.hyperliquid.state import Exchange

SPOT = "spot"
INSUFFICIENT_PERP = "Insufficient balance for withdrawal."
INSUFFICIENT_SPOT = "Insufficient balance for token transfer"
ZERO = "Amount must be positive."  # ours
TOO_FINE = "Amount has too many decimals."  # ours
UNKNOWN_TOKEN = "Invalid token."  # ours  # noqa: S105 - a text, not a password
UNKNOWN_DEX = "Invalid perp dex."  # ours
NOT_COLLATERAL = "Token is not the collateral of the perp dex."  # ours

_SHOWN_USD_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount of one token, in its smallest unit and as text."""

    token: TokenConfig
    atoms: int

    @property
    def text(self) -> str:
        """Return the amount as the venue shows it."""
        return to_text(self.atoms, self.token.wei_decimals)

    @property
    def micro_usd(self) -> int:
        """Return an amount of collateral in the unit of perpetual cash; it has no finer part."""
        return int(self.atoms // 10 ** (self.token.wei_decimals - MICRO_DECIMALS))


def token_named(config: SandboxConfig, text: str) -> TokenConfig | None:
    """Return the token a client means by "NAME" or "NAME:0x...", if there is one."""
    name, colon, token_id = text.partition(":")
    for token in config.tokens:
        if token.name == name and (not colon or token.token_id == token_id.lower()):
            return token
    return None


def usdc(config: SandboxConfig, micro_usd: int) -> Sum:
    """Return an amount of the first dex's collateral."""
    token = next(token for token in config.tokens if token.index == USDC_TOKEN)
    return Sum(token, micro_usd * 10 ** (token.wei_decimals - MICRO_DECIMALS))


def parsed(text: str, token: TokenConfig, *, pockets: tuple[str, ...]) -> Sum | str:
    """Return an amount, or why it cannot be moved between these pockets."""
    is_spot = all(pocket == SPOT for pocket in pockets)
    decimals = token.wei_decimals if is_spot else MICRO_DECIMALS
    scaled = to_scaled(text, decimals)
    if scaled is None:
        return TOO_FINE
    if scaled == 0:
        return ZERO
    return Sum(token, scaled * 10 ** (token.wei_decimals - decimals))


def pocket_error(config: SandboxConfig, pocket: str, token: TokenConfig) -> str | None:
    """Return why a token cannot lie in a pocket, or None."""
    if pocket == SPOT:
        return None
    collaterals = {DEFAULT_DEX: "USDC", **{dex.name: dex.collateral for dex in config.builder_dexs}}
    if pocket not in collaterals:
        return UNKNOWN_DEX
    return None if collaterals[pocket] == token.name else NOT_COLLATERAL


def take(state: Exchange, account: Account, pocket: str, *, amount: Sum) -> str | None:
    """Take an amount out of a pocket; return why not, or None."""
    if pocket != SPOT:
        if amount.micro_usd > withdrawable(state, account, pocket):
            return INSUFFICIENT_PERP
        account.usd[pocket] = account.usd.get(pocket, 0) - amount.micro_usd
        return None
    if amount.atoms > spot.free(account, amount.token.index):
        return INSUFFICIENT_SPOT
    held = spot.balance(account, amount.token.index)
    # What the balance cost shrinks with it; rounded down, it is only shown.
    held.cost -= held.cost * amount.atoms // held.total
    held.total -= amount.atoms
    return None


def give(account: Account, pocket: str, *, amount: Sum) -> None:
    """Put an amount into a pocket."""
    if pocket == SPOT:
        spot.balance(account, amount.token.index).total += amount.atoms
    else:
        account.usd[pocket] = account.usd.get(pocket, 0) + amount.micro_usd


def usd_text(micro_usd: int) -> str:
    """Return micro-USD as the venue shows money."""
    return to_text(micro_usd, MICRO_DECIMALS)


def usd_value_text(state: Exchange, amount: Sum) -> str:
    """Return what an amount is worth in USDC at the mark of its pair; zero without a pair."""
    if amount.token.index == USDC_TOKEN:
        return amount.text
    for market in state.spot_markets.values():
        spec = market.spec
        if spec.base.index == amount.token.index and spec.quote.index == USDC_TOKEN:
            scale = spec.price_decimals + amount.token.wei_decimals - _SHOWN_USD_DECIMALS
            return usd_text(amount.atoms * market.mark() // 10**scale)
    return "0.0"


def short_usd(micro_usd: int) -> str:
    """Return micro-USD as the venue writes it in a complaint: no zeros after the last digit."""
    return normalised(usd_text(micro_usd))
