"""What a prepared chain consists of, as a file others can read.

Holds addresses, not state. Its private keys are public development keys: they may sign on this
sandbox and nowhere else, which is why each account says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from router.domain.error import ConfigError


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """One ERC-20 token."""

    symbol: str
    address: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """One pool; `token0` and `token1` are addresses, in the pool's own order.

    Attributes
    ----------
    address
        All V4 pools are in the pool manager, so this is its address for each of them.
    token0
        In V4, the zero address stands for the chain's own coin.
    fee_pips
        What a swap paid when the chain was prepared.
    tick_spacing
        None in a V2 pair, which has no ticks. A Slipstream pool is known by it, not by its fee.
    label
        Tells apart what tokens and fee do not: one of the labels in `family_plan`.
    pool_id, key_fee, hooks
        V4 only: the pool's id, and what its PoolKey has beside the tokens and the tick spacing.
        A `key_fee` of 0x800000 says that the fee can change.
    is_stand_in
        Whether the contract was put together here, because the real one is not published with
        its bytecode.
    """

    address: str
    token0: str
    token1: str
    fee_pips: int
    tick_spacing: int | None
    family: str = "uniswap_v3"
    label: str | None = None
    pool_id: str | None = None
    key_fee: int | None = None
    hooks: str | None = None
    is_stand_in: bool = False


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """A funded account with its development key."""

    name: str
    address: str
    private_key: str
    sandbox_only: bool = True


@dataclass(frozen=True, slots=True)
class ChainManifest:
    """Everything needed to talk to the chain; addresses are in EIP-55 case."""

    chain_id: int
    http_url: str
    ws_url: str
    pid: int
    seed: int
    deployment_block: int
    """The newest block when everything was in place: read logs from the next one on."""
    tokens: tuple[TokenEntry, ...]
    contracts: Mapping[str, str]
    pools: tuple[PoolEntry, ...]
    accounts: tuple[AccountEntry, ...]
    extra_pools: tuple[PoolEntry, ...] = ()
    """Pools of the other families, and of Uniswap V3 in the tokens they need."""

    def token(self, symbol: str) -> TokenEntry:
        """Return the token called `symbol`."""
        return next(token for token in self.tokens if token.symbol == symbol)

    def account(self, name: str) -> AccountEntry:
        """Return the account called `name`: deployer, trader or other."""
        return next(account for account in self.accounts if account.name == name)

    def pool(
        self, first: str, second: str, fee_pips: int, *, family: str = "uniswap_v3"
    ) -> PoolEntry:
        """Return the pool without a label of two symbols, in either order."""
        wanted = {self.token(first).address, self.token(second).address}
        return next(
            pool
            for pool in (*self.pools, *self.extra_pools)
            if (pool.family, pool.fee_pips, pool.label) == (family, fee_pips, None)
            and {pool.token0, pool.token1} == wanted
        )

    def labelled(self, label: str) -> PoolEntry:
        """Return the pool with a label."""
        return next(pool for pool in self.extra_pools if pool.label == label)

    def write(self, path: Path) -> None:
        """Write the file whole or not at all, so that a waiting reader never sees half of it."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(orjson.dumps(self, option=orjson.OPT_INDENT_2))
        part.replace(path)

    @staticmethod
    def read(path: Path) -> "ChainManifest":
        """Read a file that `write` wrote.

        Raises
        ------
        ConfigError
            There is no such file, or it is not a manifest of this version.
        """
        try:
            return _from_fields(orjson.loads(path.read_bytes()))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is not the manifest of a sandbox chain: {error}") from error


def _from_fields(fields: dict[str, Any]) -> ChainManifest:
    nested = {
        "tokens": tuple(TokenEntry(**each) for each in fields["tokens"]),
        "pools": tuple(PoolEntry(**each) for each in fields["pools"]),
        "extra_pools": tuple(PoolEntry(**each) for each in fields["extra_pools"]),
        "accounts": tuple(AccountEntry(**each) for each in fields["accounts"]),
    }
    return ChainManifest(**(fields | nested))
