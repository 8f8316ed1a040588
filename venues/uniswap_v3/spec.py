"""What this venue is, what it can do, and what it has to be told.

Sources
-------
@uniswap/v3-core 1.0.1 (pool: slot0, liquidity, ticks, tickBitmap, events),
@uniswap/universal-router 2.1.0 (execute, commands), Permit2 at
0x000000000022D473030F116dDEE9F6B43aC78BA3 (permit, allowance), Multicall3, Ethereum JSON-RPC with
EIP-1898 block parameters. Read November 2026.

Capabilities: exact input and exact output per pool, every pool leg of an order in one transaction
that happens whole or not at all, deadline by block time. Unsupported: resting orders and cancels
(a pool has none), native coin as input (wrap it), pools of other factories than the router's,
tokens that take a fee on transfer (the router's bounds would hold, the plan's amounts would not).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from router.domain.instrument import Instrument
from router.domain.units import NS_PER_S, AccountId, AssetId, DurationNs, VenueId

NAME: Final = VenueId("uniswap_v3")
RECONNECT_FIRST: Final = DurationNs(NS_PER_S // 10)
RECONNECT_LONGEST: Final = DurationNs(10 * NS_PER_S)
RECEIPT_POLL: Final = DurationNs(NS_PER_S // 4)  # where no stream tells of new heads


@dataclass(frozen=True, slots=True)
class TokenContract:
    """The token that carries an asset on this chain."""

    address: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UniswapV3Config:
    """One account on one chain.

    Attributes
    ----------
    ws_url : str
        JSON-RPC over WebSocket.
    address, signing_key : str
        The account, and its key: 32 bytes in hex. They must belong together.
    tokens : Mapping[AssetId, TokenContract]
        Of every base and quote asset of the pools.
    pools : tuple[Instrument, ...]
        Their symbols are the pools' addresses, their account is `account`.
    fee_cap_wei : int
        The most a unit of gas may cost.
    request_timeout, receipt_timeout : DurationNs
        For one answer of the node; for a transaction to be mined, in one call of `resolve`.
    silence_max : DurationNs
        The stream is lost when no head comes for so long.
    """

    chain_id: int
    ws_url: str
    account: AccountId
    address: str
    signing_key: str = field(repr=False)
    universal_router: str
    permit2: str
    multicall: str
    tokens: Mapping[AssetId, TokenContract]
    pools: tuple[Instrument, ...]
    fee_cap_wei: int
    request_timeout: DurationNs
    receipt_timeout: DurationNs
    silence_max: DurationNs
    venue: VenueId = NAME
