"""One endpoint: its connection, and whether it serves the right chain and keeps up."""

import asyncio
from typing import Final

from router.domain.error import MalformedDataError, RouterError
from router.domain.units import DurationNs
from router.port import Clock
from venues.evm.nodes.chain import LATEST, Chain
from venues.evm.spec import ChainConfig
from venues.evm.words.node import Header, parse_header, parse_quantity
from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.json_rpc import JsonRpc, JsonRpcError
from venues.transport.url import host_of

# Blocks so deep that nodes of one chain agree about them, whatever forks there are at the tip.
AGREED_DEPTH: Final = 16
_NO_BODIES: Final = False


class WrongChainError(NotDeliveredError):
    """An endpoint of another chain; it will not be asked again."""


class Link:
    """An endpoint and what is known of it.

    Attributes
    ----------
    head : Header | None
        When last looked at; None unless it did well then, and did not fail since.
    ban : str
        Why it is never used again; empty for others.
    problem : str
        The last one; empty once it does well.
    """

    def __init__(self, url: str, config: ChainConfig, clock: Clock) -> None:
        self.url = url
        self.name = host_of(url)
        self.chain: Chain | None = None
        self.head: Header | None = None
        self.ban = ""
        self.problem = ""
        self.failures_count = 0
        self.latency: DurationNs | None = None
        self._config = config
        self._clock = clock
        self._looking = asyncio.Lock()

    @property
    def opened(self) -> Chain:
        """The chain behind it, of a link that is known to have one."""
        assert self.chain is not None, "a healthy link has a connection"
        return self.chain

    def head_if_open(self, lowest: int) -> Header | None:
        """Return its head if it can be asked and the head is not below `lowest`."""
        is_open = self.chain is not None and self.chain.is_open
        return self.head if is_open and self.head and self.head.number >= lowest else None

    async def look(self) -> bool:
        """Connect if need be, and check chain and head; False where anything is wrong."""
        async with self._looking:
            if self.ban:
                return False
            try:
                self.head = await self._look()
            except WrongChainError as error:
                self.ban = str(error)
                await self._fail(error)
            except (TransportError, JsonRpcError, MalformedDataError) as error:
                await self._fail(error)
            else:
                self.problem = ""
        return self.head is not None

    def note_failure(self, reason: str) -> None:
        """Stop using it until the next look."""
        self.problem = reason
        self.failures_count += 1
        self.head = None

    async def close(self) -> None:
        """Close the connection; idempotent."""
        self.head = None
        if self.chain is not None:
            await self.chain.aclose()

    async def _look(self) -> Header:
        if self.chain is None or not self.chain.is_open:
            await self.close()
            self.chain = await chain_of(self.url, self._config)
        began_at = self._clock.now()
        header = await check(self.chain, self._config)
        self.latency = DurationNs(self._clock.now() - began_at)
        return header

    async def _fail(self, error: RouterError) -> None:
        self.note_failure(str(error))
        await self.close()


async def chain_of(url: str, config: ChainConfig) -> Chain:
    """Connect to a node and check what chain it is of.

    Raises
    ------
    TransportError, JsonRpcError, MalformedDataError
        If it does not answer as it should.
    WrongChainError
        If it is of another chain.
    """
    within = config.request_timeout
    rpc = await JsonRpc.connect(url, within=within, heartbeat=within)
    chain = Chain(rpc, multicall=config.multicall, within=within)
    try:
        await check(chain, config)
    except BaseException:
        await chain.aclose()
        raise
    return chain


async def check(chain: Chain, config: ChainConfig) -> Header:
    """Check a node's chain and return its head; errors as of `chain_of`."""
    number, block = await chain.batch(
        ("eth_chainId", ()), ("eth_getBlockByNumber", (LATEST, _NO_BODIES))
    )
    found = parse_quantity(number)
    if found != config.chain_id:
        raise WrongChainError(f"is of chain {found}, chain_id says {config.chain_id}")
    return parse_header(block)


async def contradiction(one: Link, other: Link) -> str | None:
    """Compare the newest block that both must agree on; return how they contradict each other.

    None where they agree, or one of them does not tell now.
    """
    heads = [link.head.number for link in (one, other) if link.head is not None]
    number = max(min(heads, default=0) - AGREED_DEPTH, 0)
    try:
        hashes = [await _hash_of(link.opened, number) for link in (one, other)]
    except (TransportError, JsonRpcError, MalformedDataError):
        return None
    if None in hashes or hashes[0] == hashes[1]:
        return None
    return (
        f"endpoints contradict each other: block {number} is {hashes[0]} at {one.name} and "
        f"{hashes[1]} at {other.name}; take the wrong one out of ws_urls"
    )


async def _hash_of(chain: Chain, number: int) -> str | None:
    block = await chain.request("eth_getBlockByNumber", hex(number), _NO_BODIES)
    return None if block is None else parse_header(block).hash
