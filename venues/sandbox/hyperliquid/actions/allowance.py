"""What an address may still ask: ten thousand actions, and one more for each dollar it traded.

Every order or cancel of a batch counts. An address that has used its requests up gets one through
in ten seconds; cancels have a limit of their own far above. A refused action costs nothing and does
not start the ten seconds again. Sub-accounts have allowances of their own.
"""

from dataclasses import dataclass

from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.config import LimitConfig
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.number import MICRO, MICRO_DECIMALS, normalised, to_text

EXHAUSTED = (
    "Too many cumulative requests sent ({} > {}) for cumulative volume traded ${}. "
    "Place taker orders to free up 1 request per USDC traded."
)
STALE_COST_FACTOR = 5
"""An action that its `expiresAfter` stops costs this many times its weight."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The numbers of `userRateLimit`; reserved requests are used first."""

    volume_micro_usd: int
    used: int
    cap: int
    surplus: int


def of(account: Account, limits: LimitConfig) -> Allowance:
    """Return what an account has used and may use."""
    return Allowance(
        volume_micro_usd=account.volume_micro_usd,
        used=max(0, account.requests_used - account.requests_reserved),
        cap=limits.requests_initial + account.volume_micro_usd // MICRO,
        surplus=max(0, account.requests_reserved - account.requests_used),
    )


def spend(
    account: Account,
    limits: LimitConfig,
    *,
    registry: Registry,
    weight: int,
    is_cancel: bool,
    now_ms: int,
) -> str | None:
    """Count an action; return the venue's complaint, and count nothing, when it is too much."""
    allowance = of(account, limits)
    cap = allowance.cap
    if is_cancel:
        cap = min(cap + limits.cancels_extra, 2 * cap)
    wanted = account.requests_used - account.requests_reserved + weight
    if limits.by_address and wanted > cap:
        free_at_ms = registry.throttled_until_ms.get(account.address, 0)
        if weight > 1 or now_ms < free_at_ms:
            volume = normalised(to_text(allowance.volume_micro_usd, MICRO_DECIMALS))
            return EXHAUSTED.format(wanted, cap, volume)
        registry.throttled_until_ms[account.address] = now_ms + limits.exhausted_every_ms
    account.requests_used += weight
    return None


def charge_stale(account: Account, weight: int) -> None:
    """Add what a stale action costs beyond its own weight."""
    account.requests_used += (STALE_COST_FACTOR - 1) * weight
