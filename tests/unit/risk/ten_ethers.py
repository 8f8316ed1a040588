"""A perp account with ten ethers, as a survey shows it."""

from dataclasses import replace

from router.domain.account import MarkedPosition, Position
from router.domain.margin import HeldPosition, MarginTier
from router.domain.observation import Survey
from router.domain.units import Amount, Pico
from tests.unit.engine.scene import DOLLAR, MARGIN, PERP, USDC, observation

# Ten ethers long at 3,000, bought with what the cash lacks: worth 30,000, maintained by 2 %.
LOTS = 100_000
TIERS = (MarginTier(0, 25, Pico(20_000_000_000)),)
HELD = HeldPosition(PERP.base.id, 30_000 * DOLLAR, TIERS, Pico(10**11))


def seen(*, equity=10_000, unreadable=False):
    """Show the account with ten ethers and so much equity, in dollars."""
    told = observation()
    chain, perp = told.accounts
    perp = replace(
        perp,
        balances=(Amount(USDC.id, (equity - 30_000) * DOLLAR),),
        positions=(Position(PERP.id, LOTS, 10),),
        equity_atoms=equity * DOLLAR,
        margin_used_atoms=3_000 * DOLLAR,
        marked=(MarkedPosition(PERP.id, HELD),),
    )
    contexts = tuple(replace(c, tiers=TIERS) for c in told.contexts)
    accounts = (chain,) if unreadable else (chain, perp)
    shown = replace(told, accounts=accounts, contexts=contexts)
    return Survey(shown, {MARGIN: "no answer in time"} if unreadable else {})
