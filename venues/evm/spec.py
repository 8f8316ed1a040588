"""What a chain account is, and what it has to be told.

Sources
-------
@uniswap/universal-router 2.1.0 (execute, commands), Permit2 at
0x000000000022D473030F116dDEE9F6B43aC78BA3 (permit, allowance), Multicall3, Ethereum JSON-RPC with
EIP-1898 block parameters, EIP-1559 fees. Read November 2026.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from router.domain.units import AccountId, AssetId, DurationNs, VenueId
from venues.evm.pools.family import PoolSetup, TokenContract

IN_FLIGHT_MAX: Final = 16  # of one key; more and public pools may drop the highest nonces
REPLACEMENT_BUMP_PERCENT: Final = 13  # nodes ask for 10, some for 12.5; a little more for rounding


class RouterVersion(enum.Enum):
    """Which encoding a deployed Universal Router takes."""

    V2_0 = "2.0"  # from the launch of V4 to 2.1.0: swaps without prices per hop
    V2_1_1 = "2.1.1"  # and later: prices per hop


class DataFee(enum.Enum):
    """What a chain charges for posting a transaction's data elsewhere."""

    NONE = "none"
    OP_STACK = "op_stack"  # GasPriceOracle.getL1Fee
    ARBITRUM = "arbitrum"  # inside the gas of eth_estimateGas


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainConfig:
    """One account on one chain.

    Attributes
    ----------
    ws_urls : tuple of str
        JSON-RPC over WebSocket; the first that is healthy is used.
    relay_urls : tuple of str
        Where signed transactions go instead of the public pool; empty for the public pool.
    address, signing_key : str
        The account, and its key: 32 bytes in hex. They must belong together. An empty key only
        watches: nothing can be signed.
    routers : Mapping[str, str]
        By name; `universal_router` takes Permit2 signatures, the others allowances of their own.
    native : AssetId
        The asset whose token wraps the chain's coin.
    fee_cap_wei : int
        The most a unit of gas may cost, replacements included.
    confirmations : int
        A transaction is final once its block is this many deep; 1 is the newest block.
    replace_after_blocks, replacements_max : int
        A transaction unmined for so many blocks is replaced, at most so often at a higher price.
    request_timeout, receipt_timeout : DurationNs
        For one answer of the node; for news of a transaction, in one call of `resolve`.
    silence_max : DurationNs
        The stream is lost when no head comes for so long.
    head_lag_max : int
        An endpoint so many blocks behind the best one known is not used.
    unverified_tokens : frozenset of AssetId
        Tokens that are traded also where the nodes cannot show that they arrive whole.
    """

    venue: VenueId
    chain_id: int
    ws_urls: tuple[str, ...]
    relay_urls: tuple[str, ...]
    account: AccountId
    address: str
    signing_key: str = field(repr=False)
    routers: Mapping[str, str]
    router_version: RouterVersion
    permit2: str
    multicall: str
    tokens: Mapping[AssetId, TokenContract]
    native: AssetId
    pools: tuple[PoolSetup, ...]
    fee_cap_wei: int
    confirmations: int
    replace_after_blocks: int
    replacements_max: int
    in_flight_max: int
    data_fee: DataFee
    request_timeout: DurationNs
    receipt_timeout: DurationNs
    silence_max: DurationNs
    head_lag_max: int
    unverified_tokens: frozenset[AssetId] = frozenset()
