"""All that the venue remembers, under the name the rest of the sandbox uses, and how it begins.

The classes themselves lie in `ledger.exchange`, so that the ledger may use them without importing
upwards; every other part imports them from here.
"""

from fractions import Fraction

from venues.sandbox.hyperliquid.config import HOUSE_ADDRESS, Agent, SandboxConfig
from venues.sandbox.hyperliquid.ledger import spot
from venues.sandbox.hyperliquid.ledger.account import AccountKind
from venues.sandbox.hyperliquid.ledger.exchange import Exchange, Modes, Till
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import to_scaled

__all__ = ["Exchange", "Modes", "Till", "credit", "credit_token", "let_act", "opened"]

DEX_ASSET_BASE = 100_000
DEX_ASSET_STEP = 10_000


def opened(config: SandboxConfig, now_ms: int) -> Exchange:
    """Return the venue's state as it begins: empty books, the accounts and keys of the config."""
    perps = [Market(spec, index) for index, spec in enumerate(config.coins)]
    for number, dex in enumerate(config.builder_dexs, start=1):
        first = DEX_ASSET_BASE + DEX_ASSET_STEP * number
        for index, spec in enumerate(dex.coins):
            market = Market(spec, first + index)
            market.funding_multiplier = Fraction(dex.funding_multiplier)
            perps.append(market)
    pairs = [SpotMarket(spec) for spec in config.spot_pairs]
    state = Exchange(
        config=config,
        now_ms=now_ms,
        markets={m.spec.name: m for m in perps},
        by_asset={**{m.asset: m for m in perps}, **{m.asset: m for m in pairs}},
        spot_markets={m.spec.name: m for m in pairs},
    )
    state.modes.delisted |= {m.spec.name for m in perps if m.spec.is_delisted}
    state.account(HOUSE_ADDRESS).is_margined = False
    _open_accounts(state)
    return state


def credit(state: Exchange, address: str, micro_usd: int) -> None:
    """Pay money into the first dex of an account, opening it when it is new."""
    state.account(address).cash += micro_usd
    state.till.paid_in += micro_usd


def credit_token(state: Exchange, address: str, *, token: int, atoms: int) -> None:
    """Give an account spot tokens from outside, opening it when it is new."""
    spot.balance(state.account(address), token).total += atoms
    state.till.spot_paid_in[token] = state.till.spot_paid_in.get(token, 0) + atoms


def let_act(state: Exchange, agent: Agent) -> None:
    """Let a key trade for its master; a known key changes its master."""
    address, master = agent.address.lower(), agent.master.lower()
    state.agents[address] = Agent(address, master, agent.name, agent.valid_until_ms)


def _open_accounts(state: Exchange) -> None:
    tokens = {token.name: token for token in state.config.tokens}
    for funded in state.config.accounts:
        address = funded.address.lower()
        credit(state, address, funded.deposit_micro_usd)
        for name, amount in funded.tokens:
            token = tokens.get(name)
            atoms = None if token is None else to_scaled(amount, token.wei_decimals)
            if token is None or atoms is None:
                raise ValueError(
                    f"tokens of {funded.address} must name one of {', '.join(tokens)} with an "
                    f"amount on its grid, had ({name!r}, {amount!r})"
                )
            credit_token(state, address, token=token.index, atoms=atoms)
    for vault in state.config.vaults:
        account = state.account(vault.address.lower())
        account.kind = AccountKind.VAULT
        account.master = vault.leader.lower()
        account.name = vault.name
        credit(state, account.address, vault.deposit_micro_usd)
    for agent in state.config.agents:
        let_act(state, agent)
